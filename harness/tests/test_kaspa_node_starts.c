/* Starting the role node and ending it, and what that takes and gives back. */
#include "node_world.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Calls `see` for each open descriptor of this process. */
static size_t each_descriptor(bool (*see)(int fd))
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    size_t count = 0;

    cr_assert_not_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && fd != dirfd(dir))
            count += see(fd);
    }
    closedir(dir);
    return count;
}

static bool is_any(int fd)
{
    (void)fd;
    return true;
}

static bool is_inherited(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
}

static size_t open_descriptors(void)
{
    return each_descriptor(is_any);
}

/* A run starts a node for many of its cases, and programs while nodes are there. */
Test(kaspa_node_starts, as_often_as_one_likes_and_leaves_nothing_open)
{
    struct node_world w;
    size_t before, inherited = each_descriptor(is_inherited);

    world_begin(&w);
    cr_expect_eq(each_descriptor(is_inherited), inherited, "no program is handed a socket of it");
    world_end(&w);
    before = open_descriptors();
    for (int i = 0; i < 20; i++) {
        world_begin(&w);
        cr_expect_not_null(rpc(&w, "getInfo", "{}"));
        cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
        cr_assert_eq(kaspa_node_restart(w.node, NULL), ASSAY_OK);
        world_end(&w);
        cr_expect_eq(open_descriptors(), before, "round %d", i);
    }
}

struct teller {
    struct kaspa_node *node;
    atomic_bool is_over;
};

static void *tell_of_changes(void *with)
{
    struct teller *t = with;

    while (!atomic_load(&t->is_over))
        kaspa_node_changed(t->node);
    return NULL;
}

/* The miner of a run, while a scenario restarts the node. */
Test(kaspa_node_starts, while_another_thread_tells_it_of_changes)
{
    struct node_world w;
    struct teller teller = {.node = NULL};
    pthread_t thread;

    world_begin(&w);
    teller.node = w.node;
    cr_assert_eq(pthread_create(&thread, NULL, tell_of_changes, &teller), 0);
    for (int i = 0; i < 20; i++)
        cr_expect_eq(kaspa_node_restart(w.node, NULL), ASSAY_OK);
    atomic_store(&teller.is_over, true);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_expect_eq(rest_get(&w, "/info/blockdag").status, 200);
    world_end(&w);
}

Test(kaspa_node_starts, is_started_or_says_why_not)
{
    const struct kaspa_chain_options options = {.seed = ASSAY_LIT(""), .network = KASPA_SIMNET};
    struct kaspa_chain_lock *lock = NULL;
    struct kaspa_chain *chain = NULL;
    enum assay_code rc = ASSAY_E_NOMEM;

    cr_assert_eq(kaspa_chain_new(&chain, &options), ASSAY_OK);
    (void)assay_alloc_fail_after(0);
    cr_expect_eq(kaspa_chain_lock_new(&lock), ASSAY_E_NOMEM);
    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_assert_eq(kaspa_chain_lock_new(&lock), ASSAY_OK);
    for (size_t n = 0; n < 10 && rc == ASSAY_E_NOMEM; n++) {
        struct kaspa_node *node = NULL;
        struct assay_err err = {0};

        (void)assay_alloc_fail_after(n);
        rc = kaspa_node_start(&node, &(struct kaspa_node_options){.chain = chain, .lock = lock},
                              &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(err.code, rc);
        cr_expect_eq(node != NULL, rc == ASSAY_OK);
        kaspa_node_stop(node);
    }
    cr_expect_eq(rc, ASSAY_OK);
    kaspa_node_stop(NULL);
    kaspa_chain_lock_free(NULL);
    kaspa_chain_lock_free(lock);
    kaspa_chain_free(chain);
}

Test(kaspa_node_starts, is_not_started_without_descriptors)
{
    const struct kaspa_chain_options options = {.seed = ASSAY_LIT(""), .network = KASPA_SIMNET};
    struct kaspa_chain_lock *lock = NULL;
    struct kaspa_chain *chain = NULL;
    enum assay_code rc = ASSAY_E_IO;
    struct rlimit limit;
    size_t before;

    cr_assert_eq(kaspa_chain_new(&chain, &options), ASSAY_OK);
    cr_assert_eq(kaspa_chain_lock_new(&lock), ASSAY_OK);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    before = open_descriptors();
    for (rlim_t n = 3; n < 200 && rc == ASSAY_E_IO; n++) {
        struct kaspa_node *node = NULL;

        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){n, limit.rlim_max}), 0);
        rc = kaspa_node_start(&node, &(struct kaspa_node_options){.chain = chain, .lock = lock},
                              NULL);
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        cr_expect_eq(node != NULL, rc == ASSAY_OK);
        kaspa_node_stop(node);
        cr_expect_eq(open_descriptors(), before, "with a limit of %lu", (unsigned long)n);
    }
    cr_expect_eq(rc, ASSAY_OK);
    kaspa_chain_lock_free(lock);
    kaspa_chain_free(chain);
}
