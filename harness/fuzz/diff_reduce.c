/* Cutting an input down; see diff_reduce.h. It is changed a little at a time, and each change is
 * taken back where it no longer shows what it showed. */
#include "fuzz/diff_reduce.h"

#include "base/hex.h"
#include "fault/tree.h"
#include "kaspa/script.h"

#include <stdlib.h>

#define DEPTH_MAX 16
#define TEXT_MAX_BYTES ((size_t)16 << 20)
#define PARTS_MAX 256         /**< a longer script is not cut byte by byte */
#define INSTRUCTIONS_MAX 1000 /**< nor instruction by instruction */

static bool is_left(const struct diff_reduction *r)
{
    return r->steps > 0 && monotonic_ns() < r->until_ns;
}

static bool still_shows(struct diff_reduction *r)
{
    if (!is_left(r))
        return false;
    r->steps--;
    return r->shows(r->context, r->in);
}

/* ---- members ---- */

/* Keeps the new value (stolen) of a member where it still shows. */
static bool try_member(struct diff_reduction *r, json_t *object, const char *name, json_t *value)
{
    json_t *old = json_incref(json_object_get(object, name));
    bool is_kept = value != NULL && !json_equal(old, value) &&
                   json_object_set(object, name, value) == 0 && still_shows(r);

    if (!is_kept)
        (void)json_object_set(object, name, old);
    json_decref(old);
    json_decref(value);
    return is_kept;
}

/* What a text may become: nothing at all, one like it that says nothing, or ever less of it. */
enum text_kind { TEXT_FIXED, TEXT_NUMBER, TEXT_HASH, TEXT_SCRIPT, TEXT_SPK };

static enum text_kind kind_of(const char *name)
{
    static const struct {
        const char *name;
        enum text_kind kind;
    } kinds[] = {
        {"sequence", TEXT_NUMBER},
        {"value", TEXT_NUMBER},
        {"amount", TEXT_NUMBER},
        {"lockTime", TEXT_NUMBER},
        {"gas", TEXT_NUMBER},
        {"storageMass", TEXT_NUMBER},
        {"blockDaaScore", TEXT_NUMBER},
        {"timestamp", TEXT_NUMBER},
        {"nonce", TEXT_NUMBER},
        {"daaScore", TEXT_NUMBER},
        {"blueScore", TEXT_NUMBER},
        {"transactionId", TEXT_HASH},
        {"covenantId", TEXT_HASH},
        {"subnetworkId", TEXT_HASH},
        {"hashMerkleRoot", TEXT_HASH},
        {"acceptedIdMerkleRoot", TEXT_HASH},
        {"utxoCommitment", TEXT_HASH},
        {"pruningPoint", TEXT_HASH},
        {"signatureScript", TEXT_SCRIPT},
        {"payload", TEXT_SCRIPT},
        {"scriptPublicKey", TEXT_SPK},
    };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(name, kinds[i].name) == 0)
            return kinds[i].kind;
    return TEXT_FIXED;
}

/* The text with `instead` in place of `len` characters at `at`. */
static json_t *text_with(const char *text, size_t at, size_t len, const char *instead)
{
    struct assay_buf changed = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_bytes all = assay_str(text);
    json_t *value = NULL;

    assay_buf_add(&changed, assay_bytes_part(all, 0, at));
    assay_buf_add_str(&changed, instead);
    assay_buf_add(&changed, assay_bytes_part(all, at + len, all.len));
    if (assay_buf_ok(&changed))
        value = json_string(assay_buf_cstr(&changed));
    assay_buf_fini(&changed);
    return value;
}

/* Takes units out behind the first `keep` bytes, ever smaller parts of what is left, from the end
 * on. What is no text any more is no change. */
static bool cut_text(struct diff_reduction *r, json_t *object, const char *name, size_t keep,
                     size_t unit)
{
    size_t len = strlen(json_string_value(json_object_get(object, name)));
    bool is_shorter = false;

    for (size_t part = (len - keep) / (2 * unit) * unit; part >= unit && len / part <= PARTS_MAX;
         part = part / (2 * unit) * unit)
        for (size_t end = len; end >= keep + part && is_left(r);) {
            const char *text = json_string_value(json_object_get(object, name));

            if (try_member(r, object, name, text_with(text, end - part, part, ""))) {
                len -= part;
                is_shorter = true;
            }
            end -= part;
        }
    return is_shorter;
}

/* ---- scripts ---- */

/* The instruction with that number, or else the last one that decodes; returns how many there are
 * up to there. */
static size_t find_instruction(struct kaspa_instruction *out, struct assay_bytes script,
                               size_t number)
{
    size_t count = 0;

    *out = (struct kaspa_instruction){.at = 0};
    while (out->next < script.len && count <= number &&
           kaspa_instruction_decode(out, script, out->next) == KASPA_SCRIPT_OK)
        count++;
    return count;
}

