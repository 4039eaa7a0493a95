/* What a request knows of its model, and what its answers teach. */
#ifndef APP_LESSONS_H
#define APP_LESSONS_H

#include "request.h"

/* For the translation of a request. */
const struct lessons *lessons_for(struct request *r);
/* Bytes of a good answer, which may name the model that made them. whole: the answer's end is among
 * them. */
void lessons_look(struct request *r, struct slice bytes, bool whole);
/* A refusal that a change of our translation cures, once for each kind: true when the request goes
 * on with that, in step prepare. Branches share the translation: all of them begin anew. */
bool lessons_mend(struct request *r, const struct gstatus *status);
/* The operation's prepare. With STRICT one that fails after a refusal yields Google's words and the
 * name of the field. */
int lessons_prepare(struct request *r);
/* The translation after that. GO: it differs; UNCHANGED: it must be made again; LOST: nothing else
 * can be left out, and r->err says what was refused. */
enum lessons_next { LESSONS_GO, LESSONS_UNCHANGED, LESSONS_LOST };
enum lessons_next lessons_check(struct request *r);
/* A good answer: what was left out is what the model does not take. */
void lessons_confirm(struct request *r);
/* May the newest of its line take the model's place? */
bool lessons_may_move(struct request *r);
/* Is there one, by what is known of Google's list? */
bool lessons_successor(struct request *r);
/* Google says that the model is not there. */
void lessons_gone(struct request *r);
/* This request does without the model in use. */
void lessons_pass(struct request *r);
/* Logs which model took the place of which, once. */
void lessons_tell(struct request *r);
/* Adds the name that is likely to be meant to an error about a model that does not exist. */
void lessons_hint(struct request *r);

#endif
