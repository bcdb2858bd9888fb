/* Carries reports/template.html and reports/audit.html inside the program; the build turns them
 * into the numbers included here. */
#include "reports/html.h"

static const uint8_t frame[] = {
#include <report_template.inc>
};

static const uint8_t audit_frame[] = {
#include <audit_template.inc>
};

struct assay_bytes html_template(void)
{
    return assay_bytes_of(frame, sizeof(frame));
}

struct assay_bytes html_audit_template(void)
{
    return assay_bytes_of(audit_frame, sizeof(audit_frame));
}
