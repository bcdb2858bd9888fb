/* `assay bundle` as the program: its statuses, two runs of a seed, ssh-keygen and sha256sum as
 * second readers, and that no secret of a target comes through. */
#include "answering.h"
#include "program.h"

#include "base/base64.h"
#include "base/hex.h"
#include "bundle/archive.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM ((size_t)256 << 20)
#define RUN(p, ...) program_run((p), (const char *const[]){__VA_ARGS__, NULL}, NULL)

static const char *text(struct assay_buf *buf)
{
    const char *at = assay_buf_cstr(buf);

    return at != NULL ? at : "(too much)";
}

static void run_case(struct program *p, const char *folder)
{
    RUN(p, "run", "--profile", "paid-tools", "--seed", "00000000000000aa", "--no-self-check",
        "--out", folder, "paid-tools/honest_payment_is_served", "proof-replay");
    cr_assert_leq(p->status, 2, "%s", text(&p->err));
}

/* Another program in the test's folder: true where it ends with status 0. */
static bool shell_succeeds(const struct program *p, const char *script)
{
    pid_t pid = fork();
    int status = -1;

    cr_assert_geq(pid, 0);
    if (pid == 0) {
        if (chdir(p->folder) == 0)
            execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Test(bundle_program, says_by_its_status_what_a_bundle_is_worth)
{
    struct program p;

    program_init(&p);
    run_case(&p, "r");
    RUN(&p, "bundle", "keygen", "k");
    cr_assert_eq(p.status, 0, "%s", text(&p.err));
    RUN(&p, "bundle", "keygen", "other");
    RUN(&p, "bundle", "keygen", "k");
    cr_expect_eq(p.status, 3);
    RUN(&p, "bundle", "r", "--out", "signed.tar", "--key", "k");
    cr_assert_eq(p.status, 0, "%s", text(&p.err));
    RUN(&p, "bundle", "r", "--out", "plain.tar");
    cr_assert_eq(p.status, 0);
    RUN(&p, "bundle", "verify", "signed.tar", "--public-key", "k.pub");
    cr_expect_eq(p.status, 0, "%s%s", text(&p.out), text(&p.err));
    RUN(&p, "bundle", "verify", "signed.tar");
    cr_expect_eq(p.status, 2);
    cr_expect(program_says(&p, "is not known"));
    RUN(&p, "bundle", "verify", "plain.tar");
    cr_expect_eq(p.status, 2);
    cr_expect(program_says(&p, "not signed"));
    RUN(&p, "bundle", "verify", "signed.tar", "--public-key", "other.pub");
    cr_expect_eq(p.status, 1);
    RUN(&p, "bundle", "verify", "plain.tar", "--public-key", "k.pub");
    cr_expect_eq(p.status, 1);
    RUN(&p, "bundle", "verify", "k.pub");
    cr_expect_eq(p.status, 3);
    RUN(&p, "bundle", "verify", "missing.tar");
    cr_expect_eq(p.status, 3);
    cr_expect(shell_succeeds(&p, "truncate -s 4G huge.tar"));
    RUN(&p, "bundle", "verify", "huge.tar");
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "larger than any bundle"), "%s", text(&p.err));
    cr_expect(shell_succeeds(&p, "chmod 644 k"));
    RUN(&p, "bundle", "r", "--out", "no.tar", "--key", "k");
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "chmod 600"));
    cr_expect(shell_succeeds(&p, "! test -e no.tar"), "a bundle was written all the same");
    program_fini(&p);
}

Test(bundle_program, a_changed_record_is_refused_and_a_wrong_one_gives_no_bundle)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(ROOM);
    struct program p;

    program_init(&p);
    run_case(&p, "r");
    RUN(&p, "bundle", "r", "--out", "b.tar");
    program_read(&p, "b.tar", &bytes);
    cr_assert_gt(bytes.len, 4096);
    for (size_t i = 1; i < 8; i++) { /* every byte of a small one: test_bundle.c */
        bytes.at[bytes.len / 8 * i] ^= 1;
        program_write(&p, "c.tar", assay_buf_view(&bytes));
        bytes.at[bytes.len / 8 * i] ^= 1;
        RUN(&p, "bundle", "verify", "c.tar");
        cr_expect(p.status == 1 || p.status == 3, "byte %zu: %d", bytes.len / 8 * i, p.status);
    }
    program_write(&p, "r/run.json", ASSAY_LIT("{\"schema\": \"\x1b[31m::error::\"}"));
    RUN(&p, "bundle", "r", "--out", "no.tar");
    cr_expect_eq(p.status, 3);
    cr_expect_null(memchr(p.err.at, 0x1b, p.err.len));
    cr_expect(shell_succeeds(&p, "! test -e no.tar"));
    assay_buf_fini(&bytes);
    program_fini(&p);
}

