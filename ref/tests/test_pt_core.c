/* The decision core in virtual time: what it asks for, in which order, and what it answers. Tests
 * that show a rule of the paid-tools digest, section 10, name it. */
#include "ref/tests/pt_world.h"

static const struct ask weather = {.target = "/weather"};

static struct ask with_proof(struct ask ask, const char *proof)
{
    ask.proof = proof;
    return ask;
}

static struct ask with_key(struct ask ask, const char *key)
{
    ask.key = key;
    return ask;
}

/* ---- the order of decisions: the log is the test ---- */

Test(pt_core, asks_for_one_thing_after_another)
{
    static const struct {
        const char *name;
        bool pays;
        const char *key;
        enum assay_code handler;
        int status;
        const char *base, *hardened;
    } rows[] = {
        {"unpaid", false, NULL, ASSAY_OK, 200, "402", "402"},
        {"unpaid, key", false, "k", ASSAY_OK, 200, "lookup; 402", "lookup; 402"},
        {"paid", true, NULL, ASSAY_OK, 200, "begin; run; finish; spent; 200",
         "begin; run; finish; spent; 200"},
        {"paid, key", true, "k", ASSAY_OK, 200, "lookup; begin; run; finish; spent; stored; 200",
         "lookup; begin; run; finish; spent; stored; 200"},
        {"handler 404", true, "k", ASSAY_OK, 404, "lookup; begin; run; finish; spent; stored; 404",
         "lookup; begin; run; finish; spent; stored; 404"},
        {"handler 402", true, "k", ASSAY_OK, 402, "lookup; begin; run; finish; spent; 402",
         "lookup; begin; run; finish; spent; 402"},
        {"handler 500", true, "k", ASSAY_OK, 500, "lookup; begin; run; finish; spent; 500",
         "lookup; begin; run; finish; released; 500"},
        {"handler hangs", true, NULL, ASSAY_E_TIMEOUT, 0, "begin; run; finish; spent; 504",
         "begin; run; finish; released; 504"},
        {"handler gone", true, NULL, ASSAY_E_CLOSED, 0, "begin; run; finish; spent; 502",
         "begin; run; finish; released; 502"},
        {"handler says 99", true, NULL, ASSAY_OK, 99, "begin; run; finish; spent; 502",
         "begin; run; finish; released; 502"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            struct ask ask = weather;
            struct reply reply;

            if (rows[i].pays)
                ask.proof = world_paid(w, weather);
            ask.key = rows[i].key;
            w->handler_code = rows[i].handler;
            w->handler_status = rows[i].status;
            assay_buf_clear(&w->log);
            reply = world_send(w, ask);
            cr_expect_str_eq(world_log(w),
                             w->core.rules == PT_RULES_BASE ? rows[i].base : rows[i].hardened,
                             "row: %s", rows[i].name);
            cr_expect_eq(reply.granted, rows[i].pays && reply.status < 500 && reply.status >= 200,
                         "row: %s", rows[i].name);
        }
    }
}

Test(pt_core, delivers_nothing_when_the_store_fails)
{
    static const struct {
        const char *at;
        enum assay_code code;
        enum ref_claim_result result;
        int status;
        unsigned runs;
    } rows[] = {
        {"lookup", ASSAY_E_IO, REF_CLAIM_FREE, 503, 0},
        {"lookup", ASSAY_OK, REF_CLAIM_FULL, 503, 0},
        {"lookup", ASSAY_OK, REF_CLAIM_KEY_BUSY, 409, 0},
        {"lookup", ASSAY_OK, REF_CLAIM_KEY_CONFLICT, 409, 0},
        {"begin", ASSAY_E_BUSY, REF_CLAIM_FREE, 503, 0},
        {"begin", ASSAY_OK, REF_CLAIM_FULL, 503, 0},
        {"begin", ASSAY_OK, REF_CLAIM_NONCE_TAKEN, 402, 0},
        {"begin", ASSAY_OK, REF_CLAIM_KEY_BUSY, 409, 0},
        {"begin", ASSAY_OK, REF_CLAIM_KEY_CONFLICT, 409, 0},
        {"finish", ASSAY_E_IO, REF_CLAIM_FREE, 503, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            struct ask ask = with_key(with_proof(weather, world_paid(w, weather)), "k");
            struct reply reply;

            w->break_at = rows[i].at;
            w->break_code = rows[i].code;
            w->break_result = rows[i].result;
            reply = world_send(w, ask);
            cr_expect_eq(reply.status, rows[i].status, "row %zu: %d", i, reply.status);
            cr_expect_eq(w->runs, rows[i].runs, "row %zu", i);
            cr_expect_not(reply.granted);
            cr_expect(strstr(reply.body, "sun") == NULL);
            cr_expect_str_eq(reply.cache, "no-store");
        }
    }
}

