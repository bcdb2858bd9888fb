/* What a batch payment signs and commits to, from any values: the digests of presentations and
 * vouchers, and the ids of commitments, are those that the spec's layouts give when they are spelt
 * out here; and one bit of any member gives another. Source: Kaspa x402 batch digest, sections 5.1,
 * 5.3, 5.5 and 16. */
#include "fuzz.h"

#include "fuzz/lib/input.h"
#include "fuzz/lib/preimage.h"

enum { TEXT_MAX = 64, HASH = 32 };

/* ---- presentations ---- */

static struct assay_bytes take_text(struct fuzz_input *in, uint8_t *room)
{
    size_t len = fuzz_option_below(in, TEXT_MAX);

    fuzz_bytes(in, room, len);
    for (size_t i = 0; i < len; i++)
        room[i] &= 0x7f;
    return assay_bytes_of(room, len);
}

static void check_presentation(struct fuzz_input *in)
{
    uint8_t rooms[2][TEXT_MAX], digest[HASH], spelt[HASH];
    struct kx_presentation p = {.has_identifier = (fuzz_option(in) & 1) != 0};
    uint8_t *const parts[] = {p.fingerprint, p.requirements,   p.context,       p.channel_id,
                              p.nonce,       p.voucher_digest, p.covenant_id.at};
    size_t part = fuzz_option_below(in, ARRAY_LEN(parts));
    uint8_t bit = fuzz_option(in);

    p.expires_at = take_text(in, rooms[0]);
    p.identifier = take_text(in, rooms[1]);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        fuzz_bytes(in, parts[i], HASH);
    FUZZ_CHECK(kx_presentation_digest(digest, &p) == ASSAY_OK);
    fuzz_spell_presentation(spelt, &p);
    FUZZ_CHECK(memcmp(digest, spelt, sizeof(digest)) == 0);
    parts[part][bit / 8] ^= (uint8_t)(1U << bit % 8);
    FUZZ_CHECK(kx_presentation_digest(spelt, &p) == ASSAY_OK);
    FUZZ_CHECK(memcmp(digest, spelt, sizeof(digest)) != 0);
    parts[part][bit / 8] ^= (uint8_t)(1U << bit % 8);
    p.has_identifier = !p.has_identifier;
    FUZZ_CHECK(kx_presentation_digest(spelt, &p) == ASSAY_OK);
    FUZZ_CHECK(memcmp(digest, spelt, sizeof(digest)) != 0);
}

/* ---- vouchers and commitments ---- */

static void check_voucher(struct fuzz_input *in, const struct kx_batch_binding *binding)
{
    uint8_t rooms[2][TEXT_MAX], digest[HASH], spelt[HASH], bit = fuzz_option(in);
    struct kx_voucher v = {.network = take_text(in, rooms[0])};

    v.spk.script = take_text(in, rooms[1]);
    v.spk.version = (uint16_t)fuzz_number(in, 2);
    v.amount = fuzz_number(in, 8);
    v.outpoint.index = (uint32_t)fuzz_number(in, 4);
    fuzz_bytes(in, v.outpoint.txid.at, HASH);
    fuzz_bytes(in, v.covenant_id.at, HASH);
    kx_voucher_digest(digest, binding, &v);
    fuzz_spell_voucher(spelt, binding, &v);
    FUZZ_CHECK(memcmp(digest, spelt, sizeof(digest)) == 0);
    v.amount ^= UINT64_C(1) << bit % 64;
    kx_voucher_digest(spelt, binding, &v);
    FUZZ_CHECK(memcmp(digest, spelt, sizeof(digest)) != 0);
    v.amount ^= UINT64_C(1) << bit % 64;
    v.outpoint.txid.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    kx_voucher_digest(spelt, binding, &v);
    FUZZ_CHECK((memcmp(digest, spelt, sizeof(digest)) != 0) == binding->is_of_outpoint);
    v.covenant_id.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    kx_voucher_digest(spelt, binding, &v);
    FUZZ_CHECK(memcmp(digest, spelt, sizeof(digest)) != 0);
}

static void check_commitment(struct fuzz_input *in, const struct kx_batch_binding *binding)
{
    struct kx_commitment c = {.charge = 0};
    uint8_t *const parts[] = {c.channel_id,     c.fingerprint,  c.requirements,
                              c.covenant_id.at, c.presentation, c.outpoint.txid.at};
    uint64_t *const sums[] = {&c.voucher_amount, &c.charge, &c.before, &c.after, &c.claimed};
    uint8_t id[HASH], spelt[HASH], bit = fuzz_option(in);
    size_t sum = 1 + fuzz_option_below(in, ARRAY_LEN(sums) - 1);

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        fuzz_bytes(in, parts[i], HASH);
    for (size_t i = 0; i < ARRAY_LEN(sums); i++)
        *sums[i] = fuzz_number(in, 8);
    c.outpoint.index = (uint32_t)fuzz_number(in, 4);
    fuzz_bytes(in, c.voucher_signature, sizeof(c.voucher_signature));
    kx_commitment_id(id, binding, &c);
    fuzz_spell_commitment(spelt, binding, &c);
    FUZZ_CHECK(memcmp(id, spelt, sizeof(id)) == 0);
    *sums[sum] ^= UINT64_C(1) << bit % 64;
    kx_commitment_id(spelt, binding, &c);
    FUZZ_CHECK(memcmp(id, spelt, sizeof(id)) != 0);
    *sums[sum] ^= UINT64_C(1) << bit % 64;
    c.voucher_signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
    kx_commitment_id(spelt, binding, &c);
    FUZZ_CHECK(memcmp(id, spelt, sizeof(id)) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input_of(data, size);
    size_t what = fuzz_option_below(&in, 3);
    const struct kx_batch_binding *binding =
        &kx_batch_bindings[fuzz_option_below(&in, KX_BATCH_BINDINGS)];

    if (what == 0)
        check_presentation(&in);
    else if (what == 1)
        check_voucher(&in, binding);
    else
        check_commitment(&in, binding);
    return 0;
}
