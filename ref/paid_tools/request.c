/* The requestHash of a paid request; see request.h. */
#include "paid_tools/request.h"

#include "base/hash.h"
#include "base/hex.h"
#include "base/planted.h"
#include "base/url.h"
#include "defects/defects.h"

/* A decoded byte that is no UTF-8 becomes the three bytes of U+FFFD. */
enum { NAMES_MAX_BYTES = 3 * PT_TARGET_MAX_BYTES };

struct piece {
    size_t name_at, name_len; /* decoded, in the buffer of names */
    struct assay_bytes value; /* as sent */
};

struct pieces {
    struct assay_buf names;
    struct piece at[PT_QUERY_MAX_PIECES];
    size_t count;
};

static bool is_slash(uint8_t c)
{
    return c == '/' || c == '\\';
}

/* The authority that a foreign target names, as assay_url_target steps over it. */
static struct assay_bytes authority_of(struct assay_bytes target)
{
    size_t from = 0, to;

    if (!is_slash(target.at[0]))
        from = assay_bytes_find(target, ':', 0) + 1;
    while (from < target.len && is_slash(target.at[from]))
        from++;
    for (to = from; to < target.len && !is_slash(target.at[to]); to++) {
        if (target.at[to] == '?' || target.at[to] == '#')
            break;
    }
    return assay_bytes_part(target, from, to);
}

static enum assay_code check_target(struct assay_bytes target, struct assay_err *err)
{
    if (target.len > PT_TARGET_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, PT_TARGET_MAX_BYTES,
                          "request-target: has %zu bytes, the limit is %d", target.len,
                          PT_TARGET_MAX_BYTES);
    for (size_t i = 0; i < target.len; i++) {
        if (target.at[i] <= ' ' || target.at[i] == 0x7F)
            return assay_fail(err, ASSAY_E_MALFORMED, i,
                              "request-target: a control character or space at byte %zu", i);
    }
    return ASSAY_OK;
}

/* Appends the path and gives the query as sent. */
static enum assay_code split(struct assay_buf *path, struct assay_bytes *query,
                             const struct pt_request *request, struct assay_err *err)
{
    size_t start = path->len;
    bool foreign = false;
    enum assay_code rc = check_target(request->target, err);

    if (rc != ASSAY_OK)
        return rc;
    if ((rc = assay_url_target(path, query, &foreign, request->target)) != ASSAY_OK)
        return assay_fail(err, rc, 0, "request-target: does not resolve to a path");
    if (REF_DEFECT(hash_authority_dropped))
        return ASSAY_OK;
    if (foreign && !assay_bytes_equal_nocase(authority_of(request->target), request->host)) {
        path->len = start;
        return assay_fail(err, ASSAY_E_CONFLICT, 0,
                          "request-target: names another authority than the Host header");
    }
    if (path->len - start > 1 && path->at[start + 1] == '/') {
        path->len = start;
        return assay_fail(err, ASSAY_E_CONFLICT, 0,
                          "request-target: resolves to a path that reads as an authority");
    }
    return ASSAY_OK;
}

static enum assay_code read_pieces(struct pieces *out, struct assay_bytes query,
                                   struct assay_err *err)
{
    struct assay_bytes name, value;
    size_t pos = 0;

    while (assay_query_next(query, &pos, &name, &value)) {
        struct piece *piece = &out->at[out->count];

        if (out->count == PT_QUERY_MAX_PIECES)
            return assay_fail(err, ASSAY_E_TOO_LARGE, pos, "query: has more than %d pieces",
                              PT_QUERY_MAX_PIECES);
        piece->name_at = out->names.len;
        assay_query_decode(&out->names, name, true);
        piece->name_len = out->names.len - piece->name_at;
        piece->value = value;
        out->count++;
    }
    return out->names.bad;
}

static struct assay_bytes name_of(const struct pieces *pieces, const struct piece *piece)
{
    return assay_bytes_part(assay_buf_view(&pieces->names), piece->name_at,
                            piece->name_at + piece->name_len);
}

static bool is_after(const struct pieces *pieces, const struct piece *a, const struct piece *b)
{
    int order = assay_bytes_compare(name_of(pieces, a), name_of(pieces, b));

    if (REF_DEFECT(hash_value_sorted) && order == 0)
        order = assay_bytes_compare(a->value, b->value);
    return order > (PLANTED(query_order) ? -1 : 0);
}