/* ---- what needs no payment ---- */

Test(pt_core, routes_before_it_prices)
{
    static const struct {
        const char *method, *target, *host;
        int status;
        const char *allow;
    } rows[] = {
        {"GET", "/free", NULL, 200, NULL},
        {"HEAD", "/free", NULL, 200, NULL},
        {"GET", "/files/free", NULL, 200, NULL},
        {"GET", "/files/free?x", NULL, 200, NULL},
        {"GET", "/files/x/y", NULL, 402, NULL},
        {"GET", "/weather", NULL, 402, NULL},
        {"HEAD", "/weather", NULL, 402, NULL},
        {"GET", "/./weather", NULL, 402, NULL},
        {"GET", "/a/%2e%2e/weather", NULL, 402, NULL},
        {"GET", "/a/..\\weather", NULL, 402, NULL},
        {"GET", "http://shop.test/weather", NULL, 402, NULL},
        {"GET", "http://x.test/weather", NULL, 400, NULL},
        {"GET", "//weather", NULL, 400, NULL},
        {"GET", "/.//weather", NULL, 400, NULL},
        {"GET", "/%77eather", NULL, 404, NULL},
        {"GET", "/WEATHER", NULL, 404, NULL},
        {"GET", "/nothing", NULL, 404, NULL},
        {"GET", "*", NULL, 400, NULL},
        {"get", "/weather", NULL, 405, "GET, HEAD"},
        {"OPTIONS", "/weather", NULL, 405, "GET, HEAD"},
        {"POST", "/weather", NULL, 405, "GET, HEAD"},
        {"GET", "/action", NULL, 405, "POST"},
        {"DELETE", "/mcp", NULL, 405, "POST"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            struct reply reply =
                world_send(w, (struct ask){.method = rows[i].method, .target = rows[i].target});

            cr_expect_eq(reply.status, rows[i].status, "%s %s: %d", rows[i].method, rows[i].target,
                         reply.status);
            cr_expect_eq(w->runs, 0);
            if (rows[i].allow != NULL)
                cr_expect_str_eq(reply.allow, rows[i].allow);
        }
    }
}

Test(pt_core, CH_1_asks_for_payment_and_runs_once_it_is_there)
{
    EACH_SET(w)
    {
        struct pt_challenge challenge = world_challenge(w, weather);
        struct pt_proof proof = world_proof(w, &challenge);
        struct reply reply;

        cr_expect_eq(w->runs, 0);
        cr_expect_str_eq(challenge.price, "0.001");
        cr_expect_str_eq(challenge.description, "a forecast");
        reply = world_send(w, with_proof(weather, world_header(w, &proof)));
        cr_expect_eq(reply.status, 200);
        cr_expect_eq(w->runs, 1);
        cr_expect_eq(reply.body_len, w->handler_body.len);
        cr_expect_str_eq(w->ran_target, "/weather");
        reply = world_send(w, with_proof(weather, ""));
        cr_expect_eq(reply.status, 402);
        cr_expect_str_eq(reply.rule, "CH-1");
    }
}

Test(pt_core, CH_2_nonces_are_new_and_expiry_is_one_lifetime_away)
{
    EACH_SET(w)
    {
        struct pt_challenge a = world_challenge(w, weather), b = world_challenge(w, weather);
        int64_t expires_ms = 0;
        uint8_t uuid[16];

        cr_expect_str_neq(a.nonce, b.nonce);
        cr_expect_eq(pt_nonce_parse(uuid, assay_str(a.nonce)), ASSAY_OK);
        cr_assert_eq(assay_time_parse(&expires_ms, assay_str(a.expires_at)), ASSAY_OK);
        cr_expect_eq(expires_ms, w->now_ms + w->core.ttl_ms);
    }
}

Test(pt_core, CH_3_challenge_and_handler_get_the_canonical_request)
{
    EACH_SET(w)
    {
        struct ask ask = {.target = "/weather?units=metric&city=Paris"};
        struct pt_challenge challenge = world_challenge(w, ask);
        struct pt_proof proof = world_proof(w, &challenge);

        cr_expect_str_eq(challenge.request_hash,
                         "94bcef790f49967b4163c70d2f5dd4edff42a189f1d2d78a067c0e29e19b33c7");
        ask.target = "/weather?%63ity=Paris&units=metric&";
        cr_expect_eq(world_send(w, with_proof(ask, world_header(w, &proof))).status, 200);
        cr_expect_str_eq(w->ran_target, "/weather?city=Paris&units=metric");
    }
}

