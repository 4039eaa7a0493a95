/* What a request knows of its model, and what its answers teach. */
#ifndef APP_REQUEST_LESSONS_H
#define APP_REQUEST_LESSONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/gemini/status.h"
#include "core/gemini/learned.h"

struct request;

/* Of a root. */
struct learnt {
	struct lessons lessons;             /* the interface for the translation */
	struct lesson lesson;               /* of the model in use */
	struct refusals refused;            /* by the model in use: the translation does without */
	bool confirmed;                     /* it has answered then */
	uint64_t refused_body;              /* hash of what was refused last; 0: nothing was */
	struct buf passed;                  /* models given up, each with a line end */
	unsigned passed_count, passed_told; /* told: in the log */
	char *instead_of;                   /* the first that was gone, or NULL */
	bool wants_list, list_failed;       /* Google's, for a successor */
	uint64_t catalog_due_ms;
	size_t version_bytes; /* looked at for the model of the answer */
	bool version_seen;
};

/* For the translation of a request. */
const struct lessons *lessons_for(struct request *r);
/* Bytes of a good answer, which may name the model that made them. whole: the answer's end is among
 * them. */
void lessons_look(struct request *r, struct slice bytes, bool whole);
/* A refusal that a change of our translation cures, once for each kind: true when the request goes
 * on with that, in step prepare. Branches share the translation: all of them begin anew. */
bool lessons_mend(struct request *r, const struct gemini_status *status);
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
