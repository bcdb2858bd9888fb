/* Addresses: the official vectors, and that there is one text for each and no other. */
#include "kaspa/address.h"

#include "kaspa/address_text.h"
#include "ref/tests/guard.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { ROOM = 256 };

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static const struct {
    enum kaspa_address_version version;
    size_t payload_len;
} versions[] = {
    {KASPA_ADDRESS_PUBKEY, 32},
    {KASPA_ADDRESS_PUBKEY_ECDSA, 33},
    {KASPA_ADDRESS_SCRIPT_HASH, 32},
};

static const char *text_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static bool is_kind(const json_t *row, const char *kind)
{
    return strcmp(text_of(row, "kind"), kind) == 0;
}

static struct kaspa_address sample(size_t network, size_t version)
{
    struct kaspa_address a = {.network = (enum kaspa_network)network,
                              .version = versions[version].version,
                              .payload_len = versions[version].payload_len};

    for (size_t i = 0; i < a.payload_len; i++)
        a.payload[i] = (uint8_t)(37 * (i + 1) + 101 * network + 53 * version);
    return a;
}

static bool is_same(const struct kaspa_address *a, const struct kaspa_address *b)
{
    return a->network == b->network && a->version == b->version &&
           assay_bytes_equal(assay_bytes_of(a->payload, a->payload_len),
                             assay_bytes_of(b->payload, b->payload_len));
}

/* The checksum as its definition has it, bit by bit, so that texts can be made that the library
 * never writes: "prefix:" and the characters, with their checksum. */
static void with_checksum(char out[ROOM], const char *prefix, const char *characters)
{
    static const uint64_t generator[] = {0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8,
                                         0x1e4f43e470};
    size_t prefix_len = strlen(prefix), len = strlen(characters);
    uint64_t c = 1;

    for (size_t i = 0; i < prefix_len + 1 + len + 8; i++) {
        uint64_t high = c >> 35, value = 0;

        if (i < prefix_len)
            value = (uint64_t)prefix[i] % 32;
        else if (i > prefix_len && i <= prefix_len + len)
            value = (uint64_t)(strchr(alphabet, characters[i - prefix_len - 1]) - alphabet);
        c = c % ((uint64_t)1 << 35) * 32 ^ value;
        for (unsigned bit = 0; bit < 5; bit++) {
            if (high >> bit & 1)
                c ^= generator[bit];
        }
    }
    c ^= 1;
    cr_assert_lt(snprintf(out, ROOM, "%s:%s", prefix, characters), ROOM - 8);
    out += prefix_len + 1 + len;
    for (unsigned i = 0; i < 8; i++)
        *out++ = alphabet[c >> (35 - 5 * i) & 31];
    *out = '\0';
}

/* The error, after checking that a refusal changes nothing and says where. */
static enum kaspa_address_error decode(struct assay_bytes text, size_t *at)
{
    struct kaspa_address out, before;
    struct guard g = guard_of(text);
    enum kaspa_address_error rc;

    memset(&out, 0xA5, sizeof(out));
    memcpy(&before, &out, sizeof(out));
    rc = kaspa_address_decode(&out, at, g.bytes);
    if (rc != KASPA_ADDRESS_OK) /* every byte of it, padding too */
        cr_expect(assay_bytes_equal(assay_bytes_of(&out, sizeof(out)),
                                    assay_bytes_of(&before, sizeof(before))));
    cr_expect_leq(*at, text.len);
    guard_free(&g);
    return rc;
}

static void check_codec(const json_t *row, struct assay_arena *arena)
{
    const char *text = text_of(row, "address"), *prefix = text_of(row, "prefix");
    struct assay_bytes payload = upstream_hex(arena, json_object_get(row, "payload"));
    uint8_t data[ROOM] = {(uint8_t)upstream_u64(json_object_get(row, "version"))}, again[ROOM];
    size_t len = 0, at = 0;
    char out[ROOM];

    memcpy(data + 1, payload.at, payload.len);
    kaspa_address_text_write(out, assay_str(prefix), assay_bytes_of(data, 1 + payload.len));
    cr_expect_str_eq(out, text);
    cr_expect_eq(kaspa_address_text_read(again, sizeof(again), &len, &at, assay_str(prefix),
                                         assay_str(text + strlen(prefix) + 1)),
                 KASPA_ADDRESS_OK, "row: %s", text);
    cr_expect(assay_bytes_equal(assay_bytes_of(again, len), assay_bytes_of(data, 1 + payload.len)),
              "row: %s", text);
}

