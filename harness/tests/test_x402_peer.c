/* Tests of the x402 verbs: what the facilitator of a case is, what is made of an offer, and what is
 * held against an answer. */
#include "defects/defects.h"
#include "peer/x402/peer_internal.h"
#include "run/case_internal.h"
#include "run/profiles.h"
#include "target/instance.h"
#include "tests/scripted.h"

#include <criterion/criterion.h>

#define NETWORK "eip155:84532"

/* A case without a server: memory, a target, a facilitator, and an origin that runs are counted by.
 */
static struct bench {
    struct target target;
    struct case_world world;
    struct assay_case t;
} b;

static const struct scenario no_scenario = {
    .name = PROFILE "/none", .title = "none", .rule = "http.challenge"};

static void begin(void)
{
    struct assay_err err = {0};

    b = (struct bench){
        .target = {.name = "bench", .profile = PROFILE, .rules = "base", .persistent = true}};
    b.target.endpoints[0] = (struct target_endpoint){"paid_get", "GET", "/report", NULL};
    b.target.endpoint_count = 1;
    b.target.supports.items[b.target.supports.count++] = "kind:upto,solana:devnet";
    b.world.options.target = &b.target;
    b.world.profile = &profile_x402;
    b.t.world = &b.world;
    b.t.scenario = &no_scenario;
    b.t.arena = (struct assay_arena)ASSAY_ARENA_INIT((size_t)1 << 24);
    b.t.thread = pthread_self();
    b.t.observations = json_array();
    b.t.evidence = json_array();
    b.t.roles =
        x4p_roles_start(&(struct profile_roles_options){.target = &b.target, .seed = 1}, &err);
    cr_assert_not_null(b.t.roles, "%s", err.text);
    cr_assert_eq(origin_start(&b.t.origin, 0, NULL), ASSAY_OK);
}
static void end(void)
{
    origin_stop(b.t.origin);
    x4p_roles_stop(b.t.roles);
    json_decref(b.t.observations);
    json_decref(b.t.evidence);
    json_decref(b.t.trees);
    assay_arena_fini(&b.t.arena);
}
TestSuite(x402_peer, .init = begin, .fini = end, .timeout = 60);

/* ---- the role ---- */

Test(x402_peer, plays_a_facilitator_and_no_other_role)
{
    cr_expect_not_null(x4p_role_url(b.t.roles, "facilitator"));
    cr_expect_null(x4p_role_url(b.t.roles, "node"));
}

static const struct {
    const char *word, *why; /* NULL: it is a kind */
} kinds[] = {
    {"kind:exact,solana:devnet", NULL}, {"two-offers", NULL},
    {"kind:exact", "names no kind"},    {"kind:,eip155:1", "names no kind"},
    {"kind:exact,", "names no kind"},
};

Test(x402_peer, takes_kinds_of_the_target_file_or_says_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct target target = {.name = "bench"};
        struct assay_err err = {0};
        void *roles;

        target.supports.items[target.supports.count++] = kinds[i].word;
        roles = x4p_roles_start(&(struct profile_roles_options){.target = &target}, &err);
        cr_expect_eq(roles != NULL, kinds[i].why == NULL, "row %s: %s", kinds[i].word, err.text);
        cr_expect(kinds[i].why == NULL || strstr(err.text, kinds[i].why) != NULL, "row %s: %s",
                  kinds[i].word, err.text);
        x4p_roles_stop(roles);
    }
}

Test(x402_peer, begins_each_case_with_an_honest_facilitator)
{
    struct x4p_roles *r = x4p_roles_of(&b.t);

    x4p_facilitator_behaves(&b.t,
                            (struct facilitator_behaviour){.verify = {.lie = FACILITATOR_NO}});
    x4p_facilitator_settles(&b.t, FACILITATOR_EVERY_TIME);
    x4p_facilitator_judges(&b.t, false);
    x4p_facilitator_lists(&b.t, "{\"modes\":[]}");
    x4p_roles_calm(r);
    cr_expect_null(r->options.kinds[0].extra);
    cr_expect_eq(r->behaviour.verify.lie, FACILITATOR_HONEST);
    cr_expect_eq(r->options.reuse, FACILITATOR_ONCE);
    cr_expect(atomic_load(&r->judges));
}

