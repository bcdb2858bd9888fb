/** What the files of target/adapter share. */
#ifndef TARGET_ADAPTER_INTERNAL_H
#define TARGET_ADAPTER_INTERNAL_H

#include "target/adapter.h"

struct assay_arena *adapter_arena(const struct adapter *a);

#endif
