/* The byte forms of transactions, scripts and addresses. Held: the encoding that is hashed is the
 * one of a second encoder here, under every flag, and reads back by a decoder here; ids and hashes
 * are those of its bytes, and ids are the same whatever is signed. An address that is read is
 * written the same, and with any one character changed it is none, nor with a bit set behind its
 * data under a checksum that is right; a standard script has one address and the address that
 * script. Source: Kaspa consensus digest, sections 1.1, 1.2 and 3. */
#include "fuzz.h"

#include "base/cursor.h"
#include "fuzz/lib/input.h"
#include "kaspa/address.h"
#include "kaspa/address_text.h"
#include "kaspa/txid.h"

enum { PARTS_MAX = 16, BYTES_MAX = 1 << 16, FLAGS_ALL = 7 };

struct parts {
    struct kaspa_tx tx;
    struct kaspa_input inputs[PARTS_MAX];
    struct kaspa_output outputs[PARTS_MAX];
};

/* ---- the second decoder and encoder ---- */

static struct assay_bytes read_var(struct assay_cur *c)
{
    uint64_t len = assay_cur_u64le(c);

    return assay_cur_view(c, len <= BYTES_MAX ? (size_t)len : SIZE_MAX);
}

static void read_hash(struct assay_cur *c, struct kaspa_hash *out)
{
    struct assay_bytes view = assay_cur_view(c, KASPA_HASH_BYTES);

    memcpy(out->at, view.at, view.len);
}

static void read_input(struct assay_cur *c, struct kaspa_input *out, uint16_t version)
{
    read_hash(c, &out->previous.txid);
    out->previous.index = assay_cur_u32le(c);
    out->signature_script = read_var(c);
    out->commit_kind = version == 0 ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET;
    if (version == 0)
        out->commit = assay_cur_u8(c);
    out->sequence = assay_cur_u64le(c);
    if (version > 0)
        out->commit = assay_cur_u16le(c);
}

/* A flag that is neither 0 nor 1 is no flag. */
static void read_output(struct assay_cur *c, struct kaspa_output *out, uint16_t version)
{
    uint8_t flag;

    out->value = assay_cur_u64le(c);
    out->spk.version = assay_cur_u16le(c);
    out->spk.script = read_var(c);
    if (version == 0)
        return;
    flag = assay_cur_u8(c);
    out->has_covenant = flag == 1;
    c->bad = c->bad || flag > 1;
    if (out->has_covenant) {
        out->authorizing_input = assay_cur_u16le(c);
        read_hash(c, &out->covenant_id);
    }
}

static size_t read_count(struct assay_cur *c)
{
    uint64_t count = assay_cur_u64le(c);

    c->bad = c->bad || count > PARTS_MAX;
    return c->bad ? 0 : (size_t)count;
}

static bool read_tx(struct parts *out, struct assay_bytes bytes)
{
    struct assay_cur c = assay_cur_of(bytes);
    struct kaspa_tx *tx = &out->tx;
    struct assay_bytes id;
    bool has_mass;

    tx->version = assay_cur_u16le(&c);
    tx->input_count = read_count(&c);
    for (size_t i = 0; i < tx->input_count; i++)
        read_input(&c, &out->inputs[i], tx->version);
    tx->output_count = read_count(&c);
    for (size_t i = 0; i < tx->output_count; i++)
        read_output(&c, &out->outputs[i], tx->version);
    tx->lock_time = assay_cur_u64le(&c);
    id = assay_cur_view(&c, KASPA_SUBNETWORK_BYTES);
    memcpy(tx->subnetwork_id, id.at, id.len);
    tx->gas = assay_cur_u64le(&c);
    tx->payload = read_var(&c);
    has_mass = tx->version > 0 || c.pos < c.in.len;
    if (has_mass)
        tx->storage_mass = assay_cur_u64le(&c);
    tx->inputs = out->inputs;
    tx->outputs = out->outputs;
    return assay_cur_done(&c) && (tx->version > 0 || !has_mass || tx->storage_mass > 0);
}

