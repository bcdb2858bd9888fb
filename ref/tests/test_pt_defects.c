/* Seeded defects of the pure code: each changes a decision when it is switched on, none before, and
 * the honest path goes on working. */
#include "base/hex.h"
#include "ref/tests/pt_world.h"

static const struct ask weather = {.target = "/weather"};
static const struct ask gold = {.target = "/gold"};
static const char mcp_call[] = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":"
                               "{\"name\":\"get_weather\",\"arguments\":{\"b\":1,\"a\":2}}}";

static int status_of(struct world *w, struct ask ask)
{
    return world_send(w, ask).status;
}

/* An ask with a proof, and perhaps a key. */
static struct ask proved(struct ask ask, const char *proof, const char *key)
{
    ask.proof = proof;
    ask.key = key;
    return ask;
}

static struct pt_proof proof_of(struct world *w, struct ask ask)
{
    struct pt_challenge challenge = world_challenge(w, ask);

    return world_proof(w, &challenge);
}

/* What is got for a proof of `paid`, as JSON with `from` replaced, on `sent`. */
static int edited(struct world *w, const char *from, const char *to)
{
    struct pt_proof proof = proof_of(w, weather);

    return status_of(w, proved(weather, world_edited(w, &proof, ASSAY_BASE64_URL, from, to), NULL));
}

/* ---- unpaid-access ---- */

static bool head_is_free(struct world *w)
{
    return status_of(w, (struct ask){.method = "HEAD"}) != 402;
}

static bool spelling_is_free(struct world *w)
{
    return status_of(w, (struct ask){.target = "/./weather"}) != 402;
}

static bool runs_unpaid(struct world *w)
{
    return status_of(w, weather) == 402 && w->runs > 0;
}

static bool garbage_is_free(struct world *w)
{
    return status_of(w, proved(weather, "%%%", NULL)) != 402;
}

/* ---- proof-replay, nonce-reuse ---- */

static bool replays(struct world *w)
{
    const char *proof = world_paid(w, weather);

    (void)status_of(w, proved(weather, proof, NULL));
    return status_of(w, proved(weather, proof, NULL)) == 200;
}

static const char *copy;
static int copy_status;

static void send_copy(struct world *w)
{
    copy_status = status_of(w, proved(weather, copy, NULL));
}

static bool copy_runs_meanwhile(struct world *w)
{
    copy = world_paid(w, weather);
    w->meanwhile = send_copy;
    (void)status_of(w, proved(weather, copy, NULL));
    return copy_status == 200;
}

/* Spends a proof, then sends it with `from` replaced in its JSON. */
static bool replays_as(struct world *w, const char *format_from, const char *format_to)
{
    struct pt_proof proof = proof_of(w, weather);
    struct assay_buf from = ASSAY_BUF_INIT(1000), to = ASSAY_BUF_INIT(1000);
    const char *again;

    (void)status_of(w, proved(weather, world_header(w, &proof), NULL));
    for (const char *c = format_from; *c != '\0'; c++)
        *c == '#' ? assay_buf_add_str(&from, proof.nonce) : assay_buf_add_byte(&from, (uint8_t)*c);
    for (const char *c = format_to; *c != '\0'; c++)
        *c == '#' ? assay_buf_add_str(&to, proof.nonce) : assay_buf_add_byte(&to, (uint8_t)*c);
    again = world_edited(w, &proof, ASSAY_BASE64_URL, assay_buf_cstr(&from), assay_buf_cstr(&to));
    assay_buf_fini(&from);
    assay_buf_fini(&to);
    return status_of(w, proved(weather, again, NULL)) == 200;
}

static bool array_replays(struct world *w)
{
    return replays_as(w, "\"#\"", "[\"#\"]");
}

static bool duplicate_replays(struct world *w)
{
    return replays_as(w, "\"nonce\":\"#\"", "\"nonce\":\"#\",\"nonce\":\"x\"");
}

static bool spelling_replays(struct world *w)
{
    return replays_as(w, "{\"version\"", "{ \"version\"");
}

