/* The known mutations of a channel's script; see escrow_mutations.h. Offsets are those of
 * kaspa-x402-escrow-v5. */
#include "kaspa_x402/escrow_mutations.h"

#include "base/hash.h"
#include "kaspa/script.h"
#include "kaspa_x402/escrow_drift.h"

#define EDITS_MAX 5

/* What takes the place of bytes, where that is no fixed script. */
enum value {
    VALUE_SCRIPT,
    VALUE_CLIENT,
    VALUE_SERVER,
    VALUE_STRANGER,      /* the key of one who has no part in the channel */
    VALUE_STRANGER_HASH, /* of his script */
    VALUE_REFUND_HASH,
    VALUE_DOMAIN_BEFORE, /* of vouchers, of the generation before */
    VALUE_MAINNET,
    VALUE_BARE_PAYOUT, /* the hash of the payout script without its version */
    VALUE_PAYOUT_1,    /* as if it were of version 1 */
    VALUE_REFUND_1,
    VALUE_TIMEOUT_REVERSED,
    VALUE_TIMEOUT_NUMBER, /* pushed in as many bytes as it needs */
    VALUE_STATE_NUMBER,
    VALUE_STATE_MORE,
};

struct edit {
    size_t at, cut;
    enum value value;
    const char *script; /* of VALUE_SCRIPT, as kaspa_script_assemble takes it; NULL: nothing */
};

struct mutation {
    struct kx_escrow_mutation row;
    const char *template_id; /* it is that template's script; or NULL */
    struct edit edits[EDITS_MAX];
};

static const struct mutation mutations[] = {
    {{"D1", "the voucher domain is that of the generation before", false},
     NULL,
     {{203, 32, VALUE_DOMAIN_BEFORE, NULL}}},
    {{"D2", "the network hash is mainnet's", false}, NULL, {{236, 32, VALUE_MAINNET, NULL}}},
    {{"D3", "client and server keys are swapped", false},
     NULL,
     {{103, 32, VALUE_CLIENT, NULL},
      {279, 32, VALUE_SERVER, NULL},
      {568, 32, VALUE_SERVER, NULL},
      {604, 32, VALUE_CLIENT, NULL},
      {902, 32, VALUE_SERVER, NULL}}},
    {{"D4", "one of the two server keys is another's", false},
     NULL,
     {{604, 32, VALUE_STRANGER, NULL}}},
    {{"D5", "one of the three client keys is another's", false},
     NULL,
     {{902, 32, VALUE_STRANGER, NULL}}},
    {{"D6", "the payout hash is of the script without its version", false},
     NULL,
     {{361, 32, VALUE_BARE_PAYOUT, NULL}}},
    {{"D7", "the payout hash is the refund hash", false},
     NULL,
     {{361, 32, VALUE_REFUND_HASH, NULL}}},
    {{"D8", "the refund hash of the refund path is another's", false},
     NULL,
     {{1005, 32, VALUE_STRANGER_HASH, NULL}}},
    {{"D9", "the timeout is big-endian", false}, NULL, {{881, 8, VALUE_TIMEOUT_REVERSED, NULL}}},
    {{"D9b", "the timeout has as many bytes as it needs", false},
     NULL,
     {{880, 9, VALUE_TIMEOUT_NUMBER, NULL}}},
    {{"D10", "the timeout is a time, behind the guard", false},
     NULL,
     {{881, 8, VALUE_SCRIPT, "0x0088526a74000000"}}},
    {{"D10b", "the timeout is a time, and the guard is removed", false},
     NULL,
     {{881, 8, VALUE_SCRIPT, "0x0088526a74000000"}, {889, 10, VALUE_SCRIPT, NULL}}},
    {{"D10c", "the guard is removed", false}, NULL, {{889, 10, VALUE_SCRIPT, NULL}}},
    {{"D11", "CHECKLOCKTIMEVERIFY is removed", false}, NULL, {{899, 1, VALUE_SCRIPT, NULL}}},
    {{"D11b", "CHECKLOCKTIMEVERIFY is replaced by DROP", false},
     NULL,
     {{899, 1, VALUE_SCRIPT, "DROP"}}},
    {{"D12", "D is at least T - S", false}, NULL, {{337, 1, VALUE_SCRIPT, "GREATERTHANOREQUAL"}}},
    {{"D13", "the successor's state is S", false}, NULL, {{405, 3, VALUE_SCRIPT, NULL}}},
    {{"D14", "the successor has V - D or more", false},
     NULL,
     {{401, 1, VALUE_SCRIPT, "GREATERTHANOREQUAL"}}},
    {{"D14b", "the successor's value is not checked", false}, NULL, {{395, 8, VALUE_SCRIPT, NULL}}},
    {{"D15", "the payout is at least D", false},
     NULL,
     {{355, 1, VALUE_SCRIPT, "GREATERTHANOREQUAL"}}},
    {{"D15b", "the payout is not held against D", false}, NULL, {{351, 6, VALUE_SCRIPT, NULL}}},
    {{"D16", "the successor is output 0", false}, NULL, {{157, 1, VALUE_SCRIPT, "0"}}},
    {{"D17", "the successor's script is dropped, not compared", false},
     NULL,
     {{464, 1, VALUE_SCRIPT, "2DROP"}}},
    {{"D17b", "the comparison of the successor's script is removed", false},
     NULL,
     {{464, 1, VALUE_SCRIPT, NULL}}},
    {{"D18", "inputs and outputs of the lineage are not counted", false},
     NULL,
     {{139, 10, VALUE_SCRIPT, NULL}}},
    {{"D19", "the payout may be of a lineage", false}, NULL, {{160, 37, VALUE_SCRIPT, NULL}}},
    {{"D20", "the provider does not sign top-ups", false}, NULL, {{602, 36, VALUE_SCRIPT, NULL}}},
    {{"D21", "it is the script of escrow-v4, with its guard for SIGHASH_ALL", false},
     KX_ESCROW_V4_TEMPLATE,
     {{0}}},
    {{"D22", "the selectors of claim and top-up are swapped", false},
     NULL,
     {{13, 4, VALUE_SCRIPT, "0xae09679c"}, {491, 4, VALUE_SCRIPT, "0x23959b42"}}},
    {{"D22b", "the top-up's selector is that of escrow-v3", false},
     NULL,
     {{491, 4, VALUE_SCRIPT, "0x525888a6"}}},
    {{"D23", "the claim's own length is that of escrow-v4", false},
     NULL,
     {{427, 2, VALUE_SCRIPT, "0x4104"}}},
    {{"D24", "the state has as many bytes as it needs", false},
     NULL,
     {{1, 9, VALUE_STATE_NUMBER, NULL}}},
    {{"D25", "the coin pays to another hash of the script: SHA-256, keyed, or of another length",
      true},
     NULL,
     {{0}}},
    {{"D26", "the hashes of payout and refund are of scripts of version 1", false},
     NULL,
     {{361, 32, VALUE_PAYOUT_1, NULL},
      {727, 32, VALUE_REFUND_1, NULL},
      {1005, 32, VALUE_REFUND_1, NULL}}},
    {{"D27", "it is the script of escrow-v3, under the id of escrow-v5", false},
     KX_ESCROW_V3_TEMPLATE,
     {{0}}},
    {{"D28", "the state is 1 above S", false}, NULL, {{2, 8, VALUE_STATE_MORE, NULL}}},
};

