/* Domains of digests, merkle roots and header hashes against official data and plain models. */
#include "kaspa/block.h"

#include "kaspa/txid.h"
#include "ref/tests/guard.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>

static enum kaspa_domain domain_of(const char *name)
{
    enum kaspa_domain domain = KASPA_DOMAIN_TRANSACTION_HASH;

    while (domain < KASPA_DOMAIN__COUNT && strcmp(kaspa_domain_name(domain), name) != 0)
        domain++;
    cr_assert_lt(domain, KASPA_DOMAIN__COUNT, "%s", name);
    return domain;
}

Test(domains, digest_as_the_official_cases_do)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/hash_domains.json");
    const json_t *domains = json_object_get(doc, "domains");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(domains), KASPA_DOMAIN__COUNT);
    for (size_t i = 0; i < json_array_size(domains); i++)
        (void)domain_of(json_string_value(json_object_get(json_array_get(domains, i), "domain")));
    cr_assert_eq(json_array_size(rows), 70);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_object_get(row, "domain"));
        struct assay_bytes message = upstream_hex(&arena, json_object_get(row, "message"));
        struct kaspa_hash hash;

        kaspa_hash_of(&hash, domain_of(name), message);
        upstream_expect_hash(&hash, json_object_get(row, "expected"), name);
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

static void expect_same_in_parts(enum kaspa_domain domain, struct assay_bytes message)
{
    struct kaspa_hash whole, parts;

    kaspa_hash_of(&whole, domain, message);
    for (size_t part = 1; part <= message.len; part += part / 2 + 1) {
        struct kaspa_digest d;

        kaspa_digest_init(&d, domain);
        for (size_t at = 0; at < message.len; at += part)
            kaspa_digest_add(&d, assay_bytes_part(message, at, at + part));
        kaspa_digest_end(&d, &parts);
        cr_expect(kaspa_hash_equal(&whole, &parts), "%s: parts of %zu", kaspa_domain_name(domain),
                  part);
    }
}

Test(domains, digest_in_parts_as_at_once)
{
    static uint8_t message[2 * KASPA_DIGEST_ROOM_BYTES + 77];

    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)(i % 251);
    for (enum kaspa_domain domain = KASPA_DOMAIN_TRANSACTION_HASH; domain < KASPA_DOMAIN__COUNT;
         domain++) {
        struct guard g = guard_of(assay_bytes_of(message, sizeof(message)));

        expect_same_in_parts(domain, g.bytes);
        guard_free(&g);
    }
}

Test(domains, all_differ)
{
    struct kaspa_hash hashes[KASPA_DOMAIN__COUNT];

    for (enum kaspa_domain domain = KASPA_DOMAIN_TRANSACTION_HASH; domain < KASPA_DOMAIN__COUNT;
         domain++) {
        kaspa_hash_of(&hashes[domain], domain, ASSAY_LIT("x"));
        for (size_t i = 0; i < domain; i++)
            cr_expect_not(kaspa_hash_equal(&hashes[domain], &hashes[i]));
    }
}

Test(merkle_root, is_the_one_of_the_official_cases)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/merkle.json");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(rows), 2);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *txs = json_object_get(row, "txs");
        const char *name = json_string_value(json_object_get(row, "name"));
        struct kaspa_hash hashes[5], root;

        cr_assert_eq(json_array_size(txs), ARRAY_LEN(hashes));
        for (size_t k = 0; k < ARRAY_LEN(hashes); k++) {
            struct kaspa_tx tx = upstream_tx(&arena, json_array_get(txs, k));

            kaspa_tx_hash(&hashes[k], &tx);
            upstream_expect_hash(&hashes[k], json_array_get(json_object_get(row, "txHashes"), k),
                                 name);
        }
        kaspa_merkle_root(&root, hashes, ARRAY_LEN(hashes));
        upstream_expect_hash(&root, json_object_get(row, "expectedRoot"), name);
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

enum { LEAVES_MAX = 33, TREE_MAX = 64 };

/* The tree as the digest tells it: padded with what is absent to a power of two. */
static struct kaspa_hash tree_root(const struct kaspa_hash *leaves, size_t count)
{
    struct kaspa_hash at[TREE_MAX] = {{{0}}};
    bool is_there[TREE_MAX] = {false};
    size_t width = 1;

