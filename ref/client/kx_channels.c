/* The channels of a folder: one file each, compared before it is set; see kx_channels.h. */
#include "client/kx_channels.h"

#include "base/hex.h"
#include "client/kx_attempts_internal.h"

#include <inttypes.h>
#include <stdio.h>

#define SUFFIX ".channel"
#define ENDED_SUFFIX ".ended"
#define NAME_BYTES (X402_HASH_TEXT_BYTES + sizeof(SUFFIX))

static void name_of(char name[NAME_BYTES], const char *hash, const char *suffix)
{
    (void)snprintf(name, NAME_BYTES, "%s%s", hash, suffix);
}

static enum assay_code read_file(struct kx_client_channel *out, struct assay_arena *arena,
                                 const char *folder, const char *name, struct assay_err *err)
{
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc = kx_folder_read(&text, arena, folder, name, KX_CHANNEL_MAX_BYTES, err);

    if (rc == ASSAY_OK)
        rc = assay_err_wrap(err, kx_client_channel_read(out, arena, text, err), "%s/%s", folder,
                            name);
    if (rc == ASSAY_OK && (strncmp(name, out->key, strlen(out->key)) != 0 ||
                           strcmp(name + strlen(out->key), SUFFIX) != 0))
        rc = assay_fail(err, ASSAY_E_MISMATCH, 0, "%s/%s: is another channel's", folder, name);
    if (rc != ASSAY_OK)
        (void)assay_fail(err, rc, 0, "state folder %s: %s", folder, assay_code_text(rc));
    return rc;
}

enum assay_code kx_channels_find(struct kx_attempts *attempts, struct kx_client_channel *out,
                                 bool *found, struct assay_arena *arena, const char *key,
                                 struct assay_err *err)
{
    char name[NAME_BYTES];

    name_of(name, key, SUFFIX);
    *found = kx_attempts_has(attempts, name);
    return *found ? read_file(out, arena, kx_attempts_folder(attempts), name, err) : ASSAY_OK;
}

/* What is there has to be what was read: else somebody else has been at it. */
static enum assay_code compare(struct kx_attempts *attempts,
                               const struct kx_client_channel *channel, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(8 * KX_CHANNEL_MAX_BYTES);
    struct kx_client_channel there = {.version = 0};
    bool found = false;
    enum assay_code rc = kx_channels_find(attempts, &there, &found, &arena, channel->key, err);

    if (rc == ASSAY_OK && there.version != channel->version)
        rc = assay_fail(err, ASSAY_E_CONFLICT, 0,
                        "the channel was changed meanwhile: its file has version %" PRIu64
                        " instead of %" PRIu64,
                        there.version, channel->version);
    assay_arena_fini(&arena);
    return rc;
}

/* Under the name of its id; its key is free from then on. */
static enum assay_code put_away(struct kx_attempts *attempts,
                                const struct kx_client_channel *channel,
                                const struct assay_buf *text, struct assay_err *err)
{
    char id[X402_HASH_TEXT_BYTES], name[NAME_BYTES];
    enum assay_code rc;

    assay_hex_encode(id, assay_bytes_of(channel->channel_id, sizeof(channel->channel_id)));
    name_of(name, id, ENDED_SUFFIX);
    rc = kx_attempts_write(attempts, name, text, err);
    name_of(name, channel->key, SUFFIX);
    return rc == ASSAY_OK ? kx_attempts_remove(attempts, name, err) : rc;
}

enum assay_code kx_channels_save(struct kx_attempts *attempts, struct kx_client_channel *channel,
                                 struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_CHANNEL_MAX_BYTES);
    struct kx_client_channel next = *channel;
    char name[NAME_BYTES];
    enum assay_code rc = compare(attempts, channel, err);

    if (rc != ASSAY_OK)
        return rc;
    next.version++;
    kx_client_channel_write(&text, &next);
    name_of(name, channel->key, SUFFIX);
    rc = channel->state == KX_CHANNEL_IS_ENDED ? put_away(attempts, &next, &text, err)
                                               : kx_attempts_write(attempts, name, &text, err);
    assay_buf_fini(&text);
    if (rc == ASSAY_OK)
        channel->version = next.version;
    return rc;
}

/* ---- all of them ---- */

struct listener {
    const char *folder;
    bool (*each)(void *cls, const struct kx_client_channel *channel);
    void *cls;
};

static int is_channel(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len == X402_HASH_TEXT_BYTES - 1 + strlen(SUFFIX) &&
           strcmp(entry->d_name + X402_HASH_TEXT_BYTES - 1, SUFFIX) == 0;
}

static enum assay_code tell(void *cls, bool *goes_on, struct assay_arena *arena, const char *name,
                            struct assay_err *err)
{
    const struct listener *to = cls;
    struct kx_client_channel channel;
    enum assay_code rc = read_file(&channel, arena, to->folder, name, err);

    if (rc == ASSAY_OK)
        *goes_on = to->each(to->cls, &channel);
    return rc;
}

enum assay_code kx_channels_each(const char *folder,
                                 bool (*each)(void *cls, const struct kx_client_channel *channel),
                                 void *cls, struct assay_err *err)
{
    struct listener to = {folder, each, cls};

    return kx_folder_walk(folder, is_channel, tell, &to, err);
}
