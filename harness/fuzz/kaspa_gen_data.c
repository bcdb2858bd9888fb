/* Cases of scripts by themselves, of addresses, covenant ids and headers; see kaspa_gen_data.h. */
#include "fuzz/kaspa_gen_data.h"

#include "kaspa/address_text.h"

/* ---- scripts ---- */

/* A standard script, or one that differs from it in a byte or a length. */
static void nearly_standard(struct kaspa_gen *g, struct kaspa_spk *out)
{
    enum kaspa_class class = (enum kaspa_class)(KASPA_CLASS_PUBKEY + gen_below(g, 3));
    struct assay_bytes script = gen_standard(g, class, gen_below(g, GEN_KEYS));
    uint8_t *at = gen_copy(g, script);
    size_t len = script.len;

    if (gen_one_in(g, 4))
        at[gen_below(g, (uint32_t)len)] = (uint8_t)gen_below(g, 256);
    if (gen_one_in(g, 4)) /* where the opcodes are */
        at[gen_chance(g, 50) ? 0 : len - 1] ^= (uint8_t)(1 << gen_below(g, 8));
    if (gen_one_in(g, 6))
        at[len++] = (uint8_t)gen_below(g, 256);
    else if (gen_one_in(g, 6))
        len--;
    *out = (struct kaspa_spk){gen_one_in(g, 12) ? (uint16_t)gen_count(g, 3) : 0,
                              assay_bytes_of(at, len)};
}

static void any_spk(struct kaspa_gen *g, struct kaspa_spk *out)
{
    if (gen_chance(g, 80))
        nearly_standard(g, out);
    else
        gen_spk(g, out);
}

json_t *gen_make_class(struct kaspa_gen *g)
{
    json_t *in = json_object();
    struct kaspa_spk spk;

    any_spk(g, &spk);
    gen_json_set(in, "scriptPublicKey", gen_json_spk(g, &spk));
    return in;
}

static void add_count(struct kaspa_gen *g, struct assay_buf *out)
{
    int64_t count = (int64_t)gen_count(g, 23) & INT64_MAX;

    if (gen_one_in(g, 4)) {
        const uint8_t bytes[] = {(uint8_t)count, 0, 0};

        gen_push(g, out, assay_bytes_of(bytes, 1 + gen_below(g, sizeof(bytes))));
    } else {
        kaspa_script_add_number(out, gen_one_in(g, 10) ? -count : count);
    }
}

/* A redeem script full of what is counted. */
static struct assay_bytes counted_script(struct kaspa_gen *g)
{
    static const uint8_t counted[] = {KASPA_OP_CHECKSIG,
                                      KASPA_OP_CHECKSIGVERIFY,
                                      KASPA_OP_CHECKSIGECDSA,
                                      KASPA_OP_CHECKSIGFROMSTACK,
                                      KASPA_OP_CHECKSIGFROMSTACKECDSA,
                                      KASPA_OP_CHECKMULTISIG,
                                      KASPA_OP_CHECKMULTISIGVERIFY,
                                      KASPA_OP_CHECKMULTISIGECDSA,
                                      KASPA_OP_NOP};
    struct assay_buf out = gen_buf(g, GEN_SCRIPT_BYTES);

    for (uint32_t n = gen_below(g, 10); n > 0; n--) {
        if (gen_chance(g, 60))
            add_count(g, &out);
        if (gen_one_in(g, 12))
            gen_garbage(g, &out);
        kaspa_script_add_opcode(&out, counted[gen_below(g, ARRAY_LEN(counted))]);
    }
    return assay_buf_view(&out);
}

