/* The verdict on a batch request as a server uses it: before the chain is asked, of replays and
 * recoveries, of what comes next, and without memory. */
#include "ref/tests/kx_batch_world.h"

#include "base/hex.h"
#include "x402/document.h"

static const struct kx_batch_change nothing = {.sign = NULL};

/* ---- before the chain ---- */

static void judge_blind(struct kx_batch_world *w)
{
    w->with.sight = NULL;
}

static void sign_by_server(struct kx_batch_world *w)
{
    w->voucher_signer = &w->lane.server;
}

Test(kx_batch_states, without_the_chain_nothing_is_valid_and_a_forgery_is_refused)
{
    struct kx_batch_world *honest = kx_batch_world_new(KX_STORY_OPEN);
    struct kx_batch_world *forged = kx_batch_world_new(KX_STORY_OPEN);
    const struct kx_batch_change blind = {.judge = judge_blind};
    const struct kx_batch_change forgery = {.sign = sign_by_server, .judge = judge_blind};

    kx_batch_world_run(honest, &blind);
    cr_expect_eq(honest->verdict.outcome, KASPA_UNDECIDED);
    cr_expect_eq(honest->verdict.checks[KX_BATCH_RULE_VOUCHER].result, KASPA_CHECK_HELD);
    cr_expect_eq(honest->verdict.checks[KX_BATCH_RULE_ESCROW].result, KASPA_CHECK_HELD);
    cr_expect_eq(honest->verdict.checks[KX_BATCH_RULE_COIN].result, KASPA_CHECK_NOT_JUDGED);
    cr_expect_eq(honest->verdict.checks[KX_BATCH_RULE_GENESIS].result, KASPA_CHECK_NOT_JUDGED);
    kx_batch_world_run(forged, &forgery);
    cr_expect_eq(forged->verdict.outcome, KASPA_INVALID);
    cr_expect_eq(forged->verdict.first, KX_BATCH_RULE_VOUCHER);
    kx_batch_world_free(honest);
    kx_batch_world_free(forged);
}

static void judge_unknown(struct kx_batch_world *w)
{
    w->sight.evidence.status = KX_EVIDENCE_UNKNOWN;
}

static void judge_without_birth(struct kx_batch_world *w)
{
    w->sight.birth = NULL;
}

static void judge_without_score(struct kx_batch_world *w)
{
    w->sight.has_daa = false;
}

/* A peer's word, or none, is not the chain's (section 12). */
Test(kx_batch_states, what_is_not_known_is_never_valid)
{
    static const struct {
        kx_batch_hook *judge;
        enum kx_batch_rule rule;
    } rows[] = {
        {judge_unknown, KX_BATCH_RULE_CONFIRMED},
        {judge_without_birth, KX_BATCH_RULE_GENESIS},
        {judge_without_score, KX_BATCH_RULE_REFUND},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_batch_world *w = kx_batch_world_new(KX_STORY_OPEN);
        const struct kx_batch_change change = {.judge = rows[i].judge};

        kx_batch_world_run(w, &change);
        cr_expect_eq(w->verdict.outcome, KASPA_UNDECIDED, "row %zu", i);
        cr_expect_eq(w->verdict.checks[rows[i].rule].result, KASPA_CHECK_NOT_JUDGED, "row %zu", i);
        kx_batch_world_free(w);
    }
}

static void sign_for_broken_offer(struct kx_batch_world *w)
{
    kx_world_edit(w->extensions, "payment-identifier.info", "1");
}

static void judge_without_hash(struct kx_batch_world *w)
{
    w->request.request_hash = "none";
}

static void judge_nobody(struct kx_batch_world *w)
{
    static const struct kx_context nobody = {.principal = {(const uint8_t *)"", 0}};

    w->request.context = &nobody;
}

/* The server's own trouble is nobody's fault: it is told apart from a refusal. */
Test(kx_batch_states, what_the_server_cannot_hash_is_not_judged)
{
    static const struct {
        kx_batch_hook *sign, *judge;
        enum kx_batch_rule rule;
    } rows[] = {
        {sign_for_broken_offer, NULL, KX_BATCH_RULE_IDENTIFIER},
        {NULL, judge_without_hash, KX_BATCH_RULE_PRESENTED},
        {NULL, judge_nobody, KX_BATCH_RULE_CONTEXT},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
        const struct kx_batch_change change = {.sign = rows[i].sign, .judge = rows[i].judge};

        kx_batch_world_run(w, &change);
        cr_expect_eq(w->verdict.outcome, KASPA_UNDECIDED, "row %zu", i);
        cr_expect_eq(w->verdict.checks[rows[i].rule].result, KASPA_CHECK_NOT_JUDGED, "row %zu", i);
        kx_batch_world_free(w);
    }
}