    while (width < count)
        width *= 2;
    for (size_t i = 0; i < count; i++) {
        at[i] = leaves[i];
        is_there[i] = true;
    }
    for (; width > 1; width /= 2) {
        for (size_t i = 0; i < width / 2; i++) {
            struct kaspa_hash pair[2] = {at[2 * i]};

            if (is_there[2 * i + 1])
                pair[1] = at[2 * i + 1];
            is_there[i] = is_there[2 * i];
            if (is_there[i])
                kaspa_hash_of(&at[i], KASPA_DOMAIN_MERKLE_BRANCH,
                              assay_bytes_of(pair, sizeof(pair)));
        }
    }
    return at[0];
}

Test(merkle_root, is_the_one_of_a_padded_tree)
{
    for (size_t count = 0; count <= LEAVES_MAX; count++) {
        struct kaspa_hash leaves[LEAVES_MAX], root, want;

        for (size_t i = 0; i < count; i++)
            kaspa_hash_of(&leaves[i], KASPA_DOMAIN_TRANSACTION_HASH, assay_bytes_of(&i, 1));
        want = tree_root(leaves, count);
        kaspa_merkle_root(&root, leaves, count);
        cr_expect(kaspa_hash_equal(&root, &want), "%zu leaves", count);
    }
}

/* An integer in text as big-endian bytes, with leading zeros. */
static struct assay_bytes blue_work(struct assay_arena *arena, const json_t *text)
{
    uint8_t *at = assay_arena_alloc(arena, 24);
    uint64_t value = upstream_u64(text);

    cr_assert_not_null(at);
    for (size_t i = 0; i < 8; i++)
        at[23 - i] = (uint8_t)(value >> (8 * i));
    return assay_bytes_of(at, 24);
}

static struct kaspa_header header_of(struct assay_arena *arena, const json_t *object)
{
    struct kaspa_header h = {
        .version = (uint16_t)upstream_u64(json_object_get(object, "version")),
        .timestamp_ms = upstream_u64(json_object_get(object, "timestamp")),
        .bits = (uint32_t)upstream_u64(json_object_get(object, "bits")),
        .nonce = upstream_u64(json_object_get(object, "nonce")),
        .daa_score = upstream_u64(json_object_get(object, "daaScore")),
        .blue_score = upstream_u64(json_object_get(object, "blueScore")),
        .blue_work = blue_work(arena, json_object_get(object, "blueWork")),
    };

    cr_assert_eq(json_array_size(json_object_get(object, "parentsByLevel")), 0);
    upstream_hash(&h.hash_merkle_root, json_object_get(object, "hashMerkleRoot"));
    upstream_hash(&h.accepted_id_merkle_root, json_object_get(object, "acceptedIdMerkleRoot"));
    upstream_hash(&h.utxo_commitment, json_object_get(object, "utxoCommitment"));
    upstream_hash(&h.pruning_point, json_object_get(object, "pruningPoint"));
    return h;
}

Test(header_hash, is_the_one_of_the_genesis_blocks)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/block_headers.json");
    const json_t *rows = json_object_get(doc, "cases");
    size_t seen = 0;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_object_get(row, "network"));
        struct kaspa_header header;
        struct kaspa_hash hash;
        struct kaspa_tx tx;

        if (name == NULL)
            continue;
        header = header_of(&arena, json_object_get(row, "header"));
        kaspa_header_hash(&hash, &header);
        upstream_expect_hash(&hash, json_object_get(row, "expectedHash"), name);
        kaspa_hash_of(&hash, KASPA_DOMAIN_BLOCK,
                      upstream_hex(&arena, json_object_get(row, "preimage")));
        upstream_expect_hash(&hash, json_object_get(row, "expectedHash"), name);
        tx = upstream_tx(&arena, json_object_get(row, "coinbaseTx"));
        kaspa_tx_hash(&hash, &tx);
        upstream_expect_hash(&hash, json_object_get(row, "coinbaseTxHash"), name);
        seen++;
    }
    cr_assert_eq(seen, 4);
    assay_arena_fini(&arena);
    json_decref(doc);
}

