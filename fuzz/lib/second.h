/** A second reading of JSON, by another library, for targets that compare what is read. */
#ifndef ASSAY_FUZZ_LIB_SECOND_H
#define ASSAY_FUZZ_LIB_SECOND_H

#include "base/json.h"

#include <jansson.h>

/** For json_decref. NULL where jansson does not read it: also a lone surrogate, an integer above 64
 *  bits and U+0000 in a name, which are JSON for ref/base. */
json_t *fuzz_second(struct assay_bytes text);
/** Whether both have read the same: types, counts, names, texts, and whole numbers that both take.
 *  Of a document without duplicate names. */
bool fuzz_second_agrees(const struct assay_json *doc, uint32_t token, const json_t *value);
/** A text member; empty, and NULL where it is absent or none. */
const json_t *fuzz_second_text(struct assay_bytes *out, const json_t *object, const char *name);
/** Whether a number of it has a fraction or an exponent. It may be a whole number all the same,
 * which nobody tells here without floating point: then the second reading says nothing of it. */
bool fuzz_second_has_real(const json_t *value);

#endif