static void judge_absent(struct kx_batch_world *w)
{
    w->sight.evidence.status = KX_EVIDENCE_ABSENT;
    w->sight.evidence.absence = KX_ABSENCE_REJECTION;
    w->sight.evidence.rejected = w->head.outpoint.txid;
}

Test(kx_batch_states, what_consensus_has_rejected_is_no_head)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
    const struct kx_batch_change change = {.judge = judge_absent};

    kx_batch_world_run(w, &change);
    cr_expect_eq(w->verdict.outcome, KASPA_INVALID);
    cr_expect_eq(w->verdict.first, KX_BATCH_RULE_CONFIRMED);
    kx_batch_world_free(w);
}

/* ---- what comes next ---- */

Test(kx_batch_states, the_verdict_names_what_the_server_commits)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
    const struct kx_batch_verdict *verdict = &w->verdict;
    const struct kx_commitment *c = &verdict->commitment;
    uint8_t id[32];
    char digest[X402_HASH_TEXT_BYTES];

    kx_batch_world_run(w, &nothing);
    cr_assert_eq(verdict->outcome, KASPA_VALID);
    cr_expect_eq(verdict->path, KX_PATH_VOUCHER);
    cr_expect_eq(verdict->accounts.authorized, 25000000);
    cr_expect_eq(verdict->accounts.charged, 24000000);
    cr_expect_eq(c->charge, 1000000);
    cr_expect_eq(c->before, 24000000);
    cr_expect_eq(c->after, 25000000);
    cr_expect_eq(c->claimed, 17000000);
    cr_expect(kaspa_outpoint_equal(&c->outpoint, &w->head.outpoint));
    cr_expect_arr_eq(c->presentation, verdict->presentation_digest, 32);
    kx_commitment_id(id, w->lane.lane.binding, c);
    cr_expect_arr_eq(id, verdict->commitment_id, 32);
    assay_hex_encode(digest, assay_bytes_of(verdict->voucher_digest, 32));
    cr_expect_str_eq(digest, "54d54a296f809b9f9c306db140398c8f4318f936ac503f13a29f85e895df108b",
                     "section 5.1");
    cr_expect_eq(strlen(verdict->attempt), 64);
    cr_expect_not(verdict->is_replay || verdict->is_recovery);
    kx_batch_world_free(w);
}

Test(kx_batch_states, a_deposit_brings_its_lane_with_it)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_OPEN);

    kx_batch_world_run(w, &nothing);
    cr_expect_eq(w->verdict.path, KX_PATH_OPEN);
    cr_assert_not_null(w->verdict.lane);
    cr_expect_arr_eq(w->verdict.lane->channel_id, w->lane.lane.channel_id, 32);
    cr_expect_eq(w->verdict.head.value, 90000000);
    cr_expect_eq(w->verdict.head.claimed, 0);
    cr_expect_eq(w->verdict.accounts.reserve, 2000000);
    cr_expect_eq(w->verdict.accounts.authorized, 1000000);
    kx_batch_world_free(w);
}

Test(kx_batch_states, a_top_up_keeps_what_was_signed_and_claimed)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_TOP_UP);

    kx_batch_world_run(w, &nothing);
    cr_expect_eq(w->verdict.path, KX_PATH_TOP_UP);
    cr_expect_eq(w->verdict.accounts.funding, 110000000);
    cr_expect_eq(w->verdict.accounts.authorized, 25000000);
    cr_expect_eq(w->verdict.accounts.claimed, 17000000);
    cr_expect(kaspa_outpoint_equal(&w->verdict.head.outpoint, &w->head.outpoint));
    kx_batch_world_free(w);
}

/* ---- replay and recovery ---- */

static void commit(struct kx_batch_world *w)
{
    w->channel.has_last = true;
    w->channel.last = w->verdict.commitment;
    memcpy(w->channel.last_payload, w->verdict.payload, sizeof(w->channel.last_payload));
    w->channel.accounts = w->verdict.accounts;
    w->channel.accounts.charged = w->channel.accounts.authorized;
}

/* B28: the stored answer is due, and T is not raised twice. */
Test(kx_batch_states, the_request_that_was_committed_last_is_known_again)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);

    kx_batch_world_run(w, &nothing);
    commit(w);
    kx_batch_verify(&w->verdict, &w->with);
    cr_expect(w->verdict.is_replay);
    cr_expect_eq(w->verdict.first, KX_BATCH_RULE_TOTAL, "it is no second request");
    kx_batch_world_free(w);
}

