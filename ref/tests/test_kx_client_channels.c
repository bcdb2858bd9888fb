/* The folder's channels: written whole, over the version that was read and no other, and refused
 * where anything in them was changed. */
#include "client/kx_channels.h"
#include "client/kx_pay.h"

#include "base/hex.h"
#include "ref/tests/folder.h"
#include "ref/tests/kx_lane_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/assay-channels-XXXXXX";
static struct assay_arena arena = ASSAY_ARENA_INIT((size_t)64 << 20);
static struct kx_attempts *attempts;
static struct kx_lane_world world;

static void begin(void)
{
    struct assay_err err = {0};

    cr_assert_not_null(mkdtemp(folder));
    kx_lane_world_init(&world);
    cr_assert_eq(kx_attempts_open(&attempts, folder, &err), ASSAY_OK, "%s", err.text);
}

static void end(void)
{
    kx_attempts_close(attempts);
    kx_lane_world_fini(&world);
    folder_remove(folder);
    assay_arena_fini(&arena);
}

TestSuite(kx_client_channels, .init = begin, .fini = end, .timeout = 120);

static struct kx_client_channel channel_of(const char *origin)
{
    struct kx_client_channel c = {
        .state = KX_CHANNEL_IS_OPEN,
        .origin = assay_str(origin),
        .config = world.channel,
        .deposit = 90000000,
        .head = {.outpoint = {{{0x66}}, 2},
                 .covenant_id = world.covenant_id,
                 .value = 82000000,
                 .claimed = 8000000},
        .total = 9000000,
        .signed_total = 10000000,
        .is_announced = true,
        .pending = ASSAY_LIT("an-identifier-of-mine"),
        .pending_total = 10000000,
        .consent = ASSAY_LIT(""),
        .move_attempt = ASSAY_LIT("a name with \"quotes\"\n"),
        .move = ASSAY_LIT("{\"version\":1}"),
        .since = ASSAY_LIT(""),
        .given_up = ASSAY_LIT("a top-up"),
        .given_up_id = {{0x77}},
        .has_arrived = true,
    };
    const struct kx_channel_use use = {c.config.server, c.config.pay_to, c.config.template_id,
                                       c.config.network, c.origin};

    memcpy(c.channel_id, world.lane.channel_id, sizeof(c.channel_id));
    cr_assert_eq(kx_channel_key(c.key, &use), ASSAY_OK);
    return c;
}

/* Another channel of the same use. */
static struct kx_client_channel another_of(const char *origin)
{
    struct kx_client_channel c = channel_of(origin);

    c.config.salt[0] ^= 1;
    kx_channel_id(c.channel_id, kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3")), &c.config);
    return c;
}

static struct kx_client_channel found(const char *key, bool *is_there)
{
    struct kx_client_channel c = {.version = 0};
    struct assay_err err = {0};

    cr_assert_eq(kx_channels_find(attempts, &c, is_there, &arena, key, &err), ASSAY_OK, "%s",
                 err.text);
    return c;
}

static struct assay_bytes text_of(const struct kx_client_channel *c)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_CHANNEL_MAX_BYTES);
    struct assay_bytes copy;

    kx_client_channel_write(&text, c);
    copy = assay_arena_copy(&arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    cr_assert_not_null(copy.at);
    return copy;
}

Test(kx_client_channels, come_back_as_they_were)
{
    struct kx_client_channel a = channel_of("http://127.0.0.1:1"), b;
    bool is_there = true;

    (void)found(a.key, &is_there);
    cr_expect_not(is_there);
    cr_assert_eq(kx_channels_save(attempts, &a, NULL), ASSAY_OK);
    cr_expect_eq(a.version, 1);
    b = found(a.key, &is_there);
    cr_assert(is_there);
    cr_expect(assay_bytes_equal(text_of(&a), text_of(&b)), "%s", (const char *)text_of(&b).at);
    cr_expect(kx_lane_head_equal(&a.head, &b.head));
}

