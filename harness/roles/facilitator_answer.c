/* What a facilitator says of payments and does with them, honest or not; see facilitator.h. */
#include "roles/facilitator_internal.h"

/* One call about a payment while it is answered. The lock is held. */
struct turn {
    struct facilitator *facilitator;
    const struct facilitator_rule *rule;
    struct assay_arena arena;
    struct assay_json doc;
    struct x402_request request;
    struct facilitator_payment *payment;
    struct assay_buf *out;
};

/* ---- why a payment is none ---- */

/* The reason of a request that cannot be read; NULL: it could. */
static const char *read_request(struct turn *t, struct assay_bytes body)
{
    struct assay_err err = {0};

    if (x402_document_parse(&t->doc, &t->arena, body, false, &err) != ASSAY_OK)
        return "invalid_payload";
    switch (x402_request_read(&t->request, &t->arena, &t->doc, &err)) {
    case X402_FAULT_NONE:
        return NULL;
    case X402_FAULT_VERSION:
        return "invalid_x402_version";
    case X402_FAULT_TERMS:
        return "invalid_payment_requirements";
    case X402_FAULT_SHAPE:
    case X402_FAULT_EXTENSIONS:
    case X402_FAULT_ACCEPTS:
    case X402_FAULT__COUNT:
        break;
    }
    return "invalid_payload";
}

static const char *judge_kind(const struct turn *t)
{
    const struct facilitator_config *c = &t->facilitator->config;
    const struct x402_terms *terms = &t->request.requirements;
    bool has_scheme = false;

    for (size_t i = 0; i < c->kind_count; i++) {
        if (!assay_bytes_equal(c->kinds[i].scheme, terms->scheme))
            continue;
        has_scheme = true;
        if (assay_bytes_equal(c->kinds[i].network, terms->network))
            return NULL;
    }
    return has_scheme ? "invalid_network" : "unsupported_scheme";
}

/* Of scheme upto the amount is the ceiling at first and the charge later (x402 v2 digest, section
 * 4). */
static const char *judge_terms(const struct turn *t)
{
    const struct x402_terms *a = &t->request.payment.accepted, *b = &t->request.requirements;
    bool is_same = x402_equal(&t->doc, a->token, &t->doc, b->token);

    if (!is_same && assay_bytes_is(b->scheme, "upto"))
        is_same = assay_bytes_equal(a->scheme, b->scheme) &&
                  assay_bytes_equal(a->network, b->network) &&
                  assay_bytes_equal(a->asset, b->asset) && assay_bytes_equal(a->pay_to, b->pay_to);
    return is_same ? NULL : "invalid_payment_requirements";
}

/* NULL: it is good. */
static const char *judge_payment(const struct turn *t)
{
    const struct facilitator *f = t->facilitator;
    const struct facilitator_options *o = &f->config.options;
    const char *reason;

    if ((reason = judge_kind(t)) != NULL || (reason = judge_terms(t)) != NULL)
        return reason;
    if (o->judge != NULL && (reason = o->judge(o->cls, &t->request)) != NULL)
        return reason;
    if (t->payment->is_doomed)
        return "invalid_transaction_state";
    if (o->reuse == FACILITATOR_ONCE && facilitator_knows(f, t->payment) && !t->payment->is_pending)
        return "invalid_transaction_state";
    return NULL;
}

/* ---- what is said ---- */

static struct assay_bytes reason_of(const struct turn *t, const char *reason)
{
    return assay_str(t->rule->reason != NULL ? t->rule->reason : reason);
}

/* Whom an authorization names; empty: there is none. */
static struct assay_bytes payer_of(struct turn *t)
{
    uint32_t authorization =
        assay_json_member(&t->doc, t->request.payment.payload, "authorization");
    struct assay_bytes from = ASSAY_LIT("");

    if (!x402_text(&from, &t->arena, &t->doc, authorization, "from"))
        return ASSAY_LIT("");
    return from;
}

static void say_valid(struct turn *t, const char *reason)
{
    struct x402_verified said = {.is_valid = reason == NULL};

    said.payer = payer_of(t);
    if (reason != NULL)
        said.invalid_reason = reason_of(t, reason);
    x402_verified_write(t->out, &said);
}

static void say_failed(struct turn *t, const char *reason, const char *transaction)
{
    const struct x402_settlement said = {
        .error_reason = reason_of(t, reason),
        .transaction = assay_str(transaction),
        .network = t->request.requirements.network,
    };

    x402_settlement_write(t->out, &said);
}

/* Another than the one that was settled. */
static void lie_about(struct x402_settlement *said, struct turn *t, char other[68],
                      struct assay_buf *amount)
{
    const struct x402_terms *terms = &t->request.requirements;
    enum facilitator_lie lie = t->rule->lie;