Test(pt_core, CH_4_nothing_may_be_kept_by_a_shared_cache)
{
    EACH_SET(w)
    {
        const char *proof = world_paid(w, weather);

        cr_expect_str_eq(world_send(w, weather).cache, "no-store");
        cr_expect_str_eq(world_send(w, with_key(with_proof(weather, proof), "k")).cache,
                         "private, no-store");
        cr_expect_str_eq(world_send(w, with_key(with_proof(weather, proof), "k")).cache,
                         "private, no-store");
        cr_expect_str_eq(world_send(w, with_proof(weather, proof)).cache, "no-store");
        cr_expect_eq(world_send(w, (struct ask){.target = "/free"}).cache, NULL);
    }
}

/* ---- proofs: each row is one way to be refused; the honest proof pays afterwards ---- */

Test(pt_core, refuses_what_is_no_proof_of_this_request)
{
    static const struct {
        const char *rule, *from, *to;
    } rows[] = {
        {"PF-2", "\"payer-1\"", "5"},
        {"PF-2", "\"signature\":", "\"signature\":{},\"s\":"},
        {"PF-2", "\"nonce\":", "\"nonce\":\"x\",\"nonce\":"},
        {"PF-3", "\"version\":1", "\"version\":2"},
        {"RH-1", "requestHash\":\"", "requestHash\":\"0"},
        {"SG-1", "signature\":\"", "signature\":\"0"},
        {"NS-3", "nonce\":\"", "nonce\":\"x"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            struct pt_challenge challenge = world_challenge(w, weather);
            struct pt_proof proof = world_proof(w, &challenge);
            const char *edited =
                world_edited(w, &proof, ASSAY_BASE64_URL, rows[i].from, rows[i].to);
            struct reply reply = world_send(w, with_proof(weather, edited));

            cr_expect_eq(reply.status, 402);
            cr_expect_str_eq(reply.rule, rows[i].rule);
            cr_expect_str_eq(
                reply.body,
                "{\"error\":\"Invalid or expired payment proof\",\"hint\":\"Ask again without a "
                "proof to get a fresh challenge.\"}");
            cr_expect_eq(w->runs, 0);
            reply = world_send(w, with_proof(weather, world_header(w, &proof)));
            cr_expect_eq(reply.status, 200);
        }
    }
}

Test(pt_core, PF_2_garbage_in_either_header_is_a_refusal)
{
    static const char *const texts[] = {"bnVsbA", "bnVsbA==", "e30", "e30=", "W10",
                                        "%%%",    ",",        "IiI", "NQ",   "W1tbW1tb"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        EACH_SET(w)
        {
            cr_expect_eq(world_send(w, with_proof(weather, texts[i])).status, 402);
            cr_expect_eq(world_send(w, (struct ask){.bridge = texts[i]}).status, 402);
            cr_expect_eq(world_send(w, with_key(with_proof(weather, texts[i]), "k")).status, 402);
            cr_expect_eq(w->runs, 0);
        }
    }
}

Test(pt_core, RH_1_and_RH_2_a_proof_buys_its_own_request_alone)
{
    static const struct {
        const char *method, *target, *body, *other_method, *other_target, *other_body;
    } rows[] = {
        {"GET", "/weather", "", "GET", "/gold", ""},
        {"GET", "/weather?a=1", "", "GET", "/weather?a=2", ""},
        {"GET", "/weather?a=1", "", "GET", "/weather?a=1&b", ""},
        {"GET", "/weather?a=1&a=2", "", "GET", "/weather?a=2&a=1", ""},
        {"GET", "/weather", "", "HEAD", "/weather", ""},
        {"POST", "/action", "{}", "POST", "/action", "{} "},
        {"GET", "/files/a%2fb", "", "GET", "/files/a/b", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            struct ask own = {
                .method = rows[i].method, .target = rows[i].target, .body = rows[i].body};
            struct ask other = {.method = rows[i].other_method,
                                .target = rows[i].other_target,
                                .body = rows[i].other_body};
            const char *proof = world_paid(w, own);

            cr_expect_eq(world_send(w, with_proof(other, proof)).status, 402, "row %zu", i);
            cr_expect_eq(w->runs, 0);
            cr_expect_eq(world_send(w, with_proof(own, proof)).status, 200, "row %zu", i);
        }
    }
}

Test(pt_core, RH_2_the_handler_sees_what_was_hashed)
{
    static const struct {
        const char *target, *given;
    } rows[] = {
        {"/files/a/%2e%2e/b", "/files/b"},
        {"/files/a\\b", "/files/a/b"},
        {"/weather?id=%ff", "/weather?id=%EF%BF%BD"},
        {"/weather?id=%fe", "/weather?id=%EF%BF%BD"},
        {"/weather?b=2&a=1#f", "/weather?a=1&b=2"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            struct ask ask = {.target = rows[i].target};

            cr_expect_eq(world_send(w, with_proof(ask, world_paid(w, ask))).status, 200);
            cr_expect_str_eq(w->ran_target, rows[i].given);
        }
    }
}