static void add_number(struct assay_buf *out, uint64_t number, size_t len)
{
    uint8_t bytes[sizeof(number)];

    assay_put_le(bytes, len, number);
    assay_buf_add(out, assay_bytes_of(bytes, len));
}

static void add_var(struct assay_buf *out, struct assay_bytes bytes)
{
    add_number(out, bytes.len, 8);
    assay_buf_add(out, bytes);
}

static void spell_input(struct assay_buf *out, const struct kaspa_tx *tx, size_t i, unsigned flags)
{
    const struct kaspa_input *input = &tx->inputs[i];

    assay_buf_add(out, assay_bytes_of(input->previous.txid.at, KASPA_HASH_BYTES));
    add_number(out, input->previous.index, 4);
    if ((flags & KASPA_ENCODE_NO_SIGNATURE) != 0)
        add_number(out, 0, 8);
    else
        add_var(out, input->signature_script);
    if ((flags & KASPA_ENCODE_NO_SIGNATURE) == 0 && tx->version == 0)
        add_number(out, input->commit, 1);
    add_number(out, input->sequence, 8);
    if ((flags & KASPA_ENCODE_NO_MASS) == 0 && tx->version > 0)
        add_number(out, input->commit, 2);
}

static void spell_output(struct assay_buf *out, const struct kaspa_tx *tx, size_t i)
{
    const struct kaspa_output *output = &tx->outputs[i];

    add_number(out, output->value, 8);
    add_number(out, output->spk.version, 2);
    add_var(out, output->spk.script);
    if (tx->version > 0)
        add_number(out, output->has_covenant ? 1 : 0, 1);
    if (output->has_covenant) {
        add_number(out, output->authorizing_input, 2);
        assay_buf_add(out, assay_bytes_of(output->covenant_id.at, KASPA_HASH_BYTES));
    }
}

static void spell(struct assay_buf *out, const struct kaspa_tx *tx, unsigned flags)
{
    assay_buf_clear(out);
    add_number(out, tx->version, 2);
    add_number(out, tx->input_count, 8);
    for (size_t i = 0; i < tx->input_count; i++)
        spell_input(out, tx, i, flags);
    add_number(out, tx->output_count, 8);
    for (size_t i = 0; i < tx->output_count; i++)
        spell_output(out, tx, i);
    add_number(out, tx->lock_time, 8);
    assay_buf_add(out, assay_bytes_of(tx->subnetwork_id, KASPA_SUBNETWORK_BYTES));
    add_number(out, tx->gas, 8);
    add_var(out, (flags & KASPA_ENCODE_NO_PAYLOAD) != 0 ? ASSAY_LIT("") : tx->payload);
    if ((flags & KASPA_ENCODE_NO_MASS) == 0 && (tx->version > 0 || tx->storage_mass > 0))
        add_number(out, tx->storage_mass, 8);
}

/* ---- transactions ---- */

static void blake3(uint8_t *out, const char *domain, struct assay_bytes bytes)
{
    uint8_t key[32] = {0};
    struct assay_blake3 h;

    memcpy(key, domain, strlen(domain));
    assay_blake3_init(&h, key);
    assay_blake3_add(&h, bytes);
    assay_blake3_end(&h, out);
}

static void spell_id(struct kaspa_hash *out, struct assay_buf *room, const struct kaspa_tx *tx)
{
    unsigned flags = KASPA_ENCODE_NO_SIGNATURE | KASPA_ENCODE_NO_MASS;
    uint8_t parts[64];

    spell(room, tx, tx->version == 0 ? flags : flags | KASPA_ENCODE_NO_PAYLOAD);
    if (tx->version == 0) {
        assay_blake2b(out->at, KASPA_HASH_BYTES, ASSAY_LIT("TransactionID"), assay_buf_view(room));
        return;
    }
    blake3(parts, "PayloadDigest", tx->payload);
    blake3(parts + 32, "TransactionRest", assay_buf_view(room));
    blake3(out->at, "TransactionV1Id", assay_bytes_of(parts, sizeof(parts)));
}

