/* Exact payments from their text to the verdict. Held: the verdict is the same twice; what is
 * broken without the chain stays broken with it, and nothing is valid without it; of what is valid
 * the money is counted again here, from the transaction as it is parsed, and one thing taken away
 * makes it invalid. An input is an offer, a payment and options (fuzz/lib/payment.h); signatures
 * are the stand-in's. Source: Kaspa x402 exact digest, sections 6 to 8 and 13. */
#include "fuzz.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "fuzz/lib/kaspa_make.h"
#include "fuzz/lib/payment.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_verify.h"

enum { COINS_MAX = KX_INPUTS_MAX, DAA = 1000, TEXT_MAX_BYTES = 1 << 17 };
enum {
    NO_COINS = 1,
    NO_VIEW = 2,
    NO_EVIDENCE = 4,
    NO_HEAD = 8,
    LATER = 16,
    MISSING = 32,
    OTHER = 64
};

#define NOW_MS INT64_C(4070908740000) /* 2098-12-31T23:59:00Z, as in the vectors */

struct world {
    struct fuzz_payment in;
    struct kx_payment payment;
    struct kx_request request;
    struct kaspa_tx tx; /* as it is parsed here */
    struct kaspa_claims claims;
    struct kaspa_utxo coins[COINS_MAX];
    bool is_missing[COINS_MAX];
    struct kaspa_point_of_view pov;
    struct kx_terms terms;
    struct kx_chain_evidence evidence;
    struct kx_exact with;
};

static bool read_tx(struct kaspa_tx *tx, struct kaspa_claims *claims, struct assay_arena *arena,
                    const struct kx_payment *payment)
{
    const struct kaspa_json_options limits = kx_transaction_limits();

    return kaspa_tx_parse(tx, claims, arena, payment->transaction, &limits, NULL) == ASSAY_OK;
}

/* The request that the offer's resource is paid for. */
static struct kx_request request_of(const struct fuzz_payment *in)
{
    return (struct kx_request){.method = ASSAY_LIT("GET"), .url = in->offer.url};
}

static void verify(struct kx_exact_verdict *out, const struct world *w)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(FUZZ_PAYMENT_ARENA_BYTES);
    struct kx_exact with = w->with;

    with.arena = &arena;
    kx_exact_verify(out, &with);
    FUZZ_CHECK(out->outcome != KASPA_INVALID ||
               (out->checks[out->first].result == KASPA_CHECK_BROKEN &&
                out->checks[out->first].why[0] != '\0'));
    out->has_transaction = false; /* it was in the arena */
    assay_arena_fini(&arena);
}

static enum kaspa_outcome outcome(const struct world *w)
{
    struct kx_exact_verdict verdict;

    verify(&verdict, w);
    return verdict.outcome;
}

/* ---- the world that judges ---- */

static void look_at_chain(struct world *w, uint8_t options)
{
    for (size_t i = 0; i < w->tx.input_count; i++) {
        w->coins[i] = w->claims.utxos[i];
        if (w->coins[i].block_daa_score == 0)
            w->coins[i].block_daa_score = DAA;
    }
    w->is_missing[0] = (options & MISSING) != 0;
    w->coins[0].amount += (options & OTHER) != 0 ? 1 : 0;
    w->pov = (struct kaspa_point_of_view){2 * DAA, 1000};
    w->evidence = (struct kx_chain_evidence){
        .status = KX_CHAIN_ACCEPTED, .has_confirmations = true, .confirmations = 30};
    kaspa_txid(&w->evidence.transaction_id, &w->tx);
    w->with.utxos = (options & NO_COINS) != 0 ? NULL : w->coins;
    w->with.is_missing = w->is_missing;
    w->with.pov = (options & NO_VIEW) != 0 ? NULL : &w->pov;
    w->with.evidence = (options & NO_EVIDENCE) != 0 ? NULL : &w->evidence;
}

/* The server holds the head that it offers. */
static void look_at_head(struct world *w, uint8_t options)
{
    const struct x402_terms *accepted = &w->payment.envelope.accepted;

    if (kx_terms_read(&w->terms, &w->in.arena, w->payment.doc, accepted, NULL) == KX_TERMS_OK &&
        w->terms.profile != KX_STANDARD_NATIVE && (options & NO_HEAD) == 0)
        w->with.head = &w->terms.head;
}