/* ---- nonces ---- */

Test(pt_core, NS_1_a_nonce_buys_once_in_whatever_spelling)
{
    EACH_SET(w)
    {
        struct pt_challenge challenge = world_challenge(w, weather);
        struct pt_proof proof = world_proof(w, &challenge);
        const char *spelled =
            world_edited(w, &proof, ASSAY_BASE64_URL, "{\"version\"", "{ \"version\"");
        struct reply reply = world_send(w, with_proof(weather, world_header(w, &proof)));

        cr_expect_eq(reply.status, 200);
        reply = world_send(w, with_proof(weather, world_header(w, &proof)));
        cr_expect_eq(reply.status, 402);
        cr_expect_str_eq(reply.rule, "NS-1");
        cr_expect(strstr(reply.body, "Nonce already used (replay detected)") != NULL);
        cr_expect_eq(world_send(w, with_proof(weather, spelled)).status, 402);
        cr_expect_eq(w->runs, 1);
    }
}

Test(pt_core, NS_1_a_nonce_buys_once_for_whatever_request)
{
    struct world w;
    struct pt_challenge weathers, golds;
    struct pt_proof proof;

    world_open(&w, PT_RULES_BASE);
    weathers = world_challenge(&w, weather);
    golds = world_challenge(&w, (struct ask){.target = "/gold"});
    proof = world_proof(&w, &weathers);
    cr_expect_eq(world_send(&w, with_proof(weather, world_header(&w, &proof))).status, 200);
    memcpy(proof.request_hash, golds.request_hash, sizeof(proof.request_hash));
    world_sign(&proof);
    cr_expect_eq(
        world_send(&w, (struct ask){.target = "/gold", .proof = world_header(&w, &proof)}).status,
        402);
    world_close(&w);
}

static const char *second_copy;
static struct reply second_reply;

static void send_second_copy(struct world *w)
{
    second_reply = world_send(w, with_proof(weather, second_copy));
}

Test(pt_core, NS_2_a_copy_is_refused_while_the_first_still_runs)
{
    EACH_SET(w)
    {
        second_copy = world_paid(w, weather);
        w->meanwhile = send_second_copy;
        cr_expect_eq(world_send(w, with_proof(weather, second_copy)).status, 200);
        cr_expect_eq(second_reply.status, 402);
        cr_expect_eq(w->runs, 1);
    }
}

Test(pt_core, NS_4_a_nonce_is_remembered_until_its_grace_is_over_whatever_the_clock_does)
{
    static const struct {
        int64_t then_ms, back_to_ms;
    } rows[] = {
        {0, 0},
        {299999, 299999},
        {300000, 300000},
        {359999, 0},
        {360000, 360000},
        {420000, 0}, /* swept, and the clock stepped back */
        {420000, -600000},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            const char *proof = world_paid(w, weather);

            cr_expect_eq(world_send(w, with_proof(weather, proof)).status, 200);
            w->now_ms = WORLD_START_MS + rows[i].then_ms;
            (void)world_send(w, weather); /* sweeps when that is due */
            w->now_ms = WORLD_START_MS + rows[i].back_to_ms;
            cr_expect_eq(world_send(w, with_proof(weather, proof)).status, 402, "row %zu", i);
            cr_expect_eq(w->runs, 1);
        }
    }
}

Test(pt_core, NS_5_only_issued_nonces_buy_under_the_hardened_rules)
{
    EACH_SET(w)
    {
        struct pt_challenge challenge = world_challenge(w, weather);
        struct pt_proof proof = world_proof(w, &challenge);
        bool is_base = w->core.rules == PT_RULES_BASE;
        struct reply reply;

        world_put(proof.nonce, sizeof(proof.nonce), "12345678-9abc-4def-8123-456789abcdef");
        world_sign(&proof);
        reply = world_send(w, with_proof(weather, world_header(w, &proof)));
        cr_expect_eq(reply.status, is_base ? 200 : 402);
        cr_expect_str_eq(is_base ? "NS-5" : reply.rule, "NS-5");
        cr_expect_eq(world_send(w, with_proof(weather, world_paid(w, weather))).status, 200);
    }
}

