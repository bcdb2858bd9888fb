/** Inside of a case, shared by the files case*.c alone. */
#ifndef RUN_CASE_INTERNAL_H
#define RUN_CASE_INTERNAL_H

#include "run/case.h"

#include <pthread.h>
#include <setjmp.h>

#define CASE_ARENA_MAX_BYTES ((size_t)256 << 20)
#define CASE_DEFERRED_MAX 64
#define CASE_EVIDENCE_MAX                                                                          \
    400 /* entries; later ones are counted and dropped, a failure's own is always kept */
#define CASE_BODY_KEEP_BYTES 4096

struct case_world {
    struct case_world_options options;
    struct assay_arena arena; /* of the shared instance */
    const struct profile *profile;
    struct origin *origin; /* of the shared instance, as the roles */
    void *roles;
    struct instance
        *instance; /* shared by the cases that need none of their own; NULL: not started */
    char start_trouble[ASSAY_ERR_TEXT_MAX_BYTES]; /* why it could not be started; then it is not
                                                     tried again */
};

struct deferred {
    void (*undo)(void *);
    void *with;
};

/* What case_judge was last told, and the weakest grade of all it was told. */
struct judgement {
    char *expected;
    const char *seen;
    enum grade grade;
    bool graded; /* it was told anything */
    const char *file;
    int line;
};

struct assay_case {
    struct case_world *world;
    const struct scenario *scenario;
    size_t index;
    uint64_t seed;
    struct assay_arena arena;
    struct assay_random random;
    struct http_client *http;
    struct instance *instance; /* its own, or the world's; NULL until asked for */
    struct origin *origin;
    void *roles;
    bool own_instance;
    struct instance *second, *reference;
    uint64_t executions_before; /* of the origin, when the case began */
    struct deferred deferred[CASE_DEFERRED_MAX];
    size_t deferred_count;
    json_t *trees; /* an array of what ends with the case; NULL: nothing yet */
    int64_t began_ns;

    pthread_t thread;
    jmp_buf end;
    bool in_body; /* case_end may unwind */
    enum verdict verdict;
    struct judgement judged;
    bool probing; /* the honest probe after the body */
    char *reason;
    json_t *observations, *evidence;
    size_t evidence_dropped;
    bool answered; /* an exchange of it found a connection */
};

int64_t case_clock_ns(void); /* CLOCK_MONOTONIC */
/** Starts or takes over the instance that the scenario needs; ends the case when it cannot be had.
 */
void case_world_enter(struct assay_case *t);
void case_world_leave(struct assay_case *t);
/** Origin and roles behave well again. */
void case_world_calm(struct assay_case *t);

#endif
