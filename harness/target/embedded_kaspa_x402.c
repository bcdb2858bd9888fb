/* The embedded references of the profile kaspa-x402 (target/embedded.h).
 *
 *  Who is paid, who owns the heads, and the server's key in channels are keys of the seed "assay
 *  kaspa-x402" (merchant, head owner, channel server): nobody keeps them, and nothing on the
 *  simulated chain has value. */
#include "target/embedded.h"

static const char *const rules[] = {"base", NULL};

static const char server[] =
    "{\"name\": \"assay kaspa-x402 server\", \"profile\": \"kaspa-x402\",\n"
    " \"interface\": \"http\", \"side\": \"server\", \"rules\": \"@RULES@\",\n"
    " \"public_url\": \"http://shop.example\",\n"
    " \"launch\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--listen\",\n"
    "   \"127.0.0.1:0\", \"--base-url\", \"http://shop.example\", \"--store\", \"${STORE}\", "
    "\"--workers\", \"2\", \"--node\", "
    "\"${NODE}\",\n"
    "   \"--origin\", \"${ORIGIN}\", \"--pay-to\",\n"
    "   \"kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy\",\n"
    "   \"--head-owner\", \"d400c2167844afbe960d9d4233c54baeecbbc4d86325dae8dec62a92c739e1bb\",\n"
    "   \"--head\", \"${HEAD}\", \"--accept-wait\", \"200\", \"--poll\", \"20\",\n"
    "   \"--node-deadline\", \"700\", \"--origin-deadline\", \"1000\", \"--read-deadline\", "
    "\"1000\",\n"
    "   \"--principal\", \"alice::ASSAY_TOKEN_ALICE\", \"--principal\", "
    "\"bob::ASSAY_TOKEN_BOB\",\n"
    "   \"--quota\", \"0\", \"--body-max\", \"65536\", \"--mcp\", \"${DEFECTS}\"],\n"
    "   \"env\": {\"ASSAY_TOKEN_ALICE\": \"alice-@SECRET@\", \"ASSAY_TOKEN_BOB\": "
    "\"bob-@SECRET@\"},\n"
    "   \"ready\": \"ready kaspa-x402 \"},\n"
    " \"variants\": {\n"
    "\"confirmed\": {\"args\": [\"--finality\", \"confirmed\", \"--confirmations\", \"5\"]},\n"
    "\"few_at_once\": {\"args\": [\"--running\", \"2\", \"--scope-running\", \"1\"]},\n"
    "\"quota\": {\"args\": [\"--quota\", \"20\"]},\n"
    "\"small_store\": {\"args\": [\"--records\", \"4\"]},\n"
    "\"forgetful\": {\"args\": [\"--retention\", \"1\", \"--sweep\", \"1\"]},\n"
    "\"elsewhere\": {\"args\": [\"--base-url\", \"http://elsewhere.example\"]},\n"
    "\"channels\": {\"args\": [\"--channel-key\",\n"
    "\"f51d2d438123c10de0cb9716083f7220132936f241342b7b1f8046d2456767d5\",\n"
    "\"--channel-life\", \"10000\", \"--channel-bucket\", \"1000\"],\n"
    "\"env\": {\"ASSAY_CHANNEL_SECRET\":\n"
    "\"4779ec9c96a6758157e77086ebd5625bc44c9fc259e2fd785d122b3fc98abb59\"}},\n"
    "\"short_challenge\": {\"args\": [\"--challenge\", \"1000\"]},\n"
    "\"short_time\": {\"args\": [\"--timeout\", \"2\"]},\n"
    "\"other_price\": {\"args\": [\"--price\", \"30000000\"]}},\n"
    " \"reset\": \"fresh-store\",\n"
    " \"endpoints\": {\n"
    "   \"paid_get\": {\"method\": \"GET\", \"target\": \"/report?day=1\"},\n"
    "   \"paid_get_other\": {\"method\": \"GET\", \"target\": \"/other?day=1\"},\n"
    "   \"paid_post\": {\"method\": \"POST\", \"target\": \"/action\"},\n"
    "   \"paid_both\": {\"method\": \"GET\", \"target\": \"/notes\"},\n"
    "   \"dear\": {\"method\": \"GET\", \"target\": \"/dear\"},\n"
    "   \"wildcard\": {\"method\": \"GET\", \"target\": \"/files/\"},\n"
    "   \"additive\": {\"method\": \"GET\", \"target\": \"/additive\"},\n"
    "   \"private\": {\"method\": \"GET\", \"target\": \"/private\"},\n"
    "   \"html\": {\"method\": \"GET\", \"target\": \"/html\"},\n"
    "   \"empty\": {\"method\": \"GET\", \"target\": \"/empty\"},\n"
    "   \"binary\": {\"method\": \"GET\", \"target\": \"/binary\"},\n"
    "   \"mcp\": {\"method\": \"POST\", \"target\": \"/mcp\"},\n"
    "   \"mcp_tool\": {\"method\": \"POST\", \"target\": \"/quote\"},\n"
    "   \"mcp_tool_other\": {\"method\": \"POST\", \"target\": \"/forecast\"},\n"
    "   \"free\": {\"method\": \"GET\", \"target\": \"/free\"}},\n"
    " \"principals\": {\n"
    "   \"alice\": {\"Authorization\": \"Bearer alice-@SECRET@\"},\n"
    "   \"bob\": {\"Authorization\": \"Bearer bob-@SECRET@\"}},\n"
    " \"supports\": [\"additive\", \"channels\", \"mcp\"],\n"
    " \"operations\": {\n"
    "\"recover\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--recover\", "
    "\"${TXID}\",\n"
    "\"--store\", \"${STORE}\", \"--node\", \"${NODE}\", \"--status\", \"${STATUS}\",\n"
    "\"--body\", \"${RESULT}\", \"--content-type\", \"text/plain\"]},\n"
    "\"mcp_stdio\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--mcp\", "
    "\"stdio\", "
    "\"--base-url=http://shop.example\", \"--store=${STORE}\", \"--node=${NODE}\", "
    "\"--origin=${ORIGIN}\", \"--accept-wait=200\", \"--poll=20\", "
    "\"--pay-to=kaspatest:qqsxtr9c45evxrv5rejrdjtuvvtkdt4fyj83c7qfst778wgz0qkmxgm6fcscy\", "
    "\"${DEFECTS}\"]},\n"
    "\"reconcile\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--recover\", "
    "\"${TXID}\",\n"
    "\"--store\", \"${STORE}\", \"--node\", \"${NODE}\"]},\n"
    "\"not_run\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--recover\", "
    "\"${TXID}\",\n"
    "\"--not-run\", \"--store\", \"${STORE}\", \"--node\", \"${NODE}\"]},\n"
    "\"claim\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--claim\", "
    "\"${CHANNEL}\",\n"
    "\"--channel-secret\", \"ASSAY_CHANNEL_SECRET\", \"--store\", \"${STORE}\", \"--node\", "
    "\"${NODE}\",\n"
    "\"--accept-wait\", \"200\", \"--poll\", \"20\", \"${DEFECTS}\"]}},\n"
    " \"executions\": \"origin\",\n"
    " \"store\": {\"paths\": [\"${STORE}\"], \"persistent\": true},\n"
    " \"limits\": {\"body_bytes\": 65536, \"read_deadline_ms\": 1000, \"handler_deadline_ms\": "
    "1000,\n"
    "   \"accept_wait_ms\": 200, \"poll_ms\": 20, \"adapter_deadline_ms\": 700, \"sweep_ms\": "
    "1}}\n";

