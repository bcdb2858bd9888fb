/* Vouchers and the presentations that go with them, from a batch payment's text to the verdict.
 * Held: a payload that is read is written, and read as the same one; the verdict is the same twice,
 * and nothing is valid without the chain. Of what is valid, the channel's sums are counted again
 * here, both digests are made again from the spec's layouts, one bit changed in what was signed is
 * refused, T has grown by exactly the price, and the same payment again is a replay and not valid.
 *
 * An input is an offer, a payment (fuzz/lib/payment.h), a line with the stored channel's
 * configuration, and options; signatures are the stand-in's. Source: Kaspa x402 batch digest,
 * sections 5 to 7. */
#include "fuzz.h"

#include "base/hex.h"
#include "fuzz/lib/kaspa_make.h"
#include "fuzz/lib/payment.h"
#include "fuzz/lib/preimage.h"
#include "kaspa/covenant.h"
#include "kaspa_x402/batch_verify.h"

enum { PAYLOAD_MAX_BYTES = 1 << 18, SPK_ROOM_BYTES = 64, DAA = 900000, CONFIRMATIONS = 30 };
/* The second option: what the chain says otherwise. */
enum {
    OTHER_AMOUNT = 1,
    OTHER_LINEAGE = 2,
    FEW_CONFIRMATIONS = 4,
    REFUND_NEAR = 8,
    TWO_OUTPUTS = 16,
    OTHER_INDEX = 32 /* the channel's coin is another output of the same transaction */
};
/* The first option; behind the second how much of A is claimed, how much more than it must the coin
 * is worth, and how far A is from the right one. */
enum {
    NOT_STORED = 1,
    NO_SIGHT = 2,
    MISSING = 4,
    LATER = 8,
    CLAIMING = 16,
    INACTIVE = 32,
    STARTED = 64,
    TOPPED_UP = 128,
};

#define NOW_MS INT64_C(4070908740000) /* 2098-12-31T23:59:00Z, as in the vectors */

struct world {
    struct fuzz_payment in;
    struct assay_json config_doc;
    struct kx_batch_payment payment;
    struct kx_batch_offer offer;
    struct kx_request request;
    struct kx_lane lane;
    struct kx_batch_channel channel;
    struct kx_lane_head head; /* that the payment is on */
    struct kx_birth birth;
    struct kx_head_sight sight;
    struct kx_batch with;
};

/* ---- the world that judges ---- */

static bool read_config(struct world *w, struct kx_channel *out)
{
    struct assay_bytes line =
        fuzz_view(&w->in.options, assay_bytes_find(w->in.options.rest, '\n', 0));
    struct kx_reader reader = {&w->config_doc, &w->in.arena, "channelConfig", NULL};

    (void)fuzz_view(&w->in.options, 1);
    return x402_document_parse(&w->config_doc, &w->in.arena, line, false, NULL) == ASSAY_OK &&
           kx_channel_read(out, &reader, 0);
}

/* A channel that has charged all but this payment's price. */
static void store(struct world *w)
{
    uint8_t claimed = fuzz_option(&w->in.options);
    int8_t more = (int8_t)fuzz_option(&w->in.options), off = (int8_t)fuzz_option(&w->in.options);
    struct kx_accounts *a = &w->channel.accounts;

    a->charged = a->authorized = w->payment.voucher.amount - w->offer.terms.amount + (uint64_t)off;
    a->claimed = claimed == 0 ? 0 : a->charged >> (claimed & 63);
    a->reserve = w->offer.terms.claim_reserve;
    a->funding = w->payment.type == KX_PAYLOAD_DEPOSIT
                     ? w->payment.funding
                     : w->payment.voucher.amount - a->claimed + a->reserve + (uint64_t)more;
    w->head.value = a->funding;
    w->head.claimed = a->claimed;
    w->channel.lane = &w->lane;
    w->channel.head = w->head;
}

/* Another coin of less, which the head's transaction has spent. */
static void top_up(struct world *w)
{
    w->channel.head.outpoint.index ^= 1;
    w->channel.head.value--;
    w->channel.accounts.funding--;
    w->birth.spent = w->channel.head.outpoint;
}

