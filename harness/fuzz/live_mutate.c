/* Honest sequences and changes of them; see live_mutate.h. */
#include "fuzz/live_mutate.h"

#include "fuzz/live_words.h"

#include <stdio.h>

enum { CHANGES_MAX = 6, LONG_TIMES = 12000 };

struct mutation {
    struct live_sequence *sequence;
    struct assay_arena *arena;
    struct fuzz_dice *dice;
    const struct live_payer *payer;
    const struct target *target;
    bool failed;
};

/* ---- honest sequences ---- */

static struct live_exchange exchange_of(const char *endpoint, const char *way, unsigned payment,
                                        unsigned key)
{
    struct live_exchange x = {.payment = payment, .key = key};

    (void)snprintf(x.endpoint, sizeof(x.endpoint), "%s", endpoint);
    (void)snprintf(x.way, sizeof(x.way), "%s", way);
    return x;
}

struct seeding {
    struct live_sequence *out;
    size_t room, count;
    const struct live_payer *payer;
    const struct target *target;
};

static void add_seed(struct seeding *s, size_t n, const struct live_exchange *exchanges)
{
    struct live_sequence *out = &s->out[s->count];

    if (s->count == s->room)
        return;
    *out = (struct live_sequence){.count = n};
    memcpy(out->exchanges, exchanges, n * sizeof(exchanges[0]));
    s->count++;
}

/* Another thing that is sold, for what pays for this one. */
static const char *another(const struct seeding *s, const char *name)
{
    for (size_t i = 0; i < s->target->endpoint_count; i++)
        if (strcmp(s->target->endpoints[i].name, name) != 0 &&
            s->payer->endpoint(s->target, s->target->endpoints[i].name) == LIVE_PAID)
            return s->target->endpoints[i].name;
    return name;
}

static void seed_endpoint(struct seeding *s, const char *name)
{
    const struct live_way *ways[LIVE_WAYS_MAX] = {NULL};
    enum live_endpoint kind = s->payer->endpoint(s->target, name);
    size_t count = s->payer->ways(ways, s->target, name);

    if (kind == LIVE_UNUSED)
        return;
    add_seed(s, 1, (struct live_exchange[]){exchange_of(name, "", 0, 0)});
    for (size_t i = 0; i < count && kind == LIVE_PAID; i++) {
        const char *way = ways[i]->name;

        add_seed(
            s, 2,
            (struct live_exchange[]){exchange_of(name, way, 1, 0), exchange_of(name, way, 1, 0)});
        if (s->payer->has_keys)
            add_seed(s, 3,
                     (struct live_exchange[]){exchange_of(name, way, 1, 1),
                                              exchange_of(name, way, 1, 1),
                                              exchange_of(name, way, 0, 1)});
        add_seed(s, 2,
                 (struct live_exchange[]){exchange_of(name, way, 1, 0),
                                          exchange_of(another(s, name), "", 1, 0)});
    }
}

/* One request with each word that edits of that kind have. */
static void seed_words(struct seeding *s, struct live_exchange x, enum live_edit_kind kind)
{
    x.edit_count = 1;
    x.edits[0] = (struct live_edit){.kind = kind};
    for (size_t i = 0; live_word(&x.edits[0].text, kind, i); i++)
        add_seed(s, 1, &x);
}

static void seed_bent(struct seeding *s, const char *name)
{
    const struct live_way *ways[LIVE_WAYS_MAX] = {NULL};
    size_t count = s->payer->ways(ways, s->target, name);
    const struct live_exchange unpaid = exchange_of(name, "", 0, 0);

    for (size_t i = 0; i < count; i++) {
        struct live_exchange x = exchange_of(name, ways[i]->name, 1, 0);

        seed_words(s, x, LIVE_EDIT_PAYMENT_TEXT);
        x.edit_count = 1;
        x.edits[0] = (struct live_edit){
            .kind = LIVE_EDIT_PAYMENT_TEXT, .times = LONG_TIMES, .text = ASSAY_LIT("A")};
        add_seed(s, 1, &x);
    }
    seed_words(s, unpaid, LIVE_EDIT_METHOD);
    seed_words(s, unpaid, LIVE_EDIT_TARGET_INSERT);
    seed_words(s, unpaid, LIVE_EDIT_HEADER_ADD);
}

size_t live_seeds(struct live_sequence *out, size_t room, const struct live_payer *payer,
                  const struct target *target)
{
    struct seeding s = {.out = out, .room = room, .payer = payer, .target = target};

    for (size_t i = 0; i < target->endpoint_count; i++)
        seed_endpoint(&s, target->endpoints[i].name);
    if (target_endpoint(target, "paid_get") != NULL)
        seed_bent(&s, "paid_get");
    return s.count;
}