static bool number_replays(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);
    const char *number;
    bool text;

    world_put(proof.nonce, sizeof(proof.nonce), "5");
    world_sign(&proof);
    number = world_edited(w, &proof, ASSAY_BASE64_URL, "\"5\"", "5");
    text = status_of(w, proved(weather, world_header(w, &proof), NULL)) == 200;
    return text && status_of(w, proved(weather, number, NULL)) == 200;
}

/* A proof with a nonce of the client's own, signed, sent twice. */
static bool own_nonce_buys(struct world *w, const char *nonce, int times)
{
    struct pt_proof proof = proof_of(w, weather);
    int bought = 0;

    world_put(proof.nonce, sizeof(proof.nonce), nonce);
    world_sign(&proof);
    for (int i = 0; i < times; i++)
        bought += status_of(w, proved(weather, world_header(w, &proof), NULL)) == 200;
    return bought == times;
}

static bool empty_nonce_buys_twice(struct world *w)
{
    return own_nonce_buys(w, "", 2);
}

static bool long_nonce_buys(struct world *w)
{
    char nonce[4001];

    memset(nonce, 'a', 4000);
    nonce[4000] = '\0';
    return own_nonce_buys(w, nonce, 1);
}

static bool foreign_nonce_buys(struct world *w)
{
    return own_nonce_buys(w, "12345678-9abc-4def-8123-456789abcdef", 1);
}

static bool upper_case_nonce_replays(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);

    (void)status_of(w, proved(weather, world_header(w, &proof), NULL));
    for (char *c = proof.nonce; *c != '\0'; c++)
        *c = (char)(*c >= 'a' ? *c - 32 : *c);
    world_sign(&proof);
    return status_of(w, proved(weather, world_header(w, &proof), NULL)) == 200;
}

static bool other_header_replays(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);

    (void)status_of(w, proved(weather, world_header(w, &proof), NULL));
    return status_of(w, (struct ask){.bridge = world_bridge(w, &proof)}) == 200;
}

static bool nonce_buys_other(struct world *w, struct ask other)
{
    struct pt_proof proof = proof_of(w, weather);
    struct pt_challenge challenge = world_challenge(w, other);

    (void)status_of(w, proved(weather, world_header(w, &proof), NULL));
    memcpy(proof.request_hash, challenge.request_hash, sizeof(proof.request_hash));
    world_sign(&proof);
    return status_of(w, proved(other, world_header(w, &proof), NULL)) == 200;
}

static bool nonce_buys_mcp(struct world *w)
{
    return nonce_buys_other(w, (struct ask){"POST", "/mcp", .body = mcp_call});
}

static bool nonce_buys_gold(struct world *w)
{
    return nonce_buys_other(w, gold);
}

static bool nonces_repeat(struct world *w)
{
    enum { CHALLENGES = 1000 };
    static char seen[CHALLENGES][ASSAY_UUID_TEXT_BYTES];
    unsigned repeats = 0;

    for (size_t i = 0; i < CHALLENGES; i++) {
        struct pt_challenge challenge = world_challenge(w, weather);

        memcpy(seen[i], challenge.nonce, sizeof(seen[i]));
        for (size_t j = 0; j < i; j++)
            repeats += strcmp(seen[i], seen[j]) == 0;
    }
    return repeats > 0;
}

static bool standard_base64_buys(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);
    const char *header =
        world_edited(w, &proof, ASSAY_BASE64_STD, "payer-1", "\xC3\xBF\xC3\xBF\xC3\xBF\xC3\xBF");

    return status_of(w, proved(weather, header, NULL)) == 200;
}

static bool untyped_payer_buys(struct world *w)
{
    return edited(w, "\"payer-1\"", "5") == 200;
}

/* ---- proof-theft, hash-collision ---- */

static bool buys_other(struct world *w, struct ask own, struct ask other)
{
    return status_of(w, proved(other, world_paid(w, own), NULL)) == 200;
}

static bool buys_gold(struct world *w)
{
    return buys_other(w, weather, gold);
}

static bool buys_other_body(struct world *w)
{
    return buys_other(w, (struct ask){"POST", "/action", .body = "1"},
                      (struct ask){"POST", "/action", .body = "2"});
}

static bool buys_head(struct world *w)
{
    return buys_other(w, weather, (struct ask){.method = "HEAD"});
}

