/* Heads of the additive profile (section 8.4): each is a coin, and moves when a payment that spends
 * it is accepted, or along steps that the caller has proved. Offers never change one. */
#include "store/kx_step.h"

#include "base/hex.h"

enum { STEPS_MAX = 64 };

/* Its status is what happens to it, not what it is. */
static bool same_coin(const struct kx_head_record *a, const struct kx_head_record *b)
{
    return a->version == b->version && kaspa_outpoint_equal(&a->outpoint, &b->outpoint) &&
           a->amount == b->amount;
}

/* Puts a head where no other one stands. */
static enum assay_code put(struct kx_ledger *l, const struct kx_head_record *head,
                           struct assay_err *err)
{
    struct kx_head_record there;
    enum assay_code code = l->ops->find_head_at(l, &there, &head->outpoint, err);

    if (code == ASSAY_OK && memcmp(there.id, head->id, sizeof(head->id)) != 0)
        return assay_fail(err, ASSAY_E_DUPLICATE, 0, "another head stands on that outpoint");
    return code == ASSAY_OK || code == ASSAY_E_MISSING ? l->ops->put_head(l, head, err) : code;
}

static enum assay_code enter(struct kx_ledger *l, const struct kx_head_record *head, uint64_t max,
                             struct assay_err *err)
{
    struct kx_head_record known;
    uint64_t all, available;
    enum assay_code code = l->ops->find_head(l, &known, head->id, err);

    if (code == ASSAY_OK)
        return same_coin(&known, head) && known.threshold == head->threshold &&
                       memcmp(known.owner, head->owner, sizeof(head->owner)) == 0
                   ? ASSAY_OK
                   : assay_fail(err, ASSAY_E_DUPLICATE, 0,
                                "a head of that id is registered, and stands at version %llu",
                                (unsigned long long)known.version);
    if (code != ASSAY_E_MISSING)
        return code;
    if ((code = l->ops->count_heads(l, &all, &available, err)) != ASSAY_OK)
        return code;
    return all < max ? put(l, head, err)
                     : assay_fail(err, ASSAY_E_TOO_LARGE, 0,
                                  "%llu heads are registered, at most %llu may be",
                                  (unsigned long long)all, (unsigned long long)max);
}

enum assay_code kx_head_register(struct kx_store *store, const struct kx_head_record *head,
                                 struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->writer, err);

    if (code == ASSAY_OK)
        code = enter(s.ledger, head, b->limits.max_heads, err);
    return kx_step_end(&s, code, "register head", err);
}

enum assay_code kx_head_select(struct kx_store *store, struct kx_head_record *out, uint64_t key,
                               struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    uint64_t all, available = 0;
    struct kx_head_record head = {0};
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->reader, err);

    if (code == ASSAY_OK)
        code = s.ledger->ops->count_heads(s.ledger, &all, &available, err);
    if (code == ASSAY_OK)
        code = available > 0 ? s.ledger->ops->find_available(s.ledger, &head, key % available, err)
                             : assay_fail(err, ASSAY_E_MISSING, 0, "no head is available");
    if ((code = kx_step_end(&s, code, "select head", err)) == ASSAY_OK)
        *out = head;
    return code;
}

enum assay_code kx_head_load(struct kx_store *store, struct kx_head_record *out, const uint8_t *id,
                             struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    struct kx_head_record head = {0};
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->reader, err);

    if (code == ASSAY_OK)
        code = s.ledger->ops->find_head(s.ledger, &head, id, err);
    if ((code = kx_step_end(&s, code, "load head", err)) == ASSAY_OK)
        *out = head;
    return code;
}