/* Each of what it was made for makes another channel. */
Test(kx_client_channels, are_one_for_each_use)
{
    struct kx_client_channel a = channel_of("http://127.0.0.1:1");
    const struct kx_channel_use use = {a.config.server, a.config.pay_to, a.config.template_id,
                                       a.config.network, a.origin};
    struct kx_channel_use uses[5] = {use, use, use, use, use};
    static const uint8_t other[32] = {1};

    uses[0].server = other;
    uses[1].pay_to = ASSAY_LIT("kaspatest:q");
    uses[2].template_id = ASSAY_LIT("kaspa-x402-escrow-v6");
    uses[3].network = ASSAY_LIT("kaspa:mainnet");
    uses[4].origin = ASSAY_LIT("http://127.0.0.1:2");
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        char key[X402_HASH_TEXT_BYTES];

        cr_assert_eq(kx_channel_key(key, &uses[i]), ASSAY_OK);
        cr_expect_str_neq(key, a.key, "use %zu", i);
    }
}

Test(kx_client_channels, are_set_over_the_version_that_was_read_alone)
{
    struct kx_client_channel first = channel_of("http://127.0.0.1:1"), second = first, late;
    struct assay_err err = {0};
    bool is_there;

    cr_assert_eq(kx_channels_save(attempts, &first, NULL), ASSAY_OK);
    cr_expect_eq(kx_channels_save(attempts, &second, &err), ASSAY_E_CONFLICT, "made twice");
    late = first;
    cr_assert_eq(kx_channels_save(attempts, &first, NULL), ASSAY_OK);
    cr_expect_eq(kx_channels_save(attempts, &late, NULL), ASSAY_E_CONFLICT);
    cr_expect_eq(late.version, 1);
    cr_expect_eq(found(first.key, &is_there).version, 2);
}

Test(kx_client_channels, give_their_key_free_when_they_have_ended)
{
    struct kx_client_channel c = channel_of("http://127.0.0.1:1"),
                             next = another_of("http://127.0.0.1:1");
    bool is_there;

    cr_assert_eq(kx_channels_save(attempts, &c, NULL), ASSAY_OK);
    c.state = KX_CHANNEL_IS_ENDED;
    cr_assert_eq(kx_channels_save(attempts, &c, NULL), ASSAY_OK);
    (void)found(c.key, &is_there);
    cr_expect_not(is_there);
    cr_expect_eq(kx_channels_save(attempts, &next, NULL), ASSAY_OK);
}

static bool count_one(void *cls, const struct kx_client_channel *channel)
{
    size_t *count = cls;

    (*count)++;
    return channel->version > 0;
}

/* What has ended stays what it is, whatever lives under its key since, and whatever becomes of it.
 */
Test(kx_client_channels, that_have_ended_are_kept_apart_from_the_next_one)
{
    struct kx_client_channel ended = channel_of("http://127.0.0.1:1"), next, live;
    size_t count = 0;
    bool is_there;

    cr_assert_eq(kx_channels_save(attempts, &ended, NULL), ASSAY_OK);
    ended.state = KX_CHANNEL_IS_ENDED;
    cr_assert_eq(kx_channels_save(attempts, &ended, NULL), ASSAY_OK);
    next = another_of("http://127.0.0.1:1");
    cr_assert_eq(kx_channels_save(attempts, &next, NULL), ASSAY_OK);
    for (enum kx_client_channel_state state = 0; state < KX_CHANNEL_IS__COUNT; state++) {
        ended.state = state;
        cr_assert_eq(kx_channels_save(attempts, &ended, NULL), ASSAY_OK, "%d", (int)state);
    }
    live = found(ended.key, &is_there);
    cr_assert(is_there);
    cr_expect_arr_eq(live.channel_id, next.channel_id, 32);
    cr_expect_eq(live.version, 1);
    cr_assert_eq(kx_channels_each(folder, count_one, &count, NULL), ASSAY_OK);
    cr_expect_eq(count, 2, "both are listed");
    ended.version--;
    cr_expect_eq(kx_channels_save(attempts, &ended, NULL), ASSAY_E_CONFLICT);
    next.version = ended.version = 1;
    ended.channel_id[0] ^= 1;
    cr_expect_eq(kx_channels_save(attempts, &ended, NULL), ASSAY_E_CONFLICT, "another's key");
}

