/** All documents of vectors, for tests of what they hold. */
#ifndef TESTS_KNOWN_ANSWERS_H
#define TESTS_KNOWN_ANSWERS_H

#include <jansson.h>
#include <stdbool.h>

/** By path; the caller's to release. */
json_t *known_documents(void);
/** Whether the case says that it is about that rule. */
bool known_is_about(const json_t *one, const char *rule);
/** Of cases about that rule those with a member "ok" or "refused". */
size_t known_count_about(const json_t *cases, const char *rule, const char *member);

#endif
