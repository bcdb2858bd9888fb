/* Channels (batch digest, sections 6.1, 13 and 14): what claims bring to them, what commits charge
 * to them, and where the chain says that their lineages stand. */
#include "store/kx_step.h"

#include "defects/defects.h"

static const struct kaspa_hash no_covenant = {{0}}; /* what an output without one reports */

static enum assay_code check_slices(const struct kx_lane_record *r, struct assay_err *err)
{
    if (r->config.len > KX_STORE_CONFIG_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                          "the channel's configuration has %zu bytes, at most %d", r->config.len,
                          KX_STORE_CONFIG_MAX_BYTES);
    if (r->lineage.len > KX_STATE_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                          "the channel's lineage has %zu bytes, at most %zu: compact its journal",
                          r->lineage.len, KX_STATE_MAX_BYTES);
    return ASSAY_OK;
}

/* Writes a channel, of which nothing impossible is ever written (section 6.1). */
static enum assay_code put(struct kx_ledger *l, const struct kx_lane_entry *e,
                           struct assay_err *err)
{
    const struct kx_lane_record *r = &e->record;

    if (r->head.claimed > r->charged || r->charged > r->authorized ||
        r->authorized > KX_BATCH_AMOUNT_MAX || r->head.value > KX_BATCH_AMOUNT_MAX ||
        (r->lease[0] == '\0' && r->charged != r->authorized))
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "no channel has these sums: S %llu, A %llu, T %llu, V %llu",
                          (unsigned long long)r->head.claimed, (unsigned long long)r->charged,
                          (unsigned long long)r->authorized, (unsigned long long)r->head.value);
    return l->ops->put_channel(l, e, err);
}

/* Writes it with its lineage. */
static enum assay_code put_whole(struct kx_ledger *l, struct kx_lane_entry *e,
                                 struct assay_err *err)
{
    enum assay_code code;

    e->charge = kx_channel_charge(&e->record);
    code = put(l, e, err);
    return code == ASSAY_OK ? l->ops->put_lineage(l, e->record.channel_id, e->record.lineage, err)
                            : code;
}

static bool is_version(const struct kx_lane_record *r, uint64_t version)
{
    return r->version == version || REF_DEFECT(kx_channel_no_cas);
}

static enum assay_code to_next_version(struct kx_lane_record *r, int64_t now_ms,
                                       struct assay_err *err)
{
    if (__builtin_add_overflow(r->version, 1u, &r->version))
        return assay_fail(err, ASSAY_E_RANGE, 0, "the channel's version is the last");
    r->changed_ms = now_ms;
    return ASSAY_OK;
}

static enum assay_code find(struct kx_step *s, struct kx_lane_entry *out, struct assay_arena *arena,
                            const char *channel_id, struct assay_err *err)
{
    enum assay_code code = s->ledger->ops->find_channel(s->ledger, out, arena, channel_id, err);

    return code == ASSAY_E_MISSING ? assay_fail(err, code, 0, "there is no channel %s", channel_id)
                                   : code;
}

enum assay_code kx_lane_load(struct kx_store *store, struct kx_lane_record *out,
                             struct assay_arena *arena, const char *channel_id, bool with_lineage,
                             struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    struct kx_lane_entry e = {0};
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->reader, err);

    if (code == ASSAY_OK)
        code = find(&s, &e, arena, channel_id, err);
    if (code == ASSAY_OK && with_lineage)
        code = s.ledger->ops->find_lineage(s.ledger, &e.record.lineage, arena, channel_id, err);
    if ((code = kx_step_end(&s, code, "load channel", err)) == ASSAY_OK)
        *out = e.record;
    return code;
}

/* ---- claims ---- */

enum assay_code kx_lane_check_claim(const struct kx_attempt *attempt, struct assay_err *err)
{
    const struct kx_charge *c = &attempt->charge;
    const struct kx_lane_record *d = attempt->deposit;

    if (c->after > KX_BATCH_AMOUNT_MAX || c->before > c->after ||
        c->after - c->before != attempt->amount || attempt->amount == 0)
        return assay_fail(err, ASSAY_E_RANGE, 0, "a charge of %llu does not lead from %llu to %llu",
                          (unsigned long long)attempt->amount, (unsigned long long)c->before,
                          (unsigned long long)c->after);
    if (d == NULL)
        return ASSAY_OK;
    if (strcmp(d->channel_id, c->channel_id) != 0 ||
        memcmp(d->client, attempt->payer, sizeof(d->client)) != 0 ||
        kaspa_hash_equal(&d->head.covenant_id, &no_covenant))
        return assay_fail(
            err, ASSAY_E_RANGE, 0,
            "the deposit is of another channel, of another client, or of no covenant");
    return check_slices(d, err);
}

