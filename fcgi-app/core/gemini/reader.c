/* Events and documents to parts. */
#include "config.h"

#include "core/gemini/reader.h"

#include <string.h>

#include "base/xalloc.h"
#include "core/gemini/event.h"

static void
keep_word(char *ret, size_t size, struct slice word)
{
	size_t len = word.len < size ? word.len : size - 1;

	memcpy(ret, word.ptr, len);
	ret[len] = '\0';
}

void
gemini_reader_init(struct gemini_reader *g, struct answer_scratch *scratch, bool plain,
    const struct gemini_sink *sink, void *ctx)
{
	memset(g, 0, sizeof(*g));
	g->sink = sink;
	g->ctx = ctx;
	g->plain = plain;
	sse_init(&g->sse, SSE_EVENT_MAX);
	g->scratch = scratch;
	g->own_reader = scratch->json == NULL ? json_reader_new() : NULL;
	g->reader = scratch->json != NULL ? scratch->json : g->own_reader;
	buf_init(&g->usage_text, USAGE_OBJECT_MAX);
}

void
gemini_reader_release(struct gemini_reader *g)
{
	sse_release(&g->sse);
	json_reader_free(g->own_reader);
	buf_release(&g->usage_text);
}

/* Totals run: of texts that name the same counters only the last one needs reading. */
static void
settle_usage(struct gemini_reader *g)
{
	json_object *metadata;

	if (g->usage_text.len == 0)
		return;
	metadata = json_reader_read(g->reader, buf_slice(&g->usage_text));
	usage_read(&g->usage, metadata);
	json_object_put(metadata);
	buf_reset(&g->usage_text);
}

static void
take_plain(struct gemini_reader *g, const struct gemini_event *event)
{
	size_t index = event->index;

	if (event->usage.len > 0) {
		if (!gemini_event_same_shape(event->usage, buf_slice(&g->usage_text)))
			settle_usage(g);
		buf_reset(&g->usage_text);
		buf_add_slice(&g->usage_text, event->usage);
	}
	if (index >= CANDIDATES_MAX)
		return;
	if (event->has_part)
		g->sink->part(g->ctx, index, &event->part, NULL);
	if (event->finish.len > 0)
		keep_word(g->native[index], sizeof(g->native[index]), event->finish);
}

static void
reader_take_candidate(struct gemini_reader *g, json_object *candidate, size_t place)
{
	json_object *parts = NULL, *logprobs = NULL;
	struct slice native = SLICE("");
	int64_t index = (int64_t)place; /* Google leaves out a 0, others leave out all */

	if (!json_object_is_type(candidate, json_type_object))
		return;
	json_object_object_foreach(candidate, key, value)
	{
		if (strcmp(key, "content") == 0)
			parts = json_get_array(value, "parts");
		else if (strcmp(key, "finishReason") == 0)
			native = json_str(value);
		else if (strcmp(key, "index") == 0)
			index = json_int(value, index);
		else if (strcmp(key, "logprobsResult") == 0)
			logprobs = value;
	}
	if (index < 0 || index >= CANDIDATES_MAX)
		return;
	for (size_t i = 0; parts != NULL && i < json_object_array_length(parts); i++) {
		struct gemini_part part = gemini_part_read(json_object_array_get_idx(parts, i));

		if (part.kind == PART_NONE)
			continue;
		g->sink->part(g->ctx, (size_t)index, &part,
		    gemini_part_speaks(&part) ? TAKE(logprobs) : NULL);
	}
	if (native.len > 0)
		keep_word(g->native[index], sizeof(g->native[index]), native);
	if (g->sink->candidate != NULL)
		g->sink->candidate(g->ctx, (size_t)index, candidate);
}

