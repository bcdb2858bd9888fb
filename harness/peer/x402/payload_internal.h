/** The plug-ins that make payloads. Internal to payload*.c. */
#ifndef PEER_X402_PAYLOAD_INTERNAL_H
#define PEER_X402_PAYLOAD_INTERNAL_H

#include "base/sig.h"
#include "peer/x402/payload.h"

struct x4p_plugin {
    const char *name;
    bool (*takes)(const struct x402_terms *terms);
    /** Fills what the terms alone do not say: from, name and version. */
    enum assay_code (*prepare)(struct x4p_draft *d, struct assay_err *err);
    /** Signs the texts and makes d->payload of them. */
    enum assay_code (*sign)(struct x4p_draft *d, struct assay_err *err);
    /** NULL: finds no fault. */
    const char *(*refusal)(const struct x402_request *request, int64_t now_ms);
};

extern const struct x4p_plugin x4p_evm;
extern const struct x4p_plugin x4p_opaque; /**< takes all */

/** The key of the payer. Wipe it when done. */
void x4p_payer_key(struct assay_key *out, const struct x4p_ask *ask);

#endif
