/* The pathname of a request-target, by the state machine of the WHATWG URL standard (section 4.4)
 * with http://localhost as the base. See assay_url_target in url.h. */
#include "base/decimal.h"
#include "base/planted.h"
#include "base/url.h"
#include "base/url_host.h"

enum { AUTHORITY_MAX_BYTES = 512 };

/* The target without what the standard strips: spaces and controls around it are cut off, tabs and
 * line ends within are stepped over. */
struct scan {
    struct assay_bytes in;
    size_t pos;
};

static bool is_stripped(uint8_t c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

/* The byte at the position, or -1 at the end. */
static int look(struct scan *s)
{
    while (s->pos < s->in.len && is_stripped(s->in.at[s->pos]))
        s->pos++;
    return s->pos < s->in.len ? s->in.at[s->pos] : -1;
}

static bool is_slash(int c)
{
    return c == '/' || c == '\\';
}

static bool ends_path(int c)
{
    return c < 0 || c == '?' || c == '#';
}

static struct assay_bytes trim(struct assay_bytes text)
{
    size_t from = 0, to = text.len;

    while (from < to && text.at[from] <= ' ')
        from++;
    while (to > from && text.at[to - 1] <= ' ')
        to--;
    return assay_bytes_part(text, from, to);
}

/* Reads "scheme:" into name, in lower case, or leaves the scan where it was. False: no scheme. */
static bool read_scheme(struct scan *s, char name[8])
{
    struct scan ahead = *s;
    size_t len = 0;
    int c;

    while ((c = look(&ahead)) != ':') {
        int lower = c | 0x20;
        bool letter = c > 0 && lower >= 'a' && lower <= 'z';
        bool inner = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';

        if (!letter && !(len > 0 && inner))
            return false;
        if (len < 7)
            name[len] = (char)(letter ? lower : c);
        len++;
        ahead.pos++;
    }
    if (len == 0)
        return false;
    name[len < 7 ? len : 7] = '\0';
    *s = ahead;
    s->pos++;
    return true;
}

/* Steps over the slashes and the authority. False where the standard finds no valid host or port.
 */
static bool read_authority(struct scan *s)
{
    uint8_t text[AUTHORITY_MAX_BYTES];
    struct assay_bytes authority = {text, 0};
    size_t colon;
    uint64_t port = 0;
    int c;

    while (is_slash(look(s)))
        s->pos++;
    for (; !ends_path(c = look(s)) && !is_slash(c); s->pos++) {
        if (authority.len == sizeof(text))
            return false;
        text[authority.len++] = (uint8_t)c;
    }
    for (size_t at = authority.len; at > 0; at--) { /* user information ends at the last '@' */
        if (text[at - 1] == '@') {
            authority = assay_bytes_part(authority, at, authority.len);
            break;
        }
    }
    colon = authority.len > 0 && authority.at[0] == '[' ? assay_bytes_find(authority, ']', 0) : 0;
    colon = assay_bytes_find(authority, ':', colon);
    for (size_t at = colon + 1; at < authority.len; at++) {
        if (authority.at[at] < '0' || authority.at[at] > '9')
            return false;
        port = port * 10 + (uint64_t)(authority.at[at] - '0');
        if (port > UINT16_MAX)
            return false;
    }
    return assay_url_is_host(assay_bytes_part(authority, 0, colon));
}

static bool is_special(const char *scheme)
{
    static const char *const special[] = {"http", "https", "ws", "wss", "ftp"};

    for (size_t i = 0; i < ARRAY_LEN(special); i++) {
        if (strcmp(scheme, special[i]) == 0)
            return true;
    }
    return false;
}

/* Moves to where the path begins. False: the target does not resolve. */
static bool read_origin(struct scan *s, bool *foreign)
{
    char scheme[8] = "http";
    struct scan ahead;
    int c = look(s);

    if (read_scheme(s, scheme) ? !is_special(scheme) : !ends_path(c) && !is_slash(c))
        return false;
    *foreign = strcmp(scheme, "http") != 0;
    ahead = *s;
    if (!*foreign && is_slash(look(&ahead))) {
        ahead.pos++;
        *foreign = is_slash(look(&ahead));
    }
    return !*foreign || read_authority(s);
}

/* The path percent-encode set. */
static bool is_escaped(uint8_t c)
{
    return c <= ' ' || c >= 0x7F + PLANTED(path_delete) || memchr("\"#<>?^`{}", c, 9) != NULL;
}

/* How many dots a segment stands for when it is "." or "..", each dot also as %2e; else 0. */
static unsigned dots(struct assay_bytes segment)
{
    unsigned count = 0;

    while (segment.len > 0) {
        size_t used = 0;

        if (segment.at[0] == '.')
            used = 1;
        else if (PLANTED(path_encoded_dots)
                     ? assay_bytes_is(assay_bytes_part(segment, 0, 3), "%2e")
                     : assay_bytes_equal_nocase(assay_bytes_part(segment, 0, 3), ASSAY_LIT("%2e")))
            used = 3;
        if (used == 0 || ++count > 2)
            return 0;
        segment = assay_bytes_part(segment, used, segment.len);
    }
    return count;
}

/* Ends the segment that starts, with its slash, at `from`; `base` is where the path starts. */
static void end_segment(struct assay_buf *path, size_t base, size_t from, bool last)
{
    unsigned count = dots(assay_bytes_part(assay_buf_view(path), from + 1, path->len));

    if (count == 0)
        return;
    path->len = from;
    if (count == 2 && from > base) {
        while (path->at[--path->len] != '/')
            ;
    }
    if (last)
        assay_buf_add_byte(path, '/');
}

static void read_path(struct scan *s, struct assay_buf *path)
{
    size_t base = path->len;
    int c = look(s);

    if (is_slash(c))
        s->pos++;
    do {
        size_t from = path->len;

        assay_buf_add_byte(path, '/');
        for (; !ends_path(c = look(s)) && !is_slash(c); s->pos++) {
            if (is_escaped((uint8_t)c))
                assay_url_add_escape(path, (uint8_t)c);
            else
                assay_buf_add_byte(path, (uint8_t)c);
        }
        if (!assay_buf_ok(path))
            return;
        end_segment(path, base, from, ends_path(c));
        s->pos += is_slash(c) ? 1 : 0;
    } while (!ends_path(c));
}

/* What stands between '?' and '#'. False where a tab or line end is in it, which a view cannot
 * drop. */
static bool read_query(struct scan *s, struct assay_bytes *query)
{
    *query = ASSAY_LIT("");
    if (look(s) != '?')
        return true;
    *query = assay_bytes_part(s->in, s->pos + 1, assay_bytes_find(s->in, '#', s->pos));
    for (size_t i = 0; i < query->len; i++) {
        if (is_stripped(query->at[i]))
            return false;
    }
    return true;
}

enum assay_code assay_url_target(struct assay_buf *path, struct assay_bytes *query, bool *foreign,
                                 struct assay_bytes target)
{
    struct scan s = {.in = trim(target)};
    struct assay_bytes found = ASSAY_LIT("");
    enum assay_code rc = path->bad;
    size_t before = path->len;
    bool elsewhere = false;

    if (rc != ASSAY_OK)
        return rc;
    if (look(&s) < 0 || !read_origin(&s, &elsewhere))
        return ASSAY_E_MALFORMED;
    read_path(&s, path);
    rc = path->bad;
    if (rc == ASSAY_OK && !read_query(&s, &found))
        rc = ASSAY_E_MALFORMED;
    if (rc != ASSAY_OK) {
        path->len = before;
        path->bad = ASSAY_OK;
        return rc;
    }
    *query = found;
    *foreign = elsewhere;
    return ASSAY_OK;
}
