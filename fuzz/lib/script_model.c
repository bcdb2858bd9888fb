/* Opcodes by a table of stack moves and by wide arithmetic; see script_model.h. */
#include "fuzz/lib/script_model.h"

#include "base/hash.h"
#include "fuzz/fuzz.h"

__extension__ typedef __int128 wide;

enum { NUMBER_MAX_BYTES = 8 };

/* A move takes the top items, the deepest of them being 0, and puts back what the text says. */
static const struct {
    uint8_t opcode;
    uint8_t takes;
    const char *puts;
} moves[] = {
    {KASPA_OP_NOP, 0, ""},        {KASPA_OP_2DROP, 2, ""},       {KASPA_OP_2DUP, 2, "0101"},
    {KASPA_OP_3DUP, 3, "012012"}, {KASPA_OP_2OVER, 4, "012301"}, {KASPA_OP_2ROT, 6, "234501"},
    {KASPA_OP_2SWAP, 4, "2301"},  {KASPA_OP_DROP, 1, ""},        {KASPA_OP_DUP, 1, "00"},
    {KASPA_OP_NIP, 2, "1"},       {KASPA_OP_OVER, 2, "010"},     {KASPA_OP_ROT, 3, "120"},
    {KASPA_OP_SWAP, 2, "10"},     {KASPA_OP_TUCK, 2, "101"},     {KASPA_OP_VERIFY, 1, ""},
    {KASPA_OP_TOALTSTACK, 1, ""},
};

/* What the instruction makes: how many items it takes, and what it puts back. */
struct prediction {
    size_t takes;
    struct assay_bytes puts[6];
    size_t count;
};

static struct assay_bytes from_top(const struct fuzz_model *m, size_t depth)
{
    FUZZ_CHECK(depth < m->len); /* it went on, so they were there */
    return m->items[m->len - 1 - depth];
}

static bool is_true(struct assay_bytes item)
{
    for (size_t i = 0; i < item.len; i++) {
        if (item.at[i] != 0)
            return i + 1 < item.len || item.at[i] != 0x80;
    }
    return false;
}

/* ---- numbers ---- */

static wide number_of(struct assay_bytes item)
{
    wide number = 0;

    FUZZ_CHECK(item.len <= NUMBER_MAX_BYTES);
    for (size_t i = item.len; i-- > 0;)
        number = number * 256 + (i + 1 == item.len ? item.at[i] & 0x7f : item.at[i]);
    return item.len > 0 && (item.at[item.len - 1] & 0x80) != 0 ? -number : number;
}

static struct assay_bytes text_of(struct fuzz_model *m, wide number)
{
    wide rest = number < 0 ? -number : number;
    size_t len = 0;

    for (; rest > 0; rest /= 256)
        m->made[len++] = (uint8_t)(rest % 256);
    if (len > 0 && (m->made[len - 1] & 0x80) != 0)
        m->made[len++] = 0;
    if (number < 0 && len > 0)
        m->made[len - 1] |= 0x80;
    FUZZ_CHECK(len <= NUMBER_MAX_BYTES);
    return assay_bytes_of(m->made, len);
}

/* The result of an opcode on two numbers; false: it is none. */
static bool of_two(wide *out, uint8_t opcode, wide a, wide b)
{
    switch (opcode) {
    case KASPA_OP_ADD:
        *out = a + b;
        return true;
    case KASPA_OP_SUB:
        *out = a - b;
        return true;
    case KASPA_OP_MUL:
        *out = a * b;
        return true;
    case KASPA_OP_DIV:
        FUZZ_CHECK(b != 0);
        *out = a / b;
        return true;
    case KASPA_OP_MOD: /* with the sign of what is divided */
        FUZZ_CHECK(b != 0);
        *out = a - a / b * b;
        return true;
    case KASPA_OP_BOOLAND:
        *out = a != 0 && b != 0;
        return true;
    case KASPA_OP_BOOLOR:
        *out = a != 0 || b != 0;
        return true;
    case KASPA_OP_NUMEQUAL:
        *out = a == b;
        return true;
    case KASPA_OP_NUMNOTEQUAL:
        *out = a != b;
        return true;
    case KASPA_OP_LESSTHAN:
        *out = a < b;
        return true;
    case KASPA_OP_GREATERTHAN:
        *out = a > b;
        return true;
    case KASPA_OP_LESSTHANOREQUAL:
        *out = a <= b;
        return true;
    case KASPA_OP_GREATERTHANOREQUAL:
        *out = a >= b;
        return true;
    case KASPA_OP_MIN:
        *out = a < b ? a : b;
        return true;
    case KASPA_OP_MAX:
        *out = a < b ? b : a;
        return true;
    default:
        return false;
    }
}