/* Killed when it was written under its id, and not yet taken from its key: it ends once more. */
Test(kx_client_channels, that_were_half_put_away_end_once_more)
{
    struct kx_client_channel c = channel_of("http://127.0.0.1:1"), ended;
    char from[256], to[256];
    bool is_there;

    cr_assert_eq(kx_channels_save(attempts, &c, NULL), ASSAY_OK);
    (void)snprintf(from, sizeof(from), "%s/%s.channel", folder, c.key);
    (void)snprintf(to, sizeof(to), "%s/kept", folder);
    cr_assert_eq(link(from, to), 0);
    ended = c;
    ended.state = KX_CHANNEL_IS_ENDED;
    cr_assert_eq(kx_channels_save(attempts, &ended, NULL), ASSAY_OK);
    cr_assert_eq(rename(to, from), 0);
    c = found(c.key, &is_there);
    cr_assert(is_there);
    c.state = KX_CHANNEL_IS_ENDED;
    cr_expect_eq(kx_channels_save(attempts, &c, NULL), ASSAY_OK);
    (void)found(c.key, &is_there);
    cr_expect_not(is_there);
}

Test(kx_client_channels, are_listed_beside_attempts)
{
    struct kx_client_channel a = channel_of("http://127.0.0.1:1"),
                             b = channel_of("http://127.0.0.1:2");
    size_t count = 0;

    cr_assert_eq(kx_channels_save(attempts, &a, NULL), ASSAY_OK);
    cr_assert_eq(kx_channels_save(attempts, &b, NULL), ASSAY_OK);
    cr_assert_eq(kx_channels_each(folder, count_one, &count, NULL), ASSAY_OK);
    cr_expect_eq(count, 2);
}

Test(kx_client_channels, are_refused_when_they_are_cut_off)
{
    struct kx_client_channel c = channel_of("http://127.0.0.1:1"), read;
    struct assay_bytes text = text_of(&c);

    cr_assert_eq(kx_client_channel_read(&read, &arena, text, NULL), ASSAY_OK);
    for (size_t len = 0; len + 1 < text.len; len++)
        cr_expect_neq(kx_client_channel_read(&read, &arena, assay_bytes_part(text, 0, len), NULL),
                      ASSAY_OK, "%zu bytes", len);
}

