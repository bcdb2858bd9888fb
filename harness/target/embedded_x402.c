/* The embedded reference of the profile x402 (target/embedded.h): the server of kaspa-x402 with
 * nothing to sell on Kaspa, so that all is verified and settled by the facilitator that the harness
 * plays. Assets and payee are addresses that nobody has the keys of, and what it signs is signed by
 * the key that is the number one. */
#include "target/embedded.h"

static const char *const rules[] = {"base", NULL};

static const char server[] =
    "{\"name\": \"assay x402 server\", \"profile\": \"x402\",\n"
    " \"interface\": \"http\", \"side\": \"server\", \"rules\": \"@RULES@\",\n"
    " \"public_url\": \"http://shop.example\",\n"
    " \"launch\": {\"command\": [\"${ASSAY}\", \"serve\", \"kaspa-x402\", \"--listen\",\n"
    "   \"127.0.0.1:0\", \"--base-url\", \"http://shop.example\", \"--store\", \"${STORE}\", "
    "\"--workers\", \"2\",\n"
    "   \"--facilitator\", \"${FACILITATOR}\", \"--facilitator-deadline\", \"700\",\n"
    "   \"--facilitator-list\", \"200\", \"--ask-identifier\", \"--offer-key\", "
    "\"ASSAY_OFFER_KEY\",\n"
    "   \"--sell\", \"exact,eip155:84532,0x036CbD53842c5426634e7929541eC2318f3dCF7e,"
    "0x209693Bc6afc0C5328bA36FaF03C514EF312287C,"
    "{\\\"name\\\":\\\"USDC\\\",\\\"version\\\":\\\"2\\\"}\",\n"
    "   \"--sell\", \"exact,eip155:421614,0x75faf114eafb1BDbe2F0316DF893fd58CE46AA4d,"
    "0x209693Bc6afc0C5328bA36FaF03C514EF312287C,"
    "{\\\"name\\\":\\\"USD Coin\\\",\\\"version\\\":\\\"2\\\"}\",\n"
    "   \"--sell\", \"exact,solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1,"
    "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU,"
    "2wKupLR9q6wXYppw8Gr2NvWxKBUqm4PPJKkQfoxHDBg4\",\n"
    "   \"--origin\", \"${ORIGIN}\", \"--origin-deadline\", \"1000\", \"--read-deadline\", "
    "\"1000\",\n"
    "   \"--quota\", \"0\", \"--caller-running\", \"64\", \"--scope-running\", \"64\",\n"
    "   \"--body-max\", \"65536\", \"--mcp\", \"${DEFECTS}\"],\n"
    "   \"env\": {\"ASSAY_OFFER_KEY\": "
    "\"0000000000000000000000000000000000000000000000000000000000000001\"},\n"
    "   \"ready\": \"ready kaspa-x402 \"},\n"
    " \"reset\": \"fresh-store\",\n"
    " \"endpoints\": {\n"
    "   \"paid_get\": {\"method\": \"GET\", \"target\": \"/report?day=1\"},\n"
    "   \"paid_get_other\": {\"method\": \"GET\", \"target\": \"/other?day=1\"},\n"
    "   \"paid_post\": {\"method\": \"POST\", \"target\": \"/action\"},\n"
    "   \"paid_both\": {\"method\": \"GET\", \"target\": \"/notes\"},\n"
    "   \"wildcard\": {\"method\": \"GET\", \"target\": \"/files/\"},\n"
    "   \"text\": {\"method\": \"GET\", \"target\": \"/html\"},\n"
    "   \"binary\": {\"method\": \"GET\", \"target\": \"/binary\"},\n"
    "   \"mcp\": {\"method\": \"POST\", \"target\": \"/mcp\"},\n"
    "   \"mcp_tool\": {\"method\": \"POST\", \"target\": \"/quote\"},\n"
    "   \"mcp_tool_other\": {\"method\": \"POST\", \"target\": \"/forecast\"},\n"
    "   \"free\": {\"method\": \"GET\", \"target\": \"/free\"}},\n"
    " \"supports\": [\"two-offers\", \"payment-identifier\", \"mcp\", \"offer-receipt\",\n"
    "   \"offer-signer:0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\",\n"
    "   \"kind:exact,solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1\"],\n"
    " \"executions\": \"origin\",\n"
    " \"store\": {\"paths\": [\"${STORE}\"], \"persistent\": true},\n"
    " \"limits\": {\"body_bytes\": 65536, \"read_deadline_ms\": 1000, \"handler_deadline_ms\": "
    "1000,\n"
    "   \"poll_ms\": 200, \"adapter_deadline_ms\": 700, \"sweep_ms\": 1}}\n";

const struct embedded embedded_x402[] = {
    {.profile = "x402", .side = SIDE_SERVER, .rules = rules, .text = server},
    {.profile = NULL},
};
