/** The run record: written as it happens, closed into one file, read back by every report.
 *
 *  A run folder holds `record.jsonl` (one event a line, each flushed before the next case starts)
 * and, once closed, `run.json`: the same events folded into one document. The shape of both is
 * record/FORMAT.md and reports/schema/run.json. What reaches the disk has been redacted first. An
 * interrupted run's record.jsonl is a readable, INVALID record: the reader folds it itself and says
 * so.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include "base/arena.h"

#include <jansson.h>

#define RECORD_SCHEMA "assay-run/1"
/** The reason of a case whose control failed, which reports leave to the control. */
#define RECORD_REST_LOST "the control it rests on failed: nothing can be concluded"

/** Texts that must not reach the disk, in any of the encodings they travel in (raw, hex, base64,
 * base64url, percent-encoded, JSON-escaped). */
struct record_redactor;
struct record_redactor *record_redactor_new(void);
/** name is what stands in its place: "[redacted: mac secret]". Values below 4 bytes are refused
 * (RANGE). */
enum assay_code record_redactor_add(struct record_redactor *r, const char *name,
                                    struct assay_bytes value) ASSAY_MUST_USE;
/** Whether a header of that name carries a credential whatever it holds: authorization, cookie,
 * set-cookie, x-api-key and the like. */
bool record_is_credential(struct assay_bytes header);
/** Replaces in every string of the tree, member names included, and the value of every such header
 * (of a list `headers` of pairs). Returns a new tree, or NULL: out of memory. */
json_t *record_redact(const struct record_redactor *r, const json_t *event);
void record_redactor_free(struct record_redactor *r); /**< wipes */

struct record_writer;
/** Makes the folder; CONFLICT: it holds a record already (the caller names another or removes it).
 */
enum assay_code record_create(struct record_writer **out, const char *folder,
                              const struct record_redactor *redactor,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Appends one event and hands it to the system. The event is not stolen. MALFORMED: it has not
 * FORMAT.md's shape; MISSING, DUPLICATE, CONFLICT: out of order (run first, end last, only legs and
 * cases more than once); IO. On a failure nothing of it is in the file. */
enum assay_code record_add(struct record_writer *w, const json_t *event,
                           struct assay_err *err) ASSAY_MUST_USE;
/** Folds into run.json (written beside and renamed); without an `end` event that says interrupted.
 * Frees the writer whatever happens. IO; MALFORMED: no event was added. */
enum assay_code record_close(struct record_writer *w, struct assay_err *err) ASSAY_MUST_USE;

/** Reads a run: a folder, its run.json, or its record.jsonl. *out is a new tree of the run.json
 * shape, checked member by member: MALFORMED names file, place and reason; IO. An unclosed record
 * gives outcome.valid false, interrupted true. */
enum assay_code record_read(json_t **out, const char *path, struct assay_err *err) ASSAY_MUST_USE;
/** The same of the text of a run.json. MALFORMED: err says where. */
enum assay_code record_parse(json_t **out, struct assay_bytes text,
                             struct assay_err *err) ASSAY_MUST_USE;

/** What is compared between runs: scenario, case, level, verdict, grade, expectation, with the
 * rules and defect of the leg, sorted; canonical JSON text, one case a line. The self-check is left
 * out. The same seed gives the same bytes. */
enum assay_code record_projection(struct assay_buf *out, const json_t *run,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
