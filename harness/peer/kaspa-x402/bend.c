/* For hooks: times and keys; see peer.h. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/time.h"

const char *kxp_time_text(struct assay_case *t, int64_t ms)
{
    char *text = case_alloc(t, ASSAY_TIME_TEXT_BYTES);

    assay_time_text(text, ms);
    return text;
}

struct assay_key kxp_stranger(struct assay_case *t)
{
    struct assay_key key;

    (void)t;
    kaspa_key_from_seed(&key, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("stranger"));
    return key;
}

struct kaspa_spk kxp_spk_of(struct assay_case *t, const struct assay_key *key)
{
    uint8_t room[KASPA_SPK_SCHNORR_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    kaspa_script_add_pay_to_pubkey(&script, key->xonly);
    return (struct kaspa_spk){.script = case_copy(t, assay_buf_view(&script))};
}