json_t *gen_make_sig_ops(struct kaspa_gen *g)
{
    struct assay_bytes redeem = counted_script(g);
    struct assay_buf script = gen_buf(g, GEN_SCRIPT_BYTES);
    struct kaspa_spk spk = {.script = gen_pay_to_script(g, redeem)};
    json_t *in = json_object();

    if (gen_one_in(g, 12))
        nearly_standard(g, &spk);
    if (gen_chance(g, 40))
        gen_push(g, &script, gen_bytes(g, 65));
    if (gen_one_in(g, 15))
        gen_garbage(g, &script);
    gen_push(g, &script, redeem);
    if (gen_one_in(g, 20))
        kaspa_script_add_opcode(&script, (uint8_t)gen_below(g, 256));
    gen_json_set(in, "signatureScript", gen_json_hex(g, assay_buf_view(&script)));
    gen_json_set(in, "scriptPublicKey", gen_json_spk(g, &spk));
    return in;
}

/* ---- addresses ---- */

#define GROUPS_MAX 80
#define ADDRESS_MAX_BYTES 128

static const char *any_prefix(struct kaspa_gen *g)
{
    static const char *const others[] = {"kaspareg", "Kaspa", "", "kasp", "kaspa:kaspa", "mainnet"};

    if (gen_one_in(g, 15))
        return others[gen_below(g, ARRAY_LEN(others))];
    return kaspa_network_prefix((enum kaspa_network)gen_below(g, KASPA_NETWORK__COUNT));
}

/* The version and the payload, nearly always of the length that goes with it. */
static struct assay_bytes any_address_data(struct kaspa_gen *g)
{
    static const uint8_t versions[] = {0, 0, 1, 1, 8, 8};
    uint8_t version = gen_one_in(g, 12) ? (uint8_t)gen_below(g, 256)
                                        : versions[gen_below(g, ARRAY_LEN(versions))];
    size_t len = 1 + (version == 1 ? 33 : 32);
    uint8_t *at;

    if (gen_one_in(g, 12))
        len = gen_below(g, 40);
    at = gen_room(g, len);
    gen_fill(g, at, len);
    if (len > 0)
        at[0] = version;
    return assay_bytes_of(at, len);
}