static void
take_members(struct gemini_reader *g, json_object *reply)
{
	json_object_object_foreach(reply, key, value)
	{
		if (strcmp(key, "candidates") == 0 && json_object_is_type(value, json_type_array)) {
			for (size_t i = 0; i < json_object_array_length(value); i++)
				reader_take_candidate(g, json_object_array_get_idx(value, i), i);
		} else if (strcmp(key, "usageMetadata") == 0) {
			settle_usage(g);
			usage_read(&g->usage, value);
		} else if (strcmp(key, "promptFeedback") == 0) {
			struct slice reason = json_get_str(value, "blockReason");

			if (reason.len > 0)
				keep_word(g->block_reason, sizeof(g->block_reason), reason);
		}
	}
}

static int
take_reply(struct gemini_reader *g, json_object *reply)
{
	if (answer_error(g->scratch, reply, g->err) != 0)
		return -1;
	if (reply == NULL && g->ending)
		return apierror_set(g->err, APIERROR_CUT, NULL, NULL);
	if (!json_object_is_type(reply, json_type_object))
		return apierror_set(g->err, APIERROR_BAD_ANSWER, NULL,
		    "An event of the Gemini API could not be read.");
	take_members(g, reply);
	return 0;
}

static int
reader_take_event(void *ctx, struct slice data)
{
	struct gemini_reader *g = ctx;
	struct gemini_event event;
	json_object *reply;
	int rc;

	if (g->plain && gemini_event_read(data, &event)) {
		take_plain(g, &event);
		return 0;
	}
	if (data.len == 0 || slice_eq(data, SLICE("[DONE]")))
		return 0;
	reply = json_reader_read(g->reader, data);
	rc = take_reply(g, reply);
	json_object_put(reply);
	return rc;
}

static int
reader_check_size(struct gemini_reader *g, int rc)
{
	if (g->sse.too_large)
		return apierror_set(
		    g->err, APIERROR_UPSTREAM, NULL, "An event of the Gemini API is too large.");
	return rc != 0 ? -1 : 0;
}

int
gemini_reader_feed(struct gemini_reader *g, struct slice bytes, struct apierror *err)
{
	g->err = err;
	return reader_check_size(g, sse_feed(&g->sse, bytes, reader_take_event, g));
}

/* Google may end a failed stream with an error that is no event. */
static int
check_residue(struct gemini_reader *g)
{
	struct slice residue = sse_residue(&g->sse);
	json_object *doc = residue.len > 0 ? json_read(residue) : NULL;
	int rc = answer_error(g->scratch, doc, g->err);

	json_object_put(doc);
	return rc;
}

int
gemini_reader_finish(struct gemini_reader *g, struct apierror *err)
{
	bool ended = false;

	g->err = err;
	g->ending = true;
	if (reader_check_size(g, sse_finish(&g->sse, reader_take_event, g)) != 0 ||
	    check_residue(g) != 0)
		return -1;
	settle_usage(g);
	for (size_t i = 0; i < CANDIDATES_MAX; i++)
		ended = ended || g->native[i][0] != '\0';
	ended = ended || g->block_reason[0] != '\0';
	return ended ? 0 : apierror_set(err, APIERROR_CUT, NULL, NULL);
}

int
gemini_reader_document(struct gemini_reader *g, struct slice text, struct apierror *err)
{
	json_object *reply = answer_read(g->scratch, text, err);
	int rc = 0;

	if (reply == NULL)
		return -1;
	g->err = err;
	take_members(g, reply);
	if (gen_candidate_count(reply) == 0 && g->block_reason[0] == '\0')
		rc = apierror_set(err, APIERROR_BAD_ANSWER, NULL,
		    "The answer of the Gemini API holds no candidate.");
	json_object_put(reply);
	return rc;
}

const struct usage *
gemini_reader_usage(struct gemini_reader *g)
{
	settle_usage(g);
	return &g->usage;
}

bool
gemini_reader_blocked(const struct gemini_reader *g, size_t candidate)
{
	return g->block_reason[0] != '\0' && g->native[candidate][0] == '\0';
}
