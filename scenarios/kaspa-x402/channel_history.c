/* Threat batch-cumulative: a long history of one channel. Sixteen clients share its key, as the
 * devices of one payer do, and each remembers what it was served itself; what they do is drawn from
 * the case's seed, so that the same seed does the same again. What the server does is held against
 * the sums of ref/kaspa_x402/accounting.h: a voucher is charged if, and only if, these allow it,
 * with one run of the handler and a receipt of that very charge. Requests at once are judged
 * together: what was charged must be possible one after the other. */
#include "peer/kaspa-x402/channel.h"

#include "kaspa_x402/accounting.h"

#include <inttypes.h>

enum {
    CLIENTS = 16,
    OPERATIONS = 1000,
    TOGETHER_MAX = CLIENTS,
    TOP_UP_PRICES = 10,
    HELD_ONE_IN = 4, /* bursts whose handlers are slow */
};

/* Payments that were tried, and what is known of them. */
struct tried {
    const struct kxc_payment *paid;
    struct assay_bytes receipt; /* of one that was served; else empty */
};

struct client {
    uint64_t total; /* as it knows it */
    struct tried last;
};

struct history {
    struct assay_case *t;
    struct kxc_channel *channel;
    struct peer_series *series;
    struct kx_accounts accounts;
    struct client clients[CLIENTS];
    unsigned operations;
    uint64_t first_total, first_runs;
};

static uint64_t below(struct history *h, uint64_t limit)
{
    return assay_random_below(case_random(h->t), limit);
}

static uint64_t price_of(const struct history *h)
{
    return h->channel->offer->batch.terms.amount;
}

/* ---- the model ---- */

/* The sums with that payment charged. False: they do not allow it, or it is on another head. */
static bool allows(const struct history *h, const struct kxc_payment *paid,
                   struct kx_accounts *after)
{
    const struct kx_batch_binding *binding = h->channel->lane.binding;

    *after = h->accounts;
    return kaspa_outpoint_equal(&paid->commitment.outpoint, &h->channel->head.outpoint) &&
           kx_accounts_authorize(after, binding, price_of(h), paid->total) == KX_ACCOUNT_OK &&
           kx_accounts_charge(after, binding, price_of(h)) == KX_ACCOUNT_OK;
}

/* ---- payments ---- */

static void set_total(struct kxc_draft *d)
{
    const uint64_t *total = d->arg;

    d->voucher.amount = *total;
}

static struct tried pay(struct history *h, uint64_t total, enum kx_payload_type type)
{
    h->channel->total = h->accounts.charged;
    return (struct tried){.paid = kxc_bent(h->t, h->channel, h->channel->offer, type,
                                           (struct kxc_bend){.terms = set_total, .arg = &total})};
}

/* Until it is known what became of it. */
static const struct peer_answer *send(struct history *h, const struct kxc_payment *paid)
{
    struct kxp_tries tries = kxp_tries(h->t);
    const struct peer_answer *answer;

    do
        answer =
            peer_series_send(h->t, h->series, h->channel->offer->want, kxp_headers(&paid->sent));
    while (kxp_try_again(h->t, &tries, answer));
    h->operations++;
    return answer;
}

static void keep(struct history *h, struct client *client, struct tried *tried,
                 const struct peer_answer *answer)
{
    if (kxp_is_served(answer)) {
        tried->receipt = case_copy(h->t, peer_header(answer, "PAYMENT-RESPONSE"));
        client->total = tried->paid->total;
    }
    client->last = *tried;
}

/* ---- one at a time ---- */

static void judge_stored(struct history *h, const char *what, const struct tried *tried,
                         const struct peer_answer *answer, uint64_t runs)
{
    bool is_same = assay_bytes_equal(peer_header(answer, "PAYMENT-RESPONSE"), tried->receipt);

    expect(h->t, runs == 0 && (kxp_is_served(answer) ? is_same : peer_status(answer) >= 400),
           "the stored answer or a refusal, and no run of the handler",
           "operation %u, %s: %d, %s, %" PRIu64 " runs", h->operations, what, peer_status(answer),
           is_same ? "the same receipt" : "another receipt", runs);
}

