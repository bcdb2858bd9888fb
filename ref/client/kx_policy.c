/* A payer's policy: read strictly from its file, and asked; see kx_policy.h. */
#include "client/kx_policy_internal.h"

#include "base/url.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_hash.h"
#include "kaspa_x402/exact_verify.h"

#include <inttypes.h>
#include <stdio.h>

/* What stands in the file as numbers and plain texts. */
struct plain {
    uint64_t confirmations, authorization_s, request_ms, wallet_ms, retry_after_ms;
};

static const char *const sources[] = {"hot-wallet", "vault-treasury", "external-wallet-adapter"};

bool kx_policy_is_source(struct assay_bytes text)
{
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (assay_bytes_is(text, sources[i]))
            return true;
    return false;
}

#define fail(p, ...) kx_read_fail(&(p)->r, __VA_ARGS__)

/* ---- members ---- */

bool kx_policy_read_list(struct kx_policy_reading *p, const char *name, bool is_optional,
                         kx_policy_take *take)
{
    const struct assay_json *doc = p->r.doc;
    uint32_t list = assay_json_member(doc, 0, name);

    if (list == ASSAY_JSON_NONE && is_optional)
        return true;
    if (list == ASSAY_JSON_NONE)
        return fail(p, ASSAY_E_MISSING, 0, name, "is missing");
    if (assay_json_type(doc, list) != ASSAY_JSON_ARRAY || doc->tokens[list].count < 1 ||
        doc->tokens[list].count > KX_POLICY_LIST_MAX)
        return fail(p, ASSAY_E_TYPE, list, name, "is no list of 1 to 64 texts");
    for (uint32_t at = assay_json_first(doc, list); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, list, at)) {
        struct assay_bytes raw = assay_json_raw(doc, at);

        if (assay_json_type(doc, at) != ASSAY_JSON_STRING || doc->tokens[at].escaped)
            return fail(p, ASSAY_E_TYPE, at, name, "has an item that is no plain text");
        if (!take(p, at, assay_bytes_part(raw, 1, raw.len - 1)))
            return false;
    }
    return true;
}

void kx_policy_put(struct kx_policy_list *list, struct assay_bytes text)
{
    list->at[list->count++] = text; /* kx_policy_read_list has counted them */
}

static bool take_network(struct kx_policy_reading *p, uint32_t token, struct assay_bytes text)
{
    enum kaspa_network network;

    if (!kx_network_find(&network, text))
        return fail(p, ASSAY_E_UNKNOWN, token, "networks",
                    "has a word that is neither kaspa:testnet-10 nor kaspa:mainnet");
    p->out->networks[network] = true;
    return true;
}

static bool take_profile(struct kx_policy_reading *p, uint32_t token, struct assay_bytes text)
{
    if (assay_bytes_is(text, kx_profile_name(KX_HASH_CHAIN)))
        return fail(p, ASSAY_E_UNSUPPORTED, token, "allowedExactProfiles",
                    "names hash-chain-additive, which this client does not pay");
    for (int i = 0; i < KX_PROFILE__COUNT; i++) {
        if (assay_bytes_is(text, kx_profile_name((enum kx_profile)i))) {
            p->out->profiles[i] = true;
            return true;
        }
    }
    return fail(p, ASSAY_E_UNKNOWN, token, "allowedExactProfiles",
                "has a word that is neither standard-native nor additive");
}

static bool take_pay_to(struct kx_policy_reading *p, uint32_t token, struct assay_bytes text)
{
    struct kaspa_address address;

    if (kaspa_address_decode(&address, NULL, text) != KASPA_ADDRESS_OK)
        return fail(p, ASSAY_E_MALFORMED, token, "allowedPayTo", "has a text that is no address");
    kx_policy_put(&p->out->pay_to, text);
    return true;
}