static const struct {
    unsigned need;
    const char *word; /* of `supports` */
} needs[] = {
    {X4P_TWO, "two-offers"},
    {X4P_IDENTIFIER, "payment-identifier"},
    {X4P_SIGNED, "offer-receipt"},
};

Test(x402_peer, says_what_a_target_lacks)
{
    for (size_t i = 0; i < ARRAY_LEN(needs); i++) {
        cr_expect_not_null(profile_x402.lacks(&b.t, needs[i].need), "row %zu", i);
        b.target.supports.items[b.target.supports.count++] = needs[i].word;
        cr_expect_null(profile_x402.lacks(&b.t, needs[i].need), "row %zu", i);
    }
    cr_expect_not_null(profile_x402.lacks(&b.t, X4P_PAY));
    cr_expect_not_null(profile_x402.lacks(&b.t, X4P_OTHER));
    cr_expect_not_null(profile_x402.lacks(&b.t, X4P_MCP));
    cr_expect_not_null(profile_x402.lacks(&b.t, X4P_LISTS));
    b.target.poll_ms = 1;
    cr_expect_null(profile_x402.lacks(&b.t, X4P_LISTS));
}

Test(x402_peer, needs_endpoints_beside_the_word_to_sell_tools)
{
    static const char *const names[] = {"mcp", "mcp_tool", "mcp_tool_other"};

    b.target.supports.items[b.target.supports.count++] = "mcp";
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cr_expect_not_null(profile_x402.lacks(&b.t, X4P_MCP), "without %s", names[i]);
        b.target.endpoints[b.target.endpoint_count++] =
            (struct target_endpoint){names[i], "POST", "/tool", NULL};
    }
    cr_expect_null(profile_x402.lacks(&b.t, X4P_MCP));
}

/* ---- trees ---- */

static const struct {
    const char *path, *value, *text;
} edits[] = {
    {"a", "1", "{\"a\":1,\"b\":{\"c\":[3,4]}}"},
    {"b.c.1", "{}", "{\"a\":0,\"b\":{\"c\":[3,{}]}}"},
    {"b.d", "null", "{\"a\":0,\"b\":{\"c\":[3,4],\"d\":null}}"},
    {"b.c", NULL, "{\"a\":0,\"b\":{}}"},
    {"x.y.z", "1", "{\"a\":0,\"b\":{\"c\":[3,4]}}"},
};

Test(x402_peer, sets_members_by_their_path)
{
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        json_t *tree = peer_tree(&b.t, ASSAY_LIT("{\"a\":0,\"b\":{\"c\":[3,4]}}"));
        json_t *value =
            edits[i].value != NULL ? json_loads(edits[i].value, JSON_DECODE_ANY, NULL) : NULL;

        peer_tree_set(tree, edits[i].path, value);
        cr_expect_str_eq(peer_tree_text(&b.t, tree), edits[i].text, "row %s: %s", edits[i].path,
                         peer_tree_text(&b.t, tree));
    }
}

/* ---- offers and payments ---- */

#define ENTRY(network)                                                                             \
    "{\"scheme\":\"exact\",\"network\":\"" network                                                 \
    "\",\"amount\":\"1000\",\"asset\":\"0x036CbD53842c5426634e7929541eC2318f3dCF7e\","             \
    "\"payTo\":\"0x209693Bc6afc0C5328bA36FaF03C514EF312287C\",\"maxTimeoutSeconds\":60,"           \
    "\"extra\":{\"name\":\"USDC\",\"version\":\"2\"}}"
#define OFFER(entries)                                                                             \
    "{\"x402Version\":2,\"resource\":{\"url\":\"http://shop.example/"                              \
    "report\"},\"accepts\":[" entries "]}"
#define PAID(success, network)                                                                     \
    "{\"success\":" success ",\"transaction\":\"0xabc\",\"network\":\"" network "\"}"

/* An answer with that status and documents, since when the handler ran and money was moved so
 * often. */