static void check_production(const json_t *row, struct assay_arena *arena)
{
    const char *text = text_of(row, "address");
    struct assay_bytes payload = upstream_hex(arena, json_object_get(row, "payload"));
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_address address;
    char out[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_spk spk;

    cr_assert_eq(kaspa_address_decode(&address, NULL, assay_str(text)), KASPA_ADDRESS_OK, "row: %s",
                 text);
    cr_expect_str_eq(kaspa_network_prefix(address.network), text_of(row, "prefix"));
    cr_expect_eq((uint64_t)address.version, upstream_u64(json_object_get(row, "version")));
    cr_expect(assay_bytes_equal(assay_bytes_of(address.payload, address.payload_len), payload));
    kaspa_address_encode(out, &address);
    cr_expect_str_eq(out, text);
    kaspa_address_script(&spk, script, &address);
    cr_expect_eq(spk.version, 0);
    cr_expect(assay_bytes_equal(spk.script, upstream_hex(arena, json_object_get(row, "script"))));
}

Test(kaspa_address, the_official_ones_are_written_and_read)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/addresses.json");
    size_t codec = 0, production = 0, i;
    json_t *row;

    json_array_foreach (json_object_get(doc, "cases"), i, row) {
        if (!is_kind(row, "codec"))
            continue;
        codec++;
        check_codec(row, &arena);
        if (!json_is_true(json_object_get(row, "productionPrefix"))) {
            size_t at;

            cr_expect_eq(decode(assay_str(text_of(row, "address")), &at),
                         KASPA_ADDRESS_INVALID_PREFIX);
            continue;
        }
        production++;
        check_production(row, &arena);
    }
    cr_expect_eq(codec, 17);
    cr_expect_eq(production, 5);
    json_decref(doc);
    assay_arena_fini(&arena);
}

Test(kaspa_address, the_official_wrong_ones_are_refused_for_the_official_reason)
{
    json_t *doc = upstream_load("rusty-kaspa/addresses.json"), *row;
    size_t count = 0, at, i;

    json_array_foreach (json_object_get(doc, "cases"), i, row) {
        if (!is_kind(row, "decode-error"))
            continue;
        count++;
        cr_expect_str_eq(kaspa_address_error_name(decode(assay_str(text_of(row, "address")), &at)),
                         text_of(row, "error"), "row: %s", text_of(row, "address"));
    }
    cr_expect_eq(count, 7);
    json_decref(doc);
}

Test(kaspa_address, the_official_scripts_have_the_official_addresses)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/addresses.json"), *row;
    size_t count = 0, i;

    json_array_foreach (json_object_get(doc, "cases"), i, row) {
        char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
        struct kaspa_address address;
        enum kaspa_network network;
        struct kaspa_spk spk;

        if (!is_kind(row, "script-to-address"))
            continue;
        count++;
        spk = upstream_spk(&arena, json_object_get(row, "scriptPublicKey"));
        cr_assert(kaspa_network_find(&network, assay_str(text_of(row, "prefix"))));
        cr_assert_eq(kaspa_address_of_script(&address, &spk, network),
                     text_of(row, "expectedAddress") != NULL, "row: %s", text_of(row, "name"));
        if (text_of(row, "expectedAddress") == NULL)
            continue;
        kaspa_address_encode(text, &address);
        cr_expect_str_eq(text, text_of(row, "expectedAddress"));
    }
    cr_expect_eq(count, 4);
    json_decref(doc);
    assay_arena_fini(&arena);
}