/* B29: what differs anywhere is no replay, and a total that was used buys nothing. */
Test(kx_batch_states, another_request_with_the_same_voucher_is_not)
{
    static const size_t bytes[] = {
        offsetof(struct kx_commitment, channel_id),
        offsetof(struct kx_commitment, fingerprint),
        offsetof(struct kx_commitment, requirements),
        offsetof(struct kx_commitment, outpoint),
        offsetof(struct kx_commitment, voucher_amount),
        offsetof(struct kx_commitment, voucher_signature),
    };
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);

    kx_batch_world_run(w, &nothing);
    commit(w);
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        ((uint8_t *)&w->channel.last)[bytes[i]] ^= 1;
        kx_batch_verify(&w->verdict, &w->with);
        cr_expect_not(w->verdict.is_replay, "%zu", i);
        cr_expect_eq(w->verdict.outcome, KASPA_INVALID);
        ((uint8_t *)&w->channel.last)[bytes[i]] ^= 1;
    }
    w->channel.last_payload[0] = 'x';
    kx_batch_verify(&w->verdict, &w->with);
    cr_expect_not(w->verdict.is_replay);
    kx_batch_world_free(w);
}

/* B27, section 7 D16: the exception is for the very attempt that has begun. */
Test(kx_batch_states, an_expired_presentation_serves_recovery_alone)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);

    kx_batch_world_run(w, &nothing);
    w->with.now_ms += 30000;
    kx_batch_verify(&w->verdict, &w->with);
    cr_expect_eq(w->verdict.first, KX_BATCH_RULE_LIVE);
    cr_expect_not(w->verdict.is_recovery);
    w->with.is_started = true;
    kx_batch_verify(&w->verdict, &w->with);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID);
    cr_expect(w->verdict.is_recovery);
    w->with.now_ms -= 1;
    kx_batch_verify(&w->verdict, &w->with);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID);
    cr_expect_not(w->verdict.is_recovery);
    kx_batch_world_free(w);
}

/* ---- callers ---- */

static const struct kx_context alice = {.principal = {(const uint8_t *)"alice", 5}};

static void judge_alice(struct kx_batch_world *w)
{
    w->request.context = &alice;
}

/* The offer that alice was made is alice's, and so is what was signed for it. */
Test(kx_batch_states, a_trusted_caller_pays_for_itself)
{
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
    char context[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES],
        accepted[X402_HASH_TEXT_BYTES];
    char edit[128];
    const struct kx_request request = {
        .method = ASSAY_LIT("GET"), .url = ASSAY_LIT(KX_BATCH_URL), .context = &alice};
    struct kx_batch_change change = {.bind_edit = edit, .judge = judge_alice};

    cr_assert_eq(kx_context_hash(context, &alice, NULL), ASSAY_OK);
    kx_world_set(kx_batch_world_extra(w), "securityContextHash", context);
    kx_world_hash(accepted, kx_batch_world_terms(w));
    cr_assert_eq(kx_fingerprint(fingerprint, &request, accepted, NULL), ASSAY_OK);
    (void)snprintf(edit, sizeof(edit), "requestFingerprint=\"%s\"", fingerprint);
    kx_batch_world_run(w, &change);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID, "%s: %s", kx_batch_rules[w->verdict.first].id,
                 w->verdict.checks[w->verdict.first].why);
    w->request.context = NULL;
    kx_batch_verify(&w->verdict, &w->with);
    cr_expect_eq(w->verdict.first, KX_BATCH_RULE_CONTEXT);
    kx_batch_world_free(w);
}

/* ---- windows ---- */

