/* Proofs and challenges: what was decoded is written and decoded again to the same members. */
#include "fuzz.h"

#include "paid_tools/bridge.h"

enum { OUT_MAX_BYTES = 1 << 18 };

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