static enum assay_code look_at_deposit(struct kx_lane_facts *f, struct kx_step *s,
                                       const struct kx_lane_record *deposit, struct assay_err *err)
{
    struct kx_ledger *l = s->ledger;
    struct assay_bytes lineage;
    char owner[X402_HASH_TEXT_BYTES];
    bool has_owner;
    enum assay_code code =
        kx_found(&has_owner, l->ops->find_covenant(l, owner, &deposit->head.covenant_id, err));

    if (code != ASSAY_OK)
        return code;
    f->is_lineage_taken = has_owner && strcmp(owner, deposit->channel_id) != 0 &&
                          !REF_DEFECT(kx_channel_lineage_reused);
    if (!f->is_known)
        return ASSAY_OK;
    code = l->ops->find_lineage(l, &lineage, &s->arena, deposit->channel_id, err);
    f->has_same_lineage = code == ASSAY_OK && assay_bytes_equal(lineage, deposit->lineage);
    return code;
}

enum assay_code kx_lane_look(struct kx_lane_facts *facts, struct kx_step *s,
                             const struct kx_attempt *attempt, struct assay_err *err)
{
    struct kx_ledger *l = s->ledger;
    enum assay_code code;

    *facts = (struct kx_lane_facts){0};
    code = kx_found(&facts->is_known, l->ops->find_channel(l, &facts->entry, &s->arena,
                                                           attempt->charge.channel_id, err));
    return code == ASSAY_OK && attempt->deposit != NULL
               ? look_at_deposit(facts, s, attempt->deposit, err)
               : code;
}

/* What a store knows nothing of has charged nothing, and its genesis claims nothing. */
static bool is_unused(const struct kx_lane_record *r)
{
    return r->version == 0 && r->status == KX_CHANNEL_ACTIVE && !r->is_closed &&
           r->head.value > 0 && r->head.claimed == 0 && r->charged == 0 && r->authorized == 0 &&
           !r->has_voucher && r->lease[0] == '\0' && r->last_attempt[0] == '\0';
}

/* Moves a known channel to the coin of a top-up; false: it is none. */
static bool top_up(struct kx_lane_record *r, const struct kx_lane_record *deposit)
{
    if (deposit->head.value <= r->head.value || r->version == UINT64_MAX ||
        deposit->version != r->version + 1)
        return false;
    r->head = deposit->head;
    r->version = deposit->version;
    r->lineage = deposit->lineage;
    return true;
}

/* The channel as it is once the deposit is written, if there is one; false: it is not known, or the
 * deposit is not for it as it is. */
static bool with_deposit(struct kx_lane_record *out, const struct kx_lane_facts *f,
                         const struct kx_lane_record *deposit)
{
    *out = f->is_known || deposit == NULL ? f->entry.record : *deposit;
    if (deposit == NULL)
        return f->is_known;
    if (!f->is_known)
        return is_unused(deposit);
    if (memcmp(deposit->client, out->client, sizeof(out->client)) != 0 ||
        !kaspa_hash_equal(&deposit->head.covenant_id, &out->head.covenant_id) ||
        deposit->head.claimed != out->head.claimed)
        return false;
    if (kaspa_outpoint_equal(&deposit->head.outpoint, &out->head.outpoint))
        return deposit->head.value == out->head.value && deposit->version == out->version &&
               f->has_same_lineage;
    return top_up(out, deposit);
}

/* Another payment's, or an operation's. */
static bool is_leased(const struct kx_lane_record *r)
{
    return r->lease[0] != '\0' && !REF_DEFECT(kx_channel_no_lease) &&
           !REF_DEFECT(kx_batch_claiming);
}

static bool may_charge(const struct kx_lane_record *r)
{
    return (r->status == KX_CHANNEL_ACTIVE && !r->is_closed) || REF_DEFECT(kx_batch_closed);
}

enum kx_claim_result kx_lane_judged(const struct kx_lane_facts *facts,
                                    const struct kx_attempt *attempt)
{
    struct kx_lane_record r;

    if (facts->is_lineage_taken)
        return KX_CLAIM_LINEAGE_TAKEN;
    if (facts->is_known && is_leased(&facts->entry.record))
        return KX_CLAIM_LEASED;
    return with_deposit(&r, facts, attempt->deposit) && may_charge(&r) &&
                   is_version(&r, attempt->charge.version) && r.charged == attempt->charge.before
               ? KX_CLAIM_CREATED
               : KX_CLAIM_CHANNEL_MOVED;
}

enum assay_code kx_lane_claim(struct kx_ledger *ledger, const struct kx_lane_facts *facts,
                              const struct kx_attempt *attempt, int64_t now_ms,
                              struct assay_err *err)
{
    struct kx_lane_entry e = {.charge = facts->entry.charge};
    struct kx_lane_record *r = &e.record;
    bool is_new;

    (void)with_deposit(r, facts, attempt->deposit);
    is_new = !facts->is_known || r->version != facts->entry.record.version;
    memcpy(r->lease, attempt->txid, sizeof(r->lease));
    if (REF_DEFECT(kx_batch_charged_early))
        r->charged = r->authorized = attempt->charge.after;
    if (!is_new)
        return put(ledger, &e, err);
    r->changed_ms = now_ms;
    return put_whole(ledger, &e, err);
}

/* ---- what becomes of the charge ---- */