struct told {
    int status;
    const char *required, *response, *body;
    uint64_t runs, moves;
};

static void add_header(struct http_response *response, const char *name, const char *document)
{
    if (document != NULL)
        response->headers[response->header_count++] =
            (struct http_header){name, assay_str(peer_base64(&b.t, assay_str(document)))};
}

static const struct peer_answer *answer_of(const struct told *told)
{
    struct http_exchange *x = case_alloc(&b.t, sizeof(*x));
    struct peer_answer *answer = case_alloc(&b.t, sizeof(*answer));
    const char *body = told->body != NULL ? told->body : "";

    *x = (struct http_exchange){.outcome = told->status == 0 ? HTTP_CLOSED : HTTP_ANSWERED,
                                .trouble = "the connection was closed"};
    x->response.status = told->status;
    x->response.body = assay_str(body);
    x->response.body_bytes = strlen(body);
    add_header(&x->response, "PAYMENT-REQUIRED", told->required);
    add_header(&x->response, "PAYMENT-RESPONSE", told->response);
    *answer = (struct peer_answer){.exchange = x, .label = "answer"};
    answer->before.moves = 0 - told->moves; /* the role itself settled nothing */
    b.t.executions_before = 0 - told->runs;
    return answer;
}

static const struct x4p_offer *offer_in(const char *required, const char **fault)
{
    const struct told told = {.status = 402, .required = required};

    return x4p_offer_of(&b.t, peer_endpoint(&b.t, "paid_get"), answer_of(&told), fault);
}

static const struct {
    const char *name, *required, *why; /* why NULL: it can be paid */
    size_t chosen;
} offers[] = {
    {"one that is settled", OFFER(ENTRY(NETWORK)), NULL, 0},
    {"the second alone", OFFER(ENTRY("eip155:999") "," ENTRY(NETWORK)), NULL, 1},
    {"none that is settled", OFFER(ENTRY("eip155:999")), "kind:SCHEME,NETWORK", 0},
    {"no entry", OFFER(""), "cannot be read", 0},
    {"no header", NULL, "no PAYMENT-REQUIRED", 0},
};

Test(x402_peer, chooses_what_the_facilitator_settles)
{
    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        const char *fault = NULL;
        const struct x4p_offer *offer = offer_in(offers[i].required, &fault);

        cr_expect_eq(offer != NULL, offers[i].why == NULL, "row %s: %s", offers[i].name, fault);
        cr_expect(offer == NULL || offer->chosen == offers[i].chosen, "row %s", offers[i].name);
        cr_expect(offers[i].why == NULL || strstr(fault, offers[i].why) != NULL, "row %s: %s",
                  offers[i].name, fault);
    }
}

/* What is asked of a server of these answers: so many offers in a row. */
static enum verdict ask_for_offers(const struct scripted_answer *answers, size_t count,
                                   size_t offers_wanted, size_t *requests)
{
    struct scripted *scripted = scripted_start(answers, count);
    const struct http_peer peer = scripted_peer(scripted);
    char url[64];

    cr_assert_gt(snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer.url.port), 0);
    b.target.base_urls.items[0] = url;
    b.target.base_urls.count = 1;
    b.t.http = http_client_new();
    cr_assert_eq(instance_start(&b.t.instance, &b.t.arena, &b.target, NULL, NULL), ASSAY_OK);
    b.t.in_body = true;
    b.t.verdict = VERDICT_PASS;
    if (setjmp(b.t.end) == 0)
        for (size_t i = 0; i < offers_wanted; i++)
            (void)x4p_given_offer(&b.t, peer_endpoint(&b.t, "paid_get"));
    b.t.in_body = false;
    *requests = scripted_requests(scripted);
    instance_free(b.t.instance);
    b.t.instance = NULL;
    http_client_free(b.t.http);
    b.t.http = NULL;
    scripted_stop(scripted);
    return b.t.verdict;
}

