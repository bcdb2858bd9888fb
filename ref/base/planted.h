/** Planted faults: mistakes of the kind that parsers and verifiers have, for fuzzing to find. Each
 * proves that a target's oracle sees such a mistake (docs/planted-faults.md has how long it took).
 *
 *  They are no defects of a server, which scenarios catch (defects/defects.h), and nothing but a
 * fuzz target plants one: that which ASSAY_PLANTED names, when it starts. In libref.a and
 * libassay-kaspa.a PLANTED(ident) is the constant 0, and the mistake is not even compiled in.
 */
#ifndef ASSAY_BASE_PLANTED_H
#define ASSAY_BASE_PLANTED_H

#include <stddef.h>

/* X(ident, fuzz target, kind of mistake, place (file), sentence) */
enum assay_planted {
    ASSAY_PLANTED_NOTHING,
#define X(ident, target, kind, place, sentence) ASSAY_PLANTED_##ident,
#include "base/planted.def"
#undef X
    ASSAY_PLANTED__COUNT
};

struct assay_planted_fault {
    const char *name, *target, *kind, *place, *sentence;
};

/** Of ASSAY_PLANTED_NOTHING all members are empty. */
extern const struct assay_planted_fault assay_planted_faults[ASSAY_PLANTED__COUNT];
/** By its name; ASSAY_PLANTED__COUNT: there is none. */
enum assay_planted assay_planted_find(const char *name);

#ifdef ASSAY_REF_DEFECTS
/** The one that is planted. Set before anything is parsed, by one thread. */
extern enum assay_planted assay_planted_now;
#define PLANTED(ident) (assay_planted_now == ASSAY_PLANTED_##ident)
#else
#define PLANTED(ident) 0
#endif

#endif