Test(kaspa_address, of_every_network_and_version_survives_text_and_script)
{
    for (size_t n = 0; n < KASPA_NETWORK__COUNT; n++) {
        for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
            struct kaspa_address a = sample(n, v), read, of_script;
            uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
            char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
            struct kaspa_spk spk;
            size_t at = 77;

            kaspa_address_encode(text, &a);
            cr_assert_eq(kaspa_address_decode(&read, &at, assay_str(text)), KASPA_ADDRESS_OK);
            cr_expect_eq(at, 0);
            cr_expect(is_same(&read, &a), "%s", text);
            kaspa_address_script(&spk, script, &a);
            cr_expect(kaspa_address_of_script(&of_script, &spk, a.network));
            cr_expect(is_same(&of_script, &a), "%s", text);
            spk.version = 1;
            cr_expect_not(kaspa_address_of_script(&of_script, &spk, a.network));
        }
    }
}

Test(kaspa_address, with_one_character_changed_is_none)
{
    for (size_t n = 0; n < KASPA_NETWORK__COUNT; n++) {
        char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
        struct kaspa_address a = sample(n, n % ARRAY_LEN(versions)), out;
        size_t len;

        kaspa_address_encode(text, &a);
        len = strlen(text);
        for (size_t at = 0; at < len; at++) {
            char right = text[at];

            for (int c = 0; c < 256; c++) {
                text[at] = (char)c;
                cr_expect_eq(kaspa_address_decode(&out, NULL, assay_bytes_of(text, len)) ==
                                 KASPA_ADDRESS_OK,
                             (char)c == right, "byte %d at %zu of %s", c, at, text);
            }
            text[at] = right;
        }
    }
}

Test(kaspa_address, with_two_neighbours_exchanged_is_none)
{
    struct kaspa_address a = sample(0, 0), out;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];

    kaspa_address_encode(text, &a);
    for (size_t at = 0; text[at + 1] != '\0'; at++) {
        char first = text[at], second = text[at + 1];

        text[at] = second;
        text[at + 1] = first;
        cr_expect_eq(kaspa_address_decode(&out, NULL, assay_str(text)) == KASPA_ADDRESS_OK,
                     first == second, "at %zu", at);
        text[at] = first;
        text[at + 1] = second;
    }
}

Test(kaspa_address, cut_off_or_continued_is_none)
{
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct kaspa_address a = sample(v, v), out;
        char text[KASPA_ADDRESS_TEXT_MAX_BYTES + 1] = {0};
        size_t at, len;

        kaspa_address_encode(text, &a);
        len = strlen(text);
        for (size_t cut = 0; cut < len; cut++)
            cr_expect_neq(decode(assay_bytes_of(text, cut), &at), KASPA_ADDRESS_OK, "%zu", cut);
        for (size_t from = 1; from < len; from++)
            cr_expect_neq(decode(assay_bytes_of(text + from, len - from), &at), KASPA_ADDRESS_OK);
        for (int c = 0; c < 256; c++) {
            text[len] = (char)c;
            cr_expect_neq(kaspa_address_decode(&out, NULL, assay_bytes_of(text, len + 1)),
                          KASPA_ADDRESS_OK);
        }
    }
}

Test(kaspa_address, of_one_network_is_none_of_another)
{
    for (size_t n = 0; n < KASPA_NETWORK__COUNT; n++) {
        struct kaspa_address a = sample(n, 0);
        char text[KASPA_ADDRESS_TEXT_MAX_BYTES], other[2 * KASPA_ADDRESS_TEXT_MAX_BYTES];
        size_t at;

        kaspa_address_encode(text, &a);
        for (size_t m = 0; m < KASPA_NETWORK__COUNT; m++) {
            if (m == n)
                continue;
            (void)snprintf(other, sizeof(other), "%s%s",
                           kaspa_network_prefix((enum kaspa_network)m), strchr(text, ':'));
            cr_expect_eq(decode(assay_str(other), &at), KASPA_ADDRESS_BAD_CHECKSUM);
            cr_expect_eq(at, strlen(other) - KASPA_ADDRESS_CHECKSUM_CHARACTERS);
        }
    }
}

