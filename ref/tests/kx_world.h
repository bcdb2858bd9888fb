/** A correct exact offer and its payment, of any profile, for tests: signed anew after every
 * change, so that a row's defect is the only one.
 *
 *  Hashes that the payer signs are made here with jansson's sorted form, and so by other code than
 *  that under test. Keys are one byte repeated: their
 *  public keys are those of the published vectors. The hash-chain's script template is
 *  official data: without it a test of that profile is skipped.
 */
#ifndef REF_TESTS_KX_WORLD_H
#define REF_TESTS_KX_WORLD_H

#include "kaspa/build.h"
#include "kaspa_x402/exact_verify.h"

#include <criterion/criterion.h>
#include <jansson.h>

#define KX_WORLD_NOW_MS INT64_C(4070908740000) /* 2098-12-31T23:59:00.000Z */
#define KX_WORLD_EXPIRES "2098-12-31T23:59:30.000Z"
#define KX_WORLD_CHALLENGE_EXPIRES "2098-12-31T23:59:45.000Z"
#define KX_WORLD_ID "kx_world_identifier_0001"
#define KX_WORLD_AMOUNT UINT64_C(20000000)
#define KX_WORLD_HEAD_AMOUNT UINT64_C(100000000)
#define KX_WORLD_MANY 70

struct kx_world {
    struct assay_arena arena;
    enum kx_profile profile;
    struct assay_key payer, merchant, owner, stranger, one_time;
    json_t *required; /**< PaymentRequired; its first offer is the one that is accepted */
    json_t *accepted; /**< NULL: a copy of that offer is made when it is paid */

    /* what is built */
    struct kaspa_spend spends[20];
    struct kaspa_output outputs[KX_WORLD_MANY];
    struct kaspa_spk change;
    struct kaspa_plan plan;
    struct assay_bytes redeem;

    /* what was built */
    struct kaspa_tx tx;
    struct kaspa_input inputs[20];
    struct kaspa_output made[KX_WORLD_MANY];
    struct kaspa_utxo hints[20];
    uint8_t sighash;

    /* what is claimed with it */
    const char *method, *url, *body; /**< of the request that is paid; body NULL: none */
    json_t *context;                 /**< its trusted caller; NULL: none */
    json_t *text;                    /**< of the transaction */
    const char *expires_at, *identifier;
    uint32_t output_index, input_index;
    const char *request_hash; /**< NULL: the right one */
    const struct assay_key *signer;
    json_t *payment;

    /* what judges it */
    struct assay_json offer_doc, payment_doc;
    struct x402_required offer;
    struct kx_payment read;
    enum kx_local local; /**< of reading it */
    struct assay_err err;
    struct kx_request request;
    struct kx_head head;
    struct kaspa_utxo coins[20];
    bool is_missing[20];
    struct kaspa_point_of_view pov;
    struct kx_chain_evidence evidence;
    struct kx_exact with;
    struct kx_exact_verdict verdict;
};

/** Whether a row's defect breaks its check alone, or more behind it that cannot be helped. */
enum kx_extent { ALONE, MORE };

typedef void kx_hook(struct kx_world *w);

/** What a row changes, and when; each may be NULL. */
struct kx_change {
    kx_hook *offer;   /**< the offer and the plan, before anything is made of them */
    kx_hook *tx;      /**< the transaction, before it is signed */
    kx_hook *text;    /**< its text and what is claimed with it, before that is authorised */
    kx_hook *payment; /**< the whole payment as it is sent */
    kx_hook *judge;   /**< what the judge is given */
};

struct kx_world *kx_world_new(enum kx_profile profile);
void kx_world_free(struct kx_world *w);
/** Makes, signs, reads and, where it could be read, judges it. */
void kx_world_run(struct kx_world *w, const struct kx_change *change);
/** The steps of _run. */
void kx_world_build(struct kx_world *w);
void kx_world_sign(struct kx_world *w);
void kx_world_write(struct kx_world *w); /**< the transaction's text */
void kx_world_pay(struct kx_world *w);
void kx_world_read(struct kx_world *w);
void kx_world_judge(struct kx_world *w);

/** A vector's transaction, and its coins as the text says them to be; nothing of a text that is no
 *  transaction. */
void kx_world_take(struct kx_world *w, const char *transaction);
/** The world's own offer and payment give way to a vector's, which is read. */
void kx_world_present(struct kx_world *w, const json_t *required, const json_t *payment);

/** The offer that is paid, and its extra. */
json_t *kx_world_terms(struct kx_world *w);
json_t *kx_world_extra(struct kx_world *w);
json_t *kx_world_payload(struct kx_world *w);
/** Of the payment's identifier. */
json_t *kx_world_info(struct kx_world *w);
void kx_world_set(json_t *object, const char *name, const char *text);
/** Sets a member by its path ("extra.headId") to a JSON value, or takes it away (NULL). */
void kx_world_edit(json_t *object, const char *path, const char *value);
/** SHA-256 of the sorted compact form. */
void kx_world_hash(char *out, const json_t *value);
struct assay_bytes kx_world_script(struct kx_world *w, const struct assay_key *key);
struct assay_json kx_world_doc(struct kx_world *w, const json_t *value);
json_t *kx_world_hex(struct assay_bytes bytes);
json_t *kx_world_spk_hex(struct assay_bytes script);

#endif
