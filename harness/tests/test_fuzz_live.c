/* Live fuzzing without a server: files of sequences, the mutator, bent requests, classes of
 * answers, what a payment buys, and growth. */
#include "base/json.h"
#include "fuzz/live_account.h"
#include "fuzz/live_answer.h"
#include "fuzz/live_mutate.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* For tables. */
#define TEXT(text)                                                                                 \
    {                                                                                              \
        (const uint8_t *)("" text), sizeof(text) - 1                                               \
    }
#define HONEST                                                                                     \
    "POST /buy?a=1 HTTP/1.1\r\nHost: shop\r\nX-Payment-Proof: e30\r\nContent-Length: 7\r\n\r\n"    \
    "{\"a\":1}"

static const struct live_carrier carrier = {.header = "X-Payment-Proof", .form = ASSAY_BASE64_URL};

struct made {
    struct assay_arena arena;
    struct live_request request;
    char text[4096]; /* all pieces, one behind the other */
};

static void made_new(struct made *made, const struct live_edit *edits, size_t count)
{
    struct assay_buf text = ASSAY_BUF_OVER(made->text);

    made->arena = (struct assay_arena)ASSAY_ARENA_INIT(1 << 22);
    cr_assert(live_request_make(&made->request, &made->arena, ASSAY_LIT(HONEST), &carrier, edits,
                                count) == ASSAY_OK);
    for (size_t i = 0; i < made->request.piece_count; i++)
        assay_buf_add(&text, made->request.pieces[i].bytes);
    cr_assert(assay_buf_cstr(&text) != NULL);
}

static void made_fini(struct made *made)
{
    assay_arena_fini(&made->arena);
}

static struct live_sequence two_requests(void)
{
    struct live_sequence s = {.count = 2};

    (void)snprintf(s.exchanges[0].endpoint, LIVE_NAME_BYTES, "paid_get");
    (void)snprintf(s.exchanges[0].way, LIVE_NAME_BYTES, "proof");
    s.exchanges[0].payment = 1;
    s.exchanges[0].key = 2;
    s.exchanges[0].edit_count = 1;
    s.exchanges[0].edits[0] = (struct live_edit){.kind = LIVE_EDIT_HEADER_VALUE,
                                                 .at = 3,
                                                 .how = 4,
                                                 .times = 5,
                                                 .text = ASSAY_LIT("\0\x7f\xff\"\\\n\xc3z")};
    (void)snprintf(s.exchanges[1].endpoint, LIVE_NAME_BYTES, "free");
    return s;
}

/* ---- files ---- */

Test(fuzz_live, a_sequence_is_read_as_it_was_written)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16), again = ASSAY_BUF_INIT(1 << 16);
    struct live_sequence s = two_requests(), read;
    struct assay_err err = {0};

    cr_assert(live_sequence_write(&text, &s, "paid-tools") == ASSAY_OK);
    cr_assert(live_sequence_read(&read, &arena, assay_buf_view(&text), "paid-tools", &err) ==
                  ASSAY_OK,
              "%s", err.text);
    cr_expect_eq(read.count, 2);
    cr_expect_str_eq(read.exchanges[0].way, "proof");
    cr_expect(read.exchanges[0].edits[0].kind == LIVE_EDIT_HEADER_VALUE);
    cr_expect(assay_bytes_equal(read.exchanges[0].edits[0].text, s.exchanges[0].edits[0].text));
    cr_assert(live_sequence_write(&again, &read, "paid-tools") == ASSAY_OK);
    cr_expect(assay_bytes_equal(assay_buf_view(&again), assay_buf_view(&text)));
    assay_buf_fini(&text);
    assay_buf_fini(&again);
    assay_arena_fini(&arena);
}

#define FILE_OF(exchange)                                                                          \
    "{\"format\": \"assay-live/1\", \"profile\": \"x402\", \"exchanges\": [" exchange "]}"
#define EXCHANGE_OF(edits)                                                                         \
    FILE_OF("{\"endpoint\": \"a\", \"way\": \"\", \"payment\": 0, \"key\": 0, \"edits\": [" edits  \
            "]}")

