/* A lineage's state as it is stored; see lineage.h. */
#include "kaspa_x402/lineage_internal.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/lineage_json_internal.h"

#define STATE_FORMAT "assay-lineage/1"

static const char *const event_names[] = {
    [KX_EVENT_GENESIS] = "genesis-accepted",
    [KX_EVENT_ACCEPTED] = "accepted",
    [KX_EVENT_REMOVED] = "removed",
};

/* ---- writing ---- */

static void write_head(struct assay_buf *out, const char *name, const struct kx_lane_head *head)
{
    kx_write_name(out, name);
    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, "claimedCumulativeAmount", head->claimed);
    kx_write_hash32(out, "covenantId", &head->covenant_id);
    kx_write_outpoint(out, "outpoint", &head->outpoint);
    kx_write_decimal(out, "value", head->value);
    assay_buf_add_byte(out, '}');
}

void kx_stand_write(struct assay_buf *out, const struct kx_stand *stand)
{
    assay_buf_add_byte(out, '{');
    if (stand->has_head)
        write_head(out, "head", &stand->head);
    else
        kx_write_str(out, "head", NULL);
    if (stand->has_genesis)
        kx_write_acceptance(out, "tip", &stand->tip);
    else
        kx_write_str(out, "tip", NULL);
    assay_buf_add_byte(out, '}');
}

static void write_successor(struct assay_buf *out, const struct kx_event *event,
                            const struct kaspa_spk *spk)
{
    kx_write_name(out, "successor");
    assay_buf_add_byte(out, '{');
    kx_write_number(out, "authorizingInput", 0);
    kx_write_decimal(out, "claimedCumulativeAmount", event->successor.claimed);
    kx_write_hash32(out, "covenantId", &event->successor.covenant_id);
    kx_write_outpoint(out, "outpoint", &event->successor.outpoint);
    kx_write_spk(out, "scriptPublicKey", spk);
    kx_write_decimal(out, "value", event->successor.value);
    assay_buf_add_byte(out, '}');
    kx_write_str(out, "terminalOutput", NULL);
}

static void write_terminal(struct assay_buf *out, const struct kx_event *event,
                           const struct kx_lane *lane)
{
    kx_write_str(out, "successor", NULL);
    kx_write_name(out, "terminalOutput");
    assay_buf_add_byte(out, '{');
    kx_write_number(out, "index", 0);
    kx_write_spk(out, "scriptPublicKey", &lane->refund);
    kx_write_decimal(out, "value", event->successor.value);
    assay_buf_add_byte(out, '}');
}