size_t kx_escrow_mutation_count(void)
{
    return ARRAY_LEN(mutations);
}

const struct kx_escrow_mutation *kx_escrow_mutation_at(size_t i)
{
    return &mutations[i].row;
}

/* ---- values ---- */

static void add_le(struct assay_buf *out, size_t len, uint64_t number)
{
    for (size_t i = 0; i < len; i++)
        assay_buf_add_byte(out, (uint8_t)(number >> 8 * i));
}

static void add_sha256(struct assay_buf *out, struct assay_bytes bytes)
{
    uint8_t digest[32];

    assay_sha256(digest, bytes);
    assay_buf_add(out, assay_bytes_of(digest, sizeof(digest)));
}

static void add_spk_hash(struct assay_buf *out, const struct kaspa_spk *spk, uint16_t version)
{
    const struct kaspa_spk versioned = {.version = version, .script = spk->script};
    uint8_t room[2 + KASPA_SPK_MAX_STANDARD_BYTES];
    struct assay_buf bytes = ASSAY_BUF_OVER(room);

    kaspa_spk_add_bytes(&bytes, &versioned);
    add_sha256(out, assay_buf_view(&bytes));
}

static void add_timeout_reversed(struct assay_buf *out, uint64_t timeout)
{
    for (size_t i = 8; i-- > 0;)
        assay_buf_add_byte(out, (uint8_t)(timeout >> 8 * i));
}