/* ---- changes ---- */

static struct live_exchange *some_exchange(struct mutation *m)
{
    return &m->sequence->exchanges[fuzz_roll_below(m->dice, m->sequence->count)];
}

static void remove_exchange(struct live_sequence *s, size_t i)
{
    memmove(&s->exchanges[i], &s->exchanges[i + 1], (s->count - i - 1) * sizeof(s->exchanges[0]));
    s->count--;
}

/* Behind itself; what is shifted out at the end is gone. */
static void repeat_exchange(struct live_sequence *s, size_t i)
{
    if (s->count == LIVE_EXCHANGES_MAX)
        s->count--;
    if (i >= s->count)
        i = s->count - 1;
    memmove(&s->exchanges[i + 1], &s->exchanges[i], (s->count - i) * sizeof(s->exchanges[0]));
    s->count++;
}

static void choose_endpoint(struct mutation *m, struct live_exchange *x)
{
    const struct live_way *ways[LIVE_WAYS_MAX] = {NULL};
    const struct target *target = m->target;
    const char *name = target->endpoints[fuzz_roll_below(m->dice, target->endpoint_count)].name;
    size_t count;

    if (m->payer->endpoint(target, name) == LIVE_UNUSED)
        return;
    (void)snprintf(x->endpoint, sizeof(x->endpoint), "%s", name);
    count = m->payer->ways(ways, target, name);
    (void)snprintf(x->way, sizeof(x->way), "%s",
                   count > 0 ? ways[fuzz_roll_below(m->dice, count)]->name : "");
}

static void change_edit(struct mutation *m, struct live_exchange *x)
{
    if (x->edit_count == 0)
        return;
    if (!live_edit_draw(&x->edits[fuzz_roll_below(m->dice, x->edit_count)], m->arena, m->dice,
                        m->payer))
        m->failed = true;
}

static void add_edit(struct mutation *m, struct live_exchange *x)
{
    if (x->edit_count == LIVE_EDITS_MAX)
        change_edit(m, x);
    else if (live_edit_draw(&x->edits[x->edit_count], m->arena, m->dice, m->payer))
        x->edit_count++;
    else
        m->failed = true;
}

static void remove_edit(struct mutation *m, struct live_exchange *x)
{
    size_t i = x->edit_count > 0 ? fuzz_roll_below(m->dice, x->edit_count) : 0;

    if (x->edit_count == 0)
        return;
    memmove(&x->edits[i], &x->edits[i + 1], (x->edit_count - i - 1) * sizeof(x->edits[0]));
    x->edit_count--;
}

static void change(struct mutation *m)
{
    struct live_sequence *s = m->sequence;
    size_t kind = fuzz_roll_below(m->dice, 20), i = fuzz_roll_below(m->dice, s->count);
    struct live_exchange *x = some_exchange(m);

    if (kind < 11)
        add_edit(m, x);
    else if (kind < 13)
        change_edit(m, x);
    else if (kind < 14)
        remove_edit(m, x);
    else if (kind < 16)
        repeat_exchange(s, i);
    else if (kind < 17 && s->count > 1)
        remove_exchange(s, i);
    else if (kind < 18)
        choose_endpoint(m, x);
    else if (kind < 19)
        x->payment = (unsigned)fuzz_roll_below(m->dice, LIVE_PAYMENTS_MAX + 1);
    else if (m->payer->has_keys)
        x->key = (unsigned)fuzz_roll_below(m->dice, LIVE_PAYMENTS_MAX + 1);
}

static enum assay_code append(struct mutation *m, const struct live_sequence *other)
{
    struct live_sequence copy;
    enum assay_code rc = live_sequence_copy(&copy, m->arena, other);

    for (size_t i = 0; i < copy.count && m->sequence->count < LIVE_EXCHANGES_MAX && rc == ASSAY_OK;
         i++)
        m->sequence->exchanges[m->sequence->count++] = copy.exchanges[i];
    return rc;
}

enum assay_code live_mutate(struct live_sequence *sequence, struct assay_arena *arena,
                            struct fuzz_dice *dice, const struct live_payer *payer,
                            const struct target *target, const struct live_sequence *other)
{
    struct mutation m = {sequence, arena, dice, payer, target, false};
    size_t changes = 1 + fuzz_roll_below(dice, fuzz_roll_once_in(dice, 3) ? CHANGES_MAX : 2);

    if (other != NULL && fuzz_roll_once_in(dice, 8) && append(&m, other) != ASSAY_OK)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < changes && !m.failed; i++)
        change(&m);
    return m.failed ? ASSAY_E_NOMEM : ASSAY_OK;
}
