/*
 * What the gateway changed in a caller's request: nothing is repaired in silence. Each change is a
 * place, as JSON pointer (RFC 6901), and one word; all of them make the header
 * x-gemini-balance-changes. A strict list refuses the change instead.
 */
#ifndef CORE_API_CHANGES_H
#define CORE_API_CHANGES_H

#include <stdbool.h>

#include "core/api/apierror.h"

#define CHANGES_MAX 1000 /* that header: web servers cap a head at 4 KiB */

enum change {
	CHANGE_IGNORED,   /* a parameter without a counterpart */
	CHANGE_DROPPED,   /* a part of a value that Google does not take */
	CHANGE_CLAMPED,   /* a value put into the range that the model takes */
	CHANGE_REWRITTEN, /* said in another way: schema keywords, turns moved or joined */
	CHANGE_RENAMED,   /* a function name; the reply has the caller's again */
	CHANGE_ADDED,     /* something that Google's rules ask for */
	CHANGE_INLINED,   /* fetched media */
};

struct changes {
	struct buf text;        /* the header's value so far */
	unsigned count, hidden; /* hidden: those that the header has no room for */
	bool strict;
	/* For readers of something that was translated before: gives a field the caller's name in
	 * the list. Errors are left to that reader. NULL: names are the caller's already. */
	void (*rename)(void *ctx, const char *at, char ret[APIERROR_PARAM_MAX]);
	void *rename_ctx;
};

void changes_init(struct changes *c, bool strict);
void changes_release(struct changes *c);
/* Forgets all: another pass begins. */
void changes_reset(struct changes *c);

/* at: a JSON pointer ("/tools/0/function"), or a field as errors name it ("tools[0].function").
 * 0; a strict list answers -1 with *err, param `at`. c may be NULL: nobody wants to know. */
int changes_note(struct changes *c, enum change change, const char *at, struct apierror *err);
/* The same for what has no bearing on the answer, such as `user`: never refused. */
void changes_mention(struct changes *c, enum change change, const char *at);

/* A JSON pointer as errors name fields: /a/3/b becomes a[3].b; a field's name stays as it is. */
void changes_field(const char *at, char ret[APIERROR_PARAM_MAX]);

/* `/user ignored, /n clamped`, with `, +N more` when there was no room; empty when nothing was
 * changed. Visible ASCII only: everything else in a pointer is percent-encoded. */
struct slice changes_header(struct changes *c);

#endif
