/* requestHash: the canonical target hashes like the target it was made of and is its own canonical
 * form; MCP arguments likewise. The input is host, target and body, parted by line feeds. */
#include "fuzz.h"

#include "base/cursor.h"
#include "paid_tools/mcp.h"

enum { OUT_MAX_BYTES = 1 << 20 };

static void check_target(const struct pt_request *request)
{
    struct assay_buf first = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct assay_buf second = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    char hash[PT_HASH_TEXT_BYTES], again[PT_HASH_TEXT_BYTES];
    struct pt_request canonical = *request;
    enum assay_code rc = pt_request_canonical_target(&first, request, NULL);

    FUZZ_CHECK(pt_request_hash(hash, request, NULL) == rc);
    if (rc == ASSAY_OK && first.len <= PT_TARGET_MAX_BYTES) {
        canonical.target = assay_buf_view(&first);
        FUZZ_CHECK(pt_request_canonical_target(&second, &canonical, NULL) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&first), assay_buf_view(&second)));
        FUZZ_CHECK(pt_request_hash(again, &canonical, NULL) == ASSAY_OK);
        FUZZ_CHECK(strcmp(hash, again) == 0);
    }
    assay_buf_fini(&first);
    assay_buf_fini(&second);
}

static void check_message(struct assay_bytes body)
{
    struct assay_buf id = ASSAY_BUF_INIT(OUT_MAX_BYTES), arguments = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf again = ASSAY_BUF_INIT(OUT_MAX_BYTES), body2 = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct pt_mcp_message message, second;

    pt_mcp_read(&message, &id, &arguments, body);
    FUZZ_CHECK(id.len > 0);
    if (message.kind == PT_MCP_CALL && assay_buf_ok(&arguments)) {
        assay_buf_add_str(&body2, "{\"method\":\"tools/call\",\"params\":{\"name\":\"t\","
                                  "\"arguments\":");
        assay_buf_add(&body2, assay_buf_view(&arguments));
        assay_buf_add_str(&body2, "}}");
        pt_mcp_read(&second, NULL, &again, assay_buf_view(&body2));
        FUZZ_CHECK(second.kind == PT_MCP_CALL);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&arguments), assay_buf_view(&again)));
    }
    assay_buf_fini(&id);
    assay_buf_fini(&arguments);
    assay_buf_fini(&again);
    assay_buf_fini(&body2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_cur c = assay_cur_of(assay_bytes_of(data, size));
    struct pt_request request = {.method = ASSAY_LIT("POST")};

    request.host = assay_cur_until(&c, '\n');
    request.target = assay_cur_until(&c, '\n');
    request.body = assay_bytes_part(c.in, c.pos, c.in.len);
    check_target(&request);
    check_message(request.body);
    return 0;
}
