/* Proofs and challenges: what was decoded is written and decoded again to the same members. What a
 * challenge asks is offered over the bridge under the same names, for the amount that its price is
 * digit by digit; and who pays a proper one is believed, but with no other secret, hash or time. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "paid_tools/bridge.h"

enum { OUT_MAX_BYTES = 1 << 18 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

static void check_same(const struct pt_proof *a, const struct pt_proof *b)
{
    FUZZ_CHECK(a->version == b->version);
    FUZZ_CHECK(strcmp(a->nonce, b->nonce) == 0);
    FUZZ_CHECK(strcmp(a->request_hash, b->request_hash) == 0);
    FUZZ_CHECK(strcmp(a->payer, b->payer) == 0);
    FUZZ_CHECK(strcmp(a->timestamp, b->timestamp) == 0);
    FUZZ_CHECK(strcmp(a->expires_at, b->expires_at) == 0);
    FUZZ_CHECK(strcmp(a->signature, b->signature) == 0);
    FUZZ_CHECK(a->expires_ms == b->expires_ms);
}

/* Written in either form it reads back; its text is one that a fresh verifier can judge. */
static void check_proof(const struct pt_proof *proof)
{
    struct assay_buf out = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct pt_verify with = {ASSAY_LIT("secret"), proof->request_hash, proof->expires_ms - 1, 1000};
    struct pt_proof again;
    const char *rule = NULL;

    pt_proof_encode(&out, proof);
    FUZZ_CHECK(pt_proof_decode(&again, assay_buf_view(&out), NULL) == ASSAY_OK);
    check_same(proof, &again);
    assay_buf_clear(&out);
    pt_bridge_encode(&out, proof);
    if (out.len <= PT_PROOF_HEADER_MAX_BYTES) {
        FUZZ_CHECK(pt_bridge_decode(&again, assay_buf_view(&out), NULL) == ASSAY_OK);
        check_same(proof, &again);
    }
    /* nobody guesses a MAC */
    FUZZ_CHECK(pt_proof_verify(proof, &with, &rule, NULL) != ASSAY_OK && rule != NULL);
    with.now_ms = proof->expires_ms;
    FUZZ_CHECK(pt_proof_verify(proof, &with, &rule, NULL) != ASSAY_OK);
    assay_buf_fini(&out);
}

/* The digits of a price, and so many zeros that its places are full; false: it has more places. */
static bool atomic_of(struct assay_buf *out, const char *price)
{
    const char *point = strchr(price, '.');
    size_t whole = point != NULL ? (size_t)(point - price) : strlen(price);
    size_t places = point != NULL ? strlen(point + 1) : 0, from = 0;
    struct assay_bytes digits;
    struct assay_buf all = ASSAY_BUF_INIT(2 * PT_TEXT_MAX_BYTES);

    while (places > PT_BRIDGE_DEFAULT_PLACES && point[places] == '0')
        places--;
    assay_buf_add(&all, assay_bytes_of(price, whole));
    assay_buf_add(&all, assay_bytes_of(price + whole + 1, places));
    for (size_t i = places; i < PT_BRIDGE_DEFAULT_PLACES; i++)
        assay_buf_add_byte(&all, '0');
    digits = assay_buf_view(&all);
    while (from + 1 < digits.len && digits.at[from] == '0')
        from++;
    assay_buf_add(out, assay_bytes_part(digits, from, digits.len));
    assay_buf_fini(&all);
    return places <= PT_BRIDGE_DEFAULT_PLACES;
}

static void check_bridge(const struct pt_challenge *challenge)
{
    struct assay_buf header = ASSAY_BUF_INIT(OUT_MAX_BYTES), amount = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct pt_challenge again;
    char told[PT_TEXT_MAX_BYTES];

    if (pt_bridge_required(&header, challenge, ASSAY_LIT("/weather"), PT_BRIDGE_DEFAULT_PLACES,
                           NULL) == ASSAY_OK) {
        FUZZ_CHECK(atomic_of(&amount, challenge->price));
        FUZZ_CHECK(pt_bridge_required_parse(&again, told, assay_buf_view(&header), NULL) ==
                   ASSAY_OK);
        FUZZ_CHECK(assay_bytes_is(assay_buf_view(&amount), told));
        FUZZ_CHECK(strcmp(again.nonce, challenge->nonce) == 0);
        FUZZ_CHECK(strcmp(again.request_hash, challenge->request_hash) == 0);
    }
    assay_buf_fini(&header);
    assay_buf_fini(&amount);
}

static void check_paid(const struct pt_challenge *challenge)
{
    struct pt_verify with = {ASSAY_LIT("the shop"), challenge->request_hash, 0, 1000};
    const char *rule = NULL;
    struct pt_proof proof;

    if (pt_challenge_check(challenge, challenge->request_hash, NULL) != ASSAY_OK ||
        pt_proof_pay(&proof, challenge, with.secret, "payer", 0) != ASSAY_OK)
        return;
    with.now_ms = proof.expires_ms - 1;
    FUZZ_CHECK(pt_proof_verify(&proof, &with, &rule, NULL) == ASSAY_OK);
    with.secret = ASSAY_LIT("the shoP");
    FUZZ_CHECK(pt_proof_verify(&proof, &with, &rule, NULL) == ASSAY_E_DENIED);
    with.secret = ASSAY_LIT("the shop");
    with.request_hash = "";
    FUZZ_CHECK(pt_proof_verify(&proof, &with, &rule, NULL) == ASSAY_E_MISMATCH ||
               challenge->request_hash[0] == '\0');
    with.request_hash = challenge->request_hash;
    with.now_ms = proof.expires_ms;
    FUZZ_CHECK(pt_proof_verify(&proof, &with, &rule, NULL) == ASSAY_E_EXPIRED);
    check_proof(&proof);
}

static void check_challenge(struct assay_bytes body)
{
    struct assay_buf out = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf twice = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct pt_challenge read, again;
    char amount[PT_TEXT_MAX_BYTES];

    if (pt_challenge_parse(&read, body, NULL) == ASSAY_OK) {
        pt_challenge_write(&out, &read);
        FUZZ_CHECK(pt_challenge_parse(&again, assay_buf_view(&out), NULL) == ASSAY_OK);
        pt_challenge_write(&twice, &again);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&out), assay_buf_view(&twice)));
        check_bridge(&read);
        check_paid(&read);
    }
    if (pt_bridge_required_parse(&read, amount, body, NULL) == ASSAY_OK)
        FUZZ_CHECK(strlen(amount) < sizeof(amount) && read.version == 1);
    assay_buf_fini(&out);
    assay_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_bytes in = assay_bytes_of(data, size);
    struct pt_proof proof;

    if (pt_proof_decode(&proof, in, NULL) == ASSAY_OK)
        check_proof(&proof);
    if (size <= PT_PROOF_HEADER_MAX_BYTES / 4 * 3 && pt_proof_parse(&proof, in, NULL) == ASSAY_OK)
        check_proof(&proof);
    if (pt_bridge_decode(&proof, in, NULL) == ASSAY_OK)
        check_proof(&proof);
    check_challenge(in);
    return 0;
}
