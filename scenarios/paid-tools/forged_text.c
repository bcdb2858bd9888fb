/* Threat forged-proof, its texts: headers that are no proof, damaged ones, one for another price,
 * and the time that refusals take. A refusal that is never 5xx, and the handler does not run. */
#include "peer/paid-tools/peer.h"

#include <stdlib.h>

static const struct encoding {
    const char *name;
    const char *(*bend)(struct assay_case *t, const char *header);
} encodings[] = {
    {"padding", pt_padded},
    {"standard alphabet", pt_in_standard_alphabet},
    {"junk behind it", pt_with_junk_behind},
    {"a space within", pt_with_space_within},
};

SCENARIO(other_encoding_is_refused,
         .title = "A proof is base64url without padding and nothing else", .threat = "forged-proof",
         .rule = "PF-1", .catches = DEFECTS("proof.lenient_base64"), .needs = PT_SECRET,
         TABLE(encodings))
{
    const struct encoding *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want));
    const char *header;

    /* Of three '~' one becomes '-', or '+' in the other alphabet. */
    memcpy(paid->payer, "mock://~~~", sizeof "mock://~~~");
    header = pt_header(t, paid);
    expect_refused(t, pt_send(t, row->name, want, (struct pt_with){.proof = row->bend(t, header)}));
    expect_still_buys(t, want, (struct pt_with){.proof = header});
}

enum { BRACKETS = 8000, FITTING_BRACKETS = 4000 };

static const struct text {
    const char *name, *text;
    size_t brackets; /* > 0: so many '[' instead */
} texts[] = {
    {"null", "null", 0},
    {"true", "true", 0},
    {"a number", "5", 0},
    {"an empty text", "\"\"", 0},
    {"an empty array", "[]", 0},
    {"an empty object", "{}", 0},
    {"an array of null", "[null]", 0},
    {"an object cut off", "{\"version\":1,", 0},
    {"a byte order mark", "\xEF\xBB\xBF{}", 0},
    {"bytes that are no UTF-8", "{\"nonce\":\"\xFF\xFE\"}", 0},
    {"a prototype", "{\"__proto__\":{\"version\":1},\"constructor\":null}", 0},
    {"8,000 open brackets", NULL, BRACKETS},
    {"4,000 open brackets", NULL, FITTING_BRACKETS},
};

SCENARIO(json_that_is_no_proof_is_refused,
         .title = "Whatever JSON stands in the header, the answer is a refusal",
         .threat = "forged-proof", .rule = "PF-2", .ideas = "T7-07",
         .catches = DEFECTS("proof.null_crashes", "unpaid.malformed_proof_served"),
         .needs = PT_SECRET, TABLE(texts))
{
    const struct text *row = case_row(t);
    struct assay_bytes text = assay_str(row->text);

    if (row->brackets > 0) {
        char *brackets = case_alloc(t, row->brackets);

        memset(brackets, '[', row->brackets);
        text = assay_bytes_of(brackets, row->brackets);
    }
    expect_refused(t, pt_send(t, row->name, peer_endpoint(t, "paid_get"),
                              (struct pt_with){.proof = pt_encode(t, text)}));
}

/* Standard base64 of what the name says, or no base64 at all. */
static const struct bridge_text {
    const char *name, *header;
} bridge_texts[] = {
    {"no base64", "garbage!"},
    {"base64 of no JSON", "Z2FyYmFnZQ=="},
    {"an empty object", "e30="},
    {"null", "bnVsbA=="},
    {"an array", "W10="},
    {"no payload", "eyJ4NDAyVmVyc2lvbiI6MX0="},
    {"payload null", "eyJ4NDAyVmVyc2lvbiI6MSwicGF5bG9hZCI6bnVsbH0="},
    {"payload of numbers",
     "eyJ4NDAyVmVyc2lvbiI6MSwicGF5bG9hZCI6eyJub25jZSI6NSwic2lnbmF0dXJlIjo1fX0="},
};

SCENARIO(bad_bridge_header_is_refused,
         .title = "A PAYMENT-SIGNATURE that cannot be converted is a refusal and no failure",
         .threat = "forged-proof", .rule = "PF-2", .ideas = "T7-08",
         .catches = DEFECTS("proof.bridge_error_crashes"), .needs = PT_BRIDGE, TABLE(bridge_texts))
{
    const struct bridge_text *row = case_row(t);

    expect_refused(t, pt_send(t, row->name, peer_endpoint(t, "paid_get"),
                              (struct pt_with){.bridge = row->header}));
}

/* Every third bit, so that each place of a byte has its turn; which third is the seed's choice. */
enum { STEP = 3 };

/* The honest header with one bit flipped, for each such bit. NUL, which ends a text here, is left
 * out. */
static struct pt_with *with_flipped_bits(struct assay_case *t, const char *header, size_t *count)
{
    size_t bits = 8 * strlen(header);
    struct pt_with *withs = case_alloc(t, bits * sizeof *withs);