static bool buys_other_query(struct world *w)
{
    return buys_other(w, (struct ask){.target = "/weather?a=1"},
                      (struct ask){.target = "/weather?a=2"});
}

static bool buys_swapped_values(struct world *w)
{
    return buys_other(w, (struct ask){.target = "/weather?a=1&a=2"},
                      (struct ask){.target = "/weather?a=2&a=1"});
}

static bool buys_other_authority(struct world *w)
{
    return status_of(w, (struct ask){.target = "//weather"}) == 402 &&
           buys_other(w, (struct ask){.target = "//weather"}, (struct ask){.target = "//gold"}) &&
           strcmp(w->ran_target, "/gold") == 0;
}

static bool escaped_path_collides(struct world *w)
{
    return buys_other(w, (struct ask){.target = "/files/a%2fb"},
                      (struct ask){.target = "/files/a/b"});
}

static bool permuted_query_differs(struct world *w)
{
    return !buys_other(w, (struct ask){.target = "/weather?a=1&b=2"},
                       (struct ask){.target = "/weather?b=2&a=1"});
}

static bool handler_sees_raw_target(struct world *w)
{
    struct ask ask = {.target = "/files/a/%2e%2e/b"};

    (void)status_of(w, proved(ask, world_paid(w, ask), NULL));
    return strcmp(w->ran_target, "/files/b") != 0;
}

static struct ask call_with(const char *body)
{
    return (struct ask){"POST", "/mcp", .body = body};
}

static bool member_order_matters(struct world *w)
{
    struct ask swapped = call_with("{\"id\":1,\"method\":\"tools/call\",\"params\":{\"arguments\":"
                                   "{\"a\":2,\"b\":1},\"name\":\"get_weather\"}}");

    return !buys_other(w, call_with(mcp_call), swapped);
}

static bool tool_sees_raw_number(struct world *w)
{
    struct ask big = call_with("{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
                               "\"get_gold\",\"arguments\":{\"n\":9007199254740993}}}");
    struct ask twin = call_with("{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
                                "\"get_gold\",\"arguments\":{\"n\":9007199254740992}}}");

    return buys_other(w, twin, big) && strstr(w->ran_body, "993") != NULL;
}

static bool may_be_cached(struct world *w)
{
    return world_send(w, weather).cache == NULL;
}

/* ---- idempotency-abuse ---- */

static bool retry_runs(struct world *w)
{
    struct ask keyed = proved(weather, world_paid(w, weather), "k");

    (void)world_send(w, keyed);
    return !world_send(w, keyed).replay;
}

/* What `second` gets after `first` was paid for and answered under its key. */
static struct reply after(struct world *w, struct ask first, struct ask second)
{
    first.proof = world_paid(w, (struct ask){.target = first.target});
    cr_assert_eq(status_of(w, first), 200);
    return world_send(w, second);
}

static bool key_answers_other_request(struct world *w)
{
    return after(w, proved(weather, NULL, "k"), proved(gold, NULL, "k")).status == 200;
}

static bool conflict_spends(struct world *w)
{
    const char *proof = world_paid(w, gold);

    (void)after(w, proved(weather, NULL, "k"), proved(gold, proof, "k"));
    return status_of(w, proved(gold, proof, NULL)) != 200;
}

static bool challenge_is_kept_under_key(struct world *w)
{
    const char *proof = world_paid(w, weather);

    (void)status_of(w, proved(weather, NULL, "k"));
    return status_of(w, proved(weather, proof, "k")) != 200;
}

static bool failure_is_kept_under_key(struct world *w)
{
    w->handler_status = 500;
    (void)status_of(w, proved(weather, world_paid(w, weather), "k"));
    w->handler_status = 200;
    return status_of(w, proved(weather, world_paid(w, weather), "k")) != 200;
}

static bool answer_goes_to_anyone(struct world *w)
{
    return after(w, proved(weather, NULL, "k"), proved(weather, NULL, "k")).replay;
}

static bool replay_loses_type(struct world *w)
{
    struct ask keyed = proved(weather, world_paid(w, weather), "k");

    (void)world_send(w, keyed);
    return strcmp(world_send(w, keyed).type, "text/html") != 0;
}

