/** Runs made up for the tests of the record and the reports. */
#ifndef TESTS_SAMPLE_RUN_H
#define TESTS_SAMPLE_RUN_H

#include <jansson.h>

enum sample {
    SAMPLE_PASSING,
    SAMPLE_FAILING, /**< two failures in different threats, one below --fail-on, one expected, one
                       unexpected pass */
    SAMPLE_INVALID, /**< a control fails and all that rests on it is broken */
    SAMPLE_INTERRUPTED, /**< its events stop after three cases */
    SAMPLE_SELFTEST, /**< one defect survives, one is caught by nobody who names it, one false alarm
                      */
    SAMPLE_HOSTILE,  /**< a failing run whose every text from the target tries to be more than text
                      */
    SAMPLE_EXPECTED, /**< passes: one failure is expected, one below --fail-on */
    SAMPLE_SEVERAL,  /**< a server of one profile passes, a client of another fails against a threat
                        of  the same id */
    SAMPLE__COUNT
};

extern const char *const sample_names[SAMPLE__COUNT];

/** What the hostile run's target says; the page must show it as text and nothing else. */
extern const char sample_hostile_text[];

/** Its events in order, each an object with `event`; SAMPLE_INTERRUPTED has no `end`. Asserts that
 * memory suffices. */
json_t *sample_events(enum sample sample);
/** The run.json tree of those events, got by writing them with the record and reading them back. */
json_t *sample_run(enum sample sample);
/** A new folder below /tmp; _remove deletes its files and it. */
void sample_folder_make(char path[64]);
void sample_folder_remove(const char *path);

#endif
