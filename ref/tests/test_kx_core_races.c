/* Requests that meet: two at a time through the decision core, interleaved at every action, over
 * one store, one chain and one handler. Whatever the order, what holds is what kx_settle.c
 * promises. */
#include "ref/tests/kx_shop.h"

enum { STEPS = 16 }; /* actions of a payment that meets nobody, at most; without the response */

static struct shop shop;

/* Two requests, and what their answers may be. */
struct meeting {
    const char *name;
    void (*prepare)(void); /* fills asks */
    unsigned most_runs, most_submissions;
    bool is_same; /* two copies of one payment */
};

static struct shop_ask asks[2];

static struct kx_world *world_of(const char *target, size_t entry)
{
    struct shop_ask ask = {.target = target};

    return shop_offer(&shop, &ask, entry);
}

static void prepare_identical(void)
{
    struct kx_world *w = world_of("/report", 0);

    asks[0] = (struct shop_ask){.target = "/report", .payment = shop_seal(&shop, w)};
    asks[1] = asks[0];
    kx_world_free(w);
}

/* The second world differs by what `change` does to it. */
static void prepare_two(const char *target, size_t entry, kx_hook *change)
{
    struct kx_world *one = world_of(target, entry), *other = world_of(target, entry);

    change(other);
    asks[0] = (struct shop_ask){.target = target, .payment = shop_seal(&shop, one)};
    asks[1] = (struct shop_ask){.target = target, .payment = shop_seal(&shop, other)};
    kx_world_free(one);
    kx_world_free(other);
}

static void other_coin(struct kx_world *w)
{
    shop_other_coin(w, 0x42);
}

static void other_identifier(struct kx_world *w)
{
    w->identifier = "another_identifier_0001";
}

static void other_coin_and_identifier(struct kx_world *w)
{
    other_coin(w);
    other_identifier(w);
}

static void later_expiry(struct kx_world *w)
{
    w->expires_at = "2098-12-31T23:59:31.000Z";
}

static void prepare_identifier(void)
{
    prepare_two("/report", 0, other_coin);
}

static void prepare_transaction(void)
{
    prepare_two("/report", 0, other_identifier);
}

static void prepare_resigned(void)
{
    prepare_two("/report", 0, later_expiry);
}

static void prepare_head(void)
{
    struct kx_world *head = kx_world_new(KX_ADDITIVE);

    shop_register_head(&shop, head);
    kx_world_free(head);
    prepare_two("/additive", 1, other_coin_and_identifier);
}

static void prepare_head_copies(void)
{
    struct kx_world *head = kx_world_new(KX_ADDITIVE), *w;

    shop_register_head(&shop, head);
    w = world_of("/additive", 1);
    asks[0] = (struct shop_ask){.target = "/additive", .payment = shop_seal(&shop, w)};
    asks[1] = asks[0];
    kx_world_free(head);
    kx_world_free(w);
}

static void prepare_strangers(void)
{
    prepare_two("/report", 0, other_coin_and_identifier);
}

static const struct meeting meetings[] = {
    {"the same payment", prepare_identical, 1, 1, true},
    {"the same payment to a head", prepare_head_copies, 1, 1, true},
    {"one identifier, two transactions", prepare_identifier, 1, 1, false},
    {"one transaction, two identifiers", prepare_transaction, 1, 1, false},
    {"one transaction, signed twice", prepare_resigned, 1, 1, false},
    {"one head", prepare_head, 1, 1, false},
    {"nothing in common", prepare_strangers, 2, 2, false},
};

static bool is_refusal_of(const struct shop_reply *reply, bool may_be_final)
{
    return reply->status == 503 || (may_be_final && (reply->status == 409 || reply->status == 402));
}

/* Of one run: at most one of what they share is bought, and every answer is the paid one or a
 * refusal. Who sent the same payment is refused for now at most. */
static void expect_coherent(const struct meeting *m, const struct shop_reply *replies, int at)
{
    cr_assert_leq(shop.runs, m->most_runs, "%s: %d: %s", m->name, at, shop_log(&shop));
    cr_assert_leq(shop.submissions, m->most_submissions, "%s: %d: %s", m->name, at,
                  shop_log(&shop));
    for (int i = 0; i < 2; i++)
        cr_assert(replies[i].status == 200 || is_refusal_of(&replies[i], !m->is_same),
                  "%s: %d: request %d got %d", m->name, at, i, replies[i].status);
    if (m->is_same && replies[0].status == 200 && replies[1].status == 200)
        cr_assert_str_eq(replies[0].receipt, replies[1].receipt, "%s: %d", m->name, at);
}

