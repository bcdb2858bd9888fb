/* Which JSON-RPC message is payable, and its requestHash; see mcp.h. */
#include "paid_tools/mcp.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "defects/defects.h"
#include "paid_tools/text.h"

static void read_id(struct assay_buf *out, const struct assay_json *doc)
{
    uint32_t id = assay_json_member(doc, 0, "id");
    enum assay_json_type type = assay_json_type(doc, id);

    if (type == ASSAY_JSON_STRING || type == ASSAY_JSON_NUMBER)
        assay_buf_add(out, assay_json_raw(doc, id));
    else
        assay_buf_add_str(out, "null");
}

static enum assay_code read_arguments(struct assay_buf *out, const struct assay_json *doc,
                                      uint32_t params)
{
    uint32_t arguments = assay_json_member(doc, params, "arguments");

    if (assay_json_type(doc, arguments) == ASSAY_JSON_NULL)
        assay_buf_add_str(out, "{}");
    else if (REF_DEFECT(hash_mcp_order) || REF_DEFECT(hash_mcp_numbers))
        assay_buf_add(out, assay_json_raw(doc, arguments));
    else
        return assay_json_canonical(out, doc, arguments, NULL);
    return out->bad;
}

static void read_message(struct pt_mcp_message *out, struct assay_buf *id,
                         struct assay_buf *arguments, const struct assay_json *doc)
{
    uint32_t params = assay_json_member(doc, 0, "params");
    struct pt_mcp_message read = {.kind = PT_MCP_FREE};

    if (assay_json_type(doc, 0) == ASSAY_JSON_ARRAY) {
        out->kind = PT_MCP_BATCH;
        return;
    }
    if (id != NULL)
        read_id(id, doc);
    if (pt_text_read(read.method, sizeof(read.method), doc, assay_json_member(doc, 0, "method"),
                     "method", NULL) != ASSAY_OK)
        return;
    memcpy(out->method, read.method, sizeof(read.method));
    if (strcmp(read.method, "tools/call") != 0 ||
        pt_text_read(read.tool, sizeof(read.tool), doc, assay_json_member(doc, params, "name"),
                     "name", NULL) != ASSAY_OK ||
        read.tool[0] == '\0')
        return;
    read.kind = PT_MCP_CALL;
    if (arguments != NULL && read_arguments(arguments, doc, params) != ASSAY_OK)
        read.kind = PT_MCP_BROKEN;
    *out = read;
}

void pt_mcp_read(struct pt_mcp_message *out, struct assay_buf *id, struct assay_buf *arguments,
                 struct assay_bytes body)
{
    /* A value and what parts it from the next take two bytes. */
    size_t room = body.len / 2 < PT_MCP_MAX_TOKENS ? body.len / 2 + 1 : PT_MCP_MAX_TOKENS;
    struct assay_json_token *tokens = assay_alloc(room * sizeof(*tokens));
    struct assay_json doc;

    *out = (struct pt_mcp_message){.kind = PT_MCP_BROKEN};
    if (tokens != NULL &&
        assay_json_parse(&doc, tokens, room, body, ASSAY_JSON_STRICT, NULL) == ASSAY_OK) {
        out->kind = PT_MCP_FREE;
        read_message(out, id, arguments, &doc);
    }
    if (id != NULL && id->len == 0)
        assay_buf_add_str(id, "null");
    assay_free(tokens);
}

static void add_line(struct assay_sha256 *h, struct assay_bytes text)
{
    assay_sha256_add(h, text);
    assay_sha256_add(h, ASSAY_LIT("\n"));
}

/* Of defect hash.mcp_numbers_forwarded: arguments come as sent and are made canonical here alone.
 */
static bool add_canonical(struct assay_sha256 *h, struct assay_bytes arguments)
{
    struct assay_json_token tokens[PT_JSON_MAX_TOKENS];
    struct assay_buf text = ASSAY_BUF_INIT(8 * arguments.len + 64);
    struct assay_json doc;
    bool done = assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), arguments, ASSAY_JSON_STRICT,
                                 NULL) == ASSAY_OK &&
                assay_json_canonical(&text, &doc, 0, NULL) == ASSAY_OK;

    if (done)
        assay_sha256_add(h, assay_buf_view(&text));
    assay_buf_fini(&text);
    return done;
}

void pt_mcp_hash(char out[PT_HASH_TEXT_BYTES], struct assay_bytes path, struct assay_bytes tool,
                 struct assay_bytes canonical_arguments)
{
    uint8_t digest[ASSAY_SHA256_BYTES];
    struct assay_sha256 h;

    assay_sha256_init(&h);
    add_line(&h, ASSAY_LIT("MCP"));
    add_line(&h, path);
    add_line(&h, ASSAY_LIT("tools/call"));
    add_line(&h, tool);
    if (!REF_DEFECT(hash_mcp_numbers) || !add_canonical(&h, canonical_arguments))
        assay_sha256_add(&h, canonical_arguments);
    assay_sha256_end(&h, digest);
    assay_hex_encode(out, assay_bytes_of(digest, sizeof(digest)));
}
