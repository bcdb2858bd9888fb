/* Edits as the dice draw them; see live_words.h. */
#include "fuzz/live_words.h"

enum { LENGTHS = 3 };

static const uint32_t times_of[LENGTHS] = {300, 12000, 70000};

/* Slices, since some have a NUL in them. */
#define W(text)                                                                                    \
    {                                                                                              \
        (const uint8_t *)("" text), sizeof(text) - 1                                               \
    }

static const struct assay_bytes methods[] = {
    W("GET"),
    W("HEAD"),
    W("POST"),
    W("PUT"),
    W("DELETE"),
    W("OPTIONS"),
    W("TRACE"),
    W("CONNECT"),
    W("get"),
    W("PATCH"),
    W("G\tT"),
    W(""),
    W("PROPFIND"),
    W("M-SEARCH"),
    W("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")};
static const struct assay_bytes targets[] = {W("/"),
                                             W("*"),
                                             W(""),
                                             W("//"),
                                             W("/../../etc/passwd"),
                                             W("/./"),
                                             W("/%"),
                                             W("/%00"),
                                             W("/%2e"),
                                             W("/?"),
                                             W("/#a"),
                                             W("http://other.example/"),
                                             W("//other.example/"),
                                             W("/%zz"),
                                             W("/\xff\xfe"),
                                             W("?"),
                                             W("/favicon.ico"),
                                             W("http://[::1"),
                                             W("/.well-known/x402"),
                                             W("/%c0%af"),
                                             W("/\\..\\")};
static const struct assay_bytes pieces[] = {
    W("/."),  W("/x/.."), W("/%2e"),   W("/"),    W("//"),    W("/./"),  W("/../"),     W("%2f"),
    W("%00"), W("%"),     W("%0d%0a"), W("\0"),   W(";"),     W("?"),    W("#"),        W("&"),
    W("="),   W("+"),     W(" "),      W("\t"),   W("\\"),    W("\xff"), W("\xc3\xa9"), W("'"),
    W("\""),  W("<"),     W("{"),      W("..;/"), W("%252e"), W(":")};
static const struct assay_bytes queries[] = {
    W("a=1"),       W("a"),      W("=1"),      W("a=1&a=2"),    W("city=Paris"),
    W("%00=1"),     W("a[]=1"),  W("a=%zz"),   W("&&&"),        W("a=\xff"),
    W("paid=true"), W("x402=1"), W("a=1;b=2"), W("__proto__=1")};
static const struct assay_bytes versions[] = {W("HTTP/1.0"),
                                              W("HTTP/2.0"),
                                              W("HTTP/0.9"),
                                              W("HTTP/1.2"),
                                              W("http/1.1"),
                                              W("HTTP/1.10"),
                                              W("HTTP/11"),
                                              W(""),
                                              W("HTTP/1.1 x"),
                                              W("ICY"),
                                              W("HTTP/9999999999999999999.1")};
static const struct assay_bytes values[] = {W(""),
                                            W("0"),
                                            W("-1"),
                                            W("1"),
                                            W("null"),
                                            W("true"),
                                            W("{}"),
                                            W("[]"),
                                            W("\""),
                                            W("18446744073709551616"),
                                            W("9223372036854775808"),
                                            W("1e309"),
                                            W("NaN"),
                                            W("="),
                                            W("===="),
                                            W("AAAA"),
                                            W("e30"),
                                            W("bnVsbA"),
                                            W("bnVsbA=="),
                                            W("W10="),
                                            W("\xff\xfe\xfd"),
                                            W("\xc3\x28"),
                                            W("\t"),
                                            W("a\0b"),
                                            W("a\rb"),
                                            W("a, b"),
                                            W("%00"),
                                            W("chunked"),
                                            W("text/html"),
                                            W("application/json; charset=utf-16"),
                                            W("Bearer x"),
                                            W("*/*;q=1000")};
static const struct assay_bytes lines[] = {W("X-Forwarded-For: 127.0.0.1"),
                                           W("X-Forwarded-Host: other.example"),
                                           W("X-Forwarded-Proto: https"),
                                           W("X-Original-URL: /free"),
                                           W("X-Rewrite-URL: /free"),
                                           W("X-HTTP-Method-Override: DELETE"),
                                           W("Connection: close"),
                                           W("Connection: keep-alive"),
                                           W("Connection: X-Payment-Proof"),
                                           W("Range: bytes=0-0"),
                                           W("If-None-Match: *"),
                                           W("Content-Encoding: gzip"),
                                           W("Accept-Encoding: gzip"),
                                           W("Host: other.example"),
                                           W("Cookie: paid=1"),
                                           W("Content-Type: application/json"),
                                           W("Authorization: Bearer x"),
                                           W("Transfer-Encoding : chunked"),
                                           W(": x"),
                                           W("no colon"),
                                           W(" folded: 1"),
                                           W("X\0Y: 1"),
                                           W("Max-Forwards: 0")};
static const struct assay_bytes documents[] = {
    W("null"),
    W("[]"),
    W("{}"),
    W("\"\""),
    W("0"),
    W("true"),
    W("\"text\""),
    W(""),
    W("-0"),
    W("1e999"),
    W("["),
    W("{\"a\":"),
    W("\xff"),
    W("[null]"),
    W("{\"\":{}}"),
    W("{\"payload\":null}"),
    W("{\"x402Version\":2}"),
    W("{\"x402Version\":2,\"payload\":{}}"),
    W("{\"nonce\":[\"a\"]}"),
    W("{\"__proto__\":{}}"),
    W("{\"jsonrpc\":\"2.0\"}"),
    W("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}]"),
    W("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}"),
    W("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}")};
