/* JSON documents that scenarios bend; see tree.h. */
#include "peer/http/tree.h"

#include "base/base64.h"
#include "base/hex.h"
#include "peer/http/peer.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 64, IDENTIFIER_RANDOM_BYTES = 16 };

static json_t *step(json_t *at, const char *name, size_t len)
{
    char text[NAME_MAX_BYTES];

    if (len >= sizeof(text))
        return NULL;
    memcpy(text, name, len);
    text[len] = '\0';
    return json_is_array(at) ? json_array_get(at, (size_t)strtoul(text, NULL, 10))
                             : json_object_get(at, text);
}

/* The object that holds the last name of the path, and that name. */
static json_t *holder(json_t *object, const char **path)
{
    const char *dot;

    while (object != NULL && (dot = strchr(*path, '.')) != NULL) {
        object = step(object, *path, (size_t)(dot - *path));
        *path = dot + 1;
    }
    return object;
}

json_t *peer_tree_get(json_t *object, const char *path)
{
    json_t *in = holder(object, &path);

    return step(in, path, strlen(path));
}

void peer_tree_set(json_t *object, const char *path, json_t *value)
{
    json_t *in = holder(object, &path);

    if (value == NULL)
        (void)json_object_del(in, path);
    else if (json_is_array(in))
        (void)json_array_set_new(in, (size_t)strtoul(path, NULL, 10), value);
    else
        (void)json_object_set_new(in, path, value);
}

void peer_tree_set_text(json_t *object, const char *path, const char *text)
{
    peer_tree_set(object, path, json_string(text));
}

json_t *peer_tree(struct assay_case *t, struct assay_bytes text)
{
    json_error_t why = {.text = ""};
    json_t *value = json_loadb((const char *)text.at, text.len, JSON_DECODE_ANY, &why);

    if (value == NULL)
        case_end(t, VERDICT_BROKEN, "a document of our own cannot be read: %s", why.text);
    return case_owned(t, value);
}

const char *peer_tree_text(struct assay_case *t, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = text != NULL ? case_printf(t, "%s", text) : NULL;

    free(text);
    if (kept == NULL)
        case_end(t, VERDICT_BROKEN, "out of memory for the JSON of a payment");
    return kept;
}

const char *peer_base64(struct assay_case *t, struct assay_bytes text)
{
    struct assay_buf out = ASSAY_BUF_INIT(2 * text.len + 16);

    assay_base64_encode(&out, ASSAY_BASE64_STD, text);
    return (const char *)peer_keep(t, &out).at;
}

const char *peer_hex(struct assay_case *t, struct assay_bytes bytes)
{
    char *text = case_alloc(t, 2 * bytes.len + 1);

    assay_hex_encode(text, bytes);
    return text;
}

const char *peer_identifier(struct assay_case *t)
{
    uint8_t bytes[IDENTIFIER_RANDOM_BYTES];

    /* Not from the case's seed: what must never have been used may not repeat when the run does. */
    if (assay_random_system(bytes, sizeof(bytes)) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the system gives no random bytes");
    return case_printf(t, "assay-%s", peer_hex(t, assay_bytes_of(bytes, sizeof(bytes))));
}
