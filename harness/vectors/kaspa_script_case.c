/* Cases of kaspa.script.run from rows of text: the transaction that they share, and the words that
 * stand for keys and signatures. */
#include "vectors/cases.h"

#include "kaspa/sighash.h"
#include "kaspa/sign.h"

#include <stdlib.h>

#define SCRIPT_MAX_BYTES ((size_t)1 << 16)
#define COVENANT "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define ID(digit)                                                                                  \
    digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit

static const char shared[] =
    "{'transaction': {'version': 1, 'inputs': ["
    "{'previousOutpoint': {'transactionId': '" ID(
        "1111") "', 'index': 3}, "
                "'signatureScript': '', 'sequence': '7', 'computeBudget': 100}, "
                "{'previousOutpoint': {'transactionId': '" ID(
                    "2222") "', 'index': 0}, "
                            "'signatureScript': '', 'sequence': '18446744073709551615', "
                            "'computeBudget': 0}], "
                            "'outputs': [{'value': '1000', 'scriptPublicKey': '000051', "
                            "'covenant': null}, "
                            "{'value': '2000', 'scriptPublicKey': '00005253', "
                            "'covenant': {'authorizingInput': 1, 'covenantId': '" COVENANT "'}}], "
                            "'lockTime': '400', 'subnetworkId': "
                            "'0000000000000000000000000000000000000000', 'gas': '9', "
                            "'payload': '0102030405', 'storageMass': '0'}, "
                            "'utxos': [{'amount': '5000', 'scriptPublicKey': '0000', "
                            "'blockDaaScore': '77', "
                            "'isCoinbase': true, 'covenantId': null}, "
                            "{'amount': '6000', 'scriptPublicKey': '000051', 'blockDaaScore': "
                            "'78', "
                            "'isCoinbase': false, 'covenantId': '" COVENANT "'}], 'input': 0}";

/* ---- words ---- */

static void add_key(struct assay_buf *out, const char *name, bool ecdsa)
{
    struct assay_key key;

    vectors_key(&key, name);
    kaspa_script_add_push(out, ecdsa ? assay_bytes_of(key.compressed, sizeof key.compressed)
                                     : assay_bytes_of(key.xonly, sizeof key.xonly));
}

static bool add_data_signature(struct assay_buf *out, const char *name, bool ecdsa)
{
    uint8_t message[ASSAY_SIG_MESSAGE_BYTES], signature[ASSAY_SIG_BYTES];
    struct assay_key key;
    enum assay_code rc;

    memset(message, 0x42, sizeof message);
    vectors_key(&key, name);
    rc = ecdsa ? assay_ecdsa_sign(signature, message, &key)
               : assay_schnorr_sign(signature, message, &key, NULL);
    kaspa_script_add_push(out, assay_bytes_of(signature, sizeof signature));
    return rc == ASSAY_OK;
}

/* what: "a:01", the signer and the type. */
static bool add_signature(struct assay_buf *out, const char *what, bool ecdsa,
                          const struct kaspa_in *k)
{
    char name[2] = {what[0], '\0'};
    uint8_t type = what[1] == ':' ? (uint8_t)strtoul(what + 2, NULL, 16) : 0;
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];
    struct assay_key key;
    enum assay_code rc;

    if (k == NULL || !kaspa_sighash_type_is_known(type))
        return false;
    vectors_key(&key, name);
    rc = (ecdsa ? kaspa_sign_ecdsa : kaspa_sign_schnorr)(push, &k->tx, 0, &k->utxos[0], type, &key,
                                                         NULL);
    assay_buf_add(out, assay_bytes_of(push, sizeof push));
    return rc == ASSAY_OK;
}

static bool add_covenant(struct assay_buf *out)
{
    uint8_t id[KASPA_HASH_BYTES];

    memset(id, 0xcc, sizeof id);
    kaspa_script_add_push(out, assay_bytes_of(id, sizeof id));
    return true;
}

/* A word behind its @. */
static bool add_word(struct assay_buf *out, const char *word, const struct kaspa_in *k)
{
    bool ecdsa = strncmp(word, "ecdsa", 5) == 0;

    word += ecdsa ? 5 : 0;
    if (strncmp(word, "key:", 4) == 0) {
        add_key(out, word + 4, ecdsa);
        return true;
    }
    if (strncmp(word, "data:", 5) == 0)
        return add_data_signature(out, word + 5, ecdsa);
    if (strncmp(word, "sig:", 4) == 0)
        return add_signature(out, word + 4, ecdsa, k);
    return strcmp(word, "covenant") == 0 && add_covenant(out);
}

