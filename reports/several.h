/** Reports on several runs: what changed between two, how a series went, how targets compare.
 *
 *  Cases are the same where scenario, case and rule set are; of one that was repeated the worst is
 * taken. Runs are as record_read gives them; their evidence is not looked at. Texts are escaped for
 * the form.
 */
#ifndef REPORTS_SEVERAL_H
#define REPORTS_SEVERAL_H

#include "base/buf.h"

#include <jansson.h>

enum report_form { FORM_TEXT, FORM_MARKDOWN };

enum report_change {
    CHANGE_BROKEN,      /**< fails, and did not: a regression */
    CHANGE_NEW_FAILURE, /**< fails, and was not there: a regression */
    CHANGE_FIXED,       /**< failed, and passes */
    CHANGE_UNJUDGED,    /**< was judged, and is not any more */
    CHANGE_OTHER,       /**< another mark, and neither of these */
    CHANGE_NEW,         /**< was not there, and does not fail */
    CHANGE_GONE,        /**< is not there any more */
    CHANGE_SAME,
    CHANGE__COUNT
};

struct report_changes {
    size_t of[CHANGE__COUNT];
    size_t judged; /**< cases judged in both */
    bool valid;    /**< whether the later run is */
};

/** Appends what changed from `before` to `after`: regressions with what was seen, the other changes
 * by name, and a line that counts. Out: the counts. NOMEM, TOO_LARGE. */
enum assay_code report_compare(struct assay_buf *out, struct report_changes *changes,
                               enum report_form form, const json_t *before, const json_t *after,
                               struct assay_err *err) ASSAY_MUST_USE;

struct report_named {
    const char *name; /**< as the user names it: a path */
    const json_t *run;
};

/** Appends a table of runs, oldest first, each with what changed since the one before it. Sorts
 * `runs`. NOMEM, TOO_LARGE. */
enum assay_code report_trend(struct assay_buf *out, enum report_form form,
                             struct report_named *runs, size_t count,
                             struct assay_err *err) ASSAY_MUST_USE;

/** Appends a table of threats, a column for each run in the order given. NOMEM, TOO_LARGE. */
enum assay_code report_matrix(struct assay_buf *out, enum report_form form,
                              const struct report_named *runs, size_t count,
                              struct assay_err *err) ASSAY_MUST_USE;

#endif
