/** One run of the real program, as a row: its arguments, files, server and pack, and what must come
 * of it. The tables of test_usage.c and test_invalid.c are made of these. */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include "answering.h"
#include "program.h"

#define ARGS_MAX 16
#define SPENT "paid-tools/spent_proof_buys_nothing"
#define PACKED "paid-tools/pack_vacuous"

struct row {
    const char *name;
    const char *args[ARGS_MAX];
    const char *target; /* content of target.json; @PORT@ is the server's port */
    const char *expect; /* content of expect.json */
    const struct answering_with *server;
    const char *way; /* of packs/vacuous.c, built as pack.so */
    const char *env[2];
    int status;
    const char *says[2];
};

/** Runs each and expects its status and texts. A row that expects 0 is no row of these tables. */
void check_rows(const struct row *rows, size_t count);
#define CHECK_ROWS(rows) check_rows((rows), ARRAY_LEN(rows))
/** Builds packs/vacuous.c with that way as pack.so in the program's folder. */
void build_pack(const struct program *p, const char *way);

#define RUN(...)                                                                                   \
    {                                                                                              \
        "run", "--out", "out", __VA_ARGS__                                                         \
    }
#define RUN_QUICK(...) RUN("--no-self-check", __VA_ARGS__)
#define RUN_TARGET(...) RUN_QUICK("--target", "target.json", __VA_ARGS__)
#define RUN_PACK(...) RUN_QUICK("--pack", "./pack.so", __VA_ARGS__)

#define SHOP "{\"name\": \"shop\", \"profile\": \"paid-tools\", "
#define PAID_GET                                                                                   \
    "\"endpoints\": {\"paid_get\": {\"method\": \"GET\", \"target\": \"/weather?city=Paris\"}}"
#define SECRET "\"secrets\": {\"mac\": \"0123456789abcdef0123456789abcdef\"}"
#define AT_PORT "\"base_url\": \"http://127.0.0.1:@PORT@\", "
#define SHOP_AT_PORT SHOP AT_PORT PAID_GET ", " SECRET "}"
#define SHELL(script, ready_ms)                                                                    \
    "\"launch\": {\"command\": [\"/bin/sh\", \"-c\", \"" script                                    \
    "\"], \"ready\": \"ready \", \"ready_ms\": " ready_ms "}, "
#define SHOP_OF_SHELL(script, more) SHOP SHELL(script, "400") more PAID_GET ", " SECRET "}"
#define SHOP_SERVED(environment, mac)                                                              \
    SHOP "\"launch\": {\"command\": [\"${ASSAY}\", \"serve\", \"paid-tools\", \"--listen\", "      \
         "\"127.0.0.1:0\", \"--store\", \"${STORE}\", \"--origin\", \"${ORIGIN}\", "               \
         "\"--secret-env\", \"S\"], \"env\": {\"S\": \"" environment                               \
         "\"}, \"ready\": \"ready paid-tools \"}, \"executions\": \"origin\", "                    \
         "\"secrets\": {\"mac\": \"" mac "\"}, "

#endif
