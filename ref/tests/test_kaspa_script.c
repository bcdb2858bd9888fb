/* Scripts as data: opcodes, instructions, pushes. */
#include "kaspa/script.h"

#include "base/arena.h"
#include "ref/tests/guard.h"
#include "ref/tests/hex_text.h"

#include <stdio.h>

Test(kaspa_opcode, every_byte_has_a_name_of_its_own_that_finds_it)
{
    for (int byte = 0; byte < 256; byte++) {
        const char *name = kaspa_opcode_name((uint8_t)byte);
        char other[40];

        cr_assert_not_null(name, "%d", byte);
        cr_expect_eq(kaspa_opcode_find(assay_str(name)), byte, "%s", name);
        (void)snprintf(other, sizeof(other), "OP_%s", name);
        cr_expect_eq(kaspa_opcode_find(assay_str(other)), byte, "%s", other);
        (void)snprintf(other, sizeof(other), "op_%c_%s_", name[0], name + 1);
        for (size_t i = 0; other[i] != '\0'; i++)
            other[i] = (char)(other[i] >= 'A' && other[i] <= 'Z' ? other[i] + 32 : other[i]);
        cr_expect_eq(kaspa_opcode_find(assay_str(other)), byte, "%s", other);
        /* the prefix could otherwise be a part of the name */
        cr_expect_neq(strncmp(name, "OP", 2), 0, "%s", name);
    }
}

Test(kaspa_opcode, is_found_by_each_of_its_spellings)
{
    static const struct {
        const char *name;
        int opcode;
    } rows[] = {
        {"FALSE", 0x00},
        {"TRUE", 0x51},
        {"OP_TRUE", 0x51},
        {"OpFalse", 0x00},
        {"0", 0x00},
        {"-1", 0x4f},
        {"1NEGATE", 0x4f},
        {"Op1Negate", 0x4f},
        {"OP_16", 0x60},
        {"DATA8", 0x08},
        {"DATA_8", 0x08},
        {"OpData75", 0x4b},
        {"OP_PUSHDATA1", 0x4c},
        {"TX_INPUT_SEQ", 0xbd},
        {"OpTxInputSpk", 0xbf},
        {"checksig", 0xac},
        {"OP_CHECK_SIG", 0xac},
        {"BLAKE2B_WITH_KEY", 0xa7},
        {"OUTPUT_AUTHORIZING_INPUT", 0xd6},
        {"UNKNOWN_CA", 0xca},
        {"UnknownFf", 0xff},
        {"", -1},
        {"_", -1},
        {"OP", -1},
        {"OP_", -1},
        {"OPOP_DUP", -1},
        {"O_PDUP", -1},
        {"17", -1},
        {"DATA0", -1},
        {"DATA76", -1},
        {"DU", -1},
        {"DUPE", -1},
        {"DUP ", -1},
        {"UNKNOWN_AC", -1},
        {"UNKNOWN_100", -1},
        {"PUSHDATA3", -1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(assay_str(rows[i].name));

        cr_expect_eq(kaspa_opcode_find(g.bytes), rows[i].opcode, "row: %s", rows[i].name);
        guard_free(&g);
    }
    cr_expect_eq(kaspa_opcode_find(assay_bytes_of("DUP", 4)), -1, "a NUL is a character");
    cr_expect_str_eq(kaspa_opcode_name(0xac), "CHECKSIG");
    cr_expect_str_eq(kaspa_opcode_name(0x20), "DATA32");
    cr_expect_str_eq(kaspa_opcode_name(0xca), "UNKNOWN_CA");
}

Test(kaspa_opcode, is_a_push_up_to_16)
{
    for (int byte = 0; byte < 256; byte++)
        cr_expect_eq(kaspa_opcode_is_push((uint8_t)byte), byte <= 0x60, "%d", byte);
}

static const struct {
    const char *script;
    size_t at;
    enum kaspa_script_error rc;
    size_t data_at, data_len, next; /* of OK */
} instructions[] = {
    {"00", 0, KASPA_SCRIPT_OK, 1, 0, 1},
    {"0107", 0, KASPA_SCRIPT_OK, 1, 1, 2},
    {"ac020708ad", 1, KASPA_SCRIPT_OK, 2, 2, 4},
    {"4c00", 0, KASPA_SCRIPT_OK, 2, 0, 2},
    {"4c0107", 0, KASPA_SCRIPT_OK, 2, 1, 3},
    {"4d0000", 0, KASPA_SCRIPT_OK, 3, 0, 3},
    {"4d020007080910", 0, KASPA_SCRIPT_OK, 3, 2, 5},
    {"4e00000000", 0, KASPA_SCRIPT_OK, 5, 0, 5},
    {"614e0100000007", 1, KASPA_SCRIPT_OK, 6, 1, 7},
    {"4f07", 0, KASPA_SCRIPT_OK, 1, 0, 1},
    {"5007", 0, KASPA_SCRIPT_OK, 1, 0, 1},
    {"ff07", 0, KASPA_SCRIPT_OK, 1, 0, 1},
    {"01", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"020000", 1, KASPA_SCRIPT_OK, 2, 0, 2},
    {"0207", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"4b", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"4c", 0, KASPA_SCRIPT_MALFORMED_PUSH_SIZE, 0, 0, 0},
    {"4c01", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"4cff07", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"4d01", 0, KASPA_SCRIPT_MALFORMED_PUSH_SIZE, 0, 0, 0},
    {"4d0100", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"4d00010707", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"4e010000", 0, KASPA_SCRIPT_MALFORMED_PUSH_SIZE, 0, 0, 0},
    {"4effffffff", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"4e0000000107", 0, KASPA_SCRIPT_MALFORMED_PUSH, 0, 0, 0},
    {"6161614c", 3, KASPA_SCRIPT_MALFORMED_PUSH_SIZE, 0, 0, 0},
};

Test(kaspa_instruction, is_decoded_or_refused_where_it_is_cut)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

    for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
        struct guard g = guard_of(hex(&arena, instructions[i].script));
        struct kaspa_instruction out = {.at = 77};

        cr_expect_eq(kaspa_instruction_decode(&out, g.bytes, instructions[i].at),
                     instructions[i].rc, "row: %s", instructions[i].script);
        if (instructions[i].rc != KASPA_SCRIPT_OK) {
            cr_expect_eq(out.at, 77, "row: %s", instructions[i].script);
        } else {
            cr_expect_eq(out.at, instructions[i].at);
            cr_expect_eq(out.opcode, g.bytes.at[out.at]);
            cr_expect_eq(out.data.at, g.bytes.at + instructions[i].data_at);
            cr_expect_eq(out.data.len, instructions[i].data_len);
            cr_expect_eq(out.next, instructions[i].next);
        }
        guard_free(&g);
    }
    assay_arena_fini(&arena);
}