/* The coin at the head, as it must be, and what made it. */
static void look(struct world *w)
{
    struct kx_head_sight *s = &w->sight;
    struct kx_checkpoint checkpoint = {{{0xc1}}, 1500, DAA};

    s->coin = (struct kaspa_utxo){.amount = w->head.value,
                                  .block_daa_score = DAA - 1,
                                  .has_covenant = !w->payment.binding->is_of_outpoint,
                                  .covenant_id = w->head.covenant_id};
    if (kx_lane_spk(&s->coin.spk, &w->in.arena, &w->lane, w->head.claimed) != ASSAY_OK)
        s->is_missing = true;
    s->evidence = (struct kx_evidence){
        .status = KX_EVIDENCE_ACCEPTED,
        .txid = w->head.outpoint.txid,
        .acceptance = {w->head.outpoint.txid, {{0xb1}}, 1000, CONFIRMATIONS, checkpoint}};
    w->birth.output_count = w->birth.authorized_count = 1;
    w->birth.outpoint = w->head.outpoint;
    w->birth.output = (struct kaspa_output){.value = w->head.value,
                                            .spk = s->coin.spk,
                                            .has_covenant = s->coin.has_covenant,
                                            .covenant_id = w->head.covenant_id};
    w->birth.acceptance = s->evidence.acceptance;
    s->birth = &w->birth;
    s->has_daa = true;
    s->daa_score = DAA;
}

/* The chain says otherwise than it must. */
static void lie(struct world *w, uint8_t lies)
{
    struct kx_head_sight *s = &w->sight;

    s->coin.amount += (lies & OTHER_AMOUNT) != 0 ? 1 : 0;
    s->coin.covenant_id.at[0] ^= (lies & OTHER_LINEAGE) != 0 ? 1 : 0;
    if ((lies & FEW_CONFIRMATIONS) != 0)
        s->evidence.acceptance.confirmations = w->birth.acceptance.confirmations =
            CONFIRMATIONS - 1;
    if ((lies & REFUND_NEAR) != 0)
        s->daa_score = w->lane.channel.refund_timeout_daa;
    w->birth.output_count += (lies & TWO_OUTPUTS) != 0 ? 1 : 0;
    w->channel.head.outpoint.index ^= (lies & OTHER_INDEX) != 0 ? 1 : 0;
}

static struct kx_request request_of(const struct fuzz_payment *in)
{
    return (struct kx_request){.method = ASSAY_LIT("GET"), .url = in->offer.url};
}

/* False: there is no channel that it could be on. */
static bool set_up(struct world *w)
{
    const struct x402_terms *accepted = &w->payment.envelope.accepted;
    uint8_t options = fuzz_option(&w->in.options), lies = fuzz_option(&w->in.options);
    bool is_stored = (options & NOT_STORED) == 0;
    struct kx_channel config;
    bool has_config = read_config(w, &config);

    if (!is_stored && w->payment.type == KX_PAYLOAD_DEPOSIT)
        config = w->payment.channel;
    else if (!has_config)
        return false;
    if (kx_batch_offer_read(&w->offer, &w->in.arena, w->payment.doc, accepted, NULL) !=
            KX_BATCH_TERMS_OK ||
        kx_lane_open(&w->lane, &w->in.arena, w->payment.binding, &config, NULL) != KX_LOCAL_NONE)
        return false;
    w->head = (struct kx_lane_head){w->payment.outpoint, w->payment.voucher.covenant_id,
                                    w->payment.funding, 0};
    w->birth.spent = (struct kaspa_outpoint){{{1}}, 0};
    if (is_stored)
        store(w);
    if (is_stored && (options & TOPPED_UP) != 0)
        top_up(w);
    look(w);
    lie(w, lies);
    w->sight.is_missing = w->sight.is_missing || (options & MISSING) != 0;
    w->channel.is_active = (options & INACTIVE) == 0;
    w->channel.is_claiming = (options & CLAIMING) != 0;
    w->request = request_of(&w->in);
    w->with = (struct kx_batch){.offer = &w->in.offer,
                                .payment = &w->payment,
                                .request = &w->request,
                                .policy = KX_BATCH_POLICY_INIT,
                                .now_ms = NOW_MS + ((options & LATER) != 0 ? 3600000 : 0),
                                .channel = is_stored ? &w->channel : NULL,
                                .sight = (options & NO_SIGHT) != 0 ? NULL : &w->sight,
                                .is_started = (options & STARTED) != 0};
    return true;
}

