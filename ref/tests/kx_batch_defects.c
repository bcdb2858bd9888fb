/* Tables of seeded defects of batch-settlement; see kx_batch_defects.h. */
#include "ref/tests/kx_batch_defects.h"

/* In a shop of its own. The defect is on before the first request: a server has it all the time. */
static bool holds(const struct kx_batch_probe *probe, bool is_on)
{
    static struct batch_shop b;
    bool is_so;

    if (is_on)
        switch_on(probe->defect);
    batch_shop_open(&b);
    is_so = probe->holds(&b);
    batch_shop_close(&b);
    ref_defect_all_off();
    return is_so;
}

static void expect_shows(const struct kx_batch_probe *probe)
{
    cr_expect(holds(probe, false), "%s: does not hold without it", probe->defect);
    cr_expect_not(holds(probe, true), "%s: does not show", probe->defect);
}

void kx_batch_probes_expect(const struct kx_batch_probe *probes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect_shows(&probes[i]);
}

/* ---- forgeries ---- */

static const struct kx_batch_forgery *forgery;

/* The world's own channel becomes the forged one, too. */
static void sign(struct kx_batch_world *w)
{
    if (forgery->lane != NULL) {
        forgery->lane(&w->lane);
        w->config = w->lane.lane;
    }
    if (forgery->change.sign != NULL)
        forgery->change.sign(w);
}

static void prepare(struct batch_shop *b)
{
    if (forgery->lane != NULL)
        forgery->lane(&b->lane);
    if (forgery->prepare != NULL)
        forgery->prepare(b);
    else if (forgery->story == KX_STORY_OPEN)
        (void)batch_fund(b, KX_THRESHOLD_DEFAULT);
    else
        batch_open(b);
}

static bool is_refused(struct batch_shop *b)
{
    struct kx_batch_change change = forgery->change;
    struct shop_ask ask = forgery->ask, sent = forgery->sent;
    uint64_t total;
    struct shop_reply reply;
    unsigned runs;

    change.sign = sign;
    prepare(b);
    ask.target = ask.target != NULL ? ask.target : "/batch";
    total = forgery->total != 0 ? forgery->total : b->total + SHOP_BATCH_PRICE;
    ask.payment = batch_seal(b, &ask, forgery->story, total, &change);
    if (sent.target == NULL)
        sent = ask;
    sent.payment = ask.payment;
    if (forgery->meanwhile != NULL)
        forgery->meanwhile(b);
    runs = b->shop.runs;
    reply = shop_send(&b->shop, &sent);
    cr_expect(reply.status == 402 || reply.status == 200, "%s: %d %s by %s", forgery->defect,
              reply.status, reply.body, reply.rule);
    cr_expect_eq(b->shop.runs, runs + (reply.status == 200), "%s", forgery->defect);
    return reply.status == 402;
}

void kx_batch_forgeries_expect(const struct kx_batch_forgery *forgeries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        forgery = &forgeries[i];
        expect_shows(&(struct kx_batch_probe){forgery->defect, is_refused});
    }
}

/* ---- nothing else ---- */

void kx_batch_honest_expect(const struct ref_defect *defect)
{
    static struct batch_shop b;
    struct shop_reply reply;

    switch_on(defect->id);
    batch_shop_open(&b);
    (void)batch_fund(&b, KX_THRESHOLD_DEFAULT);
    reply = batch_buy(&b, KX_STORY_OPEN);
    cr_expect_eq(reply.status, 200, "%s: a deposit: %d %s", defect->id, reply.status, reply.body);
    reply = batch_buy(&b, KX_STORY_VOUCHER);
    cr_expect_eq(reply.status, 200, "%s: a voucher: %d %s", defect->id, reply.status, reply.body);
    batch_shop_close(&b);
    ref_defect_all_off();
}