Test(kx_client_channels, are_refused_when_they_contradict_themselves)
{
    static const struct {
        const char *name, *from, *to;
        enum assay_code code;
    } rows[] = {
        {"another salt", "\"salt\":\"55", "\"salt\":\"56", ASSAY_E_MISMATCH},
        {"another timeout", "\"123456789\"", "\"123456788\"", ASSAY_E_MISMATCH},
        {"another origin", "127.0.0.1:1\"", "127.0.0.1:2\"", ASSAY_E_MISMATCH},
        {"more charged than signed", "\"total\":\"9000000\"", "\"total\":\"90000000\"",
         ASSAY_E_RANGE},
        {"more pending than signed", "\"pendingTotal\":\"10000000\"",
         "\"pendingTotal\":\"10000001\"", ASSAY_E_RANGE},
        {"an unknown state", "\"state\":\"open\"", "\"state\":\"ajar\"", ASSAY_E_UNKNOWN},
        {"a sum with a sign", "\"funding\":\"82", "\"funding\":\"-8", ASSAY_E_MALFORMED},
        {"a sum of 64 bits", "\"funding\":\"82000000\"", "\"funding\":\"9223372036854775808\"",
         ASSAY_E_MALFORMED},
        {"another format", "channel/1", "channel/2", ASSAY_E_MISMATCH},
        {"a member more", "{\"format\"", "{\"voucher\":\"\",\"format\"", ASSAY_E_UNKNOWN},
        {"a term more", "{\"asset\"", "{\"agio\":\"\",\"asset\"", ASSAY_E_UNKNOWN},
        {"a flag that is a text", "\"announced\":true", "\"announced\":\"\"", ASSAY_E_TYPE},
        {"another flag that is a text", "\"givenUpArrived\":true", "\"givenUpArrived\":\"\"",
         ASSAY_E_TYPE},
    };
    struct kx_client_channel c = channel_of("http://127.0.0.1:1"), read;
    const char *text = (const char *)text_of(&c).at;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *at = strstr(text, rows[i].from);
        struct assay_err err = {0};
        char *changed;

        cr_assert_not_null(at, "row: %s", rows[i].name);
        changed = assay_arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, rows[i].to,
                                     at + strlen(rows[i].from));
        cr_expect_neq(kx_client_channel_read(&read, &arena, assay_str(changed), &err), ASSAY_OK,
                      "row: %s", rows[i].name);
        cr_expect(err.code == rows[i].code || rows[i].code == ASSAY_E_MALFORMED ||
                      rows[i].code == ASSAY_E_MISMATCH,
                  "row: %s: %s", rows[i].name, err.text);
        cr_expect_gt(strlen(err.text), 10, "row: %s", rows[i].name);
    }
}

Test(kx_client_channels, that_cannot_be_read_stop_everything)
{
    struct kx_client_channel c = channel_of("http://127.0.0.1:1"), read;
    struct assay_err err = {0};
    char path[256];
    bool is_there;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s.channel", folder, c.key);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fputs("{\"format\":", file);
    (void)fclose(file);
    cr_expect_neq(kx_channels_find(attempts, &read, &is_there, &arena, c.key, &err), ASSAY_OK);
    cr_expect_neq(kx_channels_save(attempts, &c, NULL), ASSAY_OK, "it is not overwritten");
}

Test(kx_client_channels, survive_every_allocation_that_fails)
{
    struct kx_client_channel c = channel_of("http://127.0.0.1:1");
    enum assay_code rc = ASSAY_E_NOMEM;

    for (size_t n = 0; rc != ASSAY_OK && n < 100; n++) {
        struct kx_client_channel copy = c;

        assay_alloc_fail_after(n);
        rc = kx_channels_save(attempts, &copy, NULL);
        assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(copy.version, rc == ASSAY_OK ? 1 : 0);
    }
    cr_expect_eq(rc, ASSAY_OK);
}

static void rename_file(const char *from, const char *to)
{
    char paths[2][256];

    (void)snprintf(paths[0], sizeof(paths[0]), "%s/%s", folder, from);
    (void)snprintf(paths[1], sizeof(paths[1]), "%s/%s", folder, to);
    cr_assert_eq(rename(paths[0], paths[1]), 0);
}

/* A file is of the channel that it is named after, by its key or by its id; others are none. */
Test(kx_client_channels, are_not_those_of_a_file_that_was_renamed)
{
    struct kx_client_channel a = channel_of("http://127.0.0.1:1"),
                             b = channel_of("http://127.0.0.1:2"), read;
    char name[128], other[128];
    struct assay_err err = {0};
    size_t count = 0;
    bool is_there;

    cr_assert_eq(kx_channels_save(attempts, &a, NULL), ASSAY_OK);
    (void)snprintf(name, sizeof(name), "%s.channel", a.key);
    (void)snprintf(other, sizeof(other), "%s.channel", b.key);
    rename_file(name, other);
    cr_expect_eq(kx_channels_find(attempts, &read, &is_there, &arena, b.key, &err),
                 ASSAY_E_MISMATCH, "%s", err.text);
    cr_expect_eq(kx_channels_each(folder, count_one, &count, NULL), ASSAY_E_MISMATCH);
    cr_expect_eq(count, 0);
    (void)snprintf(name, sizeof(name), "%s.copy", b.key);
    rename_file(other, name);
    cr_expect_eq(kx_channels_each(folder, count_one, &count, NULL), ASSAY_OK);
    cr_expect_eq(count, 0, "that is no channel's");
}

