/* What a payment is: the hashes of its authorization, of its transaction and of itself; see
 * exact_hash.h. Source: Kaspa x402 exact digest, sections 6, 9 and 11. */
#include "kaspa_x402/exact_hash_internal.h"

#include "base/hash.h"
#include "kaspa_x402/exact_read.h"
#include "kaspa_x402/exact_write.h"

#define SCRATCH_MAX_BYTES ((size_t)4 << 20) /* tokens of an artifact, and what it holds */

static enum assay_code write_authorized(struct assay_buf *out, const void *what,
                                        struct assay_err *err)
{
    const struct kx_authorized *a = what;
    const struct kx_terms *terms = a->terms;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_text(out, "amount", terms->amount_text);
    if (terms->profile == KX_STANDARD_NATIVE)
        kx_write_str(out, "challengeId", NULL);
    else
        kx_write_hex(out, "challengeId",
                     assay_bytes_of(terms->challenge_id, sizeof(terms->challenge_id)));
    kx_write_text(out, "expiresAt", a->expires_at);
    kx_write_number(out, "inputIndex", a->input_index);
    kx_write_text(out, "network", terms->network_text);
    kx_write_text(out, "payTo", terms->pay_to);
    kx_write_hex(out, "payToScriptPublicKey", terms->spk);
    kx_write_text(out, "paymentIdentifier", a->identifier);
    kx_write_number(out, "paymentOutputIndex", a->output_index);
    kx_write_str(out, "paymentRequirementsHash", a->requirements_hash);
    kx_write_str(out, "profile", kx_profile_name(terms->profile));
    kx_write_str(out, "requestHash", a->fingerprint);
    kx_write_str(out, "scope", KX_AUTHORIZATION);
    kx_write_str(out, "transactionId", a->transaction_id);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_authorization_text(struct assay_buf *out, const struct kx_authorized *a)
{
    (void)!write_authorized(out, a, NULL); /* which fails as its buffer does */
    return out->bad;
}

enum assay_code kx_authorization_digest(uint8_t *out, const struct kx_authorized *a)
{
    return kx_write_digest(out, write_authorized, a, NULL);
}

/* What both the authorization's id and the payload's hash have of it, up to the input. */
static void write_authorization(struct assay_buf *out, const struct kx_authorization *a)
{
    kx_write_hex(out, "digest", assay_bytes_of(a->digest, sizeof(a->digest)));
    kx_write_text(out, "expiresAt", a->expires_at);
    kx_write_number(out, "inputIndex", a->input_index);
}

static void write_signature(struct assay_buf *out, const struct kx_authorization *a)
{
    kx_write_hex(out, "signature", assay_bytes_of(a->signature, sizeof(a->signature)));
    kx_write_text(out, "version", a->version);
}

static enum assay_code write_authorization_id(struct assay_buf *out, const void *what,
                                              struct assay_err *err)
{
    (void)err;
    assay_buf_add_byte(out, '{');
    write_authorization(out, what);
    kx_write_str(out, "scope", "kaspa:x402:exact-request-authorization-id:v1");
    write_signature(out, what);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_authorization_id(char *out, const struct kx_authorization *authorization)
{
    return kx_write_hash(out, write_authorization_id, authorization, NULL);
}

/* A transaction's text that is read, and the projection that is written from it. */
struct projection {
    const struct kx_reader *reader;
    struct assay_buf *out;
};

static bool project_input(struct projection *p, uint32_t token)
{
    struct nested {
        struct kaspa_hash txid;
        uint64_t index, sequence;
    } in;
    static const struct kx_member outpoint[] = {
        {"transactionId", KX_KIND_BYTES, KX_AT(struct nested, txid), NULL, false},
        {"index", KX_KIND_U32, KX_AT(struct nested, index), NULL, false},
    };
    static const struct kx_member members[] = {
        {"sequence", KX_KIND_AMOUNT, KX_AT(struct nested, sequence), NULL, false},
    };
    uint32_t previous = assay_json_member(p->reader->doc, token, "previousOutpoint");

    if (!kx_read_members(p->reader, previous, outpoint, ARRAY_LEN(outpoint), &in) ||
        !kx_read_members(p->reader, token, members, ARRAY_LEN(members), &in))
        return false;
    assay_buf_add_str(p->out, "{\"previousOutpoint\":{");
    kx_write_number(p->out, "index", in.index);
    kx_write_hex(p->out, "transactionId", assay_bytes_of(in.txid.at, sizeof(in.txid.at)));
    assay_buf_add_byte(p->out, '}');
    kx_write_decimal(p->out, "sequence", in.sequence);
    assay_buf_add_byte(p->out, '}');
    return true;
}

/* An absent covenant is null, as in the reference's parser (24.11). */
static bool project_output(struct projection *p, uint32_t token)
{
    struct output {
        uint64_t value;
        struct assay_bytes spk;
    } output;
    static const struct kx_member members[] = {
        {"value", KX_KIND_AMOUNT, KX_AT(struct output, value), NULL, false},
        {"scriptPublicKey", KX_KIND_HEX, KX_AT(struct output, spk), NULL, false},
    };
    uint32_t covenant = assay_json_member(p->reader->doc, token, "covenant");

    if (!kx_read_members(p->reader, token, members, ARRAY_LEN(members), &output) ||
        (covenant != ASSAY_JSON_NONE &&
         assay_json_type(p->reader->doc, covenant) != ASSAY_JSON_NULL))
        return false;
    assay_buf_add_byte(p->out, '{');
    kx_write_str(p->out, "covenant", NULL);
    kx_write_hex(p->out, "scriptPublicKey", output.spk);
    kx_write_decimal(p->out, "value", output.value);
    assay_buf_add_byte(p->out, '}');
    return true;
}

static bool project_list(struct projection *p, const char *name,
                         bool (*project)(struct projection *p, uint32_t token))
{
    const struct assay_json *doc = p->reader->doc;
    uint32_t list = assay_json_member(doc, 0, name);
    uint32_t first = assay_json_first(doc, list);

    if (assay_json_type(doc, list) != ASSAY_JSON_ARRAY)
        return false;
    kx_write_name(p->out, name);
    assay_buf_add_byte(p->out, '[');
    for (uint32_t at = first; at != ASSAY_JSON_NONE; at = assay_json_next_sibling(doc, list, at)) {
        if (at != first)
            assay_buf_add_byte(p->out, ',');
        if (!project(p, at))
            return false;
    }
    assay_buf_add_byte(p->out, ']');
    return true;
}

/* Whether the text is of the shape of section 11. A flattened outpoint is not (section 9, [!]). */
static bool project(struct projection *p)
{
    struct context {
        uint64_t version, lock_time, gas;
        uint8_t subnetwork[KASPA_SUBNETWORK_BYTES];
        struct assay_bytes payload;
    } tx = {.payload = ASSAY_LIT("")};
    static const struct kx_member members[] = {
        {"version", KX_KIND_U32, KX_AT(struct context, version), NULL, false},
        {"lockTime", KX_KIND_AMOUNT, KX_AT(struct context, lock_time), NULL, true},
        {"gas", KX_KIND_AMOUNT, KX_AT(struct context, gas), NULL, true},
        {"subnetworkId", KX_KIND_BYTES, KX_AT(struct context, subnetwork), NULL, true},
        {"payload", KX_KIND_HEX, KX_AT(struct context, payload), NULL, true},
    };

    if (!kx_read_members(p->reader, 0, members, ARRAY_LEN(members), &tx))
        return false;
    kx_write_name(p->out, "transaction");
    assay_buf_add_byte(p->out, '{');
    kx_write_decimal(p->out, "gas", tx.gas);
    if (!project_list(p, "inputs", project_input))
        return false;
    kx_write_decimal(p->out, "lockTime", tx.lock_time);
    if (!project_list(p, "outputs", project_output))
        return false;
    kx_write_hex(p->out, "payload", tx.payload);
    kx_write_hex(p->out, "subnetworkId", assay_bytes_of(tx.subnetwork, sizeof(tx.subnetwork)));
    kx_write_number(p->out, "version", tx.version);
    assay_buf_add_byte(p->out, '}');
    return true;
}

static enum assay_code write_opaque(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct assay_bytes *text = what;
    char artifact[X402_HASH_TEXT_BYTES];

    (void)err;
    x402_hash_text(artifact, *text);
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "artifactHash", artifact);
    kx_write_str(out, "scope", "kaspa:x402:opaque-exact-transaction-artifact:v1");
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

/* TYPE: the text is not of the shape; or as the reader fails. */
static enum assay_code write_projection(struct assay_buf *out, const void *what,
                                        struct assay_err *err)
{
    struct assay_err inner = {0};
    struct kx_reader reader = *(const struct kx_reader *)what;
    struct projection p = {&reader, out};

