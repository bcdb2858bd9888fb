/** The help texts of all verbs, taken apart: completions and man pages come from what --help
 * prints, so that they cannot say anything else.
 *
 *  A help begins with "usage: assay VERB …" up to an empty line. A line indented by two is an item:
 *  a tag ("--out DIR", "keygen"), two spaces or more, and what it means; further lines of it are
 *  indented more. "exit:" begins the exit statuses. All else is text.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/buf.h"

#define HELP_PAGES_MAX 64
#define HELP_NAME_BYTES 64

struct help_page {
    char name[HELP_NAME_BYTES]; /**< "run", "fuzz run" */
    char what[128];             /**< one line */
    struct assay_buf text;
};

struct help_pages {
    struct help_page pages[HELP_PAGES_MAX];
    size_t count;
};

/** Asks every verb, and what it names that has a help of its own. NOMEM; TOO_LARGE. _fini after
 *  either. */
enum assay_code help_pages_init(struct help_pages *out) ASSAY_MUST_USE;
void help_pages_fini(struct help_pages *pages);

enum help_kind { HELP_USAGE, HELP_ITEM, HELP_MORE, HELP_EXIT, HELP_TEXT, HELP_BLANK };

/** A line of a help. */
struct help_line {
    enum help_kind kind;
    struct assay_bytes tag;  /**< of an item */
    struct assay_bytes text; /**< without what is in front of it */
};

/** The next line at *at, which is moved on; `before` is the last one's kind (HELP_BLANK at first).
 *  False at the end. */
bool help_next(struct help_line *out, struct assay_bytes help, size_t *at, enum help_kind before);

/** "--out" of the tag "--out DIR", and "DIR"; either may be empty. False: the tag is no option. */
bool help_option(struct assay_bytes *name, struct assay_bytes *argument, struct assay_bytes tag);
/** The word that may be given in its place: "keygen" of a tag or of a usage line behind the page's
 *  name, letter for letter; empty: none. *at: where to look on in a usage line ("make|check"). */
struct assay_bytes help_word(struct assay_bytes tag);
bool help_usage_word(struct assay_bytes *word, struct assay_bytes usage, const char *page,
                     size_t *at);

#endif