Test(x402_peer, asks_for_an_offer_again_where_a_kept_connection_has_ended)
{
    const char *header = peer_base64(&b.t, ASSAY_LIT(OFFER(ENTRY(NETWORK))));
    const char *offer = case_printf(
        &b.t, "HTTP/1.1 402 Payment Required\r\nPAYMENT-REQUIRED: %s\r\nContent-Length: 0\r\n\r\n",
        header);
    const struct scripted_answer kept[] = {{assay_str(offer), SCRIPTED_KEEP},
                                           {ASSAY_LIT(""), SCRIPTED_CLOSE},
                                           {assay_str(offer), SCRIPTED_KEEP}};
    const struct scripted_answer fresh[] = {{ASSAY_LIT(""), SCRIPTED_CLOSE},
                                            {assay_str(offer), SCRIPTED_KEEP}};
    size_t requests;

    cr_expect_eq(ask_for_offers(kept, ARRAY_LEN(kept), 2, &requests), VERDICT_PASS);
    cr_expect_eq(requests, 3);
    cr_expect_eq(ask_for_offers(fresh, ARRAY_LEN(fresh), 1, &requests), VERDICT_BROKEN);
    cr_expect_eq(requests, 1);
}

Test(x402_peer, pays_anew_each_time_and_changes_a_copy)
{
    const char *fault = NULL;
    const struct x4p_offer *offer = offer_in(OFFER(ENTRY(NETWORK)), &fault);
    const struct x4p_payment *one = x4p_given_payment(&b.t, offer);
    const struct x4p_payment *other = x4p_given_payment(&b.t, offer);
    const struct x4p_payment *bent = x4p_with_word(&b.t, one, "accepted.amount", "1");

    cr_expect_str_neq(one->payload.nonce, other->payload.nonce);
    cr_expect(json_equal(json_object_get(one->tree, "accepted"), offer->accepted));
    cr_expect_str_eq(json_string_value(peer_tree_get(bent->tree, "accepted.amount")), "1");
    cr_expect_str_eq(json_string_value(peer_tree_get(one->tree, "accepted.amount")), "1000");
    cr_expect_str_eq(json_string_value(peer_tree_get(offer->tree, "accepts.0.amount")), "1000");
    cr_expect_str_neq(bent->header, one->header);
}

Test(x402_peer, puts_a_payload_into_another_envelope)
{
    const char *fault = NULL;
    const struct x4p_offer *offer = offer_in(OFFER(ENTRY(NETWORK)), &fault);
    const struct x4p_offer *other = offer_in(OFFER(ENTRY("eip155:8453")), &fault);
    const struct x4p_payment *paid = x4p_given_payment(&b.t, offer);
    const struct x4p_payment *again = x4p_reused(&b.t, other, paid);

    cr_expect(json_equal(json_object_get(again->tree, "payload"),
                         json_object_get(paid->tree, "payload")));
    cr_expect(json_equal(json_object_get(again->tree, "accepted"), other->accepted));
    cr_expect(json_equal(json_object_get(paid->tree, "accepted"), offer->accepted));
}

/* ---- judging ---- */

static const struct x4p_payment *payment; /* of the row that is judged */
static void delivered(struct assay_case *t, const struct peer_answer *answer)
{
    x4p_expect_delivered(t, answer, payment);
}
static void challenged(struct assay_case *t, const struct peer_answer *answer)
{
    x4p_expect_challenge(t, answer, peer_endpoint(t, "paid_get"));
}

#define GOOD PAID("true", NETWORK)
#define BAD PAID("false", NETWORK)
#define PENDING(transaction)                                                                       \
    "{\"success\":false,\"errorReason\":\"settlement_pending\",\"transaction\":\"" transaction     \
    "\",\"network\":\"" NETWORK "\"}"
#define MARK "execution 12 of GET /report\n"

static void nothing_more(struct assay_case *t, const struct peer_answer *answer)
{
    static const struct told first = {200, NULL, GOOD, MARK, 1, 1};
    uint64_t executions_before = t->executions_before; /* of the answer that is judged */
    const struct peer_answer *told = answer_of(&first);

    t->executions_before = executions_before;
    x4p_expect_nothing_more(t, answer, told);
}
/* Since an answer before which the role had settled once less. */
static void delivered_since(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_answer first = {.before.moves = UINT64_MAX};

    x4p_expect_delivered_since(t, answer, payment, &first);
}
static void settled_once(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_answer first = {.before.moves = answer->before.moves - 1};

    x4p_expect_settled_once(t, answer, payment, &first);
}