static const char mcp_call[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":"
                               "{\"name\":\"get_weather\",\"arguments\":{\"b\":1,\"a\":2}}}";

Test(pt_core, NS_6_one_payment_whatever_header_or_surface)
{
    struct ask mcp = {.method = "POST", .target = "/mcp", .body = mcp_call};

    EACH_SET(w)
    {
        struct pt_challenge challenge = world_challenge(w, weather);
        struct pt_proof proof = world_proof(w, &challenge);
        struct ask bridged = {.bridge = world_bridge(w, &proof)};

        cr_expect_eq(world_send(w, bridged).status, 200);
        cr_expect_eq(world_send(w, with_proof(weather, world_header(w, &proof))).status, 402);
        challenge = world_challenge(w, mcp);
        memcpy(proof.request_hash, challenge.request_hash, sizeof(proof.request_hash));
        world_sign(&proof);
        cr_expect_eq(world_send(w, with_proof(mcp, world_header(w, &proof))).status, 402);
        cr_expect_eq(w->runs, 1);
        bridged.proof = world_paid(w, weather); /* the better header wins over a spent one */
        cr_expect_eq(world_send(w, bridged).status, 200);
    }
}

/* ---- expiry ---- */

Test(pt_core, EX_1_a_proof_ends_at_its_expiry)
{
    static const struct {
        int64_t after_ms;
        int status;
    } rows[] = {
        {299999, 200}, {300000, 402}, {300001, 402},
        {-500, 200},   {-2001, 402}, /* EX-3: further off than a lifetime and the skew */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            const char *proof = world_paid(w, weather);

            w->now_ms += rows[i].after_ms;
            cr_expect_eq(world_send(w, with_proof(weather, proof)).status, rows[i].status,
                         "row %zu", i);
        }
    }
}

Test(pt_core, EX_2_a_rewritten_expiry_or_price_is_refused_under_the_hardened_rules)
{
    EACH_SET(w)
    {
        struct pt_challenge challenge = world_challenge(w, weather);
        struct pt_proof proof = world_proof(w, &challenge);
        static const struct pt_route dearer[] = {{"GET", "/weather", "0.002", NULL}};
        bool is_base = w->core.rules == PT_RULES_BASE;

        w->now_ms += 400000;
        assay_time_text(proof.expires_at, w->now_ms + 1000);
        cr_expect_eq(world_send(w, with_proof(weather, world_header(w, &proof))).status,
                     is_base ? 200 : 402);
        challenge = world_challenge(w, weather);
        proof = world_proof(w, &challenge);
        w->core.routes = dearer;
        w->core.route_count = 1;
        cr_expect_eq(world_send(w, with_proof(weather, world_header(w, &proof))).status,
                     is_base ? 200 : 402);
    }
}

Test(pt_core, EX_3_a_far_expiry_is_refused)
{
    EACH_SET(w)
    {
        struct pt_challenge challenge = world_challenge(w, weather);
        struct pt_proof proof = world_proof(w, &challenge);

        world_put(proof.expires_at, sizeof(proof.expires_at), "2099-01-01T00:00:00.000Z");
        cr_expect_eq(world_send(w, with_proof(weather, world_header(w, &proof))).status, 402);
    }
}

/* ---- keys ---- */

Test(pt_core, IK_1_and_IK_6_a_retry_gets_the_first_answer_again)
{
    EACH_SET(w)
    {
        const char *proof = world_paid(w, weather);
        struct ask keyed = with_key(with_proof(weather, proof), "k");
        struct reply first = world_send(w, keyed), again;

        w->handler_body = ASSAY_LIT("changed");
        w->now_ms += 1000000; /* the proof has expired, its answer has not */
        again = world_send(w, keyed);
        cr_expect_eq(first.status, 200);
        cr_expect_not(first.replay);
        cr_expect_eq(again.status, 200);
        cr_expect(again.replay);
        cr_expect_str_eq(again.type, "text/html");
        cr_expect_eq(again.body_len, first.body_len);
        cr_expect_eq(memcmp(again.body, first.body, first.body_len), 0);
        cr_expect_eq(w->runs, 1);
        w->now_ms += w->core.key_ttl_ms; /* T5-12: after its retention a key is new */
        cr_expect_eq(world_send(w, with_key(weather, "k")).status, 402);
    }
}

Test(pt_core, IK_2_a_key_with_another_request_is_a_conflict_that_costs_nothing)
{
    EACH_SET(w)
    {
        struct ask gold = {.target = "/gold"};
        const char *proof = world_paid(w, gold);
        struct reply reply =
            world_send(w, with_key(with_proof(weather, world_paid(w, weather)), "k\"1"));

        cr_expect_eq(reply.status, 200);
        reply = world_send(w, with_key(with_proof(gold, proof), "k\"1"));
        cr_expect_eq(reply.status, 409);
        cr_expect_str_eq(reply.body,
                         "{\"error\":\"Idempotency key reused with a different request\","
                         "\"idempotencyKey\":\"k\\\"1\"}");
        cr_expect_eq(world_send(w, with_key(gold, "k\"1")).status, 409);
        cr_expect_eq(w->runs, 1);
        cr_expect_eq(world_send(w, with_proof(gold, proof)).status, 200);
    }
}

