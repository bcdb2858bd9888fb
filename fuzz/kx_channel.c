/* Terms and channels, from their texts. Held: an offer that is accepted is written, read as the
 * same one with the same terms' hash, and its sums fit; a configuration is written as it was read,
 * its id is the one of the spec's layout made again here, and changes with one bit of any member;
 * of a channel that opens, every script is known again with what was put into it, and its address
 * is that script's.
 *
 * An input is an offer, an exact one or of a batch, a line's end, a channel's configuration, a
 * line's end, and options. Source: Kaspa x402 batch digest, sections 3, 4 and 9.1; exact digest,
 * sections 3 and 8.2. */
#include "fuzz.h"

#include "base/cursor.h"
#include "fuzz/lib/edit.h"
#include "fuzz/lib/input.h"
#include "fuzz/lib/preimage.h"
#include "kaspa_x402/batch_payment.h"
#include "kaspa_x402/escrow_drift.h"
#include "kaspa_x402/exact_terms.h"
#include "kaspa_x402/lane.h"

enum { ARENA_BYTES = 1 << 24, TEXT_MAX_BYTES = 1 << 17 };

static bool read_terms(struct assay_json *doc, struct x402_terms *terms, struct assay_arena *arena,
                       struct assay_bytes text)
{
    return x402_document_parse(doc, arena, text, false, NULL) == ASSAY_OK &&
           x402_terms_read(terms, arena, doc, 0, NULL) == X402_FAULT_NONE;
}

static struct assay_bytes kept(struct assay_arena *arena, struct assay_buf *text)
{
    struct assay_bytes bytes = assay_arena_copy(arena, assay_buf_view(text));

    FUZZ_CHECK(assay_buf_ok(text) && bytes.at != NULL);
    assay_buf_fini(text);
    return bytes;
}

/* ---- offers ---- */

static struct assay_bytes written(struct assay_arena *arena, const struct kx_batch_offer *offer)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    kx_batch_offer_write(&text, offer);
    return kept(arena, &text);
}

/* Where charges are fixed the hash is over members that nobody knows, too. */
static void check_batch_again(struct assay_arena *arena, const struct kx_batch_offer *offer)
{
    struct assay_bytes text = written(arena, offer);
    uint8_t hash[32], same[32];
    struct kx_batch_offer again;
    struct x402_terms terms;
    struct assay_json doc;

    FUZZ_CHECK(read_terms(&doc, &terms, arena, text));
    FUZZ_CHECK(kx_batch_offer_read(&again, arena, &doc, &terms, NULL) == KX_BATCH_TERMS_OK);
    FUZZ_CHECK(assay_bytes_equal(text, written(arena, &again)));
    FUZZ_CHECK(again.binding == offer->binding && again.network == offer->network);
    if (offer->binding->is_fixed)
        return;
    FUZZ_CHECK(kx_batch_accepted_hash(hash, offer, NULL) == ASSAY_OK);
    FUZZ_CHECK(kx_batch_accepted_hash(same, &again, NULL) == ASSAY_OK);
    FUZZ_CHECK(memcmp(hash, same, sizeof(hash)) == 0);
}

static void check_batch(struct assay_arena *arena, const struct assay_json *doc,
                        const struct x402_terms *terms)
{
    struct assay_err err = {0};
    struct kx_batch_offer offer;
    const struct kx_batch_terms *t = &offer.terms;
    enum kx_batch_terms_fault fault = kx_batch_offer_read(&offer, arena, doc, terms, &err);

    FUZZ_CHECK((fault == KX_BATCH_TERMS_OK) == (err.code == ASSAY_OK));
    FUZZ_CHECK(err.code != ASSAY_E_NOMEM && err.at <= doc->text.len);
    if (fault != KX_BATCH_TERMS_OK)
        return;
    FUZZ_CHECK(t->amount > 0 && t->amount <= offer.binding->amount_max);
    FUZZ_CHECK(t->refund_timeout_daa <= KX_BATCH_TIMEOUT_MAX && assay_xonly_is_point(t->server));
    FUZZ_CHECK(kx_batch_has_template(offer.binding, t->template_id));
    FUZZ_CHECK(kx_escrow_find(t->template_id) != NULL); /* by its whole name */
    if (offer.binding->has_reserve)
        FUZZ_CHECK(t->claim_reserve <= t->min_deposit &&
                   t->amount <= t->min_deposit - t->claim_reserve);
    check_batch_again(arena, &offer);
}

