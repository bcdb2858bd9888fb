/** SQLite's own memory, for tests that let allocations fail (assay_alloc_fail_after). */
#ifndef REF_TESTS_SQLITE_MEMORY_H
#define REF_TESTS_SQLITE_MEMORY_H

/** From now on what SQLite allocates is counted, and fails, with the rest. Before anything else of
 *  SQLite in this process; the test fails where that is too late. */
void sqlite_memory_is_counted(void);

#endif
