/** A folder with the real program's campaign in it and fake engines beside it (fake_fuzzer.sh). */
#ifndef TESTS_FUZZ_WORLD_H
#define TESTS_FUZZ_WORLD_H

#include "fuzz/campaign.h"
#include "program.h"

/** Puts an engine fuzz-NAME into the program's folder, at "engines". */
void fuzz_world_engine(struct program *p, const char *name);
/** Runs `assay fuzz WORDS…` in it, with --out out; NULL-terminated. */
void fuzz_world_run(struct program *p, const char *const *words);
/** The same, without waiting for its end. */
void fuzz_world_start(struct program *p, const char *const *words);
/** The campaign as it is on disk, to be closed. */
void fuzz_world_campaign(struct program *p, struct campaign *c);
/** How many findings a target has; 0 where it has no folder. */
size_t fuzz_world_findings(struct program *p, const char *target);
/** Puts an input into a folder of the campaign, "json/work/0/crash-1"; folders are made. */
void fuzz_world_put(struct program *p, const char *path, const char *content);
/** Waits until a file of the folder has a line; fails the test if it never has. */
void fuzz_world_await(struct program *p, const char *file);

#endif
