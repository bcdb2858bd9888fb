/* A complete, right bundle of live evidence: the document, and the places in it; see
 * evidence_world.h. */
#include "ref/tests/evidence_world_internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACE_MAX_BYTES = 128 };

json_t *evidence_world_bundle(void)
{
    struct ew_making m = {.flows = json_array()};
    struct kx_lane_world lane;
    json_t *bundle, *launch, *unshared;

    kx_lane_world_init(&lane);
    ew_add_payments(&m);
    ew_add_conflicts(&m);
    ew_add_recoveries(&m);
    launch = ew_launch_json(&m, &lane);
    ew_add_channel(&m, &lane);
    ew_add_refund(&m, &lane);
    bundle = ew_pack(json_pack(
        "{s:s, s:s, s:s, s:[{s:s, s:s, s:s, s:[s]}, {s:s, s:s, s:s, s:[s, s]}], s:{s:s, s:o, s:s, "
        "s:o}, s:o, s:s}",
        "format", KX_BUNDLE_FORMAT, "network", KX_NETWORK_TESTNET, "createdBy", "the tests",
        "sources", "name", "node", "class", "own-node", "operator", "A", "endpoints",
        "ws://127.0.0.1:17210", "name", "second", "class", "public-node", "operator", "B",
        "endpoints", "wss://b.example.test", "wss://c.example.test", "manifest", "confirmation",
        KX_BUNDLE_CONFIRMATION_TEXT, "channel", ew_channel_json(&lane.channel), "claimReserveSompi",
        "2000000", "launch", launch, "flows", m.flows, "statement", KX_BUNDLE_STATEMENT_TEXT));
    kx_lane_world_fini(&lane);
    unshared = ew_pack(json_deep_copy(bundle)); /* a row changes one place of it */
    json_decref(bundle);
    return unshared;
}

/* ---- places ---- */

/* The next name or index of a place. */
static json_t *step_into(json_t *value, const char **place)
{
    char name[PLACE_MAX_BYTES];
    size_t len = strcspn(*place, ".[");

    if (**place == '[') {
        char *end;
        size_t index = strtoul(*place + 1, &end, 10);

        *place = end + 1 + (end[1] == '.' ? 1 : 0);
        return json_array_get(value, index);
    }
    (void)snprintf(name, sizeof(name), "%.*s", (int)len, *place);
    *place += len + ((*place)[len] == '.' ? 1 : 0);
    return json_object_get(value, name);
}

json_t *evidence_world_at(json_t *bundle, const char *place)
{
    const char *rest = place;
    json_t *value = bundle;

    while (*rest != '\0' && value != NULL)
        value = step_into(value, &rest);
    cr_assert_not_null(value, "%s is not in the bundle", place);
    return value;
}

void evidence_world_set(json_t *bundle, const char *place, const char *value)
{
    const char *dot = strrchr(place, '.'), *bracket = strrchr(place, '[');
    bool is_item = bracket != NULL && (dot == NULL || bracket > dot);
    const char *last = is_item ? bracket : dot;
    char outer[PLACE_MAX_BYTES];
    json_t *made = value != NULL ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;
    json_t *object;

    cr_assert(value == NULL || made != NULL, "%s", value);
    (void)snprintf(outer, sizeof(outer), "%.*s", last != NULL ? (int)(last - place) : 0, place);
    object = evidence_world_at(bundle, outer);
    if (is_item) {
        size_t index = strtoul(bracket + 1, NULL, 10);

        cr_assert_eq(made != NULL ? json_array_set_new(object, index, made)
                                  : json_array_remove(object, index),
                     0, "%s", place);
        return;
    }
    last = last != NULL ? last + 1 : place;
    cr_assert_eq(made != NULL ? json_object_set_new(object, last, made)
                              : json_object_del(object, last),
                 0, "%s", place);
}

enum kx_bundle_rule evidence_world_judge(const json_t *bundle, struct kx_bundle_summary *summary,
                                         struct assay_err *err)
{
    const struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
    struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);
    char *text = json_dumps(bundle, JSON_COMPACT);
    enum kx_bundle_rule rule;

    cr_assert_not_null(text);
    *err = (struct assay_err){.code = ASSAY_OK};
    rule = kx_bundle_judge(summary, &arena, assay_str(text), &policy, err);
    free(text);
    assay_arena_fini(&arena);
    return rule;
}