static bool long_keys_are_one(struct world *w)
{
    static const char one[] = "0123456789012345678901234567890123456789012345678901234567890123A";
    static const char two[] = "0123456789012345678901234567890123456789012345678901234567890123B";

    return after(w, proved(weather, NULL, one), proved(gold, NULL, two)).status == 409;
}

/* ---- clock-gap ---- */

/* What a proof gets, so many milliseconds after it was made. */
static int status_after(struct world *w, int64_t ms)
{
    const char *proof = world_paid(w, weather);

    w->now_ms += ms;
    return status_of(w, proved(weather, proof, NULL));
}

static bool buys_late(struct world *w)
{
    return status_after(w, 400000) == 200;
}

static bool buys_at_expiry(struct world *w)
{
    return status_after(w, 300000) == 200;
}

/* A proof whose time is over, with a text of it rewritten to say otherwise. */
static bool revived(struct world *w, bool by_expiry)
{
    struct pt_proof proof = proof_of(w, weather);

    w->now_ms += 400000;
    assay_time_text(proof.timestamp, w->now_ms);
    if (by_expiry)
        assay_time_text(proof.expires_at, w->now_ms + 1000);
    return status_of(w, proved(weather, world_header(w, &proof), NULL)) == 200;
}

static bool timestamp_revives(struct world *w)
{
    return revived(w, false);
}

static bool expiry_revives(struct world *w)
{
    return revived(w, true);
}

static bool old_price_buys(struct world *w)
{
    static const struct pt_route dearer[] = {{"GET", "/weather", "0.002", NULL}};
    const char *proof = world_paid(w, weather);

    w->core.routes = dearer;
    w->core.route_count = 1;
    return status_of(w, proved(weather, proof, NULL)) == 200;
}

static bool lenient_expiry_buys(struct world *w)
{
    return edited(w, "00:05:00.123Z", "00:05:00.123+00:00") == 200 &&
           edited(w, "\"2026-01-01T00:05:00.123Z\"", "1767225900123") == 200;
}

static bool far_expiry_buys(struct world *w)
{
    return edited(w, "2026-01-01T00:05:00.123Z", "2099-01-01T00:00:00.000Z") == 200;
}

/* Spends a proof, lets a sweep happen at one time, and sends it again at another. */
static bool swept_replays(struct world *w, int64_t sweep_after_ms, int64_t again_after_ms)
{
    const char *proof = world_paid(w, weather);

    (void)status_of(w, proved(weather, proof, NULL));
    w->now_ms = WORLD_START_MS + sweep_after_ms;
    (void)world_send(w, weather);
    w->now_ms = WORLD_START_MS + again_after_ms;
    return status_of(w, proved(weather, proof, NULL)) == 200;
}

static bool forgets_early(struct world *w)
{
    return swept_replays(w, 61000, 62000);
}

static bool clock_revives(struct world *w)
{
    return swept_replays(w, 400000, 0);
}

/* ---- forged-proof ---- */

static int with_signature(struct world *w, const char *signature)
{
    struct pt_proof proof = proof_of(w, weather);

    world_put(proof.signature, sizeof(proof.signature), signature);
    return status_of(w, proved(weather, world_header(w, &proof), NULL));
}

static bool any_hex_buys(struct world *w)
{
    return with_signature(w, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") ==
           200;
}

static bool no_signature_buys(struct world *w)
{
    return with_signature(w, "") == 200;
}

static bool upper_case_mac_buys(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);

    for (char *c = proof.signature; *c != '\0'; c++)
        *c = (char)(*c >= 'a' ? *c - 32 : *c);
    return status_of(w, proved(weather, world_header(w, &proof), NULL)) == 200;
}

static bool mac_without_bar_buys(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    uint8_t mac[ASSAY_SHA256_BYTES];

    assay_buf_add_str(&text, proof.nonce);
    assay_buf_add_str(&text, proof.request_hash);
    assay_hmac_sha256(mac, assay_str(WORLD_SECRET), assay_buf_view(&text));
    assay_hex_encode(proof.signature, assay_bytes_of(mac, sizeof(mac)));
    assay_buf_fini(&text);
    return status_of(w, proved(weather, world_header(w, &proof), NULL)) == 200;
}

