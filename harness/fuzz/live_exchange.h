/** The requests of a sequence, one after the other, and what each is judged by; shared by
 *  live_case.c and live_exchange.c alone.
 */
#ifndef FUZZ_LIVE_EXCHANGE_H
#define FUZZ_LIVE_EXCHANGE_H

#include "fuzz/live_account.h"
#include "fuzz/live_case.h"

struct live_world {
    struct live_world_options options;
    const struct live_payer *payer;
    struct case_world *cases;
    struct instance *instance;           /* of cases, once one has run; as long as they live */
    pid_t processes[LIVE_PROCESSES_MAX]; /* of it, once it has served */
    size_t process_count;
    uint64_t bought;          /* runs of its handler, when the last sequence began */
    enum live_finding sought; /* see live_world_seek */
    int death_ms;             /* how long one took to show, at most, since it is sought; 0: none */
    bool has_served;          /* an honest purchase, at least once */
    bool knows_free;
    char free_path[256]; /* of the handler, as the free endpoint calls it; "": it does not */
};

/* The case's row; the name comes first, as in every table. */
struct live_run {
    const char *name;
    struct live_talk *talk;
};

/* A sequence under way. */
struct live_talk {
    struct live_world *world;
    const struct live_sequence *sequence;
    struct live_outcome *out;
    struct assay_case *t;
    const void *payments[LIVE_PAYMENTS_MAX + 1]; /* NULL: not made yet */
    struct live_account account;
    const char *keys[LIVE_PAYMENTS_MAX + 1];
    bool is_over; /* all of it was sent */
};

void live_talk_begin(struct live_talk *talk);
/** Sends request `i` and judges it: talk->out. Ends the case where there is no payment to be had.
 */
void live_talk_exchange(struct live_talk *talk, size_t i);

/** Whether a process has ended that was there when the instance first served. */
bool live_has_died(struct live_world *w);
/** The same, which may take a moment to show. */
bool live_dies(struct live_world *w);
void live_say(struct live_outcome *out, const char *format, ...) ASSAY_PRINTF(2, 3);
/** Bytes with escapes, a line for each of theirs. */
void live_log_bytes(struct assay_buf *log, struct assay_bytes bytes);

#endif