static void check_hashes(struct parts *p, struct assay_bytes bytes, struct assay_buf *room)
{
    struct kaspa_hash id, same, hash;

    kaspa_txid(&id, &p->tx);
    spell_id(&same, room, &p->tx);
    FUZZ_CHECK(kaspa_hash_equal(&id, &same));
    kaspa_tx_hash(&hash, &p->tx);
    assay_blake2b(same.at, KASPA_HASH_BYTES, ASSAY_LIT("TransactionHash"), bytes);
    FUZZ_CHECK(kaspa_hash_equal(&hash, &same));
    p->tx.storage_mass ^= 1;
    for (size_t i = 0; i < p->tx.input_count; i++) {
        p->inputs[i].signature_script = ASSAY_LIT("\x51");
        p->inputs[i].commit ^= 1;
    }
    kaspa_txid(&same, &p->tx);
    FUZZ_CHECK(kaspa_hash_equal(&id, &same));
    kaspa_tx_hash(&same, &p->tx);
    FUZZ_CHECK(!kaspa_hash_equal(&hash, &same));
}

static void check_tx(struct assay_bytes bytes)
{
    struct parts p = {.tx = {.version = 0}};
    struct assay_buf made = ASSAY_BUF_INIT(2 * BYTES_MAX), again = ASSAY_BUF_INIT(2 * BYTES_MAX);

    if (read_tx(&p, bytes)) {
        for (unsigned flags = 0; flags <= FLAGS_ALL; flags++) {
            assay_buf_clear(&made);
            kaspa_tx_encode(&made, &p.tx, flags);
            spell(&again, &p.tx, flags);
            FUZZ_CHECK(assay_buf_ok(&made) && assay_buf_ok(&again));
            FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&made), assay_buf_view(&again)));
            FUZZ_CHECK(flags != KASPA_ENCODE_ALL ||
                       assay_bytes_equal(assay_buf_view(&made), bytes));
        }
        check_hashes(&p, bytes, &again);
    }
    assay_buf_fini(&made);
    assay_buf_fini(&again);
}

/* ---- scripts and addresses ---- */

/* The same address with a bit set behind its data: the checksum is right, but not the spelling. */
static void check_spare_bit(const struct kaspa_address *address)
{
    enum { GROUPS_MAX = (8 * (1 + KASPA_ADDRESS_PAYLOAD_MAX_BYTES) + 4) / 5 };
    struct assay_bytes prefix = assay_str(kaspa_network_prefix(address->network));
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    uint8_t groups[GROUPS_MAX] = {0};
    size_t bits = 8 * (1 + address->payload_len), count = (bits + 4) / 5;
    struct kaspa_address read;

    for (size_t i = 0; i < bits; i++) {
        unsigned byte = i < 8 ? (unsigned)address->version : address->payload[i / 8 - 1];

        groups[i / 5] |= (uint8_t)((byte >> (7 - i % 8) & 1) << (4 - i % 5));
    }
    kaspa_address_text_write_groups(text, prefix, groups, count);
    FUZZ_CHECK(kaspa_address_decode(&read, NULL, assay_str(text)) == KASPA_ADDRESS_OK);
    groups[count - 1] |= 1;
    kaspa_address_text_write_groups(text, prefix, groups, count);
    FUZZ_CHECK(kaspa_address_decode(&read, NULL, assay_str(text)) == KASPA_ADDRESS_NOT_CANONICAL);
}

