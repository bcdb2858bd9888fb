/** One line of an adapter, read; see adapter.h. Nothing here knows what was asked. */
#ifndef TARGET_ADAPTER_LINE_H
#define TARGET_ADAPTER_LINE_H

#include "target/adapter.h"

enum adapter_line {
    ADAPTER_LINE_EVENT,  /**< an object without id */
    ADAPTER_LINE_ANSWER, /**< an object with an id above 0, and exactly one of the four answers */
    ADAPTER_LINE_WRONG,  /**< an object that is neither */
    ADAPTER_LINE_NONE,   /**< no JSON object, or one with a name twice */
};

/** Reads one without its end. Out: *object, a new reference, of EVENT alone; of ANSWER its id, and
 *  the answer, for adapter_answer_fini. What is not of the result is unchanged. */
enum adapter_line adapter_line_read(json_t **object, uint64_t *id, struct adapter_answer *answer,
                                    struct assay_bytes line);

/** Puts words of ours into an answer's text, and the beginning of what the adapter said behind
 *  them, in a form that is fit to be shown; cut where it is longer. */
void adapter_answer_say(struct adapter_answer *answer, const char *what, struct assay_bytes quote);

#endif