    (void)err;
    reader.err = &inner;
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "scope", "kaspa:x402:exact-consensus-transaction-projection:v1");
    if (!project(&p))
        return inner.code == ASSAY_E_NOMEM ? inner.code : ASSAY_E_TYPE;
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

static enum assay_code identity_of(char *out, struct assay_arena *arena,
                                   const struct assay_json *doc, struct assay_bytes text)
{
    struct kx_reader reader = {.doc = doc, .arena = arena, .place = ""};
    enum assay_code rc = ASSAY_E_TYPE;

    if (doc != NULL)
        rc = kx_write_hash(out, write_projection, &reader, NULL);
    return rc == ASSAY_E_TYPE ? kx_write_hash(out, write_opaque, &text, NULL) : rc;
}

enum assay_code kx_transaction_document(struct assay_json *out, struct assay_arena *arena,
                                        struct assay_bytes text, struct assay_err *err)
{
    size_t room = assay_json_token_bound(text);
    struct assay_json_token *tokens = assay_arena_alloc(arena, room * sizeof(*tokens));

    if (tokens == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
    return assay_json_parse(out, tokens, room, text, ASSAY_JSON_LAST_DUPLICATE_WINS, err);
}

enum assay_code kx_transaction_identity(char *out, struct assay_bytes text)
{
    struct assay_arena scratch = ASSAY_ARENA_INIT(SCRATCH_MAX_BYTES);
    struct assay_json doc;
    enum assay_code rc = ASSAY_E_TOO_LARGE;

