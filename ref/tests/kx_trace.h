/** The trace of a client's run: a word for each thing that it wanted, with blanks between. */
#ifndef REF_TESTS_KX_TRACE_H
#define REF_TESTS_KX_TRACE_H

#include "client/kx_client.h"

#define KX_TRACE_BYTES 8192

/** A word more; a trace that is full fails the test. */
void kx_note(char trace[KX_TRACE_BYTES], const char *format, ...) ASSAY_PRINTF(2, 3);
/** How long is waited, where it is at all; then it is later. */
void kx_note_wait(char trace[KX_TRACE_BYTES], int64_t *now_ms, int64_t wait_ms);
void kx_note_end(char trace[KX_TRACE_BYTES], const struct kx_client_outcome *outcome);

#endif