/* ---- verdicts ---- */

static void verify(struct kx_batch_verdict *out, const struct world *w)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(FUZZ_PAYMENT_ARENA_BYTES);
    struct kx_batch with = w->with;

    with.arena = &arena;
    kx_batch_verify(out, &with);
    FUZZ_CHECK(out->outcome != KASPA_INVALID ||
               (out->checks[out->first].result == KASPA_CHECK_BROKEN &&
                out->checks[out->first].why[0] != '\0'));
    out->lane = NULL; /* it may have been in the arena */
    assay_arena_fini(&arena);
}

static enum kaspa_outcome outcome(const struct world *w)
{
    struct kx_batch_verdict verdict;

    verify(&verdict, w);
    return verdict.outcome;
}

/* ---- what a valid one must be ---- */

static void check_signed(const struct world *w, const struct kx_batch_verdict *verdict)
{
    const struct kx_signed_presentation *sent = &w->payment.presentation;
    const uint8_t *client = w->lane.channel.client;
    const struct kx_voucher voucher = {.network = w->payment.envelope.accepted.network,
                                       .covenant_id = w->payment.voucher.covenant_id,
                                       .outpoint = w->payment.outpoint,
                                       .spk = w->sight.coin.spk,
                                       .amount = w->payment.voucher.amount};
    uint8_t digest[ASSAY_SHA256_BYTES];
    int64_t expires;

    fuzz_spell_voucher(digest, w->payment.binding, &voucher);
    FUZZ_CHECK(memcmp(digest, verdict->voucher_digest, sizeof(digest)) == 0);
    FUZZ_CHECK(assay_schnorr_verify(w->payment.voucher.signature, digest, client) ==
               ASSAY_SIG_GOOD);
    if (!w->payment.binding->is_fixed)
        return;
    FUZZ_CHECK(memcmp(digest, sent->says.voucher_digest, sizeof(digest)) == 0);
    fuzz_spell_presentation(digest, &sent->says);
    FUZZ_CHECK(memcmp(digest, sent->digest, sizeof(digest)) == 0);
    FUZZ_CHECK(memcmp(digest, verdict->presentation_digest, sizeof(digest)) == 0);
    FUZZ_CHECK(assay_schnorr_verify(sent->signature, digest, client) == ASSAY_SIG_GOOD);
    FUZZ_CHECK(kx_time_read(&expires, sent->says.expires_at));
    FUZZ_CHECK(expires > w->with.now_ms || w->with.is_started);
    FUZZ_CHECK(expires - w->with.now_ms <=
               (int64_t)w->payment.envelope.accepted.max_timeout_s * 1000);
}

/* T is what was charged and the price, no less than it was, and all of it is in the coin: no sum
 * here wraps, each being within 63 bits. */
static void check_sums(const struct world *w, const struct kx_batch_verdict *verdict)
{
    static const struct kx_accounts none = {.funding = 0};
    const struct kx_accounts *before = w->with.channel != NULL ? &w->channel.accounts : &none,
                             *after = &verdict->accounts;
    uint64_t price = w->offer.terms.amount, total = w->payment.voucher.amount;

    FUZZ_CHECK(price > 0 && price <= KX_BATCH_AMOUNT_MAX && total <= KX_BATCH_AMOUNT_MAX);
    FUZZ_CHECK(before->charged <= KX_BATCH_AMOUNT_MAX && total >= before->authorized);
    FUZZ_CHECK(after->authorized == total && after->charged == before->charged);
    FUZZ_CHECK(after->claimed <= before->charged && after->funding == w->head.value);
    if (w->payment.binding->is_fixed)
        FUZZ_CHECK(total == before->charged + price);
    else if (!w->payment.binding->is_of_outpoint)
        FUZZ_CHECK(total >= before->charged + price);
    FUZZ_CHECK(total - after->claimed + after->reserve <= after->funding);
    FUZZ_CHECK(verdict->commitment.charge == price);
    FUZZ_CHECK(verdict->commitment.after == verdict->commitment.before + price);
}