static bool is_of_two(uint8_t opcode)
{
    wide unused;

    return of_two(&unused, opcode, 1, 1);
}

static bool is_of_one(uint8_t opcode)
{
    return opcode == KASPA_OP_1ADD || opcode == KASPA_OP_1SUB || opcode == KASPA_OP_NEGATE ||
           opcode == KASPA_OP_ABS || opcode == KASPA_OP_NOT || opcode == KASPA_OP_0NOTEQUAL ||
           opcode == KASPA_OP_BIN2NUM;
}

static wide of_one(uint8_t opcode, wide a)
{
    switch (opcode) {
    case KASPA_OP_1ADD:
        return a + 1;
    case KASPA_OP_1SUB:
        return a - 1;
    case KASPA_OP_NEGATE:
        return -a;
    case KASPA_OP_ABS:
        return a < 0 ? -a : a;
    case KASPA_OP_NOT:
        return a == 0;
    case KASPA_OP_0NOTEQUAL:
        return a != 0;
    default:
        return a;
    }
}

static bool predict_number(struct prediction *out, struct fuzz_model *m)
{
    uint8_t opcode = m->instruction.opcode;
    wide number;

    if (is_of_two(opcode)) {
        (void)of_two(&number, opcode, number_of(from_top(m, 1)), number_of(from_top(m, 0)));
        out->takes = 2;
    } else if (is_of_one(opcode)) {
        number = of_one(opcode, number_of(from_top(m, 0)));
        out->takes = 1;
    } else if (opcode == KASPA_OP_WITHIN) {
        wide a = number_of(from_top(m, 2));

        number = a >= number_of(from_top(m, 1)) && a < number_of(from_top(m, 0));
        out->takes = 3;
    } else if (opcode == KASPA_OP_DEPTH) {
        number = (wide)m->len;
    } else if (opcode == KASPA_OP_SIZE) {
        number = (wide)from_top(m, 0).len;
    } else {
        return false;
    }
    out->puts[out->count++] = text_of(m, number);
    return true;
}

/* ---- bytes ---- */

static struct assay_bytes keep(struct fuzz_model *m, struct assay_bytes a, struct assay_bytes b)
{
    memcpy(m->made, a.at, a.len);
    memcpy(m->made + a.len, b.at, b.len);
    return assay_bytes_of(m->made, a.len + b.len);
}

static void combine(struct fuzz_model *m, uint8_t opcode, struct assay_bytes a,
                    struct assay_bytes b)
{
    FUZZ_CHECK(a.len == b.len);
    for (size_t i = 0; i < a.len; i++)
        m->made[i] = opcode == KASPA_OP_AND  ? a.at[i] & b.at[i]
                     : opcode == KASPA_OP_OR ? a.at[i] | b.at[i]
                                             : a.at[i] ^ b.at[i];
}

static bool predict_two_texts(struct prediction *out, struct fuzz_model *m)
{
    uint8_t opcode = m->instruction.opcode;
    struct assay_bytes a = from_top(m, 1), b = from_top(m, 0), *made = &out->puts[0];

    out->takes = 2;
    if (a.len + b.len > FUZZ_MODEL_MADE_MAX)
        return false;
    if (opcode == KASPA_OP_EQUALVERIFY) {
        FUZZ_CHECK(assay_bytes_equal(a, b));
        return true;
    }
    if (opcode == KASPA_OP_EQUAL) {
        *made = assay_bytes_equal(a, b) ? ASSAY_LIT("\x01") : ASSAY_LIT("");
    } else if (opcode == KASPA_OP_CAT) {
        *made = keep(m, a, b);
    } else {
        combine(m, opcode, a, b);
        *made = assay_bytes_of(m->made, a.len);
    }
    out->count = 1;
    return true;
}

