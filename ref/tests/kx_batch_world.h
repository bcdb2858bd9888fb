/** A correct batch request on the channel of kx_lane_world.h, for tests: signed anew after every
 *  change, so that a row's defect is the only one.
 *
 *  The sums are those of the official vector: V 90000000, S 17000000, A 24000000, R 2000000, and a
 *  request of 1000000. What the client signs of a presentation is hashed here over jansson's sorted
 *  form, and so by other code than that under test.
 */
#ifndef REF_TESTS_KX_BATCH_WORLD_H
#define REF_TESTS_KX_BATCH_WORLD_H

#include "kaspa_x402/batch_verify.h"
#include "ref/tests/kx_lane_world.h"
#include "ref/tests/kx_world.h"

#define KX_BATCH_NOW_MS INT64_C(1788919200000) /* 2026-09-09T02:00:00.000Z */
#define KX_BATCH_EXPIRES "2026-09-09T02:00:30.000Z"
#define KX_BATCH_URL "https://api.example.com/report.pdf"

enum kx_batch_story {
    KX_STORY_VOUCHER, /**< one more request on a stored lane */
    KX_STORY_OPEN,    /**< a deposit that opens it */
    KX_STORY_SAME,    /**< the stored deposit once more */
    KX_STORY_TOP_UP,  /**< the successor of a top-up, worth 20000000 more */
};

struct kx_batch_world {
    struct kx_lane_world lane;
    enum kx_batch_story story;

    json_t *offers;     /**< an array; the first is the one that is accepted */
    json_t *accepted;   /**< NULL: a copy of that offer is made when it is paid */
    json_t *extensions; /**< of the challenge; NULL: none */

    /* what is presented */
    struct kx_lane_head head; /**< by the payload */
    struct kx_lane config;    /**< of the deposit */

    /* what is signed */
    struct kx_voucher voucher;
    const struct kx_batch_binding *voucher_binding;
    const struct assay_key *voucher_signer, *presentation_signer;
    const char *identifier; /**< NULL: none */
    const char *expires_at;
    json_t *presented; /**< the members that are hashed, to be edited before they are */
    json_t *payment;   /**< as it is sent */

    /* what judges it */
    struct assay_json offer_doc, payment_doc;
    struct x402_required offer;
    struct kx_batch_payment read;
    enum kx_local local; /**< of reading it */
    struct assay_err err;
    struct kx_request request;
    struct kx_batch_channel channel; /**< that the store holds */
    struct kx_birth birth;
    struct kx_head_sight sight;
    struct kx_batch with;
    struct kx_batch_verdict verdict;
};

typedef void kx_batch_hook(struct kx_batch_world *w);

/** What a row changes, and when; each may be NULL. Edits are "member=JSON", or "member" to take it
 *  away; of nested members "extra.binding". */
struct kx_batch_change {
    const char *offer_edit;    /**< of the offer, before anything is made of it */
    const char *accepted_edit; /**< of what the client accepts and pays for */
    const char *bind_edit;     /**< of w->presented, before it is signed */
    const char *sent_edit;     /**< of w->payment */
    kx_batch_hook *sign;       /**< what is presented and signed, before it is */
    kx_batch_hook *sent;       /**< w->payment */
    kx_batch_hook *judge;      /**< what the judge is given */
};

struct kx_batch_world *kx_batch_world_new(enum kx_batch_story story);
void kx_batch_world_free(struct kx_batch_world *w);
/** Signs, sends, reads and, where it could be read, judges it. */
void kx_batch_world_run(struct kx_batch_world *w, const struct kx_batch_change *change);
/** The steps of _run. */
void kx_batch_world_pay(struct kx_batch_world *w, const struct kx_batch_change *change);
void kx_batch_world_read(struct kx_batch_world *w);
void kx_batch_world_judge(struct kx_batch_world *w, kx_batch_hook *judge);

/** A world that has paid, and nothing more. */
struct kx_batch_world *kx_batch_world_paid(enum kx_batch_story story);
/** Makes a claim or refund of the payment of a stored lane: of its form, and signed by nobody. */
json_t *kx_batch_world_operation(struct kx_batch_world *w, const char *type);
/** Reads any payment. */
enum kx_local kx_batch_world_parse(struct kx_batch_payment *out, struct assay_arena *arena,
                                   const json_t *payment, struct assay_err *err);

/** The offer that is paid, and its extra. */
json_t *kx_batch_world_terms(struct kx_batch_world *w);
json_t *kx_batch_world_extra(struct kx_batch_world *w);
/** A decimal text. */
json_t *kx_batch_decimal(uint64_t number);
/** An outpoint and a serialized script, as JSON has them. */
json_t *kx_batch_outpoint(const struct kaspa_outpoint *outpoint);
json_t *kx_batch_spk(struct kx_batch_world *w, const struct kx_lane *lane, uint64_t claimed);

#endif
