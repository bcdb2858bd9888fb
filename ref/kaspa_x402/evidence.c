/* Judging a bundle: the document, its flows and their steps, in their order; see evidence.h. */
#include "kaspa_x402/evidence_internal.h"

#include "base/hash.h"
#include "base/planted.h"
#include "kaspa/txid.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const struct kx_bundle_rule_row kx_bundle_rules[KX_BUNDLE__COUNT] = {
    {"", "", "", ""},
#define X(constant, id, source, sentence, remedy) {id, source, sentence, remedy},
#include "kaspa_x402/evidence_rules.def"
#undef X
};

static const struct {
    const char *name, *sentence;
    enum kx_step_kind steps[KX_FLOW_STEPS_MAX];
} flows[KX_FLOW__COUNT] = {
#define X(constant, name, first, second, third, sentence)                                          \
    {name, sentence, {KX_STEP_##first, KX_STEP_##second, KX_STEP_##third}},
#include "kaspa_x402/evidence_flows.def"
#undef X
};

static kx_step_judge *const judges[KX_STEP__COUNT] = {
    [KX_STEP_PAYMENT] = kx_step_payment,     [KX_STEP_REFUSED] = kx_step_refused,
    [KX_STEP_INVALID] = kx_step_invalid,     [KX_STEP_PENDING] = kx_step_pending,
    [KX_STEP_DUPLICATE] = kx_step_duplicate, [KX_STEP_EXTERNAL] = kx_step_external,
    [KX_STEP_RESTART] = kx_step_restart,     [KX_STEP_RECOVERY] = kx_step_recovery,
    [KX_STEP_RELOAD] = kx_step_restart,      [KX_STEP_GENESIS] = kx_step_genesis,
    [KX_STEP_VOUCHER] = kx_step_voucher,     [KX_STEP_CLAIM] = kx_step_claim,
    [KX_STEP_TOP_UP] = kx_step_top_up,       [KX_STEP_RESERVED] = kx_step_reserved,
    [KX_STEP_REFUND] = kx_step_refund,
};

const char *kx_flow_name(enum kx_flow flow)
{
    return flows[flow].name;
}

const char *kx_flow_sentence(enum kx_flow flow)
{
    return flows[flow].sentence;
}

/* ---- refusing ---- */

bool kx_bundle_refuse(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                      const char *format, ...)
{
    char what[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args); /* cut where it is longer */
    va_end(args);
    if (member != NULL)
        kaspa_json_enter(&b->r, member, KASPA_JSON_NO_INDEX);
    (void)kaspa_json_fail(&b->r, ASSAY_E_MISMATCH, ASSAY_JSON_NONE, what);
    if (member != NULL)
        kaspa_json_leave(&b->r);
    b->rule = rule;
    return false;
}

bool kx_bundle_refuse_in(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                         const struct assay_err *inner)
{
    return kx_bundle_refuse(b, rule, member, "is refused: %s", inner->text);
}

bool kx_bundle_judge_number(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                            uint64_t got, uint64_t want)
{
    return got == want ||
           kx_bundle_refuse(b, rule, member,
                            "is %" PRIu64 ", but %" PRIu64 " follows from the bytes", got, want);
}

bool kx_bundle_judge_hash(struct kx_bundling *b, enum kx_bundle_rule rule, const char *member,
                          const struct kaspa_hash *got, const struct kaspa_hash *want)
{
    return kaspa_hash_equal(got, want) ||
           (PLANTED(evidence_hash) && memcmp(got->at, want->at, KASPA_HASH_BYTES / 2) == 0) ||
           kx_bundle_refuse(b, rule, member, "is not the one that follows from the bytes");
}

/* ---- what all transactions have ---- */

bool kx_bundle_artifact(struct kx_bundling *b, struct kaspa_hash *out, const struct kaspa_tx *tx)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(KX_BUNDLE_MAX_BYTES);
    bool is_ok;

    kaspa_tx_encode(&bytes, tx, KASPA_ENCODE_ALL);
    is_ok = assay_buf_ok(&bytes);
    if (is_ok)
        assay_sha256(out->at, assay_buf_view(&bytes));
    assay_buf_fini(&bytes);
    return is_ok || kx_bundle_refuse(b, KX_BUNDLE_FORM, "transaction", "cannot be encoded: memory");
}

static bool is_source(const struct kx_bundling *b, struct assay_bytes name)
{
    for (size_t i = 0; i < b->source_count; i++) {
        if (assay_bytes_equal(b->sources[i], name))
            return true;
    }
    return false;
}

/* A count that is the difference of blue scores is not told from an honest one where no block had a
 * merge set; one that is above what the scores allow is refused with the acceptance. */
static bool judge_finality(struct kx_bundling *b, const struct kx_step *step,
                           const struct kaspa_hash *id, bool must_be_confirmed)
{
    bool is_confirmed = assay_bytes_is(step->broadcast.finality, "confirmed");
    struct assay_err err = {.code = ASSAY_OK};

    if (!is_confirmed && !assay_bytes_is(step->broadcast.finality, "accepted"))
        return kx_bundle_refuse(b, KX_BUNDLE_FINALITY, "broadcast.finality",
                                "is neither accepted nor confirmed");
    if (!is_confirmed && must_be_confirmed)
        return kx_bundle_refuse(b, KX_BUNDLE_FINALITY, "broadcast.finality",
                                "is not confirmed, as each transition of a channel must be");
    if (kx_acceptance_judge(&step->chain, id, &err) != KX_LINEAGE_OK)
        return kx_bundle_refuse_in(b, KX_BUNDLE_FINALITY, "chain", &err);
    if (is_confirmed && step->chain.confirmations < b->policy->confirmations)
        return kx_bundle_refuse(b, KX_BUNDLE_FINALITY, "chain.confirmationCount",
                                "is %" PRIu64 ", but confirmed means %" PRIu64,
                                step->chain.confirmations, b->policy->confirmations);
    return true;
}

bool kx_bundle_judge_broadcast(struct kx_bundling *b, const struct kx_step *step,
                               const struct kaspa_tx *tx, bool must_be_confirmed)
{
    struct kaspa_hash id;

    kaspa_txid(&id, tx);
    if (!assay_bytes_is(step->broadcast.network, KX_NETWORK_TESTNET))
        return kx_bundle_refuse(b, KX_BUNDLE_NETWORK, "broadcast.network", "is not %s",
                                KX_NETWORK_TESTNET);
    if (!kx_bundle_judge_hash(b, KX_BUNDLE_IDENTITY, "broadcast.transactionId",
                              &step->broadcast.txid, &id) ||
        !kx_bundle_judge_number(b, KX_BUNDLE_VERSION, "broadcast.version", step->broadcast.version,
                                tx->version))
        return false;
    if (!is_source(b, step->broadcast.version_from))
        return kx_bundle_refuse(b, KX_BUNDLE_VERSION, "broadcast.versionFrom",
                                "is the name of none of the sources");
    b->broadcasts++;
    return judge_finality(b, step, &id, must_be_confirmed);
}

/* ---- flows ---- */

static bool judge_step(struct kx_bundling *b, enum kx_flow flow, size_t at, uint32_t token)
{
    enum kx_step_kind kind = flows[flow].steps[at];
    struct kx_step step;
    bool is_ok;

    kaspa_json_enter(&b->r, "steps", at);
    is_ok = kx_step_read(b, &step, kind, token) && judges[kind](b, flow, &step);
    if (is_ok)
        kaspa_json_leave(&b->r);
    return is_ok;
}

static size_t step_count(enum kx_flow flow)
{
    size_t n = 0;

    while (n < KX_FLOW_STEPS_MAX && flows[flow].steps[n] != KX_STEP_NONE)
        n++;
    return n;
}

static bool judge_steps(struct kx_bundling *b, enum kx_flow flow, uint32_t steps)
{
    size_t at = 0, count = step_count(flow);

    if (assay_json_type(b->r.doc, steps) != ASSAY_JSON_ARRAY ||
        b->r.doc->tokens[steps].count != count)
        return kx_bundle_refuse(b, KX_BUNDLE_STEPS, "steps",
                                "are not the %zu of %s, which shows: %s", count, flows[flow].name,
                                flows[flow].sentence);
    for (uint32_t step = assay_json_first(b->r.doc, steps); step != ASSAY_JSON_NONE;
         step = assay_json_next_sibling(b->r.doc, steps, step)) {
        if (!judge_step(b, flow, at++, step))
            return false;
    }
    return true;
}

struct flow_text {
    struct assay_bytes name;
    uint32_t steps;
};

static bool judge_flow(struct kx_bundling *b, enum kx_flow flow, uint32_t token)
{
    static const struct kaspa_json_member members[] = {
        {"name", kaspa_json_text, KASPA_JSON_AT(struct flow_text, name), 1, false},
        {"steps", kaspa_json_token, KASPA_JSON_AT(struct flow_text, steps), 2, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct flow_text text = {.name = ASSAY_LIT(""), .steps = ASSAY_JSON_NONE};

    kaspa_json_enter(&b->r, "flows", (size_t)flow);
    if (kx_json_whole(&b->r, token, &shape, &text) != ASSAY_OK)
        return false;
    if (!assay_bytes_is(text.name, flows[flow].name))
        return kx_bundle_refuse(b, KX_BUNDLE_FLOW, "name", "is not %s, whose place it is",
                                flows[flow].name);
    if (!judge_steps(b, flow, text.steps))
        return false;
    kaspa_json_leave(&b->r);
    return true;
}

/* The one that is not there, by its name, before any is looked at. */
static bool judge_names(struct kx_bundling *b, uint32_t list)
{
    for (int f = 0; f < KX_FLOW__COUNT; f++) {
        bool is_there = false;

        for (uint32_t flow = assay_json_first(b->r.doc, list); flow != ASSAY_JSON_NONE && !is_there;
             flow = assay_json_next_sibling(b->r.doc, list, flow)) {
            uint32_t name = assay_json_type(b->r.doc, flow) == ASSAY_JSON_OBJECT
                                ? assay_json_member(b->r.doc, flow, "name")
                                : ASSAY_JSON_NONE;

            is_there = assay_json_string_is(b->r.doc, name, flows[f].name);
        }
        if (!is_there)
            return kx_bundle_refuse(b, KX_BUNDLE_FLOW, "flows", "lack %s: %s", flows[f].name,
                                    flows[f].sentence);
    }
    return true;
}

static bool judge_flows(struct kx_bundling *b, uint32_t list)
{
    int flow = 0;

    if (assay_json_type(b->r.doc, list) != ASSAY_JSON_ARRAY)
        return kx_bundle_refuse(b, KX_BUNDLE_FORM, "flows", "is no array");
    if (!judge_names(b, list))
        return false;
    if (b->r.doc->tokens[list].count != KX_FLOW__COUNT)
        return kx_bundle_refuse(b, KX_BUNDLE_FLOW, "flows", "has another flow than the %d required",
                                KX_FLOW__COUNT);
    for (uint32_t token = assay_json_first(b->r.doc, list); token != ASSAY_JSON_NONE;
         token = assay_json_next_sibling(b->r.doc, list, token)) {
        if (!judge_flow(b, (enum kx_flow)flow++, token))
            return false;
    }
    return true;
}

/* ---- the document ---- */

struct bundle_text {
    struct assay_bytes network, created_by, statement;
    uint32_t sources, manifest, flows;
};

static enum assay_code read_format(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    (void)out;
    return kx_json_expect(r, token, KX_BUNDLE_FORMAT);
}

static bool judge_document(struct kx_bundling *b)
{
    static const struct kaspa_json_member members[] = {
        {"format", read_format, 0, sizeof(struct bundle_text), 1, false},
        {"network", kaspa_json_text, KASPA_JSON_AT(struct bundle_text, network), 2, false},
        {"createdBy", kaspa_json_text, KASPA_JSON_AT(struct bundle_text, created_by), 4, false},
        {"sources", kaspa_json_token, KASPA_JSON_AT(struct bundle_text, sources), 8, false},
        {"manifest", kaspa_json_token, KASPA_JSON_AT(struct bundle_text, manifest), 16, false},
        {"flows", kaspa_json_token, KASPA_JSON_AT(struct bundle_text, flows), 32, false},
        {"statement", kaspa_json_text, KASPA_JSON_AT(struct bundle_text, statement), 64, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct bundle_text text = {.network = ASSAY_LIT(""), .flows = ASSAY_JSON_NONE};

    if (kx_json_whole(&b->r, 0, &shape, &text) != ASSAY_OK)
        return false;
    if (!assay_bytes_is(text.network, KX_NETWORK_TESTNET))
        return kx_bundle_refuse(b, KX_BUNDLE_NETWORK, "network", "is not %s", KX_NETWORK_TESTNET);
    if (!assay_bytes_is(text.statement, KX_BUNDLE_STATEMENT_TEXT))
        return kx_bundle_refuse(b, KX_BUNDLE_STATEMENT, "statement", "is not \"%s\"",
                                KX_BUNDLE_STATEMENT_TEXT);
    if (text.created_by.len == 0)
        return kx_bundle_refuse(b, KX_BUNDLE_CONFIRMATION, "createdBy", "is empty");
    return kx_bundle_read_sources(b, text.sources) && kx_bundle_read_manifest(b, text.manifest) &&
           judge_flows(b, text.flows);
}

enum kx_bundle_rule kx_bundle_judge(struct kx_bundle_summary *out, struct assay_arena *arena,
                                    struct assay_bytes text, const struct kx_bundle_policy *policy,
                                    struct assay_err *err)
{
    struct assay_err found = {.code = ASSAY_OK};
    struct kx_bundling b = {.arena = arena, .policy = policy, .rule = KX_BUNDLE_FORM};
    struct assay_json doc;

    if (text.len > KX_BUNDLE_MAX_BYTES) {
        (void)assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                         "the bundle has %zu bytes, at most %zu are read", text.len,
                         KX_BUNDLE_MAX_BYTES);
        return KX_BUNDLE_FORM;
    }
    if (kx_json_parse(&doc, arena, text, &found) != ASSAY_OK) {
        (void)assay_fail(err, found.code, found.at, "the bundle is no JSON document: byte %zu %s",
                         found.at, assay_code_text(found.code));
        return KX_BUNDLE_FORM;
    }
    if (kx_bundle_has_key(arena, &doc, &found)) {
        (void)assay_fail(err, found.code, found.at, "%s", found.text);
        return found.code == ASSAY_E_NOMEM ? KX_BUNDLE_FORM : KX_BUNDLE_PRIVATE_KEY;
    }
    b.r = kx_json_reader(&doc, arena, err);
    b.lineage = assay_arena_alloc(arena, sizeof(*b.lineage));
    if (b.lineage == NULL) {
        (void)assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the channel's lineage");
        return KX_BUNDLE_FORM;
    }
    if (!judge_document(&b))
        return b.rule;
    *out = (struct kx_bundle_summary){
        .sources = b.source_count,
        .broadcasts = b.broadcasts,
        .statement = KX_BUNDLE_STATEMENT_TEXT,
    };
    return KX_BUNDLE_OK;
}
