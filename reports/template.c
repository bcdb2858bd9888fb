/* Carries reports/template.html inside the program; the build turns it into the numbers included
 * here. */
#include "reports/html.h"

static const uint8_t frame[] = {
#include <report_template.inc>
};

struct assay_bytes html_template(void)
{
    return assay_bytes_of(frame, sizeof(frame));
}
