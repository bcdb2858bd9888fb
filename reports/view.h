/** A run as every report shows it: which cases it shows, what each means for the outcome, and by
 * which threat. Internal to the reports.
 */
#ifndef REPORTS_VIEW_H
#define REPORTS_VIEW_H

#include "base/buf.h"

#include <jansson.h>

enum report_status { REPORT_PASSED, REPORT_FAILED, REPORT_INVALID, REPORT_INTERRUPTED };

/** What a case means for the outcome, worst first. */
enum report_mark {
    MARK_FAIL,            /**< counts for exit 1 */
    MARK_UNEXPECTED_PASS, /**< a known failure that passes: an error of the expectations file */
    MARK_BROKEN,          /**< could not be judged, and that is unexpected */
    MARK_MILD_FAIL,       /**< fails at a level that --fail-on leaves out */
    MARK_KNOWN_FAIL,      /**< expected by the expectations file */
    MARK_UNSUPPORTED,
    MARK_SKIPPED,
    MARK_PASS,
    MARK__COUNT
};

struct report_mark_text {
    const char *word;  /**< "fail" */
    const char *glyph; /**< one character, so that colour is not needed */
    const char *css;   /**< the class on the page */
};

extern const struct report_mark_text report_marks[MARK__COUNT];

struct report_case {
    const json_t *c, *leg;
    const json_t *rule; /**< of the catalogue, or NULL */
    size_t threat;      /**< index into the threats */
    size_t number;      /**< 1-based, in the order of the record */
    enum report_mark mark;
};

struct report_threat {
    struct assay_bytes profile;
    struct assay_bytes id;         /**< "" for cases that name none: the controls of the profile */
    const json_t *entry;           /**< of the catalogue, or NULL */
    struct assay_bytes not_judged; /**< why not, or empty */
    size_t
        of[MARK__COUNT]; /**< cases by mark, controls apart from the rest where the threat is "" */
};

/** A leg whose cases are shown. */
struct report_leg {
    const json_t *leg;
    size_t of[MARK__COUNT];
};

struct report_view {
    const json_t *run, *outcome;
    enum report_status status;
    struct report_case *cases;
    size_t case_count;
    struct report_threat *threats; /**< profile by profile, in the catalogue's order; in each ""
                                      first where there is one */
    size_t threat_count;
    struct report_leg *legs; /**< in the order of the record */
    size_t leg_count;
    size_t of[MARK__COUNT];
    bool several_legs; /**< cases come from more than one leg, so that a case needs its leg to be
                          known by */
    bool several_profiles; /**< so that a threat needs its profile to be known by */
};

/** NOMEM. The run is borrowed. _fini takes a view that is all zero. */
enum assay_code report_view_init(struct report_view *view, const json_t *run) ASSAY_MUST_USE;
void report_view_fini(struct report_view *view);

/** A member that is a text; empty where it is not. */
struct assay_bytes report_text(const json_t *object, const char *member);
int64_t report_number(const json_t *object, const char *member);
/** Bad, that is named among the failures. */
bool report_mark_is_bad(enum report_mark mark);
/** Cases that were judged: pass or fail of any kind. */
size_t report_judged(const size_t of[MARK__COUNT]);
/** What the cases say of a threat together; MARK_SKIPPED: none was judged. The word fits it. */
enum report_mark report_threat_mark(const struct report_threat *threat);
const char *report_threat_word(const struct report_threat *threat);
/** Appends its id, or "controls", behind "profile/" where there are several. Not escaped. */
void report_threat_name(struct assay_buf *out, const struct report_view *view,
                        const struct report_threat *threat);
/** Appends "3 pass, 0 fail" and what else there is. */
void report_add_marks(struct assay_buf *out, const size_t of[MARK__COUNT]);
/** Threats that were judged, and of these the failing ones. */
void report_threats_count(const struct report_view *view, size_t *judged, size_t *failing);
/** Appends "scenario/case", with the leg in brackets where several legs are shown. Not escaped. */
void report_case_name(struct assay_buf *out, const struct report_view *view,
                      const struct report_case *c);
/** What to do about a failing case: the remedy of its rule, but of an honest exchange, whose
 * failure need not be that rule's, to look at what the target file says. */
struct assay_bytes report_case_remedy(const struct report_case *c);
/** Whether it was not judged since the control it rests on failed: that one has the reason. */
bool report_case_is_consequence(const struct report_case *c);
/** Why a case that is no plain pass or fail is what it is, in a few words; never empty for those.
 * Not escaped. */
void report_case_reason(struct assay_buf *out, const struct report_view *view,
                        const struct report_case *c);
/** Milliseconds between start and end, or -1. */
int64_t report_duration_ms(const struct report_view *view);
/** Appends "1 case", "2 cases". */
void report_add_count(struct assay_buf *out, size_t count, const char *singular,
                      const char *plural);
/** Appends a command so that a shell reads the words back: quoted where they need it. */
void report_add_command(struct assay_buf *out, const json_t *words);
/** Frees a buffer that held a part of `out`; where the part failed, `out` has failed too. */
void report_done(struct assay_buf *out, struct assay_buf *part);
/** "PASSED", "FAILED", "INVALID", "INTERRUPTED". */
const char *report_status_word(enum report_status status);
/** One sentence that says how it went. Not escaped. */
void report_headline(struct assay_buf *out, const struct report_view *view);

#endif
