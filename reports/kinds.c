/* The reports by name (reports/report.h). */
#include "reports/report.h"

const struct report_kind report_kinds[REPORT_KINDS] = {
    {"html", report_html},
    {"junit", report_junit},
    {"sarif", report_sarif},
    {"markdown", report_markdown},
    {"annotations", report_annotations},
    {"tap", report_tap},
    {"ctrf", report_ctrf},
    {"har", report_har},
    {"audit", report_audit},
};
