/* How many paid requests a second the reference server of kaspa-x402 serves, beside the synced
 * commits that they cost it, and beside what the disk takes of the smallest commits there are. All
 * on the disk of the temporary folder. Usage:
 * ASSAY=PROGRAM bench-serve (of Criterion: its one test prints the figures). */
#include "../serve_world.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { AT_ONCE = 8, ROUNDS = 25, PAID = AT_ONCE * ROUNDS, BARE = 200 };

static struct serve_world w;

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The purchases are made before: it is the server that is measured. */
static double sell_s(struct purchase *purchases)
{
    double start = now_s();

    for (size_t round = 0; round < ROUNDS; round++) {
        struct sending sent[AT_ONCE];

        for (size_t i = 0; i < AT_ONCE; i++)
            begin_sending(&sent[i], &w, &purchases[round * AT_ONCE + i].request);
        for (size_t i = 0; i < AT_ONCE; i++) {
            expect_bought(&w, end_sending(&sent[i]), "sold");
            forget_sending(&sent[i]);
        }
    }
    return now_s() - start;
}

/* What the workers say when they end. */
static unsigned long long commits(void)
{
    static const char name[] = "\"commits\":";
    const char *text = assay_buf_cstr(&w.server.err);
    unsigned long long sum = 0;

    cr_assert_not_null(text);
    while ((text = strstr(text, name)) != NULL)
        sum += strtoull(text += sizeof(name) - 1, NULL, 10);
    return sum;
}

static double bare_s(void)
{
    sqlite3 *db = NULL;
    double start;

    cr_assert_eq(sqlite3_open(serve_text(&w, w.server.folder, "/bare"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db,
                              "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                              "CREATE TABLE t(x INTEGER)",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    start = now_s();
    for (int i = 0; i < BARE; i++)
        cr_assert_eq(sqlite3_exec(db, "INSERT INTO t VALUES(1)", NULL, NULL, NULL), SQLITE_OK);
    start = now_s() - start;
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    return start;
}

Test(bench_serve, paid_requests, .timeout = 600)
{
    struct purchase *purchases = calloc(PAID, sizeof(*purchases));
    double took_s, bare;
    unsigned long long synced;

    cr_assert_not_null(purchases);
    serve_world_begin(&w);
    serve_use(&w, "--quota=0");
    serve_start(&w);
    for (size_t i = 0; i < PAID; i++)
        purchases[i] = serve_buy(&w, "/report");
    took_s = sell_s(purchases);
    serve_stop(&w);
    synced = commits();
    bare = bare_s();
    printf("bench: %-44s %9.1f /s   %.2f synced commits each, %.0f of them a second; "
           "bare ones: %.0f a second\n",
           "paid requests, 8 at once, 2 workers", PAID / took_s, (double)synced / PAID,
           (double)synced / took_s, BARE / bare);
    serve_world_end(&w);
    free(purchases);
}
