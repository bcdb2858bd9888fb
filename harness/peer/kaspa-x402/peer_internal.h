/** Inside of the kaspa-x402 verbs, shared by the files of this folder alone. */
#ifndef PEER_KASPA_X402_INTERNAL_H
#define PEER_KASPA_X402_INTERNAL_H

#include "peer/kaspa-x402/client.h"

#include <pthread.h>

/** The network that a target is given: a chain, a node before it, and who mines. Shared by the
 * cases of an instance; each begins with a node that is sound and a miner at work. A library is
 * given none. */
struct kxp_roles {
    struct kaspa_chain *chain, *fork; /**< fork: NULL until one is made */
    struct kaspa_chain_lock *lock;
    struct kaspa_node *node;
    struct kaspa_wallet *wallet; /**< of a client, like the shop; else NULL */
    struct kaspa_shop *shop;

    json_t *known; /**< answers that libraries are compared with, by operation */
    char head[80]; /**< "txid:index" of the additive head when it began */

    pthread_t miner;
    pthread_mutex_t guard; /**< of the two below */
    bool is_mining, is_ending;
    bool miner_runs;

    /* when the case, or its honest probe, began */
    uint64_t submissions_before, calls_before;
    size_t events_before;
    size_t ours;                     /**< transactions that the case itself put on the chain */
    struct kxp_counts before;        /**< of a client's wallet and shop */
    uint64_t wallet_told, shop_told; /**< calls that are in the evidence already */
};

/** The roles of the case. `broken` where there are none. */
struct kxp_roles *kxp_roles_of(struct assay_case *t);
/** Mines so that the sink's time is the wall clock's. Called with the lock taken. */
enum assay_code kxp_mine_now(struct kaspa_chain *chain, unsigned blocks, unsigned merged);
/** The hooks of the profile. */
void *kxp_roles_start(const struct profile_roles_options *options, struct assay_err *err);
void kxp_roles_stop(void *roles);
const char *kxp_role_url(void *roles, const char *role);
void kxp_roles_calm(void *roles);
void kxp_roles_tell(void *roles, struct assay_case *t);
/** What a paying client is given beside the network: coins in a wallet, and a shop. */
enum assay_code kxp_client_roles_start(struct kxp_roles *r,
                                       const struct profile_roles_options *options,
                                       struct assay_err *err);
void kxp_client_roles_stop(struct kxp_roles *r);
void kxp_client_roles_calm(struct kxp_roles *r);
/** One honest purchase by the client that is tested. */
void kxp_client_probe(struct assay_case *t);
/** How a run ended, and what was counted, in words. */
const char *kxp_end_text(struct assay_case *t, const struct kxp_run *run);
const char *kxp_counts_text(struct assay_case *t, const struct kxp_counts *n);

/** One known answer of each operation of the library that is tested. */
void kxp_library_probe(struct assay_case *t);

/** A new draft for the offer, with one coin that covers it. */
struct kxp_draft *kxp_draft_new(struct assay_case *t, const struct kxp_offer *offer);
/** The steps of making a payment of a draft, from that one on. */
enum kxp_stage { KXP_STAGE_TERMS, KXP_STAGE_TEXT, KXP_STAGE_PAYLOAD };
const struct kxp_payment *kxp_draft_finish(struct kxp_draft *d, struct kxp_bend bend,
                                           enum kxp_stage from);
/** SHA-256 of a value's canonical form, as 64 digits. */
void kxp_hash_json(struct assay_case *t, char *out, const json_t *value);
/** Of the offer's request, to that URL, under terms of that hash. */
const char *kxp_fingerprint(struct assay_case *t, const struct kxp_offer *offer, const char *url,
                            const char *requirements);
/** What the offer advertises, with an identifier; the caller's. */
json_t *kxp_extensions(const struct kxp_offer *offer, const char *identifier);
/** As kxp_reorganise_out, of any transaction. */
void kxp_reorganise_tx_out(struct assay_case *t, const struct kaspa_tx *tx,
                           const struct kaspa_tx *winner);
/** As kxp_release, of any transaction. */
void kxp_release_tx(struct assay_case *t, const struct kaspa_tx *tx);
/** Calls to the node since the case began that have one of these texts in them. */
uint64_t kxp_calls_naming(struct assay_case *t, const char *const *texts, size_t text_count);
/** kxp_try_again of what is asked unpaid: the chain stays as it is. */
bool kxp_ask_again(struct assay_case *t, struct kxp_tries *tries, const struct peer_answer *answer);
enum { KXP_BLOCKS_MEANWHILE = 10 }; /* while something is tried again */
/** Whether there is time for one, after a pause. */
bool kxp_another_try(struct assay_case *t, struct kxp_tries *tries);
/** Chooses the standard-native entry of an offer that was read; what is wrong with it, or NULL. */
const char *kxp_find_standard(struct assay_case *t, struct kxp_offer *offer);
/** The normalised URL that a want asks for. */
const char *kxp_url_of(struct assay_case *t, struct peer_want want);
/** Longest wait for the chain to be believed, by the target's limits. */
int kxp_accept_wait_ms(struct assay_case *t);

#endif
