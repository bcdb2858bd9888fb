/** Seeded defects: named wrong turns of the reference, off unless switched on by name.
 *
 *  One list per profile (paid_tools.def, kaspa_x402.def, x402.def), and one of those that a profile
 * has of another's (x402_shared.def): rows of their own, with the other's flag. In libref.a
 * REF_DEFECT(name) is the constant 0 and the wrong turn is not even compiled in; in
 * libref-defects.a (-DASSAY_REF_DEFECTS) it asks a switch. A defect stands at the place where a
 * real server makes the mistake, and is one line there:
 *
 *      if (!REF_DEFECT(nonce_unrecorded))
 *          store->...
 */
#ifndef REF_DEFECTS_DEFECTS_H
#define REF_DEFECTS_DEFECTS_H

#include "base/err.h"

/* X(ident, id, rule sets ("base", "hardened" or "both"), threat, rule, place (file), sentence) */
enum ref_defect_id {
#define X(ident, id, sets, threat, rule, place, sentence) REF_DEFECT_##ident,
#include "defects/kaspa_x402.def"
#include "defects/paid_tools.def"
#include "defects/x402.def"
#undef X
#define X(ident, flag, id, sets, threat, rule, place, sentence) REF_DEFECT_##ident,
#include "defects/x402_shared.def"
#undef X
    REF_DEFECT__COUNT
};

struct ref_defect {
    enum ref_defect_id flag; /**< what is switched on: its own, or that of the one that it shares */
    const char *profile;     /**< "paid-tools": that of its list */
    const char *id;          /**< dotted, "nonce.two_steps" */
    const char *sets;        /**< the rule sets under which it shows: "base", "hardened", "both" */
    const char *threat;      /**< id of the threat it opens */
    const char *rule;        /**< id of the rule it breaks */
    const char *place;       /**< source file that holds the wrong turn */
    const char *sentence;    /**< what the broken server does, in one sentence */
};

/** The list; also there in libref.a, where nothing can be switched on. */
const struct ref_defect *ref_defect_at(enum ref_defect_id id);
/** Index of the defect of that id, or REF_DEFECT__COUNT. */
enum ref_defect_id ref_defect_find(struct assay_bytes id);

/** Switches one on for this process and its children. UNKNOWN: no such id. UNSUPPORTED: this
 *  library was built without defects. */
enum assay_code ref_defect_switch_on(struct assay_bytes id, struct assay_err *err) ASSAY_MUST_USE;
void ref_defect_all_off(void);

#ifdef ASSAY_REF_DEFECTS
bool ref_defect_is_on(enum ref_defect_id id);
#define REF_DEFECT(ident) ref_defect_is_on(REF_DEFECT_##ident)
#else
#define REF_DEFECT(ident) 0
#endif

#endif
