/* Numbers of scripts: official rows, round trips at every boundary, and forms that are not minimal.
 */
#include "kaspa/number.h"

#include "ref/tests/guard.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

static void judge_encode(const json_t *row, struct assay_bytes expected)
{
    const char *text = json_string_value(json_object_get(row, "number"));
    int64_t number = strtoll(text, NULL, 10);
    uint8_t bytes[KASPA_NUMBER_MAX_BYTES];
    size_t len = 99;

    if (!json_is_string(json_object_get(row, "expected"))) {
        cr_expect_eq(kaspa_number_encode(bytes, &len, number), KASPA_SCRIPT_SERIALIZATION);
        cr_expect_eq(len, 99);
        return;
    }
    cr_assert_eq(kaspa_number_encode(bytes, &len, number), KASPA_SCRIPT_OK, "%s", text);
    cr_expect(assay_bytes_equal(assay_bytes_of(bytes, len), expected), "%s", text);
}

static void judge_decode(const json_t *row, struct assay_bytes bytes)
{
    const char *expected = json_string_value(json_object_get(row, "expected"));
    int64_t number = 99;

    if (expected == NULL) {
        cr_expect_eq(kaspa_number_decode(&number, bytes), KASPA_SCRIPT_NUMBER_TOO_BIG);
        cr_expect_eq(number, 99);
        return;
    }
    cr_assert_eq(kaspa_number_decode(&number, bytes), KASPA_SCRIPT_OK);
    cr_expect_eq(number, strtoll(expected, NULL, 10), "%s", expected);
}

Test(kaspa_number, agrees_with_every_official_row)
{
    json_t *doc = upstream_load("rusty-kaspa/script_numbers.json");
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 20);
    size_t at, count = 0;
    json_t *row;

    json_array_foreach (json_object_get(doc, "cases"), at, row) {
        const char *kind = json_string_value(json_object_get(row, "kind"));
        const json_t *form = json_object_get(row, kind[0] == 'e' ? "expected" : "bytes");
        struct assay_bytes bytes =
            json_is_string(form) ? upstream_hex(&arena, form) : ASSAY_LIT("");

        if (strcmp(kind, "encode") == 0)
            judge_encode(row, bytes);
        else if (strcmp(kind, "decode") == 0)
            judge_decode(row, bytes);
        else
            cr_expect_eq(kaspa_bytes_are_true(bytes),
                         json_is_true(json_object_get(row, "expected")), "row %zu", at);
        count++;
    }
    cr_expect_eq(count, 101);
    assay_arena_fini(&arena);
    json_decref(doc);
}

static void expect_round_trip(int64_t number)
{
    uint8_t bytes[KASPA_NUMBER_MAX_BYTES];
    int64_t back = 0;
    size_t len = 0;
    struct guard g;

    cr_assert_eq(kaspa_number_encode(bytes, &len, number), KASPA_SCRIPT_OK);
    g = guard_of(assay_bytes_of(bytes, len));
    cr_expect_eq(kaspa_number_decode(&back, g.bytes), KASPA_SCRIPT_OK);
    cr_expect_eq(back, number, "%" PRId64, number);
    cr_expect_eq(kaspa_bytes_are_true(g.bytes), number != 0, "%" PRId64, number);
    /* minimal: without its last byte it is another number */
    if (len > 0) {
        cr_expect_eq(kaspa_number_decode(&back, assay_bytes_part(g.bytes, 0, len - 1)),
                     KASPA_SCRIPT_OK);
        cr_expect_neq(back, number, "%" PRId64, number);
    }
    guard_free(&g);
}

Test(kaspa_number, every_number_around_a_boundary_comes_back_from_its_shortest_form)
{
    expect_round_trip(0);
    for (int shift = 0; shift < 63; shift++) {
        for (int64_t off = -1; off <= 1; off++) {
            expect_round_trip((INT64_C(1) << shift) + off);
            expect_round_trip(-(INT64_C(1) << shift) - off);
        }
    }
    expect_round_trip(INT64_MAX);
    expect_round_trip(-INT64_MAX);
}

Test(kaspa_number, longer_forms_and_negative_zeros_are_read)
{
    static const struct {
        const char *name;
        uint8_t bytes[8];
        size_t len;
        int64_t number;
    } rows[] = {
        {"zero in eight bytes", {0}, 8, 0},
        {"minus zero in one", {0x80}, 1, 0},
        {"minus zero in eight", {0, 0, 0, 0, 0, 0, 0, 0x80}, 8, 0},
        {"one in three", {1, 0, 0}, 3, 1},
        {"minus one in three", {1, 0, 0x80}, 3, -1},
        {"the lowest", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8, -INT64_MAX},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t number = 99;

        cr_expect_eq(kaspa_number_decode(&number, assay_bytes_of(rows[i].bytes, rows[i].len)),
                     KASPA_SCRIPT_OK, "row: %s", rows[i].name);
        cr_expect_eq(number, rows[i].number, "row: %s", rows[i].name);
    }
}

Test(kaspa_number, one_bit_anywhere_makes_bytes_true_but_for_the_sign)
{
    uint8_t bytes[20] = {0};

    for (size_t len = 0; len <= sizeof(bytes); len++) {
        cr_expect_not(kaspa_bytes_are_true(assay_bytes_of(bytes, len)), "zeros: %zu", len);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            bytes[bit / 8] = (uint8_t)(1U << bit % 8);
            cr_expect_eq(kaspa_bytes_are_true(assay_bytes_of(bytes, len)), bit != 8 * len - 1,
                         "bit %zu of %zu bytes", bit, len);
            bytes[bit / 8] = 0;
        }
    }
    memset(bytes, 1, sizeof(bytes));
    cr_expect(kaspa_bytes_are_true(assay_bytes_of(bytes, sizeof(bytes))), "all alike");
}
