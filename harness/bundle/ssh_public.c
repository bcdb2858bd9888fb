/* Public keys: their forms, and lists of them (bundle/ssh_key.h). Source of the list:
 * ssh-keygen(1), ALLOWED SIGNERS. */
#include "bundle/ssh_key.h"

#include "base/base64.h"
#include "base/hash.h"
#include "bundle/ssh_wire.h"

enum { BLOB_MAX_BYTES = 1024, TEXT_MAX_BYTES = 2048 };

void ssh_public_add(struct assay_buf *out, const struct ssh_public *key)
{
    ssh_add_string(out, assay_str(SSH_KEY_TYPE));
    ssh_add_string(out, assay_bytes_of(key->point, sizeof key->point));
}

bool ssh_public_of(struct ssh_public *out, struct assay_bytes blob)
{
    struct assay_cur c = assay_cur_of(blob);
    struct assay_bytes point;

    ssh_cur_expect(&c, SSH_KEY_TYPE);
    point = ssh_cur_string(&c);
    if (!assay_cur_done(&c) || point.len != sizeof out->point)
        return false;
    memcpy(out->point, point.at, sizeof out->point);
    return true;
}

void ssh_public_add_text(struct assay_buf *out, const struct ssh_public *key)
{
    uint8_t room[BLOB_MAX_BYTES];
    struct assay_buf blob = ASSAY_BUF_OVER(room);

    ssh_public_add(&blob, key);
    assay_buf_add_str(out, SSH_KEY_TYPE " ");
    assay_base64_encode(out, ASSAY_BASE64_STD, assay_buf_view(&blob));
}

void ssh_public_fingerprint(char out[SSH_FINGERPRINT_BYTES], const struct ssh_public *key)
{
    uint8_t room[BLOB_MAX_BYTES], digest[ASSAY_SHA256_BYTES];
    char text[64];
    struct assay_buf blob = ASSAY_BUF_OVER(room), base64 = ASSAY_BUF_OVER(text);

    ssh_public_add(&blob, key);
    assay_sha256(digest, assay_buf_view(&blob));
    assay_base64_encode(&base64, ASSAY_BASE64_STD, assay_bytes_of(digest, sizeof digest));
    memcpy(out, "SHA256:", 7);
    memcpy(out + 7, text, 43); /* without the "=" */
    out[50] = '\0';
}

/* ---- lists ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; white space between quotes is a part of it. */
static struct assay_bytes next_word(struct assay_bytes *line)
{
    size_t from = 0, to;
    bool quoted = false;

    while (from < line->len && is_blank(line->at[from]))
        from++;
    for (to = from; to < line->len && (quoted || !is_blank(line->at[to])); to++)
        quoted = quoted != (line->at[to] == '"');
    struct assay_bytes word = assay_bytes_part(*line, from, to);
    *line = assay_bytes_part(*line, to, line->len);
    return word;
}

/* Whether a list of namespaces in quotes, parted by commas, has that one. */
static bool has_space(struct assay_bytes list, const char *space)
{
    for (size_t from = 0; from < list.len;) {
        size_t to = assay_bytes_find(list, ',', from);

        if (assay_bytes_is(assay_bytes_part(list, from, to), space))
            return true;
        from = to + 1;
    }
    return false;
}

/* The options that may stand between principals and a key. *is_meant: it is for that namespace. */
static enum assay_code read_options(bool *is_meant, struct assay_bytes word, const char *space,
                                    struct assay_err *err)
{
    static const char name[] = "namespaces=\"";
    struct assay_bytes head = assay_bytes_part(word, 0, sizeof name - 1);

    if (word.len <= sizeof name || !assay_bytes_equal_nocase(head, assay_str(name)) ||
        assay_bytes_find(word, '"', sizeof name - 1) != word.len - 1)
        return assay_fail(
            err, ASSAY_E_UNSUPPORTED, 0,
            "an option that is not known: only namespaces=\"…\" may stand in front of "
            "a key");
    *is_meant = has_space(assay_bytes_part(word, sizeof name - 1, word.len - 1), space);
    return ASSAY_OK;
}

static bool is_key_type(struct assay_bytes word)
{
    return assay_bytes_equal(assay_bytes_part(word, 0, 4), ASSAY_LIT("ssh-")) ||
           assay_bytes_equal(assay_bytes_part(word, 0, 6), ASSAY_LIT("ecdsa-")) ||
           assay_bytes_equal(assay_bytes_part(word, 0, 3), ASSAY_LIT("sk-"));
}

static enum assay_code add_key(struct ssh_public_list *list, struct assay_bytes base64,
                               struct assay_err *err)
{
    uint8_t room[TEXT_MAX_BYTES];
    struct assay_buf blob = ASSAY_BUF_OVER(room);

    if (list->count == SSH_PUBLIC_KEYS_MAX)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more than %d keys", SSH_PUBLIC_KEYS_MAX);
    if (base64.len > TEXT_MAX_BYTES / 2 ||
        assay_base64_decode(&blob, ASSAY_BASE64_STD, base64, NULL) != ASSAY_OK ||
        !ssh_public_of(&list->keys[list->count], assay_buf_view(&blob)))
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "what follows %s is no such key",
                          SSH_KEY_TYPE);
    list->count++;
    return ASSAY_OK;
}

static enum assay_code read_line(struct ssh_public_list *list, struct assay_bytes line,
                                 const char *space, struct assay_err *err)
{
    struct assay_bytes word = next_word(&line);
    bool is_meant = true;
    enum assay_code rc = ASSAY_OK;

    if (word.len == 0 || word.at[0] == '#')
        return ASSAY_OK;
    if (!is_key_type(word)) { /* principals, which are no concern of ours */
        word = next_word(&line);
        if (!is_key_type(word)) {
            rc = read_options(&is_meant, word, space, err);
            word = next_word(&line);
        }
    }
    if (rc == ASSAY_OK && !is_key_type(word))
        rc = assay_fail(err, ASSAY_E_MALFORMED, 0,
                        "expected \"ssh-ed25519 KEY\", as in the .pub file that ssh-keygen writes");
    if (rc != ASSAY_OK || !is_meant || !assay_bytes_is(word, SSH_KEY_TYPE))
        return rc;
    return add_key(list, next_word(&line), err);
}

enum assay_code ssh_public_list_read(struct ssh_public_list *out, struct assay_bytes text,
                                     const char *space, struct assay_err *err)
{
    struct ssh_public_list list = {.count = 0};
    enum assay_code rc = ASSAY_OK;
    unsigned number = 1;

    for (size_t from = 0; from < text.len && rc == ASSAY_OK; number++) {
        size_t to = assay_bytes_find(text, '\n', from);

        rc = read_line(&list, assay_bytes_part(text, from, to), space, err);
        if (rc != ASSAY_OK && err != NULL)
            err->line = number;
        rc = assay_err_wrap(err, rc, "line %u", number);
        from = to + 1;
    }
    if (rc == ASSAY_OK && list.count == 0)
        rc = assay_fail(err, ASSAY_E_MISSING, 0, "there is no %s key for %s in it", SSH_KEY_TYPE,
                        space);
    if (rc == ASSAY_OK)
        *out = list;
    return rc;
}
