/* What a facilitator reads of a resource server, as the decision core has it: {body of /verify or
 * /settle}, and a byte for how it is sent. Nothing is in the store and nobody answers behind it, so
 * that no payment can be good. Held: an answer in bounded steps and in the words of the call, which
 * our own readers of a facilitator's answers take for the refusal that it is; a reason of the
 * lists; and nothing is asked of the store but for a request that another library reads as one, of
 * our scheme and network, by a tenant. */
#include "fuzz.h"

#include "core/kx_core.h"
#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"
#include "kaspa_x402/kx.h"

enum { ARENA_BYTES = 1 << 25, STEPS_MAX = 16, OPTIONS = 1 };
/* Of the last byte. */
enum { SETTLES = 1, IS_NOBODY = 2, IS_NO_JSON = 4, ONLY_VERIFIES = 8 };

#define NOW_MS INT64_C(4070908740000)
#define TOKEN "alice-token-0123456789"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, OPTIONS, seed);
}

/* ---- a second reading ---- */

static bool is_text(const json_t *object, const char *name)
{
    return json_is_string(json_object_get(object, name));
}

static bool is_terms(const json_t *terms)
{
    return is_text(terms, "scheme") && is_text(terms, "network") && is_text(terms, "amount") &&
           is_text(terms, "asset") && is_text(terms, "payTo");
}

static bool is_ours(const json_t *terms)
{
    struct assay_bytes scheme, network;

    (void)fuzz_second_text(&scheme, terms, "scheme");
    (void)fuzz_second_text(&network, terms, "network");
    return assay_bytes_is(scheme, "exact") && assay_bytes_is(network, "kaspa:testnet-10");
}

/* What has to be there before anything is asked of anybody. */
static bool second_may_ask(const json_t *body, uint8_t options)
{
    const json_t *payload = json_object_get(body, "paymentPayload");
    const json_t *requirements = json_object_get(body, "paymentRequirements");
    struct assay_bytes hash;

    (void)fuzz_second_text(&hash, body, "requestHash");
    return (options & (IS_NOBODY | IS_NO_JSON)) == 0 &&
           (options & (SETTLES | ONLY_VERIFIES)) != (SETTLES | ONLY_VERIFIES) &&
           is_terms(requirements) && is_ours(requirements) && hash.len == 64 &&
           is_terms(json_object_get(payload, "accepted")) &&
           json_is_object(json_object_get(payload, "payload"));
}

/* Within the budgets, and without a name twice. */
static bool is_document(struct assay_bytes body)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_json doc;
    enum assay_code rc = x402_document_parse(&doc, &arena, body, true, NULL);

    assay_arena_fini(&arena);
    return rc == ASSAY_OK;
}

/* ---- the answer ---- */

static bool is_known(struct assay_bytes reason)
{
    for (int wire = 0; wire < KX_WIRE__COUNT; wire++)
        if (assay_bytes_is(reason, kx_wire_text((enum kx_wire)wire)))
            return true;
    return x402_reason_find(reason) != NULL;
}

static void check_verified(struct assay_arena *arena, const struct assay_json *doc)
{
    struct x402_verified verified;

    FUZZ_CHECK(x402_verified_read(&verified, arena, doc, NULL) == X402_FAULT_NONE);
    FUZZ_CHECK(!verified.is_valid && is_known(verified.invalid_reason));
}

static void check_settled(struct assay_arena *arena, const struct assay_json *doc)
{
    static const struct x402_expected expected = {.network = {(const uint8_t *)"", 0}};
    struct x402_settled settled;

    FUZZ_CHECK(x402_settled_read(&settled, arena, doc, &expected, NULL) == X402_FAULT_NONE);
    FUZZ_CHECK(settled.state == X402_REFUSED && is_known(settled.said.error_reason));
    FUZZ_CHECK(settled.said.transaction.len == 0 && !x402_settled_is_good(&settled));
}

