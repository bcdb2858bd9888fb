/** A bundle of live evidence, judged: what an operator reports of sixteen flows on the test
 * network.
 *
 *  Nothing in it is believed that can be computed: every id, script, hash, sum and signature is
 * made again from the bytes that the bundle has. What is left to trust is that the chain, as its
 * sources told it, was the chain; how many sources these were is part of the result. No key,
 * signature or connection is needed here. docs/evidence-bundle.md is the format. Source: Kaspa x402
 * client digest, section 3.
 */
#ifndef KX_EVIDENCE_BUNDLE_H
#define KX_EVIDENCE_BUNDLE_H

#include "kaspa_x402/acceptance.h"

#define KX_BUNDLE_FORMAT "assay-evidence/1"
#define KX_BUNDLE_STATEMENT_TEXT "test network evidence, not an approval"
#define KX_BUNDLE_CONFIRMATION_TEXT                                                                \
    "I ran these flows on kaspa:testnet-10, with funds of no value, and report them unchanged"
#define KX_BUNDLE_MAX_BYTES ((size_t)1 << 20)
#define KX_BUNDLE_SOURCES_MAX 8
/** What judging a bundle of the largest size may take of an arena. */
#define KX_BUNDLE_ARENA_BYTES ((size_t)256 << 20)

enum kx_bundle_rule {
    KX_BUNDLE_OK,
#define X(constant, id, source, sentence, remedy) KX_BUNDLE_##constant,
#include "kaspa_x402/evidence_rules.def"
#undef X
    KX_BUNDLE__COUNT
};

struct kx_bundle_rule_row {
    const char *id, *source, *sentence, *remedy;
};
/** Row 0 is of no rule. */
extern const struct kx_bundle_rule_row kx_bundle_rules[KX_BUNDLE__COUNT];

enum kx_flow {
#define X(constant, name, first, second, third, sentence) KX_FLOW_##constant,
#include "kaspa_x402/evidence_flows.def"
#undef X
    KX_FLOW__COUNT
};
/** "exact-native" and so on; what it shows. */
const char *kx_flow_name(enum kx_flow flow);
const char *kx_flow_sentence(enum kx_flow flow);

struct kx_bundle_policy {
    uint64_t confirmations; /**< that `confirmed` means; > 0 */
    uint64_t fee_max;       /**< sompi, of any transaction */
};
#define KX_BUNDLE_POLICY_INIT                                                                      \
    {                                                                                              \
        .confirmations = KX_THRESHOLD_DEFAULT, .fee_max = UINT64_C(100000000)                      \
    }

struct kx_bundle_summary {
    size_t sources;        /**< with operators of their own; one corroborates nothing */
    size_t broadcasts;     /**< transactions that were judged */
    const char *statement; /**< what success means, and no more */
};

/** Judges a bundle. OK: every gate held. Else the first that did not, and err says the place and
 *  what is wrong with it: "flows[10].steps[1].state.T is …"; never a value that may be a secret.
 *  out: only of OK. FORM with err's code NOMEM: no memory. */
enum kx_bundle_rule kx_bundle_judge(struct kx_bundle_summary *out, struct assay_arena *arena,
                                    struct assay_bytes text, const struct kx_bundle_policy *policy,
                                    struct assay_err *err) ASSAY_MUST_USE;

#endif