Test(kx_batch_states, vouchers_end_before_the_refund_opens)
{
    static const struct {
        const char *name;
        uint64_t timeout, now, lead, horizon;
        bool is_open;
    } rows[] = {
        {"far", 5000, 0, 1000, 0, true},
        {"one before the lead", 5000, 3999, 1000, 0, true},
        {"at the lead", 5000, 4000, 1000, 0, false},
        {"at the timeout", 5000, 5000, 0, 0, false},
        {"behind it", 5000, 5001, 0, 0, false},
        {"without a lead", 5000, 4999, 0, 0, true},
        {"a lead that would wrap", 5000, 4000, UINT64_MAX, 0, false},
        {"at the horizon", 5000, 1000, 1000, 4000, true},
        {"beyond it", 5000, 999, 1000, 4000, false},
        {"a horizon that would wrap", 5000, 4, 1000, UINT64_MAX, true},
        {"the last score", 499999999999, 0, 1000, 0, true},
        {"a time (B86)", 500000000000, 0, 1000, 0, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct kx_batch_policy policy = {.refund_lead_daa = rows[i].lead,
                                               .horizon_daa = rows[i].horizon};

        cr_expect_eq(kx_refund_window_fault(rows[i].timeout, rows[i].now, &policy) == NULL,
                     rows[i].is_open, "row: %s", rows[i].name);
    }
}

/* ---- hostile documents (B109) ---- */

Test(kx_batch_states, a_document_that_passes_a_budget_is_never_read)
{
    static const struct {
        const char *name;
        size_t repeat;
        const char *head, *each, *tail;
        bool passes;
    } rows[] = {
        {"32 deep", 32, "{\"a\":", "[", "1", true},
        {"33 deep", 33, "{\"a\":", "[", "1", false},
        {"a text of 16384 bytes", 16384, "{\"a\":\"", "x", "\"", true},
        {"a text of 16385 bytes", 16385, "{\"a\":\"", "x", "\"", false},
        {"a funding transaction above it", 16386, "{\"fundingTransaction\":\"", "a", "\"", true},
        {"a funding transaction of 65537", 65537, "{\"fundingTransaction\":\"", "a", "\"", false},
        {"257 items", 256, "{\"a\":[", "1,", "1]", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 22);
        struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 20);
        struct assay_err err = {0};
        struct assay_json doc;

        assay_buf_add_str(&text, rows[i].head);
        for (size_t k = 0; k < rows[i].repeat; k++)
            assay_buf_add_str(&text, rows[i].each);
        assay_buf_add_str(&text, rows[i].tail);
        for (size_t k = 0; k < rows[i].repeat && rows[i].each[0] == '['; k++)
            assay_buf_add_byte(&text, ']');
        assay_buf_add_byte(&text, '}');
        cr_expect_eq(x402_document_parse(&doc, &arena, assay_buf_view(&text), true, &err),
                     rows[i].passes ? ASSAY_OK : ASSAY_E_TOO_LARGE, "row: %s: %s", rows[i].name,
                     err.text);
        assay_buf_fini(&text);
        assay_arena_fini(&arena);
    }
}

/* ---- memory ---- */

/* Whatever is missing, a verdict without it is never valid and never a refusal. */
Test(kx_batch_states, without_memory_an_honest_request_is_undecided)
{
    for (int story = 0; story <= KX_STORY_TOP_UP; story++) {
        struct kx_batch_world *w = kx_batch_world_new((enum kx_batch_story)story);
        bool was_valid = false;

        kx_batch_world_run(w, &nothing);
        cr_assert_eq(w->verdict.outcome, KASPA_VALID);
        for (size_t room = 0; room < 65536 && !was_valid; room += 64) {
            struct assay_arena arena = ASSAY_ARENA_INIT(room);

            w->with.arena = &arena;
            kx_batch_verify(&w->verdict, &w->with);
            was_valid = w->verdict.outcome == KASPA_VALID;
            cr_expect_neq(w->verdict.outcome, KASPA_INVALID, "%zu: %s: %s", room,
                          kx_batch_rules[w->verdict.first].id,
                          w->verdict.checks[w->verdict.first].why);
            assay_arena_fini(&arena);
        }
        cr_expect(was_valid, "story %d", story);
        kx_batch_world_free(w);
    }
}

Test(kx_batch_states, every_allocation_may_fail)
{
    for (int story = 0; story <= KX_STORY_TOP_UP; story++) {
        struct kx_batch_world *w = kx_batch_world_new((enum kx_batch_story)story);
        size_t asked = 1;

        kx_batch_world_run(w, &nothing);
        for (size_t n = 0; n < asked; n++) {
            struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 20);

            w->with.arena = &arena;
            (void)assay_alloc_fail_after(n);
            kx_batch_verify(&w->verdict, &w->with);
            asked = assay_alloc_fail_after(SIZE_MAX);
            cr_expect_neq(w->verdict.outcome, KASPA_INVALID, "%zu: %s: %s", n,
                          kx_batch_rules[w->verdict.first].id,
                          w->verdict.checks[w->verdict.first].why);
            assay_arena_fini(&arena);
        }
        cr_expect_gt(asked, 1);
        kx_batch_world_free(w);
    }
}