static void send_second_with_key(struct world *w)
{
    second_reply = world_send(w, with_key(with_proof(weather, second_copy), "k"));
}

Test(pt_core, IK_3_of_two_at_once_one_runs)
{
    EACH_SET(w)
    {
        const char *first = world_paid(w, weather);

        second_copy = world_paid(w, weather);
        w->meanwhile = send_second_with_key;
        cr_expect_eq(world_send(w, with_key(with_proof(weather, first), "k")).status, 200);
        cr_expect_eq(second_reply.status, 409);
        cr_expect_eq(second_reply.retry_after_s, 1);
        cr_expect_eq(w->runs, 1);
        cr_expect_eq(world_send(w, with_proof(weather, second_copy)).status, 200);
    }
}

Test(pt_core, IK_4_refusals_and_failures_are_not_kept)
{
    EACH_SET(w)
    {
        struct ask keyed = with_key(weather, "k");
        const char *proof = world_paid(w, weather);

        cr_expect_eq(world_send(w, keyed).status, 402);
        w->handler_status = 500;
        cr_expect_eq(world_send(w, with_proof(keyed, proof)).status, 500);
        w->handler_status = 409;
        cr_expect_eq(world_send(w, with_proof(keyed, world_paid(w, weather))).status, 409);
        w->handler_status = 200;
        cr_expect_eq(world_send(w, with_proof(keyed, world_paid(w, weather))).status, 200);
        cr_expect_eq(w->runs, 3);
    }
}

Test(pt_core, IK_5_an_answer_goes_to_its_own_payment_under_the_hardened_rules)
{
    EACH_SET(w)
    {
        struct ask keyed = with_key(weather, "k");
        const char *proof = world_paid(w, weather), *other = world_paid(w, weather);
        bool is_base = w->core.rules == PT_RULES_BASE;
        struct reply reply = world_send(w, with_proof(keyed, proof));

        cr_expect_eq(reply.status, 200);
        cr_expect_eq(world_send(w, keyed).status, is_base ? 200 : 402);
        cr_expect_eq(world_send(w, with_proof(keyed, "garbage")).status, is_base ? 200 : 402);
        reply = world_send(w, with_proof(keyed, other));
        cr_expect_eq(reply.status, is_base ? 200 : 409);
        cr_expect_eq(world_send(w, with_proof(keyed, proof)).status, 200);
        cr_expect_eq(w->runs, 1);
        cr_expect_eq(world_send(w, with_proof(weather, other)).status, 200); /* not consumed */
    }
}

/* ---- limits ---- */

Test(pt_core, RS_1_unpaid_requests_leave_nothing_and_spent_nonces_leave)
{
    EACH_SET(w)
    {
        uint64_t nonces = 7;
        uint64_t keys = 7;

        for (int i = 0; i < 100; i++)
            (void)world_send(w, with_key(weather, i % 2 == 0 ? "k" : NULL));
        cr_assert_eq(w->store->ops->count(w->store, &nonces, &keys, NULL), ASSAY_OK);
        cr_expect_eq(nonces + keys, 0);
        (void)world_send(w, with_key(with_proof(weather, world_paid(w, weather)), "k"));
        cr_assert_eq(w->store->ops->count(w->store, &nonces, &keys, NULL), ASSAY_OK);
        cr_expect_eq(nonces + keys, 2);
        w->now_ms += w->core.key_ttl_ms;
        cr_expect(world_send(w, weather).sweep);
        cr_assert_eq(w->store->ops->count(w->store, &nonces, &keys, NULL), ASSAY_OK);
        cr_expect_eq(nonces + keys, 0);
        cr_expect_not(world_send(w, weather).sweep);
    }
}

Test(pt_core, RS_2_hostile_sizes_and_rates_are_refused_at_once)
{
    char *big = malloc(10001);

    cr_assert(big != NULL);
    memset(big, 'a', 10000);
    big[10000] = '\0';
    EACH_SET(w)
    {
        struct reply reply = world_send(w, with_proof(weather, big));

        cr_expect_eq(reply.status, 431);
        cr_expect_eq(world_send(w, (struct ask){.bridge = big}).status, 431);
        cr_expect_eq(world_send(w, with_key(weather, big)).status, 400);
        big[REF_STORE_KEY_MAX_BYTES] = '\0';
        cr_expect_eq(
            world_send(w, with_key(with_proof(weather, world_paid(w, weather)), big)).status, 200);
        big[REF_STORE_KEY_MAX_BYTES] = 'a';
        big[0] = '/';
        cr_expect_eq(world_send(w, (struct ask){.target = big}).status, 414);
        big[0] = 'a';
        w->core.rate_per_second = 5;
        w->requests_this_second = 5;
        cr_expect_eq(world_send(w, weather).status, 402);
        w->requests_this_second = 6;
        reply = world_send(w, with_proof(weather, "x"));
        cr_expect_eq(reply.status, 429);
        cr_expect_eq(reply.retry_after_s, 1);
        cr_expect_str_eq(reply.body, "{\"error\":\"Too Many Requests\",\"retryAfter\":1}");
    }
    free(big);
}