Test(bundle_program, other_programs_check_the_content_and_the_signature)
{
    struct program p;

    program_init(&p);
    run_case(&p, "r");
    RUN(&p, "bundle", "keygen", "k");
    RUN(&p, "bundle", "r", "--out", "b.tar", "--key", "k");
    cr_assert_eq(p.status, 0);
    cr_expect(shell_succeeds(&p, "mkdir x && tar xf b.tar -C x && cd x && "
                                 "sha256sum -c --strict --quiet SHA256SUMS"));
    if (shell_succeeds(&p, "command -v ssh-keygen >/dev/null")) {
        cr_expect(shell_succeeds(&p, "echo \"assay $(cat k.pub)\" >allowed && ssh-keygen -Y verify "
                                     "-f allowed -I assay -n assay-bundle -s x/SHA256SUMS.sig "
                                     "<x/SHA256SUMS >said"));
        cr_expect(shell_succeeds(&p, "test \"$(ssh-keygen -y -f k | cut -d' ' -f1-2)\" = \"$(cut "
                                     "-d' ' -f1-2 k.pub)\""));
        cr_expect(shell_succeeds(&p, "ssh-keygen -q -t ed25519 -N '' -f theirs"));
        RUN(&p, "bundle", "r", "--out", "t.tar", "--key", "theirs");
        cr_expect_eq(p.status, 0, "%s", text(&p.err));
        RUN(&p, "bundle", "verify", "t.tar", "--public-key", "theirs.pub");
        cr_expect_eq(p.status, 0, "%s", text(&p.err));
        RUN(&p, "bundle", "verify", "t.tar", "--public-key", "allowed");
        cr_expect_eq(p.status, 1);
        cr_expect(shell_succeeds(&p, "ssh-keygen -q -t ed25519 -N secret -f locked"));
        RUN(&p, "bundle", "r", "--out", "no.tar", "--key", "locked");
        cr_expect_eq(p.status, 3);
        cr_expect(program_says(&p, "passphrase"));
    } else
        cr_log_info("not compared with ssh-keygen, which is not installed\n");
    program_fini(&p);
}

Test(bundle_program, two_runs_of_a_seed_have_the_same_compared_part)
{
    struct assay_buf bytes[2] = {ASSAY_BUF_INIT(ROOM), ASSAY_BUF_INIT(ROOM)};
    static struct archive read[2];
    size_t compared = 0;
    struct program p[2];

    for (size_t i = 0; i < 2; i++) {
        program_init(&p[i]);
        run_case(&p[i], i == 0 ? "first" : "elsewhere");
        RUN(&p[i], "bundle", i == 0 ? "first" : "elsewhere", "--out", "b.tar");
        cr_assert_eq(p[i].status, 0, "%s", text(&p[i].err));
        program_read(&p[i], "b.tar", &bytes[i]);
        cr_assert_eq(archive_read(&read[i], assay_buf_view(&bytes[i]), NULL), ASSAY_OK);
    }
    cr_assert_eq(read[0].count, read[1].count);
    for (size_t i = 0; i < read[0].count; i++) {
        struct assay_bytes name = read[0].files[i].name;

        if (!assay_bytes_is(assay_bytes_part(name, 0, 9), "compared/"))
            continue;
        compared++;
        cr_expect(assay_bytes_equal(name, read[1].files[i].name));
        cr_expect_gt(read[0].files[i].content.len, 2);
        cr_expect(assay_bytes_equal(read[0].files[i].content, read[1].files[i].content), "%.*s",
                  (int)name.len, (const char *)name.at);
    }
    cr_expect_eq(compared, 3);
    for (size_t i = 0; i < 2; i++) {
        assay_buf_fini(&bytes[i]);
        program_fini(&p[i]);
    }
}

/* ---- canaries ---- */

static const char *const canaries[] = {
    "canary-mac-secret-9f2c/4+1e", "canary-bearer-7d21aa",   "canary-cookie-55e0c1",
    "canary-api-key-0b9e31",       "canary-password-c0ffe",  "canary-idempotency-77aa10",
    "canary-operator-3c3c3c",      "canary-set-cookie-d00d",
};
enum { SET_COOKIE = ARRAY_LEN(canaries) - 1, FORMS = 5 };

/* Plain, hex, base64, base64url, percent-encoded. */
static void add_form(struct assay_buf *out, struct assay_bytes value, int form)
{
    char hex[256];

    if (form == 0)
        assay_buf_add(out, value);
    if (form == 1) {
        assay_hex_encode(hex, value);
        assay_buf_add_str(out, hex);
    }
    if (form == 2 || form == 3)
        assay_base64_encode(out, form == 2 ? ASSAY_BASE64_STD : ASSAY_BASE64_URL, value);
    for (size_t i = 0; form == 4 && i < value.len; i++)
        if (isalnum(value.at[i]))
            assay_buf_add_byte(out, value.at[i]);
        else
            assay_buf_printf(out, "%%%02X", value.at[i]);
}

