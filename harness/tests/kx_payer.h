/** An honest payer of exact offers on the simulated chain, for tests of servers. */
#ifndef TESTS_KX_PAYER_H
#define TESTS_KX_PAYER_H

#include "node_world.h"

struct kx_bill {
    struct assay_bytes required; /**< value of PAYMENT-REQUIRED */
    const char *profile;         /**< of the offer that is taken; NULL: standard-native */
    const char *method, *url;
    const char *body;       /**< NULL: none */
    const char *identifier; /**< 16 to 128 characters */
    int64_t lasts_ms;       /**< of the authorization, from now; 0: 30 s */
    const char *principal;  /**< who is known to the server by a token; NULL: nobody */
};

struct kx_cheque {
    const char *header; /**< value of PAYMENT-SIGNATURE */
    struct kaspa_hash txid;
    char txid_text[65];
};

/** Pays it with a fresh coin of the world's key, of 20 KAS: signs all, submits nothing. What it
 *  makes is in the world's arena. */
struct kx_cheque kx_payer_pay(struct node_world *w, const struct kx_bill *bill);
/** A coin for a script, out of nothing. */
struct kaspa_outpoint kx_payer_fund(struct node_world *w, const struct kaspa_spk *spk,
                                    uint64_t amount);

#endif