/* Every number is one that shows a wrong width or order. `work` is encoded already. */
static struct kaspa_hash header_by_hand(const struct kaspa_header *h, struct assay_bytes work)
{
    struct kaspa_hash out;
    struct kaspa_digest d;

    kaspa_digest_init(&d, KASPA_DOMAIN_BLOCK);
    kaspa_digest_add(&d, ASSAY_LIT("\x02\x01"));                         /* version */
    kaspa_digest_add(&d, ASSAY_LIT("\x02\x00\x00\x00\x00\x00\x00\x00")); /* levels */
    kaspa_digest_add(&d, ASSAY_LIT("\x02\x00\x00\x00\x00\x00\x00\x00"));
    kaspa_digest_add(&d, assay_bytes_of(h->levels[0].hashes, 2 * KASPA_HASH_BYTES));
    kaspa_digest_add(&d, ASSAY_LIT("\x01\x00\x00\x00\x00\x00\x00\x00"));
    kaspa_digest_add(&d, assay_bytes_of(h->levels[1].hashes, KASPA_HASH_BYTES));
    kaspa_digest_hash(&d, &h->hash_merkle_root);
    kaspa_digest_hash(&d, &h->accepted_id_merkle_root);
    kaspa_digest_hash(&d, &h->utxo_commitment);
    kaspa_digest_add(&d, ASSAY_LIT("\x08\x07\x06\x05\x04\x03\x02\x01")); /* timestamp */
    kaspa_digest_add(&d, ASSAY_LIT("\x14\x13\x12\x11"));                 /* bits */
    kaspa_digest_add(&d, ASSAY_LIT("\x28\x27\x26\x25\x24\x23\x22\x21")); /* nonce */
    kaspa_digest_add(&d, ASSAY_LIT("\x38\x37\x36\x35\x34\x33\x32\x31")); /* DAA score */
    kaspa_digest_add(&d, ASSAY_LIT("\x48\x47\x46\x45\x44\x43\x42\x41")); /* blue score */
    kaspa_digest_add(&d, work);
    kaspa_digest_hash(&d, &h->pruning_point);
    kaspa_digest_end(&d, &out);
    return out;
}

Test(header_hash, takes_parents_by_level_and_blue_work_without_leading_zeros)
{
    static const struct {
        struct assay_bytes work, encoded;
    } rows[] = {
        {{(const uint8_t *)"", 0}, {(const uint8_t *)"\0\0\0\0\0\0\0\0", 8}},
        {{(const uint8_t *)"\0\0\0", 3}, {(const uint8_t *)"\0\0\0\0\0\0\0\0", 8}},
        {{(const uint8_t *)"\0\0\1\xE2\x40", 5},
         {(const uint8_t *)"\3\0\0\0\0\0\0\0\1\xE2\x40", 11}},
        {{(const uint8_t *)"\xFF\0\0", 3}, {(const uint8_t *)"\3\0\0\0\0\0\0\0\xFF\0\0", 11}},
    };
    struct kaspa_hash parents[3] = {{{1}}, {{2}}, {{3}}};
    struct kaspa_parents levels[2] = {{&parents[0], 2}, {&parents[2], 1}};
    struct kaspa_header h = {.version = 0x0102,
                             .levels = levels,
                             .level_count = 2,
                             .hash_merkle_root = {{4}},
                             .accepted_id_merkle_root = {{5}},
                             .utxo_commitment = {{6}},
                             .pruning_point = {{7}},
                             .timestamp_ms = UINT64_C(0x0102030405060708),
                             .bits = 0x11121314,
                             .nonce = UINT64_C(0x2122232425262728),
                             .daa_score = UINT64_C(0x3132333435363738),
                             .blue_score = UINT64_C(0x4142434445464748)};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard work = guard_of(rows[i].work);
        struct kaspa_hash hash, want = header_by_hand(&h, rows[i].encoded);

        h.blue_work = work.bytes;
        kaspa_header_hash(&hash, &h);
        cr_expect(kaspa_hash_equal(&hash, &want), "row %zu", i);
        guard_free(&work);
    }
}
