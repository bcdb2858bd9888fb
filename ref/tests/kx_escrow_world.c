/* The channel of the official batch transactions; see kx_escrow_world.h. */
#include "ref/tests/kx_escrow_world.h"

#include "base/hash.h"
#include "ref/tests/hex_text.h"

#include <criterion/criterion.h>

struct kx_escrow kx_escrow_world_official(uint64_t claimed)
{
    struct kx_escrow e = {.claimed = claimed, .timeout_daa = 123456789};

    from_hex(e.client, 32, "989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f");
    from_hex(e.server, 32, "56b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b2920967");
    assay_sha256(e.network, ASSAY_LIT("kaspa:testnet-10"));
    from_hex(e.payout_spk, 32, "d6274c844d24ccb71e1dfe20b7ba2d09d185c13d468a4b1838043a0743425b5f");
    from_hex(e.refund_spk, 32, "3b8cbf34de55566551c5745eebc28aa0c3b036c6704d77f09a8a0e5299b70091");
    return e;
}

const struct kx_escrow_template *kx_escrow_world_template(size_t number)
{
    return &kx_escrow_templates[number - 1];
}

struct assay_buf kx_escrow_world_redeem(const struct kx_escrow_template *t,
                                        const struct kx_escrow *escrow)
{
    struct assay_buf script = ASSAY_BUF_INIT(2 * KX_ESCROW_BYTES_MAX);

    cr_assert_eq(kx_escrow_redeem(&script, t, escrow), ASSAY_OK, "%s", t->id);
    if (t->bytes != 0)
        cr_assert_eq(script.len, t->bytes, "%s", t->id);
    return script;
}

void kx_escrow_world_judge(struct kx_drifts *out, size_t number, const struct kx_escrow *values,
                           uint32_t known, struct assay_bytes script)
{
    cr_assert_eq(kx_escrow_drift(out, kx_escrow_world_template(number), values, known, script),
                 ASSAY_OK);
}

uint64_t kx_escrow_world_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t below(uint64_t *seed, size_t limit)
{
    return (size_t)(kx_escrow_world_random(seed) % limit);
}

struct assay_buf kx_escrow_world_edited(struct assay_bytes script, uint64_t *seed)
{
    struct assay_buf out = ASSAY_BUF_INIT(2 * KX_ESCROW_BYTES_MAX);
    size_t at = 0;

    for (size_t edits = 1 + below(seed, 12); edits > 0; edits--) {
        size_t to = at + below(seed, 1 + (script.len - at) / 2);

        assay_buf_add(&out, assay_bytes_part(script, at, to));
        for (size_t more = below(seed, 8); more > 0; more--)
            assay_buf_add_byte(&out, (uint8_t)(kx_escrow_world_random(seed) >> 32));
        at = to + below(seed, 8);
        at = at < script.len ? at : script.len;
    }
    assay_buf_add(&out, assay_bytes_part(script, at, script.len));
    cr_assert(assay_buf_ok(&out));
    return out;
}
