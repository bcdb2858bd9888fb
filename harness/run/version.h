/** The version of this program. */
#ifndef RUN_VERSION_H
#define RUN_VERSION_H

#define ASSAY_VERSION "0.1.0"

#endif