static void set_up(struct world *w, uint8_t options)
{
    w->request = request_of(&w->in);
    w->with = (struct kx_exact){
        .offer = &w->in.offer,
        .payment = &w->payment,
        .request = &w->request,
        .policy = KX_EXACT_POLICY_INIT,
        .now_ms = NOW_MS + ((options & LATER) != 0 ? 3600000 : 0),
    };
    if (read_tx(&w->tx, &w->claims, &w->in.arena, &w->payment) && w->tx.input_count > 0)
        look_at_chain(w, options);
    look_at_head(w, options);
}

/* ---- what a valid one must be ---- */

static void add(uint64_t *sum, uint64_t amount)
{
    FUZZ_CHECK(amount <= KASPA_MAX_SOMPI && *sum <= KASPA_MAX_SOMPI);
    *sum += amount;
}

/* Member for member, but for the case of hex. */
static bool is_offered(const struct world *w, const char *accepted)
{
    char hash[X402_HASH_TEXT_BYTES];

    for (size_t i = 0; i < w->in.offer.accept_count; i++) {
        if (kx_requirements_hash(hash, w->in.offer.doc, w->in.offer.accepts[i].token, NULL) ==
                ASSAY_OK &&
            strcmp(hash, accepted) == 0)
            return true;
    }
    return false;
}

