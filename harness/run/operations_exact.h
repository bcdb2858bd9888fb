/** What the operations of the exact scheme share: readers of their inputs, and refusals with their
 *  three names. Internal to the operation table.
 *
 *  Every reader says false after saying in err what is wrong; what it makes lives in the arena
 * given.
 */
#ifndef RUN_OPERATIONS_EXACT_H
#define RUN_OPERATIONS_EXACT_H

#include "kaspa_x402/exact_verify.h"
#include "run/operations_kaspa.h"

/** {"rule", "local", "wire", "reason"}; of NONE neither of the codes. */
enum operation_answer exact_refused(json_t **result, const char *rule, enum kx_local local,
                                    const char *reason);
/** The same of a message that is none, or is too large: by rules http.form and http.budget. ERROR
 *  where `why` says that there is no memory, which is then told in err. */
enum operation_answer exact_refused_form(json_t **result, const struct assay_err *why,
                                         struct assay_err *err);

/** A JSON value as a document, of which the last of duplicate members counts. */
bool exact_in_value(struct assay_json *doc, struct assay_arena *arena, const json_t *value,
                    struct assay_err *err);
/** A message: its JSON value, or a text with a header's value, within the budgets. REFUSED: it is
 *  no such message; ERROR: it is not there. */
enum operation_answer exact_in_message(struct assay_json *doc, struct assay_arena *arena,
                                       const json_t *in, const char *member, json_t **result,
                                       struct assay_err *err);
/** The member "required": what the server offered itself, and so an input of the operation. */
bool exact_in_offer(struct x402_required *out, struct assay_json *doc, struct assay_arena *arena,
                    const json_t *in, struct assay_err *err);
/** A time as the payloads have it. */
bool exact_in_time(int64_t *out, const json_t *in, const char *member, struct assay_err *err);
/** "mempool", "accepted" or "confirmed". */
bool exact_in_finality(enum kx_finality *out, const json_t *in, const char *member,
                       struct assay_err *err);
/** {"status", "transactionId"?, "confirmations"?}. */
bool exact_in_evidence(struct kx_chain_evidence *out, const json_t *in, struct assay_err *err);

/** A request: {"method"? (GET), "url", "body"? (any JSON value), "requestHash"?, "context"?}.
 * Zeroed, but for the arena, before it is read. */
struct exact_request {
    struct assay_arena *arena;
    struct kx_request request;
    struct kx_context context;
    struct assay_json body, state;
};
/** REFUSED: its URL is none. */
enum operation_answer exact_in_request(struct exact_request *out, const json_t *in, json_t **result,
                                       struct assay_err *err);
/** {"principal", "tenant"?, "authorizationScopes"?, "handlerState"?}. */
bool exact_in_context(struct exact_request *out, const json_t *in, struct assay_err *err);

/** The member "requirements": terms that are read and judged. REFUSED: by their check. */
enum operation_answer exact_in_terms(struct kx_terms *out, struct assay_json *doc,
                                     struct assay_arena *arena, const json_t *in, json_t **result,
                                     struct assay_err *err);

/** A payment that is read. REFUSED: by its form. */
enum operation_answer exact_in_payment(struct kx_payment *out, struct assay_json *doc,
                                       struct assay_arena *arena, const json_t *in, json_t **result,
                                       struct assay_err *err);

#define EXACT_ARENA_MAX_BYTES KASPA_IN_MAX_BYTES

#endif