static const struct {
    const char *name;
    void (*judge)(struct assay_case *, const struct peer_answer *);
    struct told told;
    enum verdict verdict;
} rows[] = {
    {"paid", delivered, {200, NULL, GOOD, MARK, 1, 1}, VERDICT_PASS},
    {"paid without a receipt", delivered, {200, NULL, NULL, MARK, 1, 1}, VERDICT_FAIL},
    {"paid elsewhere", delivered, {200, NULL, PAID("true", "eip155:1"), MARK, 1, 1}, VERDICT_FAIL},
    {"paid and told that it failed",
     delivered,
     {200, NULL, PAID("false", NETWORK), MARK, 1, 1},
     VERDICT_FAIL},
    {"paid without a run", delivered, {200, NULL, GOOD, MARK, 0, 1}, VERDICT_FAIL},
    {"paid by nobody", delivered, {200, NULL, GOOD, MARK, 1, 0}, VERDICT_FAIL},
    {"paid twice", delivered, {200, NULL, GOOD, MARK, 1, 2}, VERDICT_FAIL},
    {"paid and refused", delivered, {402, NULL, GOOD, "", 0, 0}, VERDICT_FAIL},

    {"challenge", challenged, {402, OFFER(ENTRY(NETWORK)), NULL, "", 0, 0}, VERDICT_PASS},
    {"challenge without an offer", challenged, {402, NULL, NULL, "", 0, 0}, VERDICT_FAIL},
    {"challenge after a run",
     challenged,
     {402, OFFER(ENTRY(NETWORK)), NULL, "", 1, 0},
     VERDICT_FAIL},
    {"challenge under 200", challenged, {200, OFFER(ENTRY(NETWORK)), NULL, "", 0, 0}, VERDICT_FAIL},

    {"402", x4p_expect_not_served, {402, NULL, NULL, "", 0, 0}, VERDICT_PASS},
    {"502", x4p_expect_not_served, {502, NULL, NULL, "", 0, 0}, VERDICT_PASS},
    {"502 after a run", x4p_expect_not_served, {502, NULL, NULL, "", 1, 0}, VERDICT_FAIL},
    {"402 and settled", x4p_expect_not_served, {402, NULL, NULL, "", 0, 1}, VERDICT_FAIL},
    {"402 around the content", x4p_expect_not_served, {402, NULL, NULL, MARK, 0, 0}, VERDICT_FAIL},
    {"no answer", x4p_expect_not_served, {0, NULL, NULL, "", 0, 0}, VERDICT_FAIL},

    {"withheld after a run", x4p_expect_withheld, {402, NULL, NULL, "", 1, 0}, VERDICT_PASS},
    {"not withheld", x4p_expect_withheld, {402, NULL, NULL, MARK, 1, 0}, VERDICT_FAIL},
    {"served", x4p_expect_withheld, {200, NULL, NULL, "", 1, 0}, VERDICT_FAIL},

    {"to come again", x4p_expect_unknown, {503, NULL, NULL, "", 1, 1}, VERDICT_PASS},
    {"to come later", x4p_expect_unknown, {429, NULL, NULL, "", 1, 1}, VERDICT_PASS},
    {"pending", x4p_expect_unknown, {402, NULL, PENDING("0xabc"), "", 1, 1}, VERDICT_PASS},
    {"pending nowhere", x4p_expect_unknown, {402, NULL, PENDING(""), "", 1, 1}, VERDICT_FAIL},
    {"to pay anew", x4p_expect_unknown, {402, OFFER(ENTRY(NETWORK)), NULL, "", 1, 1}, VERDICT_FAIL},
    {"told as failed", x4p_expect_unknown, {503, NULL, BAD, "", 1, 1}, VERDICT_FAIL},
    {"told as settled", x4p_expect_unknown, {503, NULL, GOOD, "", 1, 1}, VERDICT_FAIL},
    {"unknown and served", x4p_expect_unknown, {200, NULL, NULL, "", 1, 1}, VERDICT_FAIL},
    {"unknown, with content", x4p_expect_unknown, {503, NULL, NULL, MARK, 1, 1}, VERDICT_FAIL},
    {"unknown and silent", x4p_expect_unknown, {0, NULL, NULL, "", 1, 1}, VERDICT_FAIL},

    {"failed", x4p_expect_failure_told, {402, NULL, BAD, "", 1, 0}, VERDICT_PASS},
    {"failed and not told", x4p_expect_failure_told, {402, NULL, NULL, "", 1, 0}, VERDICT_FAIL},
    {"failed as a success", x4p_expect_failure_told, {402, NULL, GOOD, "", 1, 0}, VERDICT_FAIL},
    {"failed under 503", x4p_expect_failure_told, {503, NULL, BAD, "", 1, 0}, VERDICT_FAIL},
    {"failed, with content", x4p_expect_failure_told, {402, NULL, BAD, MARK, 1, 0}, VERDICT_FAIL},

    {"the same again", nothing_more, {200, NULL, GOOD, MARK, 0, 0}, VERDICT_PASS},
    {"a conflict", nothing_more, {409, NULL, NULL, "", 0, 0}, VERDICT_PASS},
    {"another body", nothing_more, {200, NULL, GOOD, "another", 0, 0}, VERDICT_FAIL},
    {"the same by a run", nothing_more, {200, NULL, GOOD, MARK, 1, 0}, VERDICT_FAIL},
    {"the same, settled anew", nothing_more, {200, NULL, GOOD, MARK, 0, 1}, VERDICT_FAIL},

    {"paid before", delivered_since, {200, NULL, GOOD, MARK, 1, 0}, VERDICT_PASS},
    {"run again since", delivered_since, {200, NULL, GOOD, MARK, 2, 0}, VERDICT_FAIL},

    {"run again and settled once", settled_once, {200, NULL, GOOD, MARK, 2, 0}, VERDICT_PASS},
    {"settled again since", settled_once, {200, NULL, GOOD, MARK, 1, 1}, VERDICT_FAIL},
    {"ended without a receipt", settled_once, {200, NULL, NULL, MARK, 1, 0}, VERDICT_FAIL},
    {"told as failed in the end", settled_once, {200, NULL, BAD, MARK, 1, 0}, VERDICT_FAIL},
    {"refused in the end", settled_once, {402, NULL, NULL, "", 0, 0}, VERDICT_FAIL},
};

