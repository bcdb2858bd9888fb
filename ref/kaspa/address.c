/* Addresses: networks, versions and scripts around the text form; see address.h. */
#include "kaspa/address.h"

#include "base/planted.h"
#include "kaspa/address_text.h"

#include <assert.h>

static const struct {
    const char *prefix, *name;
} networks[] = {
    [KASPA_MAINNET] = {"kaspa", "mainnet"},
    [KASPA_TESTNET] = {"kaspatest", "testnet-10"},
    [KASPA_SIMNET] = {"kaspasim", "simnet"},
    [KASPA_DEVNET] = {"kaspadev", "devnet"},
};

static_assert(ARRAY_LEN(networks) == KASPA_NETWORK__COUNT, "one row a network");

static const struct {
    const char *name, *text;
} errors[] = {{"OK", "fine"},
#define X(constant, name, text) {name, text},
              KASPA_ADDRESS_ERRORS(X)
#undef X
};

static_assert(ARRAY_LEN(errors) == KASPA_ADDRESS__COUNT, "one row a kind");

const char *kaspa_address_error_name(enum kaspa_address_error error)
{
    return errors[error].name;
}

const char *kaspa_address_error_text(enum kaspa_address_error error)
{
    return errors[error].text;
}

const char *kaspa_network_prefix(enum kaspa_network network)
{
    return networks[network].prefix;
}

const char *kaspa_network_name(enum kaspa_network network)
{
    return networks[network].name;
}

static bool find_prefix(enum kaspa_network *out, struct assay_bytes prefix)
{
    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        if (assay_bytes_is(prefix, networks[i].prefix)) {
            *out = (enum kaspa_network)i;
            return true;
        }
    }
    return false;
}

bool kaspa_network_find(enum kaspa_network *out, struct assay_bytes name)
{
    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        if (assay_bytes_is(name, networks[i].name)) {
            *out = (enum kaspa_network)i;
            return true;
        }
    }
    return find_prefix(out, name);
}

static const struct version {
    enum kaspa_address_version version;
    enum kaspa_class class;
    size_t payload_len;
} versions[] = {
    {KASPA_ADDRESS_PUBKEY, KASPA_CLASS_PUBKEY, 32},
    {KASPA_ADDRESS_PUBKEY_ECDSA, KASPA_CLASS_PUBKEY_ECDSA, 33},
    {KASPA_ADDRESS_SCRIPT_HASH, KASPA_CLASS_SCRIPT_HASH, 32},
};

/* NULL: there is no such version. */
static const struct version *find_version(unsigned number)
{
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (versions[i].version == number)
            return &versions[i];
    }
    return NULL;
}

static const struct version *version_of(const struct kaspa_address *address)
{
    const struct version *version = find_version(address->version);

    assert(version != NULL && version->payload_len == address->payload_len);
    return version;
}

/* Version and payload, of `data_len` bytes; `data` has as many of them as an address can have. */
static enum kaspa_address_error from_data(struct kaspa_address *out, const uint8_t *data,
                                          size_t data_len)
{
    const struct version *version;

    if (data_len == 0)
        return KASPA_ADDRESS_BAD_PAYLOAD;
    version = find_version(data[0]);
    if (version == NULL)
        return KASPA_ADDRESS_INVALID_VERSION;
    if (data_len - 1 != version->payload_len)
        return KASPA_ADDRESS_INVALID_PAYLOAD_LENGTH;
    out->version = version->version;
    out->payload_len = version->payload_len;
    memcpy(out->payload, data + 1, version->payload_len);
    return KASPA_ADDRESS_OK;
}

/* Bits behind the data change nothing but the text, which the node lets pass. Writing the address
 * again tells. */
static enum kaspa_address_error check_spelling(size_t *at, const struct kaspa_address *address,
                                               struct assay_bytes text)
{
    char canonical[KASPA_ADDRESS_TEXT_MAX_BYTES];

    kaspa_address_encode(canonical, address);
    if (assay_bytes_is(text, canonical) || PLANTED(address_spare_bits))
        return KASPA_ADDRESS_OK;
    *at = text.len - KASPA_ADDRESS_CHECKSUM_CHARACTERS - 1; /* the last character of the data */
    return KASPA_ADDRESS_NOT_CANONICAL;
}

static enum kaspa_address_error decode(struct kaspa_address *out, size_t *at,
                                       struct assay_bytes text)
{
    size_t colon = assay_bytes_find(text, ':', 0), data_len = 0;
    struct assay_bytes prefix = assay_bytes_part(text, 0, colon);
    uint8_t data[1 + KASPA_ADDRESS_PAYLOAD_MAX_BYTES];
    enum kaspa_address_error rc;

    if (colon == text.len)
        return KASPA_ADDRESS_MISSING_PREFIX;
    if (!find_prefix(&out->network, prefix))
        return KASPA_ADDRESS_INVALID_PREFIX;
    rc = kaspa_address_text_read(data, sizeof(data), &data_len, at, prefix,
                                 assay_bytes_part(text, colon + 1, text.len));
    *at += colon + 1;
    if (rc != KASPA_ADDRESS_OK)
        return rc;
    if ((rc = from_data(out, data, data_len)) != KASPA_ADDRESS_OK)
        return rc;
    return check_spelling(at, out, text);
}

enum kaspa_address_error kaspa_address_decode(struct kaspa_address *out, size_t *at,
                                              struct assay_bytes text)
{
    struct kaspa_address address = {.payload = {0}};
    size_t where = 0;
    enum kaspa_address_error rc = decode(&address, &where, text);

    if (rc == KASPA_ADDRESS_OK)
        *out = address;
    if (at != NULL)
        *at = rc == KASPA_ADDRESS_OK ? 0 : where;
    return rc;
}

void kaspa_address_encode(char *text, const struct kaspa_address *address)
{
    size_t len = version_of(address)->payload_len;
    uint8_t data[1 + KASPA_ADDRESS_PAYLOAD_MAX_BYTES];

    data[0] = (uint8_t)address->version;
    memcpy(data + 1, address->payload, len);
    kaspa_address_text_write(text, assay_str(networks[address->network].prefix),
                             assay_bytes_of(data, 1 + len));
}

void kaspa_address_script(struct kaspa_spk *out, uint8_t *script,
                          const struct kaspa_address *address)
{
    struct assay_buf buf = {.at = script,
                            .room = KASPA_SPK_MAX_STANDARD_BYTES,
                            .max = KASPA_SPK_MAX_STANDARD_BYTES,
                            .fixed = true};

    kaspa_script_add_standard(&buf, version_of(address)->class, address->payload);
    *out = (struct kaspa_spk){.version = 0, .script = assay_buf_view(&buf)};
}

bool kaspa_address_of_script(struct kaspa_address *out, const struct kaspa_spk *spk,
                             enum kaspa_network network)
{
    enum kaspa_class class = kaspa_spk_class(spk);
    struct assay_bytes payload = kaspa_spk_payload(spk);

    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (versions[i].class != class)
            continue;
        *out = (struct kaspa_address){.network = network, .version = versions[i].version};
        out->payload_len = payload.len;
        memcpy(out->payload, payload.at, payload.len);
        return true;
    }
    return false;
}
