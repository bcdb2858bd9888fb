/* Linked into the programs of V=cov with -Wl,--wrap=_exit: what a process has run is counted however it
 * ends, by _exit, as a server's workers do, or by SIGTERM, as adapters do. One that is killed is not. */
#include <signal.h>
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

static void on_term(int number)
{
    __wrap__exit(128 + number);
}

/* Whoever has a handler of their own, or waits for it, replaces this one. */
__attribute__((constructor)) static void heed_term(void)
{
    signal(SIGTERM, on_term);
}
