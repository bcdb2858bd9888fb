/** What a payment buys: the accounting that `unpaid` and `replay` rest on.
 *
 *  A run belongs to the request that was being answered. The n-th payment of a sequence allows one
 *  run, with the first request that it is sent with and that runs anything; what a role took beside
 *  it (a bent payload that it cannot tell from a good one) allows as many more.
 */
#ifndef FUZZ_LIVE_ACCOUNT_H
#define FUZZ_LIVE_ACCOUNT_H

#include "fuzz/live_sequence.h"

struct live_account {
    bool has_bought[LIVE_PAYMENTS_MAX + 1]; /**< [0] is not used */
};

enum live_debt { LIVE_IN_ORDER, LIVE_UNPAID_RUN, LIVE_SECOND_RUN };

/** One request with that payment (0: none), the runs that it caused, and how many payments a role
 *  took meanwhile. More runs than allowed: UNPAID_RUN without a payment, SECOND_RUN with one. */
enum live_debt live_account_add(struct live_account *account, unsigned payment, uint64_t runs,
                                uint64_t taken);

#endif