Test(fuzz_live, what_is_no_sequence_is_refused_with_its_place)
{
    static const struct {
        const char *text;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"[", ASSAY_E_MALFORMED, "no JSON"},
        {"{\"format\": \"assay-live/2\"}", ASSAY_E_MALFORMED, "assay-live/1"},
        {"{\"format\": \"assay-live/1\", \"profile\": \"paid-tools\"}", ASSAY_E_MISMATCH,
         "paid-tools"},
        {FILE_OF(""), ASSAY_E_MALFORMED, "1 to 8"},
        {FILE_OF("{\"endpoint\": 1}"), ASSAY_E_MALFORMED, "endpoint: expected a name"},
        {FILE_OF("{\"endpoint\": \"a\", \"way\": \"\", \"payment\": 5}"), ASSAY_E_MALFORMED,
         "from 0 to 4"},
        {FILE_OF("{\"else\": 1}"), ASSAY_E_MALFORMED, "no member \"else\""},
        {EXCHANGE_OF("{\"what\": \"nothing\"}"), ASSAY_E_MALFORMED, "the name of an edit"},
        {EXCHANGE_OF("{\"what\": \"body\", \"times\": 200001}"), ASSAY_E_MALFORMED, "200000"},
        {EXCHANGE_OF("{\"what\": \"body\", \"text\": \"\\u0100\"}"), ASSAY_E_MALFORMED, "U+00FF"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct live_sequence s;
        struct assay_err err = {0};

        cr_expect(live_sequence_read(&s, &arena, assay_str(rows[i].text), "x402", &err) ==
                      rows[i].code,
                  "%s", rows[i].text);
        cr_expect(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].text, err.text);
        assay_arena_fini(&arena);
    }
}

/* ---- the mutator ---- */

static const char target_text[] =
    "{\"name\": \"t\", \"profile\": \"paid-tools\", \"interface\": \"http\", \"base_url\": "
    "\"http://127.0.0.1:1\", \"endpoints\": {\"paid_get\": {\"method\": \"GET\", \"target\": "
    "\"/a\"}, \"free\": {\"method\": \"GET\", \"target\": \"/free\"}}, \"supports\": "
    "[\"bridge\"], \"secrets\": {\"mac\": \"0123456789abcdef0123456789abcdef\"}}";

static void mutated(struct assay_buf *out, struct assay_arena *arena, const struct target *target,
                    uint64_t seed)
{
    struct live_sequence s = two_requests(), other = two_requests();
    struct fuzz_dice dice;

    fuzz_dice_init(&dice, seed);
    for (int i = 0; i < 20; i++)
        cr_assert(live_mutate(&s, arena, &dice, &live_paid_tools, target, &other) == ASSAY_OK);
    cr_expect(s.count >= 1 && s.count <= LIVE_EXCHANGES_MAX);
    for (size_t i = 0; i < s.count; i++)
        cr_expect(s.exchanges[i].edit_count <= LIVE_EDITS_MAX);
    cr_assert(live_sequence_write(out, &s, "paid-tools") == ASSAY_OK);
}

Test(fuzz_live, the_same_seed_changes_a_sequence_in_the_same_way)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)64 << 20);
    struct assay_buf before = ASSAY_BUF_INIT(LIVE_FILE_MAX_BYTES);
    struct target target;
    struct assay_err err = {0};

    cr_assert(target_parse(&target, &arena, assay_str(target_text), "t.json", &err) == ASSAY_OK,
              "%s", err.text);
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct assay_buf a = ASSAY_BUF_INIT(LIVE_FILE_MAX_BYTES);
        struct assay_buf b = ASSAY_BUF_INIT(LIVE_FILE_MAX_BYTES);
        struct live_sequence read;

        mutated(&a, &arena, &target, seed);
        mutated(&b, &arena, &target, seed);
        cr_expect(assay_bytes_equal(assay_buf_view(&a), assay_buf_view(&b)));
        cr_expect_not(assay_bytes_equal(assay_buf_view(&a), assay_buf_view(&before)));
        cr_expect(live_sequence_read(&read, &arena, assay_buf_view(&a), "paid-tools", &err) ==
                      ASSAY_OK,
                  "%s", err.text);
        assay_buf_clear(&before);
        assay_buf_add(&before, assay_buf_view(&a));
        assay_buf_fini(&a);
        assay_buf_fini(&b);
    }
    assay_buf_fini(&before);
    assay_arena_fini(&arena);
}

Test(fuzz_live, seeds_are_honest_and_name_what_the_file_has)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 20);
    static struct live_sequence seeds[LIVE_SEEDS_MAX];
    struct target target;
    size_t count;

    cr_assert(target_parse(&target, &arena, assay_str(target_text), "t.json", NULL) == ASSAY_OK);
    count = live_seeds(seeds, LIVE_SEEDS_MAX, &live_paid_tools, &target);
    cr_assert(count > 10 && count < LIVE_SEEDS_MAX);
    cr_expect_str_eq(seeds[0].exchanges[0].endpoint, "paid_get");
    cr_expect_eq(seeds[0].exchanges[0].payment, 0);
    cr_expect_eq(seeds[1].exchanges[0].payment, 1);
    cr_expect_eq(seeds[1].exchanges[1].payment, 1);
    cr_expect_eq(live_seeds(seeds, 3, &live_paid_tools, &target), 3);
    assay_arena_fini(&arena);
}

/* ---- bent requests ---- */

