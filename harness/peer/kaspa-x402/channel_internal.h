/** Inside of the verbs about channels. */
#ifndef PEER_KASPA_X402_CHANNEL_INTERNAL_H
#define PEER_KASPA_X402_CHANNEL_INTERNAL_H

#include "peer/kaspa-x402/channel.h"
#include "peer/kaspa-x402/peer_internal.h"

/** The client's signature for a total, under the channel's own binding and lineage. */
void kxc_sign_voucher(uint8_t out[ASSAY_SIG_BYTES], struct assay_case *t,
                      const struct kxc_channel *channel, uint64_t total);
/** The client's view of his channel, with that total: the script is in the case's memory. */
struct kx_channel_view kxc_view(struct assay_case *t, const struct kxc_channel *channel,
                                uint64_t total);

#endif
