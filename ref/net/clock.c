/* The steady clock and the wall clock, in milliseconds. */
#include "net/clock.h"

#include <time.h>

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
