/* Threat facilitator-service: requests that are forged, changed, of another kind, or none at all.
 */
#include "peer/kaspa-x402/facilitate.h"

#include "x402/limits.h"

static void expect_both_negative(struct assay_case *t, const char *label, const json_t *body)
{
    expect_negative(t, kxp_call(t, label, KXP_VERIFY, body, kxp_tenant(t, 0)));
    expect_negative(t, kxp_call(t, label, KXP_SETTLE, body, kxp_tenant(t, 0)));
}

/* One member of an honest request is another. */
struct edit {
    const char *name;
    const char *path;
    const char *json; /* NULL: it is taken away */
};

static void negative_row(struct assay_case *t)
{
    const struct edit *row = case_row(t);
    json_t *body = kxp_request(t, kxp_owed(t));

    kxp_set(body, row->path,
            row->json != NULL ? json_loads(row->json, JSON_DECODE_ANY, NULL) : NULL);
    expect_both_negative(t, row->name, body);
}

static const struct edit hashes[] = {
    {"none", "requestHash", NULL},
    {"null", "requestHash", "null"},
    {"empty", "requestHash", "\"\""},
    {"short", "requestHash", "\"00\""},
    {"no text", "requestHash", "[]"},
    {"of another request", "requestHash",
     "\"0000000000000000000000000000000000000000000000000000000000000001\""},
};

SCENARIO(facilitator_needs_the_request_hash, OF_A_FACILITATOR,
         .title = "A payment without the request hash of its resource server, or under another, is "
                  "neither valid nor settled",
         .threat = "facilitator-service", .rule = "facilitator.request-hash",
         .ideas = "KX-160 KX-161", .catches = DEFECTS("fac.hash.optional", "fac.hash.inferred"),
         TABLE(hashes))
{
    negative_row(t);
}

static const struct edit requirements[] = {
    {"one sompi more", "paymentRequirements.amount", "\"20000001\""},
    {"one sompi less", "paymentRequirements.amount", "\"19999999\""},
    {"another recipient", "paymentRequirements.payTo",
     "\"kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy\""},
    {"another time", "paymentRequirements.maxTimeoutSeconds", "30"},
    {"another asset", "paymentRequirements.asset", "\"USD\""},
    {"a stronger finality", "paymentRequirements.extra.finality", "\"confirmed\""},
    {"a member more", "paymentRequirements.extra.more", "true"},
    {"none", "paymentRequirements", "{}"},
};

SCENARIO(facilitator_judges_by_the_resource_servers_terms, OF_A_FACILITATOR,
         .title = "A payment that was made for other terms than the resource server's is neither "
                  "valid nor settled",
         .threat = "facilitator-service", .rule = "facilitator.requirements",
         .ideas = "KX-162 X-59", .catches = DEFECTS("fac.requirements.echoed"), TABLE(requirements))
{
    negative_row(t);
}

/* ---- kinds ---- */

static const struct edit kinds[] = {
    {"an unknown scheme", "paymentRequirements.scheme", "\"upto\""},
    {"a scheme in another case", "paymentRequirements.scheme", "\"EXACT\""},
    {"a network of another family", "paymentRequirements.network", "\"eip155:8453\""},
    {"a network that is none", "paymentRequirements.network", "\"kaspa\""},
    {"a profile with a head", "paymentRequirements.extra.profile", "\"additive\""},
    {"a payload of another type", "paymentPayload.payload.type", "\"claim\""},
    {"a payload without a type", "paymentPayload.payload.type", NULL},
};

SCENARIO(facilitator_refuses_kinds_that_it_does_not_list, OF_A_FACILITATOR,
         .title = "A scheme, network or profile that is not listed is refused with a reason",
         .threat = "facilitator-service", .rule = "facilitator.kind", .ideas = "KX-164 X-59",
         .catches = DEFECTS("fac.requirements.echoed"), TABLE(kinds))
{
    negative_row(t);
}

/* In everything but the name of its network it is a payment that could be settled. */
SCENARIO(facilitator_settles_on_no_other_network, OF_A_FACILITATOR,
         .title = "Coins of a network that is listed settle nothing under the name of another",
         .threat = "facilitator-service", .rule = "facilitator.kind", .ideas = "X-59",
         .catches = DEFECTS("fac.kind.network"))
{
    const struct kxp_offer *offer = kxp_own_offer(t, (struct kxp_sale){.is_mainnet = true});

    expect_both_negative(t, "on mainnet", kxp_request(t, given_payment(t, offer)));
}

SCENARIO(facilitator_serves_no_mode_that_it_does_not_list, OF_A_FACILITATOR,
         .title = "A facilitator that lists verify alone settles nothing",
         .threat = "facilitator-service", .rule = "facilitator.kind", .ideas = "KX-164",
         .catches = DEFECTS("fac.kind.mode"), .variant = "verify_only", .uses_up = true)
{
    json_t *body = kxp_request(t, kxp_owed(t));

    expect_valid(t, kxp_call(t, "verify", KXP_VERIFY, body, kxp_tenant(t, 0)));
    expect_negative(t, kxp_call(t, "settle", KXP_SETTLE, body, kxp_tenant(t, 0)));
}