/* The coin is there as the head says, what made it is deep enough, and the refund far away. */
static void check_chain(const struct world *w)
{
    const struct kx_head_sight *s = w->with.sight;

    FUZZ_CHECK(s != NULL && !s->is_missing && s->coin.amount == w->head.value);
    FUZZ_CHECK(w->payment.binding->is_of_outpoint ||
               kaspa_hash_equal(&s->coin.covenant_id, &w->head.covenant_id));
    FUZZ_CHECK(s->evidence.acceptance.confirmations >= CONFIRMATIONS);
    FUZZ_CHECK(s->daa_score < w->lane.channel.refund_timeout_daa - KX_REFUND_LEAD_DEFAULT);
    FUZZ_CHECK(w->with.channel != NULL || w->payment.binding->is_of_outpoint ||
               w->birth.output_count == 1);
    FUZZ_CHECK(w->payment.type != KX_PAYLOAD_VOUCHER ||
               kaspa_outpoint_equal(&w->payment.outpoint, &w->channel.head.outpoint));
}

/* One bit of what was signed, or one thing that is known less. */
static void check_changes(struct world w, unsigned bit)
{
    struct kx_batch whole = w.with;
    uint8_t flip = (uint8_t)(1U << bit % 8);

    whole.payment = &w.payment;
    w.with = whole;
    w.payment.voucher.signature[bit / 8] ^= flip;
    FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
    w.payment.voucher.signature[bit / 8] ^= flip;
    w.payment.voucher.amount ^= UINT64_C(1) << bit % 63;
    FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
    w.payment.voucher.amount ^= UINT64_C(1) << bit % 63;
    if (w.payment.binding->is_fixed) {
        w.payment.presentation.signature[bit / 8] ^= flip;
        FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
        w.payment.presentation.signature[bit / 8] ^= flip;
        w.payment.presentation.says.nonce[bit / 8 % 32] ^= flip;
        FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
        w.payment.presentation.says.nonce[bit / 8 % 32] ^= flip;
        w.with.now_ms = w.payment.presentation.expires_at_ms;
        w.with.is_started = false;
        FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
        w.with = whole;
    }
    FUZZ_CHECK(outcome(&w) == KASPA_VALID);
    w.sight.is_missing = true;
    w.with.sight = &w.sight;
    FUZZ_CHECK(outcome(&w) == KASPA_INVALID);
    w.with.sight = NULL;
    FUZZ_CHECK(outcome(&w) == KASPA_UNDECIDED);
}

/* The channel takes it: then the same again is its replay, and buys nothing. */
static void check_again(struct world w, const struct kx_batch_verdict *verdict)
{
    struct kx_batch_verdict again;

    w.channel = (struct kx_batch_channel){.lane = &w.lane,
                                          .head = w.head,
                                          .accounts = verdict->accounts,
                                          .is_active = true,
                                          .has_last = true,
                                          .last = verdict->commitment};
    w.channel.accounts.charged = w.channel.accounts.authorized;
    memcpy(w.channel.last_payload, verdict->payload, sizeof(w.channel.last_payload));
    w.with.channel = &w.channel;
    verify(&again, &w);
    FUZZ_CHECK(again.is_replay);
    FUZZ_CHECK(again.outcome == KASPA_INVALID || !w.payment.binding->is_fixed);
    FUZZ_CHECK(strcmp(again.attempt, verdict->attempt) == 0);
    memset(w.channel.last_payload, '0', sizeof(w.channel.last_payload) - 1);
    verify(&again, &w);
    FUZZ_CHECK(!again.is_replay);
}