bool vectors_assemble(struct assay_buf *out, const char *text, const struct kaspa_in *k,
                      struct assay_err *err)
{
    while (text[0] != '\0') {
        size_t len = strcspn(text, " ");
        char word[256];

        if (text[0] == '@' && len < sizeof word) {
            memcpy(word, text + 1, len - 1);
            word[len - 1] = '\0';
            if (!add_word(out, word, k)) {
                assay_fail(err, ASSAY_E_UNKNOWN, 0, "there is no word @%s", word);
                return false;
            }
        } else if (kaspa_script_assemble(out, assay_bytes_of(text, len), err) != ASSAY_OK) {
            return false;
        }
        text += len + strspn(text + len, " ");
    }
    return assay_buf_ok(out);
}

/* ---- cases ---- */

/* The script public key of the row: its own text, or P2SH of the redeem script. */
static json_t *spk_of(const struct vectors_script *row, struct assay_err *err)
{
    struct assay_buf script = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES),
                     hash = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES);
    json_t *value = NULL;
    struct kaspa_spk spk = {0};

    if (vectors_assemble(&script, row->redeem != NULL ? row->redeem : row->spk, NULL, err)) {
        kaspa_script_add_pay_to_script_hash(&hash, assay_buf_view(&script));
        spk.script = assay_buf_view(row->redeem != NULL ? &hash : &script);
        value = kaspa_out_spk(&spk);
    }
    assay_buf_fini(&script);
    assay_buf_fini(&hash);
    return value;
}

static json_t *signature_of(const struct vectors_script *row, const struct kaspa_in *k,
                            struct assay_err *err)
{
    struct assay_buf script = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES),
                     redeem = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES);
    json_t *value = NULL;

    if (vectors_assemble(&script, row->signature, k, err) &&
        (row->redeem == NULL || vectors_assemble(&redeem, row->redeem, NULL, err))) {
        if (row->redeem != NULL)
            kaspa_script_add_push(&script, assay_buf_view(&redeem));
        value = kaspa_out_hex(assay_buf_view(&script));
    }
    assay_buf_fini(&script);
    assay_buf_fini(&redeem);
    return value;
}

static bool is_signed(const char *text)
{
    return strstr(text, "sig:") != NULL;
}

/* The input without its signature script is read back, so that what is signed is what is written.
 */
static void sign(struct vectors *v, const struct vectors_script *row, json_t *in)
{
    json_t *input =
        json_array_get(json_object_get(json_object_get(in, "transaction"), "inputs"), 0);
    struct kaspa_in k = KASPA_IN_INIT;

    if (!is_signed(row->signature))
        json_object_set_new(input, "signatureScript", signature_of(row, NULL, v->err));
    else if (kaspa_in_tx(&k, in, v->err) && kaspa_in_utxos(&k, in, false, v->err))
        json_object_set_new(input, "signatureScript", signature_of(row, &k, v->err));
    assay_arena_fini(&k.arena);
}

static bool is_of_signature(const char *path)
{
    return path != NULL && strstr(path, "signatureScript") != NULL;
}

/* Patches come before the signature, but for one of the signature script itself. */
void vectors_add_script(struct vectors *v, const struct vectors_script *row)
{
    struct assay_err err = {0};
    struct vectors own = {.cases = v->cases, .err = &err};
    json_t *in = vectors_json(v, shared);
    json_t *utxo = json_array_get(json_object_get(in, "utxos"), 0);

    json_object_set_new(utxo, "scriptPublicKey", spk_of(row, &err));
    if (!is_of_signature(row->patches[0].path))
        vectors_patch(&own, in, row->patches);
    sign(&own, row, in);
    if (is_of_signature(row->patches[0].path))
        vectors_patch(&own, in, row->patches);
    if (err.code != ASSAY_OK)
        assay_fail(v->err, err.code, 0, "kaspa.script.run: case \"%s\": %s", row->name, err.text);
    vectors_add(v, "kaspa.script.run", row->name, row->expected, in, NULL);
}
