/* The only source of time; the simulator links another one. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds that never go back; the origin means nothing. */
uint64_t clock_mono_ms(void);
/* Milliseconds since 1970-01-01 UTC. */
uint64_t clock_wall_ms(void);

#endif
