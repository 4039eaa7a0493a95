/* The upstream call under way, or the last one, and its answer. */
#ifndef APP_REQUEST_ATTEMPT_H
#define APP_REQUEST_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/netresult.h"
#include "core/gemini/empty_answer.h"
#include "core/keys/scrub.h"
#include "base/body.h"
#include "net/http/upstream.h"

struct attempt {
	unsigned count, server_faults; /* of attempts for the running call */
	uint64_t started_ms, last_byte_ms;
	struct call *call;
	char **lines; /* of the call: those of the target and the credential */
	char *credential;

	int status;
	struct buf head; /* native: head lines for the client */
	char *type;      /* Content-Type */
	char *retry_after;
	bool started, ended;
	enum netresult result; /* once it has ended */
	bool framed_error;     /* an error object inside an answer with status 200 */
	bool pass_through;     /* Google's own answer goes to the client as it is */
	struct buf held;       /* bytes that came before the judgement; the body when collecting */
	bool holding;          /* the answer goes out when it is whole; until then it is in: */
	struct body whole;
	bool delivering; /* the answer is judged good and its bytes go out */
	bool restart;    /* the translation of the answer has state of a call that failed */
	struct empty_answer empty_answer; /* what held was found to be, with RETRY_EMPTY */
	struct scrub_stream scrub;        /* over everything that a stream brings */
};

#endif
