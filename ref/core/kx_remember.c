/* By what a payment is remembered: the name of its transaction as it is; and, of defects, what
 * makes one transaction another. */
#include "core/kx_core_internal.h"
#include "defects/defects.h"
#include "kaspa/safejson.h"

static void add_from_text(struct assay_buf *out, struct kx_core_request *r)
{
    static const struct kaspa_json_options options = {.unknown_members = true};
    struct kaspa_claims claims;
    struct kaspa_tx tx;

    if (kaspa_tx_parse(&tx, &claims, &r->arena, r->payment.transaction, &options, NULL) != ASSAY_OK)
        return;
    if (REF_DEFECT(kx_id_key))
        assay_buf_add(out, assay_bytes_of(claims.id.at, sizeof(claims.id.at)));
    for (size_t i = 0; REF_DEFECT(kx_replay_witness) && i < tx.input_count; i++)
        assay_buf_add(out, tx.inputs[i].signature_script);
}

/* Of defects: what makes the same transaction another one. */
static void add_alias(struct assay_buf *out, struct kx_core_request *r)
{
    uint32_t accepted = r->payment.envelope.accepted.token;

    if (REF_DEFECT(kx_replay_unrecorded) || REF_DEFECT(kx_replay_identifier) || r->is_again)
        assay_buf_add(out, r->identifier);
    if (REF_DEFECT(kx_replay_text))
        assay_buf_add(out, r->payment.transaction);
    if (REF_DEFECT(kx_replay_witness) || REF_DEFECT(kx_id_key))
        add_from_text(out, r);
    if (REF_DEFECT(kx_replay_index))
        assay_buf_add_u64(out, r->payment.output_index);
    if (REF_DEFECT(kx_replay_request))
        assay_buf_add_str(out, r->fingerprint);
    if (REF_DEFECT(kx_replay_profile))
        assay_buf_add(out, r->payment.profile_text);
    if (REF_DEFECT(kx_replay_case) || REF_DEFECT(kx_offer_additions))
        assay_buf_add(out, assay_json_raw(&r->doc, accepted));
}

enum assay_code kx_core_remember_as(struct kx_core_request *r, char *hash)
{
    struct assay_buf alias = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);
    enum assay_code rc;

    add_alias(&alias, r);
    if (alias.len > 0) {
        assay_buf_add_str(&alias, hash);
        x402_hash_text(hash, assay_buf_view(&alias));
    }
    rc = alias.bad;
    assay_buf_fini(&alias);
    return rc;
}

bool kx_core_forgets(void)
{
    return REF_DEFECT(kx_replay_unrecorded) || REF_DEFECT(kx_replay_identifier) ||
           REF_DEFECT(kx_replay_text) || REF_DEFECT(kx_replay_witness) ||
           REF_DEFECT(kx_replay_index) || REF_DEFECT(kx_replay_request) ||
           REF_DEFECT(kx_replay_case) || REF_DEFECT(kx_replay_profile) || REF_DEFECT(kx_id_key) ||
           REF_DEFECT(kx_replay_worker) || REF_DEFECT(kx_replay_memory) ||
           REF_DEFECT(kx_store_evicts) || REF_DEFECT(kx_handler_failed_released) ||
           REF_DEFECT(kx_offer_additions) || REF_DEFECT(kx_replay_late);
}