/* It waits briefly for the node, since the shops of scenarios mine before they answer. */
static const char client[] =
    "{\"name\": \"assay kaspa-x402 client\", \"profile\": \"kaspa-x402\",\n"
    " \"interface\": \"command\", \"side\": \"client\", \"rules\": \"@RULES@\",\n"
    " \"launch\": {\"command\": [\"${ASSAY}\", \"pay\", \"${URL}\", \"--policy\", \"${POLICY}\",\n"
    "   \"--wallet\", \"${WALLET}\", \"--node\", \"${NODE}\", \"--state\", \"${STORE}\",\n"
    "   \"--retries\", \"3\", \"--wait\", \"100\", \"--poll\", \"10\", \"--node-deadline\", "
    "\"3000\",\n"
    "   \"--json\", \"${DEFECTS}\"]},\n"
    " \"supports\": [\"channels\"],\n"
    " \"operations\": {\n"
    "   \"refund\": {\"command\": [\"${ASSAY}\", \"pay\", \"--refund\", \"${CHANNEL}\",\n"
    "     \"--policy\", \"${POLICY}\", \"--wallet\", \"${WALLET}\", \"--node\", \"${NODE}\",\n"
    "     \"--state\", \"${STORE}\", \"--wait\", \"100\", \"--poll\", \"10\", "
    "\"--node-deadline\", \"3000\",\n"
    "     \"${DEFECTS}\"]}},\n"
    " \"reset\": \"fresh-store\",\n"
    " \"store\": {\"paths\": [\"${STORE}\"], \"persistent\": true}}\n";

static const char library[] =
    "{\"name\": \"assay kaspa-x402 library\", \"profile\": \"kaspa-x402\",\n"
    " \"interface\": \"adapter\", \"side\": \"library\", \"rules\": \"@RULES@\",\n"
    " \"launch\": {\"command\": [\"${ASSAY}\", \"adapter\", \"${DEFECTS}\"]}}\n";

const struct embedded embedded_kaspa_x402[] = {
    {.profile = "kaspa-x402", .side = SIDE_SERVER, .rules = rules, .text = server},
    {.profile = "kaspa-x402", .side = SIDE_CLIENT, .rules = rules, .text = client},
    {.profile = "kaspa-x402", .side = SIDE_LIBRARY, .rules = rules, .text = library},
    {.profile = NULL},
};
