/* /_media/: what a client that fetches URLs may meet, good and bad. Only with --control. */
#ifndef STANDIN_FETCH_H
#define STANDIN_FETCH_H

#include "standin.h"

/* tail: the path after /_media/. */
void fetch_answer(struct standin *si, struct conn *c, struct slice tail);

#endif
