/* The trace of a client's run; see kx_trace.h. */
#include "ref/tests/kx_trace.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

void kx_note(char trace[KX_TRACE_BYTES], const char *format, ...)
{
    size_t len = strlen(trace);
    va_list args;

    if (len > 0)
        trace[len++] = ' ';
    va_start(args, format);
    cr_assert_lt(vsnprintf(trace + len, KX_TRACE_BYTES - len, format, args),
                 (int)(KX_TRACE_BYTES - len));
    va_end(args);
}

void kx_note_wait(char trace[KX_TRACE_BYTES], int64_t *now_ms, int64_t wait_ms)
{
    if (wait_ms > 0)
        kx_note(trace, "%lldms", (long long)wait_ms);
    *now_ms += wait_ms;
}

void kx_note_end(char trace[KX_TRACE_BYTES], const struct kx_client_outcome *outcome)
{
    static const char *const ends[] = {"served", "free", "refused", "unresolved", "refunded"};

    kx_note(trace, "%s", ends[outcome->end]);
}