/* Afterwards each of them is sent once more: the bought one is delivered, and only that. */
static void expect_settled(const struct meeting *m, int at)
{
    int delivered = 0;

    for (int i = 0; i < 2; i++) {
        struct shop_reply reply = shop_send(&shop, &asks[i]);

        cr_assert(reply.status == 200 || reply.status == 409 || reply.status == 402 ||
                      reply.status == 503,
                  "%s: %d: %d", m->name, at, reply.status);
        delivered += reply.status == 200 ? 1 : 0;
    }
    if (m->is_same)
        cr_assert_eq(delivered, 2, "%s: %d: %s", m->name, at, shop_log(&shop));
    else
        cr_assert_eq((unsigned)delivered, m->most_runs, "%s: %d: %s", m->name, at, shop_log(&shop));
    cr_assert_eq(shop.runs, m->most_runs, "%s: %d", m->name, at);
    cr_assert_eq(shop.submissions, m->most_submissions, "%s: %d", m->name, at);
}

static void step(struct shop_errand *e, int count)
{
    while (count-- > 0 && shop_step(e))
        continue;
}

/* The first goes `a` actions, the second `b`, the first `c`, the second to its end, the first. */
static void meet(const struct meeting *m, int a, int b, int c)
{
    struct shop_errand *one, *other;
    struct shop_reply replies[2];
    int at = (a * 100 + b) * 100 + c;

    shop_open(&shop);
    m->prepare();
    one = shop_begin(&shop, &asks[0]);
    other = shop_begin(&shop, &asks[1]);
    step(one, a);
    step(other, b);
    step(one, c);
    step(other, SHOP_STEPS_MAX);
    step(one, SHOP_STEPS_MAX);
    replies[1] = shop_end(other);
    replies[0] = shop_end(one);
    expect_coherent(m, replies, at);
    expect_settled(m, at);
    shop_close(&shop);
}

Test(kx_core_races, buy_once_whatever_the_order)
{
    for (size_t i = 0; i < ARRAY_LEN(meetings); i++) {
        for (int a = 0; a <= STEPS; a++) {
            for (int b = 0; b <= STEPS; b++)
                meet(&meetings[i], a, b, 0);
        }
    }
}

/* With one more change of turns, from where the store is first written. */
Test(kx_core_races, buy_once_with_three_changes_of_turns)
{
    for (int a = 5; a <= STEPS; a++) {
        for (int b = 5; b <= STEPS; b++) {
            for (int c = 1; c <= 4; c++)
                meet(&meetings[0], a, b, c);
        }
    }
}

/* Whether nobody can tell what the one who died has done: it had claimed, and may have submitted,
 * or it had begun, and the handler may have run. */
static bool leaves_gap(void)
{
    const char *log = shop_log(&shop), *last = strrchr(log, ' ');

    last = last != NULL ? last + 1 : log;
    return strcmp(last, "claim") == 0 || strcmp(last, "begin") == 0 || strcmp(last, "run") == 0;
}

/* The first dies after `a` actions, in the middle of the second. */
static void die(int a, int b)
{
    struct shop_errand *one, *other;
    struct shop_reply reply;
    bool is_gap;

    shop_open(&shop);
    prepare_identical();
    one = shop_begin(&shop, &asks[0]);
    other = shop_begin(&shop, &asks[1]);
    step(other, b);
    step(one, a);
    is_gap = leaves_gap();
    shop_drop(one);
    step(other, SHOP_STEPS_MAX);
    reply = shop_end(other);
    cr_assert(reply.status == 200 || reply.status == 503, "%d %d: %d", a, b, reply.status);
    for (int i = 0; i < 2; i++)
        reply = shop_send(&shop, &asks[0]);
    cr_assert(reply.status == 200 || (is_gap && reply.status == 503), "%d %d: %d", a, b,
              reply.status);
    cr_assert_leq(shop.runs, 1, "%d %d", a, b);
    cr_assert_leq(shop.submissions, 1, "%d %d", a, b);
    shop_close(&shop);
}

/* Its death leaves a gap in two places alone: before its claim is submitted, and while its handler
 * runs; an operator is asked for then. */
Test(kx_core_races, leave_no_gap_when_one_dies)
{
    for (int a = 1; a <= STEPS; a++) {
        for (int b = 0; b <= STEPS; b++)
            die(a, b);
    }
}
