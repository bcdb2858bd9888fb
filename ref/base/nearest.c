/* Edit distance, one row of the table at a time. */
#include "base/nearest.h"

size_t assay_name_distance(const char *a, const char *b)
{
    size_t row[ASSAY_NAME_MAX_BYTES + 1];
    size_t len = strlen(b);

    if (len > ASSAY_NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t k = 0; k <= len; k++)
        row[k] = k;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t k = 1; k <= len; k++) {
            size_t change = diagonal + (a[i - 1] != b[k - 1] ? 1 : 0);
            size_t step = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;

            diagonal = row[k];
            row[k] = change < step ? change : step;
        }
    }
    return row[len];
}
