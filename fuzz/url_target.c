/* Request-targets: a pathname that was resolved stays what it is; queries decode the same again
 * after being encoded. */
#include "fuzz.h"

#include "base/url.h"

enum { OUT_MAX_BYTES = 1 << 24 };

static bool is_dots(struct assay_bytes segment)
{
    static const char *const spelt[] = {".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"};

    for (size_t i = 0; i < ARRAY_LEN(spelt); i++) {
        if (assay_bytes_equal_nocase(segment, assay_str(spelt[i])))
            return true;
    }
    return false;
}

/* It starts with a slash, holds nothing that must be escaped, and no segment of it is dots. */
static void check_path(struct assay_bytes path)
{
    size_t at = 0;

    FUZZ_CHECK(path.len > 0 && path.at[0] == '/');
    for (size_t i = 0; i < path.len; i++)
        FUZZ_CHECK(path.at[i] > ' ' && path.at[i] < 0x7F &&
                   strchr("\"#<>?\\^`{}", path.at[i]) == NULL);
    while (at < path.len) {
        size_t end = assay_bytes_find(path, '/', at + 1);

        FUZZ_CHECK(!is_dots(assay_bytes_part(path, at + 1, end)));
        at = end;
    }
}

/* Resolved once more it is the same, but where its two slashes would name an authority. */
static void check_again(struct assay_bytes path)
{
    struct assay_buf again = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_bytes query;
    bool foreign = true;

    if (!assay_bytes_is(assay_bytes_part(path, 0, 2), "//")) {
        FUZZ_CHECK(assay_url_target(&again, &query, &foreign, path) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&again), path));
        FUZZ_CHECK(!foreign && query.len == 0);
    }
    assay_buf_fini(&again);
}

static void check_component(struct assay_bytes raw)
{
    struct assay_buf plain = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf escaped = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf again = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    assay_query_decode(&plain, raw, true);
    assay_url_escape_component(&escaped, assay_buf_view(&plain));
    assay_query_decode(&again, assay_buf_view(&escaped), true);
    FUZZ_CHECK(assay_buf_ok(&plain) && assay_buf_ok(&escaped) && assay_buf_ok(&again));
    FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&plain), assay_buf_view(&again)));
    assay_buf_fini(&plain);
    assay_buf_fini(&escaped);
    assay_buf_fini(&again);
}

static void check_query(struct assay_bytes query, struct assay_bytes target)
{
    struct assay_bytes name, value;
    size_t pos = 0, before = 0;

    FUZZ_CHECK(query.len <= target.len);
    FUZZ_CHECK(assay_bytes_find(query, '#', 0) == query.len);
    while (assay_query_next(query, &pos, &name, &value)) {
        FUZZ_CHECK(pos > before && name.len + value.len <= pos - before);
        FUZZ_CHECK(name.len + value.len > 0 || query.at[before] == '=' || query.at[before] == '&');
        before = pos;
        check_component(name);
        check_component(value);
    }
    FUZZ_CHECK(pos == query.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_bytes target = assay_bytes_of(data, size);
    struct assay_buf path = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_bytes query = ASSAY_LIT("");
    struct assay_url url;
    bool foreign = false;

    if (assay_url_target(&path, &query, &foreign, target) == ASSAY_OK) {
        check_path(assay_buf_view(&path));
        check_again(assay_buf_view(&path));
        check_query(query, target);
    }
    if (assay_url_split(&url, target, NULL) == ASSAY_OK)
        FUZZ_CHECK(url.host.len > 0 && url.port > 0 && url.path.len + url.query.len < size);
    assay_buf_fini(&path);
    return 0;
}