static void check_written(const struct kaspa_address *address)
{
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    uint8_t room[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_address again;
    struct kaspa_spk spk;
    size_t at = 1;

    kaspa_address_encode(text, address);
    FUZZ_CHECK(kaspa_address_decode(&again, &at, assay_str(text)) == KASPA_ADDRESS_OK && at == 0);
    FUZZ_CHECK(again.network == address->network && again.version == address->version);
    FUZZ_CHECK(again.payload_len == address->payload_len);
    FUZZ_CHECK(memcmp(again.payload, address->payload, again.payload_len) == 0);
    kaspa_address_script(&spk, room, address);
    FUZZ_CHECK(kaspa_address_of_script(&again, &spk, address->network));
    FUZZ_CHECK(again.version == address->version);
    FUZZ_CHECK(memcmp(again.payload, address->payload, address->payload_len) == 0);
    check_spare_bit(address);
}

/* The checksum finds every single error, and there is one spelling. */
static void check_change(struct assay_bytes text, struct fuzz_input *in)
{
    static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7lQb1:";
    char changed[KASPA_ADDRESS_TEXT_MAX_BYTES];
    size_t at = fuzz_option_below(in, text.len);
    char letter = letters[fuzz_option_below(in, sizeof(letters) - 1)];
    struct kaspa_address address;

    FUZZ_CHECK(text.len < sizeof(changed));
    memcpy(changed, text.at, text.len);
    if (changed[at] == letter)
        return;
    changed[at] = letter;
    FUZZ_CHECK(kaspa_address_decode(&address, NULL, assay_bytes_of(changed, text.len)) !=
               KASPA_ADDRESS_OK);
    FUZZ_CHECK(kaspa_address_decode(&address, NULL, assay_bytes_part(text, 0, at)) !=
               KASPA_ADDRESS_OK);
}

static void check_address(struct fuzz_input *in)
{
    uint8_t first = fuzz_option(in), second = fuzz_option(in);
    struct fuzz_input change = fuzz_input_of((uint8_t[]){second, first}, 2);
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;
    size_t at = 0;
    enum kaspa_address_error error = kaspa_address_decode(&address, &at, in->rest);

    FUZZ_CHECK(at <= in->rest.len && kaspa_address_error_text(error)[0] != '\0');
    if (error != KASPA_ADDRESS_OK)
        return;
    kaspa_address_encode(text, &address);
    FUZZ_CHECK(assay_bytes_is(in->rest, text));
    check_written(&address);
    check_change(in->rest, &change);
}

static void check_any_address(struct fuzz_input *in)
{
    static const enum kaspa_address_version versions[] = {
        KASPA_ADDRESS_PUBKEY, KASPA_ADDRESS_PUBKEY_ECDSA, KASPA_ADDRESS_SCRIPT_HASH};
    struct kaspa_address address = {
        .network = (enum kaspa_network)fuzz_option_below(in, KASPA_NETWORK__COUNT)};

    address.version = versions[fuzz_option_below(in, ARRAY_LEN(versions))];
    address.payload_len = address.version == KASPA_ADDRESS_PUBKEY_ECDSA ? 33 : 32;
    fuzz_bytes(in, address.payload, address.payload_len);
    check_written(&address);
}

static void check_script(struct assay_bytes bytes)
{
    struct assay_buf out = ASSAY_BUF_INIT(BYTES_MAX);
    struct kaspa_address address;
    struct kaspa_spk spk;
    enum assay_code rc = kaspa_spk_parse(&spk, bytes);

    FUZZ_CHECK(rc == (bytes.len < 2 ? ASSAY_E_MALFORMED : ASSAY_OK));
    if (rc == ASSAY_OK) {
        enum kaspa_class class = kaspa_spk_class(&spk);

        kaspa_spk_add_bytes(&out, &spk);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&out), bytes));
        assay_buf_clear(&out);
        if (class != KASPA_CLASS_NONSTANDARD) {
            kaspa_script_add_standard(&out, class, kaspa_spk_payload(&spk).at);
            FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&out), spk.script) && spk.version == 0);
        } else {
            FUZZ_CHECK(kaspa_spk_payload(&spk).len == 0);
        }
        FUZZ_CHECK(kaspa_address_of_script(&address, &spk, KASPA_MAINNET) ==
                   (class != KASPA_CLASS_NONSTANDARD));
    }
    assay_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input_of(data, size < BYTES_MAX ? size : BYTES_MAX);

    switch (fuzz_option_below(&in, 4)) {
    case 0:
        check_tx(in.rest);
        break;
    case 1:
        check_address(&in);
        break;
    case 2:
        check_any_address(&in);
        break;
    default:
        check_script(in.rest);
        break;
    }
    return 0;
}
