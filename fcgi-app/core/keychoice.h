/* Between keypool.c and keychoice.c. */
#ifndef CORE_KEYCHOICE_H
#define CORE_KEYCHOICE_H

#include "core/keypool.h"

void lanes_release(struct keypool *p);

#endif
