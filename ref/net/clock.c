/* The steady clock, the wall clock and a wait, in milliseconds. */
#include "net/clock.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t which)
{
    struct timespec now;

    (void)clock_gettime(which, &now); /* fails for unknown clocks only */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t ref_net_now_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t ref_net_wall_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

/* A timer is an event as any other. */
void ref_net_wait_ms(int64_t ms)
{
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};
    int timer = ms > 0 ? timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) : -1;
    uint64_t times;

    if (timer < 0)
        return;
    if (timerfd_settime(timer, 0, &when, NULL) == 0)
        (void)!read(timer, &times, sizeof(times));
    (void)close(timer);
}
