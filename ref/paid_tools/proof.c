/* Payment proofs: header text to members, and back. See proof.h; verdicts are in verify.c. */
#include "paid_tools/proof.h"

#include "base/base64.h"
#include "defects/defects.h"
#include "paid_tools/text.h"

/* What defects that take a nonce of another shape remember it by: "[" what is verified "]" rest. */
static enum assay_code keep_coerced(struct pt_proof *out, struct assay_bytes verified,
                                    struct assay_bytes rest)
{
    struct assay_buf text = ASSAY_BUF_OVER(out->nonce);

    assay_buf_add_byte(&text, '[');
    assay_buf_add(&text, verified);
    assay_buf_add_byte(&text, ']');
    assay_buf_add(&text, rest);
    return assay_buf_cstr(&text) != NULL ? ASSAY_OK : ASSAY_E_MALFORMED;
}

/* The value of the first member of a name; assay_json_member finds the last of duplicates. */
static uint32_t first_member(const struct assay_json *doc, uint32_t object, const char *name)
{
    uint32_t at = assay_json_first(doc, object);

    while (at != ASSAY_JSON_NONE && !assay_json_string_is(doc, at, name))
        at = assay_json_next_sibling(doc, object, at);
    return at != ASSAY_JSON_NONE ? at + 1 : at;
}

static enum assay_code read_nonce(struct pt_proof *out, const struct assay_json *doc,
                                  uint32_t object, struct assay_err *err)
{
    uint32_t token = assay_json_member(doc, object, "nonce");
    enum assay_json_type type = assay_json_type(doc, token);

    if (REF_DEFECT(nonce_array) && type == ASSAY_JSON_ARRAY)
        return keep_coerced(out, assay_json_raw(doc, token), ASSAY_LIT(""));
    if (REF_DEFECT(nonce_number) && type == ASSAY_JSON_NUMBER)
        return keep_coerced(out, assay_json_raw(doc, token), ASSAY_LIT(""));
    if (REF_DEFECT(proof_duplicate_members) && first_member(doc, object, "nonce") != token)
        return keep_coerced(out, assay_json_raw(doc, first_member(doc, object, "nonce")),
                            assay_json_raw(doc, token));
    return pt_text_read(out->nonce, sizeof(out->nonce), doc, token, "nonce", err);
}

/* Of defect expiry.lenient_text: a number of milliseconds, or a text that begins with a date. */
static enum assay_code read_expiry_leniently(struct pt_proof *out, const struct assay_json *doc,
                                             uint32_t token)
{
    struct assay_bytes raw = assay_json_raw(doc, token);
    char date[ASSAY_TIME_TEXT_BYTES] = "0000-00-00T00:00:00.000Z";
    bool is_text = assay_json_type(doc, token) == ASSAY_JSON_STRING;
    struct assay_buf kept = ASSAY_BUF_OVER(out->expires_at);
    uint64_t ms = 0;

    assay_buf_add(&kept, raw);
    if (assay_buf_cstr(&kept) == NULL)
        return ASSAY_E_MALFORMED;
    if (!is_text && assay_json_u64(&ms, doc, token) == ASSAY_OK && ms < (uint64_t)1 << 52) {
        out->expires_ms = (int64_t)ms;
        return ASSAY_OK;
    }
    raw = assay_bytes_part(raw, 1, sizeof(date) - 1);
    memcpy(date, raw.at, raw.len);
    return is_text ? assay_time_parse(&out->expires_ms, assay_str(date)) : ASSAY_E_MALFORMED;
}

static enum assay_code read_expiry(struct pt_proof *out, const struct assay_json *doc,
                                   uint32_t object, struct assay_err *err)
{
    uint32_t token = assay_json_member(doc, object, "expiresAt");
    enum assay_code rc;

    rc = pt_text_read(out->expires_at, sizeof(out->expires_at), doc, token, "expiresAt", err);
    if (rc == ASSAY_OK)
        rc = assay_time_parse(&out->expires_ms, assay_str(out->expires_at));
    if (REF_DEFECT(expiry_lenient_text) && rc != ASSAY_OK)
        rc = read_expiry_leniently(out, doc, token);
    if (rc == ASSAY_E_RANGE)
        rc = ASSAY_E_MALFORMED;
    return rc == ASSAY_OK ? rc
                          : assay_fail(err, rc, 0,
                                       "expiresAt: is no time of the form "
                                       "YYYY-MM-DDTHH:MM:SS.mmmZ");
}

static enum assay_code read_members(struct pt_proof *out, const struct assay_json *doc,
                                    uint32_t object, struct assay_err *err)
{
    const struct {
        const char *name;
        char *text;
        bool is_unsigned; /* not covered by the signature */
    } texts[] = {
        {"requestHash", out->request_hash, false},
        {"payer", out->payer, true},
        {"timestamp", out->timestamp, true},
        {"signature", out->signature, false},
    };
    enum assay_code rc = read_nonce(out, doc, object, err);

    for (size_t i = 0; rc == ASSAY_OK && i < ARRAY_LEN(texts); i++) {
        uint32_t token = assay_json_member(doc, object, texts[i].name);

        rc = pt_text_read(texts[i].text, PT_TEXT_MAX_BYTES, doc, token, texts[i].name, err);
        if (REF_DEFECT(proof_not_json_types) && texts[i].is_unsigned && rc == ASSAY_E_TYPE)
            rc = ASSAY_OK;
        if (REF_DEFECT(proof_type_500) && texts[i].text == out->signature && rc == ASSAY_E_TYPE)
            rc = ASSAY_E_CRASHED;
    }
    return rc == ASSAY_OK ? read_expiry(out, doc, object, err) : rc;
}

