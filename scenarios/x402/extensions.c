/* What is advertised beside the offers, and what comes back of it (x402 v2 digest, sections 2.2
 * and 7). */
#include "peer/x402/peer.h"

static json_t *info_of(json_t *envelope, const char *name)
{
    return json_object_get(json_object_get(json_object_get(envelope, "extensions"), name), "info");
}

/* The first extension that is advertised with an info of members. */
static const char *given_extension(struct assay_case *t, const struct x4p_payment *paid)
{
    json_t *all = json_object_get(paid->tree, "extensions"), *one;
    const char *name;

    json_object_foreach (all, name, one)
        if (json_object_size(json_object_get(one, "info")) > 0)
            return name;
    case_end(t, VERDICT_UNSUPPORTED, "no extension is advertised");
}

static const char *info_path(struct assay_case *t, const struct x4p_payment *paid)
{
    return case_printf(t, "extensions.%s.info", given_extension(t, paid));
}

/* Of the same type, so that it is wrong in nothing else. */
static const struct x4p_payment *overwritten(struct assay_case *t, const struct x4p_payment *paid,
                                             const char *path)
{
    const json_t *was = peer_tree_get(paid->tree, path);

    return x4p_with(t, paid, path,
                    json_is_true(was)      ? "false"
                    : json_is_false(was)   ? "true"
                    : json_is_integer(was) ? "4711"
                    : json_is_array(was)   ? "[]"
                                           : "\"assay\"");
}

static const struct x4p_payment *removed(struct assay_case *t, const struct x4p_payment *paid,
                                         const char *path)
{
    return x4p_with(t, paid, path, NULL);
}

static const struct change {
    const char *name;
    const struct x4p_payment *(*make)(struct assay_case *t, const struct x4p_payment *paid,
                                      const char *path);
} changes[] = {{"overwritten", overwritten}, {"removed", removed}};

SCENARIO(advertised_info_is_not_overwritten,
         .title = "A payment that overwrites or removes what an extension advertises is refused",
         .threat = "duplicate-retry", .rule = "offer.extensions", .ideas = "X-44",
         .catches = DEFECTS("x402.identifier.echo_unchecked", "x402.offer.signed_echo_unchecked"),
         .needs = X4P_PAY, TABLE(changes))
{
    const struct change *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    json_t *all = json_object_get(paid->offer->tree, "extensions"), *one;
    const char *name;
    size_t count = 0;

    json_object_foreach (all, name, one) {
        json_t *info = info_of(paid->offer->tree, name);
        const char *member = json_object_iter_key(json_object_iter(info)), *path;

        if (member == NULL)
            continue;
        path = case_printf(t, "extensions.%s.info.%s", name, member);
        expect_refused(t, x4p_send(t, case_printf(t, "%s %s", path, row->name), want,
                                   row->make(t, paid, path)));
        count++;
    }
    if (count == 0)
        case_end(t, VERDICT_UNSUPPORTED, "nothing is advertised in an extension");
    expect_delivered(t, x4p_send_until_known(t, "as it was advertised", want, paid), paid);
}

static const struct x4p_payment *more_info(struct assay_case *t, const struct x4p_payment *paid)
{
    return x4p_with(t, paid, case_printf(t, "%s.assay", info_path(t, paid)), "1");
}

static const struct x4p_payment *info_array(struct assay_case *t, const struct x4p_payment *paid)
{
    return x4p_with(t, paid, info_path(t, paid), "[]");
}

static const struct addition {
    const char *name;
    const struct x4p_payment *(*make)(struct assay_case *t, const struct x4p_payment *paid);
} additions[] = {
    {"more members of info", more_info},
    {"an array for info", info_array},
};

SCENARIO(other_extensions_break_nothing, .kind = SCENARIO_OBSERVATION,
         .title = "What a payment adds to extensions is tolerated or refused, never an error",
         .threat = "duplicate-retry", .rule = "offer.extensions", .ideas = "X-44", .needs = X4P_PAY,
         TABLE(additions))
{
    const struct addition *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *answer = x4p_send_until_known(t, row->name, want, row->make(t, paid));

    case_observe(t, row->name, "it is answered with %d", peer_status(answer));
    if (x4p_is_served(answer))
        expect_delivered(t, answer, paid);
    else
        expect_refused(t, answer);
}

/* Beside those of the offer, or alone where it has none. */
static const struct x4p_payment *unadvertised(struct assay_case *t, const struct x4p_payment *paid)
{
    return peer_tree_get(paid->tree, "extensions") != NULL
               ? x4p_with(t, paid, "extensions.assay", "{\"info\":{},\"schema\":{}}")
               : x4p_with(t, paid, "extensions", "{\"assay\":{\"info\":{},\"schema\":{}}}");
}

SCENARIO(extension_of_the_payers_is_passed_over,
         .title = "An honest payment that brings an extension which nobody advertised is served",
         .threat = "exact-offer-match", .rule = "honest.served", .ideas = "X-44",
         .catches = DEFECTS("x402.extensions.unknown_refused"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = unadvertised(t, x4p_paid(t, want));

    expect_delivered(t, x4p_send_until_known(t, "pay", want, paid), paid);
}