/* An answer that lets out every secret the target has, in each form. */
static void leaking_answer(struct assay_buf *out)
{
    struct assay_buf body = ASSAY_BUF_INIT(1 << 16);

    assay_buf_add_str(&body, "{\"x402\":{\"version\":1,\"scheme\":\"exact\"},\"debug\":\"");
    for (size_t i = 0; i < SET_COOKIE; i++)
        for (int form = 0; form < FORMS; form++) {
            assay_buf_add_byte(&body, ' ');
            add_form(&body, assay_str(canaries[i]), form);
        }
    assay_buf_add_str(&body, "\"}");
    assay_buf_printf(out,
                     "HTTP/1.1 402 Payment Required\r\nContent-Type: application/json\r\n"
                     "Set-Cookie: sid=%s; HttpOnly\r\nX-Debug: %s\r\nConnection: close\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     canaries[SET_COOKIE], canaries[0], body.len);
    assay_buf_add(out, assay_buf_view(&body));
    cr_assert(assay_buf_ok(&body) && assay_buf_cstr(out) != NULL);
    assay_buf_fini(&body);
}

static void write_target(struct program *p, uint16_t port)
{
    struct assay_buf file = ASSAY_BUF_INIT(1 << 16), pair = ASSAY_BUF_INIT(256),
                     basic = ASSAY_BUF_INIT(256);

    assay_buf_printf(&pair, "user:%s", canaries[4]);
    assay_base64_encode(&basic, ASSAY_BASE64_STD, assay_buf_view(&pair));
    assay_buf_printf(&file,
                     "{\"name\": \"leaking\", \"profile\": \"paid-tools\", \"base_url\": "
                     "\"http://127.0.0.1:%u\",\n"
                     " \"secrets\": {\"mac\": {\"value\": \"%s\"}},\n"
                     " \"endpoints\": {\"paid_get\": {\"method\": \"GET\", \"target\": \"/\"}},\n"
                     " \"principals\": {\"a\": {\"Authorization\": \"Bearer %s\", \"Cookie\": "
                     "\"lang=en; sid=%s\"},\n"
                     "  \"b\": {\"X-Api-Key\": \"%s\", \"Authorization\": \"Basic %s\", "
                     "\"Idempotency-Key\": \"%s\"}},\n"
                     " \"operations\": {\"recover\": {\"url\": \"/recover\", \"headers\": "
                     "{\"X-Auth-Token\": \"%s\"}}}}\n",
                     port, canaries[0], canaries[1], canaries[2], canaries[3], text(&basic),
                     canaries[5], canaries[6]);
    program_write(p, "t.json", assay_buf_view(&file));
    assay_buf_fini(&file);
    assay_buf_fini(&pair);
    assay_buf_fini(&basic);
}

static bool holds(struct assay_bytes all, struct assay_bytes part)
{
    return memmem(all.at, all.len, part.at, part.len) != NULL;
}

Test(bundle_program, lets_no_secret_of_a_target_through)
{
    struct assay_buf answer = ASSAY_BUF_INIT(1 << 16), bytes = ASSAY_BUF_INIT(ROOM);
    struct answering *server;
    struct program p;

    program_init(&p);
    leaking_answer(&answer);
    server = answering_start(&(struct answering_with){.unpaid = text(&answer)});
    write_target(&p, answering_port(server));
    RUN(&p, "run", "--target", "t.json", "--out", "r", "--no-self-check");
    cr_expect_leq(p.status, 2, "%s", text(&p.err));
    RUN(&p, "bundle", "r", "--out", "b.tar");
    cr_assert_eq(p.status, 0, "%s", text(&p.err));
    program_read(&p, "b.tar", &bytes);
    cr_expect(holds(assay_buf_view(&bytes), ASSAY_LIT("X-Debug")), "no answer is in the record");
    cr_expect(holds(assay_buf_view(&bytes), ASSAY_LIT("[redacted: mac]")));
    cr_expect(holds(assay_buf_view(&bytes), ASSAY_LIT("[redacted: Set-Cookie]")));
    for (size_t i = 0; i < ARRAY_LEN(canaries); i++)
        for (int form = 0; form < FORMS; form++) {
            struct assay_buf found = ASSAY_BUF_INIT(512);

            add_form(&found, assay_str(canaries[i]), form);
            cr_expect(!holds(assay_buf_view(&bytes), assay_buf_view(&found)),
                      "%s is in the bundle (form %d)", canaries[i], form);
            assay_buf_fini(&found);
        }
    answering_stop(server);
    assay_buf_fini(&answer);
    assay_buf_fini(&bytes);
    program_fini(&p);
}