/* An origin is a URL of scheme, host and port alone. */
static bool take_origin(struct kx_policy_reading *p, uint32_t token, struct assay_bytes text)
{
    struct assay_buf normal = ASSAY_BUF_INIT(KX_POLICY_MAX_BYTES);
    struct assay_bytes kept = ASSAY_LIT("");
    struct assay_url url;
    bool is_origin = assay_url_split(&url, text, NULL) == ASSAY_OK && !url.has_query &&
                     assay_bytes_find(text, '#', 0) == text.len &&
                     (url.path.len == 0 || assay_bytes_is(url.path, "/")) &&
                     kx_url_normalise(&normal, text, NULL) == ASSAY_OK;

    if (is_origin)
        kept = assay_arena_copy(p->r.arena, assay_buf_view(&normal));
    assay_buf_fini(&normal);
    if (!is_origin)
        return fail(p, ASSAY_E_MALFORMED, token, "allowedOrigins",
                    "has a text that is no origin such as http://127.0.0.1:8402");
    if (kept.at == NULL)
        return fail(p, ASSAY_E_NOMEM, token, "allowedOrigins", "has no memory");
    kx_policy_put(&p->out->origins, kept);
    return true;
}

bool kx_policy_read_switch(struct kx_policy_reading *p, const char *name, bool *is_on)
{
    uint32_t token = assay_json_member(p->r.doc, 0, name);
    enum assay_json_type type = assay_json_type(p->r.doc, token);

    *is_on = type == ASSAY_JSON_TRUE;
    return token == ASSAY_JSON_NONE || *is_on || type == ASSAY_JSON_FALSE ||
           fail(p, ASSAY_E_TYPE, token, name, "is neither true nor false");
}

static bool read_opt_in(struct kx_policy_reading *p)
{
    bool is_in;

    if (!kx_policy_read_switch(p, "allowMainnet", &is_in))
        return false;
    if (p->out->networks[KASPA_MAINNET] && !is_in)
        return fail(p, ASSAY_E_DENIED, assay_json_member(p->r.doc, 0, "networks"), "networks",
                    "names kaspa:mainnet, where coins have value: allowMainnet has to be true");
    return true;
}

static bool read_source(struct kx_policy_reading *p)
{
    static const struct kx_member member = {"requiredSource", KX_KIND_TEXT,
                                            KX_AT(struct kx_policy, source), NULL, false};

    if (!kx_read_members(&p->r, 0, &member, 1, p->out))
        return false;
    return kx_policy_is_source(p->out->source) ||
           fail(p, ASSAY_E_UNKNOWN, assay_json_member(p->r.doc, 0, "requiredSource"),
                "requiredSource", "is none of hot-wallet, vault-treasury, external-wallet-adapter");
}

static bool read_amounts(struct kx_policy_reading *p)
{
    static const struct kx_member members[] = {
        {"maximumExactAmountSompi", KX_KIND_AMOUNT, KX_AT(struct kx_policy, amount_max), NULL,
         false},
        {"maximumFeeSompi", KX_KIND_AMOUNT, KX_AT(struct kx_policy, fee_max), NULL, true},
    };

    return kx_read_members(&p->r, 0, members, ARRAY_LEN(members), p->out);
}

bool kx_policy_in_range(struct kx_policy_reading *p, const char *name, uint64_t value,
                        uint64_t most)
{
    char what[64];

    (void)snprintf(what, sizeof(what), "is no number from 1 to %" PRIu64, most);
    return (value >= 1 && value <= most) ||
           fail(p, ASSAY_E_RANGE, assay_json_member(p->r.doc, 0, name), name, what);
}

static bool read_numbers(struct kx_policy_reading *p)
{
    static const struct kx_member members[] = {
        {"confirmations", KX_KIND_U32, KX_AT(struct plain, confirmations), NULL, true},
        {"maximumAuthorizationSeconds", KX_KIND_U32, KX_AT(struct plain, authorization_s), NULL,
         true},
        {"requestTimeoutMilliseconds", KX_KIND_U32, KX_AT(struct plain, request_ms), NULL, true},
        {"walletTimeoutMilliseconds", KX_KIND_U32, KX_AT(struct plain, wallet_ms), NULL, true},
        {"maximumRetryAfterMilliseconds", KX_KIND_U32, KX_AT(struct plain, retry_after_ms), NULL,
         true},
    };
    struct plain plain = {30, 60, 90000, 10000, 5000};

    if (!kx_read_members(&p->r, 0, members, ARRAY_LEN(members), &plain) ||
        !kx_policy_in_range(p, members[0].name, plain.confirmations, UINT32_MAX) ||
        !kx_policy_in_range(p, members[1].name, plain.authorization_s,
                            KX_POLICY_TIME_MAX_MS / 1000) ||
        !kx_policy_in_range(p, members[2].name, plain.request_ms, KX_POLICY_TIME_MAX_MS) ||
        !kx_policy_in_range(p, members[3].name, plain.wallet_ms, KX_POLICY_TIME_MAX_MS) ||
        !kx_policy_in_range(p, members[4].name, plain.retry_after_ms, KX_POLICY_TIME_MAX_MS))
        return false;
    p->out->confirmations = plain.confirmations;
    p->out->authorization_ms = (int64_t)plain.authorization_s * 1000;
    p->out->request_timeout_ms = (int64_t)plain.request_ms;
    p->out->wallet_timeout_ms = (int64_t)plain.wallet_ms;
    p->out->retry_after_max_ms = (int64_t)plain.retry_after_ms;
    return true;
}

