/** Trouble under a store, at the nth thing that it asks for: memory, SQLite's own memory, a
 * statement that goes on, a write, a sync or a lock of its file. It strikes once; what comes after
 * it works.
 */
#ifndef REF_TESTS_STORE_TROUBLE_H
#define REF_TESTS_STORE_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

enum store_trouble {
    TROUBLE_MEMORY,    /**< of ours; stays until _struck is asked, as memory that has run out */
    TROUBLE_LIBRARY,   /**< SQLite's own allocations */
    TROUBLE_STATEMENT, /**< one is interrupted, or a commit refused */
    TROUBLE_FILE,      /**< what is read, written, synced or locked of it */
    TROUBLE__COUNT
};

const char *store_trouble_name(enum store_trouble trouble);
/** Before the process uses SQLite. */
void store_trouble_install(void);
/** The first `before` go well. */
void store_trouble_arm(enum store_trouble trouble, size_t before);
/** Disarms. Whether it came to it. */
bool store_trouble_struck(void);

#endif
