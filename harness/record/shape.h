/** The shape of a record's events and of run.json, as data: what the reader and the writer check
 * by, and what a test compares with reports/schema/run.json. Source: record/FORMAT.md. Internal to
 * the record and its tests.
 */
#ifndef RECORD_SHAPE_H
#define RECORD_SHAPE_H

#include "base/err.h"

#include <jansson.h>

enum shape_type {
    SHAPE_TEXT,    /**< any text */
    SHAPE_WORD,    /**< one of `words` */
    SHAPE_SEED,    /**< 16 lower-case hex digits */
    SHAPE_TIME,    /**< base/time.h's form */
    SHAPE_COUNT,   /**< an integer, not negative */
    SHAPE_INTEGER, /**< any integer */
    SHAPE_FLAG,    /**< true or false */
    SHAPE_OBJECT,  /**< of shape `of` */
    SHAPE_LIST,    /**< of objects of shape `of`, or of texts where that is NULL */
    SHAPE_PAIRS,   /**< a list of [name, value], two texts each */
    SHAPE_TALLY,   /**< an object of any names, each with a count */
};

enum shape_need { SHAPE_REQUIRED, SHAPE_NULLABLE /**< required, may be null */, SHAPE_OPTIONAL };

struct shape_member {
    const char *name;
    enum shape_type type;
    enum shape_need need;
    const char *words; /**< of SHAPE_WORD: separated by one space */
    const struct shape *of;
};

/** One of several shapes: taken when `member` is there and, unless `word` is NULL, equals it. */
struct shape_choice {
    const char *member;
    const char *word;
    const struct shape *of;
};

/** Members, or choices where there are any. Unknown members are wrong. */
struct shape {
    const char *name; /**< also its place in the schema's $defs */
    const struct shape_member *members;
    size_t count;
    const struct shape_choice *choices;
    size_t choice_count;
};

extern const struct shape shape_document; /**< run.json */

enum shape_event_kind {
    EVENT_RUN,
    EVENT_CATALOGUE,
    EVENT_LEG,
    EVENT_CASE,
    EVENT_SELF_CHECK,
    EVENT_MATRIX,
    EVENT_END,
    EVENT__COUNT
};

struct shape_event {
    const char *name;   /**< its `event` member */
    const char *member; /**< of run.json that it becomes or is appended to; NULL: its members are
                           the document's */
    bool repeats;       /**< appended */
    const struct shape *of;
};

extern const struct shape_event shape_events[EVENT__COUNT];

/** Checks a tree member by member. MALFORMED: "place: expected …, found …". */
enum assay_code shape_check(const struct shape *shape, const json_t *value,
                            struct assay_err *err) ASSAY_MUST_USE;
/** The same for one event of record.jsonl. Out: its kind. */
enum assay_code shape_check_event(enum shape_event_kind *kind, const json_t *event,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** What members cannot say of themselves: every case's leg is listed once, and a run that calls
 * itself valid has judged something and names no reason against it. MALFORMED. `document` has the
 * shape. */
enum assay_code shape_check_sense(const json_t *document, struct assay_err *err) ASSAY_MUST_USE;

#endif