/* ---- what is no request ---- */

static const struct peer_answer *post(struct assay_case *t, enum kxp_call call, const char *type,
                                      struct assay_bytes text)
{
    struct peer_want want = peer_want_body(peer_endpoint(t, kxp_call_name(call)), text);

    want.content_type = type;
    return peer_send(t, kxp_call_name(call), want, kxp_headers_as(t, kxp_tenant(t, 0), NULL));
}

static const struct nonsense {
    const char *name, *text; /* text NULL: one byte more than is read */
} nonsense[] = {
    {"nothing", ""},
    {"half an object", "{"},
    {"an array", "[]"},
    {"null", "null"},
    {"no member", "{}"},
    {"a version alone", "{\"x402Version\":2}"},
    {"another version", "{\"x402Version\":1,\"paymentPayload\":{},\"paymentRequirements\":{}}"},
    {"arrays for objects", "{\"x402Version\":2,\"paymentPayload\":[],\"paymentRequirements\":[]}"},
    {"nulls for objects",
     "{\"x402Version\":2,\"paymentPayload\":null,\"paymentRequirements\":null}"},
    {"no UTF-8", "\xff\xfe"},
    {"a NUL in a text", "{\"x402Version\":2,\"requestHash\":\"\\u0000\"}"},
    {"one byte too much", NULL},
};

static struct assay_bytes text_of(struct assay_case *t, const struct nonsense *row)
{
    const char *body;
    char *out;

    if (row->text != NULL)
        return assay_str(row->text);
    body = kxp_json_text(t, kxp_request(t, kxp_owed(t)));
    out = case_alloc(t, X402_DECODED_MAX_BYTES + 1);
    memset(out, ' ', X402_DECODED_MAX_BYTES + 1);
    memcpy(out, body, strlen(body));
    return assay_bytes_of(out, X402_DECODED_MAX_BYTES + 1);
}

SCENARIO(facilitator_refuses_what_is_no_request, OF_A_FACILITATOR,
         .title = "A body that is no request is refused, and is never a failure of the "
                  "facilitator's own",
         .threat = "facilitator-service", .rule = "facilitator.form", .ideas = "KX-166 X-59",
         .catches = DEFECTS("fac.form.fails"), TABLE(nonsense))
{
    const struct nonsense *row = case_row(t);
    struct assay_bytes text = text_of(t, row);

    expect_negative(t, post(t, KXP_VERIFY, "application/json", text));
    expect_negative(t, post(t, KXP_SETTLE, "application/json", text));
}

SCENARIO(facilitator_reads_no_member_twice, OF_A_FACILITATOR,
         .title = "A request with a member that is there twice is refused, since two readers would "
                  "read two",
         .threat = "facilitator-service", .rule = "facilitator.form", .ideas = "X-59",
         .catches = DEFECTS("fac.form.members_twice"))
{
    const char *text = kxp_json_text(t, kxp_request(t, kxp_owed(t)));
    const char *twice = case_printf(t, "{\"requestHash\":\"00\",%s", text + 1);

    expect_negative(t, post(t, KXP_SETTLE, "application/json", assay_str(twice)));
}

SCENARIO(facilitator_reads_json_that_says_so, OF_A_FACILITATOR,
         .title = "A body of another media type is refused", .threat = "facilitator-service",
         .rule = "facilitator.media", .catches = DEFECTS("fac.form.media_any"))
{
    const char *text = kxp_json_text(t, kxp_request(t, kxp_owed(t)));

    expect_negative(t, post(t, KXP_SETTLE, "text/plain", assay_str(text)));
}

static const struct spelling {
    const char *name, *method, *before, *after;
} spellings[] = {
    {"a slash behind it", "POST", "", "/"},
    {"a slash before it", "POST", "/", ""},
    {"a dot segment", "POST", "/.", ""},
    {"GET", "GET", "", ""},
    {"PUT", "PUT", "", ""},
};

SCENARIO(facilitator_has_one_path_for_each_call, OF_A_FACILITATOR,
         .title = "Another spelling of /settle, and another method, settles nothing",
         .threat = "facilitator-service", .rule = "facilitator.form", .ideas = "KX-169",
         .catches = DEFECTS("fac.form.path_lenient"), TABLE(spellings))
{
    const struct spelling *row = case_row(t);
    struct peer_want want = kxp_call_want(t, KXP_SETTLE, kxp_request(t, kxp_owed(t)));

    want = peer_want_method(want, row->method);
    want = peer_want_target(want, case_printf(t, "%s%s%s", row->before, want.target, row->after));
    expect_refused(t, peer_send(t, row->name, want, kxp_headers_as(t, kxp_tenant(t, 0), NULL)));
}