static void check_response(const struct kx_response *response, uint8_t options)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_json doc;
    int status = response->status;

    FUZZ_CHECK(x402_document_parse(&doc, &arena, response->body, true, NULL) == ASSAY_OK);
    if (options & IS_NOBODY) {
        FUZZ_CHECK(status == 401);
    } else {
        FUZZ_CHECK(status == 200 || status == 400 || status == 503);
        if (options & SETTLES)
            check_settled(&arena, &doc);
        else
            check_verified(&arena, &doc);
    }
    assay_arena_fini(&arena);
}

/* ---- the request ---- */

/* Nobody answers. */
static struct kx_action step(struct kx_core_request *r, const struct kx_action *action)
{
    static const struct kx_store_answer nothing;

    switch (action->kind) {
    case KX_DO_ADMIT:
        return kx_core_admitted(r, 1, NOW_MS);
    case KX_DO_STORE:
        return kx_core_store(r, action->ask == KX_ASK_CLAIM ? ASSAY_E_IO : ASSAY_E_MISSING,
                             &nothing, NOW_MS);
    case KX_DO_LOOK:
        return kx_core_sight(r, ASSAY_E_TIMEOUT, NULL, NOW_MS);
    case KX_DO_SUBMIT:
    case KX_DO_FACILITATOR:
    case KX_DO_ORIGIN:
    case KX_DO_RESPOND:
        break;
    }
    FUZZ_CHECK(action->kind == KX_DO_ADMIT); /* nothing of the others may happen */
    return *action;
}

static void send(const struct kx_core *core, struct assay_bytes body, const json_t *second,
                 uint8_t options)
{
    const struct kx_event_request event = {
        .method = ASSAY_LIT("POST"),
        .target = options & SETTLES ? ASSAY_LIT("/settle") : ASSAY_LIT("/verify"),
        .host = ASSAY_LIT("shop.test:8402"),
        .body = body,
        .content_type =
            options & IS_NO_JSON ? ASSAY_LIT("text/plain") : ASSAY_LIT("application/json"),
        .payment = ASSAY_LIT(""),
        .legacy = ASSAY_LIT(""),
        .authorization = options & IS_NOBODY ? ASSAY_LIT("") : ASSAY_LIT("Bearer " TOKEN),
        .now_ms = NOW_MS,
        .last_sweep_ms = NOW_MS,
        .caller_requests = 1,
        .requests = 1,
        .running = 1,
        .caller_running = 1,
    };
    struct kx_core_request *r = kx_core_request_new(core);
    struct kx_action action;

    FUZZ_CHECK(r != NULL);
    action = kx_core_request(r, &event);
    if (action.kind != KX_DO_RESPOND)
        FUZZ_CHECK(is_document(body) && (second == NULL || second_may_ask(second, options)));
    for (int steps = 0; action.kind != KX_DO_RESPOND; steps++) {
        FUZZ_CHECK(steps < STEPS_MAX);
        action = step(r, &action);
    }
    check_response(&action.response, options);
    kx_core_request_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct kx_principal alice = {.name = "alice",
                                              .token = {(const uint8_t *)TOKEN, sizeof(TOKEN) - 1}};
    uint8_t options = size > 0 ? data[size - 1] : 0;
    struct assay_bytes body = assay_bytes_of(data, size > 0 ? size - 1 : 0);
    const struct kx_fac_core fac = {
        .modes = options & ONLY_VERIFIES ? X402_MODE_VERIFY : X402_MODE_VERIFY | X402_MODE_SETTLE};
    const struct kx_core core = {
        .network = KASPA_TESTNET,
        .base_url = "http://shop.test:8402",
        .fac = &fac,
        .max_timeout_s = 60,
        .policy = KX_EXACT_POLICY_INIT,
        .principals = &alice,
        .principal_count = 1,
        .threshold = KX_THRESHOLD_MIN_DEFAULT,
        .challenge_ms = 45000,
        .accept_wait_ms = 1000,
        .poll_ms = 250,
        .sweep_every_ms = 60000,
    };
    json_t *second = fuzz_second(body);

    FUZZ_CHECK(kx_core_check(&core, NULL) == ASSAY_OK);
    send(&core, body, second, options);
    json_decref(second);
    return 0;
}
