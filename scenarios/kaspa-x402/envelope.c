/* Threat unpaid-access, the bytes of PAYMENT-SIGNATURE: a valid payment in a form that is not quite
 * what the protocol says. Each is refused without work, or buys its one answer like any other;
 * never two, and the server goes on. */
#include "base/base64.h"
#include "peer/kaspa-x402/peer.h"

#include <stdlib.h>

/* ---- base64 ---- */

static const char *url_alphabet(struct assay_case *t, const char *header)
{
    char *text = case_printf(t, "%s", header);

    /* Where the header has none of the two other letters the last one is made such a letter. */
    for (char *at = text; *at != '\0'; at++)
        *at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
    if (strcmp(text, header) == 0)
        text[strlen(text) / 2] = '_';
    return text;
}

static const char *without_padding(struct assay_case *t, const char *header)
{
    size_t len = strlen(header);

    while (len > 0 && header[len - 1] == '=')
        len--;
    /* Without any padding to take away the last letter goes: as many as no base64 has. */
    return case_printf(t, "%.*s", (int)(len == strlen(header) ? len - 1 : len), header);
}

static const char *with_a_space(struct assay_case *t, const char *header)
{
    return case_printf(t, "%.*s %s", 40, header, header + 40);
}

static const char *with_a_tab(struct assay_case *t, const char *header)
{
    return case_printf(t, "%.*s\t%s", 40, header, header + 40);
}

static const char *with_junk_behind(struct assay_case *t, const char *header)
{
    return case_printf(t, "%s!", header);
}

static const char *quoted(struct assay_case *t, const char *header)
{
    return case_printf(t, "\"%s\"", header);
}

static const char *cut_off(struct assay_case *t, const char *header)
{
    return case_printf(t, "%.*s", (int)(strlen(header) / 8 * 4), header);
}

static const struct spelling {
    const char *name;
    const char *(*spell)(struct assay_case *t, const char *header);
} spellings[] = {
    {"the URL alphabet", url_alphabet},
    {"no padding", without_padding},
    {"a space within", with_a_space},
    {"a tab within", with_a_tab},
    {"junk behind", with_junk_behind},
    {"in quotes", quoted},
    {"cut off", cut_off},
};

SCENARIO(
    other_base64_is_refused,
    .title = "A valid payment in any other base64 than the standard one with padding is refused",
    .threat = "unpaid-access", .rule = "http.form", .ideas = "KX-001 KX-002 KX-003",
    .catches = DEFECTS("kx.http.lenient_base64"), .needs = KXP_PAY, TABLE(spellings))
{
    const struct spelling *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_refused(
        t, kxp_send(t, row->name, want, kxp_with_header(t, paid, row->spell(t, paid->header))));
    expect_delivered(t, kxp_send_until_known(t, "as it should be", want, paid), paid);
}

/* White space before the JSON until its base64 ends in padding, so that there are bits to set. */
static const char *with_unused_bits(struct assay_case *t, const struct kxp_payment *paid)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *json = kxp_json_text(t, paid->json);
    char *header;
    char *last;

    while (strlen(json) % 3 != 1)
        json = case_printf(t, " %s", json);
    header = case_printf(t, "%s", kxp_encode(t, assay_str(json)));
    last = strchr(header, '=') - 1;
    *last = alphabet[(strchr(alphabet, *last) - alphabet) | 5];
    return header;
}