/* ---- the file ---- */

static bool is_known(const struct assay_json *doc, uint32_t name)
{
    static const char *const known[] = {
        "allowedOrigins",
        "allowedPayTo",
        "maximumExactAmountSompi",
        "requiredSource",
        "networks",
        "allowMainnet",
        "allowedExactProfiles",
        "maximumFeeSompi",
        "confirmations",
        "maximumAuthorizationSeconds",
        "requestTimeoutMilliseconds",
        "walletTimeoutMilliseconds",
        "maximumRetryAfterMilliseconds",
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (assay_json_string_is(doc, name, known[i]))
            return true;
    return kx_policy_batch_knows(doc, name);
}

static bool has_known_members(struct kx_policy_reading *p)
{
    const struct assay_json *doc = p->r.doc;

    for (uint32_t at = assay_json_first(doc, 0); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, 0, at)) {
        struct assay_bytes raw = assay_json_raw(doc, at);

        if (!is_known(doc, at)) {
            (void)assay_fail(p->r.err, ASSAY_E_UNKNOWN, doc->tokens[at].start,
                             "policy.%.*s is no member of a policy",
                             (int)assay_bytes_part(raw, 0, 80).len, (const char *)raw.at);
            return false;
        }
    }
    return true;
}

static bool read_members(struct kx_policy_reading *p)
{
    struct kx_policy *out = p->out;
    const struct assay_json *doc = p->r.doc;

    out->fee_max = KX_FEE_MAX_DEFAULT;
    if (assay_json_member(doc, 0, "networks") == ASSAY_JSON_NONE)
        out->networks[KASPA_TESTNET] = true;
    if (assay_json_member(doc, 0, "allowedExactProfiles") == ASSAY_JSON_NONE)
        out->profiles[KX_STANDARD_NATIVE] = true;
    return has_known_members(p) && kx_policy_read_list(p, "allowedOrigins", false, take_origin) &&
           kx_policy_read_list(p, "allowedPayTo", false, take_pay_to) && read_amounts(p) &&
           read_source(p) && kx_policy_read_list(p, "networks", true, take_network) &&
           read_opt_in(p) && kx_policy_read_list(p, "allowedExactProfiles", true, take_profile) &&
           read_numbers(p) && kx_policy_batch_read(p);
}

static unsigned line_of(struct assay_bytes text, size_t offset)
{
    unsigned line = 1;

    for (size_t i = 0; i < offset && i < text.len; i++)
        line += text.at[i] == '\n';
    return line;
}

enum assay_code kx_policy_read(struct kx_policy *out, struct assay_arena *arena,
                               struct assay_bytes text, const char *path, struct assay_err *err)
{
    struct kx_policy policy = {.origins = {.count = 0}};
    struct assay_err inner = {0};
    struct assay_json doc;
    struct kx_policy_reading p = {
        .out = &policy,
        .r = {.doc = &doc, .arena = arena, .place = "policy", .err = &inner},
        .path = path};
    enum assay_code rc;

    if (text.len > KX_POLICY_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "%s: is larger than %d bytes", path,
                          KX_POLICY_MAX_BYTES);
    rc = x402_document_parse(&doc, arena, text, true, &inner);
    if (rc == ASSAY_OK && assay_json_type(&doc, 0) != ASSAY_JSON_OBJECT)
        rc = assay_fail(&inner, ASSAY_E_TYPE, 0, "a policy is a JSON object");
    if (rc == ASSAY_OK && !read_members(&p))
        rc = inner.code;
    if (rc != ASSAY_OK) {
        unsigned line = line_of(text, inner.at);

        rc = assay_fail(err, rc, inner.at, "%s:%u: %s", path, line, inner.text);
        if (err != NULL)
            err->line = line;
        return rc;
    }
    *out = policy;
    return ASSAY_OK;
}