    if (text.len <= X402_ARTIFACT_MAX_BYTES)
        rc = kx_transaction_document(&doc, &scratch, text, NULL);
    if (rc != ASSAY_E_NOMEM)
        rc = identity_of(out, &scratch, rc == ASSAY_OK ? &doc : NULL, text);
    assay_arena_fini(&scratch);
    return rc;
}

struct replayed {
    const struct kx_payment *payment;
    const char *requirements, *identity; /* hashes */
};

static enum assay_code write_replayed(struct assay_buf *out, const void *what,
                                      struct assay_err *err)
{
    const struct replayed *r = what;
    const struct kx_payment *payment = r->payment;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "acceptedRequirementsHash", r->requirements);
    kx_write_name(out, "authorization");
    assay_buf_add_byte(out, '{');
    write_authorization(out, &payment->authorization);
    write_signature(out, &payment->authorization);
    assay_buf_add_byte(out, '}');
    if (payment->has_challenge)
        kx_write_hex(out, "challengeId",
                     assay_bytes_of(payment->challenge_id, sizeof(payment->challenge_id)));
    else
        kx_write_str(out, "challengeId", NULL);
    kx_write_text(out, "network", payment->envelope.accepted.network);
    kx_write_str(out, "payloadType", KX_PAYLOAD_EXACT);
    kx_write_number(out, "paymentOutputIndex", payment->output_index);
    kx_write_text(out, "profile", payment->profile_text);
    kx_write_hex(out, "requestHash",
                 assay_bytes_of(payment->request_hash, sizeof(payment->request_hash)));
    kx_write_text(out, "scheme", payment->envelope.accepted.scheme);
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    kx_write_str(out, "transactionIdentityHash", r->identity);
    kx_write_str(out, "version", "kaspa-x402-payment-replay-v1");
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_payload_hash(char *out, const struct kx_payment *payment,
                                const char *requirements_hash, const char *identity_hash)
{
    struct replayed replayed = {payment, requirements_hash, identity_hash};

    return kx_write_hash(out, write_replayed, &replayed, NULL);
}

struct scoped {
    const char *scope, *name, *hash; /* the name stands behind "scope" */
};

static enum assay_code write_scoped(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct scoped *s = what;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "scope", s->scope);
    kx_write_str(out, s->name, s->hash);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_artifact_scope(char *out, const char *identity_hash)
{
    struct scoped scoped = {"kaspa:x402:exact-payment-transaction-artifact:v2",
                            "transactionIdentityHash", identity_hash};

    return kx_write_hash(out, write_scoped, &scoped, NULL);
}

enum assay_code kx_payment_scope(char *out, const char *transaction_id)
{
    struct scoped scoped = {"kaspa:x402:exact-payment-transaction:v1", "transactionId",
                            transaction_id};

    return kx_write_hash(out, write_scoped, &scoped, NULL);
}

static enum assay_code write_lock(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct assay_bytes *id = what;

    (void)err;
    assay_buf_add_str(out, "kaspa:x402:payment-identifier-lock:");
    assay_buf_add(out, *id);
    return ASSAY_OK;
}

enum assay_code kx_identifier_lock(char *out, struct assay_bytes id)
{
    return kx_write_hash(out, write_lock, &id, NULL);
}