static void add_value(struct assay_buf *out, const struct kx_behaviour *b, enum value value)
{
    const struct kx_channel *channel = &b->lane->channel;

    switch (value) {
    case VALUE_SCRIPT:
        break;
    case VALUE_CLIENT:
        assay_buf_add(out, assay_bytes_of(channel->client, sizeof(channel->client)));
        break;
    case VALUE_SERVER:
        assay_buf_add(out, assay_bytes_of(channel->server, sizeof(channel->server)));
        break;
    case VALUE_STRANGER:
        assay_buf_add(out, kaspa_spk_payload(&b->stranger));
        break;
    case VALUE_STRANGER_HASH:
        add_spk_hash(out, &b->stranger, 0);
        break;
    case VALUE_REFUND_HASH:
        add_spk_hash(out, &b->lane->refund, 0);
        break;
    case VALUE_DOMAIN_BEFORE:
        add_sha256(out,
                   assay_str(kx_escrow_find(ASSAY_LIT(KX_ESCROW_V3_TEMPLATE))->voucher_domain));
        break;
    case VALUE_MAINNET:
        add_sha256(out, ASSAY_LIT(KX_NETWORK_MAINNET));
        break;
    case VALUE_BARE_PAYOUT:
        add_sha256(out, b->lane->payout.script);
        break;
    case VALUE_PAYOUT_1:
        add_spk_hash(out, &b->lane->payout, 1);
        break;
    case VALUE_REFUND_1:
        add_spk_hash(out, &b->lane->refund, 1);
        break;
    case VALUE_TIMEOUT_REVERSED:
        add_timeout_reversed(out, channel->refund_timeout_daa);
        break;
    case VALUE_TIMEOUT_NUMBER:
        kaspa_script_add_number(out, (int64_t)channel->refund_timeout_daa);
        break;
    case VALUE_STATE_NUMBER:
        kaspa_script_add_number(out, (int64_t)b->claimed);
        break;
    case VALUE_STATE_MORE:
        add_le(out, 8, b->claimed + 1);
        break;
    }
}

/* ---- edits ---- */

static void add_edited(struct assay_buf *out, const struct kx_behaviour *b,
                       struct assay_bytes script, const struct edit *edits)
{
    size_t at = 0;

    for (size_t i = 0; i < EDITS_MAX && edits[i].cut > 0; i++) {
        assay_buf_add(out, assay_bytes_part(script, at, edits[i].at));
        at = edits[i].at + edits[i].cut;
        if (edits[i].value != VALUE_SCRIPT)
            add_value(out, b, edits[i].value);
        else if (edits[i].script != NULL &&
                 kaspa_script_assemble(out, assay_str(edits[i].script), NULL) != ASSAY_OK)
            return; /* the buffer has failed: the texts are right */
    }
    assay_buf_add(out, assay_bytes_part(script, at, script.len));
}

/* Where the script says how long it is, and how much of that is behind its state, below zero. */
static void set_length(uint8_t *script, size_t len)
{
    static const struct {
        size_t at, less;
        uint16_t sign;
    } places[] = {{427, 0, 0}, {441, 10, 0x8000}, {783, 0, 0}, {797, 10, 0x8000}};

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        size_t number = (len - places[i].less) | places[i].sign;

        script[places[i].at] = (uint8_t)number;
        script[places[i].at + 1] = (uint8_t)(number >> 8);
    }
}

static enum assay_code add_instance(struct assay_buf *out, const struct kx_behaviour *b,
                                    const char *template_id)
{
    struct kx_escrow_instance channel;

    if (!kx_escrow_identify(&channel, b->reference))
        return ASSAY_E_MISMATCH;
    return kx_escrow_redeem(out, kx_escrow_find(assay_str(template_id)), &channel.values);
}

enum assay_code kx_escrow_mutate(struct assay_buf *out, const struct kx_behaviour *b, size_t i)
{
    const struct mutation *m = &mutations[i];
    struct assay_buf edited = ASSAY_BUF_INIT(KX_BEHAVIOUR_SCRIPT_MAX);
    uint8_t script[KX_ESCROW_V5_BYTES];

    if (b->reference.len != KX_ESCROW_V5_BYTES)
        return ASSAY_E_UNSUPPORTED;
    if (m->template_id != NULL)
        return add_instance(out, b, m->template_id);
    memcpy(script, b->reference.at, sizeof(script));
    add_edited(&edited, b, b->reference, m->edits);
    if (edited.bad == ASSAY_OK && edited.len != sizeof(script)) {
        set_length(script, edited.len);
        assay_buf_clear(&edited);
        add_edited(&edited, b, assay_bytes_of(script, sizeof(script)), m->edits);
    }
    if (edited.bad == ASSAY_OK)
        assay_buf_add(out, assay_buf_view(&edited));
    else
        out->bad = edited.bad;
    assay_buf_fini(&edited);
    return out->bad;
}