Test(fuzz_live, an_unbent_request_is_the_honest_one)
{
    struct made made;

    made_new(&made, NULL, 0);
    cr_expect_str_eq(made.text, HONEST);
    cr_expect(made.request.is_complete && made.request.keeps_place && made.request.speaks);
    cr_expect(made.request.pays && !made.request.half_close);
    made_fini(&made);
}

Test(fuzz_live, edits_bend_what_they_name)
{
    static const struct {
        struct live_edit edit;
        const char *has;
        bool is_complete, pays;
    } rows[] = {
        {{LIVE_EDIT_METHOD, .text = TEXT("PUT")}, "PUT /buy", true, true},
        {{LIVE_EDIT_QUERY, .text = TEXT("b=2")}, "/buy?a=1&b=2 HTTP", true, true},
        {{LIVE_EDIT_TARGET_ESCAPE, .at = 200}, "/%62uy", true, true},
        {{LIVE_EDIT_VERSION, .text = TEXT("HTTP/1.2")}, " HTTP/1.2\r\n", false, true},
        {{LIVE_EDIT_HEADER_REMOVE, .at = 1}, "Host: shop\r\nContent-Length", true, false},
        {{LIVE_EDIT_HEADER_TWICE, .at = 1}, "e30\r\nX-Payment-Proof: e30", true, true},
        {{LIVE_EDIT_HEADER_LAST, .at = 0}, "e30\r\nHost: shop\r\n", true, true},
        {{LIVE_EDIT_HEADER_FOLD, .at = 0}, "Host: sh\r\n op\r\n", false, true},
        {{LIVE_EDIT_HEADER_VALUE, .at = 1, .times = 3, .text = TEXT("ab")},
         "Proof: ababab\r\n",
         true,
         false},
        {{LIVE_EDIT_HEADER_ADD, .text = TEXT("Expect: 100-continue")},
         "Expect: 100-continue\r\n\r\n",
         false,
         true},
        {{LIVE_EDIT_PAYMENT_TEXT, .text = TEXT("null")}, "Proof: bnVsbA\r\n", true, false},
        {{LIVE_EDIT_PAYMENT_FORM, .how = 0}, "Proof: e30==\r\n", true, true},
        {{LIVE_EDIT_BODY, .times = 4, .text = TEXT("[")}, "Length: 4\r\n\r\n[[[[", true, true},
        {{LIVE_EDIT_LENGTH, .text = TEXT("9")}, "Length: 7\r\nContent-Length: 9", false, true},
        {{LIVE_EDIT_CHUNKS, .how = 0},
         "chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
         false,
         true},
        {{LIVE_EDIT_LINE_END, .at = 0, .text = TEXT("\n")}, "Host: shop\nX-", false, true},
        {{LIVE_EDIT_CUT, .at = 500}, "POST /buy", false, true},
        {{LIVE_EDIT_TWICE, .at = 0}, "{\"a\":1}POST /buy", true, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct made made;

        made_new(&made, &rows[i].edit, 1);
        cr_expect(strstr(made.text, rows[i].has) != NULL, "%s:\n%s",
                  live_edit_name(rows[i].edit.kind), made.text);
        cr_expect(made.request.is_complete == rows[i].is_complete, "%s",
                  live_edit_name(rows[i].edit.kind));
        cr_expect(made.request.pays == rows[i].pays, "%s", live_edit_name(rows[i].edit.kind));
        made_fini(&made);
    }
}

#define SIGNED                                                                                     \
    "GET /buy HTTP/1.1\r\nHost: shop\r\nX-Payment-Proof: "                                         \
    "eyJub25jZSI6Im4iLCJzaWduYXR1cmUiOiJhYSJ9\r\n\r\n" /* {"nonce":"n","signature":"aa"} */

/* The payment's document, as it is sent. */
static void read_document(struct assay_buf *out, const struct live_request *request)
{
    struct assay_bytes sent = request->pieces[0].bytes;
    const char *value = strstr((const char *)sent.at, "Proof: ");

    cr_assert(value != NULL);
    value += strlen("Proof: ");
    cr_assert(assay_base64_decode(out, ASSAY_BASE64_URL,
                                  assay_bytes_of(value, strcspn(value, "\r")), NULL) == ASSAY_OK);
}

Test(fuzz_live, a_bent_payment_without_its_signature_is_none)
{
    const struct live_carrier marked = {
        .header = "X-Payment-Proof", .form = ASSAY_BASE64_URL, .mark = "AA"};
    size_t good = 0, bad = 0;

    for (uint32_t seed = 0; seed < 300; seed++) {
        const struct live_edit edit = {LIVE_EDIT_PAYMENT_JSON, .at = seed};
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 22);
        struct assay_buf document = ASSAY_BUF_INIT(1 << 16);
        struct live_request request;
        struct assay_json_token tokens[256];
        struct assay_json doc;
        bool parses, has;

        cr_assert(live_request_make(&request, &arena, ASSAY_LIT(SIGNED), &marked, &edit, 1) ==
                  ASSAY_OK);
        read_document(&document, &request);
        parses = assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_buf_view(&document),
                                  ASSAY_JSON_LAST_DUPLICATE_WINS, NULL) == ASSAY_OK;
        has = strstr(assay_buf_cstr(&document), "\"aa\"") != NULL;
        if (!parses || has)
            cr_expect(request.pays, "%s", assay_buf_cstr(&document));
        else if (strchr(assay_buf_cstr(&document), '\\') == NULL &&
                 strcasestr(assay_buf_cstr(&document), "\"aa\"") == NULL)
            cr_expect_not(request.pays, "%s", assay_buf_cstr(&document));
        good += request.pays ? 1 : 0;
        bad += request.pays ? 0 : 1;
        assay_buf_fini(&document);
        assay_arena_fini(&arena);
    }
    cr_expect(good > 50 && bad > 20, "%zu good, %zu bad", good, bad);
}

