/* What judging an exact payment costs beside the two signatures that it cannot avoid, the coin's
 * and the authorization's, in one run: from the parsed form, and from the text of its header.
 * Usage: bench-exact. */
#include "base/base64.h"
#include "harness/tests/bench/pair.h"
#include "kaspa/safejson.h"
#include "kaspa_x402/exact_verify.h"
#include "vectors/exact_base.h"

enum { ARENA_BYTES = 1 << 24 };

struct world {
    struct assay_arena arena;
    struct assay_buf header;
    struct assay_json offer_doc, payment_doc;
    struct x402_required offer;
    struct kx_payment payment;
    struct kx_request request;
    struct kaspa_utxo coin;
    struct kaspa_point_of_view pov;
    struct kx_chain_evidence evidence;
    int64_t now_ms;
    uint8_t key[ASSAY_XONLY_BYTES];
    size_t wrong; /* how often something was not what it must be */
};

static void bare_signatures(void *world)
{
    struct world *w = world;
    const struct kx_authorization *a = &w->payment.authorization;

    for (int i = 0; i < 2; i++)
        w->wrong += assay_schnorr_verify(a->signature, a->digest, w->key) != ASSAY_SIG_GOOD;
}

static void judge(struct world *w, const struct kx_payment *payment, struct assay_arena *arena)
{
    const struct kx_exact with = {.offer = &w->offer,
                                  .payment = payment,
                                  .request = &w->request,
                                  .policy = KX_EXACT_POLICY_INIT,
                                  .now_ms = w->now_ms,
                                  .utxos = &w->coin,
                                  .pov = &w->pov,
                                  .evidence = &w->evidence,
                                  .arena = arena};
    struct kx_exact_verdict verdict;

    kx_exact_verify(&verdict, &with);
    w->wrong += verdict.outcome != KASPA_VALID;
}

static void judge_parsed(void *world)
{
    struct world *w = world;
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);

    judge(w, &w->payment, &arena);
    assay_arena_fini(&arena);
}

static bool read_payment(struct kx_payment *out, struct assay_json *doc, struct assay_arena *arena,
                         struct assay_bytes header)
{
    struct assay_bytes text;

    return x402_header_decode(&text, arena, header, NULL) == ASSAY_OK &&
           x402_document_parse(doc, arena, text, true, NULL) == ASSAY_OK &&
           kx_payment_read(out, arena, doc, NULL) == KX_LOCAL_NONE;
}

static void judge_header(void *world)
{
    struct world *w = world;
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct kx_payment payment;
    struct assay_json doc;

    if (read_payment(&payment, &doc, &arena, assay_buf_view(&w->header)))
        judge(w, &payment, &arena);
    else
        w->wrong++;
    assay_arena_fini(&arena);
}

/* The text of a value, kept. */
static struct assay_bytes text_of(struct world *w, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    struct assay_bytes kept = assay_arena_copy(&w->arena, assay_str(text));

    free(text);
    return kept;
}

/* The coin and the id, as the payment's own text says that they are. */
static bool know_chain(struct world *w)
{
    const struct kaspa_json_options options = {.unknown_members = true};
    struct kaspa_claims claims;
    struct kaspa_tx tx;

    if (kaspa_tx_parse(&tx, &claims, &w->arena, w->payment.transaction, &options, NULL) != ASSAY_OK)
        return false;
    w->coin = claims.utxos[0];
    memcpy(w->key, kaspa_spk_payload(&w->coin.spk).at, sizeof(w->key));
    w->pov = (struct kaspa_point_of_view){1000000, 1};
    w->evidence =
        (struct kx_chain_evidence){.status = KX_CHAIN_ACCEPTED, .transaction_id = claims.id};
    return kx_time_read(&w->now_ms, ASSAY_LIT("2098-12-31T23:59:00.000Z"));
}

static bool prepare(struct world *w)
{
    static const struct vectors_exact_patch none[] = {{AT_END, NULL, NULL}};
    struct assay_err err = {0};
    struct vectors v = {.err = &err};
    json_t *in = vectors_exact_base(&v, KX_STANDARD_NATIVE, none);
    bool ok;

    assay_base64_encode(&w->header, ASSAY_BASE64_STD, text_of(w, json_object_get(in, "payment")));
    ok = x402_document_parse(&w->offer_doc, &w->arena, text_of(w, json_object_get(in, "required")),
                             true, &err) == ASSAY_OK &&
         x402_required_read(&w->offer, &w->arena, &w->offer_doc, &err) == X402_FAULT_NONE &&
         read_payment(&w->payment, &w->payment_doc, &w->arena, assay_buf_view(&w->header)) &&
         know_chain(w);
    w->request = (struct kx_request){.method = ASSAY_LIT("GET"),
                                     .url = ASSAY_LIT("https://api.example.test/file")};
    json_decref(in);
    if (!ok)
        fprintf(stderr, "bench-exact: no payment: %s\n", err.text);
    return ok;
}

int main(void)
{
    static const struct bench_pair parsed = {"an exact payment, parsed, of two Schnorr",
                                             bare_signatures, judge_parsed, 200, 85},
                                   from_header = {"the same from its header, of two Schnorr",
                                                  bare_signatures, judge_header, 200, 65};
    struct world w = {.arena = ASSAY_ARENA_INIT(ARENA_BYTES),
                      .header = ASSAY_BUF_INIT(ARENA_BYTES)};
    bool ok = prepare(&w);

    if (ok) {
        bench_measure(&parsed, &w);
        bench_measure(&from_header, &w);
    }
    if (ok && w.wrong > 0) {
        fprintf(stderr, "bench-exact: %zu results were not as they must be\n", w.wrong);
        ok = false;
    }
    assay_buf_fini(&w.header);
    assay_arena_fini(&w.arena);
    return ok ? 0 : 1;
}