Test(kaspa_instruction, takes_one_byte_unless_it_pushes_data)
{
    uint8_t script[2 + 255] = {0};

    for (int opcode = 0; opcode < 256; opcode++) {
        struct kaspa_instruction out;

        script[0] = (uint8_t)opcode;
        script[1] = 0;
        cr_assert_eq(kaspa_instruction_decode(&out, assay_bytes_of(script, sizeof(script)), 0),
                     KASPA_SCRIPT_OK);
        cr_expect_eq(out.next, opcode <= 75     ? 1 + (size_t)opcode
                               : opcode == 0x4c ? 2
                               : opcode == 0x4d ? 3
                               : opcode == 0x4e ? 5
                                                : 1);
    }
}

Test(kaspa_instruction, of_data_ends_with_the_script_or_is_refused)
{
    uint8_t bytes[5 + 70000] = {0};
    static const size_t lengths[] = {1, 75, 76, 255, 256, 65535, 65536};

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct assay_buf buf = ASSAY_BUF_OVER(bytes);
        uint8_t data[65536];
        struct kaspa_instruction out;
        struct assay_bytes script;

        memset(data, 0xEE, sizeof(data));
        kaspa_script_add_push(&buf, assay_bytes_of(data, lengths[i]));
        cr_assert(assay_buf_ok(&buf));
        script = assay_buf_view(&buf);
        cr_assert_eq(kaspa_instruction_decode(&out, script, 0), KASPA_SCRIPT_OK);
        cr_expect_eq(out.next, script.len);
        cr_expect(assay_bytes_equal(out.data, assay_bytes_of(data, lengths[i])));
        for (size_t cut = 1; cut < script.len; cut += cut < 20 ? 1 : 997) {
            enum kaspa_script_error rc =
                kaspa_instruction_decode(&out, assay_bytes_part(script, 0, cut), 0);

            cr_expect_eq(rc, cut < script.len - lengths[i] ? KASPA_SCRIPT_MALFORMED_PUSH_SIZE
                                                           : KASPA_SCRIPT_MALFORMED_PUSH);
        }
    }
}

