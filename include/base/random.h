/* The one source of random bytes: the operating system's. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills at most 256 bytes. Ends the process when the system has no random bytes: keys of hashes and
 * ids that others can guess would be worse. */
void random_bytes(void *to, size_t len);
uint64_t random_u64(void);

#endif
