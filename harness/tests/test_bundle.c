/* Bundles: the same bytes every time, nothing taken but what is written so, every byte counts, and
 * other programs read the keys and the signatures. */
#include "bundle/archive.h"
#include "bundle/bundle.h"
#include "bundle/ssh_signature.h"
#include "sample_run.h"

#include <criterion/criterion.h>

#define ROOM ((size_t)64 << 20)

/* ---- archives ---- */

static void write_archive(struct assay_buf *out, const struct archive *archive)
{
    struct assay_err err = {0};

    cr_assert_eq(archive_write(out, archive, &err), ASSAY_OK, "%s", err.text);
}

static void add(struct archive *archive, const char *name, const char *content)
{
    struct assay_err err = {0};

    cr_assert_eq(archive_add(archive, name, assay_str(content), &err), ASSAY_OK, "%s", err.text);
}

static void small_archive(struct assay_buf *out)
{
    struct archive archive = {.count = 0};

    add(&archive, "b/two", "2");
    add(&archive, "a", "");
    add(&archive, "c.txt", "three");
    write_archive(out, &archive);
}

Test(bundle_archive, gives_back_what_was_put_in_whatever_the_order)
{
    struct assay_buf one = ASSAY_BUF_INIT(ROOM), other = ASSAY_BUF_INIT(ROOM);
    struct archive archive = {.count = 0}, read = {.count = 0};
    struct assay_err err = {0};

    small_archive(&one);
    add(&archive, "c.txt", "three");
    add(&archive, "b/two", "2");
    add(&archive, "a", "");
    write_archive(&other, &archive);
    cr_expect(assay_bytes_equal(assay_buf_view(&one), assay_buf_view(&other)));
    cr_assert_eq(archive_read(&read, assay_buf_view(&one), &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(read.count, 3);
    cr_expect(assay_bytes_is(archive_find(&read, "b/two")->content, "2"));
    cr_expect_null(archive_find(&read, "b"));
    assay_buf_fini(&one);
    assay_buf_fini(&other);
}

Test(bundle_archive, takes_no_name_that_leads_elsewhere)
{
    static const char *const names[] = {"",     "/etc/passwd", "../a", "a/../b", "a//b",
                                        "a/",   ".a",          "a/.b", "-a",     "a b",
                                        "a\nb", "a\\b",        "./a",  "a/-b",   "\xc3\xbc"};
    struct archive archive = {.count = 0};
    char longest[ARCHIVE_NAME_MAX_BYTES + 2];

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        cr_expect_eq(archive_add(&archive, names[i], ASSAY_LIT("x"), NULL), ASSAY_E_DENIED, "%s",
                     names[i]);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    cr_expect_eq(archive_add(&archive, longest, ASSAY_LIT("x"), NULL), ASSAY_E_DENIED);
    longest[sizeof longest - 2] = '\0';
    cr_expect_eq(archive_add(&archive, longest, ASSAY_LIT("x"), NULL), ASSAY_OK);
    cr_expect_eq(archive_add(&archive, longest, ASSAY_LIT("y"), NULL), ASSAY_E_DUPLICATE);
    cr_expect_eq(archive.count, 1);
}

/* A header of one's own making: a field changed, and its checksum right again. */
static void change_header(uint8_t *header, size_t at, const char *bytes, size_t len)
{
    unsigned sum = 0;

    memcpy(header + at, bytes, len);
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++)
        sum += header[i];
    for (size_t i = 6; i > 0; i--, sum >>= 3)
        header[148 + i - 1] = (uint8_t)('0' + (sum & 7));
    header[154] = '\0';
}

static const struct {
    const char *name, *bytes;
    size_t at, len;
    enum assay_code expected;
} headers[] = {
    {"a name that leads out", "../x", 0, 5, ASSAY_E_DENIED},
    {"an absolute name", "/x", 0, 3, ASSAY_E_DENIED},
    {"a name with a terminal's control", "\x1b[2J", 0, 5, ASSAY_E_DENIED},
    {"a symbolic link", "2", 156, 1, ASSAY_E_DENIED},
    {"a hard link", "1", 156, 1, ASSAY_E_DENIED},
    {"a folder", "5", 156, 1, ASSAY_E_DENIED},
    {"a device", "3", 156, 1, ASSAY_E_DENIED},
    {"an extended header", "x", 156, 1, ASSAY_E_DENIED},
    {"a prefix", "up", 345, 2, ASSAY_E_DENIED},
    {"another format", "pax", 257, 3, ASSAY_E_MALFORMED},
    {"a name of GNU's", "  ", 263, 2, ASSAY_E_MALFORMED},
    {"an owner", "1", 114, 1, ASSAY_E_MALFORMED},
    {"a time", "7", 145, 1, ASSAY_E_MALFORMED},
    {"another mode", "0000777", 100, 7, ASSAY_E_MALFORMED},
    {"a huge size", "77777777777", 124, 11, ASSAY_E_MALFORMED},
    {"a size in binary", "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", 124, 12,
     ASSAY_E_MALFORMED},
    {"bytes behind the name", "y", 50, 1, ASSAY_E_MALFORMED},
    {"bytes at the end", "y", 511, 1, ASSAY_E_MALFORMED},
    {"the name of the next file", "b/two", 0, 6, ASSAY_E_DUPLICATE},
    {"a name behind the next one's", "z", 0, 2, ASSAY_E_MALFORMED},
};

Test(bundle_archive, refuses_what_it_does_not_write_itself)
{
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct assay_buf bytes = ASSAY_BUF_INIT(ROOM);
        struct archive read = {.count = 77};
        struct assay_err err = {0};

        small_archive(&bytes);
        change_header(bytes.at, headers[i].at, headers[i].bytes, headers[i].len);
        cr_expect_eq(archive_read(&read, assay_buf_view(&bytes), &err), headers[i].expected,
                     "%s: %s", headers[i].name, err.text);
        cr_expect_eq(read.count, 77, "%s", headers[i].name);
        for (const char *at = err.text; *at != '\0'; at++)
            cr_expect_geq(*at, ' ', "%s: a control in the error", headers[i].name);
        assay_buf_fini(&bytes);
    }
}

