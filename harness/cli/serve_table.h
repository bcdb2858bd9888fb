/** The options of the servers of Kaspa payments as tables of fields of kx_server_options: those of
 * one command, after which come those that all of them have. Internal to cli. */
#ifndef CLI_SERVE_TABLE_H
#define CLI_SERVE_TABLE_H

#include "cli/serve.h"
#include "server/kaspa_x402.h"

enum kind {
    TEXT,
    FLAG,
    NUMBER, /**< into a field of 4 or 8 bytes */
    FINALITY,
    DEFECT,
    KIND_OWN, /**< from here on those of one command */
};

struct row {
    const char *name;
    unsigned kind;
    size_t offset, size; /**< of the field of kx_server_options */
    uint64_t least, most;
    const char *argument, *help; /**< help NULL: not listed; it may have one line end */
};

#define FIELD(member)                                                                              \
    offsetof(struct kx_server_options, member), sizeof(((struct kx_server_options *)0)->member)
#define NO_FIELD 0, 0
#define HOUR_MS 3600000
#define ANY UINT64_MAX

struct serve_table {
    const char *verb;
    const struct row *rows;
    size_t row_count;
    void (*help)(void);
    struct kx_server_options *options;
    void (*own)(void *cls, const struct row *row, const char *text); /**< of KIND_OWN and above */
    void *cls;                                                       /**< its own */
    bool *wrong; /**< set after saying what is wrong with an option */
};

/** Takes all options. The status of the whole command where there is no more to do, else -1. */
int serve_table_take(const struct serve_table *table, int argc, char **argv);
/** The rows as --help lists them, and then those that every server has. */
void serve_table_list(const struct row *rows, size_t count);
/** One more for a list with room for so many. */
void serve_take_one_of(bool *wrong, const char *verb, const char *what, const char *text,
                       const char **list, size_t *count, size_t room);

#endif
