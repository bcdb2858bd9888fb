/* Escrow templates: a channel's script is made, known again with every value that was put into it,
 * and differs in nothing from itself. One change of its bytes is found where it is, in the rule
 * that owns the byte, and the script is then no longer the one that is hashed; any other bytes are
 * compared within bounds and told in words.
 *
 * An input is the channel's values, then the edits or the bytes of another script, and options.
 * Source: Kaspa x402 batch digest, sections 9.1 to 9.3 and 16. */
#include "fuzz.h"

#include "fuzz/lib/input.h"
#include "kaspa_x402/batch.h"
#include "kaspa_x402/escrow_drift.h"

enum { SCRIPT_MAX = 2 * KX_ESCROW_BYTES_MAX, TEXT_MAX = 1 << 12 };
enum { ANY_BYTES = 1, ONE_BYTE = 2, CUT = 4, LONGER = 8 }; /* options */

struct world {
    const struct kx_escrow_template *t;
    struct kx_escrow values;
    struct assay_buf right, candidate;
};

static void fill(struct kx_escrow *out, struct fuzz_input *in)
{
    uint8_t *const parts[] = {out->server, out->client, out->network, out->payout_spk,
                              out->refund_spk};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        fuzz_bytes(in, parts[i], 32);
    out->claimed = fuzz_number(in, 8) & KX_BATCH_AMOUNT_MAX;
    out->timeout_daa = fuzz_number(in, 5) % (KX_BATCH_TIMEOUT_MAX + 1);
}

static bool same_values(const struct kx_escrow *a, const struct kx_escrow *b, bool has_state)
{
    return (!has_state || a->claimed == b->claimed) && a->timeout_daa == b->timeout_daa &&
           memcmp(a->server, b->server, 32) == 0 && memcmp(a->client, b->client, 32) == 0 &&
           memcmp(a->network, b->network, 32) == 0 &&
           memcmp(a->payout_spk, b->payout_spk, 32) == 0 &&
           memcmp(a->refund_spk, b->refund_spk, 32) == 0;
}

static void drift(struct kx_drifts *out, const struct world *w, uint32_t known)
{
    FUZZ_CHECK(kx_escrow_drift(out, w->t, &w->values, known, assay_buf_view(&w->candidate)) ==
               ASSAY_OK);
}

static void check_right(struct world *w)
{
    struct kx_escrow_instance found;
    struct assay_buf zero = ASSAY_BUF_INIT(SCRIPT_MAX);
    struct kx_escrow unclaimed = w->values;
    struct kx_drifts drifts;

    unclaimed.claimed = 0;
    FUZZ_CHECK(kx_escrow_redeem(&zero, w->t, &unclaimed) == ASSAY_OK);
    if (w->t->state_at != 0)
        kx_escrow_set_state(zero.at, w->t, w->values.claimed);
    FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&zero), assay_buf_view(&w->right)));
    FUZZ_CHECK(w->t->bytes == 0 || w->right.len == w->t->bytes);
    FUZZ_CHECK(kx_escrow_identify(&found, assay_buf_view(&w->right)));
    FUZZ_CHECK(found.tmpl == w->t && found.unequal == 0);
    FUZZ_CHECK(same_values(&found.values, &w->values, w->t->state_at != 0));
    drift(&drifts, w, KX_SLOTS_KNOWN);
    FUZZ_CHECK(drifts.total == 0);
    drift(&drifts, w, 0);
    FUZZ_CHECK(drifts.total == 0);
    assay_buf_fini(&zero);
}

/* What is listed is in order, within the script, and can be told. */
static void check_sound(const struct kx_drifts *drifts, struct assay_bytes script)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX);

    FUZZ_CHECK(drifts->count <= drifts->total && drifts->count <= KX_DRIFTS_MAX);
    FUZZ_CHECK(drifts->total == 0 || drifts->count > 0);
    for (size_t i = 0; i < drifts->count; i++) {
        const struct kx_drift *d = &drifts->list[i];

        FUZZ_CHECK(d->offset <= script.len && d->len <= script.len - d->offset);
        FUZZ_CHECK(i == 0 || d->offset >= drifts->list[i - 1].offset);
        FUZZ_CHECK(d->rule != NULL || d->kind == KX_DRIFT_TEMPLATE);
        assay_buf_clear(&text);
        kx_drift_add_text(&text, d);
        FUZZ_CHECK(assay_buf_ok(&text) && text.len > 0);
    }
    assay_buf_fini(&text);
}