Test(bundle_archive, refuses_every_strict_prefix_and_everything_behind_the_end)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(ROOM);
    struct archive read = {.count = 0};

    small_archive(&bytes);
    for (size_t len = 0; len < bytes.len; len++)
        cr_assert_eq(archive_read(&read, assay_bytes_of(bytes.at, len), NULL), ASSAY_E_MALFORMED,
                     "%zu bytes", len);
    assay_buf_add_byte(&bytes, 0);
    cr_expect_eq(archive_read(&read, assay_buf_view(&bytes), NULL), ASSAY_E_MALFORMED);
    for (size_t i = 1; i < 512; i++)
        assay_buf_add_byte(&bytes, 0);
    cr_expect_eq(archive_read(&read, assay_buf_view(&bytes), NULL), ASSAY_E_MALFORMED);
    assay_buf_fini(&bytes);
}

/* ---- keys and signatures ---- */

static void make_key(struct ssh_key *key)
{
    struct assay_err err = {0};

    cr_assert_eq(ssh_key_make(key, &err), ASSAY_OK, "%s", err.text);
}

/* RFC 8032, section 7.1, test 2 */
Test(bundle_key, signs_as_the_standard_says)
{
    static const uint8_t secret[32] = {0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda,
                                       0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
                                       0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24,
                                       0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
    static const uint8_t begins[8] = {0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8};
    uint8_t signature[SSH_SIGNATURE_BYTES];
    struct ssh_key key;

    memcpy(key.secret, secret, sizeof secret);
    cr_assert_eq(ssh_key_sign(signature, &key, ASSAY_LIT("\x72"), NULL), ASSAY_OK);
    cr_expect_arr_eq(signature, begins, sizeof begins);
}

Test(bundle_key, is_read_back_as_it_was_written_and_not_when_a_byte_differs)
{
    struct assay_buf text = ASSAY_BUF_INIT(ROOM);
    struct ssh_key key, read;
    struct assay_err err = {0};

    make_key(&key);
    ssh_key_write(&text, &key);
    cr_assert_eq(ssh_key_read(&read, assay_buf_view(&text), &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(memcmp(&read, &key, sizeof key), 0);
    for (size_t i = 0; i < text.len; i++) {
        struct ssh_key other;

        text.at[i] ^= 1;
        if (ssh_key_read(&other, assay_buf_view(&text), NULL) == ASSAY_OK)
            cr_expect_eq(memcmp(&other, &key, sizeof key), 0, "byte %zu", i); /* its comment */
        text.at[i] ^= 1;
    }
    assay_buf_wipe(&text);
}

static const struct {
    const char *name, *format;
    enum assay_code expected;
} lists[] = {
    {"a .pub file", "%s someone@somewhere\n", ASSAY_OK},
    {"without end of line", "%s", ASSAY_OK},
    {"with carriage returns", "# ours\r\n\r\n%s\r\n", ASSAY_OK},
    {"an allowed signer", "someone@somewhere %s\n", ASSAY_OK},
    {"for this namespace", "a,b namespaces=\"git,assay-bundle\" %s\n", ASSAY_OK},
    {"for another one", "a namespaces=\"git\" %s\n", ASSAY_E_MISSING},
    {"for one that begins so", "a namespaces=\"assay-bundles\" %s\n", ASSAY_E_MISSING},
    {"with a time", "a valid-before=\"20200101\" %s\n", ASSAY_E_UNSUPPORTED},
    {"of an authority", "a cert-authority %s\n", ASSAY_E_UNSUPPORTED},
    {"of another type alone", "ssh-rsa AAAA\n#%s\n", ASSAY_E_MISSING},
    {"beside one of another type", "ssh-rsa AAAA\n%s\n", ASSAY_OK},
    {"no key", "ssh-ed25519 AAAA\n%s\n", ASSAY_E_MALFORMED},
    {"a word in front of nothing", "someone\n%s\n", ASSAY_E_UNSUPPORTED},
    {"an option not closed", "a namespaces=\"git %s\n", ASSAY_E_UNSUPPORTED},
    {"empty", "", ASSAY_E_MISSING},
};

Test(bundle_key, lists_are_read_as_ssh_keygen_reads_them)
{
    struct ssh_key key;

    make_key(&key);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(ROOM);
        const char *place = strstr(lists[i].format, "%s");
        struct ssh_public_list list = {.count = 0};
        struct assay_err err = {0};

        assay_buf_add(&text, assay_bytes_of(lists[i].format,
                                            place != NULL ? (size_t)(place - lists[i].format) : 0));
        if (place != NULL) {
            ssh_public_add_text(&text, &key.public);
            assay_buf_add_str(&text, place + 2);
        }
        cr_expect_eq(ssh_public_list_read(&list, assay_buf_view(&text), BUNDLE_NAMESPACE, &err),
                     lists[i].expected, "%s: %s", lists[i].name, err.text);
        cr_expect(
            lists[i].expected != ASSAY_OK ||
                (list.count == 1 && memcmp(&list.keys[0], &key.public, sizeof key.public) == 0),
            "%s", lists[i].name);
        assay_buf_fini(&text);
    }
}

Test(bundle_signature, holds_for_its_message_key_and_purpose_alone)
{
    struct assay_buf text = ASSAY_BUF_INIT(ROOM);
    struct ssh_public signer;
    struct ssh_key key;

    make_key(&key);
    cr_assert_eq(ssh_signature_write(&text, &key, "a", ASSAY_LIT("message"), NULL), ASSAY_OK);
    cr_assert_eq(
        ssh_signature_check(&signer, assay_buf_view(&text), "a", ASSAY_LIT("message"), NULL),
        ASSAY_OK);
    cr_expect_eq(memcmp(&signer, &key.public, sizeof signer), 0);
    cr_expect_eq(
        ssh_signature_check(&signer, assay_buf_view(&text), "a", ASSAY_LIT("massage"), NULL),
        ASSAY_E_MISMATCH);
    cr_expect_eq(
        ssh_signature_check(&signer, assay_buf_view(&text), "b", ASSAY_LIT("message"), NULL),
        ASSAY_E_MISMATCH);
    for (size_t i = 0; i < text.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            text.at[i] ^= (uint8_t)(1 << bit);
            cr_assert_neq(ssh_signature_check(&signer, assay_buf_view(&text), "a",
                                              ASSAY_LIT("message"), NULL),
                          ASSAY_OK, "byte %zu, bit %d", i, bit);
            text.at[i] ^= (uint8_t)(1 << bit);
        }
    assay_buf_fini(&text);
}

/* ---- bundles ---- */

static void make_bundle(struct assay_buf *out, enum sample sample, const struct ssh_key *key)
{
    json_t *run = sample_run(sample);
    struct assay_err err = {0};

    cr_assert_eq(bundle_write(out, run, key, &err), ASSAY_OK, "%s: %s", sample_names[sample],
                 err.text);
    json_decref(run);
}

Test(bundle, of_every_run_is_whole_and_the_same_each_time)
{
    struct ssh_key key;

    make_key(&key);
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        struct assay_buf one = ASSAY_BUF_INIT(ROOM), other = ASSAY_BUF_INIT(ROOM);
        struct bundle_about about = {0};
        struct assay_err err = {0};
        json_t *run = sample_run((enum sample)s);

        make_bundle(&one, (enum sample)s, &key);
        make_bundle(&other, (enum sample)s, &key);
        cr_expect(assay_bytes_equal(assay_buf_view(&one), assay_buf_view(&other)), "%s",
                  sample_names[s]);
        cr_assert_eq(bundle_check(&about, assay_buf_view(&one), &err), ASSAY_OK, "%s: %s",
                     sample_names[s], err.text);
        cr_expect(about.is_signed && memcmp(&about.signer, &key.public, sizeof about.signer) == 0);
        cr_expect(json_equal(about.run, run), "%s", sample_names[s]);
        cr_expect_eq(about.files, s == SAMPLE_SELFTEST ? 8 : 7, "%s", sample_names[s]);
        json_decref(about.run);
        json_decref(run);
        assay_buf_fini(&one);
        assay_buf_fini(&other);
    }
}

Test(bundle, one_changed_byte_anywhere_is_noticed)
{
    struct ssh_key key;

    make_key(&key);
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        struct assay_buf bytes = ASSAY_BUF_INIT(ROOM);
        struct bundle_about about = {0};

        make_bundle(&bytes, SAMPLE_PASSING, is_signed != 0 ? &key : NULL);
        cr_assert_leq(bytes.len, 64 * 1024, "the smallest bundle has %zu bytes", bytes.len);
        for (size_t i = 0; i < bytes.len; i++) {
            uint8_t flip = (uint8_t)(1 << i % 8);

            bytes.at[i] ^= flip;
            cr_assert_neq(bundle_check(&about, assay_buf_view(&bytes), NULL), ASSAY_OK, "byte %zu",
                          i);
            bytes.at[i] ^= flip;
        }
        assay_buf_fini(&bytes);
    }
}

