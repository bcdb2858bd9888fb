/* Steps on a ledger, and what becomes of identifiers in them. */
#include "store/kx_step.h"

#include <time.h>

static int64_t steady_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum assay_code kx_step_begin(struct kx_step *s, struct kx_ledger *ledger, struct assay_err *err)
{
    int64_t began_ms = steady_ms();
    enum assay_code code = ledger->ops->begin(ledger, err);

    *s = (struct kx_step){.waited_ms = steady_ms() - began_ms,
                          .ledger = code == ASSAY_OK ? ledger : NULL,
                          .arena = ASSAY_ARENA_INIT(KX_STEP_BYTES)};
    return code;
}

enum assay_code kx_step_again(struct kx_step *s, struct kx_ledger *ledger, struct assay_err *err)
{
    enum assay_code code = s->ledger->ops->commit(s->ledger, err);

    s->ledger->ops->leave(s->ledger);
    s->ledger = NULL;
    if (code == ASSAY_OK && (code = ledger->ops->begin(ledger, err)) == ASSAY_OK)
        s->ledger = ledger;
    return code;
}

enum assay_code kx_step_end(struct kx_step *s, enum assay_code code, const char *operation,
                            struct assay_err *err)
{
    if (s->ledger != NULL) {
        if (code == ASSAY_OK)
            code = s->ledger->ops->commit(s->ledger, err);
        s->ledger->ops->leave(s->ledger);
    }
    assay_arena_fini(&s->arena);
    return assay_err_wrap(err, code, "store: %s", operation);
}

enum assay_code kx_step_find(struct kx_step *s, const char *txid, struct assay_err *err)
{
    enum assay_code code =
        s->ledger->ops->find_entry(s->ledger, &s->entry, &s->arena, KX_BY_TXID, txid, err);

    return code == ASSAY_E_MISSING
               ? assay_fail(err, code, 0, "there is no attempt of transaction %s", txid)
               : code;
}

enum assay_code kx_step_find_to_change(struct kx_step *s, struct kx_store *store, const char *txid,
                                       struct assay_err *err)
{
    const struct kx_books *b = (const struct kx_books *)store;
    enum assay_code code = kx_step_begin(s, b->writer, err);

    return code == ASSAY_OK ? kx_step_find(s, txid, err) : code;
}

enum assay_code kx_step_put(struct kx_step *s, int64_t now_ms, struct assay_err *err)
{
    s->entry.attempt.changed_ms = now_ms;
    return s->ledger->ops->put_entry(s->ledger, &s->entry, err);
}

enum assay_code kx_own_identifier(struct kx_ledger *ledger, const struct kx_attempt *attempt,
                                  enum kx_identifier_state state, struct assay_err *err)
{
    struct kx_identifier_record r = {.state = state};
    int64_t until_ms = attempt->authorization_expires_ms > attempt->challenge_expires_ms
                           ? attempt->authorization_expires_ms
                           : attempt->challenge_expires_ms;

    memcpy(r.txid, attempt->txid, sizeof(r.txid));
    memcpy(r.fingerprint, attempt->fingerprint, sizeof(r.fingerprint));
    memcpy(r.payload_hash, attempt->payload_hash, sizeof(r.payload_hash));
    memcpy(r.scope, attempt->scope, sizeof(r.scope));
    return attempt->identifier.len > 0
               ? ledger->ops->put_identifier(ledger, attempt->identifier, &r, until_ms, err)
               : ASSAY_OK;
}

enum assay_code kx_forget(struct kx_step *s, struct assay_err *err)
{
    const struct kx_attempt *a = &s->entry.attempt;
    enum assay_code code = s->ledger->ops->drop_entry(s->ledger, a->txid, err);

    return code == ASSAY_OK ? kx_own_identifier(s->ledger, a, KX_ID_RELEASED, err) : code;
}