Test(fuzz_live, a_request_is_whole_by_the_strictest_reading_alone)
{
    static const struct {
        const char *text;
        bool is_complete;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nA: b\r\n\r\n", true},
        {"GET / HTTP/1.1\r\n\r\nx", false},
        {"GET / HTTP/1.1\r\nA: b\r\n", false},
        {"GET / HTTP/1.1\nA: b\r\n\r\n", false},
        {"GET  / HTTP/1.1\r\n\r\n", false},
        {"GET /\x80 HTTP/1.1\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nA : b\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n A: b\r\n\r\n", false},
        {"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab", true},
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", false},
        {"POST / HTTP/1.1\r\nContent-Length: +2\r\n\r\nab", false},
        {"POST / HTTP/1.1\r\ncontent-length: 2\r\nContent-Length: 2\r\n\r\nab", false},
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", false},
        {"", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect(live_request_is_complete(assay_str(rows[i].text), false) == rows[i].is_complete,
                  "%s", rows[i].text);
    cr_expect(
        live_request_is_complete(ASSAY_LIT("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"), true));
}

/* ---- classes ---- */

static uint64_t class_of(int status, const char *body, struct live_effects effects)
{
    struct http_exchange x = {.outcome = HTTP_ANSWERED,
                              .response = {.status = status, .body = assay_str(body)}};
    struct live_class class;

    live_class_of(&class, &x, effects);
    return class.hash;
}

Test(fuzz_live, answers_of_one_shape_are_of_one_class)
{
    const struct live_effects none = {0}, run = {.runs = 1};
    uint64_t first = class_of(402, "{\"error\":\"no\",\"n\":1}", none);

    cr_expect_eq(class_of(402, "{\"error\":\"other\",\"n\":22}", none), first);
    cr_expect_neq(class_of(400, "{\"error\":\"no\",\"n\":1}", none), first);
    cr_expect_neq(class_of(402, "{\"error\":\"no\",\"m\":1}", none), first);
    cr_expect_neq(class_of(402, "{\"error\":{},\"n\":1}", none), first);
    cr_expect_neq(class_of(402, "{\"error\":\"no\",\"n\":1}", run), first);
    cr_expect_eq(class_of(200, "execution 7", none), class_of(200, "execution 8", none));
    cr_expect_neq(class_of(200, "execution 7", none), class_of(200, "", none));
}

Test(fuzz_live, a_class_is_new_once)
{
    static struct live_classes classes;

    cr_expect(live_classes_add(&classes, 7));
    cr_expect_not(live_classes_add(&classes, 7));
    cr_expect(live_classes_add(&classes, 8));
}

/* ---- accounting ---- */

Test(fuzz_live, a_payment_buys_one_run)
{
    struct live_account a = {0};

    cr_expect(live_account_add(&a, 0, 0, 0) == LIVE_IN_ORDER);
    cr_expect(live_account_add(&a, 1, 0, 0) == LIVE_IN_ORDER); /* refused: still good */
    cr_expect(live_account_add(&a, 1, 1, 0) == LIVE_IN_ORDER);
    cr_expect(live_account_add(&a, 1, 0, 0) == LIVE_IN_ORDER);
    cr_expect(live_account_add(&a, 1, 1, 0) == LIVE_SECOND_RUN);
    cr_expect(live_account_add(&a, 2, 2, 0) == LIVE_SECOND_RUN); /* twice at once */
    cr_expect(live_account_add(&a, 0, 1, 0) == LIVE_UNPAID_RUN);
    cr_expect(live_account_add(&a, 1, 1, 1) == LIVE_IN_ORDER); /* a role took another payment */
}