enum assay_code pt_proof_members(struct pt_proof *out, const struct assay_json *doc,
                                 uint32_t object, struct assay_err *err)
{
    enum assay_code rc = read_members(out, doc, object, err);

    /* TOO_LARGE is kept for a header above its limit. */
    return rc == ASSAY_E_TOO_LARGE ? ASSAY_E_MALFORMED : rc;
}

enum assay_code pt_proof_parse(struct pt_proof *out, struct assay_bytes json, struct assay_err *err)
{
    enum assay_json_flags flags =
        REF_DEFECT(proof_duplicate_members) ? ASSAY_JSON_LAST_DUPLICATE_WINS : ASSAY_JSON_STRICT;
    struct assay_json_token tokens[PT_JSON_MAX_TOKENS];
    struct pt_proof read = {0};
    struct assay_json doc;
    uint32_t version;
    enum assay_code rc;

    if (assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), json, flags, err) != ASSAY_OK)
        return assay_err_wrap(err, ASSAY_E_MALFORMED, "proof");
    if (REF_DEFECT(proof_null_500) && assay_json_type(&doc, 0) == ASSAY_JSON_NULL)
        return ASSAY_E_CRASHED;
    if (assay_json_type(&doc, 0) != ASSAY_JSON_OBJECT)
        return assay_fail(err, ASSAY_E_TYPE, 0, "proof: is no JSON object");
    version = assay_json_member(&doc, 0, "version");
    if (version == ASSAY_JSON_NONE)
        return assay_fail(err, ASSAY_E_MISSING, 0, "proof: version: is missing");
    if ((rc = assay_json_u64(&read.version, &doc, version)) != ASSAY_OK)
        return assay_fail(err, rc, 0, "proof: version: %s", assay_code_text(rc));
    if ((rc = pt_proof_members(&read, &doc, 0, err)) != ASSAY_OK)
        return assay_err_wrap(err, rc, "proof");
    *out = read;
    return ASSAY_OK;
}

/* Of defect proof.lenient_base64: both alphabets, up to the first byte that is in neither. */
static void decode_leniently(struct assay_buf *out, struct assay_bytes text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = (char)(text.at[i] == '+' ? '-' : text.at[i] == '/' ? '_' : text.at[i]);
        const char *at = c != '\0' ? strchr(letters, c) : NULL;

        if (at == NULL)
            return;
        bits = bits << 6 | (uint32_t)(at - letters);
        if (i % 4 > 0)
            assay_buf_add_byte(out, (uint8_t)(bits >> (6 - 2 * (i % 4))));
    }
}

enum assay_code pt_proof_decode(struct pt_proof *out, struct assay_bytes header,
                                struct assay_err *err)
{
    uint8_t json[PT_PROOF_HEADER_MAX_BYTES];
    struct assay_buf text = ASSAY_BUF_OVER(json);
    enum assay_code rc;

    if (header.len > PT_PROOF_HEADER_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, PT_PROOF_HEADER_MAX_BYTES,
                          "proof: has %zu bytes, the limit is %d", header.len,
                          PT_PROOF_HEADER_MAX_BYTES);
    rc = assay_base64_decode(&text, ASSAY_BASE64_URL, header, err);
    if (REF_DEFECT(proof_lenient_base64) && rc != ASSAY_OK) {
        decode_leniently(&text, header);
        rc = ASSAY_OK;
    }
    if (rc != ASSAY_OK)
        return assay_err_wrap(err, rc, "proof");
    return pt_proof_parse(out, assay_buf_view(&text), err);
}

void pt_proof_write(struct assay_buf *out, const struct pt_proof *proof)
{
    assay_buf_add_str(out, "{\"version\":");
    assay_buf_add_u64(out, proof->version);
    pt_text_member(out, "nonce", proof->nonce);
    pt_text_member(out, "requestHash", proof->request_hash);
    pt_text_member(out, "payer", proof->payer);
    pt_text_member(out, "timestamp", proof->timestamp);
    pt_text_member(out, "expiresAt", proof->expires_at);
    pt_text_member(out, "signature", proof->signature);
    assay_buf_add_byte(out, '}');
}

void pt_proof_encode(struct assay_buf *out, const struct pt_proof *proof)
{
    /* Of a kibibyte of controls a JSON string makes six; the texts together stay below twelve. */
    struct assay_buf json = ASSAY_BUF_INIT(8 * sizeof(struct pt_proof));

    pt_proof_write(&json, proof);
    if (assay_buf_ok(&json))
        assay_base64_encode(out, ASSAY_BASE64_URL, assay_buf_view(&json));
    else if (assay_buf_ok(out))
        out->bad = json.bad;
    assay_buf_fini(&json);
}
