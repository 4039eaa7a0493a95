/* What the system grants this process. */
#ifndef BASE_GRANTED_H
#define BASE_GRANTED_H

#include <stddef.h>

/* Raises the limit on open files as far as it goes and returns it. */
size_t granted_files(void);
/* Starts that many threads at the same time, ends them, and returns how many it came to. */
size_t granted_threads(size_t wanted);

#endif