    if (lie == FACILITATOR_OTHER_NETWORK) {
        said->network = assay_bytes_is(terms->network, "eip155:1") ? ASSAY_LIT("eip155:10")
                                                                   : ASSAY_LIT("eip155:1");
    } else if (lie == FACILITATOR_NO_TRANSACTION) {
        said->transaction = ASSAY_LIT("");
    } else if (lie == FACILITATOR_OTHER_PAYER) {
        said->payer = ASSAY_LIT("0x000000000000000000000000000000000000dEaD");
    } else if (lie == FACILITATOR_OTHER_AMOUNT) {
        assay_buf_add(amount, terms->amount);
        assay_buf_add_byte(amount, '0');
        said->amount = assay_buf_view(amount);
    } else if (lie == FACILITATOR_OTHER_TRANSACTION || lie == FACILITATOR_YES) {
        facilitator_name_transaction(t->facilitator, other, terms->network);
        said->transaction = assay_str(other);
    }
}

static void say_settled(struct turn *t)
{
    struct assay_buf amount = ASSAY_BUF_INIT(X402_STRING_MAX_BYTES + 1);
    struct x402_settlement said = {
        .success = true,
        .transaction = assay_str(t->payment->transaction),
        .network = t->request.requirements.network,
        .amount = t->request.requirements.amount,
        .payer = payer_of(t),
    };
    char other[68];

    lie_about(&said, t, other, &amount);
    x402_settlement_write(t->out, &said);
    assay_buf_fini(&amount);
}

/* ---- what is done ---- */

static void verify(struct turn *t)
{
    enum facilitator_lie lie = t->rule->lie;
    const char *reason = judge_payment(t);

    t->payment->verify++;
    if (lie == FACILITATOR_YES_THEN_NO)
        t->payment->is_doomed = true;
    if (lie == FACILITATOR_YES || lie == FACILITATOR_YES_THEN_NO)
        reason = NULL;
    else if (lie == FACILITATOR_NO)
        reason = "invalid_payload";
    say_valid(t, reason);
}

/* Its money moves, unless it has and that is remembered. */
static void move(struct turn *t)
{
    struct facilitator *f = t->facilitator;

    if (!facilitator_knows(f, t->payment) || f->config.options.reuse == FACILITATOR_EVERY_TIME)
        facilitator_move(f, t->payment, t->request.requirements.network);
}

static void settle_good(struct turn *t)
{
    if (!t->payment->is_pending)
        move(t);
    t->payment->is_pending = t->rule->lie == FACILITATOR_PENDING;
    if (t->rule->lie == FACILITATOR_PENDING)
        say_failed(t, X402_REASON_PENDING, t->payment->transaction);
    else if (t->rule->lie == FACILITATOR_DENIES)
        say_failed(t, "unexpected_settle_error", "");
    else if (t->rule->lie == FACILITATOR_DENIES_WITH_TRANSACTION)
        say_failed(t, "unexpected_settle_error", t->payment->transaction);
    else
        say_settled(t);
}

/* What a lie says without having done anything comes first; a refusal is judged anew, whatever was
 * said of the payment before. */
static void settle(struct turn *t)
{
    bool tells_again = t->rule->lie == FACILITATOR_OTHER_TRANSACTION && t->payment->settled > 0;
    const char *reason;

    t->payment->settle++;
    if (t->rule->lie == FACILITATOR_NO)
        say_failed(t, "invalid_payload", "");
    else if (t->rule->lie == FACILITATOR_YES || tells_again)
        say_settled(t);
    else if ((reason = judge_payment(t)) != NULL)
        say_failed(t, reason, "");
    else
        settle_good(t);
}

static int answer_about(struct turn *t, struct assay_bytes body, bool settles)
{
    const char *reason = read_request(t, body);

    if (reason == NULL) {
        t->payment = facilitator_payment_of(t->facilitator, &t->request);
        if (t->payment == NULL)
            return 500;
        if (settles)
            settle(t);
        else
            verify(t);
        return 200;
    }
    if (settles)
        x402_settlement_write(t->out,
                              &(struct x402_settlement){.error_reason = reason_of(t, reason)});
    else
        x402_verified_write(t->out,
                            &(struct x402_verified){.invalid_reason = reason_of(t, reason)});
    return 400;
}

int facilitator_answer(struct facilitator *f, struct assay_buf *out, enum facilitator_what what,
                       struct assay_bytes body, const struct facilitator_rule *rule)
{
    struct turn t = {.facilitator = f,
                     .rule = rule,
                     .arena = ASSAY_ARENA_INIT(FACILITATOR_TURN_MAX_BYTES),
                     .out = out};
    int status = 200;

    switch (what) {
    case FACILITATOR_SUPPORTED:
        facilitator_list(&f->config, out, &t.arena, rule->lie);
        break;
    case FACILITATOR_VERIFY:
    case FACILITATOR_SETTLE:
        status = answer_about(&t, body, what == FACILITATOR_SETTLE);
        break;
    case FACILITATOR_OTHER:
    case FACILITATOR_WHATS:
        assay_buf_add_str(out, "{\"error\":\"not_found\"}");
        status = 404;
        break;
    }
    if (status == 500)
        assay_buf_add_str(out, "{\"error\":\"the facilitator has no room for this payment\"}");
    assay_arena_fini(&t.arena);
    return status;
}
