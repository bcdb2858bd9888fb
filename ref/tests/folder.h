/** A test's own folder, put away. */
#ifndef REF_TESTS_FOLDER_H
#define REF_TESTS_FOLDER_H

/** Removes it with all that it holds; links are removed, not followed. */
void folder_remove(const char *path);

#endif