/* All values are known, so that whatever differs is a drift, and nothing else is. */
static void check_candidate(struct world *w)
{
    struct assay_bytes candidate = assay_buf_view(&w->candidate), right = assay_buf_view(&w->right);
    bool is_equal = assay_bytes_equal(candidate, right);
    struct kx_escrow_instance found;
    struct kx_drifts drifts, again;
    struct assay_buf made = ASSAY_BUF_INIT(SCRIPT_MAX);

    drift(&drifts, w, KX_SLOTS_KNOWN);
    check_sound(&drifts, candidate);
    FUZZ_CHECK((drifts.total == 0) == is_equal);
    drift(&again, w, 0);
    check_sound(&again, candidate);
    FUZZ_CHECK(again.total == 0 || drifts.total > 0);
    if (kx_escrow_identify(&found, candidate) && found.unequal == 0) {
        FUZZ_CHECK(kx_escrow_redeem(&made, found.tmpl, &found.values) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&made), candidate));
    }
    assay_buf_fini(&made);
}

/* Of the templates whose places are fixed: one drift, of the rule that has the byte. */
static void check_one_byte(struct world *w, size_t at)
{
    struct kx_drifts drifts;
    size_t begin;
    const struct kx_escrow_rule *rule = kx_escrow_rule_at(w->t, w->values.timeout_daa, at, &begin);

    drift(&drifts, w, KX_SLOTS_KNOWN);
    FUZZ_CHECK(drifts.total > 0 && rule != NULL && begin <= at);
    if (w->t->bytes == KX_ESCROW_V5_BYTES && drifts.total == 1 &&
        drifts.list[0].kind != KX_DRIFT_TEMPLATE)
        FUZZ_CHECK(drifts.list[0].offset <= at && at < drifts.list[0].offset + drifts.list[0].len);
}

static void edit(struct world *w, struct fuzz_input *in, uint8_t options)
{
    struct assay_bytes right = assay_buf_view(&w->right);
    size_t at = (size_t)(fuzz_number(in, 2) % right.len);
    uint8_t change = (uint8_t)fuzz_number(in, 1);

    if ((options & ANY_BYTES) != 0) {
        assay_buf_clear(&w->candidate);
        assay_buf_add(&w->candidate, assay_bytes_part(in->rest, 0, SCRIPT_MAX));
    }
    if ((options & ONE_BYTE) != 0 && at < w->candidate.len)
        w->candidate.at[at] ^= change;
    if ((options & LONGER) != 0)
        assay_buf_add(&w->candidate, assay_bytes_part(in->rest, 0, 64));
    if ((options & CUT) != 0 && at < w->candidate.len)
        w->candidate.len = at;
    if ((options & (ANY_BYTES | LONGER | CUT)) == 0 && (options & ONE_BYTE) != 0 && change != 0)
        check_one_byte(w, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = fuzz_input_of(data, size);
    uint8_t options = fuzz_option(&in);
    struct world w = {.right = ASSAY_BUF_INIT(SCRIPT_MAX), .candidate = ASSAY_BUF_INIT(SCRIPT_MAX)};

    w.t = &kx_escrow_templates[fuzz_option_below(&in, KX_ESCROW_TEMPLATES)];
    fill(&w.values, &in);
    FUZZ_CHECK(kx_escrow_redeem(&w.right, w.t, &w.values) == ASSAY_OK);
    assay_buf_add(&w.candidate, assay_buf_view(&w.right));
    check_right(&w);
    edit(&w, &in, options);
    if (assay_buf_ok(&w.candidate))
        check_candidate(&w);
    assay_buf_fini(&w.right);
    assay_buf_fini(&w.candidate);
    return 0;
}