    *count = 0;
    for (size_t bit = assay_random_below(case_random(t), STEP); bit < bits; bit += STEP) {
        char *flipped = case_printf(t, "%s", header);

        flipped[bit / 8] = (char)((unsigned char)flipped[bit / 8] ^ 1u << bit % 8);
        if (flipped[bit / 8] != '\0')
            withs[(*count)++].proof = flipped;
    }
    return withs;
}

SCENARIO(flipped_bit_buys_nothing,
         .title = "A spent proof with any bit of its header flipped buys nothing",
         .threat = "forged-proof", .rule = "PF-2", .ideas = "T7-06",
         .catches = DEFECTS("nonce.keyed_by_header_text"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *header = given_paid(t, want);
    size_t count;
    struct pt_with *withs = with_flipped_bits(t, header, &count);

    expect_granted(t, pt_send(t, "the honest use", want, (struct pt_with){.proof = header}));
    expect_all_refused(t, "one bit flipped", want, withs, count);
}

static void free_instance(void *instance)
{
    instance_free(instance);
}

/* A worker on the same store and secret, whose routes cost something else. */
static struct instance *given_repriced(struct assay_case *t)
{
    struct instance_options options = {.variant = "repriced",
                                       .share_store_of = instance_workdir(case_instance(t))};
    struct assay_err err = {0};
    struct instance *other;

    if (target_variant(case_target(t), options.variant) == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the target file has no variant \"repriced\"");
    other = case_try_instance(t, options, &err);
    if (other == NULL)
        case_end(t, VERDICT_BROKEN, "the repriced target could not be started: %s", err.text);
    case_defer(t, free_instance, other);
    return other;
}

SCENARIO(old_price_buys_nothing_at_the_new,
         .title = "A proof for the price of yesterday buys nothing at today's",
         .threat = "forged-proof", .rule = "EX-2", .ideas = "T7-11",
         .catches = DEFECTS("price.not_authenticated"), .needs = PT_SECRET | NEED_LAUNCH)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct instance *repriced = given_repriced(t);
    const struct pt_offer *old = given_offer(t, want), *new = given_offer_from(t, repriced, want);
    struct pt_with paid_old = {.proof = pt_header(t, given_payment(t, old))};
    struct pt_with paid_new = {.proof = pt_header(t, given_payment(t, new))};

    if (strcmp(old->challenge.price, new->challenge.price) == 0)
        case_end(t, VERDICT_BROKEN, "the variant \"repriced\" asks the same price");
    expect_refused(t, pt_send_to(t, repriced, "paid at the old price", want, paid_old));
    expect_granted(t, pt_send_to(t, repriced, "paid at the new price", want, paid_new));
}

enum { TIMINGS = 48 };

static int by_value(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return one < other ? -1 : one > other;
}

static int64_t median_ns(int64_t *values)
{
    qsort(values, TIMINGS, sizeof *values, by_value);
    return values[TIMINGS / 2];
}

/* The proof with a digit of its member changed. */
static struct pt_with with_digit_off(struct assay_case *t, const struct pt_proof *paid,
                                     bool of_hash, size_t digit)
{
    struct pt_proof *copy = pt_copy(t, paid);
    char *at = (of_hash ? copy->request_hash : copy->signature) + digit;

    *at = *at == '0' ? '1' : '0';
    return (struct pt_with){.proof = pt_header(t, copy)};
}

SCENARIO(
    time_of_refusals, .kind = SCENARIO_OBSERVATION,
    .title = "How long a refusal takes says nothing about the signature (measured, never judged)",
    .threat = "forged-proof", .rule = "SG-1", .ideas = "T7-10", .needs = PT_SECRET)
{
    static const char *const names[] = {"wrong hash", "first digit of the MAC wrong",
                                        "last digit of the MAC wrong"};
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    struct pt_with withs[] = {with_digit_off(t, paid, true, 0), with_digit_off(t, paid, false, 0),
                              with_digit_off(t, paid, false, 63)};
    struct peer_series *series = peer_series(t);
    int64_t took[ARRAY_LEN(names)][TIMINGS];

    for (size_t i = 0; i < TIMINGS * ARRAY_LEN(names);
         i++) { /* interleaved: drift hits all alike */
        const struct http_exchange *x =
            pt_series_send(t, series, want, withs[i % ARRAY_LEN(names)])->exchange;

        took[i % ARRAY_LEN(names)][i / ARRAY_LEN(names)] = x->first_ns - x->sent_ns;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        case_saw_sample(t, names[i], median_ns(took[i]), "ns, median");
    case_observe(t, "time of refusals", "medians of %d: %s %lld ns, %s %lld ns, %s %lld ns",
                 TIMINGS, names[0], (long long)took[0][TIMINGS / 2], names[1],
                 (long long)took[1][TIMINGS / 2], names[2], (long long)took[2][TIMINGS / 2]);
}