/* The bytes of hex behind its first `keep` digits; the room is the caller's to free. */
static struct assay_bytes script_of(uint8_t **room, const char *text, size_t keep)
{
    size_t len = strlen(text + keep) / 2;

    *room = assay_alloc(len + 1);
    if (*room == NULL || assay_hex_decode(*room, len, assay_str(text + keep), true) != ASSAY_OK)
        len = 0;
    return assay_bytes_of(*room, len);
}

/* Takes one instruction out, or puts a shorter push in its place. */
static bool cut_instruction(struct diff_reduction *r, json_t *object, const char *name, size_t keep,
                            size_t number)
{
    static const char *const instead[] = {"", "00", "51"};
    json_t *text = json_incref(json_object_get(object, name));
    struct kaspa_instruction found;
    bool is_shorter = false;
    uint8_t *room;

    if (find_instruction(&found, script_of(&room, json_string_value(text), keep), number) ==
        number + 1) {
        size_t at = keep + 2 * found.at, len = 2 * (found.next - found.at);

        for (size_t i = 0; i < ARRAY_LEN(instead) && !is_shorter; i++)
            is_shorter = strlen(instead[i]) < len &&
                         try_member(r, object, name,
                                    text_with(json_string_value(text), at, len, instead[i]));
    }
    assay_free(room);
    json_decref(text);
    return is_shorter;
}

static bool cut_script(struct diff_reduction *r, json_t *object, const char *name, size_t keep)
{
    struct kaspa_instruction last;
    bool is_shorter = false;
    uint8_t *room;
    size_t count;

    count = find_instruction(
        &last, script_of(&room, json_string_value(json_object_get(object, name)), keep),
        SIZE_MAX - 1);
    assay_free(room);
    while (count <= INSTRUCTIONS_MAX && count-- > 0 && is_left(r))
        is_shorter |= cut_instruction(r, object, name, keep, count);
    return cut_text(r, object, name, keep, 2) || is_shorter;
}

/* ---- texts ---- */

static json_t *zeros(size_t len)
{
    char *text = assay_alloc(len + 1);
    json_t *value;

    if (text == NULL)
        return NULL;
    memset(text, '0', len);
    value = json_stringn(text, len);
    assay_free(text);
    return value;
}

static bool reduce_text(struct diff_reduction *r, json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    size_t spk_version_len = 4;

    switch (kind_of(name)) {
    case TEXT_NUMBER:
        return try_member(r, object, name, json_string("0"));
    case TEXT_HASH:
        return try_member(r, object, name, zeros(strlen(text)));
    case TEXT_SCRIPT:
        return try_member(r, object, name, json_string("")) || cut_script(r, object, name, 0);
    case TEXT_SPK:
        return strlen(text) >= spk_version_len &&
               (try_member(r, object, name, json_string("0000")) ||
                cut_script(r, object, name, spk_version_len));
    case TEXT_FIXED:
        break;
    }
    return r->any_member &&
           (try_member(r, object, name, json_string("")) || cut_text(r, object, name, 0, 1));
}

static bool reduce_value(struct diff_reduction *r, json_t *value, unsigned depth);

static bool leave_out_member(struct diff_reduction *r, json_t *object, const char *name)
{
    json_t *value = json_incref(json_object_get(object, name));
    bool is_less = is_left(r) && json_object_del(object, name) == 0 && still_shows(r);

    if (!is_less)
        (void)json_object_set(object, name, value);
    json_decref(value);
    return is_less;
}

static bool reduce_member(struct diff_reduction *r, json_t *object, const char *name,
                          unsigned depth)
{
    json_t *value = json_object_get(object, name);
    bool may_be_null = strcmp(name, "covenant") == 0 || strcmp(name, "covenantId") == 0;

    if (may_be_null && try_member(r, object, name, json_null()))
        return true;
    if (r->any_member && leave_out_member(r, object, name))
        return true;
    if (json_is_string(value))
        return reduce_text(r, object, name);
    if (json_is_integer(value))
        return strcmp(name, "input") != 0 && try_member(r, object, name, json_integer(0));
    if (json_is_true(value))
        return try_member(r, object, name, json_false());
    return reduce_value(r, value, depth);
}

/* ---- containers ---- */

static bool reduce_object(struct diff_reduction *r, json_t *object, unsigned depth)
{
    json_t *names = json_array();
    bool is_less = false;
    const char *name;
    json_t *value;

    json_object_foreach (object, name, value) /* values are set below */
        (void)json_array_append_new(names, json_string(name));
    for (size_t i = 0; i < json_array_size(names); i++)
        is_less |= reduce_member(r, object, json_string_value(json_array_get(names, i)), depth);
    json_decref(names);
    return is_less;
}

