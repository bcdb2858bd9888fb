/** A request taken apart; shared by live_request.c and live_payload.c alone. */
#ifndef FUZZ_LIVE_REQUEST_INTERNAL_H
#define FUZZ_LIVE_REQUEST_INTERNAL_H

#include "fuzz/live_request.h"

#define LIVE_HEADERS_MAX 48
#define LIVE_PAUSE_MAX_MS 100

struct live_header {
    struct assay_bytes name, separator, value, end;
};

struct live_message {
    struct assay_arena *arena;
    const struct live_carrier *carrier;
    struct assay_bytes method, target, version;
    struct live_header headers[LIVE_HEADERS_MAX]; /* without Content-Length, which is made last */
    size_t header_count;
    struct assay_bytes more_lines; /* as they are, each with its end */
    struct assay_bytes body;
    bool had_length, is_chunked;
    struct assay_bytes chunks; /* the body as it is sent then */
    struct assay_bytes honest; /* value of the carrier's header, as it came */
    bool is_replaced;          /* another text stands for the payment */
    bool failed;               /* out of memory */
};

struct live_header *live_message_header(struct live_message *m, const char *name); /* or NULL */
/** text with `in` instead of what stands from `from` up to `to`. */
struct assay_bytes live_spliced(struct live_message *m, struct assay_bytes text, size_t from,
                                size_t to, struct assay_bytes in);
/** Where in a text `at` thousandths of it are. */
size_t live_place(struct assay_bytes text, uint32_t at);
/** The edit's text as often as it says, at most LIVE_TIMES_MAX bytes. */
struct assay_bytes live_repeated(struct live_message *m, const struct live_edit *edit);

/* live_payload.c */
void live_message_add_line(struct live_message *m, const struct live_edit *edit);
void live_message_chunk(struct live_message *m, uint32_t fault);
/** Edits of the payment and of the body. */
void live_message_edit_payload(struct live_message *m, const struct live_edit *edit);

#endif