/* Insertion: stable, and the pieces are few. */
static void sort_pieces(struct pieces *pieces)
{
    for (size_t i = 1; i < pieces->count; i++) {
        struct piece moved = pieces->at[i];
        size_t to = i;

        for (; to > 0 && is_after(pieces, &pieces->at[to - 1], &moved); to--)
            pieces->at[to] = pieces->at[to - 1];
        pieces->at[to] = moved;
    }
}

static enum assay_code add_query(struct assay_buf *out, struct assay_bytes query,
                                 struct assay_err *err)
{
    struct pieces pieces; /* only what is counted of it is ever set */
    struct assay_buf value = ASSAY_BUF_INIT(NAMES_MAX_BYTES);
    enum assay_code rc;

    pieces.names = (struct assay_buf)ASSAY_BUF_INIT(NAMES_MAX_BYTES);
    pieces.count = 0;
    rc = read_pieces(&pieces, query, err);
    if (rc != ASSAY_OK)
        goto out;
    sort_pieces(&pieces);
    for (size_t i = 0; i < pieces.count; i++) {
        assay_buf_clear(&value);
        assay_query_decode(&value, pieces.at[i].value, true);
        if (i > 0)
            assay_buf_add_byte(out, '&');
        assay_url_escape_component(out, name_of(&pieces, &pieces.at[i]));
        assay_buf_add_byte(out, '=');
        assay_url_escape_component(out, assay_buf_view(&value));
        if ((rc = value.bad) != ASSAY_OK)
            goto out;
    }
    rc = out->bad;
out:
    assay_buf_fini(&value);
    assay_buf_fini(&pieces.names);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "query: %s", assay_code_text(rc));
}

enum assay_code pt_request_path(struct assay_buf *out, const struct pt_request *request,
                                struct assay_err *err)
{
    struct assay_bytes query;

    return split(out, &query, request, err);
}

enum assay_code pt_request_query(struct assay_buf *out, const struct pt_request *request,
                                 struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct assay_bytes query;
    enum assay_code rc = split(&path, &query, request, err);

    if (rc == ASSAY_OK)
        rc = add_query(out, query, err);
    assay_buf_fini(&path);
    return rc;
}

enum assay_code pt_request_canonical_target(struct assay_buf *out, const struct pt_request *request,
                                            struct assay_err *err)
{
    struct assay_bytes query;
    enum assay_code rc = split(out, &query, request, err);
    size_t mark;

    if (rc != ASSAY_OK)
        return rc;
    mark = out->len;
    assay_buf_add_byte(out, '?');
    rc = add_query(out, query, err);
    if (rc == ASSAY_OK && out->len == mark + 1)
        out->len = mark;
    return rc;
}

static void add_upper(struct assay_sha256 *h, struct assay_bytes method)
{
    for (size_t i = 0; i < method.len; i++) {
        uint8_t c = method.at[i];

        c = c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
        assay_sha256_add(h, assay_bytes_of(&c, 1));
    }
}

enum assay_code pt_request_hash(char out[PT_HASH_TEXT_BYTES], const struct pt_request *request,
                                struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct assay_bytes query;
    struct assay_sha256 h;
    uint8_t digest[ASSAY_SHA256_BYTES];
    enum assay_code rc;

    if ((rc = split(&path, &query, request, err)) != ASSAY_OK)
        goto out;
    if (REF_DEFECT(hash_path_decoded))
        assay_query_decode(&text, assay_buf_view(&path), false);
    else
        assay_buf_add(&text, assay_buf_view(&path));
    assay_buf_add_byte(&text, '\n');
    if (REF_DEFECT(hash_escapes_kept))
        assay_buf_add(&text, query);
    else if (!REF_DEFECT(hash_without_query) && (rc = add_query(&text, query, err)) != ASSAY_OK)
        goto out;
    assay_buf_add_byte(&text, '\n');
    if ((rc = text.bad) != ASSAY_OK) {
        rc = assay_fail(err, rc, 0, "request-target: %s", assay_code_text(rc));
        goto out;
    }
    assay_sha256_init(&h);
    if (!REF_DEFECT(hash_without_method))
        add_upper(&h, request->method);
    assay_sha256_add(&h, ASSAY_LIT("\n"));
    assay_sha256_add(&h, assay_buf_view(&text));
    if (!REF_DEFECT(hash_without_body))
        assay_sha256_add(&h, request->body);
    assay_sha256_end(&h, digest);
    assay_hex_encode(out, assay_bytes_of(digest, sizeof(digest)));
out:
    assay_buf_fini(&text);
    assay_buf_fini(&path);
    return rc;
}
