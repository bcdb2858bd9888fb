/* What is said over MCP that is no payment, or no call; see mcp.h. */
#include "peer/x402/mcp.h"

const struct mcp_no_payment mcp_no_payments[] = {
    {"no _meta", NULL},
    {"null", "null"},
    {"base64, as a header has it", "\"eyJ4NDAyVmVyc2lvbiI6Mn0=\""},
    {"an empty object", "{}"},
    {"an array", "[]"},
    {"another version", "{\"x402Version\":1,\"payload\":{}}"},
};

#define V "\"jsonrpc\":\"2.0\""
#define CALL "\"method\":\"tools/call\",\"params\":{\"name\":\"@\"}"

const struct mcp_message mcp_messages[] = {
    {"no JSON", "{", -32700, "null"},
    {"two messages", "{" V ",\"id\":1," CALL "}{}", -32700, "null"},
    {"an id twice", "{" V ",\"id\":1,\"id\":2," CALL "}", -32700, "null"},
    {"a payment twice",
     "{" V ",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"@\",\"_meta\":{"
     "\"x402/payment\":{},\"x402/payment\":{}}}}",
     -32700, "null"},
    {"an array of messages", "[{" V ",\"id\":1," CALL "}]", -32600, "null"},
    {"an empty array", "[]", -32600, "null"},
    {"no version", "{\"id\":1," CALL "}", -32600, "1"},
    {"an id that is null", "{" V ",\"id\":null," CALL "}", -32600, "null"},
    {"an id that is a fraction", "{" V ",\"id\":1.5," CALL "}", -32600, "null"},
    {"no method", "{" V ",\"id\":1}", -32600, "1"},
    {"a method that there is not", "{" V ",\"id\":\"a\",\"method\":\"tools/none\"}", -32601,
     "\"a\""},
    {"a tool that there is not",
     "{" V ",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"no tool\"}}", -32602, "1"},
    {"params that are an array", "{" V ",\"id\":1,\"method\":\"tools/call\",\"params\":[\"@\"]}",
     -32602, "1"},
    {"arguments that are a text",
     "{" V ",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"@\",\"arguments\":\"a\"}}",
     -32602, "1"},
    {"a call without an id", "{" V "," CALL "}", MCP_SILENCE, "null"},
    {"a notification whose params are an array",
     "{" V ",\"method\":\"notifications/x\",\"params\":[\"@\"]}", MCP_SILENCE, "null"},
};

const char *mcp_message_text(struct assay_case *t, const struct mcp_message *message)
{
    const char *text = message->text, *at = strchr(text, '@');

    return at == NULL ? text
                      : case_printf(t, "%.*s%s%s", (int)(at - text), text, mcp_tool(t, "mcp_tool"),
                                    at + 1);
}

void mcp_expect_answer(struct assay_case *t, const struct mcp_answer *answer,
                       const struct mcp_message *message)
{
    if (message->code == MCP_SILENCE)
        mcp_expect_silence(t, answer);
    else
        mcp_expect_error(t, answer, message->code, message->id);
}
