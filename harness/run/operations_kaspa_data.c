/* The operations of kaspa on what is no transaction: scripts, addresses, numbers, messages, and the
 * hashes of blocks. */
#include "run/operations_kaspa.h"

#include "base/decimal.h"
#include "kaspa/address.h"
#include "kaspa/block.h"
#include "kaspa/number.h"
#include "kaspa/sign.h"

#include <inttypes.h>
#include <stdio.h>

#define SCRIPT_TEXT_MAX_BYTES ((size_t)64 << 20) /**< more is no text for anyone */

/* ---- scripts ---- */

static enum operation_answer script_class(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"scriptPublicKey", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_spk spk;

    if (operation_members(in, members, err) &&
        kaspa_in_spk(&spk, &arena, in, "scriptPublicKey", err)) {
        *result = json_pack("{s:s}", "class", kaspa_class_name(kaspa_spk_class(&spk)));
        answer = OPERATION_OK;
    }
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer script_text(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"script", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(SCRIPT_TEXT_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_bytes script;

    if (operation_members(in, members, err) && kaspa_in_hex(&script, &arena, in, "script", err)) {
        kaspa_script_add_text(&text, script);
        if (assay_buf_ok(&text)) {
            *result = json_pack("{s:s}", "text", assay_buf_cstr(&text));
            answer = OPERATION_OK;
        } else {
            assay_fail(err, text.bad, 0, "its text %s", assay_code_text(text.bad));
        }
    }
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
    return answer;
}

static bool is_of_the_machine(enum assay_code code)
{
    return code == ASSAY_E_NOMEM || code == ASSAY_E_TOO_LARGE;
}

static enum operation_answer script_assemble(const json_t *in, json_t **result,
                                             struct assay_err *err)
{
    static const char *const members[] = {"text", NULL};
    struct assay_buf script = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_err why = {0};
    const char *text;
    enum assay_code rc;

    if (!operation_members(in, members, err) ||
        (text = operation_text(in, "text", true, err)) == NULL)
        return OPERATION_ERROR;
    rc = kaspa_script_assemble(&script, assay_str(text), &why);
    if (rc == ASSAY_OK) {
        *result = json_pack("{s:o}", "script", kaspa_out_hex(assay_buf_view(&script)));
        answer = OPERATION_OK;
    } else if (is_of_the_machine(rc)) {
        assay_fail(err, rc, 0, "%s", why.text);
    } else {
        answer = operation_refused(result, assay_code_name(rc), why.text);
    }
    assay_buf_fini(&script);
    return answer;
}

static enum operation_answer script_sig_ops(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"signatureScript", "scriptPublicKey", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_bytes script;
    struct kaspa_spk spk;

    if (operation_members(in, members, err) &&
        kaspa_in_hex(&script, &arena, in, "signatureScript", err) &&
        kaspa_in_spk(&spk, &arena, in, "scriptPublicKey", err)) {
        *result = json_pack("{s:I}", "count", (json_int_t)kaspa_p2sh_sig_ops(script, &spk));
        answer = OPERATION_OK;
    }
    assay_arena_fini(&arena);
    return answer;
}

/* ---- addresses ---- */

static enum operation_answer address_refused(json_t **result, enum kaspa_address_error error)
{
    return operation_refused(result, kaspa_address_error_name(error),
                             kaspa_address_error_text(error));
}

static enum operation_answer address_decode(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"address", NULL};
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
    enum kaspa_address_error error;
    struct kaspa_address address;
    struct kaspa_spk spk;
    const char *text;

    if (!operation_members(in, members, err) ||
        (text = operation_text(in, "address", true, err)) == NULL)
        return OPERATION_ERROR;
    error = kaspa_address_decode(&address, NULL, assay_str(text));
    if (error != KASPA_ADDRESS_OK)
        return address_refused(result, error);
    kaspa_address_script(&spk, script, &address);
    *result = json_pack("{s:s, s:i, s:o, s:o}", "prefix", kaspa_network_prefix(address.network),
                        "version", (int)address.version, "payload",
                        kaspa_out_hex(assay_bytes_of(address.payload, address.payload_len)),
                        "scriptPublicKey", kaspa_out_spk(&spk));
    return OPERATION_OK;
}

/* The network of a prefix alone: names of networks are none. */
static enum kaspa_address_error network_of(enum kaspa_network *out, const char *prefix)
{
    return kaspa_network_find(out, assay_str(prefix)) &&
                   strcmp(kaspa_network_prefix(*out), prefix) == 0
               ? KASPA_ADDRESS_OK
               : KASPA_ADDRESS_INVALID_PREFIX;
}

/* Version and payload of an address that is to be written. */
static enum kaspa_address_error fill_address(struct kaspa_address *out, uint64_t version,
                                             struct assay_bytes payload)
{
    size_t len = version == KASPA_ADDRESS_PUBKEY_ECDSA ? 33 : 32;

    if (version != KASPA_ADDRESS_PUBKEY && version != KASPA_ADDRESS_PUBKEY_ECDSA &&
        version != KASPA_ADDRESS_SCRIPT_HASH)
        return KASPA_ADDRESS_INVALID_VERSION;
    if (payload.len != len)
        return KASPA_ADDRESS_INVALID_PAYLOAD_LENGTH;
    out->version = (enum kaspa_address_version)version;
    out->payload_len = len;
    memcpy(out->payload, payload.at, len);
    return KASPA_ADDRESS_OK;
}

static enum operation_answer address_encode(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"prefix", "version", "payload", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address = {0};
    enum kaspa_address_error error;
    struct assay_bytes payload;
    const char *prefix;
    uint64_t version;

    if (!operation_members(in, members, err) ||
        (prefix = operation_text(in, "prefix", true, err)) == NULL ||
        !kaspa_in_small(&version, in, "version", UINT8_MAX, err) ||
        !kaspa_in_hex(&payload, &arena, in, "payload", err))
        goto out;
    error = network_of(&address.network, prefix);
    if (error == KASPA_ADDRESS_OK)
        error = fill_address(&address, version, payload);
    if (error != KASPA_ADDRESS_OK) {
        answer = address_refused(result, error);
        goto out;
    }
    kaspa_address_encode(text, &address);
    *result = json_pack("{s:s}", "address", text);
    answer = OPERATION_OK;
out:
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer address_of_script(const json_t *in, json_t **result,
                                               struct assay_err *err)
{
    static const char *const members[] = {"scriptPublicKey", "prefix", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address address;
    enum kaspa_network network;
    struct kaspa_spk spk;
    const char *prefix;

    if (!operation_members(in, members, err) ||
        !kaspa_in_spk(&spk, &arena, in, "scriptPublicKey", err) ||
        (prefix = operation_text(in, "prefix", true, err)) == NULL)
        goto out;
    if (network_of(&network, prefix) != KASPA_ADDRESS_OK) {
        answer = address_refused(result, KASPA_ADDRESS_INVALID_PREFIX);
    } else if (!kaspa_address_of_script(&address, &spk, network)) {
        answer = operation_refused(result, "PubKeyFormat",
                                   "the script is of no standard class, and so has no address");
    } else {
        kaspa_address_encode(text, &address);
        *result = json_pack("{s:s}", "address", text);
        answer = OPERATION_OK;
    }
out:
    assay_arena_fini(&arena);
    return answer;
}

/* ---- numbers of scripts ---- */

static enum operation_answer number_refused(json_t **result, enum kaspa_script_error error)
{
    return operation_refused(result, kaspa_script_error_name(error),
                             kaspa_script_error_text(error));
}

static enum operation_answer number_decode(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"bytes", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    enum kaspa_script_error error;
    struct assay_bytes bytes;
    char text[32];
    int64_t number;

    if (!operation_members(in, members, err) || !kaspa_in_hex(&bytes, &arena, in, "bytes", err))
        goto out;
    error = kaspa_number_decode(&number, bytes);
    if (error != KASPA_SCRIPT_OK) {
        answer = number_refused(result, error);
    } else if (snprintf(text, sizeof text, "%" PRId64, number) < (int)sizeof text) {
        *result = json_pack("{s:s}", "number", text);
        answer = OPERATION_OK;
    }
out:
    assay_arena_fini(&arena);
    return answer;
}

/* A signed decimal text, -2^63 to 2^63-1, without other zeros in front than 0 itself. */
static bool i64_of(int64_t *out, const char *text)
{
    bool negative = text[0] == '-';
    uint64_t size;

    if (assay_decimal_u64(&size, assay_str(text + (negative ? 1 : 0))) != ASSAY_OK ||
        size > (uint64_t)INT64_MAX + (negative ? 1 : 0) || (negative && size == 0))
        return false;
    *out = !negative ? (int64_t)size : size > (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)size;
    return true;
}

static enum operation_answer number_encode(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"number", NULL};
    uint8_t bytes[KASPA_NUMBER_MAX_BYTES];
    enum kaspa_script_error error;
    const char *text;
    int64_t number;
    size_t len;

    if (!operation_members(in, members, err) ||
        (text = operation_text(in, "number", true, err)) == NULL)
        return OPERATION_ERROR;
    if (!i64_of(&number, text)) {
        assay_fail(err, ASSAY_E_RANGE, 0,
                   "member number: expected a text with a number from -2^63 to 2^63-1");
        return OPERATION_ERROR;
    }
    error = kaspa_number_encode(bytes, &len, number);
    if (error != KASPA_SCRIPT_OK)
        return number_refused(result, error);
    *result = json_pack("{s:o}", "bytes", kaspa_out_hex(assay_bytes_of(bytes, len)));
    return OPERATION_OK;
}

/* ---- personal messages ---- */

static enum operation_answer message_hash(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"message", NULL};
    struct kaspa_hash hash;
    const char *message;

    if (!operation_members(in, members, err) ||
        (message = operation_text(in, "message", true, err)) == NULL)
        return OPERATION_ERROR;
    kaspa_message_hash(&hash, assay_str(message));
    *result = json_pack("{s:o}", "hash", kaspa_out_hash(&hash));
    return OPERATION_OK;
}

static enum operation_answer message_verify(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"message", "publicKey", "signature", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_bytes key, signature;
    const char *message;

    if (!operation_members(in, members, err) ||
        (message = operation_text(in, "message", true, err)) == NULL ||
        !kaspa_in_hex(&key, &arena, in, "publicKey", err) ||
        !kaspa_in_hex(&signature, &arena, in, "signature", err))
        goto out;
    if (key.len == ASSAY_XONLY_BYTES && signature.len == ASSAY_SIG_BYTES &&
        kaspa_message_is_signed(assay_str(message), key.at, signature.at)) {
        *result = json_object();
        answer = OPERATION_OK;
    } else {
        answer = operation_refused(result, "InvalidSignature",
                                   "it is no signature of this message by this key");
    }
out:
    assay_arena_fini(&arena);
    return answer;
}

/* ---- blocks ---- */

/* An array of hashes. */
static struct kaspa_hash *hashes_in(size_t *count, struct assay_arena *arena, const json_t *array,
                                    struct assay_err *err)
{
    struct kaspa_hash *hashes;

    *count = json_array_size(array);
    hashes = kaspa_in_room(arena, *count, sizeof *hashes, err);
    for (size_t i = 0; hashes != NULL && i < *count; i++) {
        json_t *one = json_pack("{s:O}", "hash", json_array_get(array, i));
        bool ok = kaspa_in_hash(&hashes[i], one, "hash", err);

        json_decref(one);
        if (!ok)
            return NULL;
    }
    return hashes;
}

static enum operation_answer merkle_root(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"hashes", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_hash *hashes, root;
    const json_t *array;
    size_t count;

    if (operation_members(in, members, err) &&
        (array = kaspa_in_array(in, "hashes", err)) != NULL &&
        (hashes = hashes_in(&count, &arena, array, err)) != NULL) {
        kaspa_merkle_root(&root, hashes, count);
        *result = json_pack("{s:o}", "root", kaspa_out_hash(&root));
        answer = OPERATION_OK;
    }
    assay_arena_fini(&arena);
    return answer;
}

static bool levels_in(struct kaspa_header *header, struct assay_arena *arena, const json_t *in,
                      struct assay_err *err)
{
    const json_t *array = kaspa_in_array(in, "parentsByLevel", err);
    size_t count = json_array_size(array);
    struct kaspa_parents *levels;

    if (array == NULL || (levels = kaspa_in_room(arena, count, sizeof *levels, err)) == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *level = json_array_get(array, i);

        if (!json_is_array(level)) {
            assay_fail(err, ASSAY_E_TYPE, 0, "member parentsByLevel: expected arrays of hashes");
            return false;
        }
        levels[i].hashes = hashes_in(&levels[i].count, arena, level, err);
        if (levels[i].hashes == NULL)
            return false;
    }
    header->levels = levels;
    header->level_count = count;
    return true;
}

/* Hex without or with leading zeros, and so of any length. */
static bool blue_work_in(struct kaspa_header *header, struct assay_arena *arena, const json_t *in,
                         struct assay_err *err)
{
    const char *text = operation_text(in, "blueWork", true, err);
    json_t *padded;
    bool ok;

    if (text == NULL)
        return false;
    padded = json_pack("{s:s+}", "blueWork", strlen(text) % 2 == 1 ? "0" : "", text);
    ok = kaspa_in_hex(&header->blue_work, arena, padded, "blueWork", err);
    json_decref(padded);
    return ok;
}

static enum operation_answer header_hash(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"version",
                                          "parentsByLevel",
                                          "hashMerkleRoot",
                                          "acceptedIdMerkleRoot",
                                          "utxoCommitment",
                                          "timestamp",
                                          "bits",
                                          "nonce",
                                          "daaScore",
                                          "blueScore",
                                          "blueWork",
                                          "pruningPoint",
                                          NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_IN_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct kaspa_header header = {0};
    struct kaspa_hash hash;
    uint64_t version, bits;

    if (operation_members(in, members, err) &&
        kaspa_in_small(&version, in, "version", UINT16_MAX, err) &&
        levels_in(&header, &arena, in, err) &&
        kaspa_in_hash(&header.hash_merkle_root, in, "hashMerkleRoot", err) &&
        kaspa_in_hash(&header.accepted_id_merkle_root, in, "acceptedIdMerkleRoot", err) &&
        kaspa_in_hash(&header.utxo_commitment, in, "utxoCommitment", err) &&
        kaspa_in_u64(&header.timestamp_ms, in, "timestamp", err) &&
        kaspa_in_small(&bits, in, "bits", UINT32_MAX, err) &&
        kaspa_in_u64(&header.nonce, in, "nonce", err) &&
        kaspa_in_u64(&header.daa_score, in, "daaScore", err) &&
        kaspa_in_u64(&header.blue_score, in, "blueScore", err) &&
        blue_work_in(&header, &arena, in, err) &&
        kaspa_in_hash(&header.pruning_point, in, "pruningPoint", err)) {
        header.version = (uint16_t)version;
        header.bits = (uint32_t)bits;
        kaspa_header_hash(&hash, &header);
        *result = json_pack("{s:o}", "hash", kaspa_out_hash(&hash));
        answer = OPERATION_OK;
    }
    assay_arena_fini(&arena);
    return answer;
}

const struct operation operations_kaspa_data[] = {
    {"kaspa.script.class", "scriptPublicKey", "class", script_class},
    {"kaspa.script.text", "script", "text", script_text},
    {"kaspa.script.assemble", "text", "script", script_assemble},
    {"kaspa.script.sig_ops", "signatureScript, scriptPublicKey", "count", script_sig_ops},
    {"kaspa.address.decode", "address", "prefix, version, payload, scriptPublicKey",
     address_decode},
    {"kaspa.address.encode", "prefix, version, payload", "address", address_encode},
    {"kaspa.address.of_script", "scriptPublicKey, prefix", "address", address_of_script},
    {"kaspa.number.decode", "bytes", "number", number_decode},
    {"kaspa.number.encode", "number", "bytes", number_encode},
    {"kaspa.message.hash", "message", "hash", message_hash},
    {"kaspa.message.verify", "message, publicKey (x-only), signature", "{}", message_verify},
    {"kaspa.merkle_root", "hashes", "root", merkle_root},
    {"kaspa.header_hash", "the header's members as in RPC, 64-bit values as texts", "hash",
     header_hash},
    {0},
};
