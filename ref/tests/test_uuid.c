/* UUIDs of version 4. */
#include "base/uuid.h"

#include "base/random.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

Test(uuid, text_reads_back_with_version_and_variant_set)
{
    struct assay_random r;

    assay_random_init(&r, ASSAY_LIT("uuid"), ASSAY_LIT("round trip"));
    for (int i = 0; i < 200; i++) {
        uint8_t bytes[16], again[16];
        char text[ASSAY_UUID_TEXT_BYTES];

        assay_random_bytes(&r, bytes, sizeof(bytes));
        assay_uuid_v4_text(text, bytes);
        cr_assert_eq(assay_uuid_v4_parse(again, assay_str(text)), ASSAY_OK, "%s", text);
        bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80);
        cr_expect_arr_eq(again, bytes, sizeof(bytes));
    }
}

Test(uuid, all_ones_and_all_zeros_have_their_marks)
{
    uint8_t bytes[16] = {0};
    char text[ASSAY_UUID_TEXT_BYTES];

    assay_uuid_v4_text(text, bytes);
    cr_expect_str_eq(text, "00000000-0000-4000-8000-000000000000");
    memset(bytes, 0xFF, sizeof(bytes));
    assay_uuid_v4_text(text, bytes);
    cr_expect_str_eq(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

Test(uuid, refuses_every_other_text_and_leaves_the_output_alone)
{
    static const char *const rows[] = {
        "",
        "00000000-0000-4000-8000-00000000000",
        "00000000-0000-4000-8000-0000000000000",
        "00000000-0000-4000-8000-00000000000A",
        "00000000-0000-4000-8000-00000000000g",
        "00000000000-0-4000-8000-000000000000",
        "00000000-00004-000-8000-000000000000",
        "00000000-0000-4000-8000+000000000000",
        "00000000-0000-1000-8000-000000000000",
        "00000000-0000-5000-8000-000000000000",
        "00000000-0000-4000-7000-000000000000",
        "00000000-0000-4000-c000-000000000000",
        "{0000000-0000-4000-8000-00000000000}",
        "000000000000400080000000000000000000",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i]));
        uint8_t out[16] = {0xAA};

        cr_expect_eq(assay_uuid_v4_parse(out, g.bytes), ASSAY_E_MALFORMED, "row: %s", rows[i]);
        cr_expect_eq(out[0], 0xAA, "row: %s", rows[i]);
        guard_free(&g);
    }
}
