/* Reading what answers carry; see read.h. */
#include "peer/x402/read.h"

struct assay_bytes x4p_header_text(struct assay_case *t, const struct peer_answer *answer,
                                   const char *name)
{
    struct assay_bytes text;

    return x402_header_decode(&text, case_arena(t), peer_header(answer, name), NULL) == ASSAY_OK
               ? text
               : ASSAY_LIT("");
}

/* NULL, or what is wrong. */
static const char *read_document(struct assay_case *t, struct assay_json *doc,
                                 const struct peer_answer *answer, const char *name)
{
    struct assay_bytes header = peer_header(answer, name), text;
    struct assay_err err = {0};

    if (header.len == 0)
        return case_printf(t, "it has no %s header", name);
    if (x402_header_decode(&text, case_arena(t), header, &err) != ASSAY_OK ||
        x402_document_parse(doc, case_arena(t), text, false, &err) != ASSAY_OK)
        return case_printf(t, "its %s cannot be read: %s", name, err.text);
    return NULL;
}

const char *x4p_read_required(struct assay_case *t, struct assay_json *doc,
                              struct x402_required *required, const struct peer_answer *answer)
{
    const char *fault = read_document(t, doc, answer, "PAYMENT-REQUIRED");
    struct assay_err err = {0};

    if (fault == NULL && x402_required_read(required, case_arena(t), doc, &err) != X402_FAULT_NONE)
        fault = case_printf(t, "its PAYMENT-REQUIRED cannot be read: %s", err.text);
    return fault;
}

const char *x4p_read_settlement(struct assay_case *t, struct x402_settlement *said,
                                const struct peer_answer *answer)
{
    struct assay_json *doc = case_alloc(t, sizeof(*doc)); /* which the settlement borrows */
    const char *fault = read_document(t, doc, answer, "PAYMENT-RESPONSE");
    struct assay_err err = {0};

    if (fault == NULL && x402_settlement_read(said, case_arena(t), doc, &err) != X402_FAULT_NONE)
        fault = case_printf(t, "its PAYMENT-RESPONSE cannot be read: %s", err.text);
    return fault;
}
