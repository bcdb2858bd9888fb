/** JSON files read member by member, with errors that name file, line and member path.
 *
 *  An object is described by a table; members it does not have are errors that suggest the
 *  nearest name. Everything read lives in the arena as NUL-terminated text.
 */
#ifndef TARGET_MEMBERS_H
#define TARGET_MEMBERS_H

#include "base/arena.h"
#include "base/json.h"

#define MEMBERS_NUMBER_MAX UINT64_C(1000000000000)
/** What begins a text that `assay init` leaves to a person: MISSING, with what follows. */
#define MEMBERS_FILL_IN "FILL IN:"
#define MEMBERS_FILE_MAX_BYTES (1u << 20) /**< of a file that people write */

struct members {
    const char *path; /**< of the file, for messages */
    struct assay_arena *arena;
    struct assay_err *err;
    struct assay_json doc;
    struct assay_json_token *tokens; /**< freed by members_fini */
    char place[256];                 /**< path of the member being read, "launch.command[2]" */
};

/** Reads what stands at `token` into the member's field. */
typedef enum assay_code members_reader(struct members *m, uint32_t token, void *field);

struct member {
    const char *name;
    members_reader *read;
    size_t offset; /**< of the field in the struct that members_object fills */
    bool required;
};

/** MALFORMED, DUPLICATE, TOO_LARGE (with file and line); NOMEM. `text` must outlive m. */
enum assay_code members_init(struct members *m, struct assay_arena *arena, struct assay_bytes text,
                             const char *path, struct assay_err *err) ASSAY_MUST_USE;
void members_fini(struct members *m);

/** Records "path:line: place: text" at the token; NONE means the document. Returns code. */
enum assay_code members_fail(struct members *m, enum assay_code code, uint32_t token,
                             const char *format, ...) ASSAY_PRINTF(4, 5);

/** TYPE: no object. UNKNOWN, MISSING: a member. Else what a reader says. A member "$comment", a
 * text or an array, may stand in any such object and says nothing to the program. */
enum assay_code members_object(struct members *m, uint32_t token, const struct member *table,
                               size_t count, void *out) ASSAY_MUST_USE;
/** Calls `each` for every member of an object of free names (at most `max`), as its index and name.
 */
typedef enum assay_code members_each(struct members *m, const char *name, uint32_t token,
                                     size_t index, void *out);
enum assay_code members_free_names(struct members *m, uint32_t token, size_t max,
                                   members_each *each, void *out) ASSAY_MUST_USE;
/** Calls `each` for every element of an array, as its index, with a NULL name. */
enum assay_code members_array(struct members *m, uint32_t token, size_t max, members_each *each,
                              void *out) ASSAY_MUST_USE;

/** Readers. TYPE: another type stands there. MALFORMED: a text with a NUL, or an empty one where
 *  that means nothing. */
enum assay_code members_any_text(struct members *m, uint32_t token,
                                 void *field); /**< const char * */
enum assay_code members_text(struct members *m, uint32_t token,
                             void *field); /**< const char *, not empty */
enum assay_code members_bool(struct members *m, uint32_t token, void *field); /**< bool */
/** uint64_t, a number of things, bytes or milliseconds. RANGE: above MEMBERS_NUMBER_MAX, which
 * every reader of JSON holds exactly, and which is no overflow in nanoseconds. */
enum assay_code members_u64(struct members *m, uint32_t token, void *field);
/** A text that must be one of the NULL-terminated choices; UNKNOWN names them all. */
enum assay_code members_choice(struct members *m, uint32_t token, const char *const *choices,
                               const char **field) ASSAY_MUST_USE;

#endif