/* Taken apart and packed anew, with sums of one's own: what nobody can do who has not the key. */
static void pack_anew(struct assay_buf *out, const struct assay_buf *bundle, const char *without,
                      const char *name, const char *content)
{
    struct archive read = {.count = 0}, anew = {.count = 0};

    cr_assert_eq(archive_read(&read, assay_buf_view(bundle), NULL), ASSAY_OK);
    for (size_t i = 0; i < read.count; i++) {
        char kept[ARCHIVE_NAME_MAX_BYTES + 1] = "";

        memcpy(kept, read.files[i].name.at, read.files[i].name.len);
        if (without != NULL && strcmp(kept, without) == 0)
            continue;
        anew.files[anew.count] = read.files[i];
        if (name != NULL && strcmp(kept, name) == 0)
            anew.files[anew.count].content = assay_str(content);
        anew.count++;
    }
    write_archive(out, &anew);
}

Test(bundle, packed_anew_is_noticed_too)
{
    static const struct {
        const char *without, *name, *content;
        enum assay_code expected;
    } ways[] = {
        {"README.txt", NULL, NULL, ASSAY_E_MISMATCH},
        {"run/run.json", NULL, NULL, ASSAY_E_MISMATCH},
        {"SHA256SUMS", NULL, NULL, ASSAY_E_MISSING},
        {NULL, "run/run.json", "{}", ASSAY_E_MISMATCH},
        {NULL, "SHA256SUMS", "", ASSAY_E_MISMATCH},
        {NULL, "SHA256SUMS.sig", "", ASSAY_E_MALFORMED},
    };
    struct assay_buf bundle = ASSAY_BUF_INIT(ROOM);
    struct ssh_key key;

    make_key(&key);
    make_bundle(&bundle, SAMPLE_PASSING, &key);
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct assay_buf bytes = ASSAY_BUF_INIT(ROOM);
        struct bundle_about about = {0};
        struct assay_err err = {0};

        pack_anew(&bytes, &bundle, ways[i].without, ways[i].name, ways[i].content);
        cr_expect_eq(bundle_check(&about, assay_buf_view(&bytes), &err), ways[i].expected,
                     "way %zu: %s", i, err.text);
        cr_expect_neq(err.text[0], '\0');
        assay_buf_fini(&bytes);
    }
    assay_buf_fini(&bundle);
}
