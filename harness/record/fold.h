/** Events folded into a document of the run.json shape. Internal to the record. */
#ifndef RECORD_FOLD_H
#define RECORD_FOLD_H

#include "record/shape.h"

/** A document with nothing in it but empty lists. NULL: out of memory. */
json_t *fold_begin(void);
/** Adds one event of that kind, which has the shape; the document holds on to its parts, and its
 * member `event` is gone afterwards. DUPLICATE: an event that comes once came twice. MISSING: the
 * first was no `run`. CONFLICT: after the end. NOMEM. */
enum assay_code fold_add(json_t *document, enum shape_event_kind kind, json_t *event,
                         struct assay_err *err) ASSAY_MUST_USE;
/** Where the events stopped before an `end`, gives the document the outcome of an interrupted run.
 * MISSING: there was no `run` event. NOMEM. */
enum assay_code fold_finish(json_t *document, struct assay_err *err) ASSAY_MUST_USE;

#endif