static void check_verdict(const struct world *w, unsigned bit)
{
    struct kx_batch_verdict verdict, again;

    verify(&verdict, w);
    verify(&again, w);
    FUZZ_CHECK(verdict.outcome == again.outcome && verdict.first == again.first);
    FUZZ_CHECK(strcmp(verdict.attempt, again.attempt) == 0 && !verdict.is_replay);
    if (verdict.outcome != KASPA_VALID)
        return;
    FUZZ_CHECK(w->with.channel == NULL || !w->channel.is_claiming);
    check_chain(w);
    FUZZ_CHECK(w->with.channel == NULL || w->channel.is_active);
    check_signed(w, &verdict);
    check_sums(w, &verdict);
    check_changes(*w, bit);
    check_again(*w, &verdict);
}

/* ---- the text ---- */

static struct assay_bytes payload_of(struct fuzz_payment *in,
                                     const struct kx_batch_payment *payment)
{
    struct assay_buf text = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);
    struct assay_bytes kept;

    kx_batch_payload_write(&text, payment);
    FUZZ_CHECK(assay_buf_ok(&text));
    kept = assay_arena_copy(&in->arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    FUZZ_CHECK(kept.at != NULL);
    return kept;
}

static void replace_payload(struct assay_buf *out, const struct assay_json *doc,
                            struct assay_bytes payload)
{
    struct fuzz_edit edit = {assay_json_member(doc, 0, "payload"), payload};

    fuzz_edit_apply(out, doc, &edit, 1);
}

static void check_round_trip(struct world *w)
{
    struct assay_bytes payload = payload_of(&w->in, &w->payment);
    struct assay_buf text = ASSAY_BUF_INIT(PAYLOAD_MAX_BYTES);
    char hash[X402_HASH_TEXT_BYTES], same[X402_HASH_TEXT_BYTES];
    struct kx_batch_payment again;
    struct assay_json doc;
    static const char requirements[] =
        "0000000000000000000000000000000000000000000000000000000000000000";

    replace_payload(&text, &w->in.payment_doc, payload);
    if (x402_document_parse(&doc, &w->in.arena, assay_buf_view(&text), false, NULL) == ASSAY_OK) {
        FUZZ_CHECK(kx_batch_payment_read(&again, &w->in.arena, &doc, NULL) == KX_LOCAL_NONE);
        FUZZ_CHECK(assay_bytes_equal(payload, payload_of(&w->in, &again)));
        FUZZ_CHECK(kx_batch_payload_hash(hash, &w->payment, requirements) == ASSAY_OK);
        FUZZ_CHECK(kx_batch_payload_hash(same, &again, requirements) == ASSAY_OK);
        FUZZ_CHECK(strcmp(hash, same) == 0);
    }
    assay_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.channel = {.has_last = false}};
    struct assay_err err = {0};

    if (fuzz_payment_init(&w.in, assay_bytes_of(data, size))) {
        enum kx_local local =
            kx_batch_payment_read(&w.payment, &w.in.arena, &w.in.payment_doc, &err);

        FUZZ_CHECK((local == KX_LOCAL_NONE) == (err.code == ASSAY_OK));
        FUZZ_CHECK(err.code != ASSAY_E_NOMEM && err.at <= w.in.payment_doc.text.len);
        if (local == KX_LOCAL_NONE) {
            check_round_trip(&w);
            if (set_up(&w))
                check_verdict(&w, (unsigned)(size % (8 * ASSAY_SIG_BYTES)));
        }
    }
    fuzz_payment_fini(&w.in);
    return 0;
}

/* ---- mutation ---- */