/* Of a head the redeem script is the canonical one of owner and threshold. */
static void check_exact(struct assay_arena *arena, const struct assay_json *doc,
                        const struct x402_terms *terms)
{
    uint8_t owner[ASSAY_XONLY_BYTES];
    struct assay_err err = {0};
    struct assay_buf redeem = ASSAY_BUF_INIT(256);
    struct kx_terms read;
    uint64_t threshold;
    enum kx_terms_fault fault = kx_terms_read(&read, arena, doc, terms, &err);

    FUZZ_CHECK((fault == KX_TERMS_OK) == (err.code == ASSAY_OK));
    FUZZ_CHECK(err.code != ASSAY_E_NOMEM && err.at <= doc->text.len);
    if (fault == KX_TERMS_OK)
        FUZZ_CHECK(read.amount > 0 && kx_network_has(read.network, read.pay_to));
    if (fault == KX_TERMS_OK && read.profile == KX_ADDITIVE) {
        FUZZ_CHECK(read.head.amount <= UINT64_MAX - read.amount);
        FUZZ_CHECK(kx_additive_redeem_read(read.head.redeem, owner, &threshold));
        FUZZ_CHECK(threshold == read.threshold);
        kx_additive_redeem(&redeem, owner, threshold);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&redeem), read.head.redeem));
    }
    assay_buf_fini(&redeem);
}

/* ---- channels ---- */

static bool read_channel(struct kx_channel *out, struct assay_arena *arena, struct assay_bytes text)
{
    struct assay_json doc;
    struct kx_reader reader = {&doc, arena, "channelConfig", NULL};

    return x402_document_parse(&doc, arena, text, false, NULL) == ASSAY_OK &&
           kx_channel_read(out, &reader, 0);
}

/* Section 4. */
static void digest_channel(uint8_t *out, const struct kx_batch_binding *binding,
                           const struct kx_channel *c)
{
    uint8_t timeout[8];
    struct assay_sha256 h;

    assay_sha256_init(&h);
    fuzz_preimage_text(&h, binding->is_fixed ? ASSAY_LIT("kaspa:x402:channel:v2")
                                             : ASSAY_LIT("kaspa:x402:channel:v1"));
    fuzz_preimage_text(&h, c->network);
    fuzz_preimage_text(&h, ASSAY_LIT("KAS"));
    fuzz_preimage_text(&h, c->template_id);
    assay_sha256_add(&h, assay_bytes_of(c->client, sizeof(c->client)));
    assay_sha256_add(&h, assay_bytes_of(c->server, sizeof(c->server)));
    fuzz_preimage_text(&h, c->pay_to);
    fuzz_preimage_text(&h, c->refund_address);
    assay_put_le(timeout, sizeof(timeout), c->refund_timeout_daa);
    assay_sha256_add(&h, assay_bytes_of(timeout, sizeof(timeout)));
    assay_sha256_add(&h, assay_bytes_of(c->salt, sizeof(c->salt)));
    assay_sha256_end(&h, out);
}

/* One bit of one member. */
static void change(struct kx_channel *c, struct fuzz_input *in)
{
    uint8_t *const parts[] = {c->client, c->server, c->salt};
    struct assay_bytes *const texts[] = {&c->network, &c->template_id, &c->pay_to,
                                         &c->refund_address};
    size_t which = fuzz_option_below(in, ARRAY_LEN(parts) + ARRAY_LEN(texts) + 1);
    size_t bit = fuzz_option(in);

    if (which < ARRAY_LEN(parts))
        parts[which][bit / 8] ^= (uint8_t)(1U << bit % 8);
    else if (which < ARRAY_LEN(parts) + ARRAY_LEN(texts))
        *texts[which - ARRAY_LEN(parts)] =
            texts[which - ARRAY_LEN(parts)]->len > 0 ? ASSAY_LIT("") : ASSAY_LIT("a text");
    else
        c->refund_timeout_daa ^= UINT64_C(1) << bit % 64;
}

static void check_id(const struct kx_batch_binding *binding, struct kx_channel channel,
                     struct fuzz_input *in)
{
    uint8_t id[32], same[32];

