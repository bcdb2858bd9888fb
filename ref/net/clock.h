/** The two clocks of a server. Deadlines run on the steady one; only what a protocol dates is read
 * from the wall clock, which may be set, also by a test. */
#ifndef REF_NET_CLOCK_H
#define REF_NET_CLOCK_H

#include <stdint.h>

int64_t ref_net_now_ms(void);  /**< CLOCK_MONOTONIC */
int64_t ref_net_wall_ms(void); /**< CLOCK_REALTIME, since 1970 */

/** Until the time is over, or a signal came: a caller looks again at what it waits for, and bounds
 * how often. At once for what is not positive. */
void ref_net_wait_ms(int64_t ms);

#endif
