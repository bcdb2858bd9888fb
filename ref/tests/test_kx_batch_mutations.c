/* Every member of a batch payment counts: with a value of any other kind in its place, or without
 * it, an honest request is refused, and nothing is worse than refused. */
#include "ref/tests/kx_batch_world.h"

enum { DEPTH_MAX = 4 };

/* Of the member that is being changed. */
struct place {
    struct kx_batch_world *w;
    json_t *object;
    const char *name;
};

static void expect_refused(const struct place *at, const char *value)
{
    struct kx_batch_world *w = at->w;
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 22);
    struct kx_batch_payment read;
    struct assay_err err = {0};

    if (kx_batch_world_parse(&read, &arena, w->payment, &err) == KX_LOCAL_NONE) {
        w->with.payment = &read;
        w->with.arena = &arena;
        kx_batch_verify(&w->verdict, &w->with);
        cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "%s: %s", at->name, value);
    } else {
        cr_expect_neq(err.text[0], '\0', "%s: %s", at->name, value);
    }
    assay_arena_fini(&arena);
}

static void change(const struct place *at)
{
    static const char *const values[] = {"null", "true", "-1",   "1e300", "18446744073709551616",
                                         "\"\"", "[]",   "[{}]", "{}",    "\"\\ud800\""};
    json_t *before = json_incref(json_object_get(at->object, at->name));

    (void)json_object_del(at->object, at->name);
    expect_refused(at, "nothing");
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);

        if (value == NULL) /* jansson does not read it */
            continue;
        (void)json_object_set_new(at->object, at->name, value);
        expect_refused(at, values[i]);
    }
    (void)json_object_set_new(at->object, at->name, before);
}

/* By a list of the names: a member that was changed stands at the end. */
static void change_all(struct kx_batch_world *w, json_t *object, int depth)
{
    json_t *names = json_array();
    const char *name;
    json_t *value;
    size_t i;

    json_object_foreach (object, name, value)
        (void)json_array_append_new(names, json_string(name));
    json_array_foreach (names, i, value) {
        const struct place at = {w, object, json_string_value(value)};

        if (json_is_object(json_object_get(object, at.name)) && depth < DEPTH_MAX)
            change_all(w, json_object_get(object, at.name), depth + 1);
        change(&at);
    }
    json_decref(names);
}

static void expect_all_count(enum kx_batch_story story)
{
    static const struct kx_batch_change nothing = {.sign = NULL};
    struct kx_batch_world *w = kx_batch_world_new(story);

    kx_batch_world_run(w, &nothing);
    cr_assert_eq(w->verdict.outcome, KASPA_VALID);
    change_all(w, json_object_get(w->payment, "accepted"), 0);
    change_all(w, json_object_get(w->payment, "payload"), 0);
    kx_batch_world_free(w);
}

Test(kx_batch_mutations, of_a_voucher_are_refused)
{
    expect_all_count(KX_STORY_VOUCHER);
}

Test(kx_batch_mutations, of_a_deposit_are_refused)
{
    expect_all_count(KX_STORY_OPEN);
}

Test(kx_batch_mutations, of_a_top_up_are_refused)
{
    expect_all_count(KX_STORY_TOP_UP);
}

/* One bit of each signature and each digit of each amount. */
Test(kx_batch_mutations, of_a_single_digit_are_refused)
{
    static const char *const members[] = {
        "channelId", "clientPublicKey", "activeScriptPublicKey",
        "voucher",   "presentation",    "fundingOutpoint",
    };
    static const struct kx_batch_change nothing = {.sign = NULL};
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
    json_t *payload;

    kx_batch_world_run(w, &nothing);
    payload = json_object_get(w->payment, "payload");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_t *member = json_object_get(payload, members[i]), *value;
        const char *name;

        if (json_is_string(member)) {
            char *text = strdup(json_string_value(member));

            text[strlen(text) - 1] ^= 1; /* another hex digit */
            (void)json_string_set(member, text);
            expect_refused(&(struct place){w, payload, members[i]}, text);
            text[strlen(text) - 1] ^= 1;
            (void)json_string_set(member, text);
            free(text);
            continue;
        }
        json_object_foreach (member, name, value) {
            char *text = json_is_string(value) ? strdup(json_string_value(value)) : NULL;

            if (text == NULL)
                continue;
            text[strlen(text) - 1] ^= 1;
            (void)json_string_set(value, text);
            expect_refused(&(struct place){w, member, name}, text);
            text[strlen(text) - 1] ^= 1;
            (void)json_string_set(value, text);
            free(text);
        }
    }
    kx_batch_world_free(w);
}
