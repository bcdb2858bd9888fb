/* What a node has said as errors may show it (net/kaspa_json.h): it is hostile, and one printable
 * line. */
#include "net/kaspa_json.h"

#include <criterion/criterion.h>

TestSuite(net_kaspa_shown, .timeout = 60);

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

Test(net_kaspa_shown, is_printable_and_short)
{
    static const struct {
        const char *json, *shown; /* NULL: some of it, below its own size */
    } rows[] = {
        {"[\"testnet-10\"]", "testnet-10"},
        {"[\"\"]", ""},
        {"[12]", "12"},
        {"[\"<script>\"]", "<script>"},
        {"[\"a\xc3\xa9\"]", "a??"},
        {"[\"\xe2\x80\xae\"]", "???"},
        {"[\"\x7f\"]", "?"},
        {"[\"\\u001b[2J\"]", "\\u001b[2J"},
        {"[{\"a\":\n1}]", "{\"a\":?1}"},
        {"[\"" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED "\"]", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_json_token tokens[8];
        struct ref_kaspa_shown shown;
        struct assay_json doc;

        cr_assert_eq(
            assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(rows[i].json), 0, NULL),
            ASSAY_OK, "row %zu", i);
        shown = ref_kaspa_shown(&doc, assay_json_first(&doc, 0));
        if (rows[i].shown != NULL)
            cr_expect_str_eq(shown.text, rows[i].shown, "row %zu", i);
        else
            cr_expect(strlen(shown.text) == sizeof(shown.text) - 1 &&
                          strncmp(rows[i].json + 2, shown.text, strlen(shown.text)) == 0,
                      "row %zu: %s", i, shown.text);
    }
}