/* Leaves out what can be, then looks into what is left. */
static bool reduce_array(struct diff_reduction *r, json_t *array, bool may_shrink, unsigned depth)
{
    bool is_less = false;

    for (size_t i = json_array_size(array); i-- > 0;) {
        json_t *element = json_incref(json_array_get(array, i));

        if (may_shrink && is_left(r)) {
            (void)json_array_remove(array, i);
            if (still_shows(r))
                is_less = true;
            else
                (void)json_array_insert(array, i, element);
        }
        if (json_array_get(array, i) == element)
            is_less |= reduce_value(r, element, depth);
        json_decref(element);
    }
    return is_less;
}

/* Inputs and what they spend go together, and are left out below. */
static bool reduce_value(struct diff_reduction *r, json_t *value, unsigned depth)
{
    const json_t *transaction = json_object_get(r->in, "transaction");
    bool goes_with_another =
        value == json_object_get(r->in, "utxos") || value == json_object_get(transaction, "inputs");

    if (depth == DEPTH_MAX)
        return false;
    if (json_is_object(value))
        return reduce_object(r, value, depth + 1);
    if (json_is_array(value))
        return reduce_array(r, value, !goes_with_another, depth + 1);
    return false;
}

/* ---- transactions ---- */

static bool leave_out_input(struct diff_reduction *r, json_t *inputs, json_t *utxos, size_t i)
{
    json_t *input = json_incref(json_array_get(inputs, i));
    json_t *utxo = json_incref(json_array_get(utxos, i));
    json_t *about = json_object_get(r->in, "input");
    json_int_t number = json_integer_value(about);
    bool is_less;

    (void)json_array_remove(inputs, i);
    (void)json_array_remove(utxos, i);
    if (about != NULL && number > (json_int_t)i)
        (void)json_integer_set(about, number - 1);
    is_less = still_shows(r);
    if (!is_less) {
        (void)json_array_insert(inputs, i, input);
        (void)json_array_insert(utxos, i, utxo);
        if (about != NULL)
            (void)json_integer_set(about, number);
    }
    json_decref(input);
    json_decref(utxo);
    return is_less;
}

static bool leave_out_inputs(struct diff_reduction *r)
{
    json_t *inputs = json_object_get(json_object_get(r->in, "transaction"), "inputs");
    json_t *utxos = json_object_get(r->in, "utxos");
    bool is_less = false;

    for (size_t i = json_array_size(inputs); utxos != NULL && i-- > 0;)
        is_less |= leave_out_input(r, inputs, utxos, i);
    return is_less;
}

/* ---- scripts behind hashes ---- */

static json_t *spk_json(struct assay_bytes script)
{
    struct kaspa_spk spk = {.script = script};
    struct assay_buf text = ASSAY_BUF_INIT(8 + 2 * (size_t)KASPA_SCRIPT_MAX_BYTES);
    json_t *value;

    kaspa_spk_add_hex(&text, &spk);
    value = json_string(assay_buf_cstr(&text));
    assay_buf_fini(&text);
    return value;
}

/* The redeem script in place of its hash: what is cut out of a script then changes no hash. */
static void unwrap(struct diff_reduction *r)
{
    size_t i = (size_t)json_integer_value(json_object_get(r->in, "input"));
    json_t *inputs = json_object_get(json_object_get(r->in, "transaction"), "inputs");
    json_t *input = json_array_get(inputs, i);
    json_t *utxo = json_array_get(json_object_get(r->in, "utxos"), i);
    json_t *text = json_incref(json_object_get(input, "signatureScript"));
    json_t *spk = json_incref(json_object_get(utxo, "scriptPublicKey"));
    struct assay_bytes script, redeem;
    struct kaspa_instruction last;
    uint8_t *room = NULL;

    if (text != NULL && spk != NULL) {
        script = script_of(&room, json_string_value(text), 0);
        if (kaspa_script_last_push(&redeem, script)) {
            (void)find_instruction(&last, script, SIZE_MAX - 1);
            (void)json_object_set_new(utxo, "scriptPublicKey", spk_json(redeem));
            (void)json_object_set_new(
                input, "signatureScript",
                text_with(json_string_value(text), 2 * last.at, 2 * (script.len - last.at), ""));
            if (!still_shows(r)) {
                (void)json_object_set(utxo, "scriptPublicKey", spk);
                (void)json_object_set(input, "signatureScript", text);
            }
        }
    }
    assay_free(room);
    json_decref(text);
    json_decref(spk);
}

void diff_reduce(struct diff_reduction *r)
{
    unwrap(r);
    while (is_left(r)) {
        bool is_less = leave_out_inputs(r);

        is_less |= reduce_value(r, r->in, 0);
        if (!is_less)
            return;
    }
}
