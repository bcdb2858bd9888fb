/** The rules and threats of the profile as data: what verdicts, scenarios, defects and reports cite
 * by id. Sources: paid-tools digest, sections 10 and 10a; threat catalogue, "Paid tools" and the
 * rows for every profile; the toolkit's own threat model (T1 to T8). */
#ifndef PT_CATALOGUE_H
#define PT_CATALOGUE_H

#include "base/bytes.h"

enum pt_rule_set { PT_SET_BASE, PT_SET_HARDENED, PT_SET__COUNT };

/** How much a rule weighs in a rule set. */
enum pt_level {
    PT_LEVEL_MUST,
    PT_LEVEL_SHOULD,
    PT_LEVEL_MAY,
    PT_LEVEL_OURS,
    PT_LEVEL_REPORT, /**< reported, not judged in this set */
};

struct pt_rule {
    const char *id; /**< "NS-1" */
    enum pt_level level[PT_SET__COUNT];
    const char *source;   /**< document and section */
    const char *sentence; /**< what must hold */
    const char *remedy;   /**< what a server's maintainer changes */
};

struct pt_threat {
    const char *id;          /**< "proof-replay" */
    const char *profile;     /**< "paid-tools" */
    const char *asset;       /**< what is at stake */
    const char *threat;      /**< what somebody does */
    const char *mitigation;  /**< what is expected to stop it */
    const char *residual;    /**< what remains even so */
    const char *severity;    /**< "critical", "high", "medium" or "low" */
    const char *stride;      /**< letters of S, T, R, I, D, E */
    const char *not_reached; /**< what a black-box suite cannot see of it */
};

extern const struct pt_rule pt_rules[];
extern const size_t pt_rule_count;
extern const struct pt_threat pt_threats[];
extern const size_t pt_threat_count;

/** NULL: no such id. */
const struct pt_rule *pt_rule_find(struct assay_bytes id);
const struct pt_threat *pt_threat_find(struct assay_bytes id);
/** "must", "should", "may", "ours" or "report". */
const char *pt_level_name(enum pt_level level);

#endif
