/* For failures.c and failures_table.c: what a failure is. */
#ifndef STANDIN_FAILURES_PRIV_H
#define STANDIN_FAILURES_PRIV_H

#include "failures.h"

enum failure_kind {
	KIND_STATUS, /* an error of Google's form */
	KIND_ARRAY,  /* the same within an array */
	KIND_HTML,   /* a front end's page */
	KIND_RESET,  /* RST before any byte */
	KIND_CLOSE,  /* FIN before any byte */
	KIND_HANG,   /* never a byte */
	KIND_CUT_HEAD,
	KIND_STREAM,  /* a stream that begins well; `events` of it are sent */
	KIND_BLOCKED, /* no candidates */
	KIND_FINISH,  /* a candidate without content and `message` as finishReason */
	KIND_LATE,    /* a candidate whose text ends with `message` as finishReason */
	KIND_EMPTY,   /* status 200 and nothing; `message` says how */
};

enum tail { TAIL_NONE, TAIL_FRAMED, TAIL_BARE, TAIL_BARE_ARRAY };

struct failure {
	const char *name;
	enum failure_stage stage;
	enum failure_kind kind;
	int code;
	const char *status; /* NULL: what belongs to the code */
	const char *message;
	const char *details; /* JSON or NULL */
	size_t events;       /* of KIND_STREAM */
	enum tail tail;
	enum play_end end;
};

extern const struct failure failure_table[];
extern const size_t failure_count;

#endif
