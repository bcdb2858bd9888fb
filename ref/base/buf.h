/** Growing buffers that are made with their maximum and fail there.
 *
 *  Appending to a buffer that has failed does nothing, so that a writer appends without asking and
 *  checks once, at its end, with assay_buf_ok. Growth is checked before it adds and doubles.
 */
#ifndef ASSAY_BASE_BUF_H
#define ASSAY_BASE_BUF_H

#include "base/err.h"

struct assay_buf {
    uint8_t *at;
    size_t len;
    size_t room;
    size_t max;          /**< bytes; an append that would pass it fails with TOO_LARGE */
    enum assay_code bad; /**< ASSAY_OK, ASSAY_E_NOMEM or ASSAY_E_TOO_LARGE; sticks until _clear */
    bool fixed;          /**< storage is the caller's, never reallocated nor freed */
};

#define ASSAY_BUF_INIT(max_bytes)                                                                  \
    {                                                                                              \
        .max = (max_bytes)                                                                         \
    }
/** A buffer over the caller's array; its size is the maximum. */
#define ASSAY_BUF_OVER(array)                                                                      \
    {                                                                                              \
        .at = (uint8_t *)(array), .room = sizeof(array), .max = sizeof(array), .fixed = true       \
    }

void assay_buf_fini(struct assay_buf *buf);  /**< frees; the struct may be used again */
void assay_buf_wipe(struct assay_buf *buf);  /**< wipes what it held, then frees: for secrets */
void assay_buf_clear(struct assay_buf *buf); /**< length 0 and no error; keeps the storage */
bool assay_buf_ok(const struct assay_buf *buf);

void assay_buf_add(struct assay_buf *buf, struct assay_bytes bytes);
void assay_buf_add_str(struct assay_buf *buf, const char *text);
void assay_buf_add_byte(struct assay_buf *buf, uint8_t byte);
void assay_buf_add_u64(struct assay_buf *buf, uint64_t value); /**< as decimal text */
void assay_buf_printf(struct assay_buf *buf, const char *format, ...) ASSAY_PRINTF(2, 3);
/** Room for `len` more bytes, uninitialised and counted as appended; NULL on failure. */
uint8_t *assay_buf_extend(struct assay_buf *buf, size_t len) ASSAY_MUST_USE;

struct assay_bytes assay_buf_view(const struct assay_buf *buf); /**< valid until the next append */
/** The content as a NUL-terminated string (the NUL is not counted), or NULL after a failure. */
const char *assay_buf_cstr(struct assay_buf *buf);

/** For tests: after `successes` more allocations of this process every one fails; SIZE_MAX: never.
 *  What an arena hands out counts as one too, so that each can fail, not the new block alone.
 *  Returns: how many allocations were asked for since the last call. */
size_t assay_alloc_fail_after(size_t successes);
/** malloc, realloc, free through that countdown; what else in ref/ needs heap uses them. */
void *assay_alloc(size_t len) ASSAY_MUST_USE;
void *assay_realloc(void *old, size_t len) ASSAY_MUST_USE;
void assay_free(void *at);
/** One step of that countdown, for what hands out memory that it has: false, it is to fail. */
bool assay_alloc_may(void) ASSAY_MUST_USE;

/** Reads a whole file. Fails with IO (it says which file and why) or TOO_LARGE. */
enum assay_code assay_file_read(struct assay_buf *out, const char *path,
                                struct assay_err *err) ASSAY_MUST_USE;
/** Writes beside the file and renames over it, so that nothing is ever half written. */
enum assay_code assay_file_write(const char *path, struct assay_bytes content,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** The same of one of many files that can be made again: after a loss of power it may be empty. */
enum assay_code assay_file_write_unsynced(const char *path, struct assay_bytes content,
                                          struct assay_err *err) ASSAY_MUST_USE;
/** The same of a file that its owner alone may read (0600, whatever the umask). */
enum assay_code assay_file_write_private(const char *path, struct assay_bytes content,
                                         struct assay_err *err) ASSAY_MUST_USE;
/** Makes the folder, and every folder of its path that is missing. IO (it says which and why),
 *  NOMEM. */
enum assay_code assay_folder_make(const char *path, struct assay_err *err) ASSAY_MUST_USE;

#endif