Test(kaspa_address, is_refused_for_its_first_fault_and_says_where)
{
    static const struct {
        const char *name, *text;
        enum kaspa_address_error rc;
        size_t at;
    } rows[] = {
        {"nothing", "", KASPA_ADDRESS_MISSING_PREFIX, 0},
        {"no colon", "kaspa", KASPA_ADDRESS_MISSING_PREFIX, 0},
        {"no colon, wrong characters", "b1", KASPA_ADDRESS_MISSING_PREFIX, 0},
        {"empty prefix", ":qqqqqqqq", KASPA_ADDRESS_INVALID_PREFIX, 0},
        {"upper-case prefix", "KASPA:b", KASPA_ADDRESS_INVALID_PREFIX, 0},
        {"space in front", " kaspa:b", KASPA_ADDRESS_INVALID_PREFIX, 0},
        {"network's other name", "mainnet:qqqqqqqq", KASPA_ADDRESS_INVALID_PREFIX, 0},
        {"longer prefix", "kaspatest1:qqqqqqqq", KASPA_ADDRESS_INVALID_PREFIX, 0},
        {"b", "kaspa:b", KASPA_ADDRESS_DECODING_ERROR, 6},
        {"upper case", "kaspa:qqQ", KASPA_ADDRESS_DECODING_ERROR, 8},
        {"second colon", "kaspatest::", KASPA_ADDRESS_DECODING_ERROR, 10},
        {"wrong in the checksum", "kaspa:qqqqqqqqqqqqi", KASPA_ADDRESS_DECODING_ERROR, 18},
        {"no payload", "kaspa:", KASPA_ADDRESS_BAD_PAYLOAD, 6},
        {"seven characters", "kaspa:qqqqqqq", KASPA_ADDRESS_BAD_PAYLOAD, 13},
        {"eight characters", "kaspa:qqqqqqqq", KASPA_ADDRESS_BAD_CHECKSUM, 6},
        {"nine characters", "kaspa:qqqqqqqqq", KASPA_ADDRESS_BAD_CHECKSUM, 7},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t at = 77;

        cr_expect_eq(decode(assay_str(rows[i].text), &at), rows[i].rc, "row: %s", rows[i].name);
        cr_expect_eq(at, rows[i].at, "row: %s", rows[i].name);
    }
}

Test(kaspa_address, with_a_right_checksum_needs_a_version_and_its_length)
{
    static const size_t lengths[] = {0, 1, 16, 31, 32, 33, 34, 64};
    char text[ROOM];
    size_t at;

    with_checksum(text, "kaspa", "");
    cr_expect_eq(decode(assay_str(text), &at), KASPA_ADDRESS_BAD_PAYLOAD);
    with_checksum(text, "kaspa", "q");
    cr_expect_eq(decode(assay_str(text), &at), KASPA_ADDRESS_BAD_PAYLOAD);
    for (unsigned version = 0; version < 256; version++) {
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
            uint8_t data[65] = {(uint8_t)version};
            bool known = version == 0 || version == 1 || version == 8;
            size_t right = version == 1 ? 33 : 32;

            kaspa_address_text_write(text, ASSAY_LIT("kaspadev"),
                                     assay_bytes_of(data, 1 + lengths[i]));
            cr_expect_eq(decode(assay_str(text), &at),
                         !known                ? KASPA_ADDRESS_INVALID_VERSION
                         : lengths[i] != right ? KASPA_ADDRESS_INVALID_PAYLOAD_LENGTH
                                               : KASPA_ADDRESS_OK,
                         "%u %zu", version, lengths[i]);
        }
    }
}

/* The characters of an address without its checksum. */
static size_t data_characters(char out[ROOM], const struct kaspa_address *address)
{
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES], again[ROOM];
    size_t len;

    kaspa_address_encode(text, address);
    (void)snprintf(out, ROOM, "%s", strchr(text, ':') + 1);
    len = strlen(out) - KASPA_ADDRESS_CHECKSUM_CHARACTERS;
    out[len] = '\0';
    with_checksum(again, kaspa_network_prefix(address->network), out);
    cr_assert_str_eq(again, text);
    return len;
}

