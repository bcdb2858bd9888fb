/* Linked into the programs of V=cov with -Wl,--wrap=_exit: what a process that ends by _exit has run is
 * counted, too, as that of a server's workers, which are forked. */
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}