/* Puts `to` in place of a head that is still as it was seen; *applied. */
static enum assay_code replace(struct kx_store *store, const struct kx_head_record *seen,
                               const struct kx_head_record *to, bool *applied,
                               const char *operation, struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    bool is_same = false;
    struct kx_head_record known;
    struct kx_step s;
    enum assay_code code = kx_step_begin(&s, b->writer, err);

    if (code == ASSAY_OK)
        code = s.ledger->ops->find_head(s.ledger, &known, seen->id, err);
    if (code == ASSAY_OK) {
        is_same = same_coin(&known, seen) && known.status == seen->status;
        known.version = to->version;
        known.outpoint = to->outpoint;
        known.amount = to->amount;
        known.status = to->status;
    }
    if (is_same)
        code = put(s.ledger, &known, err);
    code = kx_step_end(&s, code == ASSAY_E_MISSING ? ASSAY_OK : code, operation, err);
    if (code == ASSAY_OK)
        *applied = is_same;
    return code;
}

enum assay_code kx_head_mark_unavailable(struct kx_store *store, const struct kx_head_record *seen,
                                         bool *applied, struct assay_err *err)
{
    struct kx_head_record to = *seen;

    to.status = KX_HEAD_UNAVAILABLE;
    return replace(store, seen, &to, applied, "mark head unavailable", err);
}

enum assay_code kx_head_move(struct kx_store *store, const struct kx_head_record *seen,
                             const struct kaspa_outpoint *outpoint, uint64_t amount, unsigned steps,
                             bool *applied, struct assay_err *err)
{
    struct kx_head_record to = *seen;

    if (steps < 1 || steps > STEPS_MAX)
        return assay_fail(err, ASSAY_E_RANGE, 0, "store: move head: %u steps are none of 1 to %d",
                          steps, STEPS_MAX);
    if (__builtin_add_overflow(seen->version, steps, &to.version))
        return assay_fail(err, ASSAY_E_RANGE, 0, "store: move head: its version is the last");
    *applied = false;
    if (seen->status == KX_HEAD_CLAIMED || seen->status == KX_HEAD_RETIRED)
        return ASSAY_OK;
    to.outpoint = *outpoint;
    to.amount = amount;
    to.status = KX_HEAD_AVAILABLE;
    return replace(store, seen, &to, applied, "move head", err);
}

/* The head that an attempt is about, while it is still at the version that the attempt spends;
 * MISSING: it is further. */
static enum assay_code spent(struct kx_ledger *l, struct kx_head_record *out,
                             const struct kx_attempt *a, struct assay_err *err)
{
    enum assay_code code = l->ops->find_head(l, out, a->head_id, err);

    return code == ASSAY_OK && out->version != a->head_version ? ASSAY_E_MISSING : code;
}

enum assay_code kx_head_advance(struct kx_ledger *ledger, const struct kx_attempt *attempt,
                                struct assay_err *err)
{
    struct kx_head_record head;
    enum assay_code code = spent(ledger, &head, attempt, err);

    if (code != ASSAY_OK)
        return code == ASSAY_E_MISSING ? ASSAY_OK : code;
    if (__builtin_add_overflow(head.version, 1u, &head.version))
        return assay_fail(err, ASSAY_E_RANGE, 0, "the head's version is the last");
    if (assay_hex_decode(head.outpoint.txid.at, sizeof(head.outpoint.txid.at),
                         assay_str(attempt->txid), true) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "the transaction id is not 64 lower-case hex digits");
    head.outpoint.index = 0;
    head.amount = attempt->head_next_amount;
    head.status = KX_HEAD_AVAILABLE;
    return put(ledger, &head, err);
}

enum assay_code kx_head_release(struct kx_ledger *ledger, const struct kx_attempt *attempt,
                                struct assay_err *err)
{
    struct kx_head_record head;
    enum assay_code code = spent(ledger, &head, attempt, err);

    if (code != ASSAY_OK)
        return code == ASSAY_E_MISSING ? ASSAY_OK : code;
    if (head.status != KX_HEAD_CLAIMED)
        return ASSAY_OK;
    head.status = KX_HEAD_AVAILABLE;
    return ledger->ops->put_head(ledger, &head, err);
}
