/** Folders of our own, put away. */
#ifndef TARGET_FOLDER_H
#define TARGET_FOLDER_H

#include <stdbool.h>

/** Removes it with all that it holds; links are removed, not followed. What cannot be removed is
 * passed over. False, with errno: something is left; that there was none is no failure. */
bool folder_remove(const char *path);

#endif
