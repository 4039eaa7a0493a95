/* The account of the memory that the bodies of all requests take together. From any thread. */
#ifndef APP_REQUEST_MEMORY_H
#define APP_REQUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory;

/* most: bytes; 0: half of what the machine, or the control group of the process, has, but
 * MEMORY_LEAST at least. */
struct memory *memory_new(uint64_t most);
void memory_free(struct memory *m);
size_t memory_most(const struct memory *m);
/* False when that would pass the ceiling; nothing is taken then. */
bool memory_take(struct memory *m, size_t bytes);
void memory_give(struct memory *m, size_t bytes);

#endif
