/* The channels of a folder: one file each, compared before it is set; see kx_channels.h. */
#include "client/kx_channels.h"

#include "base/hex.h"
#include "client/kx_attempts_internal.h"
#include "defects/defects.h"

#include <inttypes.h>
#include <stdio.h>

#define SUFFIX ".channel"
#define ENDED_SUFFIX ".ended"
#define NAME_BYTES (X402_HASH_TEXT_BYTES + sizeof(SUFFIX))

static void name_of(char name[NAME_BYTES], const char *hash, const char *suffix)
{
    (void)snprintf(name, NAME_BYTES, "%s%s", hash, suffix);
}

static void name_of_ended(char name[NAME_BYTES], const struct kx_client_channel *channel)
{
    char id[X402_HASH_TEXT_BYTES];

    assay_hex_encode(id, assay_bytes_of(channel->channel_id, sizeof(channel->channel_id)));
    name_of(name, id, ENDED_SUFFIX);
}

static bool is_named(const struct kx_client_channel *channel, const char *name)
{
    char live[NAME_BYTES], ended[NAME_BYTES];

    name_of(live, channel->key, SUFFIX);
    name_of_ended(ended, channel);
    return strcmp(name, live) == 0 || strcmp(name, ended) == 0;
}

static enum assay_code read_file(struct kx_client_channel *out, struct assay_arena *arena,
                                 const char *folder, const char *name, struct assay_err *err)
{
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc = kx_folder_read(&text, arena, folder, name, KX_CHANNEL_MAX_BYTES, err);

    if (rc == ASSAY_OK)
        rc = assay_err_wrap(err, kx_client_channel_read(out, arena, text, err), "%s/%s", folder,
                            name);
    if (rc == ASSAY_OK && !is_named(out, name))
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

/* Where a channel's file is: under its key, and once it has ended, under its id. */
struct place {
    char live[NAME_BYTES], ended[NAME_BYTES];
    bool is_ended;
};

/* What is there has to be what was read: else somebody else has been at it. */
static enum assay_code locate(struct place *out, struct kx_attempts *attempts,
                              const struct kx_client_channel *channel, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(8 * KX_CHANNEL_MAX_BYTES);
    struct kx_client_channel there = {.version = 0};
    bool found = false, is_other;
    enum assay_code rc = kx_channels_find(attempts, &there, &found, &arena, channel->key, err);

    name_of(out->live, channel->key, SUFFIX);
    name_of_ended(out->ended, channel);
    is_other = found && memcmp(there.channel_id, channel->channel_id, 32) != 0;
    out->is_ended = rc == ASSAY_OK && (is_other || !found) && kx_attempts_has(attempts, out->ended);
    if (out->is_ended)
        rc = read_file(&there, &arena, kx_attempts_folder(attempts), out->ended, err);
    if (rc == ASSAY_OK && (there.version != channel->version || (is_other && !out->is_ended)))
        rc = assay_fail(err, ASSAY_E_CONFLICT, 0,
                        "the channel was changed meanwhile: its file has version %" PRIu64
                        " instead of %" PRIu64,
                        there.version, channel->version);
    assay_arena_fini(&arena);
    return rc;
}

enum assay_code kx_channels_save(struct kx_attempts *attempts, struct kx_client_channel *channel,
                                 struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_CHANNEL_MAX_BYTES);
    struct kx_client_channel next = *channel;
    struct place place;
    enum assay_code rc = locate(&place, attempts, channel, err);
    bool ends = channel->state == KX_CHANNEL_IS_ENDED && !place.is_ended;

    if (rc != ASSAY_OK || REF_DEFECT(kx_client_channel_unsaved))
        return rc;
    next.version++;
    kx_client_channel_write(&text, &next);
    rc = kx_attempts_write(attempts, ends || place.is_ended ? place.ended : place.live, &text, err);
    if (rc == ASSAY_OK && ends)
        rc = kx_attempts_remove(attempts, place.live, err); /* its key is free from then on */
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
    const char *suffix = entry->d_name + X402_HASH_TEXT_BYTES - 1;

    return len >= X402_HASH_TEXT_BYTES &&
           (strcmp(suffix, SUFFIX) == 0 || strcmp(suffix, ENDED_SUFFIX) == 0);
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
