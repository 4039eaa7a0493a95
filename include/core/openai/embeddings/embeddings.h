/* OpenAI embeddings to Gemini batchEmbedContents and back. */
#ifndef CORE_OPENAI_EMBEDDINGS_EMBEDDINGS_H
#define CORE_OPENAI_EMBEDDINGS_EMBEDDINGS_H

#include "core/api/changes.h"
#include "core/openai/chat/chat.h"
#include "core/gemini/status.h"
#include "core/json/json.h"
#include "core/gemini/models.h"
#include "core/gemini/usage.h"

#define EMBED_BATCH_MAX  100  /* requests in one batchEmbedContents (Google's limit) */
#define EMBED_INPUTS_MAX 2048 /* inputs in one request (OpenAI's limit) */

struct embed_request {
	struct model_choice model;
	bool base64;           /* encoding_format */
	bool shortened;        /* `dimensions` given: vectors must be made unit length again */
	size_t count;          /* inputs */
	json_object *requests; /* array: one EmbedContentRequest per input, in order */
};

void embed_request_init(struct embed_request *e);
void embed_request_release(struct embed_request *e);
/* text: the body of POST /embeddings. A model that is gone gives way to an alias's fallback alone:
 * the vectors of another one are not comparable. */
int embed_request_read(struct embed_request *e, struct slice text, const struct translate_env *env,
    struct apierror *err);
/* The body of one upstream call: inputs first to first + EMBED_BATCH_MAX - 1. */
void embed_request_write(const struct embed_request *e, size_t first, struct buf *out);

/* Collects the answers of one or more calls, in order, and writes OpenAI's list. */
struct embed_reply {
	struct buf data; /* elements of `data` so far */
	size_t count;
	struct usage usage; /* of answers that tell none: a token for each 4 bytes, rounded up */
	struct answer_scratch *scratch;
};

/* scratch: borrowed until the release. */
void embed_reply_init(struct embed_reply *r, struct answer_scratch *scratch);
void embed_reply_release(struct embed_reply *r);
int embed_reply_add(struct embed_reply *r, const struct embed_request *e, struct slice upstream,
    struct apierror *err);
/* model: what the reply shows. Fails when the number of vectors is not that of the inputs. */
int embed_reply_write(struct embed_reply *r, const struct embed_request *e, const char *model,
    struct buf *out, struct apierror *err);

#endif
