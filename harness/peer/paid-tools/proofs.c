/* Making proofs, honest and otherwise: every text that a payer, or whoever plays one, puts into a
 * header. */
#include "peer/paid-tools/peer_internal.h"

#include "base/base64.h"
#include "base/json.h"

/* A proof whose longest member is all escapes, as JSON and then as base64. */
enum { TEXT_MAX_BYTES = 16 * (int)sizeof(struct pt_proof), MEMBERS_MAX_TOKENS = 64 };

static const char *keep_text(struct assay_case *t, struct assay_buf *buf)
{
    return (const char *)peer_keep(t, buf).at;
}

struct assay_bytes pt_secret(struct assay_case *t)
{
    const char *secret = target_secret(case_target(t), "mac");

    if (secret == NULL)
        case_end(
            t, VERDICT_UNSUPPORTED,
            "the secret \"mac\" is not known (`secrets` in the target file): nothing can be paid");
    return assay_str(secret);
}

const char *pt_json(struct assay_case *t, const struct pt_proof *proof)
{
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    pt_proof_write(&out, proof);
    return keep_text(t, &out);
}

const char *pt_header(struct assay_case *t, const struct pt_proof *proof)
{
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    pt_proof_encode(&out, proof);
    return keep_text(t, &out);
}

const char *pt_bridge_header(struct assay_case *t, const struct pt_proof *proof)
{
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    pt_bridge_encode(&out, proof);
    return keep_text(t, &out);
}

const char *pt_encode(struct assay_case *t, struct assay_bytes text)
{
    struct assay_buf out = ASSAY_BUF_INIT(2 * text.len + 16);

    assay_base64_encode(&out, ASSAY_BASE64_URL, text);
    return keep_text(t, &out);
}

const char *pt_quote(struct assay_case *t, const char *text)
{
    struct assay_buf out = ASSAY_BUF_INIT(6 * strlen(text) + 16);

    assay_json_add_string(&out, assay_str(text));
    return keep_text(t, &out);
}

static void add_member(struct assay_buf *out, struct assay_bytes quoted_name,
                       struct assay_bytes raw)
{
    if (out->len > 1)
        assay_buf_add_byte(out, ',');
    assay_buf_add(out, quoted_name);
    assay_buf_add_byte(out, ':');
    assay_buf_add(out, raw);
}

const char *pt_json_with(struct assay_case *t, const struct pt_proof *proof, const char *member,
                         const char *raw)
{
    const char *json = pt_json(t, proof), *name = pt_quote(t, member);
    struct assay_json_token tokens[MEMBERS_MAX_TOKENS];
    struct assay_json doc;
    struct assay_buf out =
        ASSAY_BUF_INIT(TEXT_MAX_BYTES + strlen(name) + (raw != NULL ? strlen(raw) : 0));
    bool there = false;

    if (assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(json), ASSAY_JSON_STRICT,
                         NULL) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the proof's own JSON cannot be read");
    assay_buf_add_byte(&out, '{');
    for (uint32_t at = assay_json_first(&doc, 0); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(&doc, 0, at)) {
        bool is_it = assay_json_string_is(&doc, at, member);

        there = there || is_it;
        if (!is_it)
            add_member(&out, assay_json_raw(&doc, at), assay_json_raw(&doc, at + 1));
        else if (raw != NULL)
            add_member(&out, assay_str(name), assay_str(raw));
    }
    if (!there && raw != NULL)
        add_member(&out, assay_str(name), assay_str(raw));
    assay_buf_add_byte(&out, '}');
    return keep_text(t, &out);
}

const char *pt_sign(struct assay_case *t, const char *nonce, const char *request_hash)
{
    char *out = case_alloc(t, PT_HASH_TEXT_BYTES);

    pt_proof_mac(out, pt_secret(t), assay_str(nonce), assay_str(request_hash));
    return out;
}

struct pt_proof *pt_copy(struct assay_case *t, const struct pt_proof *proof)
{
    struct pt_proof *copy = case_alloc(t, sizeof *copy);

    *copy = *proof;
    return copy;
}

struct pt_proof *pt_resigned(struct assay_case *t, const struct pt_proof *proof)
{
    struct pt_proof *copy = pt_copy(t, proof);

    pt_proof_mac(copy->signature, pt_secret(t), assay_str(copy->nonce),
                 assay_str(copy->request_hash));
    return copy;
}

const char *pt_padded(struct assay_case *t, const char *header)
{
    size_t over = strlen(header) % 4;

    return case_printf(t, "%s%s", header, over == 2 ? "==" : over == 3 ? "=" : "====");
}

const char *pt_in_standard_alphabet(struct assay_case *t, const char *header)
{
    char *text = case_printf(t, "%s", header);

    for (char *at = text; *at != '\0'; at++)
        *at = (char)(*at == '-' ? '+' : *at == '_' ? '/' : *at);
    return text;
}

const char *pt_with_junk_behind(struct assay_case *t, const char *header)
{
    return case_printf(t, "%s.junk", header);
}

const char *pt_with_space_within(struct assay_case *t, const char *header)
{
    return case_printf(t, "%.8s %s", header, header + 8);
}

const char *pt_twice_in_a_list(struct assay_case *t, const char *header)
{
    return case_printf(t, "%s, %s", header, header);
}
