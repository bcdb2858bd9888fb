/* A paying client that is out of memory at any moment: it ends with a sentence, and the next run,
 * which has enough, ends as if nothing had been. Nothing is paid twice, and nothing is sent that
 * was not saved. Source: Kaspa x402 client digest, F5 and F7. */
#include "ref/tests/kx_channel_play.h"
#include "ref/tests/kx_play.h"

#include <stdio.h>

TestSuite(kx_client_memory, .timeout = 240);

#define ALLOCATIONS_MOST 20000

static bool is_told(const struct kx_client_outcome *outcome)
{
    return outcome->end == KX_CLIENT_SERVED || outcome->end == KX_CLIENT_REFUNDED ||
           outcome->word == KX_CLIENT_SAID_NONSENSE || strlen(outcome->why) > 5;
}

/* ---- an exact payment ---- */

/* dies_at: an earlier run died before that action, and this one goes on; 0: there was none. */
static void expect_one_payment(enum kx_profile profile, size_t dies_at)
{
    bool is_enough = false;
    size_t n = 0;

    for (; !is_enough; n++) {
        struct kx_play *p = kx_play_new(profile);

        cr_assert_lt(n, ALLOCATIONS_MOST);
        if (dies_at > 0) {
            p->dies_at = dies_at;
            kx_play_run(p);
            p->dies_at = 0;
            p->trace[0] = '\0';
            p->looked = 0;
        }
        p->allocations = n;
        kx_play_run(p);
        is_enough = p->allocations > 0;
        cr_expect(is_told(&p->outcome), "%zu: %s", n, p->trace);
        if (is_enough)
            cr_expect_eq(p->outcome.end, KX_CLIENT_SERVED, "%zu: %s", n, p->trace);
        p->allocations = SIZE_MAX;
        p->answered = p->has_file ? 1 : 0; /* the offer is asked for once, and kept */
        if (p->outcome.end != KX_CLIENT_SERVED) {
            p->looked = 0;
            kx_play_restart(p);
        }
        cr_assert_eq(p->outcome.end, KX_CLIENT_SERVED, "%zu: %s: %s", n, p->trace, p->outcome.why);
        cr_expect_not(p->is_header_changed, "%zu", n);
        kx_play_free(p);
    }
    cr_expect_gt(n, 20, "%zu", n);
}

Test(kx_client_memory, pays_once_by_a_standard_offer)
{
    expect_one_payment(KX_STANDARD_NATIVE, 0);
}

Test(kx_client_memory, pays_once_by_an_additive_offer)
{
    expect_one_payment(KX_ADDITIVE, 0);
}

Test(kx_client_memory, signs_what_was_intended)
{
    expect_one_payment(KX_STANDARD_NATIVE, 6);
}

Test(kx_client_memory, sends_what_was_signed)
{
    expect_one_payment(KX_STANDARD_NATIVE, 9);
    expect_one_payment(KX_ADDITIVE, 9);
}

/* ---- payments by channel ---- */

static void open_first(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
}

static void claim_before(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
}

static void come_late(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->late = 1;
}

static void use_up(struct kx_channel_play *p)
{
    p->policy.batch.deposit = 2 * SHOP_BATCH_PRICE;
    kx_channel_play_open(p);
    kx_channel_play_run(p);
    cr_assert_eq(p->outcome.end, KX_CLIENT_SERVED, "%s: %s", p->trace, p->outcome.why);
}

static void top_up_before(struct kx_channel_play *p)
{
    use_up(p);
    kx_channel_play_run(p);
    (void)kx_channel_play_co_sign(p, KX_THRESHOLD_DEFAULT);
}

/* Killed before its payment was sent, and before it was signed. */
static void die_signed(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->dies_at = 11;
    kx_channel_play_run(p);
    cr_assert(strstr(p->trace, "save:open:signed dies") != NULL, "%s", p->trace);
}

static void die_intended(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->dies_at = 8;
    kx_channel_play_run(p);
    cr_assert(strstr(p->trace, "save:open:intended dies") != NULL, "%s", p->trace);
}