static enum verdict verdict_on(void (*judge)(struct assay_case *, const struct peer_answer *),
                               const struct peer_answer *answer)
{
    b.t.in_body = true;
    b.t.verdict = VERDICT_PASS;
    if (setjmp(b.t.end) == 0)
        judge(&b.t, answer);
    b.t.in_body = false;
    return b.t.verdict;
}

Test(x402_peer, judges_answers_receipts_runs_and_settlements)
{
    const char *fault = NULL;

    payment = x4p_given_payment(&b.t, offer_in(OFFER(ENTRY(NETWORK)), &fault));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum verdict got = verdict_on(rows[i].judge, answer_of(&rows[i].told));

        cr_expect_eq(got, rows[i].verdict, "row %s: %s, seen %s", rows[i].name, verdict_name(got),
                     b.t.judged.seen);
    }
}

static const struct {
    const char *name;
    struct told told;
    bool shows;
} showing[] = {
    {"in the body", {.status = 402, .body = "an inner word"}, true},
    {"in the offer", {.status = 402, .required = "{\"error\":\"inner\"}"}, true},
    {"in the receipt", {.status = 402, .response = "{\"errorReason\":\"inner\"}"}, true},
    {"nowhere", {.status = 402, .required = "{}", .body = "inne"}, false},
};

Test(x402_peer, sees_a_word_wherever_an_answer_has_it)
{
    for (size_t i = 0; i < ARRAY_LEN(showing); i++)
        cr_expect_eq(x4p_shows(&b.t, answer_of(&showing[i].told), "inner"), showing[i].shows,
                     "row %s", showing[i].name);
}
