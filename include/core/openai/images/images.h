/*
 * OpenAI's image endpoints on Gemini's image models. A Gemini call makes the images of one answer,
 * usually one; n equal calls make OpenAI's n.
 */
#ifndef CORE_OPENAI_IMAGES_IMAGES_H
#define CORE_OPENAI_IMAGES_IMAGES_H

#include "core/openai/chat/chat.h"
#include "core/gemini/status.h"
#include "core/json/json.h"
#include "core/gemini/models.h"
#include "core/http/multipart.h"
#include "core/openai/common/ext_refs.h"
#include "core/gemini/usage.h"

#define IMAGES_MAX       10 /* `n` (OpenAI's limit) */
#define IMAGES_INPUT_MAX 16 /* images to edit (OpenAI's limit) */

/* ---- request: images.c holds the field table ---- */

struct images_request {
	struct model_choice model;
	unsigned n; /* upstream calls to make, all with this body */
	bool stream;
	bool edit;           /* decides the names of the events */
	bool url;            /* data: URIs under `url` in place of `b64_json` */
	const char *quality; /* "low", "medium" or "high" when that chose the size, else NULL */
	char format[8];      /* output_format as asked for, or "" */
	struct buf body;     /* Gemini's GenerateContentRequest as JSON */
};

void images_request_init(struct images_request *r);
void images_request_release(struct images_request *r);

/* text: the body of POST /images/generations. -1 with err; a model that makes no images is refused.
 */
int images_request_read(struct images_request *r, struct slice text,
    const struct translate_env *env, struct apierror *err);
/* text: a JSON body of POST /images/edits. Images behind URLs come from env->refs
 * (NULL: they are refused); a pass that wanted some is worthless. */
int images_edit_read(struct images_request *r, struct slice text, const struct translate_env *env,
    struct apierror *err);
/* The same from a form; its parts are borrowed for the call. */
int images_form_read(struct images_request *r, const struct multipart *form,
    const struct translate_env *env, struct apierror *err);

/* ---- reply: images/reply.c ---- */

struct images_made {
	json_object *part;       /* Gemini's part, owned; what follows points into it */
	struct slice data, mime; /* Base64 */
	struct slice signature;  /* thoughtSignature, or empty */
	unsigned width, height;  /* of PNG and JPEG; 0 when unknown */
};

/* What one call gave. */
struct images_call {
	struct images_made *list;
	size_t count;
	struct buf text; /* what the model said beside the images */
	struct usage usage;
};

struct images_reply {
	struct images_call calls[IMAGES_MAX];
	size_t count; /* images of all calls */
	bool failed;
	struct apierror err; /* of the first call that failed */
	struct answer_scratch *scratch;
};

/* scratch: borrowed until the release. */
void images_reply_init(struct images_reply *r, struct answer_scratch *scratch);
void images_reply_release(struct images_reply *r);
/* The answer of one call. -1 with err when there is no image in it: 400 `moderation_blocked` when
 * Google's filters are the reason, else 502 with Google's finish reason. */
int images_reply_add(
    struct images_reply *r, unsigned call, struct slice upstream, struct apierror *err);
/* A call without an answer. */
void images_reply_fail(struct images_reply *r, const struct apierror *err);
/* ImagesResponse of all calls in their order. The images that came count: -1 with the first call's
 * error only when there is none; fewer than asked for, or in another format, are mentioned in
 * changes (may be NULL). created: Unix seconds. */
int images_reply_write(const struct images_reply *r, const struct images_request *request,
    int64_t created, struct changes *changes, struct buf *out, struct apierror *err);
/* For streams: one `completed` event for each image of a call. No [DONE] follows the last one. */
void images_events_write(const struct images_reply *r, const struct images_request *request,
    unsigned call, int64_t created, struct buf *out);
struct usage images_reply_usage(const struct images_reply *r);

#endif
