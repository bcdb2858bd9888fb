/* The names that the Kaspa x402 bindings share; see kx.h. */
#include "kaspa_x402/kx.h"

#include "defects/defects.h"

#include <assert.h>

const char *kx_wire_text(enum kx_wire wire)
{
    static const char *const texts[] = {
#define X(name, text) text,
        KX_WIRE(X)
#undef X
    };

    static_assert(ARRAY_LEN(texts) == KX_WIRE__COUNT, "a text for every reason");
    assert((size_t)wire < ARRAY_LEN(texts));
    return texts[wire];
}

static const struct {
    const char *text;
    enum kx_wire wire;
} locals[] = {
#define X(name, text, wire) {text, KX_WIRE_##wire},
    KX_LOCAL(X)
#undef X
};

static_assert(ARRAY_LEN(locals) == KX_LOCAL__COUNT, "a row for every diagnostic");

const char *kx_local_text(enum kx_local local)
{
    assert((size_t)local < ARRAY_LEN(locals));
    return locals[local].text;
}

enum kx_wire kx_wire_of(enum kx_local local)
{
    assert((size_t)local < ARRAY_LEN(locals));
    return locals[local].wire;
}

bool kx_network_find(enum kaspa_network *out, struct assay_bytes name)
{
    static const struct {
        const char *name;
        enum kaspa_network network;
    } networks[] = {{KX_NETWORK_MAINNET, KASPA_MAINNET}, {KX_NETWORK_TESTNET, KASPA_TESTNET}};

    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        if (assay_bytes_is(name, networks[i].name) ||
            ((REF_DEFECT(kx_offer_network) || REF_DEFECT(kx_batch_network)) &&
             assay_bytes_equal_nocase(name, assay_str(networks[i].name)))) {
            *out = networks[i].network;
            return true;
        }
    }
    return false;
}

bool kx_network_has(enum kaspa_network network, struct assay_bytes address)
{
    struct assay_bytes prefix = assay_str(kaspa_network_prefix(network));

    return assay_bytes_equal(assay_bytes_part(address, 0, prefix.len), prefix) &&
           assay_bytes_is(assay_bytes_part(address, prefix.len, prefix.len + 1), ":");
}