Test(pt_core, RS_2_odd_keys_are_keys)
{
    static const char *const keys[] = {"a", "a, b", "\xFF\xFE", "\xD0\x90", "'; DROP"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        EACH_SET(w)
        {
            struct ask keyed = with_key(with_proof(weather, world_paid(w, weather)), keys[i]);

            cr_expect_eq(world_send(w, keyed).status, 200);
            cr_expect(world_send(w, keyed).replay);
            keyed.target = "/gold";
            cr_expect_eq(world_send(w, keyed).status, 409);
        }
    }
}

/* ---- failure, connection, text ---- */

Test(pt_core, CG_1_a_failure_leaves_the_payment_usable_under_the_hardened_rules)
{
    EACH_SET(w)
    {
        struct ask keyed = with_key(with_proof(weather, world_paid(w, weather)), "k");
        bool is_base = w->core.rules == PT_RULES_BASE;
        struct reply reply;

        w->handler_status = 500;
        reply = world_send(w, keyed);
        cr_expect_eq(reply.status, 500);
        cr_expect_str_eq(reply.rule, "CG-1");
        cr_expect(strstr(reply.body, "sun") == NULL);
        w->handler_status = 200;
        cr_expect_eq(world_send(w, keyed).status, is_base ? 402 : 200);
        cr_expect_eq(w->runs, is_base ? 1 : 2);
    }
}

Test(pt_core, HT_1_a_paid_connection_buys_nothing_more)
{
    EACH_SET(w)
    {
        w->connection_paid = true;
        cr_expect_eq(world_send(w, weather).status, 402);
        cr_expect_eq(world_send(w, with_proof(weather, world_paid(w, weather))).status, 200);
        cr_expect_eq(w->runs, 1);
    }
}

Test(pt_core, HT_2_no_text_of_a_request_stands_bare_in_a_refusal)
{
    EACH_SET(w)
    {
        struct pt_challenge challenge = world_challenge(w, weather);
        struct pt_proof proof = world_proof(w, &challenge);
        struct reply reply;

        world_put(proof.payer, sizeof(proof.payer), "<b>\r\nX: y");
        cr_expect_eq(world_send(w, with_proof(weather, world_header(w, &proof))).status, 200);
        reply = world_send(w, with_proof(weather, world_header(w, &proof)));
        cr_expect_eq(reply.status, 402);
        cr_expect(strstr(reply.body, "<b>") == NULL);
        (void)world_send(w, with_key(with_proof(weather, world_paid(w, weather)), "k\"\n\x01"));
        reply = world_send(w, (struct ask){.target = "/gold", .key = "k\"\n\x01"});
        cr_expect(strstr(reply.body, "\"k\\\"\\n\\u0001\"") != NULL, "%s", reply.body);
    }
}

/* ---- configuration ---- */