static bool default_secret_buys(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);

    pt_proof_mac(proof.signature, assay_str(PT_DEFAULT_SECRET), assay_str(proof.nonce),
                 assay_str(proof.request_hash));
    return status_of(w, proved(weather, world_header(w, &proof), NULL)) == 200;
}

static bool null_crashes(struct world *w)
{
    return status_of(w, proved(weather, "bnVsbA", NULL)) == 500;
}

static bool typed_signature_crashes(struct world *w)
{
    return edited(w, "\"signature\":", "\"signature\":5,\"s\":") == 500;
}

static bool bridge_crashes(struct world *w)
{
    return status_of(w, (struct ask){.bridge = "e30="}) == 500;
}

static bool any_version_buys(struct world *w)
{
    return edited(w, "\"version\":1", "\"version\":99") == 200;
}

/* ---- the rest ---- */

static bool challenges_fill_the_store(struct world *w)
{
    uint64_t nonces = 0, keys = 0;

    (void)world_send(w, weather);
    cr_assert_eq(w->store->ops->count(w->store, &nonces, &keys, NULL), ASSAY_OK);
    return nonces > 0;
}

static bool never_asks_for_a_sweep(struct world *w)
{
    w->now_ms += 1000000;
    return !world_send(w, weather).sweep;
}

static bool long_header_crashes(struct world *w)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    int status;

    while (text.len <= PT_PROOF_HEADER_MAX_BYTES)
        assay_buf_add_byte(&text, 'A');
    status = status_of(w, proved(weather, assay_buf_cstr(&text), NULL));
    assay_buf_fini(&text);
    return status == 500;
}

static bool unpaid_flood_is_not_limited(struct world *w)
{
    w->core.rate_per_second = 5;
    w->requests_this_second = 6;
    return status_of(w, weather) == 402;
}

static bool failure_burns(struct world *w)
{
    const char *proof = world_paid(w, weather);

    w->handler_status = 500;
    (void)status_of(w, proved(weather, proof, NULL));
    w->handler_status = 200;
    return status_of(w, proved(weather, proof, NULL)) != 200;
}

static bool connection_rides_free(struct world *w)
{
    w->connection_paid = true;
    return status_of(w, weather) == 200;
}

static bool payer_is_reflected(struct world *w)
{
    struct pt_proof proof = proof_of(w, weather);

    world_put(proof.payer, sizeof(proof.payer), "<b>");
    (void)status_of(w, proved(weather, world_header(w, &proof), NULL));
    return strstr(world_send(w, proved(weather, world_header(w, &proof), NULL)).body, "<b>") !=
           NULL;
}

static bool lifetime_is_wrong(struct world *w)
{
    struct pt_challenge challenge = world_challenge(w, weather);
    int64_t expires_ms = 0;

    cr_assert_eq(assay_time_parse(&expires_ms, assay_str(challenge.expires_at)), ASSAY_OK);
    return expires_ms != w->now_ms + w->core.ttl_ms;
}

static bool gold_is_cheap(struct world *w)
{
    static const struct pt_route routes[] = {{"GET", "/weather", "0.001", NULL},
                                             {"GET", "/gold", "1.00", NULL}};

    w->core.routes = routes;
    w->core.route_count = ARRAY_LEN(routes);
    return strcmp(world_challenge(w, gold).price, "1.00") != 0;
}

static bool amount_is_wrong(struct world *w)
{
    char amount[PT_TEXT_MAX_BYTES];
    struct pt_challenge told;

    w->core.wire = PT_WIRE_DUAL;
    cr_assert_eq(
        pt_bridge_required_parse(&told, amount, assay_str(world_send(w, weather).required), NULL),
        ASSAY_OK);
    return strcmp(amount, "1000") != 0;
}

