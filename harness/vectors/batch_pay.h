/** Requests that are paid on a channel, made and signed, and what is wrong with others: inputs of
 *  batch.payment, in which everything behind a change is computed and signed anew. Internal to the
 *  vectors. */
#ifndef VECTORS_BATCH_PAY_H
#define VECTORS_BATCH_PAY_H

#include "kaspa_x402/batch_verify.h"
#include "vectors/batch_base.h"

/** A request of 1000000 on the channel of BATCH_CONFIG, in the sums that section 6.1 works out: V
 *  90000000, S 17000000, A 24000000, R 2000000. It is judged half a minute before it expires, at
 * DAA score 900000, when what made the head has 30 confirmations. */
enum vectors_pay_story {
    PAY_VOUCHER, /**< one more request on a channel that the store has */
    PAY_DEPOSIT, /**< one that opens it */
    PAY_SAME,    /**< the deposit of a stored channel once more, after one request */
    PAY_TOP_UP   /**< the successor of a top-up, worth 110000000 */
};

#define PAY_ID "vectors_identifier_0001"

/** When a change is made: what is made before it stays, what is made behind it follows. */
enum vectors_pay_stage {
    PAY_END,       /**< none: the list ends */
    PAY_PLAN,      /**< of the plan, see batch_pay.c: channelConfig, head and topUp, what the store
                    *   has charged, who signs, and what is presented */
    PAY_OFFER,     /**< of the PaymentRequired */
    PAY_ACCEPTED,  /**< of the offer as it is accepted */
    PAY_SIGNED,    /**< of what the voucher's signature is over, as vectors_voucher_digest has it */
    PAY_PRESENTED, /**< of the members that the presentation's digest is over */
    PAY_SENT,      /**< of the PaymentPayload as it is sent */
    PAY_JUDGE      /**< of the operation's input */
};

/** As vectors_patch, of what that stage makes. Words as vectors_put_words has them; behind the plan
 *  "@KEY:NAME", the key in capitals, and those of vectors_lane_word. */
struct vectors_pay_patch {
    enum vectors_pay_stage stage;
    const char *path, *json;
};
#define VECTORS_PAY_PATCHES_MAX 6

/** generation: 1 to 5. NULL: v->err says why. */
json_t *vectors_pay_base(struct vectors *v, int generation, enum vectors_pay_story story,
                         const struct vectors_pay_patch *patches);

/** A case of batch.payment. */
struct vectors_pay_row {
    const char *name;
    enum vectors_pay_story story;
    int generation;             /**< 0: kaspa-x402-escrow-v5 */
    const char *about;          /**< the rule */
    const char *expected;       /**< "ok", "unsupported"; NULL: the rule refuses */
    const char *local;          /**< of a refusal: its name; NULL: the rule's own */
    const char *known, *guards; /**< as vectors_add_about has them, or NULL */
    struct vectors_pay_patch patches[VECTORS_PAY_PATCHES_MAX];
};
void vectors_pay_add_rows(struct vectors *v, const struct vectors_pay_row *rows, size_t count);

/** The tables of what is signed, and of what the chain says. */
void vectors_pay_signed(struct vectors *v);
void vectors_pay_chain(struct vectors *v);

#define PAY_ROW(name, story, generation, about, expected, local, known, guards, ...)               \
    {                                                                                              \
        name, story, generation, about, expected, local, known, guards,                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define PAY_UNCHANGED                                                                              \
    {                                                                                              \
        PAY_END, NULL, NULL                                                                        \
    }
#define TAKEN(name, story, about, ...)                                                             \
    PAY_ROW(name, story, 0, about, "ok", NULL, NULL, NULL, __VA_ARGS__)
#define OPEN(name, story, about, ...)                                                              \
    PAY_ROW(name, story, 0, about, "unsupported", NULL, NULL, NULL, __VA_ARGS__)
#define NOT(name, story, about, guards, ...)                                                       \
    PAY_ROW(name, story, 0, about, NULL, NULL, NULL, guards, __VA_ARGS__)
#define NOT_AS(name, story, about, local, guards, ...)                                             \
    PAY_ROW(name, story, 0, about, NULL, local, NULL, guards, __VA_ARGS__)

#endif
