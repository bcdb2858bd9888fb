/** Runs the real program as a child, in a folder of its own below /tmp, and keeps what it says.
 *
 *  The program is the one that the variable ASSAY names, else build/debug/assay. Trouble of the
 * test itself aborts it.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include "base/buf.h"
#include "fault/supervisor.h"

#include <sys/types.h>

#define PROGRAM_DEADLINE_MS 120000
#define PROGRAM_LATE (-1)

struct program {
    char folder[64]; /**< its working folder, so that arguments may be plain file names; what it
                        puts below TMPDIR, even where it is killed, goes with it */
    struct supervisor *under; /**< that it is started under from now on; NULL: none */
    pid_t pid;                /**< 0: not running */
    int pidfd;
    int status;           /**< exit status; 128 + n: signal n; PROGRAM_LATE: not by its deadline */
    struct assay_buf out; /**< stdout */
    struct assay_buf err; /**< stderr */
};

void program_init(struct program *p);
/** Ends what still runs, and removes the folder. */
void program_fini(struct program *p);

/** Writes a file of the folder. */
void program_write(struct program *p, const char *name, struct assay_bytes content);
/** Reads one; empty where there is none. The buffer is the caller's. */
void program_read(struct program *p, const char *name, struct assay_buf *content);

/** Starts it. args: NULL-terminated, without the program's name. env: NULL-terminated "NAME=value"
 * beside the test's own environment, or NULL. Its stdin is the file "stdin" of the folder, where
 * there is one. */
void program_start(struct program *p, const char *const *args, const char *const *env);
/** Whether a file of the folder holds the text, looked at whenever something may have changed,
 * until the program ends or deadline_ms is over. */
bool program_await_text(struct program *p, const char *file, const char *text, int deadline_ms);
/** Waits for its end, kills it when it is late, and fills status, out and err. */
void program_end(struct program *p, int deadline_ms);
/** Both, with PROGRAM_DEADLINE_MS. */
void program_run(struct program *p, const char *const *args, const char *const *env);
/** Whether stdout or stderr holds the text, white space of any length counting as one space: the
 * report wraps its lines. */
bool program_says(const struct program *p, const char *text);

#endif