static const struct {
    enum ref_defect_id id;
    bool (*shows)(struct world *w); /* the wrong behaviour was seen */
} defects[] = {
#define D(ident, shows)                                                                            \
    {                                                                                              \
        REF_DEFECT_##ident, shows                                                                  \
    }
    D(unpaid_head, head_is_free),
    D(unpaid_spelling, spelling_is_free),
    D(unpaid_early_run, runs_unpaid),
    D(unpaid_bad_proof, garbage_is_free),
    D(nonce_unrecorded, replays),
    D(nonce_after_handler, copy_runs_meanwhile),
    D(nonce_array, array_replays),
    D(nonce_empty, empty_nonce_buys_twice),
    D(nonce_number, number_replays),
    D(nonce_keyed_by_text, spelling_replays),
    D(nonce_header_spaces, other_header_replays),
    D(nonce_mcp_space, nonce_buys_mcp),
    D(proof_duplicate_members, duplicate_replays),
    D(proof_lenient_base64, standard_base64_buys),
    D(proof_not_json_types, untyped_payer_buys),
    D(nonce_keyed_with_hash, nonce_buys_gold),
    D(nonce_unissued, foreign_nonce_buys),
    D(nonce_case_folded, upper_case_nonce_replays),
    D(nonce_predictable, nonces_repeat),
    D(hash_unchecked, buys_gold),
    D(hash_without_body, buys_other_body),
    D(hash_without_method, buys_head),
    D(hash_without_query, buys_other_query),
    D(hash_value_sorted, buys_swapped_values),
    D(answer_cacheable, may_be_cached),
    D(hash_raw_forwarded, handler_sees_raw_target),
    D(hash_authority_dropped, buys_other_authority),
    D(hash_path_decoded, escaped_path_collides),
    D(hash_escapes_kept, permuted_query_differs),
    D(hash_mcp_order, member_order_matters),
    D(hash_mcp_numbers, tool_sees_raw_number),
    D(key_ignored, retry_runs),
    D(key_hash_unchecked, key_answers_other_request),
    D(key_conflict_consumes, conflict_spends),
    D(key_stores_402, challenge_is_kept_under_key),
    D(key_stores_500, failure_is_kept_under_key),
    D(key_bearer, answer_goes_to_anyone),
    D(key_loses_type, replay_loses_type),
    D(key_truncated, long_keys_are_one),
    D(expiry_unchecked, buys_late),
    D(expiry_inclusive, buys_at_expiry),
    D(expiry_from_timestamp, timestamp_revives),
    D(expiry_not_authenticated, expiry_revives),
    D(price_not_authenticated, old_price_buys),
    D(expiry_lenient_text, lenient_expiry_buys),
    D(expiry_far, far_expiry_buys),
    D(nonce_evicted_early, forgets_early),
    D(clock_floor, clock_revives),
    D(mac_unchecked, any_hex_buys),
    D(mac_nocase, upper_case_mac_buys),
    D(mac_prefix, no_signature_buys),
    D(mac_no_bar, mac_without_bar_buys),
    D(secret_default, default_secret_buys),
    D(proof_null_500, null_crashes),
    D(proof_type_500, typed_signature_crashes),
    D(bridge_500, bridge_crashes),
    D(proof_version, any_version_buys),
    D(challenges_kept, challenges_fill_the_store),
    D(never_swept, never_asks_for_a_sweep),
    D(header_500, long_header_crashes),
    D(rate_unlimited, unpaid_flood_is_not_limited),
    D(nonce_unbounded, long_nonce_buys),
    D(handler_burns, failure_burns),
    D(connection_state, connection_rides_free),
    D(payer_reflected, payer_is_reflected),
    D(ttl_unit, lifetime_is_wrong),
    D(price_of_another, gold_is_cheap),
    D(amount_scaled, amount_is_wrong),
#undef D
};

static bool is_of_set(const struct ref_defect *defect, enum pt_rules rules)
{
    return strcmp(defect->sets, "both") == 0 ||
           strcmp(defect->sets, rules == PT_RULES_BASE ? "base" : "hardened") == 0;
}

static bool shows_in(size_t row, enum pt_rules rules)
{
    struct world w;
    bool shows;

    world_open(&w, rules);
    copy_status = 0;
    shows = defects[row].shows(&w);
    world_close(&w);
    return shows;
}