Test(kaspa_push, of_one_byte_is_a_number_where_it_can)
{
    for (int byte = 0; byte < 256; byte++) {
        struct assay_buf buf = ASSAY_BUF_INIT(10);
        uint8_t data = (uint8_t)byte;
        struct assay_bytes pushed;
        int small = byte >= 1 && byte <= 16 ? 0x50 + byte : byte == 0x81 ? 0x4f : 0;

        kaspa_script_add_push(&buf, assay_bytes_of(&data, 1));
        cr_assert(assay_buf_ok(&buf));
        cr_expect_eq(buf.len, small != 0 ? 1 : 2);
        cr_expect_eq(buf.at[0], small != 0 ? small : 1);
        cr_assert(kaspa_script_last_push(&pushed, assay_buf_view(&buf)));
        cr_expect(assay_bytes_equal(pushed, assay_bytes_of(&data, 1)), "%d", byte);
        assay_buf_fini(&buf);
    }
}

Test(kaspa_push, has_the_shortest_length)
{
    static const struct {
        size_t len;
        const char *head;
    } rows[] = {
        {0, "00"},
        {2, "02"},
        {75, "4b"},
        {76, "4c4c"},
        {255, "4cff"},
        {256, "4d0001"},
        {65535, "4dffff"},
        {65536, "4e00000100"},
        {1000000, "4e40420f00"},
    };
    uint8_t *data = calloc(1, KASPA_ELEMENT_MAX_BYTES + 1);
    struct assay_buf buf = ASSAY_BUF_INIT(KASPA_ELEMENT_MAX_BYTES + 10);

    cr_assert_not_null(data);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf head = ASSAY_BUF_INIT(10);

        assay_buf_clear(&buf);
        kaspa_script_add_push(&buf, assay_bytes_of(data, rows[i].len));
        cr_assert(assay_buf_ok(&buf));
        assay_buf_add(&head, assay_bytes_part(assay_buf_view(&buf), 0, buf.len - rows[i].len));
        expect_hex(&head, rows[i].head, rows[i].head);
        assay_buf_fini(&head);
    }
    assay_buf_clear(&buf);
    kaspa_script_add_push(&buf, assay_bytes_of(data, KASPA_ELEMENT_MAX_BYTES + 1));
    cr_expect_eq(buf.bad, ASSAY_E_TOO_LARGE);
    cr_expect_eq(buf.len, 0);
    buf.bad = ASSAY_E_NOMEM;
    kaspa_script_add_push(&buf, assay_bytes_of(data, KASPA_ELEMENT_MAX_BYTES + 1));
    cr_expect_eq(buf.bad, ASSAY_E_NOMEM, "the first failure stays");
    assay_buf_fini(&buf);
    free(data);
}

Test(kaspa_push, of_a_number_is_minimal)
{
    static const struct {
        int64_t number;
        const char *script;
    } rows[] = {
        {0, "00"},
        {-1, "4f"},
        {1, "51"},
        {16, "60"},
        {17, "0111"},
        {-2, "0182"},
        {127, "017f"},
        {128, "028000"},
        {-127, "01ff"},
        {-128, "028080"},
        {32767, "02ff7f"},
        {32768, "03008000"},
        {-32768, "03008080"},
        {INT32_MAX, "04ffffff7f"},
        {INT64_MAX, "08ffffffffffffff7f"},
        {-INT64_MAX, "08ffffffffffffffff"},
        {INT64_MIN, "0900000000000000"
                    "8080"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf buf = ASSAY_BUF_INIT(10);

        kaspa_script_add_number(&buf, rows[i].number);
        cr_assert(assay_buf_ok(&buf));
        expect_hex(&buf, rows[i].script, rows[i].script);
        assay_buf_fini(&buf);
    }
}

Test(kaspa_push, fails_as_its_buffer_does)
{
    uint8_t room[3];
    struct assay_buf small = ASSAY_BUF_OVER(room);
    struct assay_buf heap = ASSAY_BUF_INIT(100);

    kaspa_script_add_push(&small, ASSAY_LIT("abc"));
    cr_expect_eq(small.bad, ASSAY_E_TOO_LARGE);
    (void)assay_alloc_fail_after(0);
    kaspa_script_add_opcode(&heap, KASPA_OP_DUP);
    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_expect_eq(heap.bad, ASSAY_E_NOMEM);
    assay_buf_fini(&heap);
}
