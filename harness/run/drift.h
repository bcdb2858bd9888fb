/** docs/template-drift.md, as `assay list drift` prints it: what a covenant template that drifted
 *  would allow.
 *
 *  The document ends in a block of cells, one for each change of a single byte, which is all that
 *  takes long to make; the rest of it follows from the cells. So a test reads them back, makes the
 *  document of them again, and makes some of them anew.
 */
#ifndef RUN_DRIFT_H
#define RUN_DRIFT_H

#include "kaspa_x402/escrow_behaviour.h"

#define DRIFT_PLACES KX_ESCROW_V5_BYTES
#define DRIFT_VALUES 255 /**< other values than its own, that a byte can have */

/** The channel whose script it is about. Not to be moved. */
struct drift_world {
    struct assay_arena arena;
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES], refund_address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kx_lane lane;
    struct kx_behaviour behaviour;
};
enum assay_code drift_world_init(struct drift_world *w, struct assay_err *err) ASSAY_MUST_USE;
void drift_world_fini(struct drift_world *w);

/** What became of each change: one of 64 letters, for the families in which more is allowed and
 *  those in which less is. */
struct drift_cells {
    char at[DRIFT_PLACES][DRIFT_VALUES];
};
/** The value of a byte that its column k stands for: those below its own value come first. */
uint8_t drift_value(const struct drift_world *w, size_t place, size_t k);
/** Judges one change; NUL: there is no memory. */
char drift_cell(const struct drift_world *w, size_t place, size_t k);
/** What a cell says: 1 << path of each family that allows more; and less. False: no such letter. */
bool drift_cell_read(char cell, unsigned *more, unsigned *less);

/** Judges them all: about two minutes of one core. NOMEM. */
enum assay_code drift_cells_make(struct drift_cells *out,
                                 const struct drift_world *w) ASSAY_MUST_USE;
void drift_cells_add(struct assay_buf *out, const struct drift_cells *cells);
/** Reads them from the document that they stand in. MALFORMED: err->at is the line of the block. */
enum assay_code drift_cells_read(struct drift_cells *out, struct assay_bytes document,
                                 struct assay_err *err) ASSAY_MUST_USE;

/** Appends the whole document. Fails as the buffer does. */
void drift_document(struct assay_buf *out, const struct drift_world *w,
                    const struct drift_cells *cells);
#endif
