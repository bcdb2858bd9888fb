/* Entries of a ledger: their slices, and what they and channels count for. */
#include "store/kx_step.h"

enum {
    ENTRY_BYTES = 1024 /* what an entry takes beside its slices: hashes, keys, numbers, indexes */
};

void kx_entry_slices(struct kx_entry *entry, struct assay_bytes *slices[KX_ENTRY_SLICES])
{
    struct kx_attempt *a = &entry->attempt;
    struct assay_bytes *const all[KX_ENTRY_SLICES] = {
        &a->identifier, &a->pay_to_spk, &a->transaction, &a->since, &a->recovery, &entry->packed,
    };

    memcpy(slices, all, sizeof(all));
}

/* No sum here passes 64 bits: each slice is within its own limit. */
static uint64_t lasting_bytes(const struct kx_attempt *a)
{
    return (uint64_t)ENTRY_BYTES + a->identifier.len + a->pay_to_spk.len + a->since.len;
}

uint64_t kx_claim_charge(const struct kx_attempt *attempt)
{
    return lasting_bytes(attempt) + attempt->transaction.len + KX_STORE_RESERVED_BYTES;
}

uint64_t kx_payment_charge(const struct kx_entry *entry)
{
    return lasting_bytes(&entry->attempt) + entry->packed.len;
}

uint64_t kx_channel_charge(const struct kx_lane_record *record)
{
    return (uint64_t)ENTRY_BYTES + record->config.len + record->lineage.len;
}
