/** Changes of a payment, each with what becomes of every rule: one that breaks one rule and leaves
 * the others as they are, or one right at a limit that breaks none. */
#ifndef ASSAY_REF_TESTS_KASPA_FAULTS_H
#define ASSAY_REF_TESTS_KASPA_FAULTS_H

#include "ref/tests/kaspa_payment.h"

/* When the signatures and the storage mass are made: before the change is for changes of these. */
enum made { MADE_AFTER, MADE_BEFORE };

/* One letter a rule in the order of rules.def, the stages apart: Held, Broken, Undecided, Not
 * judged. Error, place and sentence are of the first rule that is broken or undecided. */
struct kaspa_fault {
    const char *name;
    void (*change)(struct payment *p);
    const char *checks;
    enum kaspa_tx_error error;
    enum made made;
    size_t at;
    const char *sentence; /* NULL: not compared */
};

extern const struct kaspa_fault kaspa_faults[];
extern const size_t kaspa_fault_count;

#endif