Test(pt_core, SG_2_and_UC_1_it_starts_only_with_a_sound_configuration)
{
    static const struct {
        const char *name, *secret, *price, *asset, *path;
        enum assay_code code;
    } rows[] = {
        {"sound", WORLD_SECRET, "0.001", "USDC", "/w", ASSAY_OK},
        {"no secret", "", "0.001", "USDC", "/w", ASSAY_E_DENIED},
        {"31 bytes", "0123456789abcdef0123456789abcde", "0.001", "USDC", "/w", ASSAY_E_DENIED},
        {"the default", "mock-secret", "0.001", "USDC", "/w", ASSAY_E_DENIED},
        {"under one atomic unit", WORLD_SECRET, "0.0000001", "USDC", "/w", ASSAY_E_RANGE},
        {"a price of nothing", WORLD_SECRET, "0", "USDC", "/w", ASSAY_E_RANGE},
        {"a negative price", WORLD_SECRET, "-1", "USDC", "/w", ASSAY_E_RANGE},
        {"a Cyrillic letter", WORLD_SECRET, "0.001", "\xD0\xA1USD", "/w", ASSAY_E_RANGE},
        {"a zero-width space", WORLD_SECRET, "0.001", "USDC\xE2\x80\x8B", "/w", ASSAY_E_RANGE},
        {"a path with dots", WORLD_SECRET, "0.001", "USDC", "/a/../w", ASSAY_E_MALFORMED},
        {"an authority for a path", WORLD_SECRET, "0.001", "USDC", "//w", ASSAY_E_MALFORMED},
        {"no path", WORLD_SECRET, "0.001", "USDC", "w", ASSAY_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pt_route route = {"GET", rows[i].path, rows[i].price, NULL};
        struct assay_err err = {0};
        struct world w;

        world_open(&w, PT_RULES_BASE);
        w.core.secret = assay_str(rows[i].secret);
        w.core.asset = rows[i].asset;
        w.core.routes = &route;
        w.core.route_count = 1;
        cr_expect_eq(pt_core_check(&w.core, false, &err), rows[i].code, "row: %s: %s", rows[i].name,
                     err.text);
        cr_expect_eq(err.text[0] != '\0', rows[i].code != ASSAY_OK, "row: %s", rows[i].name);
        if (rows[i].code == ASSAY_E_DENIED)
            cr_expect_eq(pt_core_check(&w.core, true, NULL), ASSAY_OK, "row: %s", rows[i].name);
        world_close(&w);
    }
}

/* ---- the bridge and MCP ---- */

Test(pt_core, wire_modes_put_the_terms_into_body_header_or_both)
{
    static const struct {
        enum pt_wire wire;
        bool has_body, has_header;
    } rows[] = {
        {PT_WIRE_TOOLKIT, true, false},
        {PT_WIRE_COINBASE, false, true},
        {PT_WIRE_DUAL, true, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            char amount[PT_TEXT_MAX_BYTES];
            struct pt_challenge told;
            struct pt_proof proof;
            struct reply reply;

            w->core.wire = rows[i].wire;
            reply = world_send(w, weather);
            cr_expect_eq(strstr(reply.body, "x402") != NULL, rows[i].has_body);
            cr_expect_eq(reply.required[0] != '\0', rows[i].has_header);
            if (!rows[i].has_header)
                cr_expect_str_eq(reply.required, "");
            else {
                cr_assert_eq(
                    pt_bridge_required_parse(&told, amount, assay_str(reply.required), NULL),
                    ASSAY_OK);
                proof = world_proof(w, &told);
                cr_expect_eq(world_send(w, (struct ask){.bridge = world_bridge(w, &proof)}).status,
                             200);
            }
        }
    }
}

static struct reply say(struct world *w, const char *body)
{
    return world_send(w, (struct ask){.method = "POST", .target = "/mcp", .body = body});
}

Test(pt_core, mcp_answers_what_is_free_itself)
{
    static const struct {
        const char *body;
        int status;
        const char *has;
    } rows[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}", 200, "protocolVersion"},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}", 200,
         "\"id\":\"p\",\"result\":{}}"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", 200, "get_weather"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 202, ""},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\"}", 200, "-32601"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", 200, "-32602"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}",
         200, "-32601"},
        {"5", 400, "-32600"},
        {"[]", 400, "-32600"},
        {"{", 400, "-32700"},
        {mcp_call, 402, "x402"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            struct reply reply = say(w, rows[i].body);

            cr_expect_eq(reply.status, rows[i].status, "%s: %d", rows[i].body, reply.status);
            cr_expect(strstr(reply.body, rows[i].has) != NULL, "%s: %s", rows[i].body, reply.body);
            cr_expect_eq(w->runs, 0);
        }
    }
}

Test(pt_core, mcp_calls_are_paid_for_and_wrapped)
{
    struct ask call = {.method = "POST", .target = "/mcp", .body = mcp_call};

    EACH_SET(w)
    {
        struct reply reply = world_send(w, with_proof(call, world_paid(w, call)));
        const char *again = NULL;

        cr_expect_eq(reply.status, 200);
        cr_expect_str_eq(reply.body, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":"
                                     "[{\"type\":\"text\",\"text\":\"<p>sun\\u0000rain</p>\"}],"
                                     "\"isError\":false}}");
        cr_expect_str_eq(w->ran_target, "/mcp/get_weather");
        cr_expect_str_eq(w->ran_body, "{\"a\":2,\"b\":1}");
        w->handler_status = 404;
        reply = world_send(w, with_proof(call, world_paid(w, call)));
        cr_expect(strstr(reply.body, "\"isError\":true") != NULL && reply.granted);
        w->handler_status = 500;
        again = world_paid(w, call);
        reply = world_send(w, with_proof(call, again));
        cr_expect(strstr(reply.body, "\"isError\":true") != NULL && !reply.granted);
        cr_expect(strstr(reply.body, "sun") == NULL);
        w->handler_status = 200;
        cr_expect_eq(world_send(w, with_proof(call, again)).status,
                     w->core.rules == PT_RULES_BASE ? 402 : 200);
        cr_expect_eq(world_send(w, with_key(with_proof(call, world_paid(w, call)), "k")).status,
                     200);
        cr_expect_eq(world_send(w, with_key(call, "k")).status, 402); /* no keys here */
    }
}
