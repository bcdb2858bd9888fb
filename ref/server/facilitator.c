/* What the reference facilitator has beside the server that it is; see facilitator.h. */
#include "server/facilitator.h"

#include "x402/limits.h"

struct kx_server_options ref_facilitator_options(void)
{
    struct kx_server_options options = KX_SERVER_OPTIONS_DEFAULT;

    options.facilitates = true;
    options.modes = X402_MODE_VERIFY | X402_MODE_SETTLE;
    options.listen = "127.0.0.1:8403";
    options.accept_wait_ms = 5000;
    options.scope_running_max = 32;
    options.caller_running_max = 32;
    options.body_max_bytes = X402_DECODED_MAX_BYTES;
    return options;
}

enum assay_code ref_facilitator_read_tenant(struct assay_bytes *name, struct assay_bytes *variable,
                                            struct assay_bytes text, struct assay_err *err)
{
    size_t colon = assay_bytes_find(text, ':', 0);

    if (colon == 0 || colon + 1 >= text.len)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "it is NAME:VARIABLE");
    *name = assay_bytes_part(text, 0, colon);
    *variable = assay_bytes_part(text, colon + 1, text.len);
    return ASSAY_OK;
}