    kx_channel_id(id, binding, &channel);
    digest_channel(same, binding, &channel);
    FUZZ_CHECK(memcmp(id, same, sizeof(id)) == 0);
    change(&channel, in);
    kx_channel_id(same, binding, &channel);
    FUZZ_CHECK(memcmp(id, same, sizeof(id)) != 0);
}

static void check_scripts(const struct kx_lane *lane, struct assay_arena *arena, uint64_t claimed)
{
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    uint8_t room[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kx_escrow_instance found;
    struct kaspa_address read;
    struct kaspa_spk spk, same;
    struct assay_bytes redeem;
    uint8_t hash[32];

    FUZZ_CHECK(kx_lane_redeem(&redeem, arena, lane, claimed) == ASSAY_OK);
    FUZZ_CHECK(kx_lane_spk(&spk, arena, lane, claimed) == ASSAY_OK);
    FUZZ_CHECK(kx_lane_address(address, arena, lane, claimed) == ASSAY_OK);
    FUZZ_CHECK(kx_escrow_identify(&found, redeem) && found.tmpl == lane->tmpl);
    FUZZ_CHECK(found.unequal == 0);
    FUZZ_CHECK(found.values.claimed == (lane->tmpl->state_at != 0 ? claimed : 0));
    FUZZ_CHECK(found.values.timeout_daa == lane->channel.refund_timeout_daa);
    FUZZ_CHECK(memcmp(found.values.client, lane->channel.client, 32) == 0);
    FUZZ_CHECK(memcmp(found.values.server, lane->channel.server, 32) == 0);
    kx_spk_hash(hash, &lane->payout);
    FUZZ_CHECK(memcmp(found.values.payout_spk, hash, 32) == 0);
    FUZZ_CHECK(kaspa_address_decode(&read, NULL, assay_str(address)) == KASPA_ADDRESS_OK);
    kaspa_address_script(&same, room, &read);
    FUZZ_CHECK(kaspa_spk_equal(&spk, &same) && read.network == lane->network);
    assay_blake2b(hash, sizeof(hash), assay_bytes_of(NULL, 0), redeem);
    FUZZ_CHECK(memcmp(kaspa_spk_payload(&spk).at, hash, sizeof(hash)) == 0);
}

static void check_channel(struct assay_arena *arena, struct assay_bytes text, struct fuzz_input *in)
{
    const struct kx_batch_binding *binding =
        &kx_batch_bindings[fuzz_option_below(in, KX_BATCH_BINDINGS)];
    uint64_t claimed = (uint64_t)fuzz_option(in) << 30;
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES), twice = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_err err = {0};
    struct kx_channel channel, again;
    struct assay_bytes written_once;
    struct kx_lane lane;

    if (!read_channel(&channel, arena, text))
        return;
    kx_channel_write(&out, &channel);
    written_once = kept(arena, &out);
    FUZZ_CHECK(read_channel(&again, arena, written_once));
    kx_channel_write(&twice, &again);
    FUZZ_CHECK(assay_bytes_equal(written_once, kept(arena, &twice)));
    check_id(binding, channel, in);
    if (kx_lane_open(&lane, arena, binding, &channel, &err) == KX_LOCAL_NONE) {
        FUZZ_CHECK(kx_batch_has_template(binding, channel.template_id));
        FUZZ_CHECK(memcmp(channel.client, channel.server, sizeof(channel.client)) != 0);
        check_scripts(&lane, arena, claimed);
    } else {
        FUZZ_CHECK(err.text[0] != '\0' && err.code != ASSAY_E_NOMEM);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_bytes input = assay_bytes_of(data, size);
    size_t first = assay_bytes_find(input, '\n', 0);
    size_t second = assay_bytes_find(input, '\n', first + 1);
    struct fuzz_input options = {assay_bytes_part(input, second + 1, size)};
    struct x402_terms terms;
    struct assay_json doc;

    if (read_terms(&doc, &terms, &arena, assay_bytes_part(input, 0, first))) {
        check_batch(&arena, &doc, &terms);
        check_exact(&arena, &doc, &terms);
    }
    check_channel(&arena, assay_bytes_part(input, first + 1, second), &options);
    assay_arena_fini(&arena);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct fuzz_dice dice;

    fuzz_dice_init(&dice, seed);
    return fuzz_edit_line(data, size, max_size, &dice);
}