static enum assay_code write_transition(struct assay_buf *out, struct assay_arena *arena,
                                        const struct kx_lane *lane,
                                        const struct kx_lineage *lineage,
                                        const struct kx_event *event)
{
    bool is_refund = event->transition == KX_REFUND;
    struct kaspa_spk spk;

    if (!is_refund && kx_lane_spk(&spk, arena, lane, event->successor.claimed) != ASSAY_OK)
        return ASSAY_E_NOMEM;
    kx_write_name(out, "transition");
    assay_buf_add_byte(out, '{');
    kx_write_acceptance(out, "acceptance", &event->acceptance);
    kx_write_number(out, "authorizedSuccessorCount", is_refund ? 0 : 1);
    kx_write_outpoint(out, "consumedOutpoint", &event->consumed);
    kx_write_hash32(out, "covenantId", &lineage->genesis.covenant_id);
    kx_write_str(out, "kind", kx_transition_name(event->transition));
    if (is_refund)
        write_terminal(out, event, lane);
    else
        write_successor(out, event, &spk);
    kx_write_str(out, "templateId", lane->tmpl->id);
    kx_write_hash32(out, "transactionId", &event->acceptance.txid);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

/* The transactions that stood until the event at `at` removed their block. */
static void write_undone(struct assay_buf *out, const struct kx_lineage *lineage, size_t at)
{
    const struct kaspa_hash *block = &lineage->events[at].acceptance.block;
    size_t from = at;
    bool is_first = true;

    while (from > 0 && !(lineage->events[from - 1].kind == KX_EVENT_REMOVED &&
                         kaspa_hash_equal(&lineage->events[from - 1].acceptance.block, block)))
        from--;
    kx_write_name(out, "transactionIds");
    assay_buf_add_byte(out, '[');
    for (size_t i = from; i < at; i++) {
        if (!kaspa_hash_equal(&lineage->events[i].acceptance.block, block))
            continue;
        assay_buf_add_str(out, is_first ? "\"" : ",\"");
        assay_buf_add_hex(out, assay_bytes_of(lineage->events[i].acceptance.txid.at, 32));
        assay_buf_add_byte(out, '"');
        is_first = false;
    }
    assay_buf_add_byte(out, ']');
}

enum assay_code kx_event_write(struct assay_buf *out, struct assay_arena *arena,
                               const struct kx_lane *lane, const struct kx_lineage *lineage,
                               size_t at)
{
    const struct kx_event *event = &lineage->events[at];
    enum assay_code rc = ASSAY_OK;

    assay_buf_add_byte(out, '{');
    if (event->kind == KX_EVENT_GENESIS)
        kx_write_acceptance(out, "acceptance", &event->acceptance);
    if (event->kind == KX_EVENT_REMOVED)
        kx_write_hash32(out, "acceptingBlockHash", &event->acceptance.block);
    kx_write_str(out, "event", event_names[event->kind]);
    kx_write_decimal(out, "sequence", lineage->anchor.folded + at);
    if (event->kind == KX_EVENT_REMOVED)
        write_undone(out, lineage, at);
    if (event->kind == KX_EVENT_ACCEPTED)
        rc = write_transition(out, arena, lane, lineage, event);
    assay_buf_add_byte(out, '}');
    return rc != ASSAY_OK ? rc : out->bad;
}

static void write_anchor(struct assay_buf *out, const struct kx_anchor *anchor)
{
    if (anchor->folded == 0) {
        kx_write_str(out, "anchor", NULL);
        return;
    }
    kx_write_name(out, "anchor");
    assay_buf_add_byte(out, '{');
    kx_write_hex(out, "filter", assay_bytes_of(anchor->filter, sizeof(anchor->filter)));
    kx_write_decimal(out, "folded", anchor->folded);
    kx_write_hex(out, "history", assay_bytes_of(anchor->history, sizeof(anchor->history)));
    kx_write_hex(out, "snapshot", assay_bytes_of(anchor->snapshot, sizeof(anchor->snapshot)));
    kx_write_name(out, "stand");
    kx_stand_write(out, &anchor->stand);
    assay_buf_add_byte(out, '}');
}

enum assay_code kx_lineage_write(struct assay_buf *out, struct assay_arena *arena,
                                 const struct kx_lane *lane, const struct kx_lineage *lineage)
{
    enum assay_code rc = ASSAY_OK;

    assay_buf_add_byte(out, '{');
    write_anchor(out, &lineage->anchor);
    kx_write_checkpoint(out, "checkpoint", &lineage->checkpoint);
    kx_write_name(out, "events");
    assay_buf_add_byte(out, '[');
    for (size_t i = 0; i < lineage->count && rc == ASSAY_OK; i++) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        rc = kx_event_write(out, arena, lane, lineage, i);
    }
    assay_buf_add_byte(out, ']');
    kx_write_str(out, "format", STATE_FORMAT);
    write_head(out, "genesis", &lineage->genesis);
    kx_write_hex(out, "launch", assay_bytes_of(lineage->launch, sizeof(lineage->launch)));
    kx_write_flag(out, "rolledBack", lineage->is_rolled_back);
    kx_write_str(out, "unavailable",
                 lineage->unavailable == KX_LINEAGE_OK ? NULL
                                                       : kx_lineage_rules[lineage->unavailable].id);
    assay_buf_add_byte(out, '}');
    return rc != ASSAY_OK ? rc : out->bad;
}

/* ---- reading ---- */

static enum assay_code read_format(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    (void)out;
    return kx_json_expect(r, token, STATE_FORMAT);
}