static void judge_fresh(struct history *h, const char *what, const struct tried *tried,
                        const struct peer_answer *answer, uint64_t runs)
{
    struct kx_accounts after;
    bool is_allowed = allows(h, tried->paid, &after), is_served = kxp_is_served(answer);
    const char *fault = is_served ? kxc_receipt_fault(h->t, answer, tried->paid) : NULL;

    expect(h->t,
           is_served == is_allowed && runs == (is_allowed ? 1 : 0) && fault == NULL &&
               (is_served || peer_status(answer) >= 400),
           is_allowed ? "the sums allow it: served after one run, with its receipt"
                      : "the sums do not allow it: refused without a run",
           "operation %u, %s for %" PRIu64 " on %" PRIu64 ": %d, %" PRIu64 " runs%s%s",
           h->operations, what, tried->paid->total, h->accounts.charged, peer_status(answer), runs,
           fault != NULL ? "; " : "", fault != NULL ? fault : "");
    if (is_allowed)
        h->accounts = after;
}

static void do_alone(struct history *h, struct client *client, const char *what, struct tried tried)
{
    uint64_t runs = case_executions(h->t);
    const struct peer_answer *answer = send(h, tried.paid);

    runs = case_executions(h->t) - runs;
    if (tried.receipt.len > 0)
        judge_stored(h, what, &tried, answer, runs);
    else
        judge_fresh(h, what, &tried, answer, runs);
    keep(h, client, &tried, answer);
}

/* ---- what a client draws ---- */

static struct tried next(struct history *h, const struct client *client)
{
    (void)client;
    return pay(h, h->accounts.charged + price_of(h), KX_PAYLOAD_VOUCHER);
}

static struct tried as_it_knows(struct history *h, const struct client *client)
{
    return pay(h, client->total + price_of(h), KX_PAYLOAD_VOUCHER);
}

static struct tried once_more(struct history *h, const struct client *client)
{
    return client->last.paid != NULL ? client->last : next(h, client);
}

static struct tried no_more(struct history *h, const struct client *client)
{
    (void)client;
    return pay(h, h->accounts.charged, KX_PAYLOAD_VOUCHER);
}

static struct tried old(struct history *h, const struct client *client)
{
    (void)client;
    return pay(h, 1 + below(h, h->accounts.charged), KX_PAYLOAD_VOUCHER);
}

static struct tried too_high(struct history *h, const struct client *client)
{
    (void)client;
    return pay(h, h->accounts.charged + price_of(h) + 1 + below(h, 3 * price_of(h)),
               KX_PAYLOAD_VOUCHER);
}

static struct tried two_ahead(struct history *h, const struct client *client)
{
    (void)client;
    return pay(h, h->accounts.charged + 2 * price_of(h), KX_PAYLOAD_VOUCHER);
}

static const struct draw {
    const char *name;
    unsigned weight;
    struct tried (*make)(struct history *h, const struct client *client);
} draws[] = {
    {"the next total", 40, next},
    {"the next as it knows it", 20, as_it_knows},
    {"its last payment again", 15, once_more},
    {"the same total", 5, no_more},
    {"an older total", 8, old},
    {"a total too high", 6, too_high},
    {"two totals ahead", 6, two_ahead},
};
enum { WEIGHTS = 100 };

static const struct draw *draw(struct history *h)
{
    uint64_t at = below(h, WEIGHTS);
    size_t i = 0;

    while (i + 1 < ARRAY_LEN(draws) && at >= draws[i].weight)
        at -= draws[i++].weight;
    return &draws[i];
}

/* ---- several at once ---- */