SCENARIO(unused_bits_buy_nothing_more,
         .title = "The same payment with other unused bits of its base64 runs nothing again",
         .threat = "exact-identity", .rule = "replay.once", .ideas = "KX-004",
         .catches = DEFECTS("kx.identifier.reruns"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *again;

    expect_delivered(t, kxp_send_until_known(t, "clean", want, paid), paid);
    again = kxp_send(t, "with unused bits set", want,
                     kxp_with_header(t, paid, with_unused_bits(t, paid)));
    case_observe(t, "unused bits of the base64", "they are answered with %d", peer_status(again));
    expect_no_second_run(t, again);
}

/* ---- sizes ---- */

enum { HEADER_MAX_CHARS = 131072, DECODED_MAX_BYTES = 98304 };

/* The payment's JSON with spaces behind, as long as asked for. */
static const char *padded(struct assay_case *t, const struct kxp_payment *paid, size_t bytes)
{
    const char *json = kxp_json_text(t, paid->json);
    size_t len = strlen(json);
    char *text = case_alloc(t, bytes + 1);

    if (len > bytes)
        case_end(t, VERDICT_BROKEN, "a payment is longer than %zu bytes", bytes);
    memset(text, ' ', bytes);
    memcpy(text, json, len);
    return kxp_encode(t, assay_bytes_of(text, bytes));
}

SCENARIO(header_above_the_limit_is_refused,
         .title = "A header of more than 131,072 characters is refused, and the server goes on",
         .threat = "unpaid-access", .rule = "http.budget", .ideas = "KX-005 B109",
         .catches = DEFECTS("kx.http.no_budget"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const char *header = padded(t, paid, DECODED_MAX_BYTES + 3);

    expect_refused_or_closed(
        t, kxp_send(t, "one group above", want, kxp_with_header(t, paid, header)));
    expect_delivered(t, kxp_send_until_known(t, "the same payment, short", want, paid), paid);
}

SCENARIO(header_at_the_limit_is_not_refused_for_its_size,
         .title = "A header of exactly 131,072 characters is not refused for its size",
         .threat = "unpaid-access", .rule = "http.budget", .ideas = "KX-006",
         .catches = DEFECTS("kx.http.small_headers"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct kxp_payment *large = kxp_with_header(t, paid, padded(t, paid, DECODED_MAX_BYTES));
    const struct peer_answer *answer = kxp_send_until_known(t, "at the limit", want, large);

    if (peer_status(answer) == 431 || peer_status(answer) == 413)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the server's HTTP library takes no header of that size (%d)",
                 peer_status(answer));
    expect_delivered(t, answer, paid);
}

/* ---- structure ---- */

static json_t *nested(size_t depth)
{
    json_t *value = json_object();

    for (size_t i = 0; i < depth; i++)
        value = json_pack("{s:o}", "a", value);
    return value;
}

static json_t *filled(size_t members, const char *prefix)
{
    json_t *object = json_object();
    char name[32];

    for (size_t i = 0; i < members; i++) {
        (void)snprintf(name, sizeof(name), "%s%zu", prefix, i);
        (void)json_object_set_new(object, name, json_integer(1));
    }
    return object;
}

static json_t *listed(size_t items)
{
    json_t *array = json_array();

    for (size_t i = 0; i < items; i++)
        (void)json_array_append_new(array, json_integer(1));
    return array;
}

static json_t *lists_of_lists(void)
{
    json_t *array = json_array();

    for (size_t i = 0; i < 32; i++)
        (void)json_array_append_new(array, listed(128));
    return array;
}

static void too_deep(struct kxp_draft *d)
{
    kxp_set(d->payment, "extensions.deep", nested(33));
}

static void too_many_nodes(struct kxp_draft *d)
{
    kxp_set(d->payment, "extensions.many", lists_of_lists());
}

static void too_many_items(struct kxp_draft *d)
{
    kxp_set(d->payment, "extensions.long", listed(257));
}

static void too_many_members(struct kxp_draft *d)
{
    kxp_set(d->payment, "extensions.wide", filled(129, "m"));
}

static void too_many_extensions(struct kxp_draft *d)
{
    json_t *more = filled(33, "e");

    (void)json_object_update(kxp_get(d->payment, "extensions"), more);
    json_decref(more);
}

static void too_long_a_text(struct kxp_draft *d)
{
    enum { SIZE = 16385 };
    char *text = case_alloc(d->t, SIZE + 1);

    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    kxp_set_text(d->payment, "extensions.text", text);
}

static const struct structure {
    const char *name;
    kxp_hook *add;
} structures[] = {
    {"34 deep", too_deep},
    {"4,097 nodes", too_many_nodes},
    {"257 items", too_many_items},
    {"129 members", too_many_members},
    {"34 extensions", too_many_extensions},
    {"a text of 16,385 bytes", too_long_a_text},
};

SCENARIO(structures_above_the_limits_are_refused,
         .title = "A payment with more depth, nodes, items, members, extensions or text than the "
                  "limits is refused",
         .threat = "unpaid-access", .rule = "http.budget", .ideas = "KX-008 KX-009 B109",
         .catches = DEFECTS("kx.http.no_budget"), .needs = KXP_PAY, TABLE(structures))
{
    const struct structure *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_refused(t, kxp_send(t, row->name, want,
                               kxp_rewritten(t, paid, (struct kxp_bend){.payload = row->add})));
    expect_delivered(t, kxp_send_until_known(t, "without it", want, paid), paid);
}

static const struct version {
    const char *name, *value;
    bool is_two;
} versions[] = {
    {"1", "1", false},       {"the text 2", "\"2\"", false}, {"3", "3", false},
    {"null", "null", false}, {"2.5", "2.5", false},          {"2.0", "2.0", true},
};

static void set_version(struct kxp_draft *d)
{
    const struct version *row = d->arg;

    kxp_set(d->payment, "x402Version", json_loads(row->value, JSON_DECODE_ANY, NULL));
}

SCENARIO(other_protocol_versions_are_refused,
         .title = "A payment of another protocol version than 2 is refused",
         .threat = "exact-terms", .rule = "http.form", .ideas = "KX-014",
         .catches = DEFECTS("kx.http.any_version"), .needs = KXP_PAY, TABLE(versions))
{
    const struct version *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_bend bend = {.payload = set_version, .arg = row};
    const struct kxp_payment *paid = kxp_bent(t, given_offer(t, want), bend);

    if (row->is_two)
        expect_delivered(t, kxp_send_until_known(t, row->name, want, paid), paid);
    else
        expect_refused(t, kxp_send(t, row->name, want, paid));
}

/* ---- members twice, strange names ---- */

static void pay_half(struct kxp_draft *d)
{
    d->outputs[0].value /= 2;
    kxp_set_text(d->accepted, "amount",
                 case_printf(d->t, "%llu", (unsigned long long)d->outputs[0].value));
}

static const char *with_amount_twice(struct assay_case *t, const struct kxp_payment *paid,
                                     uint64_t amount, bool is_first)
{
    const char *json = kxp_json_text(t, paid->json);
    const char *at = strstr(json, "\"amount\":\"");
    const char *end = at != NULL ? strchr(at + strlen("\"amount\":\""), '"') : NULL;
    const char *other = case_printf(t, "\"amount\":\"%llu\"", (unsigned long long)amount), *text;
    int before, own;

    if (end == NULL)
        case_end(t, VERDICT_BROKEN, "a payment of our own has no amount");
    before = (int)(at - json);
    own = (int)(end + 1 - at);
    text = is_first ? case_printf(t, "%.*s%s,%.*s%s", before, json, other, own, at, end + 1)
                    : case_printf(t, "%.*s%.*s,%s%s", before, json, own, at, other, end + 1);
    return kxp_encode(t, assay_str(text));
}

static const struct twice {
    const char *name;
    bool pays_half; /* and names that; the other amount is the offered one */
    bool other_first;
} twices[] = {
    {"half of it first", false, true},
    {"half of it last", false, false},
    {"the price first, half of it paid", true, true},
    {"the price last, half of it paid", true, false},
};

SCENARIO(amount_given_twice_is_refused_or_paid_in_full,
         .title = "A payment whose terms name the amount twice is refused, or is worth the offer",
         .threat = "exact-terms", .rule = "exact.offer.match", .ideas = "KX-013",
         .catches = DEFECTS("kx.http.members_twice"), .needs = KXP_PAY, TABLE(twices))
{
    const struct twice *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_offer *offer = given_offer(t, want);
    const struct kxp_payment *paid =
        kxp_bent(t, offer, (struct kxp_bend){.terms = row->pays_half ? pay_half : NULL});
    uint64_t other = row->pays_half ? offer->terms.amount : offer->terms.amount / 2;
    const struct kxp_payment *twice =
        kxp_with_header(t, paid, with_amount_twice(t, paid, other, row->other_first));
    const struct peer_answer *answer = kxp_send_until_known(t, row->name, want, twice);

    case_observe(t, "an amount given twice", "%s: %d", row->name, peer_status(answer));
    if (kxp_is_served(answer) && !row->pays_half)
        expect_delivered(t, answer, paid);
    else
        expect_refused(t, answer);
}

static const struct name {
    const char *name, *path;
} names[] = {
    {"__proto__ in extra", "accepted.extra.__proto__"},
    {"constructor in extra", "accepted.extra.constructor"},
    {"__proto__ in extensions", "extensions.__proto__"},
    {"__proto__ at the top", "__proto__"},
    {"toString in the payload", "payload.toString"},
};

static void add_name(struct kxp_draft *d)
{
    const struct name *row = d->arg;

    kxp_set(d->payment, row->path, json_pack("{s:s}", "finality", "mempool"));
}

SCENARIO(
    strange_names_break_nothing,
    .title = "Members with names that mean something to a language buy nothing and break nothing",
    .threat = "unpaid-access", .rule = "http.form", .ideas = "KX-015",
    .catches = DEFECTS("kx.finality.mempool"), .needs = KXP_PAY, TABLE(names))
{
    const struct name *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct kxp_bend bend = {.payload = add_name, .arg = row};
    const struct peer_answer *answer;

    kxp_mining(t, false);
    answer = kxp_send(t, row->name, want, kxp_rewritten(t, paid, bend));
    case_observe(t, row->name, "it is answered with %d", peer_status(answer));
    expect_not_served(t, answer);
    kxp_mining(t, true);
    expect_not_lost(t, want, paid);
    expect_alive(t);
}

/* ---- two headers ---- */

static const struct order {
    const char *name;
    bool valid_first;
} orders[] = {{"the valid one first", true}, {"the valid one last", false}};

SCENARIO(two_payment_headers_never_run_twice,
         .title = "A request with two PAYMENT-SIGNATURE headers is refused, and runs nothing",
         .threat = "request-desync", .rule = "http.form", .ideas = "KX-011",
         .catches = DEFECTS("kx.http.first_of_two"), .needs = KXP_PAY, TABLE(orders))
{
    const struct order *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const char *one = row->valid_first ? paid->header : "Z2FyYmFnZQ==";
    const char *two = row->valid_first ? "Z2FyYmFnZQ==" : paid->header;
    struct peer_with both = {{{"PAYMENT-SIGNATURE", one}, {"PAYMENT-SIGNATURE", two}}};

    expect_refused_or_closed(t, peer_send(t, row->name, want, both));
    expect_delivered(t, kxp_send_until_known(t, "one header", want, paid), paid);
}

/* ---- URLs ---- */

SCENARIO(fragment_is_no_part_of_the_request,
         .title = "A fragment in the request's target does not make a second purchase",
         .threat = "exact-replay", .rule = "http.url", .ideas = "KX-043",
         .catches = DEFECTS("kx.identifier.reruns"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want marked = peer_want_target(want, case_printf(t, "%s#x", want.target));
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_delivered(t, kxp_send_until_known(t, "plain", want, paid), paid);
    expect_no_second_run(t, kxp_send(t, "with a fragment", marked, paid));
}

static const char *absolute(struct assay_case *t, const char *scheme)
{
    return case_printf(t, "%s://%s%s", scheme, peer_authority(t),
                       peer_endpoint(t, "paid_get").target);
}

static const struct form {
    const char *name, *scheme, *before;
} forms[] = {
    {"absolute", "http", NULL},
    {"absolute, capitals", "HTTP", NULL},
    {"a dot segment", NULL, "/."},
};

SCENARIO(spellings_of_a_url_buy_once,
         .title = "Another spelling of the same URL is the same request, or is refused",
         .threat = "exact-replay", .rule = "http.url", .ideas = "KX-044",
         .catches = DEFECTS("kx.identifier.reruns"), .needs = KXP_PAY, TABLE(forms))
{
    const struct form *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *target = row->scheme != NULL ? absolute(t, row->scheme)
                                             : case_printf(t, "%s%s", row->before, want.target);
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_delivered(t, kxp_send_until_known(t, "plain", want, paid), paid);
    expect_no_second_run(t, kxp_send(t, row->name, peer_want_target(want, target), paid));
}

static void authorise_elsewhere(struct kxp_draft *d)
{
    d->request_hash = kxp_fingerprint_at(d, "http://elsewhere.example");
}

SCENARIO(another_host_is_refused,
         .title = "A request that names another host than the resource's is refused, also with a "
                  "payment for that host",
         .threat = "exact-replay", .rule = "http.url", .ideas = "KX-045",
         .catches = DEFECTS("kx.request.host_believed"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct kxp_payment *elsewhere =
        kxp_bent(t, given_offer(t, want), (struct kxp_bend){.text = authorise_elsewhere});
    struct peer_with other = {{{"Host", "elsewhere.example"}, {"PAYMENT-SIGNATURE", paid->header}}};

    expect_refused(t, peer_send(t, "another host, paid for here", want, other));
    other.fields[1].value = elsewhere->header;
    expect_refused(t, peer_send(t, "another host, paid for there", want, other));
    expect_delivered(t, kxp_send_until_known(t, "its own", want, paid), paid);
}