static void time_out(struct kx_channel_play *p)
{
    kx_channel_play_open(p);
    p->shop.daa = p->shop.lane.channel.refund_timeout_daa + 1;
}

struct flow {
    void (*prepare)(struct kx_channel_play *p); /* NULL: nothing */
    void (*run)(struct kx_channel_play *p);
    enum kx_client_end end;
    uint64_t total;     /* T of the channel in the end */
    size_t submissions; /* of the client's own in all */
};

static void expect_flow(const struct flow *flow)
{
    bool is_enough = false;
    char first[KX_TRACE_BYTES + 1024];
    size_t n = 0;

    for (; !is_enough; n++) {
        struct kx_channel_play *p = kx_channel_play_new();

        cr_assert_lt(n, ALLOCATIONS_MOST);
        if (flow->prepare != NULL)
            flow->prepare(p);
        p->allocations = n;
        flow->run(p);
        is_enough = p->allocations > 0;
        cr_expect(is_told(&p->outcome), "%zu: %s", n, p->trace);
        (void)snprintf(first, sizeof(first), "%s: %s", p->trace, p->outcome.why);
        p->allocations = SIZE_MAX;
        if (p->channel.len > 0 || p->ended.len == 0) {
            if (p->outcome.end != flow->end)
                flow->run(p);
            cr_assert_eq(p->outcome.end, flow->end, "%zu: %s\nthen %s: %s", n, first, p->trace,
                         p->outcome.why);
        } /* else the wallet alone was not told that it has ended */
        cr_expect_eq(kx_channel_play_channel(p).total, flow->total, "%zu: %s\nthen %s", n, first,
                     p->trace);
        cr_expect_eq(p->submissions, flow->submissions, "%zu", n);
        kx_channel_play_free(p);
    }
    cr_expect_gt(n, 20, "%zu", n);
}

Test(kx_client_memory, opens_one_channel)
{
    expect_flow(&(struct flow){NULL, kx_channel_play_run, KX_CLIENT_SERVED, SHOP_BATCH_PRICE, 1});
}

Test(kx_client_memory, charges_a_channel_once)
{
    expect_flow(
        &(struct flow){open_first, kx_channel_play_run, KX_CLIENT_SERVED, 2 * SHOP_BATCH_PRICE, 1});
}

Test(kx_client_memory, follows_a_claim)
{
    expect_flow(&(struct flow){claim_before, kx_channel_play_run, KX_CLIENT_SERVED,
                               2 * SHOP_BATCH_PRICE, 1});
}

Test(kx_client_memory, corrects_a_refused_payment_once)
{
    expect_flow(
        &(struct flow){come_late, kx_channel_play_run, KX_CLIENT_SERVED, 2 * SHOP_BATCH_PRICE, 1});
}

Test(kx_client_memory, asks_for_one_top_up)
{
    expect_flow(
        &(struct flow){use_up, kx_channel_play_run, KX_CLIENT_UNRESOLVED, 2 * SHOP_BATCH_PRICE, 1});
}

Test(kx_client_memory, goes_on_with_a_top_up)
{
    expect_flow(&(struct flow){top_up_before, kx_channel_play_run, KX_CLIENT_SERVED,
                               3 * SHOP_BATCH_PRICE, 1});
}

Test(kx_client_memory, takes_back_what_is_left_once)
{
    expect_flow(
        &(struct flow){time_out, kx_channel_play_refund, KX_CLIENT_REFUNDED, SHOP_BATCH_PRICE, 2});
}

Test(kx_client_memory, sends_the_voucher_that_was_signed)
{
    expect_flow(
        &(struct flow){die_signed, kx_channel_play_run, KX_CLIENT_SERVED, 2 * SHOP_BATCH_PRICE, 1});
}

Test(kx_client_memory, gives_up_a_voucher_that_was_intended)
{
    expect_flow(&(struct flow){die_intended, kx_channel_play_run, KX_CLIENT_SERVED,
                               2 * SHOP_BATCH_PRICE, 1});
}