/* In groups of five bits; what is left of the last one is zero, or not. */
static size_t grouped(struct kaspa_gen *g, uint8_t *groups, struct assay_bytes data)
{
    unsigned window = 0, bits = 0;
    size_t count = 0;

    for (size_t i = 0; i < data.len; i++) {
        window = (window << 8 | data.at[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            groups[count++] = window >> (bits - 5) & 0x1f;
    }
    if (bits > 0) {
        unsigned padding = 5 - bits;

        groups[count] = (uint8_t)(window << padding & 0x1f);
        if (gen_one_in(g, 10))
            groups[count] |= (uint8_t)gen_below(g, 1u << padding);
        count++;
    }
    for (; gen_one_in(g, 25) && count < GROUPS_MAX;)
        groups[count++] = (uint8_t)gen_below(g, 2);
    return count;
}

/* One character exchanged, turned to upper case, taken out or put in. */
static void misspell(struct kaspa_gen *g, struct assay_buf *text)
{
    static const char others[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1:QP -";
    size_t at = gen_below(g, (uint32_t)text->len);
    uint8_t other = (uint8_t)others[gen_below(g, sizeof(others) - 1)];

    switch (gen_below(g, 4)) {
    case 0:
        text->at[at] = other;
        break;
    case 1:
        if (text->at[at] >= 'a' && text->at[at] <= 'z')
            text->at[at] = (uint8_t)(text->at[at] - 'a' + 'A');
        break;
    case 2:
        memmove(text->at + at, text->at + at + 1, text->len - at - 1);
        text->len--;
        break;
    default:
        assay_buf_add_byte(text, other);
        break;
    }
}

json_t *gen_make_address_decode(struct kaspa_gen *g)
{
    struct assay_buf text = gen_buf(g, ADDRESS_MAX_BYTES);
    json_t *in = json_object();
    uint8_t groups[GROUPS_MAX];
    size_t count = grouped(g, groups, any_address_data(g));
    char spelt[ADDRESS_MAX_BYTES];

    /* The library writes only what is an address; here are any groups under a right checksum. */
    kaspa_address_text_write_groups(spelt, assay_str(any_prefix(g)), groups, count);
    assay_buf_add_str(&text, spelt);
    while (gen_one_in(g, 4))
        misspell(g, &text);
    if (gen_one_in(g, 60))
        text.len = gen_below(g, (uint32_t)text.len + 1);
    gen_json_set(in, "address", json_stringn_nocheck((const char *)text.at, text.len));
    return in;
}

json_t *gen_make_address_encode(struct kaspa_gen *g)
{
    struct assay_bytes data = any_address_data(g);
    json_t *in = json_object();

    gen_json_set(in, "prefix", json_string(any_prefix(g)));
    gen_json_set(in, "version", json_integer(data.len > 0 ? data.at[0] : 0));
    gen_json_set(in, "payload", gen_json_hex(g, assay_bytes_part(data, 1, data.len)));
    return in;
}

json_t *gen_make_address_of_script(struct kaspa_gen *g)
{
    json_t *in = json_object();
    struct kaspa_spk spk;

    any_spk(g, &spk);
    gen_json_set(in, "scriptPublicKey", gen_json_spk(g, &spk));
    gen_json_set(in, "prefix", json_string(any_prefix(g)));
    return in;
}

/* ---- hashes ---- */

json_t *gen_make_covenant_id(struct kaspa_gen *g)
{
    json_t *in = json_object(), *outputs = json_array();
    struct kaspa_outpoint outpoint = {.index = (uint32_t)gen_count(g, 4)};
    uint32_t index = 0;

    gen_hash(g, &outpoint.txid);
    for (uint32_t n = gen_below(g, 5); n > 0; n--) {
        json_t *output = json_object();
        struct kaspa_spk spk;

        gen_spk(g, &spk);
        gen_json_set(output, "index", json_integer(index));
        gen_json_set(output, "value", gen_json_u64(gen_edge(g)));
        gen_json_set(output, "scriptPublicKey", gen_json_spk(g, &spk));
        (void)json_array_append_new(outputs, output);
        index = gen_one_in(g, 20) ? (uint32_t)gen_edge(g) : index + 1 + gen_below(g, 3);
    }
    gen_json_set(in, "outpoint", gen_json_outpoint(g, &outpoint));
    gen_json_set(in, "outputs", outputs);
    return in;
}

static void any_levels(struct kaspa_gen *g, struct kaspa_parents *levels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t parents = gen_below(g, 4);
        uint8_t *at = gen_room(g, parents * KASPA_HASH_BYTES);

        gen_fill(g, at, parents * KASPA_HASH_BYTES);
        levels[i] = (struct kaspa_parents){(const struct kaspa_hash *)at, parents};
    }
}

json_t *gen_make_header_hash(struct kaspa_gen *g)
{
    enum { LEVELS_MAX = 255, BLUE_WORK_DIGITS = 48 };
    struct kaspa_parents levels[LEVELS_MAX];
    struct kaspa_header header = {.version = (uint16_t)gen_count(g, 3),
                                  .levels = levels,
                                  .level_count = gen_below(g, gen_one_in(g, 50) ? 256 : 6),
                                  .timestamp_ms = gen_edge(g),
                                  .bits = (uint32_t)gen_edge(g),
                                  .nonce = gen_edge(g),
                                  .daa_score = gen_edge(g),
                                  .blue_score = gen_edge(g)};
    char blue_work[BLUE_WORK_DIGITS + 1];
    size_t digits = 1 + gen_below(g, BLUE_WORK_DIGITS);

    any_levels(g, levels, header.level_count);
    gen_hash(g, &header.hash_merkle_root);
    gen_hash(g, &header.accepted_id_merkle_root);
    gen_hash(g, &header.utxo_commitment);
    gen_hash(g, &header.pruning_point);
    for (size_t i = 0; i < digits; i++)
        blue_work[i] = "0123456789abcdef"[gen_below(g, 16)];
    for (size_t zeros = gen_one_in(g, 3) ? gen_below(g, (uint32_t)digits + 1) : 0; zeros > 0;
         zeros--)
        blue_work[zeros - 1] = '0';
    blue_work[digits] = '\0';
    return gen_json_header(g, &header, blue_work);
}
