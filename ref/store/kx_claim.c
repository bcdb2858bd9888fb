/* Claiming a transaction, its payment identifier, and its head or channel in one step (section 18,
 * claimExactSettlement; batch digest, section 14): what is known is looked at, judged, and only
 * then written. */
#include "store/kx_step.h"

#include "defects/defects.h"

/* What a claim meets. */
struct facts {
    bool is_known; /* the transaction; its entry is the step's */
    struct kx_identifier_record identifier;
    bool has_head;
    struct kx_head_record head;
    struct kx_lane_facts lane;
    struct kx_used used;
};

static enum assay_code check_sizes(const struct kx_attempt *a, struct assay_err *err)
{
    const struct {
        const char *what;
        size_t len, max;
    } slices[] = {
        {"payment identifier", a->identifier.len, X402_IDENTIFIER_MAX_CHARS},
        {"payee's script", a->pay_to_spk.len, KX_STORE_SPK_MAX_BYTES},
        {"transaction's text", a->transaction.len, X402_ARTIFACT_MAX_BYTES},
        {"checkpoint", a->since.len, X402_HASH_TEXT_BYTES - 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(slices); i++) {
        if (slices[i].len > slices[i].max)
            return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the %s has %zu bytes, at most %zu",
                              slices[i].what, slices[i].len, slices[i].max);
    }
    return a->has_channel ? kx_lane_check_claim(a, err) : ASSAY_OK;
}

static bool same_head(const struct kx_attempt *a, const struct kx_attempt *b)
{
    if (a->has_head != b->has_head)
        return false;
    return !a->has_head ||
           (memcmp(a->head_id, b->head_id, sizeof(a->head_id)) == 0 &&
            a->head_version == b->head_version && a->head_next_amount == b->head_next_amount);
}

/* The voucher is in the payload's hash. */
static bool same_charge(const struct kx_attempt *a, const struct kx_attempt *b)
{
    if (a->has_channel != b->has_channel)
        return false;
    return !a->has_channel || (strcmp(a->charge.channel_id, b->charge.channel_id) == 0 &&
                               a->charge.after == b->charge.after);
}

/* The transaction's text is no term: see kx_store.h. */
static bool same_terms(const struct kx_attempt *a, const struct kx_attempt *b)
{
    return strcmp(a->txid, b->txid) == 0 && a->profile == b->profile && a->amount == b->amount &&
           a->output_index == b->output_index && strcmp(a->fingerprint, b->fingerprint) == 0 &&
           strcmp(a->requirements_hash, b->requirements_hash) == 0 &&
           strcmp(a->payload_hash, b->payload_hash) == 0 &&
           strcmp(a->authorization_id, b->authorization_id) == 0 &&
           strcmp(a->scope, b->scope) == 0 && assay_bytes_equal(a->identifier, b->identifier) &&
           a->authorization_expires_ms == b->authorization_expires_ms &&
           a->challenge_expires_ms == b->challenge_expires_ms &&
           assay_bytes_equal(a->pay_to_spk, b->pay_to_spk) && a->required == b->required &&
           memcmp(a->payer, b->payer, sizeof(a->payer)) == 0 &&
           a->settles_last == b->settles_last && same_head(a, b) && same_charge(a, b);
}

static bool is_free_for(const struct kx_identifier_record *id, const struct kx_attempt *a)
{
    return id->state == KX_ID_NONE || id->state == KX_ID_RELEASED ||
           (a->has_channel && REF_DEFECT(kx_channel_identifier_apart)) ||
           (strcmp(id->txid, a->txid) == 0 && strcmp(id->fingerprint, a->fingerprint) == 0 &&
            strcmp(id->payload_hash, a->payload_hash) == 0);
}

/* A deadline that is now is past (section 6). */
static bool is_expired(const struct kx_attempt *a, int64_t now_ms)
{
    return a->authorization_expires_ms <= now_ms ||
           (a->challenge_expires_ms != KX_NO_TIME && a->challenge_expires_ms <= now_ms);
}

/* A head's version says which coin it stands on: each that it moves to has the next. */
static bool is_as_offered(const struct facts *f, const struct kx_attempt *a)
{
    const struct kx_head_record *h = &f->head;

    return f->has_head && h->status == KX_HEAD_AVAILABLE && h->version == a->head_version &&
           a->head_next_amount >= a->amount && a->head_next_amount - a->amount == h->amount;
}

/* For the attempt, and the channel that it brings. */
static bool has_room(const struct facts *f, const struct kx_attempt *a,
                     const struct kx_store_limits *limits)
{
    const struct kx_used *used = &f->used;
    bool opens = a->deposit != NULL && !f->lane.is_known;
    uint64_t records = opens ? 2 : 1;
    uint64_t bytes = kx_claim_charge(a) + (opens ? kx_channel_charge(a->deposit) : 0);

    return used->records < limits->max_records && records <= limits->max_records - used->records &&
           used->of_payer < limits->max_per_payer &&
           records <= limits->max_per_payer - used->of_payer && used->bytes <= limits->max_bytes &&
           bytes <= limits->max_bytes - used->bytes;
}

