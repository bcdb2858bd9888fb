/** `assay pay` with a policy that allows channels, a wallet with coins, and `assay serve
 * kaspa-x402` that sells by them, for tests of both. */
#ifndef TESTS_CHANNEL_PAYER_H
#define TESTS_CHANNEL_PAYER_H

#include "roles/kaspa_wallet.h"
#include "serve_world.h"

#define CHANNEL_DEPOSIT "1100000000"

struct channel_payer {
    struct serve_world world;
    struct kaspa_wallet *wallet;
    struct program pay;
    struct assay_key server_key; /**< of the server in channels */
    char server_key_text[2 * ASSAY_XONLY_BYTES + 1];
};

/** The limits of a policy, as it has them; NULL: enough. */
struct channel_limits {
    const char *charge, *deposit, *top_up, *total, *exposure, *lead, *horizon;
};

/** The server runs, and the wallet has four coins of 50 KAS. */
void channel_payer_begin(struct channel_payer *p);
void channel_payer_end(struct channel_payer *p);

void channel_payer_policy(struct channel_payer *p, const struct channel_limits *limits);
/** Starts the program; more arguments up to NULL, or NULL. */
void channel_payer_start(struct channel_payer *p, const char *target, const char *const *more);
/** One purchase, to its end. */
void channel_payer_buy(struct channel_payer *p, const char *target);
/** Its status and what it has said. */
void channel_payer_expect(struct channel_payer *p, int status, const char *says, const char *row);

/** Starts the operator's command beside the server, up to NULL, with the secret of the server in
 * channels, as `said`, which is the caller's from _init to _fini. */
void channel_payer_start_operator(struct channel_payer *p, struct program *said,
                                  const struct assay_key *server, const char *const *what);
/** The same to its end; what it has to say. */
void channel_payer_operate(struct channel_payer *p, const struct assay_key *server,
                           const char *const *what, const char *says);

#endif
