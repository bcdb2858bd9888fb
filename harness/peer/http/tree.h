/** JSON documents that scenarios bend before they are sent: members by path, and the texts that
 *  headers are made of. Trees belong to the case (case_owned).
 */
#ifndef PEER_HTTP_TREE_H
#define PEER_HTTP_TREE_H

#include "run/scenario.h"

/* Members are named by path, those of arrays by their number: "accepts.0.extra.name". */

/** Steals value; NULL takes the member away. Nothing where the path leads nowhere. */
void peer_tree_set(json_t *object, const char *path, json_t *value);
void peer_tree_set_text(json_t *object, const char *path, const char *text);
json_t *peer_tree_get(json_t *object, const char *path); /**< borrowed; NULL: none */

/** A tree of a JSON text of our own, of any type; `broken` when it is none. */
json_t *peer_tree(struct assay_case *t, struct assay_bytes text);
const char *peer_tree_text(struct assay_case *t, const json_t *value); /**< compact */
/** Standard base64 of a text, as headers have it. */
const char *peer_base64(struct assay_case *t, struct assay_bytes text);
const char *peer_hex(struct assay_case *t, struct assay_bytes bytes);
/** A payment identifier that nobody has used. */
const char *peer_identifier(struct assay_case *t);

#endif