/* One output, the one that is named, pays to the address exactly what is due. */
static void check_merchant(const struct world *w)
{
    const struct x402_terms *accepted = &w->payment.envelope.accepted;
    uint8_t room[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_address address;
    struct kaspa_spk spk;
    uint64_t due = 0;
    size_t count = 0;

    FUZZ_CHECK(assay_decimal_u64(&due, accepted->amount) == ASSAY_OK && due > 0);
    if (w->payment.profile != KX_STANDARD_NATIVE)
        add(&due, w->with.head->amount);
    FUZZ_CHECK(kaspa_address_decode(&address, NULL, accepted->pay_to) == KASPA_ADDRESS_OK);
    kaspa_address_script(&spk, room, &address);
    for (size_t i = 0; i < w->tx.output_count; i++) {
        if (!kaspa_spk_equal(&w->tx.outputs[i].spk, &spk))
            continue;
        FUZZ_CHECK(i == w->payment.output_index && w->tx.outputs[i].value == due);
        count++;
    }
    FUZZ_CHECK(count == 1);
}

/* Whoever signs for it is paid back alone; of a signature every type is taken. */
static void check_payers(const struct world *w)
{
    size_t first = w->payment.profile == KX_STANDARD_NATIVE ? 0 : 1;

    for (size_t i = first; i < w->tx.input_count; i++) {
        struct assay_bytes push = w->tx.inputs[i].signature_script;
        struct kaspa_hash digest;

        FUZZ_CHECK(kaspa_spk_class(&w->coins[i].spk) == KASPA_CLASS_PUBKEY);
        FUZZ_CHECK(push.len == KASPA_SIGNATURE_PUSH_BYTES && push.at[0] == push.len - 1);
        FUZZ_CHECK(kaspa_sighash_type_is_known(push.at[push.len - 1]));
        kaspa_sighash_schnorr(&digest, &w->tx, i, &w->coins[i], push.at[push.len - 1], NULL);
        FUZZ_CHECK(assay_schnorr_verify(push.at + 1, digest.at,
                                        kaspa_spk_payload(&w->coins[i].spk).at) == ASSAY_SIG_GOOD);
    }
    FUZZ_CHECK(w->tx.output_count <= 2 && w->tx.input_count > first);
    for (size_t i = 0; i < w->tx.output_count; i++) {
        bool is_payers = i == w->payment.output_index;

        for (size_t k = first; k < w->tx.input_count; k++)
            is_payers = is_payers || kaspa_spk_equal(&w->tx.outputs[i].spk, &w->coins[k].spk);
        FUZZ_CHECK(is_payers && (!w->tx.outputs[i].has_covenant || i == 0));
    }
}

static void check_sums(const struct world *w, const struct kx_exact_verdict *verdict)
{
    uint64_t spent = 0, paid = 0;

    for (size_t i = 0; i < w->tx.input_count; i++)
        add(&spent, w->coins[i].amount);
    for (size_t i = 0; i < w->tx.output_count; i++)
        add(&paid, w->tx.outputs[i].value);
    FUZZ_CHECK(spent >= paid && spent - paid == verdict->fee);
    FUZZ_CHECK(verdict->fee <= w->with.policy.fee_max);
}

static void check_authorization(const struct world *w, const struct kx_exact_verdict *verdict)
{
    const struct kx_authorization *a = &w->payment.authorization;
    struct assay_bytes key;
    int64_t expires;

    FUZZ_CHECK(a->input_index < w->tx.input_count);
    key = kaspa_spk_payload(&w->coins[a->input_index].spk);
    FUZZ_CHECK(key.len == ASSAY_XONLY_BYTES && memcmp(key.at, verdict->payer, key.len) == 0);
    FUZZ_CHECK(assay_schnorr_verify(a->signature, a->digest, key.at) == ASSAY_SIG_GOOD);
    FUZZ_CHECK(kx_time_read(&expires, a->expires_at) && expires > w->with.now_ms);
    FUZZ_CHECK((uint64_t)(expires - w->with.now_ms) <=
               w->payment.envelope.accepted.max_timeout_s * 1000);
}

static void check_hashes(const struct world *w, const struct kx_exact_verdict *verdict)
{
    char hash[X402_HASH_TEXT_BYTES], request[X402_HASH_TEXT_BYTES];
    struct kaspa_hash id;

    kaspa_txid(&id, &w->tx);
    assay_hex_encode(hash, assay_bytes_of(id.at, sizeof(id.at)));
    FUZZ_CHECK(strcmp(hash, verdict->transaction_id) == 0);
    FUZZ_CHECK(kx_requirements_hash(hash, w->payment.doc, w->payment.envelope.accepted.token,
                                    NULL) == ASSAY_OK);
    FUZZ_CHECK(strcmp(hash, verdict->requirements_hash) == 0);
    FUZZ_CHECK(kx_fingerprint(request, &w->request,
                              w->payment.profile == KX_HASH_CHAIN ? NULL : hash, NULL) == ASSAY_OK);
    assay_hex_encode(hash, assay_bytes_of(w->payment.request_hash, 32));
    FUZZ_CHECK(strcmp(hash, request) == 0 && strcmp(hash, verdict->fingerprint) == 0);
}

/* One thing less, and it is not valid any more. */
static void check_taken_away(struct world w, uint64_t fee)
{
    struct kx_exact whole = w.with;

    w.with.utxos = NULL;
    FUZZ_CHECK(outcome(&w) == KASPA_UNDECIDED);
    w.with = whole;
    w.with.evidence = NULL;
    FUZZ_CHECK(outcome(&w) == KASPA_UNDECIDED);
    w.with = whole;
    w.with.now_ms = w.payment.authorization.expires_at_ms;
    FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
    w.with = whole;
    w.with.policy.fee_max = fee - 1;
    FUZZ_CHECK(fee == 0 || outcome(&w) == KASPA_INVALID);
    w.with = whole;
    w.with.utxos = w.coins;
    w.coins[w.tx.input_count - 1].amount++;
    FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
    w.coins[w.tx.input_count - 1].amount--;
    w.with.payment = &w.payment;
    w.payment.authorization.signature[fee % ASSAY_SIG_BYTES] ^= 1;
    FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
}

static void check_valid(const struct world *w, const struct kx_exact_verdict *verdict)
{
    FUZZ_CHECK(w->with.utxos != NULL && w->with.evidence != NULL && !w->is_missing[0]);
    FUZZ_CHECK(is_offered(w, verdict->requirements_hash));
    FUZZ_CHECK(w->payment.identifier_state == X402_IDENTIFIER_PRESENT);
    check_merchant(w);
    check_payers(w);
    check_sums(w, verdict);
    check_authorization(w, verdict);
    check_hashes(w, verdict);
    check_taken_away(*w, verdict->fee);
}

static void check_verdict(struct world *w)
{
    struct kx_exact_verdict verdict, again;
    struct kx_exact whole = w->with;

    verify(&verdict, w);
    verify(&again, w);
    FUZZ_CHECK(verdict.outcome == again.outcome && verdict.first == again.first);
    if (verdict.outcome == KASPA_VALID)
        check_valid(w, &verdict);
    w->with.utxos = NULL;
    w->with.evidence = NULL;
    verify(&again, w);
    FUZZ_CHECK(again.outcome != KASPA_VALID);
    FUZZ_CHECK(again.outcome != KASPA_INVALID || verdict.outcome == KASPA_INVALID);
    w->with = whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.is_missing = {false}};
    struct assay_err err = {0};

    if (fuzz_payment_init(&w.in, assay_bytes_of(data, size))) {
        enum kx_local local = kx_payment_read(&w.payment, &w.in.arena, &w.in.payment_doc, &err);

        FUZZ_CHECK((local == KX_LOCAL_NONE) == (err.code == ASSAY_OK));
        FUZZ_CHECK(err.code != ASSAY_E_NOMEM && err.at <= w.in.payment_doc.text.len);
        if (local == KX_LOCAL_NONE) {
            set_up(&w, fuzz_option(&w.in.options));
            check_verdict(&w);
        }
    }
    fuzz_payment_fini(&w.in);
    return 0;
}