static bool predict_text(struct prediction *out, struct fuzz_model *m)
{
    struct assay_blake3 h;

    switch (m->instruction.opcode) {
    case KASPA_OP_EQUAL:
    case KASPA_OP_EQUALVERIFY:
    case KASPA_OP_CAT:
    case KASPA_OP_AND:
    case KASPA_OP_OR:
    case KASPA_OP_XOR:
        return predict_two_texts(out, m);
    case KASPA_OP_SHA256:
        assay_sha256(m->made, from_top(m, 0));
        break;
    case KASPA_OP_BLAKE2B:
        assay_blake2b(m->made, 32, assay_bytes_of(NULL, 0), from_top(m, 0));
        break;
    case KASPA_OP_BLAKE3:
        assay_blake3_init(&h, NULL);
        assay_blake3_add(&h, from_top(m, 0));
        assay_blake3_end(&h, m->made);
        break;
    default:
        return false;
    }
    out->takes = out->count = 1;
    out->puts[0] = assay_bytes_of(m->made, 32);
    return true;
}

/* ---- pushes and moves ---- */

static bool predict_push(struct prediction *out, struct fuzz_model *m)
{
    uint8_t opcode = m->instruction.opcode;

    if (opcode > KASPA_OP_16 || opcode == KASPA_OP_RESERVED)
        return false;
    out->puts[0] = opcode == KASPA_OP_0           ? ASSAY_LIT("")
                   : opcode == KASPA_OP_1NEGATE   ? ASSAY_LIT("\x81")
                   : opcode <= KASPA_OP_PUSHDATA4 ? m->instruction.data
                                                  : text_of(m, opcode - KASPA_OP_1 + 1);
    out->count = 1;
    return true;
}

static bool predict_move(struct prediction *out, const struct fuzz_model *m)
{
    for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
        if (moves[i].opcode != m->instruction.opcode)
            continue;
        out->takes = moves[i].takes;
        for (const char *at = moves[i].puts; *at != '\0'; at++)
            out->puts[out->count++] = from_top(m, out->takes - 1 - (size_t)(*at - '0'));
        return true;
    }
    return false;
}

/* False: the model does not know the opcode. */
static bool predict(struct prediction *out, struct fuzz_model *m)
{
    memset(out, 0, sizeof(*out));
    return !m->executed || predict_push(out, m) || predict_move(out, m) || predict_number(out, m) ||
           predict_text(out, m);
}

static void compare(const struct fuzz_model *m, const struct prediction *p,
                    const struct assay_bytes *items, size_t len)
{
    FUZZ_CHECK(m->len >= p->takes && len == m->len - p->takes + p->count);
    for (size_t i = 0; i < m->len - p->takes; i++)
        FUZZ_CHECK(items[i].at == m->items[i].at && items[i].len == m->items[i].len);
    for (size_t i = 0; i < p->count; i++)
        FUZZ_CHECK(assay_bytes_equal(items[m->len - p->takes + i], p->puts[i]));
}

void fuzz_model_step(void *context, const struct kaspa_step *step)
{
    struct fuzz_model *m = context;
    struct prediction p;

    FUZZ_CHECK(step->stack_len + step->alt_len <= KASPA_STACK_MAX_ITEMS);
    FUZZ_CHECK(step->used_units >= m->used_units && m->steps < KASPA_OPERATIONS_MAX);
    if (m->is_known && m->part == step->part && predict(&p, m))
        compare(m, &p, step->stack, step->stack_len);
    m->is_known = true;
    m->part = step->part;
    m->instruction = step->instruction;
    m->executed = step->executed;
    m->used_units = step->used_units;
    m->len = step->stack_len;
    m->steps++;
    memcpy(m->items, step->stack, step->stack_len * sizeof(m->items[0]));
}

void fuzz_model_end(struct fuzz_model *m, const struct kaspa_run *run, enum kaspa_part last)
{
    struct prediction p;

    FUZZ_CHECK(run->used_units >= m->used_units);
    if (run->outcome != KASPA_VALID || !m->is_known || m->part != last || !predict(&p, m))
        return;
    FUZZ_CHECK(m->len - p.takes + p.count == 1);
    FUZZ_CHECK(is_true(p.count == 1 ? p.puts[0] : m->items[0]));
}