enum assay_code kx_lane_of_attempt(struct kx_lane_entry *out, struct kx_step *s, bool *is_as_judged,
                                   struct assay_err *err)
{
    const struct kx_attempt *a = &s->entry.attempt;
    const struct kx_charge *c = &a->charge;
    uint64_t before = REF_DEFECT(kx_batch_charged_early) ? c->after : c->before;
    enum assay_code code =
        s->ledger->ops->find_channel(s->ledger, out, &s->arena, c->channel_id, err);

    *is_as_judged = code == ASSAY_OK && strcmp(out->record.lease, a->txid) == 0 &&
                    is_version(&out->record, c->version) && out->record.charged == before;
    return code == ASSAY_E_MISSING
               ? assay_fail(err, ASSAY_E_IO, 0, "the store has lost the payment's channel %s",
                            c->channel_id)
               : code;
}

enum assay_code kx_lane_charge(struct kx_step *s, int64_t now_ms, struct assay_err *err)
{
    const struct kx_attempt *a = &s->entry.attempt;
    struct kx_lane_entry e = {0};
    struct kx_lane_record *r = &e.record;
    bool is_as_judged = false;
    enum assay_code code = kx_lane_of_attempt(&e, s, &is_as_judged, err);

    if (code == ASSAY_OK && !is_as_judged)
        code = assay_fail(err, ASSAY_E_MISMATCH, 0,
                          "the channel has moved since the payment was judged: an operator has to "
                          "decide");
    if (code == ASSAY_OK)
        code = to_next_version(r, now_ms, err);
    if (code != ASSAY_OK)
        return code;
    r->charged = r->authorized = a->charge.after;
    r->has_voucher = true;
    if (!REF_DEFECT(kx_channel_voucher_lost))
        memcpy(r->voucher, a->charge.voucher, sizeof(r->voucher));
    memcpy(r->last_attempt, a->txid, sizeof(r->last_attempt));
    r->lease[0] = '\0';
    return put(s->ledger, &e, err);
}

enum assay_code kx_lane_release(struct kx_step *s, struct assay_err *err)
{
    struct kx_lane_entry e = {0};
    bool is_as_judged;
    enum assay_code code = kx_lane_of_attempt(&e, s, &is_as_judged, err);

    if (code != ASSAY_OK || strcmp(e.record.lease, s->entry.attempt.txid) != 0)
        return code;
    e.record.lease[0] = '\0';
    return put(s->ledger, &e, err);
}

/* ---- the chain ---- */

/* What was undone once, or ended, is never charged again (section 13). */
static bool closes(enum kx_channel_status status)
{
    return status == KX_CHANNEL_SUSPICIOUS || status == KX_CHANNEL_REFUNDED;
}

enum assay_code kx_lane_follow(struct kx_ledger *ledger, struct kx_lane_entry *e,
                               const struct kx_lane_record *to, int64_t now_ms,
                               struct assay_err *err)
{
    struct kx_lane_record *r = &e->record;
    enum assay_code code;

    if (!kaspa_hash_equal(&to->head.covenant_id, &r->head.covenant_id))
        return assay_fail(err, ASSAY_E_RANGE, 0, "the head is of another covenant");
    if (r->is_closed && to->status == KX_CHANNEL_ACTIVE)
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "a channel that was suspicious or refunded is never active again, and "
                          "this one is %s now",
                          kx_channel_status_name(r->status));
    if ((code = check_slices(to, err)) != ASSAY_OK ||
        (code = to_next_version(r, now_ms, err)) != ASSAY_OK)
        return code;
    r->status = to->status;
    r->is_closed = r->is_closed || closes(to->status);
    r->head = to->head;
    r->lineage = to->lineage;
    return put_whole(ledger, e, err);
}

enum assay_code kx_lane_put_lineage(struct kx_store *store, const struct kx_lane_record *to,
                                    int64_t now_ms, bool *applied, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    bool is_same = false;
    struct kx_lane_entry e = {0};
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->writer, err);

    if (code == ASSAY_OK)
        code = find(&s, &e, &s.arena, to->channel_id, err);
    if (code == ASSAY_OK && e.record.version == to->version) {
        is_same = true;
        code = kx_lane_follow(s.ledger, &e, to, now_ms, err);
    }
    if ((code = kx_step_end(&s, code, "put lineage", err)) == ASSAY_OK)
        *applied = is_same;
    return code;
}

enum assay_code kx_lane_compact_next(struct kx_step *s, int64_t until_ms, bool *is_done,
                                     struct assay_err *err)
{
    struct kx_ledger *l = s->ledger;
    struct kx_lane_entry e = {0};
    enum assay_code code = l->ops->find_channel(l, &e, &s->arena, NULL, err);

    *is_done = code == ASSAY_E_MISSING || (code == ASSAY_OK && e.record.changed_ms > until_ms);
    if (code != ASSAY_OK || *is_done)
        return code == ASSAY_E_MISSING ? ASSAY_OK : code;
    e.charge = 0;
    code = put(l, &e, err);
    if (code == ASSAY_OK)
        code = l->ops->put_lineage(l, e.record.channel_id, ASSAY_LIT(""), err);
    assay_arena_fini(&s->arena);
    return code;
}
