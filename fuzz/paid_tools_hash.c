/* requestHash: the canonical target is its own canonical form, and what is hashed is that target
 * and the body as one text; MCP arguments likewise. Where the path is of plain letters, so that
 * nothing is resolved, the target is made a second time by the sentences of the digest (paid-tools,
 * section 4). The input is host, target and body, parted by line feeds. */
#include "fuzz.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "paid_tools/mcp.h"

enum { OUT_MAX_BYTES = 1 << 20 };

/* ---- a second canonical query ---- */

struct pair {
    struct assay_buf name, value;
    size_t place;
};

static int by_name(const void *a, const void *b)
{
    const struct pair *left = a, *right = b;
    int order = assay_bytes_compare(assay_buf_view(&left->name), assay_buf_view(&right->name));

    if (order != 0)
        return order;
    return left->place < right->place ? -1 : 1;
}

static int digit_of(uint8_t c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c != 0 ? strchr(digits, c) : NULL;
    long n = at != NULL ? at - digits : -1;

    return (int)(n >= 16 ? n - 6 : n);
}

/* Plus is a space; what is no escape stays; what is no UTF-8 is replaced. */
static void decode(struct assay_buf *out, struct assay_bytes text)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    for (size_t i = 0; i < text.len; i++) {
        bool may_escape = text.at[i] == '%' && i + 2 < text.len;
        int high = may_escape ? digit_of(text.at[i + 1]) : -1;
        int low = may_escape ? digit_of(text.at[i + 2]) : -1;

        if (high >= 0 && low >= 0) {
            assay_buf_add_byte(&bytes, (uint8_t)(high * 16 + low));
            i += 2;
        } else {
            assay_buf_add_byte(&bytes, text.at[i] == '+' ? ' ' : text.at[i]);
        }
    }
    assay_utf8_add_replaced(out, assay_buf_view(&bytes));
    assay_buf_fini(&bytes);
}

static void escape(struct assay_buf *out, struct assay_bytes text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != 0 && strchr(plain, text.at[i]) != NULL)
            assay_buf_add_byte(out, text.at[i]);
        else
            assay_buf_add(
                out,
                assay_bytes_of((char[]){'%', digits[text.at[i] / 16], digits[text.at[i] % 16]}, 3));
    }
}

static size_t read_pairs(struct pair *pairs, struct assay_bytes query)
{
    size_t count = 0;

    for (size_t from = 0, to; from < query.len; from = to + 1) {
        struct assay_bytes piece;
        size_t sign;

        to = assay_bytes_find(query, '&', from);
        piece = assay_bytes_part(query, from, to);
        sign = assay_bytes_find(piece, '=', 0);
        if (piece.len == 0)
            continue;
        pairs[count] =
            (struct pair){ASSAY_BUF_INIT(OUT_MAX_BYTES), ASSAY_BUF_INIT(OUT_MAX_BYTES), count};
        decode(&pairs[count].name, assay_bytes_part(piece, 0, sign));
        decode(&pairs[count].value, assay_bytes_part(piece, sign + 1, piece.len));
        count++;
    }
    return count;
}

static void add_query(struct assay_buf *out, struct assay_bytes query)
{
    struct pair *pairs = calloc(query.len + 1, sizeof(*pairs));
    size_t count;

    FUZZ_CHECK(pairs != NULL);
    count = read_pairs(pairs, query);
    qsort(pairs, count, sizeof(*pairs), by_name);
    for (size_t i = 0; i < count; i++) {
        assay_buf_add_str(out, i > 0 ? "&" : "");
        escape(out, assay_buf_view(&pairs[i].name));
        assay_buf_add_byte(out, '=');
        escape(out, assay_buf_view(&pairs[i].value));
        assay_buf_fini(&pairs[i].name);
        assay_buf_fini(&pairs[i].value);
    }
    free(pairs);
}

/* Segments of letters, digits, dashes, underscores and escapes, none of them empty but the last:
 * they are kept as they were sent, unless one is of a dot. */
static bool is_plain_path(struct assay_bytes path)
{
    static const char plain[] =
        "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_%";

    for (size_t i = 0; i < path.len; i++)
        if (path.at[i] == 0 || strchr(plain, path.at[i]) == NULL ||
            (i > 0 && path.at[i] == '/' && path.at[i - 1] == '/') ||
            assay_bytes_equal_nocase(assay_bytes_part(path, i, i + 3), ASSAY_LIT("%2e")))
            return false;
    return path.len > 0 && path.at[0] == '/';
}

static void check_second(const struct pt_request *request, struct assay_bytes canonical)
{
    struct assay_bytes target =
        assay_bytes_part(request->target, 0, assay_bytes_find(request->target, '#', 0));
    size_t mark = assay_bytes_find(target, '?', 0);
    struct assay_buf second = ASSAY_BUF_INIT(4 * OUT_MAX_BYTES);

    if (!is_plain_path(assay_bytes_part(target, 0, mark)))
        return;
    assay_buf_add(&second, assay_bytes_part(target, 0, mark));
    assay_buf_add_byte(&second, '?');
    add_query(&second, assay_bytes_part(target, mark + 1, target.len));
    if (assay_buf_ok(&second)) {
        second.len -= second.at[second.len - 1] == '?' ? 1 : 0; /* before an empty query */
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&second), canonical));
    }
    assay_buf_fini(&second);
}

/* Of one text: METHOD, PATH, CANONICAL_QUERY and BODY, parted by line feeds. */
static void check_hash(const struct pt_request *request, struct assay_bytes canonical)
{
    struct assay_buf text = ASSAY_BUF_INIT(4 * OUT_MAX_BYTES);
    size_t mark = assay_bytes_find(canonical, '?', 0);
    char hash[PT_HASH_TEXT_BYTES], second[PT_HASH_TEXT_BYTES];
    uint8_t digest[ASSAY_SHA256_BYTES];

    FUZZ_CHECK(pt_request_hash(hash, request, NULL) == ASSAY_OK);
    assay_buf_add_str(&text, "POST\n");
    assay_buf_add(&text, assay_bytes_part(canonical, 0, mark));
    assay_buf_add_byte(&text, '\n');
    assay_buf_add(&text, assay_bytes_part(canonical, mark + 1, canonical.len));
    assay_buf_add_byte(&text, '\n');
    assay_buf_add(&text, request->body);
    FUZZ_CHECK(assay_buf_ok(&text));
    assay_sha256(digest, assay_buf_view(&text));
    assay_hex_encode(second, assay_bytes_of(digest, sizeof(digest)));
    FUZZ_CHECK(strcmp(hash, second) == 0);
    assay_buf_fini(&text);
}

/* ---- targets and messages ---- */

static void check_target(const struct pt_request *request)
{
    struct assay_buf first = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct assay_buf second = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    char hash[PT_HASH_TEXT_BYTES];
    struct pt_request canonical = *request;
    enum assay_code rc = pt_request_canonical_target(&first, request, NULL);

    if (rc == ASSAY_OK) {
        check_second(request, assay_buf_view(&first));
        check_hash(request, assay_buf_view(&first));
    } else {
        FUZZ_CHECK(pt_request_hash(hash, request, NULL) == rc);
    }
    if (rc == ASSAY_OK && first.len <= PT_TARGET_MAX_BYTES) {
        canonical.target = assay_buf_view(&first);
        FUZZ_CHECK(pt_request_canonical_target(&second, &canonical, NULL) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&first), assay_buf_view(&second)));
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
