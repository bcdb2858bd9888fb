/** The verbs of kaspa-x402 scenarios that libraries are put to. See peer/library/library.h. */
#ifndef PEER_KASPA_X402_LIBRARY_H
#define PEER_KASPA_X402_LIBRARY_H

#include "peer/kaspa-x402/peer.h"
#include "peer/library/library.h"

/** Judges the library by every known answer of the profile that is about the rule. */
#define expect_rule_is_kept(t, rule)                                                               \
    (case_where((t), __FILE__, __LINE__), kxp_expect_rule_is_kept((t), (rule)))
void kxp_expect_rule_is_kept(struct assay_case *t, const char *rule);
/** By one accepted answer of each operation that it has. */
#define expect_what_is_known(t) (case_where((t), __FILE__, __LINE__), kxp_expect_what_is_known(t))
void kxp_expect_what_is_known(struct assay_case *t);

#endif