/* ---- mutation ---- */

/* The texts of what was signed anew. */
struct made {
    struct assay_bytes transaction, request_hash, digest, signature;
};

static bool authorize(struct made *out, struct fuzz_payment *p, const struct kx_payment *payment,
                      const struct fuzz_tx *t)
{
    const struct x402_terms *accepted = &payment->envelope.accepted;
    struct kx_request request = request_of(p);
    char requirements[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES];
    char id[X402_HASH_TEXT_BYTES];
    uint8_t digest[32], signature[ASSAY_SIG_BYTES];
    uint64_t input = payment->authorization.input_index;
    struct kx_terms terms;
    struct kaspa_hash txid;
    struct assay_key key;

    kaspa_txid(&txid, &t->tx);
    assay_hex_encode(id, assay_bytes_of(txid.at, sizeof(txid.at)));
    if (input >= t->tx.input_count || kaspa_spk_class(&t->utxos[input].spk) != KASPA_CLASS_PUBKEY ||
        kx_terms_read(&terms, &p->arena, &p->payment_doc, accepted, NULL) != KX_TERMS_OK ||
        kx_requirements_hash(requirements, &p->payment_doc, accepted->token, NULL) != ASSAY_OK ||
        kx_fingerprint(fingerprint, &request, terms.profile == KX_HASH_CHAIN ? NULL : requirements,
                       NULL) != ASSAY_OK ||
        kx_authorization_digest(digest, &(struct kx_authorized){
                                            .terms = &terms,
                                            .transaction_id = id,
                                            .output_index = payment->output_index,
                                            .requirements_hash = requirements,
                                            .fingerprint = fingerprint,
                                            .identifier = payment->identifier.id,
                                            .input_index = input,
                                            .expires_at = payment->authorization.expires_at,
                                        }) != ASSAY_OK)
        return false;
    key = fuzz_key_of(kaspa_spk_payload(&t->utxos[input].spk).at);
    if (assay_schnorr_sign(signature, digest, &key, NULL) != ASSAY_OK)
        return false;
    out->request_hash = fuzz_quoted(&p->arena, assay_str(fingerprint));
    out->digest = fuzz_quoted_hex(&p->arena, assay_bytes_of(digest, sizeof(digest)));
    out->signature = fuzz_quoted_hex(&p->arena, assay_bytes_of(signature, sizeof(signature)));
    return true;
}

static struct assay_bytes written(struct fuzz_payment *p, const struct fuzz_tx *t)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES), quoted = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_bytes kept = ASSAY_LIT("\"\"");

    kaspa_tx_write(&text, &t->tx, t->utxos, KASPA_JSON_NESTED);
    if (assay_buf_ok(&text))
        assay_json_add_string(&quoted, assay_buf_view(&text));
    if (assay_buf_ok(&quoted))
        kept = assay_arena_copy(&p->arena, assay_buf_view(&quoted));
    assay_buf_fini(&text);
    assay_buf_fini(&quoted);
    return kept;
}

/* A change of the transaction or none, then everything signed anew. */
static bool resign(struct assay_buf *out, struct fuzz_payment *p, struct fuzz_dice *dice)
{
    const struct assay_json *doc = &p->payment_doc;
    uint32_t payload = assay_json_member(doc, 0, "payload");
    uint32_t authorization = assay_json_member(doc, payload, "authorization");
    struct kaspa_claims claims;
    struct kx_payment payment;
    struct kaspa_tx tx;
    struct fuzz_tx t;
    struct made made;

    if (kx_payment_read(&payment, &p->arena, doc, NULL) != KX_LOCAL_NONE ||
        !read_tx(&tx, &claims, &p->arena, &payment) || !fuzz_tx_load(&t, &tx, &claims))
        return false;
    if (!fuzz_roll_once_in(dice, 4))
        fuzz_tx_change(&t, dice);
    fuzz_tx_sign(&t, fuzz_sighash_type(dice));
    made.transaction = written(p, &t);
    if (!authorize(&made, p, &payment, &t))
        return false;
    fuzz_edit_apply(out, doc,
                    (struct fuzz_edit[]){
                        {assay_json_member(doc, payload, "transaction"), made.transaction},
                        {assay_json_member(doc, payload, "requestHash"), made.request_hash},
                        {assay_json_member(doc, authorization, "digest"), made.digest},
                        {assay_json_member(doc, authorization, "signature"), made.signature},
                    },
                    4);
    return true;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_payment_mutate(data, size, max_size, seed, resign);
}
