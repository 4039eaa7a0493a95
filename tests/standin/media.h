/* Answers that are no text: a tiny picture, a short tone, vectors. */
#ifndef STANDIN_MEDIA_H
#define STANDIN_MEDIA_H

#include "gen.h"

void media_add_image(const struct ask *a, struct gen *g);
void media_add_audio(const struct ask *a, struct gen *g);

#endif