/* In this order: who sent the same before is told so, whatever has changed since. */
static enum kx_claim_result judged(const struct facts *f, const struct kx_entry *known,
                                   const struct kx_attempt *a, const struct kx_store_limits *limits,
                                   int64_t now_ms)
{
    enum kx_claim_result r = KX_CLAIM_CREATED;

    if (f->is_known)
        return same_terms(&known->attempt, a) ? KX_CLAIM_EXISTS : KX_CLAIM_OTHER_TERMS;
    if (!is_free_for(&f->identifier, a))
        return KX_CLAIM_ID_TAKEN;
    if (is_expired(a, now_ms) && !REF_DEFECT(kx_expiry_claim))
        return KX_CLAIM_EXPIRED;
    if (a->has_head && !is_as_offered(f, a))
        return KX_CLAIM_HEAD_MOVED;
    if (a->has_channel)
        r = kx_lane_judged(&f->lane, a);
    return r != KX_CLAIM_CREATED || has_room(f, a, limits) ? r : KX_CLAIM_FULL;
}

static enum assay_code look(struct facts *f, struct kx_step *s, const struct kx_attempt *a,
                            struct assay_err *err)
{
    struct kx_ledger *l = s->ledger;
    bool has_record;
    enum assay_code code;

    *f = (struct facts){.identifier.state = KX_ID_NONE};
    code = kx_found(&f->is_known,
                    l->ops->find_entry(l, &s->entry, &s->arena, KX_BY_TXID, a->txid, err));
    if (code == ASSAY_OK && a->identifier.len > 0)
        code =
            kx_found(&has_record, l->ops->find_identifier(l, &f->identifier, a->identifier, err));
    if (code == ASSAY_OK && a->has_head)
        code = kx_found(&f->has_head, l->ops->find_head(l, &f->head, a->head_id, err));
    if (code == ASSAY_OK && a->has_channel)
        code = kx_lane_look(&f->lane, s, a, err);
    if (code == ASSAY_OK)
        code = l->ops->used(l, &f->used, a->payer, err);
    return code;
}

static enum assay_code write_attempt(struct kx_ledger *l, const struct kx_attempt *a,
                                     int64_t now_ms, struct assay_err *err)
{
    struct kx_entry e = {.attempt = *a,
                         .packed = ASSAY_LIT(""),
                         .committed_ms = KX_NO_TIME,
                         .charge = kx_claim_charge(a)};

    /* a channel's head was confirmed before it is charged */
    e.attempt.status = a->has_channel ? KX_ACCEPTED : KX_PENDING;
    e.attempt.finality = a->has_channel ? KX_FINALITY_CONFIRMED : KX_FINALITY_MEMPOOL;
    e.attempt.claimed_ms = now_ms;
    e.attempt.changed_ms = now_ms;
    e.attempt.handler_started_ms = KX_NO_TIME;
    e.attempt.recovery = ASSAY_LIT("");
    e.attempt.deposit = NULL;
    return l->ops->put_entry(l, &e, err);
}

static enum assay_code write_claim(struct kx_ledger *l, const struct kx_attempt *a, struct facts *f,
                                   int64_t now_ms, struct assay_err *err)
{
    enum assay_code code = write_attempt(l, a, now_ms, err);

    f->head.status = KX_HEAD_CLAIMED;
    if (code == ASSAY_OK && !REF_DEFECT(kx_claim_no_identifier))
        code = kx_own_identifier(l, a, KX_ID_PENDING, err);
    if (code == ASSAY_OK && a->has_head && !REF_DEFECT(kx_head_race))
        code = l->ops->put_head(l, &f->head, err);
    if (code == ASSAY_OK && a->has_channel)
        code = kx_lane_claim(l, &f->lane, a, now_ms, err);
    return code;
}

/* The wrong turn of kx_store_evicts. */
static enum assay_code forget_oldest(struct kx_step *s, enum kx_claim_result *result,
                                     struct assay_err *err)
{
    bool has_one;
    enum assay_code code =
        kx_found(&has_one, s->ledger->ops->find_entry(s->ledger, &s->entry, &s->arena,
                                                      KX_OLDEST_ANSWER, NULL, err));

    if (code != ASSAY_OK || !has_one)
        return code;
    *result = KX_CLAIM_CREATED;
    return kx_forget(s, err);
}

enum assay_code kx_claim(struct kx_store *store, const struct kx_attempt *attempt, int64_t now_ms,
                         enum kx_claim_result *result, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    bool is_apart = REF_DEFECT(kx_claim_two_steps); /* looking, and writing */
    enum kx_claim_result r = KX_CLAIM_FULL;
    struct facts f;
    struct kx_step s;
    enum assay_code code = check_sizes(attempt, err);

    if (code != ASSAY_OK)
        return assay_err_wrap(err, code, "store: claim");
    code = kx_step_begin(&s, is_apart ? b->reader : b->writer, err);
    if (code == ASSAY_OK)
        code = look(&f, &s, attempt, err);
    if (code == ASSAY_OK && is_apart)
        code = kx_step_again(&s, b->writer, err);
    if (code == ASSAY_OK)
        r = judged(&f, &s.entry, attempt, &b->limits, now_ms + s.waited_ms);
    if (code == ASSAY_OK && r == KX_CLAIM_FULL && REF_DEFECT(kx_store_evicts))
        code = forget_oldest(&s, &r, err);
    if (code == ASSAY_OK && r == KX_CLAIM_CREATED)
        code = write_claim(s.ledger, attempt, &f, now_ms, err);
    if ((code = kx_step_end(&s, code, "claim", err)) == ASSAY_OK)
        *result = r;
    return code;
}