Test(pt_defects, each_shows_its_wrong_turn_when_it_is_on_and_only_then)
{
    for (size_t i = 0; i < ARRAY_LEN(defects); i++) {
        const struct ref_defect *defect = ref_defect_at(defects[i].id);

        for (int set = PT_RULES_BASE; set <= PT_RULES_HARDENED; set++) {
            enum pt_rules rules = (enum pt_rules)set;

            if (!is_of_set(defect, rules))
                continue;
            cr_expect_not(shows_in(i, rules), "%s shows although it is off (set %d)", defect->id,
                          set);
            cr_assert_eq(ref_defect_switch_on(assay_str(defect->id), NULL), ASSAY_OK);
            cr_expect(shows_in(i, rules), "%s does not show (set %d)", defect->id, set);
            ref_defect_all_off();
        }
    }
}

/* What the controls of a run ask for: with a defect on they must still hold, or nothing could be
 * concluded from its failures. key.ignored and key.loses_content_type break the replay itself. */
static void expect_honest_path(enum pt_rules rules, const struct ref_defect *defect)
{
    bool breaks_replay = strcmp(defect->id, "key.ignored") == 0;
    struct ask post = {.method = "POST", .target = "/action", .body = "{\"a\":1}"};
    struct ask keyed = weather;
    struct reply first, again;
    struct world w;

    world_open(&w, rules);
    cr_expect_eq(status_of(&w, (struct ask){.target = "/free"}), 200, "%s", defect->id);
    cr_expect_eq(status_of(&w, weather), 402, "%s", defect->id);
    for (int i = 0; i < 3; i++) {
        w.now_ms += 3;
        cr_expect_eq(status_of(&w, proved(weather, world_paid(&w, weather), NULL)), 200, "%s",
                     defect->id);
        cr_expect_eq(status_of(&w, proved(post, world_paid(&w, post), NULL)), 200, "%s",
                     defect->id);
    }
    keyed.proof = world_paid(&w, weather);
    keyed.key = "control";
    first = world_send(&w, keyed);
    again = world_send(&w, keyed);
    cr_expect_eq(first.status, 200, "%s", defect->id);
    cr_expect(breaks_replay || (again.status == 200 && again.replay), "%s", defect->id);
    cr_expect(breaks_replay || (again.body_len == first.body_len &&
                                memcmp(again.body, first.body, first.body_len) == 0),
              "%s", defect->id);
    world_close(&w);
}

Test(pt_defects, leave_the_honest_path_working)
{
    for (size_t i = 0; i < ARRAY_LEN(defects); i++) {
        const struct ref_defect *defect = ref_defect_at(defects[i].id);

        cr_assert_eq(ref_defect_switch_on(assay_str(defect->id), NULL), ASSAY_OK);
        if (is_of_set(defect, PT_RULES_BASE))
            expect_honest_path(PT_RULES_BASE, defect);
        if (is_of_set(defect, PT_RULES_HARDENED))
            expect_honest_path(PT_RULES_HARDENED, defect);
        ref_defect_all_off();
    }
}

Test(pt_defects, every_one_of_the_pure_code_is_in_the_table)
{
    for (size_t id = 0; id < REF_DEFECT__COUNT; id++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)id);
        bool is_pure = strncmp(defect->place, "ref/paid_tools/", 15) == 0 ||
                       strncmp(defect->place, "ref/core/", 9) == 0;
        size_t row = 0;

        if (strcmp(defect->profile, "paid-tools") != 0)
            continue;
        while (row < ARRAY_LEN(defects) && defects[row].id != (enum ref_defect_id)id)
            row++;
        cr_expect_eq(row < ARRAY_LEN(defects), is_pure, "%s", defect->id);
        cr_expect_eq(ref_defect_find(assay_str(defect->id)), id, "%s is there twice", defect->id);
    }
}

Test(pt_defects, an_unknown_name_is_refused)
{
    struct assay_err err = {0};

    cr_expect_eq(ref_defect_switch_on(ASSAY_LIT("nonce.nothing"), &err), ASSAY_E_UNKNOWN);
    cr_expect(strstr(err.text, "nonce.nothing") != NULL);
    cr_expect_eq(ref_defect_find(ASSAY_LIT("")), REF_DEFECT__COUNT);
}
