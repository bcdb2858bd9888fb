/** The defect matrix of `assay selftest`: which scenario caught which defect, and whom nobody
 * caught. */
#ifndef RUN_MATRIX_H
#define RUN_MATRIX_H

#include "run/plan.h"

#include <jansson.h>

struct matrix;

struct matrix *matrix_new(const struct plan *plan); /**< NULL: out of memory */
void matrix_free(struct matrix *matrix);
/** Takes a finished case of a selftest leg. */
void matrix_add(struct matrix *matrix, const struct leg *leg, const struct planned_case *planned,
                const json_t *event);

struct matrix_counts {
    size_t defects, caught, false_alarms;
    size_t broken; /**< cases that could not be carried out on a correct server */
};
/** The `matrix` event of record/FORMAT.md. A defect is caught when every scenario that names it and
 * can be carried out here fails on it; partly when some of them do not; unnamed when only others
 * fail; a correct server that is refused is a false alarm. */
json_t *matrix_event(const struct matrix *matrix, struct matrix_counts *counts);

#endif
