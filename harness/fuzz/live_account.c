/* What a payment buys; see live_account.h. */
#include "fuzz/live_account.h"

enum live_debt live_account_add(struct live_account *account, unsigned payment, uint64_t runs,
                                uint64_t taken)
{
    bool is_payment = payment > 0 && payment <= LIVE_PAYMENTS_MAX;
    uint64_t allowed = is_payment && !account->has_bought[payment] ? 1 : 0;

    if (taken > allowed)
        allowed = taken;
    if (is_payment && runs > 0)
        account->has_bought[payment] = true;
    if (runs <= allowed)
        return LIVE_IN_ORDER;
    return is_payment ? LIVE_SECOND_RUN : LIVE_UNPAID_RUN;
}
