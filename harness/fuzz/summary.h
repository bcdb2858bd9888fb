/** A campaign in one tree, for its page and for people: what was done, what was found, what to do.
 *  Its form is that of reports/fuzz.h. */
#ifndef FUZZ_SUMMARY_H
#define FUZZ_SUMMARY_H

#include "fuzz/campaign.h"

#include <jansson.h>

#define SUMMARY_FORMAT "assay-fuzz-summary/1"
#define SUMMARY_POINTS_MAX 400   /**< of a target's line; a longer one is thinned out */
#define SUMMARY_FLAT_SLICES 3    /**< without a new edge: a target is then flat */
#define SUMMARY_UNCOVERED_MAX 60 /**< files named */

struct summary_options {
    const char
        *coverage;    /**< a file: llvm-cov's export as JSON, or the text of `make cov`; or NULL */
    const char *link; /**< where the coverage can be read line by line; or NULL */
};

/** Of an open campaign whose programs were discovered. Out: *summary, the caller's. IO, NOMEM;
 *  MALFORMED: the coverage file or the triage has another form. */
enum assay_code summary_make(json_t **summary, const struct campaign *c,
                             const struct summary_options *options,
                             struct assay_err *err) ASSAY_MUST_USE;

/** What no input reaches, by a coverage file: {"source", "count", "rows"}, in `path`'s name. IO,
 *  NOMEM; MALFORMED: neither of the two forms. */
enum assay_code summary_uncovered(json_t **uncovered, const char *path,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
