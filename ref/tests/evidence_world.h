/** A complete, right bundle of live evidence, made by our own code from fixed keys: what tests of
 *  bundles change one thing of. Source: Kaspa x402 client digest, section 3. */
#ifndef EVIDENCE_WORLD_H
#define EVIDENCE_WORLD_H

#include "kaspa_x402/evidence.h"

#include <jansson.h>

/** The caller's; json_decref. */
json_t *evidence_world_bundle(void);

/** A value by its place in the document: "flows[3].steps[1].report.feeSompi"; the test fails where
 *  there is none. */
json_t *evidence_world_at(json_t *bundle, const char *place);
/** Sets it to a JSON value; NULL: takes it away. */
void evidence_world_set(json_t *bundle, const char *place, const char *value);
/** Judges it by the default policy. err is cleared first. */
enum kx_bundle_rule evidence_world_judge(const json_t *bundle, struct kx_bundle_summary *summary,
                                         struct assay_err *err);

/** An edit of one place, and what it is refused for. */
struct evidence_row {
    const char *place, *value; /**< JSON; NULL: it is taken away; EVIDENCE_BY_ONE */
    enum kx_bundle_rule rule;
    const char *where; /**< NULL: the place itself */
};
/** A number, a decimal text or a hash becomes one off. */
#define EVIDENCE_BY_ONE "by one"
void evidence_world_by_one(json_t *bundle, const char *place);

/** Expects that a bundle is refused, the words beginning with the place, and makes it right again.
 */
void evidence_world_expect(json_t **bundle, enum kx_bundle_rule want, const char *where,
                           const char *row);
void evidence_world_expect_rows(json_t **bundle, const struct evidence_row *rows, size_t count);

#endif
