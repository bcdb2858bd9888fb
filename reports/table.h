/** A table of short texts, as aligned columns or as Markdown. Internal to the reports. */
#ifndef REPORTS_TABLE_H
#define REPORTS_TABLE_H

#include "reports/several.h"

struct table {
    struct assay_buf *cells;
    size_t count, room, columns;
    enum assay_code bad; /**< NOMEM; sticks */
};

/** A table of so many columns; its first row is the heads. _fini takes one that is all zero. */
void table_init(struct table *t, size_t columns);
void table_fini(struct table *t);
/** The next cell, row by row, to be filled with text as it is: the form escapes it. Valid until the
 * next call; never NULL. */
struct assay_buf *table_cell(struct table *t);
/** Appends all whole rows. */
void table_write(struct assay_buf *out, const struct table *t, enum report_form form);

#endif