Test(kaspa_address, has_no_second_spelling_in_the_bits_behind_its_data)
{
    static const size_t padding[] = {2, 8, 2}; /* values that the spare bits can have */

    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct kaspa_address a = sample(KASPA_TESTNET, v);
        char characters[ROOM], text[ROOM];
        size_t len = data_characters(characters, &a), at;
        size_t last = (size_t)(strchr(alphabet, characters[len - 1]) - alphabet);

        cr_expect_eq(last % padding[v], 0);
        for (size_t spare = 1; spare < padding[v]; spare++) {
            characters[len - 1] = alphabet[last + spare];
            with_checksum(text, "kaspatest", characters);
            cr_expect_eq(decode(assay_str(text), &at), KASPA_ADDRESS_NOT_CANONICAL);
            cr_expect_eq(at, strlen("kaspatest:") + len - 1);
        }
    }
}

Test(kaspa_address, has_no_second_spelling_with_a_character_more)
{
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct kaspa_address a = sample(KASPA_MAINNET, v);
        char characters[ROOM], text[ROOM];
        size_t len = data_characters(characters, &a), at;

        for (size_t i = 0; i < 32; i++) {
            characters[len] = alphabet[i];
            characters[len + 1] = '\0';
            with_checksum(text, "kaspa", characters);
            /* behind 34 bytes it fills one more byte, behind 33 it fills none */
            cr_expect_eq(decode(assay_str(text), &at), versions[v].payload_len == 33
                                                           ? KASPA_ADDRESS_INVALID_PAYLOAD_LENGTH
                                                           : KASPA_ADDRESS_NOT_CANONICAL);
        }
    }
}

Test(kaspa_address, of_a_hostile_length_is_refused)
{
    size_t len = (size_t)1 << 20, at;
    char *text = malloc(len);

    cr_assert_not_null(text);
    memset(text, 'q', len);
    cr_expect_eq(decode(assay_bytes_of(text, len), &at), KASPA_ADDRESS_MISSING_PREFIX);
    memcpy(text, "kaspa:", 6);
    cr_expect_eq(decode(assay_bytes_of(text, len), &at), KASPA_ADDRESS_BAD_CHECKSUM);
    text[len - 1] = '\0';
    cr_expect_eq(decode(assay_bytes_of(text, len), &at), KASPA_ADDRESS_DECODING_ERROR);
    cr_expect_eq(at, len - 1);
    free(text);
}

Test(kaspa_address, errors_have_names_and_sentences)
{
    cr_expect_str_eq(kaspa_address_error_name(KASPA_ADDRESS_OK), "OK");
    for (int e = KASPA_ADDRESS_OK; e < KASPA_ADDRESS__COUNT; e++) {
        cr_expect_gt(strlen(kaspa_address_error_text((enum kaspa_address_error)e)), 3);
        for (int other = 0; other < e; other++)
            cr_expect_str_neq(kaspa_address_error_name((enum kaspa_address_error)e),
                              kaspa_address_error_name((enum kaspa_address_error)other));
    }
}

Test(kaspa_network, is_found_by_its_prefix_and_by_its_name_and_by_nothing_else)
{
    static const char *const others[] = {"",       "testnet", "testnet-11", "Mainnet",
                                         "kaspa:", "kasp",    "kaspatest1", "kaspa-mainnet"};
    enum kaspa_network found;

    cr_expect_str_eq(kaspa_network_name(KASPA_TESTNET), "testnet-10");
    for (int n = 0; n < KASPA_NETWORK__COUNT; n++) {
        enum kaspa_network network = (enum kaspa_network)n;

        found = KASPA_NETWORK__COUNT;
        cr_expect(kaspa_network_find(&found, assay_str(kaspa_network_prefix(network))));
        cr_expect_eq(found, network);
        found = KASPA_NETWORK__COUNT;
        cr_expect(kaspa_network_find(&found, assay_str(kaspa_network_name(network))));
        cr_expect_eq(found, network);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        found = KASPA_NETWORK__COUNT;
        cr_expect_not(kaspa_network_find(&found, assay_str(others[i])), "row: %s", others[i]);
        cr_expect_eq(found, KASPA_NETWORK__COUNT);
    }
}
