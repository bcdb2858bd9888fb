/* Threat nonce-reuse: one nonce for several requests, or a nonce that nobody issued. The second
 * request is refused whatever its requestHash, and so is every nonce that is not the text of an
 * issued one. */
#include "peer/paid-tools/peer.h"

#include "base/uuid.h"

#include <stdlib.h>

static struct peer_want other_path(struct assay_case *t, struct peer_want want)
{
    (void)want;
    return peer_endpoint(t, "paid_get_other");
}

static struct peer_want other_query(struct assay_case *t, struct peer_want want)
{
    return peer_want_query(t, want, "again=1");
}

static struct peer_want other_method(struct assay_case *t, struct peer_want want)
{
    (void)want;
    return peer_endpoint(t, "paid_post");
}

static const struct reuse {
    const char *name;
    struct peer_want (*other)(struct assay_case *t, struct peer_want want);
} reuses[] = {
    {"another path", other_path},
    {"another query", other_query},
    {"another method", other_method},
};

SCENARIO(one_nonce_buys_one_request,
         .title = "A spent nonce buys no other request, though signed for its very requestHash",
         .threat = "nonce-reuse", .rule = "NS-1", .ideas = "T2-01 T2-02",
         .catches = DEFECTS("nonce.keyed_with_hash"), .needs = PT_SECRET, TABLE(reuses))
{
    const struct reuse *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get"), other = row->other(t, want);
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    struct pt_proof *again = given_payment(t, given_offer(t, other));

    memcpy(again->nonce, paid->nonce, sizeof again->nonce);
    again = pt_resigned(t, again);
    expect_granted(
        t, pt_send(t, "first request", want, (struct pt_with){.proof = pt_header(t, paid)}));
    expect_refused(
        t, pt_send(t, "second request", other, (struct pt_with){.proof = pt_header(t, again)}));
}

SCENARIO(nonce_of_our_own_is_refused,
         .title = "A nonce that the server never issued is refused, though well signed",
         .threat = "nonce-reuse", .rule = "NS-5", .ideas = "T2-03",
         .catches = DEFECTS("nonce.unissued_accepted"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want));

    memcpy(paid->nonce, given_uuid(t), ASSAY_UUID_TEXT_BYTES);
    paid = pt_resigned(t, paid);
    expect_refused(
        t, pt_send(t, "a nonce of our own", want, (struct pt_with){.proof = pt_header(t, paid)}));
}

SCENARIO(empty_nonce_is_refused, .title = "An empty nonce is refused, every time",
         .threat = "nonce-reuse", .rule = "NS-3", .ideas = "T2-04",
         .catches = DEFECTS("nonce.empty_unrecorded"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want));
    const char *empty;

    paid->nonce[0] = '\0';
    empty = pt_header(t, pt_resigned(t, paid));
    for (int i = 0; i < 3; i++)
        expect_refused(t, pt_send(t, "empty nonce", want, (struct pt_with){.proof = empty}));
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* A payment whose nonce has a letter: all but one in some millions do. */
static struct pt_proof *given_payment_with_letters(struct assay_case *t, struct peer_want want)
{
    struct pt_proof *paid = given_payment(t, given_offer(t, want));

    if (strpbrk(paid->nonce, "abcdefghijklmnopqrstuvwxyz") == NULL)
        case_end(t, VERDICT_BROKEN, "the issued nonce has no lower-case letter: try again");
    return paid;
}

static const struct recasing {
    const char *name;
    bool all;
} recasings[] = {
    {"all letters", true},
    {"the first letter", false},
};

SCENARIO(recased_nonce_is_refused, .title = "A spent nonce in other letters is no other nonce",
         .threat = "nonce-reuse", .rule = "NS-5", .ideas = "T2-05",
         .catches = DEFECTS("nonce.case_folded"), .needs = PT_SECRET, TABLE(recasings))
{
    const struct recasing *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment_with_letters(t, want);
    bool changed = false;

    expect_granted(t, pt_send(t, "as issued", want, (struct pt_with){.proof = pt_header(t, paid)}));
    for (char *at = paid->nonce; *at != '\0' && (row->all || !changed); at++) {
        changed = changed || upper(*at) != *at;
        *at = upper(*at);
    }
    paid = pt_resigned(t, paid);
    expect_refused(t,
                   pt_send(t, "in capitals", want, (struct pt_with){.proof = pt_header(t, paid)}));
}

enum { CHALLENGES = 600, EXPIRY_SLACK_MS = 2000 };

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* Asks for so many challenges and keeps the 16 bytes of each nonce; judges each one's form. */
static uint8_t (*collect_nonces(struct assay_case *t, size_t count))[16]
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    uint8_t(*nonces)[16] = case_alloc(t, count * sizeof *nonces);
    struct peer_series *series = peer_series(t);

    for (size_t i = 0; i < count; i++) {
        const struct peer_answer *answer = pt_series_send(t, series, want, (struct pt_with){0});
        struct pt_challenge challenge;

        if (peer_status(answer) != 402 || pt_challenge_of(&challenge, answer, NULL) != ASSAY_OK)
            case_end(t, VERDICT_BROKEN, "challenge %zu of %zu did not come: status %d", i + 1,
                     count, peer_status(answer));
        expect(t, assay_uuid_v4_parse(nonces[i], assay_str(challenge.nonce)) == ASSAY_OK,
               "a nonce that is a lower-case version-4 UUID", "%s", challenge.nonce);
    }
    return nonces;
}

SCENARIO(no_nonce_is_issued_twice, .title = "Nonces are version-4 UUIDs and never repeat",
         .threat = "nonce-reuse", .rule = "CH-2", .ideas = "T2-06",
         .catches = DEFECTS("nonce.predictable"))
{
    uint64_t rate = case_target(t)->rate_per_second;
    size_t count = rate > 0 && rate < CHALLENGES ? (size_t)rate : CHALLENGES, repeated = 0;
    uint8_t(*nonces)[16] = collect_nonces(t, count);

    qsort(nonces, count, sizeof *nonces, by_bytes);
    for (size_t i = 1; i < count; i++)
        repeated += memcmp(nonces[i - 1], nonces[i], sizeof *nonces) == 0 ? 1 : 0;
    expect(t, repeated == 0, "no nonce twice", "%zu of %zu nonces had been issued before", repeated,
           count);
}
