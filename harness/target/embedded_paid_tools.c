/* The embedded reference of the profile paid-tools (target/embedded.h). */
#include "target/embedded.h"

static const char *const rules[] = {"hardened", "base", NULL};

const struct embedded embedded_paid_tools[] = {
    {.profile = "paid-tools",
     .side = SIDE_SERVER,
     .rules = rules,
     .text =
         "{\"name\": \"assay reference (@RULES@)\", \"profile\": \"paid-tools\", \"interface\": "
         "\"http\",\n"
         " \"rules\": \"@RULES@\",\n"
         " \"launch\": {\"command\": [\"${ASSAY}\", \"serve\", \"paid-tools\", \"--listen\", "
         "\"127.0.0.1:0\",\n"
         "   \"--store\", \"${STORE}\", \"--workers\", \"2\", \"--rules\", \"${RULES}\",\n"
         "   \"--secret-env\", \"ASSAY_TEST_SECRET\", \"--origin\", \"${ORIGIN}\", \"--wire\", "
         "\"dual\",\n"
         "   \"--ttl\", \"300\", \"--sweep\", \"1\", \"--body-max\", \"65536\", "
         "\"--read-deadline\", "
         "\"1000\",\n"
         "   \"--origin-deadline\", \"1000\", \"${DEFECTS}\"],\n"
         "   \"ready\": \"ready paid-tools \"},\n"
         " \"variants\": {\n"
         "   \"rate_limited\": {\"args\": [\"--rate\", \"20\"], \"requests_per_second\": 20},\n"
         "   \"repriced\": {\"args\": [\"--price\", \"0.005\"]},\n"
         "   \"dev\": {\"args\": [\"--dev\"]},\n"
         "   \"wire_toolkit\": {\"args\": [\"--wire\", \"toolkit\"]}},\n"
         " \"reset\": \"fresh-store\",\n"
         " \"endpoints\": {\n"
         "   \"paid_get\": {\"method\": \"GET\", \"target\": \"/weather?city=Paris\", \"price\": "
         "\"0.001\"},\n"
         "   \"paid_get_other\": {\"method\": \"GET\", \"target\": \"/forecast?city=Paris\", "
         "\"price\": "
         "\"0.002\"},\n"
         "   \"paid_post\": {\"method\": \"POST\", \"target\": \"/action\", \"price\": "
         "\"0.001\"},\n"
         "   \"dear\": {\"method\": \"GET\", \"target\": \"/gold\", \"price\": \"1.00\"},\n"
         "   \"wildcard\": {\"method\": \"GET\", \"target\": \"/files/\"},\n"
         "   \"html\": {\"method\": \"GET\", \"target\": \"/html\"},\n"
         "   \"empty\": {\"method\": \"GET\", \"target\": \"/empty\"},\n"
         "   \"binary\": {\"method\": \"GET\", \"target\": \"/binary\"},\n"
         "   \"free\": {\"method\": \"GET\", \"target\": \"/free\"},\n"
         "   \"mcp\": {\"method\": \"POST\", \"target\": \"/mcp\"}},\n"
         " \"secrets\": {\"mac\": {\"value\": \"@SECRET@\", \"pass_as\": \"ASSAY_TEST_SECRET\"}},\n"
         " \"supports\": [\"proof\", \"bridge\", \"idempotency\", \"mcp\", \"wire-dual\"],\n"
         " \"executions\": \"origin\",\n"
         " \"store\": {\"paths\": [\"${STORE}\"], \"persistent\": true},\n"
         " \"limits\": {\"challenge_ttl_ms\": 300000, \"body_bytes\": 65536, \"read_deadline_ms\": "
         "1000,\n"
         "   \"handler_deadline_ms\": 1000, \"sweep_ms\": 1}}\n"},
    {.profile = NULL},
};
