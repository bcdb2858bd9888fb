/** Reading the objects of a parsed JSON document by tables of their members. Internal to ref/kaspa
 *  and ref/kaspa_x402.
 *
 *  A table has a row a name, with the function that reads the value into the object's struct. Every
 *  failure names its place ("inputs[2].sequence") and has its offset. Drafts are read into, so that
 *  what is half read is seen by nobody.
 */
#ifndef KASPA_JSON_READ_H
#define KASPA_JSON_READ_H

#include "kaspa/safejson.h"

#include <stddef.h>

/* The longest is "added[i].transitions[j].acceptance.checkpoint.blockHash", or an unknown name
 * there, within one document that holds others: "flows[i].steps[j].…". */
#define KASPA_JSON_PATH_STEPS 8
#define KASPA_JSON_NO_INDEX SIZE_MAX

struct kaspa_json_step {
    const char *name;
    size_t index; /**< in the array of that name, or NO_INDEX */
};

struct kaspa_json_reader {
    const struct assay_json *doc;
    struct assay_arena *arena;
    const struct kaspa_json_options *options;
    struct assay_err *err;
    struct kaspa_json_step path[KASPA_JSON_PATH_STEPS];
    size_t steps;
};

/** Reads the value at a token into *out. */
typedef enum assay_code kaspa_json_read_value(struct kaspa_json_reader *r, uint32_t token,
                                              void *out);

/** One name that an object may have. */
struct kaspa_json_member {
    const char *name;
    kaspa_json_read_value *read;
    size_t offset, size; /**< of what is read, in the struct of the object */
    unsigned thing;      /**< a bit. Two names of one thing share it and its place, which is a
                          * uint64_t or a hash */
    bool nullable;       /**< null is the same as absent */
};

#define KASPA_JSON_AT(type, field) offsetof(type, field), sizeof(((type *)0)->field)

struct kaspa_json_shape {
    const struct kaspa_json_member *members;
    size_t count;      /**< at most the bits of an unsigned */
    unsigned required; /**< things */
};

#define KASPA_JSON_SHAPE(members, required)                                                        \
    {                                                                                              \
        (members), ARRAY_LEN(members), (required)                                                  \
    }

/** Reads every member into `out`; *seen: the things that were there. TYPE, UNKNOWN, DUPLICATE,
 *  MISSING; CONFLICT: two names of one thing with different values; and what the members give. */
enum assay_code kaspa_json_object(struct kaspa_json_reader *r, uint32_t token,
                                  const struct kaspa_json_shape *shape, void *out, unsigned *seen);

/** uint64_t: a decimal text; with options.numbers also a number (digest, section 8). */
kaspa_json_read_value kaspa_json_u64;
/** uint32_t and uint16_t: a number. */
kaspa_json_read_value kaspa_json_u32;
kaspa_json_read_value kaspa_json_u16;
/** uint16_t: a number that fits a byte. */
kaspa_json_read_value kaspa_json_u8;
/** bool. */
kaspa_json_read_value kaspa_json_bool;
/** struct assay_bytes: a hex text in either case; the bytes are the arena's. */
kaspa_json_read_value kaspa_json_hex;
/** struct kaspa_hash; struct kaspa_spk; KASPA_SUBNETWORK_BYTES bytes. */
kaspa_json_read_value kaspa_json_hash;
kaspa_json_read_value kaspa_json_spk;
kaspa_json_read_value kaspa_json_subnetwork;
/** struct assay_bytes: a text, its escapes resolved; a view of the document, or the arena's. */
kaspa_json_read_value kaspa_json_text;
/** uint32_t: the token itself, of any type. */
kaspa_json_read_value kaspa_json_token;
/** Nothing, of a text. */
kaspa_json_read_value kaspa_json_pass_text;

/** The path: where in the document the reader is. */
void kaspa_json_enter(struct kaspa_json_reader *r, const char *name, size_t index);
void kaspa_json_leave(struct kaspa_json_reader *r);
/** Records "<path> <what>" with the token's offset. Returns `code`. */
enum assay_code kaspa_json_fail(struct kaspa_json_reader *r, enum assay_code code, uint32_t token,
                                const char *what);
/** MISSING: a member of the object at `token`. */
enum assay_code kaspa_json_fail_missing(struct kaspa_json_reader *r, uint32_t token,
                                        const char *name);
enum assay_code kaspa_json_fail_memory(struct kaspa_json_reader *r, uint32_t token);

#endif