struct burst {
    struct tried tried[TOGETHER_MAX];
    struct client *clients[TOGETHER_MAX];
    bool is_new[TOGETHER_MAX], is_served[TOGETHER_MAX];
    size_t count;
};

/* One that was charged in the burst, and is the next by the sums; a payment that several have sent
 * counts once. */
static bool take_next(struct history *h, struct burst *b)
{
    struct kx_accounts after;

    for (size_t i = 0; i < b->count; i++) {
        if (!b->is_new[i] || !b->is_served[i] || !allows(h, b->tried[i].paid, &after))
            continue;
        h->accounts = after;
        for (size_t k = 0; k < b->count; k++)
            b->is_new[k] = b->is_new[k] && b->tried[k].paid != b->tried[i].paid;
        return true;
    }
    return false;
}

static void judge_together(struct history *h, struct burst *b, uint64_t runs)
{
    uint64_t charged = 0;
    size_t left = 0;

    while (take_next(h, b))
        charged++;
    for (size_t i = 0; i < b->count; i++)
        left += b->is_new[i] && b->is_served[i] ? 1 : 0;
    expect(h->t, left == 0 && runs == charged,
           "what is served of requests at once is what the sums allow one after the other, each "
           "with one run",
           "operation %u: %" PRIu64 " of %zu could be charged so, %zu more were served, %" PRIu64
           " runs",
           h->operations, charged, b->count, left, runs);
}

/* Those that are put off come again, alone. */
static void learn(struct history *h, struct burst *b, size_t i, const struct peer_answer *answer)
{
    const char *fault;

    if (kxp_is_later(answer))
        answer = send(h, b->tried[i].paid);
    b->is_served[i] = kxp_is_served(answer);
    if (!b->is_served[i])
        fault = NULL;
    else if (b->is_new[i])
        fault = kxc_receipt_fault(h->t, answer, b->tried[i].paid);
    else
        fault = assay_bytes_equal(peer_header(answer, "PAYMENT-RESPONSE"), b->tried[i].receipt)
                    ? NULL
                    : "a stored receipt is another than it was";
    expect(h->t, fault == NULL, "the receipt of each charge", "operation %u: %s", h->operations,
           fault);
    keep(h, b->clients[i], &b->tried[i], answer);
}

static void do_together(struct history *h)
{
    struct burst b = {.count = 2 + below(h, TOGETHER_MAX - 1)};
    struct peer_shot shots[TOGETHER_MAX];
    const struct peer_answer *const *answers;
    uint64_t runs = case_executions(h->t);

    for (size_t i = 0; i < b.count; i++) {
        b.clients[i] = &h->clients[i];
        b.tried[i] = draw(h)->make(h, b.clients[i]);
        b.is_new[i] = b.tried[i].receipt.len == 0;
        shots[i] = (struct peer_shot){.want = h->channel->offer->want,
                                      .with = kxp_headers(&b.tried[i].paid->sent)};
    }
    answers = below(h, HELD_ONE_IN) == 0 ? peer_burst_held(h->t, "at once", shots, b.count)
                                         : peer_burst(h->t, "at once", shots, b.count);
    h->operations += (unsigned)b.count;
    for (size_t i = 0; i < b.count; i++)
        learn(h, &b, i, answers[i]);
    judge_together(h, &b, case_executions(h->t) - runs);
}

/* ---- the chain ---- */

