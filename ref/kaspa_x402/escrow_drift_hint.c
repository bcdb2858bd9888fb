/* What the value is that stands where another is expected: its own mistake, mostly. Internal to
 * escrow_drift; see escrow_align_internal.h. */
#include "kaspa_x402/escrow_align_internal.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "kaspa/script.h"
#include "kaspa_x402/batch.h"
#include "kaspa_x402/kx.h"

static const char *const slot_names[KX_SLOT__COUNT] = {
    [KX_SLOT_CLAIMED] = "S",
    [KX_SLOT_SERVER] = "the server's key",
    [KX_SLOT_CLIENT] = "the client's key",
    [KX_SLOT_NETWORK] = "the network hash",
    [KX_SLOT_PAYOUT] = "the payout hash",
    [KX_SLOT_REFUND] = "the refund hash",
    [KX_SLOT_TIMEOUT] = "the timeout",
    [KX_SLOT_DOMAIN] = "the voucher domain",
    [KX_SLOT_ZERO] = "the id of no lineage",
    [KX_SLOT_LENGTH] = "the script's length",
    [KX_SLOT_REST] = "the length behind the state",
};

const char *kx_escrow_slot_name(enum kx_escrow_slot slot)
{
    return slot_names[slot];
}

/* All bytes are `with`, but for the last one. */
static bool is_filled(struct assay_bytes bytes, uint8_t with, uint8_t last)
{
    for (size_t i = 0; i + 1 < bytes.len; i++)
        if (bytes.at[i] != with)
            return false;
    return bytes.len > 0 && bytes.at[bytes.len - 1] == last;
}

static bool is_hash_of(struct assay_bytes bytes, struct assay_bytes of)
{
    uint8_t hash[ASSAY_SHA256_BYTES];

    assay_sha256(hash, of);
    return assay_bytes_equal(bytes, assay_bytes_of(hash, sizeof(hash)));
}

/* The sample's addresses are of keys that are one byte over and over. */
static bool is_sample_spk(struct assay_bytes bytes, uint8_t of)
{
    uint8_t serialized[36] = {0, 0, KASPA_OP_DATA32};

    memset(serialized + 3, of, 32);
    serialized[35] = KASPA_OP_CHECKSIG;
    return is_hash_of(bytes, assay_bytes_of(serialized, sizeof(serialized)));
}

/* The templates are published with one channel, whose keys are nobody's. Its S and its network are
 * what others have too. */
static bool is_sample(enum kx_escrow_slot slot, struct assay_bytes bytes)
{
    if (slot == KX_SLOT_SERVER)
        return is_filled(bytes, 0x22, 0xbb);
    if (slot == KX_SLOT_CLIENT)
        return is_filled(bytes, 0x11, 0xaa);
    if (slot == KX_SLOT_PAYOUT)
        return is_sample_spk(bytes, 0x55);
    if (slot == KX_SLOT_REFUND)
        return is_sample_spk(bytes, 0x66);
    return slot == KX_SLOT_TIMEOUT && assay_get_le(bytes) == 123456;
}

static bool is_reversed(struct assay_bytes a, struct assay_bytes b)
{
    for (size_t i = 0; i < a.len && a.len == b.len; i++)
        if (a.at[i] != b.at[a.len - 1 - i])
            return false;
    return a.len == b.len;
}

static void set(struct kx_drift *drift, enum kx_drift_hint hint, const char *of)
{
    drift->hint = hint;
    drift->of = of;
}

/* The value that another slot has. */
static bool hint_slot(struct kx_drift *d, const struct kx_escrow_layout *layout, uint32_t known)
{
    for (size_t i = KX_SLOT_CLAIMED; i <= KX_SLOT_DOMAIN; i++) {
        enum kx_escrow_slot slot = (enum kx_escrow_slot)i;
        struct assay_bytes value = assay_bytes_of(layout->values[i], kx_escrow_slot_bytes(slot));

        if (slot == d->slot || !assay_bytes_equal(value, d->found) || is_filled(value, 0, 0) ||
            (slot != KX_SLOT_DOMAIN && (known & KX_SLOT_BIT(slot)) == 0))
            continue;
        set(d, KX_HINT_SLOT, slot_names[i]);
        return true;
    }
    return false;
}

static bool hint_network(struct kx_drift *d)
{
    static const char *const networks[] = {KX_NETWORK_MAINNET, KX_NETWORK_TESTNET};

    for (size_t i = 0; i < ARRAY_LEN(networks) && d->slot == KX_SLOT_NETWORK; i++) {
        if (!is_hash_of(d->found, assay_str(networks[i])))
            continue;
        set(d, KX_HINT_NETWORK, networks[i]);
        return true;
    }
    return false;
}

/* What another template has in this place. */
static bool hint_generation(struct kx_drift *d)
{
    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++) {
        const struct kx_escrow_template *t = &kx_escrow_templates[i];
        uint64_t number = assay_get_le(d->found);
        bool is_domain =
            d->slot == KX_SLOT_DOMAIN && is_hash_of(d->found, assay_str(t->voucher_domain));
        bool is_length =
            t->bytes != 0 &&
            ((d->slot == KX_SLOT_LENGTH && number == t->bytes) ||
             (d->slot == KX_SLOT_REST && number == ((t->bytes - t->state_at - 8) | 0x8000)));

        if (!is_domain && !is_length)
            continue;
        set(d, KX_HINT_GENERATION, is_domain ? t->voucher_domain : t->id);
        return true;
    }
    return false;
}

void kx_escrow_hint_slot(struct kx_drift *d, const struct kx_escrow_layout *layout, uint32_t known,
                         uint32_t taken)
{
    if (hint_slot(d, layout, known) || hint_network(d) || hint_generation(d))
        return;
    if (d->found.len == 32 && is_filled(d->found, 0, 0))
        set(d, KX_HINT_ZERO, NULL);
    else if (is_sample(d->slot, d->found))
        set(d, KX_HINT_SAMPLE, NULL);
    else if (is_reversed(d->found, d->expected))
        set(d, KX_HINT_REVERSED, NULL);
    else if ((taken & KX_SLOT_BIT(d->slot)) != 0)
        set(d, KX_HINT_UNEQUAL, NULL);
    else if (d->slot == KX_SLOT_TIMEOUT && assay_get_le(d->found) > KX_BATCH_TIMEOUT_MAX)
        set(d, KX_HINT_TIME, NULL);
}

void kx_escrow_hint_selector(struct kx_drift *d, const struct kx_escrow_template *t,
                             struct assay_bytes push)
{
    static const char *const paths[KX_ESCROW_PATHS] = {"", "the claim", "the top-up", "the refund"};

    for (size_t i = KX_ESCROW_CLAIM; i < KX_ESCROW_PATHS; i++) {
        if (t->selectors[i].len == 0 || !assay_bytes_equal(t->selectors[i], push))
            continue;
        set(d, KX_HINT_PATH, paths[i]);
        return;
    }
    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++) {
        const struct kx_escrow_template *other = &kx_escrow_templates[i];

        if (!assay_bytes_equal(other->selectors[d->rule->path], push))
            continue;
        set(d, KX_HINT_GENERATION, other->id);
        return;
    }
}
