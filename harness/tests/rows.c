/* Carrying rows out; see rows.h. */
#include "rows.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/wait.h>

static void write_filled(struct program *p, const char *name, const char *text, unsigned port)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);
    const char *mark;

    while ((mark = strstr(text, "@PORT@")) != NULL) {
        assay_buf_printf(&out, "%.*s%u", (int)(mark - text), text, port);
        text = mark + strlen("@PORT@");
    }
    assay_buf_add_str(&out, text);
    cr_assert(assay_buf_ok(&out));
    program_write(p, name, assay_buf_view(&out));
    assay_buf_fini(&out);
}

void build_pack(const struct program *p, const char *way)
{
    struct assay_buf command = ASSAY_BUF_INIT(4096);
    const char *compiler = getenv("CC"), *text;
    int state;

    assay_buf_printf(&command,
                     "%s -std=c11 -D_GNU_SOURCE -DWAY_%s -Iref -Iharness -I. -shared -fPIC -o "
                     "%s/pack.so harness/tests/packs/vacuous.c",
                     compiler != NULL && compiler[0] != '\0' ? compiler : "cc", way, p->folder);
    text = assay_buf_cstr(&command);
    cr_assert_not_null(text);
    state = system(text);
    cr_assert(WIFEXITED(state) && WEXITSTATUS(state) == 0, "%s", text);
    assay_buf_fini(&command);
}

static void check_row(const struct row *row)
{
    struct answering *server = row->server != NULL ? answering_start(row->server) : NULL;
    unsigned port = server != NULL ? answering_port(server) : 0;
    struct program p;

    program_init(&p);
    if (row->target != NULL)
        write_filled(&p, "target.json", row->target, port);
    if (row->expect != NULL)
        write_filled(&p, "expect.json", row->expect, port);
    if (row->way != NULL)
        build_pack(&p, row->way);
    program_run(&p, row->args, row->env);
    cr_expect_eq(p.status, row->status, "%s: exit %d, expected %d", row->name, p.status,
                 row->status);
    for (size_t i = 0; i < ARRAY_LEN(row->says) && row->says[i] != NULL; i++)
        cr_expect(program_says(&p, row->says[i]), "%s: does not say: %s\n%.700s%.700s", row->name,
                  row->says[i], assay_buf_ok(&p.out) ? assay_buf_cstr(&p.out) : "",
                  assay_buf_cstr(&p.err));
    cr_expect_neq(row->status, 0, "%s: a vacuous run never looks green", row->name);
    program_fini(&p);
    answering_stop(server);
}

void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i]);
}
