/* What the wallet, the server and the node say, and how far each is believed. Source: Kaspa x402
 * client digest, F1 and F6; exact digest, sections 3.5 and 14. */
#include "client/kx_client_internal.h"

#include "base/decimal.h"
#include "defects/defects.h"

#define RETRY_MS 1000 /* where Retry-After says nothing that can be read */

bool kx_client_read_result(struct kx_client *c, void *out, const struct kx_member *members,
                           size_t count, struct assay_bytes answer, struct assay_err *err)
{
    struct assay_bytes kept = assay_arena_copy(&c->arena, answer);
    struct assay_json doc;
    const struct kx_reader r = {.doc = &doc, .arena = &c->arena, .place = "result", .err = err};

    if (kept.at == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory") == ASSAY_OK;
    return x402_document_parse(&doc, &c->arena, kept, true, err) == ASSAY_OK &&
           kx_read_members(&r, assay_json_member(&doc, 0, "result"), members, count, out);
}

struct assay_bytes kx_client_result_text(struct kx_client *c, struct assay_bytes answer)
{
    struct assay_bytes text;
    struct assay_json doc;

    if (x402_document_parse(&doc, &c->arena, answer, true, NULL) == ASSAY_OK &&
        x402_text(&text, &c->arena, &doc, 0, "result"))
        return text;
    return ASSAY_LIT("");
}

bool kx_client_is_required(const struct kx_client *c, struct assay_bytes source)
{
    if (REF_DEFECT(kx_client_source_case))
        return assay_bytes_equal_nocase(source, c->policy->source);
    return assay_bytes_equal(source, c->policy->source) ||
           (REF_DEFECT(kx_client_source_absent) && source.len == 0);
}

/* ---- the server ---- */

enum kx_client_word kx_client_word_of(struct kx_client *c, const struct kx_client_field *header)
{
    struct x402_settlement said;
    struct assay_bytes json;
    struct assay_json doc;

    if (header->count == 0)
        return KX_CLIENT_SAID_NOTHING;
    if (header->count > 1 ||
        x402_header_decode(&json, &c->arena, header->value, NULL) != ASSAY_OK ||
        x402_document_parse(&doc, &c->arena, json, true, NULL) != ASSAY_OK ||
        x402_settlement_read(&said, &c->arena, &doc, NULL) != X402_FAULT_NONE)
        return KX_CLIENT_SAID_NONSENSE;
    if (!said.success)
        return KX_CLIENT_SAID_FAILED;
    if (c->is_batch)
        return kx_client_receipt(c, &doc);
    return assay_bytes_equal_nocase(said.transaction, c->attempt.txid) &&
                   assay_bytes_equal(said.network, c->attempt.network) &&
                   assay_bytes_equal(said.amount, c->attempt.amount)
               ? KX_CLIENT_SAID_PAID
               : KX_CLIENT_SAID_OTHER;
}

/* Seconds alone; a date, a sign, or no wait at all is no reason to hammer a server. */
int64_t kx_client_retry_after(const struct kx_client *c, const struct kx_client_field *header)
{
    int64_t wait_ms = RETRY_MS, most = c->policy->retry_after_max_ms;
    uint64_t seconds;

    if (header->count == 1 && assay_decimal_u64(&seconds, header->value) == ASSAY_OK && seconds > 0)
        wait_ms = seconds < KX_POLICY_TIME_MAX_MS / 1000 ? (int64_t)seconds * 1000
                                                         : KX_POLICY_TIME_MAX_MS;
    if (REF_DEFECT(kx_client_retry_at_once))
        return 0;
    return wait_ms < most || REF_DEFECT(kx_client_retry_waits) ? wait_ms : most;
}

/* ---- the node ---- */

/* A payment that was seen in a block is settled once it is as final as its terms ask. What is
 * contradicted on the chain, as deep as `confirmed` is, can never arrive; all else is unknown, and
 * leaves the state as it is (section 14, `absent`). */
enum kx_client_state kx_client_state_of(const struct kx_client *c, const struct kx_sight *sight)
{
    const struct kx_chain_evidence *evidence = &sight->evidence;
    bool is_deep =
        evidence->has_confirmations && evidence->confirmations >= c->policy->confirmations;

    if (REF_DEFECT(kx_client_unknown_is_absent) && evidence->status == KX_CHAIN_UNKNOWN)
        return KX_CLIENT_ABSENT;
    if (REF_DEFECT(kx_client_mempool) && evidence->status == KX_CHAIN_MEMPOOL)
        return KX_CLIENT_SETTLED;
    if (evidence->status == KX_CHAIN_ABSENT && (is_deep || REF_DEFECT(kx_client_absent_shallow)))
        return KX_CLIENT_ABSENT;
    if (kaspa_hash_equal(&evidence->transaction_id, &c->look.txid) &&
        kx_finality_is_reached(evidence, c->terms.finality, c->policy->confirmations))
        return KX_CLIENT_SETTLED;
    return c->attempt.state;
}