/* ---- asked ---- */

/* A normalised URL's origin with its slash; of what has none: nothing. */
static struct assay_bytes origin_of(struct assay_bytes url)
{
    size_t host = assay_bytes_find(url, '/', 0) + 2;

    return assay_bytes_part(url, 0, assay_bytes_find(url, '/', host) + 1);
}

static bool same_origin(struct assay_bytes url, struct assay_bytes allowed)
{
    struct assay_bytes origin = origin_of(url);

    if (REF_DEFECT(kx_client_origin_prefix)) /* "http://shop" of "http://shop.evil/" */
        return assay_bytes_equal(assay_bytes_part(url, 0, allowed.len - 1),
                                 assay_bytes_part(allowed, 0, allowed.len - 1));
    if (REF_DEFECT(kx_client_origin_host)) {
        struct assay_url a, b;

        return assay_url_split(&a, origin, NULL) == ASSAY_OK &&
               assay_url_split(&b, allowed, NULL) == ASSAY_OK && assay_bytes_equal(a.host, b.host);
    }
    return assay_bytes_equal(origin, allowed);
}

bool kx_policy_allows_url(const struct kx_policy *policy, struct assay_bytes url)
{
    bool allowed = REF_DEFECT(kx_client_origin);

    for (size_t i = 0; i < policy->origins.count; i++)
        allowed = allowed || same_origin(url, policy->origins.at[i]);
    return allowed;
}

bool kx_policy_allows_pay_to(const struct kx_policy *policy, struct assay_bytes pay_to)
{
    enum { SHOWN = 16 }; /* what a person compares of an address */
    bool allowed = REF_DEFECT(kx_client_payee);

    for (size_t i = 0; i < policy->pay_to.count; i++) {
        struct assay_bytes known = policy->pay_to.at[i];

        allowed = allowed || assay_bytes_equal(pay_to, known);
        if (REF_DEFECT(kx_client_payee_prefix))
            allowed = allowed || assay_bytes_equal(assay_bytes_part(pay_to, 0, SHOWN),
                                                   assay_bytes_part(known, 0, SHOWN));
    }
    return allowed;
}

static bool allows_amount(const struct kx_policy *policy, uint64_t amount)
{
    if (REF_DEFECT(kx_client_amount_off))
        return amount <= policy->amount_max + 1;
    if (REF_DEFECT(kx_client_amount_unit)) /* the limit taken for KAS */
        return amount / KASPA_SOMPI_PER_KAS <= policy->amount_max;
    return amount <= policy->amount_max || REF_DEFECT(kx_client_amount);
}

const char *kx_policy_judge(const struct kx_policy *policy, const struct kx_terms *terms,
                            struct assay_err *err)
{
    const char *rule = NULL;

    if (!policy->networks[terms->network] && !REF_DEFECT(kx_client_mainnet)) {
        rule = "client.mainnet";
        (void)assay_fail(err, ASSAY_E_DENIED, 0, "the policy does not allow the network %.*s",
                         (int)terms->network_text.len, (const char *)terms->network_text.at);
    } else if (terms->profile == KX_HASH_CHAIN ||
               (!policy->profiles[terms->profile] && !REF_DEFECT(kx_client_profile))) {
        rule = "client.policy.profile";
        (void)assay_fail(err, ASSAY_E_DENIED, 0, "the policy does not allow the profile %s%s",
                         kx_profile_name(terms->profile),
                         terms->profile == KX_HASH_CHAIN ? ", nor does this client pay it" : "");
    } else if (!allows_amount(policy, terms->amount)) {
        rule = "client.policy.amount";
        (void)assay_fail(err, ASSAY_E_DENIED, 0,
                         "%llu sompi are asked for, the policy allows %llu at most",
                         (unsigned long long)terms->amount, (unsigned long long)policy->amount_max);
    } else if (!kx_policy_allows_pay_to(policy, terms->pay_to)) {
        rule = "client.policy.payee";
        (void)assay_fail(err, ASSAY_E_DENIED, 0, "the policy does not list the payee %.*s",
                         (int)terms->pay_to.len, (const char *)terms->pay_to.at);
    }
    return rule;
}