/* The payment names the channel and its head. */
static bool name_channel(struct world *w)
{
    struct kx_batch_payment *p = &w->payment;
    struct kaspa_genesis_output genesis = {w->birth.outpoint.index, &w->birth.output};
    struct assay_buf spk = ASSAY_BUF_INIT(SPK_ROOM_BYTES);
    char *address = assay_arena_alloc(&w->in.arena, KASPA_ADDRESS_TEXT_MAX_BYTES);

    if (w->with.channel == NULL && !p->binding->is_of_outpoint) {
        kaspa_covenant_id(&p->voucher.covenant_id, &w->birth.spent, &genesis, 1);
        w->head.covenant_id = p->voucher.covenant_id;
    }
    memcpy(p->channel_id, w->lane.channel_id, sizeof(p->channel_id));
    memcpy(p->client, w->lane.channel.client, sizeof(p->client));
    kaspa_spk_add_bytes(&spk, &w->sight.coin.spk);
    p->spk = assay_arena_copy(&w->in.arena, assay_buf_view(&spk));
    assay_buf_fini(&spk);
    if (address == NULL || p->spk.at == NULL ||
        kx_lane_address(address, &w->in.arena, &w->lane, w->head.claimed) != ASSAY_OK)
        return false;
    p->escrow_address = assay_str(address);
    return true;
}

static bool sign_voucher(struct world *w, const struct assay_key *client)
{
    struct kx_signed_voucher *voucher = &w->payment.voucher;
    uint8_t *digest = w->payment.presentation.says.voucher_digest;

    return kx_lane_voucher(digest, &w->in.arena, &w->lane, &w->head, voucher->amount) == ASSAY_OK &&
           assay_schnorr_sign(voucher->signature, digest, client, NULL) == ASSAY_OK;
}

static bool from_text(uint8_t out[32], const char *hex)
{
    return assay_hex_decode(out, 32, assay_str(hex), true) == ASSAY_OK;
}

static bool sign_presentation(struct world *w, const struct assay_key *client)
{
    const struct x402_terms *accepted = &w->payment.envelope.accepted;
    struct kx_signed_presentation *sent = &w->payment.presentation;
    char requirements[X402_HASH_TEXT_BYTES], text[X402_HASH_TEXT_BYTES];

    sent->says.covenant_id = w->payment.voucher.covenant_id;
    sent->says.has_identifier = w->payment.identifier_state == X402_IDENTIFIER_PRESENT;
    sent->says.identifier = sent->says.has_identifier ? w->payment.identifier.id : ASSAY_LIT("");
    memcpy(sent->says.channel_id, w->lane.channel_id, sizeof(sent->says.channel_id));
    return kx_requirements_hash(requirements, w->payment.doc, accepted->token, NULL) == ASSAY_OK &&
           kx_fingerprint(text, &w->request, requirements, NULL) == ASSAY_OK &&
           from_text(sent->says.fingerprint, text) &&
           kx_public_context_hash(text, w->in.offer.url) == ASSAY_OK &&
           from_text(sent->says.context, text) &&
           kx_batch_accepted_hash(sent->says.requirements, &w->offer, NULL) == ASSAY_OK &&
           kx_presentation_digest(sent->digest, &sent->says) == ASSAY_OK &&
           assay_schnorr_sign(sent->signature, sent->digest, client, NULL) == ASSAY_OK;
}

static bool resign(struct assay_buf *out, struct fuzz_payment *p, struct fuzz_dice *dice)
{
    struct world w = {.in = *p};
    struct assay_key client;
    bool is_made =
        kx_batch_payment_read(&w.payment, &w.in.arena, &w.in.payment_doc, NULL) == KX_LOCAL_NONE &&
        (w.payment.type == KX_PAYLOAD_DEPOSIT || w.payment.type == KX_PAYLOAD_VOUCHER);

    if (is_made && fuzz_roll_once_in(dice, 4))
        w.payment.voucher.amount = fuzz_near(dice, w.payment.voucher.amount);
    is_made = is_made && set_up(&w) && name_channel(&w);
    if (is_made) {
        client = fuzz_key_of(w.lane.channel.client);
        is_made = sign_voucher(&w, &client) &&
                  (!w.payment.binding->is_fixed || sign_presentation(&w, &client));
    }
    if (is_made)
        replace_payload(out, &w.in.payment_doc, payload_of(&w.in, &w.payment));
    p->arena = w.in.arena;
    return is_made;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_payment_mutate(data, size, max_size, seed, resign);
}
