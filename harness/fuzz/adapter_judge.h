/** What the answers of the reference and of an adapter to one input come to: a class, and perhaps a
 *  finding. Internal to the fuzzing of adapters. */
#ifndef FUZZ_ADAPTER_JUDGE_H
#define FUZZ_ADAPTER_JUDGE_H

#include "fuzz/diff_compare.h"

/* X(ident, name, what must not be) */
#define ADAPTER_FAULTS(X)                                                                          \
    X(DIFFERENCE, "difference", "the adapter answers as the reference does")                       \
    X(CRASH, "crash", "the adapter answers and stays")                                             \
    X(HANG, "hang", "an answer within the time that is given")                                     \
    X(PROTOCOL, "protocol", "one line, an object with the request's id and one answer")            \
    X(NONDETERMINISM, "nondeterminism", "the same answer to the same input")                       \
    X(GROWTH, "growth", "memory that does not grow with what was answered")

enum adapter_fault {
    ADAPTER_FINE,
#define X(ident, name, expected) ADAPTER_FAULT_##ident,
    ADAPTER_FAULTS(X)
#undef X
        ADAPTER_FAULT__COUNT
};
/** "difference" and so on; "none" of FINE. */
const char *adapter_fault_name(enum adapter_fault fault);
/** What was expected instead, in words; "" of FINE. */
const char *adapter_fault_expected(enum adapter_fault fault);

/** One input, and what both say. Zero-initialised but for the operation. */
struct adapter_exchange {
    const struct operation *operation;
    struct diff_answer ours;
    struct adapter_answer theirs;
    bool was_repeated; /**< then `again` is the answer to the same input a second time */
    struct adapter_answer again;
};
void adapter_exchange_fini(struct adapter_exchange *x);

struct adapter_rules {
    const char *const *known; /**< NULL-terminated: what the adapter is known to accept; or NULL */
    bool strict; /**< refusals are compared by their rules, too, as differential runs do it */
};

struct adapter_judgement {
    enum adapter_fault fault;
    enum diff_verdict verdict; /**< EXPLAINED: a difference that is known, which is no fault */
    char rule[80];             /**< of the reference: "ok", a rule, "error-TYPE", "unsupported" */
    char said[96];   /**< of the adapter: how it answered or ended, without what varies in words */
    char member[64]; /**< of a difference of results, the first one; else "" */
};

void adapter_judge(struct adapter_judgement *out, const struct adapter_exchange *x,
                   const json_t *in, const struct adapter_rules *rules);
/** What makes two findings one. In `key`, which is cut where it is longer. */
void adapter_judgement_key(char *key, size_t room, const struct adapter_exchange *x,
                           const struct adapter_judgement *j);
/** Whether both are the same finding. */
bool adapter_judgement_same(const struct adapter_judgement *a, const struct adapter_judgement *b);

/** Appends the class of the pair of answers: the operation, what both say, and of results their
 *  shape. Another class is what makes an input worth keeping. */
void adapter_class_add(struct assay_buf *out, const struct adapter_exchange *x,
                       const struct adapter_judgement *j);

#endif
