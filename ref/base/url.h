/** URLs: split (RFC 3986), the parts of the WHATWG URL standard that the protocols hash by, and
 *  application/x-www-form-urlencoded queries. No networking, no percent-decoding unless said. */
#ifndef ASSAY_BASE_URL_H
#define ASSAY_BASE_URL_H

#include "base/buf.h"

struct assay_url {
    struct assay_bytes scheme; /**< as written, "http" or "https" in any case */
    struct assay_bytes host;   /**< without brackets, as written */
    uint16_t port;             /**< the scheme's own where none is written */
    struct assay_bytes path;   /**< with its slash; empty where none is written */
    struct assay_bytes query;  /**< without '?'; empty where there is none */
    bool has_query;
};

/** MALFORMED: no scheme, user information, an empty host, a port that is no number of 1..65535,
 *  a control character, a space or a backslash; a host name of other characters than letters,
 * digits,
 *  '-', '.' and '_', or brackets around what is no IPv6 address. UNSUPPORTED: a scheme other than
 * http, https, ws, wss. A fragment is dropped. out borrows text; unchanged on failure. */
enum assay_code assay_url_split(struct assay_url *out, struct assay_bytes text,
                                struct assay_err *err) ASSAY_MUST_USE;

/** Whether host is loopback by its own text: 127.0.0.0/8, ::1, or localhost. Nothing is looked up.
 */
bool assay_url_host_is_loopback(struct assay_bytes host);

/** The WHATWG pathname of a request-target resolved against http://localhost: dot segments (also
 *  as %2e) removed, '\' turned into '/', escapes otherwise kept as sent, bytes of the path
 *  percent-encode set escaped, fragment dropped; the query is returned without '?'.
 *  A target of //host/path, http://host/path or http:\\host resolves as a WHATWG URL does (the
 *  authority is not part of the pathname); *foreign then says that it named an authority.
 *
 *  Source: WHATWG URL, section 4.4. It works on bytes: one above 0x7F is escaped by itself. Tabs
 * and line ends are dropped, spaces and controls around the target cut off. Appends to path; query
 * is a view of target. MALFORMED: empty, or it does not resolve: it starts with neither slash,
 * backslash, '?', '#' nor one of http, https, ws, wss, ftp (so the asterisk and authority forms);
 * its host or port is wrong, its host needs IDNA or its authority is longer than 512 bytes; a tab
 * or line end in the query. TOO_LARGE or NOMEM: from path. On failure all three outputs are as
 * before. */
enum assay_code assay_url_target(struct assay_buf *path, struct assay_bytes *query, bool *foreign,
                                 struct assay_bytes target) ASSAY_MUST_USE;

/** Walks a form-urlencoded query: pieces split on '&', empty ones skipped, split at the first '='.
 *  name and value are raw views. Returns false at the end. *pos starts at 0. */
bool assay_query_next(struct assay_bytes query, size_t *pos, struct assay_bytes *name,
                      struct assay_bytes *value);
/** Appends the decoded form: '+' is a space, %XX a byte, a '%' without two digits itself; then
 * UTF-8 with replacement when `replace`, else the bytes as they are. */
void assay_query_decode(struct assay_buf *out, struct assay_bytes raw, bool replace);
/** Appends one byte as '%' and two capital digits. */
void assay_url_add_escape(struct assay_buf *out, uint8_t byte);

/** Appends with everything escaped but A-Z a-z 0-9 - _ . ! ~ * ' ( ) : ECMAScript
 * encodeURIComponent. */
void assay_url_escape_component(struct assay_buf *out, struct assay_bytes text);

#endif
