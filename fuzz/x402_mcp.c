/* Messages of MCP: whatever comes in is read, or refused by one of the standard errors; what is
 * answered is one line of JSON that echoes the id, which is a text, an integer or null; and a
 * call's arguments are canonical already. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "x402/mcp.h"

enum { ARENA_BYTES = 1 << 24, ANSWER_BYTES = 1 << 22 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

static const struct x402_mcp_tool tools[] = {{"quote", "A quote"}};
static const struct x402_mcp_server server = {"fuzz", "1", tools, ARRAY_LEN(tools)};

/* One that nobody can take for two, or for one of another request. */
static void check_answer(struct assay_arena *arena, const struct assay_buf *out,
                         struct assay_bytes id)
{
    struct assay_bytes text = assay_buf_view(out);
    struct assay_json_token *tokens;
    struct assay_json doc;
    size_t room = assay_json_token_bound(text);

    FUZZ_CHECK(assay_buf_ok(out));
    FUZZ_CHECK(assay_bytes_find(text, '\n', 0) == text.len);
    tokens = assay_arena_alloc(arena, room * sizeof(*tokens));
    FUZZ_CHECK(tokens != NULL);
    FUZZ_CHECK(assay_json_parse(&doc, tokens, room, text, ASSAY_JSON_STRICT, NULL) == ASSAY_OK);
    FUZZ_CHECK(assay_bytes_equal(assay_json_raw(&doc, assay_json_member(&doc, 0, "id")), id));
}

static void check_call(struct assay_arena *arena, struct assay_buf *out,
                       const struct x402_mcp_message *message)
{
    struct x402_mcp_call call;
    struct assay_json doc;

    if (x402_mcp_call_read(&call, arena, message) != X402_MCP_OK)
        return;
    FUZZ_CHECK(call.name.len > 0 && call.name.len <= X402_MCP_TOOL_MAX_BYTES);
    if (call.arguments.len > 0) {
        FUZZ_CHECK(x402_document_parse(&doc, arena, call.arguments, true, NULL) !=
                   ASSAY_E_MALFORMED);
    }
    x402_mcp_write_result(out, message->id,
                          &(struct x402_mcp_result){.required = ASSAY_LIT(""),
                                                    .settlement = ASSAY_LIT(""),
                                                    .text = call.payment});
    check_answer(arena, out, message->id);
}

static bool is_id(struct assay_bytes id)
{
    static const char integer[] = "-0123456789";
    size_t i = 0;

    if (assay_bytes_is(id, "null"))
        return true;
    if (id.len >= 2 && id.at[0] == '"')
        return id.at[id.len - 1] == '"';
    while (i < id.len && id.at[i] != '\0' && strchr(integer, id.at[i]) != NULL)
        i++;
    return i > 0 && i == id.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_buf out = ASSAY_BUF_INIT(ANSWER_BYTES);
    struct x402_mcp_message message;
    enum x402_mcp_error error = x402_mcp_read(&message, &arena, assay_bytes_of(data, size));

    FUZZ_CHECK(error != X402_MCP_METHOD && error != X402_MCP_INTERNAL);
    FUZZ_CHECK(is_id(message.id) && message.id.len <= X402_MCP_ID_MAX_BYTES);
    if (error != X402_MCP_OK) {
        x402_mcp_write_error(&out, message.id, error);
        check_answer(&arena, &out, message.id);
    } else if (message.kind == X402_MCP_ASKS) {
        (void)x402_mcp_write_method(&out, &server, &message);
        check_answer(&arena, &out, message.id);
        assay_buf_clear(&out);
        check_call(&arena, &out, &message);
    }
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
    return 0;
}
