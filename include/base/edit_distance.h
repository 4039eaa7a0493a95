/* How far apart two short names are, to tell what a misspelt one was meant to be. */
#ifndef BASE_EDIT_DISTANCE_H
#define BASE_EDIT_DISTANCE_H

#include "base/buf.h"

#define EDIT_DISTANCE_BYTES_MAX 128 /* longer names are far from everything */

/* The letters to change, leave out, add or swap with their neighbour (optimal string alignment),
 * whatever their case (ASCII). most + 1 when there are more than `most`. */
size_t edit_distance(struct slice a, struct slice b, size_t most);

#endif
