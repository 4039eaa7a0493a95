/* What the models answer. */
#ifndef STANDIN_BEHAVE_H
#define STANDIN_BEHAVE_H

#include "gen.h"

/* Answers generateContent and streamGenerateContent. */
void behave_generate(const struct ask *a);
void behave_count_tokens(struct conn *c, json_object *body);
/* Fills what every answer has: token counts, ids, one candidate, STOP. */
void behave_begin(const struct ask *a, struct gen *ret);
/* The parts of a usual answer. */
void behave_fill(const struct ask *a, struct gen *g);
/* Counts the tokens of the parts. */
void behave_count(struct gen *g);
/* embedContent and batchEmbedContents. */
void behave_embed(struct conn *c, const struct model *model, json_object *body, bool batch);
/* The text of the last turn, if it is a user's; borrowed from body. */
struct slice behave_last_text(json_object *body);

/* The letters, digits, '_' and '.' behind a word like "finish:" in the text; false without any. */
bool behave_trigger(struct slice text, const char *word, struct slice *ret_value);
/* The number behind it. */
uint64_t behave_number(struct slice text, const char *word, uint64_t fallback);

#endif