/* A server may see the claim when it is asked on the head behind it, and serve from then on. */
static void do_claim(struct history *h)
{
    uint64_t most = (h->accounts.charged - h->accounts.claimed) / price_of(h);
    uint64_t amount = most > 0 ? price_of(h) * (1 + below(h, most)) : 0;
    struct kx_accounts after = h->accounts;
    struct tried tried;

    if (kx_accounts_claim(&after, h->channel->lane.binding, amount) != KX_ACCOUNT_OK)
        return;
    h->channel->total = h->accounts.charged;
    (void)kxc_move(h->t, h->channel, KX_BATCH_CLAIM, amount, KXC_DEEP);
    h->accounts = after;
    tried = next(h, &h->clients[0]);
    if (!kxp_is_served(send(h, tried.paid))) {
        do_alone(h, &h->clients[0], "the next total behind a claim", next(h, &h->clients[0]));
        return;
    }
    if (!allows(h, tried.paid, &h->accounts))
        expect(h->t, false, "the sums allow what is served behind a claim", "operation %u",
               h->operations);
}

/* What is topped up is a deposit like any: no smaller than the smallest (section 7, D21). */
static void do_top_up(struct history *h)
{
    uint64_t amount = TOP_UP_PRICES * price_of(h) + h->channel->offer->batch.terms.min_deposit;

    h->channel->total = h->accounts.charged;
    (void)kxc_move(h->t, h->channel, KX_BATCH_TOP_UP, amount, KXC_DEEP);
    if (kx_accounts_top_up(&h->accounts, h->channel->lane.binding, h->channel->head.value) !=
        KX_ACCOUNT_OK)
        case_end(h->t, VERDICT_BROKEN, "the top-up is no increase");
    do_alone(h, &h->clients[0], "a top-up",
             pay(h, h->accounts.charged + price_of(h), KX_PAYLOAD_DEPOSIT));
}

static bool is_full(const struct history *h)
{
    struct kx_accounts after = h->accounts;

    return kx_accounts_authorize(&after, h->channel->lane.binding, price_of(h),
                                 h->accounts.charged + price_of(h)) != KX_ACCOUNT_OK;
}

/* ---- the history ---- */

enum { TOGETHER = 4, CLAIM = 1, DEEDS = 100 };

static void step(struct history *h)
{
    uint64_t deed = below(h, DEEDS);
    struct client *client = &h->clients[below(h, CLIENTS)];
    const struct draw *drawn = draw(h);

    if (deed < TOGETHER)
        do_together(h);
    else if (deed < TOGETHER + CLAIM)
        do_claim(h);
    else
        do_alone(h, client, drawn->name, drawn->make(h, client));
    if (is_full(h))
        do_top_up(h);
}

static void begin(struct history *h)
{
    const struct kx_batch_terms *terms;

    h->channel = kxc_opened(h->t, peer_endpoint(h->t, "paid_get"));
    terms = &h->channel->offer->batch.terms;
    h->accounts = (struct kx_accounts){.funding = h->channel->head.value,
                                       .authorized = h->channel->total,
                                       .charged = h->channel->total,
                                       .reserve = terms->claim_reserve};
    for (size_t i = 0; i < CLIENTS; i++)
        h->clients[i].total = h->channel->total;
    h->first_total = h->channel->total;
    h->first_runs = case_executions(h->t);
    h->series = peer_series(h->t);
}

SCENARIO(random_history_keeps_the_sums,
         .title = "In a random history of 1,000 operations by 16 clients a voucher is charged "
                  "exactly when the channel's sums allow it, once",
         .threat = "batch-cumulative", .rule = "batch.voucher.total", .rests_on = CHANNEL_OPENS,
         .catches = DEFECTS("batch.total_above", "batch.total_below"), .variant = "channels",
         .needs = KXP_PAY | KXP_CHANNELS | NEED_ORIGIN)
{
    struct history h = {.t = t};
    uint64_t runs, prices;

    begin(&h);
    while (h.operations < OPERATIONS)
        step(&h);
    runs = case_executions(t) - h.first_runs;
    prices = (h.accounts.charged - h.first_total) / price_of(&h);
    expect(t, runs == prices, "as many runs of the handler as prices were charged",
           "%" PRIu64 " runs, %" PRIu64 " prices", runs, prices);
    case_observe(t, "history", "%u operations charged %" PRIu64 " prices", h.operations, prices);
}
