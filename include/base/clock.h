/* The only source of time; the simulator links another one. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/*
 * Milliseconds that never go back; the origin means nothing. They go on while the machine is
 * suspended: what rests for a time, such as a quota until midnight, does not rest for longer.
 * Timers of libuv and condition variables stand still meanwhile and fire late; who is woken by one
 * looks here whether it is time.
 */
uint64_t clock_mono_ms(void);
/* Milliseconds since 1970-01-01 UTC. */
uint64_t clock_wall_ms(void);

#endif