static const struct assay_bytes repeats[] = {W("["), W("{\"a\":"), W("A"), W("\""),  W("\\u0000"),
                                             W("1"), W("="),       W(" "), W("[1,"), W(",")};
static const struct assay_bytes lengths[] = {W("0"),
                                             W("1"),
                                             W("-1"),
                                             W("+7"),
                                             W("7, 7"),
                                             W("0x7"),
                                             W("18446744073709551615"),
                                             W("18446744073709551616"),
                                             W(""),
                                             W("7"),
                                             W(" 7"),
                                             W("99999999"),
                                             W("7;q=1")};
static const struct assay_bytes codings[] = {
    W("chunked"),           W("identity"), W("gzip, chunked"),
    W("chunked, identity"), W("Chunked"),  W("xchunked"),
    W("chunked\x0b"),       W(""),         W("\"chunked\"")};
static const struct assay_bytes spaces[] = {W(" "),     W("\t"), W("  "), W("\x0b"),
                                            W("\r\n "), W(":"),  W("\0")};
static const struct assay_bytes ends[] = {W("\n"), W("\r"), W(""), W("\r\n\r\n"), W("\r\r\n")};

/* ---- drawing ---- */

#define DRAW(dice, words) ((words)[fuzz_roll_below((dice), ARRAY_LEN(words))])

struct words {
    const struct assay_bytes *at;
    size_t count;
};

#define WORDS(array) ((struct words){(array), ARRAY_LEN(array)})

/* What edits of that kind put in. */
static struct words words_of(enum live_edit_kind kind)
{
    switch ((unsigned)kind) {
    case LIVE_EDIT_METHOD:
        return WORDS(methods);
    case LIVE_EDIT_TARGET:
        return WORDS(targets);
    case LIVE_EDIT_TARGET_INSERT:
    case LIVE_EDIT_HEADER_INSERT:
    case LIVE_EDIT_BODY_INSERT:
        return WORDS(pieces);
    case LIVE_EDIT_QUERY:
        return WORDS(queries);
    case LIVE_EDIT_VERSION:
        return WORDS(versions);
    case LIVE_EDIT_HEADER_SPACE:
        return WORDS(spaces);
    case LIVE_EDIT_HEADER_VALUE:
        return WORDS(values);
    case LIVE_EDIT_HEADER_ADD:
        return WORDS(lines);
    case LIVE_EDIT_PAYMENT_TEXT:
    case LIVE_EDIT_BODY:
        return WORDS(documents);
    case LIVE_EDIT_LENGTH:
        return WORDS(lengths);
    case LIVE_EDIT_CODING:
        return WORDS(codings);
    case LIVE_EDIT_LINE_END:
        return WORDS(ends);
    default:
        return (struct words){NULL, 0};
    }
}

bool live_word(struct assay_bytes *out, enum live_edit_kind kind, size_t i)
{
    struct words words = words_of(kind);

    if (i >= words.count)
        return false;
    *out = words.at[i];
    return true;
}

static struct assay_bytes draw_text(enum live_edit_kind kind, struct fuzz_dice *dice)
{
    struct words words = words_of(kind);

    return words.count > 0 ? words.at[fuzz_roll_below(dice, words.count)] : ASSAY_LIT("");
}

/* A header of the profile with a word for its value. */
static struct assay_bytes profile_line(struct assay_arena *arena, struct fuzz_dice *dice,
                                       const struct live_payer *payer)
{
    struct assay_buf line = ASSAY_BUF_INIT(LIVE_TEXT_MAX_BYTES);
    struct assay_bytes out;
    size_t count = 0;

    while (payer->headers[count] != NULL)
        count++;
    assay_buf_printf(&line, "%s: ", payer->headers[fuzz_roll_below(dice, count)]);
    assay_buf_add(&line, DRAW(dice, values));
    out = assay_arena_copy(arena, assay_buf_view(&line));
    assay_buf_fini(&line);
    return out;
}

static bool is_repeatable(enum live_edit_kind kind)
{
    return kind == LIVE_EDIT_HEADER_VALUE || kind == LIVE_EDIT_PAYMENT_TEXT ||
           kind == LIVE_EDIT_BODY;
}

bool live_edit_draw(struct live_edit *out, struct assay_arena *arena, struct fuzz_dice *dice,
                    const struct live_payer *payer)
{
    enum live_edit_kind kind = (enum live_edit_kind)fuzz_roll_below(dice, LIVE_EDIT__COUNT);
    struct assay_bytes text;

    /* what is behind the payment's decoder deserves as much as all the rest */
    if (fuzz_roll_once_in(dice, 4))
        kind = fuzz_roll_once_in(dice, 3) ? LIVE_EDIT_PAYMENT_TEXT : LIVE_EDIT_PAYMENT_JSON;
    *out = (struct live_edit){.kind = kind};
    out->at = (uint32_t)fuzz_roll_below(dice, 1001);
    out->how = (uint32_t)fuzz_roll_below(dice, 1001);
    text = draw_text(kind, dice);
    if (is_repeatable(kind) && fuzz_roll_once_in(dice, 4)) {
        out->times = DRAW(dice, times_of);
        text = DRAW(dice, repeats);
    }
    if (kind == LIVE_EDIT_PAYMENT_JSON || kind == LIVE_EDIT_BODY_JSON)
        out->at = (uint32_t)fuzz_roll(dice);
    if (kind == LIVE_EDIT_HEADER_ADD && fuzz_roll_once_in(dice, 2))
        out->text = profile_line(arena, dice, payer);
    else
        out->text = assay_arena_copy(arena, text);
    return out->text.at != NULL;
}
