/* What a subnetwork id says of its transaction; see tx.h. */
#include "kaspa/tx.h"

static bool is_zero(const uint8_t *at, size_t len)
{
    while (len > 0 && at[len - 1] == 0)
        len--;
    return len == 0;
}

bool kaspa_tx_is_native(const struct kaspa_tx *tx)
{
    return is_zero(tx->subnetwork_id, KASPA_SUBNETWORK_BYTES);
}

bool kaspa_tx_is_coinbase(const struct kaspa_tx *tx)
{
    return tx->subnetwork_id[0] == 1 && is_zero(tx->subnetwork_id + 1, KASPA_SUBNETWORK_BYTES - 1);
}

bool kaspa_tx_is_user_lane(const struct kaspa_tx *tx)
{
    return !is_zero(tx->subnetwork_id + 1, 3) &&
           is_zero(tx->subnetwork_id + 4, KASPA_SUBNETWORK_BYTES - 4);
}

const char *kaspa_outcome_name(enum kaspa_outcome outcome)
{
    static const char *const names[] = {"valid", "invalid", "undecided"};

    return names[outcome];
}
