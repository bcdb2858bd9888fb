/** The profiles there are, each defined beside its peer. */
#ifndef RUN_PROFILES_H
#define RUN_PROFILES_H

#include "run/registry.h"

extern const struct profile profile_kaspa_x402; /* harness/peer/kaspa-x402/profile.c */
extern const struct profile profile_paid_tools; /* harness/peer/paid-tools/profile.c */
extern const struct profile profile_x402;       /* harness/peer/x402/profile.c */

#endif