static enum assay_code read_head(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"claimedCumulativeAmount", kx_json_amount, KASPA_JSON_AT(struct kx_lane_head, claimed), 1,
         false},
        {"covenantId", kaspa_json_hash, KASPA_JSON_AT(struct kx_lane_head, covenant_id), 2, false},
        {"outpoint", kx_json_outpoint, KASPA_JSON_AT(struct kx_lane_head, outpoint), 4, false},
        {"value", kx_json_amount, KASPA_JSON_AT(struct kx_lane_head, value), 8, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

static enum assay_code read_stand(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    enum { HEAD = 1, TIP = 2 };
    static const struct kaspa_json_member members[] = {
        {"head", read_head, KASPA_JSON_AT(struct kx_stand, head), HEAD, true},
        {"tip", kx_json_acceptance, KASPA_JSON_AT(struct kx_stand, tip), TIP, true},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct kx_stand *stand = out;
    unsigned seen = 0;
    enum assay_code rc = kaspa_json_object(r, token, &shape, out, &seen);

    stand->has_head = (seen & HEAD) != 0;
    stand->has_genesis = (seen & TIP) != 0;
    return rc;
}

static enum assay_code read_filter(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_bytes bytes = ASSAY_LIT("");
    enum assay_code rc = kaspa_json_hex(r, token, &bytes);

    if (rc == ASSAY_OK && bytes.len != KX_FILTER_BYTES)
        return kaspa_json_fail(r, ASSAY_E_RANGE, token, "is not 256 bytes long");
    if (rc == ASSAY_OK)
        memcpy(out, bytes.at, KX_FILTER_BYTES);
    return rc;
}

static enum assay_code read_anchor(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"filter", read_filter, KASPA_JSON_AT(struct kx_anchor, filter), 1, false},
        {"folded", kx_json_amount, KASPA_JSON_AT(struct kx_anchor, folded), 2, false},
        {"history", kx_json_bytes32, KASPA_JSON_AT(struct kx_anchor, history), 4, false},
        {"snapshot", kx_json_bytes32, KASPA_JSON_AT(struct kx_anchor, snapshot), 8, false},
        {"stand", read_stand, KASPA_JSON_AT(struct kx_anchor, stand), 16, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    enum assay_code rc;

    if (assay_json_type(r->doc, token) == ASSAY_JSON_NULL)
        return ASSAY_OK;
    rc = kx_json_whole(r, token, &shape, out);
    if (rc == ASSAY_OK && ((struct kx_anchor *)out)->folded == 0)
        return kaspa_json_fail(r, ASSAY_E_RANGE, token, "has folded nothing: expected null");
    return rc;
}

static enum assay_code read_unavailable(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    if (assay_json_type(r->doc, token) == ASSAY_JSON_NULL)
        return ASSAY_OK;
    for (int i = 1; i < KX_LINEAGE__COUNT; i++) {
        if (kx_lineage_rules[i].ends &&
            assay_json_string_is(r->doc, token, kx_lineage_rules[i].id)) {
            *(enum kx_lineage_rule *)out = (enum kx_lineage_rule)i;
            return ASSAY_OK;
        }
    }
    return kaspa_json_fail(r, ASSAY_E_UNKNOWN, token, "is no rule that ends a lineage");
}

/* What the events are read with. */
struct reading {
    struct kaspa_json_reader r;
    const struct kx_lane *lane;
    struct kx_lineage *lineage;
};

struct event_text {
    uint32_t event, transition;
    struct kaspa_hash block;
    uint64_t sequence;
    struct kx_acceptance acceptance;
};

/* The members of each kind, all required: event, sequence, and what is of the kind. */
static enum assay_code read_event_text(struct kaspa_json_reader *r, uint32_t token,
                                       enum kx_event_kind kind, struct event_text *out)
{
    static const struct kaspa_json_member members[][4] = {
        [KX_EVENT_GENESIS] = {{"event", kaspa_json_token, KASPA_JSON_AT(struct event_text, event),
                               1, false},
                              {"sequence", kx_json_score,
                               KASPA_JSON_AT(struct event_text, sequence), 2, false},
                              {"acceptance", kx_json_acceptance,
                               KASPA_JSON_AT(struct event_text, acceptance), 4, false}},
        [KX_EVENT_ACCEPTED] = {{"event", kaspa_json_token, KASPA_JSON_AT(struct event_text, event),
                                1, false},
                               {"sequence", kx_json_score,
                                KASPA_JSON_AT(struct event_text, sequence), 2, false},
                               {"transition", kaspa_json_token,
                                KASPA_JSON_AT(struct event_text, transition), 4, false}},
        [KX_EVENT_REMOVED] =
            {{"event", kaspa_json_token, KASPA_JSON_AT(struct event_text, event), 1, false},
             {"sequence", kx_json_score, KASPA_JSON_AT(struct event_text, sequence), 2, false},
             {"acceptingBlockHash", kaspa_json_hash, KASPA_JSON_AT(struct event_text, block), 4,
              false},
             {"transactionIds", kaspa_json_token, KASPA_JSON_AT(struct event_text, transition), 8,
              false}},
    };
    const struct kaspa_json_shape shape = {members[kind], kind == KX_EVENT_REMOVED ? 4 : 3, 0};

    return kx_json_whole(r, token, &shape, out);
}

static enum assay_code read_event_kind(struct kaspa_json_reader *r, uint32_t token,
                                       enum kx_event_kind *out)
{
    uint32_t event = assay_json_member(r->doc, token, "event");
    size_t which = 0;
    enum assay_code rc = kx_json_choose(r, event, event_names, ARRAY_LEN(event_names), &which);

    *out = (enum kx_event_kind)which;
    return rc;
}

static enum assay_code make_event(struct reading *reading, const struct event_text *text,
                                  enum kx_event_kind kind, struct kx_event *out)
{
    struct kx_transition t = {.txid = {{0}}};
    enum assay_code rc;

    *out = (struct kx_event){.kind = kind, .acceptance = text->acceptance};
    if (kind == KX_EVENT_REMOVED)
        out->acceptance = (struct kx_acceptance){.block = text->block};
    if (kind != KX_EVENT_ACCEPTED)
        return ASSAY_OK;
    if ((rc = kx_json_transition(&reading->r, text->transition, &t)) != ASSAY_OK)
        return rc;
    return kx_transition_judge(out, reading->r.arena, reading->lane, reading->lineage, &t,
                               reading->r.err) == KX_LINEAGE_OK
               ? ASSAY_OK
               : ASSAY_E_MISMATCH;
}

static enum assay_code read_event(struct reading *reading, uint32_t token, size_t at)
{
    struct kx_lineage *lineage = reading->lineage;
    struct event_text text = {.sequence = 0};
    enum kx_event_kind kind = KX_EVENT_GENESIS;
    enum assay_code rc = read_event_kind(&reading->r, token, &kind);

    if (rc == ASSAY_OK)
        rc = read_event_text(&reading->r, token, kind, &text);
    if (rc == ASSAY_OK && text.sequence != lineage->anchor.folded + at)
        rc = kaspa_json_fail(&reading->r, ASSAY_E_MISMATCH, token,
                             "has another sequence than its place");
    if (rc == ASSAY_OK)
        rc = make_event(reading, &text, kind, &lineage->events[at]);
    if (rc == ASSAY_OK)
        lineage->count = at + 1;
    return rc;
}

/* A text that is not what the state would be written as says something else than it means: another
 * list of undone transactions, say. */
static enum kx_lineage_rule judge_text(const struct reading *reading, struct assay_bytes text,
                                       struct assay_err *err)
{
    struct assay_buf again = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    enum assay_code rc =
        kx_lineage_write(&again, reading->r.arena, reading->lane, reading->lineage);
    bool is_same = rc == ASSAY_OK && assay_bytes_equal(assay_buf_view(&again), text);

    assay_buf_fini(&again);
    if (is_same)
        return KX_LINEAGE_OK;
    (void)assay_fail(err, rc == ASSAY_OK ? ASSAY_E_MISMATCH : rc, 0,
                     "the state is not written as its content is: it was not written here, or "
                     "changed since");
    return KX_LINEAGE_STATE_FORM;
}

static enum kx_lineage_rule judge_anchor(const struct kx_anchor *anchor, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES);
    uint8_t digest[32];
    bool is_same;

    if (anchor->folded == 0)
        return KX_LINEAGE_OK;
    kx_stand_write(&text, &anchor->stand);
    assay_sha256(digest, assay_buf_view(&text));
    is_same = assay_buf_ok(&text) && memcmp(digest, anchor->snapshot, sizeof(digest)) == 0;
    assay_buf_fini(&text);
    if (is_same)
        return KX_LINEAGE_OK;
    (void)assay_fail(err, ASSAY_E_MISMATCH, 0, "anchor.snapshot is not the hash of anchor.stand");
    return KX_LINEAGE_STATE_ANCHOR;
}

static enum kx_lineage_rule read_events(struct reading *reading, uint32_t events)
{
    struct kaspa_json_reader *r = &reading->r;
    enum assay_code rc = ASSAY_OK;
    size_t at = 0;

    if (assay_json_type(r->doc, events) != ASSAY_JSON_ARRAY) {
        (void)kaspa_json_fail(r, ASSAY_E_TYPE, events, "is no state with an array of events");
        return KX_LINEAGE_STATE_FORM;
    }
    if (r->doc->tokens[events].count > KX_JOURNAL_MAX) {
        (void)assay_fail(r->err, ASSAY_E_TOO_LARGE, 0, "events has %u items, at most %d are read",
                         (unsigned)r->doc->tokens[events].count, KX_JOURNAL_MAX);
        return KX_LINEAGE_JOURNAL_LIMIT;
    }
    for (uint32_t item = assay_json_first(r->doc, events);
         item != ASSAY_JSON_NONE && rc == ASSAY_OK;
         item = assay_json_next_sibling(r->doc, events, item)) {
        kaspa_json_enter(r, "events", at);
        rc = read_event(reading, item, at);
        kaspa_json_leave(r);
        at++;
    }
    return rc == ASSAY_OK ? KX_LINEAGE_OK : KX_LINEAGE_STATE_FORM;
}

struct state_text {
    struct kx_lineage lineage;
    uint32_t events;
};

static enum assay_code read_state(struct kaspa_json_reader *r, struct state_text *out)
{
    static const struct kaspa_json_member members[] = {
        {"anchor", read_anchor, KASPA_JSON_AT(struct state_text, lineage.anchor), 1, false},
        {"checkpoint", kx_json_checkpoint, KASPA_JSON_AT(struct state_text, lineage.checkpoint), 2,
         false},
        {"events", kaspa_json_token, KASPA_JSON_AT(struct state_text, events), 4, false},
        {"format", read_format, 0, sizeof(struct state_text), 8, false},
        {"genesis", read_head, KASPA_JSON_AT(struct state_text, lineage.genesis), 16, false},
        {"launch", kx_json_bytes32, KASPA_JSON_AT(struct state_text, lineage.launch), 32, false},
        {"rolledBack", kaspa_json_bool, KASPA_JSON_AT(struct state_text, lineage.is_rolled_back),
         64, false},
        {"unavailable", read_unavailable, KASPA_JSON_AT(struct state_text, lineage.unavailable),
         128, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, 0, &shape, out);
}

enum kx_lineage_rule kx_lineage_read(struct kx_lineage *out, struct assay_arena *arena,
                                     const struct kx_lane *lane, struct assay_bytes text,
                                     struct assay_err *err)
{
    struct state_text state = {.events = ASSAY_JSON_NONE};
    struct reading reading = {.lane = lane, .lineage = &state.lineage};
    struct assay_json doc;
    struct kx_stand stand;
    enum kx_lineage_rule rule;

    if (text.len > KX_STATE_MAX_BYTES) {
        (void)assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the state has %zu bytes, at most %zu are read",
                         text.len, KX_STATE_MAX_BYTES);
        return KX_LINEAGE_STATE_FORM;
    }
    if (kx_json_parse(&doc, arena, text, err) != ASSAY_OK)
        return KX_LINEAGE_STATE_FORM;
    reading.r = kx_json_reader(&doc, arena, err);
    if (read_state(&reading.r, &state) != ASSAY_OK)
        return KX_LINEAGE_STATE_FORM;
    if ((rule = judge_anchor(&state.lineage.anchor, err)) == KX_LINEAGE_OK)
        rule = read_events(&reading, state.events);
    if (rule == KX_LINEAGE_OK)
        rule = kx_lineage_derive(&stand, &state.lineage, err);
    if (rule == KX_LINEAGE_OK)
        rule = judge_text(&reading, text, err);
    if (rule == KX_LINEAGE_OK)
        *out = state.lineage;
    return rule;
}