/* What is there and cannot be looked at is not taken for nothing: another channel would be made. */
Test(kx_client_channels, that_cannot_be_looked_at_are_not_held_to_be_none)
{
    struct kx_client_channel c = channel_of("http://127.0.0.1:1"), read;
    char path[256];
    bool is_there = false;

    (void)snprintf(path, sizeof(path), "%s/%s.channel", folder, c.key);
    cr_assert_eq(symlink(path, path), 0); /* it leads nowhere but to itself */
    cr_expect_neq(kx_channels_find(attempts, &read, &is_there, &arena, c.key, NULL), ASSAY_OK);
    cr_expect_neq(kx_channels_save(attempts, &c, NULL), ASSAY_OK);
    cr_assert_eq(unlink(path), 0);
}

static const char *id_of(const struct kx_client_channel *c)
{
    char *id = assay_arena_alloc(&arena, X402_HASH_TEXT_BYTES);

    cr_assert_not_null(id);
    assay_hex_encode(id, assay_bytes_of(c->channel_id, sizeof(c->channel_id)));
    return id;
}

/* kx_pay.h: the channel of an id; of one that was half put away, the one that lives. */
Test(kx_client_channels, are_found_by_their_ids)
{
    struct kx_client_channel a = channel_of("http://127.0.0.1:1"), b, read;
    struct assay_err err = {0};
    char live[128], kept[128];

    cr_expect_eq(kx_pay_find_channel(&read, &arena, folder, id_of(&a), &err), ASSAY_E_MISSING);
    cr_expect_not_null(strstr(err.text, "--list"), "%s", err.text);
    cr_expect_eq(kx_pay_find_channel(&read, &arena, folder, "A0", &err), ASSAY_E_MALFORMED);
    cr_expect_eq(kx_pay_find_channel(&read, &arena, "/nowhere/at/all", id_of(&a), &err),
                 ASSAY_E_IO);
    cr_assert_eq(kx_channels_save(attempts, &a, NULL), ASSAY_OK);
    b = another_of("http://127.0.0.1:2");
    memcpy(b.key, channel_of("http://127.0.0.1:2").key, sizeof(b.key));
    cr_assert_eq(kx_channels_save(attempts, &b, NULL), ASSAY_OK);
    cr_assert_eq(kx_pay_find_channel(&read, &arena, folder, id_of(&a), &err), ASSAY_OK, "%s",
                 err.text);
    cr_expect_arr_eq(read.channel_id, a.channel_id, 32);
    (void)snprintf(live, sizeof(live), "%s.channel", a.key);
    (void)snprintf(kept, sizeof(kept), "kept");
    rename_file(live, kept);
    a.version = 0;
    a.state = KX_CHANNEL_IS_OPEN;
    cr_assert_eq(kx_channels_save(attempts, &a, NULL), ASSAY_OK);
    a.state = KX_CHANNEL_IS_ENDED;
    cr_assert_eq(kx_channels_save(attempts, &a, NULL), ASSAY_OK);
    rename_file(kept, live);
    cr_assert_eq(kx_pay_find_channel(&read, &arena, folder, id_of(&a), &err), ASSAY_OK, "%s",
                 err.text);
    cr_expect_eq(read.version, 1, "the older is the live one");
    cr_expect_eq(read.state, KX_CHANNEL_IS_OPEN);
}
