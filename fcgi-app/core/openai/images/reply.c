/* Images out of Gemini's answers: one document for all calls, or an event for each image. */
#include "config.h"

#include "core/openai/images/images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/reply_parts.h"
#include "core/gemini/reader.h"

#define IMAGES_TEXT_MAX (64 * KIB) /* what a model says beside its images */

void
images_reply_init(struct images_reply *r, struct answer_scratch *scratch)
{
	*r = (struct images_reply){ .scratch = scratch };
	for (size_t i = 0; i < IMAGES_MAX; i++)
		buf_init(&r->calls[i].text, IMAGES_TEXT_MAX);
}

void
images_reply_release(struct images_reply *r)
{
	for (size_t i = 0; i < IMAGES_MAX; i++) {
		struct images_call *call = &r->calls[i];

		for (size_t k = 0; k < call->count; k++)
			json_object_put(call->list[k].part);
		free(TAKE(call->list));
		call->count = 0;
		buf_release(&call->text);
	}
}

/* ---- width and height ---- */

#define HEAD_MAX (64 * KIB) /* as much of an image is searched for its size */

static unsigned
reply_big16(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static unsigned
reply_big32(const unsigned char *at)
{
	return reply_big16(at) << 16 | reply_big16(at + 2);
}

/* PNG (ISO 15948): IHDR is the first chunk. */
static bool
png_size(const unsigned char *head, size_t len, struct images_made *made)
{
	static const unsigned char magic[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n' };

	if (len < 24 || memcmp(head, magic, sizeof(magic)) != 0)
		return false;
	made->width = reply_big32(head + 16);
	made->height = reply_big32(head + 20);
	return true;
}

/* JPEG (ITU-T T.81): segments up to a start of frame, SOF0 to SOF15 without DHT, JPG and DAC. */
static void
jpeg_size(const unsigned char *head, size_t len, struct images_made *made)
{
	size_t at = 2;

	if (len < 4 || head[0] != 0xFF || head[1] != 0xD8)
		return;
	while (at + 9 <= len && head[at] == 0xFF) {
		unsigned char marker = head[at + 1];

		if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 &&
		    marker != 0xCC) {
			made->height = reply_big16(head + at + 5);
			made->width = reply_big16(head + at + 7);
			return;
		}
		at += 2 + (size_t)reply_big16(head + at + 2);
	}
}

static void
find_size(struct images_made *made)
{
	unsigned char *head = xmalloc(HEAD_MAX);
	size_t len = base64_peek(made->data, head, HEAD_MAX);

	if (!png_size(head, len, made))
		jpeg_size(head, len, made);
	free(head);
}

/* ---- reading ---- */

/* One answer while it is read. */
struct taking {
	struct images_call *call;
	char message[256]; /* finishMessage, or "" */
};

static void
reply_take_part(void *ctx, size_t candidate, const struct gemini_part *part, json_object *logprobs)
{
	struct images_call *call = ((struct taking *)ctx)->call;
	struct images_made *made;

	(void)candidate, (void)logprobs;
	if (part->kind == PART_TEXT)
		buf_add_slice(&call->text, part->text);
	if (part->kind != PART_IMAGE || json_get_str(part->body, "data").len == 0)
		return;
	call->list = xrealloc(call->list, (call->count + 1) * sizeof(*call->list));
	made = &call->list[call->count++];
	*made = (struct images_made){
		.part = json_object_get(part->json),
		.data = json_get_str(part->body, "data"),
		.mime = json_get_str(part->body, "mimeType"),
		.signature = part->signature,
	};
	find_size(made);
}

static void
reply_take_candidate(void *ctx, size_t candidate, json_object *object)
{
	struct taking *taking = ctx;
	struct slice message = json_get_str(object, "finishMessage");

	(void)candidate;
	if (message.len > 0)
		snprintf(taking->message, sizeof(taking->message), "%.*s", (int)message.len,
		    message.ptr);
}

/* Why there is no image: Google's explanation, or else what the model said in its place. */
static int
no_image(const struct gemini_reader *g, const struct taking *taking, struct apierror *err)
{
	struct chat_finish finish = { .native = slice_str(g->native[0]), .spoke = true };
	struct slice said = buf_slice(&taking->call->text);
	bool blocked = g->block_reason[0] != '\0';
	const char *reason = blocked ? g->block_reason : g->native[0];
	const char *joint = ": ";

	if (taking->message[0] != '\0')
		said = slice_str(taking->message);
	if (said.len == 0)
		joint = ".";
	if (blocked || strcmp(chat_finish_word(&finish), "content_filter") == 0)
		return apierror_set(err, APIERROR_MODERATION, NULL,
		    "The request was rejected by Google's filters (%s)%s%.*s", reason, joint,
		    (int)said.len, said.ptr);
	return apierror_set(err, APIERROR_UPSTREAM, NULL,
	    "The Gemini API made no image (finish reason %s)%s%.*s",
	    reason[0] != '\0' ? reason : "unknown", joint, (int)said.len, said.ptr);
}

int
images_reply_add(struct images_reply *r, unsigned call, struct slice upstream, struct apierror *err)
{
	static const struct gemini_sink sink = { .part = reply_take_part,
		.candidate = reply_take_candidate };
	struct taking taking = { .call = &r->calls[call] };
	struct gemini_reader reader;
	int rc;

	gemini_reader_init(&reader, r->scratch, false, &sink, &taking);
	rc = gemini_reader_document(&reader, upstream, err);
	if (rc == 0 && taking.call->count == 0)
		rc = no_image(&reader, &taking, err);
	taking.call->usage = *gemini_reader_usage(&reader);
	r->count += taking.call->count;
	gemini_reader_release(&reader);
	if (rc != 0)
		buf_reset(&taking.call->text);
	return rc;
}

void
images_reply_fail(struct images_reply *r, const struct apierror *err)
{
	if (!r->failed)
		r->err = *err;
	r->failed = true;
}

struct usage
images_reply_usage(const struct images_reply *r)
{
	struct usage sum = { 0 };

	for (size_t i = 0; i < IMAGES_MAX; i++)
		usage_add(&sum, &r->calls[i].usage);
	return sum;
}

/* ---- writing ---- */

/* The word for output_format, or NULL. */
static const char *
format_of(const struct images_made *made)
{
	static const char *const words[] = { "png", "jpeg", "webp" };
	struct slice type = SLICE("image/"), rest = made->mime;

	if (!slice_startsi(rest, type))
		return NULL;
	rest = slice_skip(rest, type.len);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eqi(rest, slice_str(words[i])))
			return words[i];
	return NULL;
}

/* The size, when it is one that OpenAI's replies may name; else NULL. */
static const char *
size_of(const struct images_made *made)
{
	static const struct {
		unsigned width, height;
		const char *word;
	} sizes[] = {
		{ 1024, 1024, "1024x1024" },
		{ 1024, 1536, "1024x1536" },
		{ 1536, 1024, "1536x1024" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		if (made->width == sizes[i].width && made->height == sizes[i].height)
			return sizes[i].word;
	return NULL;
}

/* Counters that Google did not split by modality are text. whole: the form of documents, which
 * splits the output as well. */
static void
reply_write_usage(struct jwriter *w, const struct usage *u, bool whole)
{
	int64_t input = usage_input(u), output = usage_output(u);
	int64_t images_in = u->prompt_image < input ? u->prompt_image : input;
	int64_t images_out = u->output_image < output ? u->output_image : output;

	jw_object(w, "usage");
	jw_int(w, "input_tokens", input);
	jw_object(w, "input_tokens_details");
	jw_int(w, "text_tokens", input - images_in);
	jw_int(w, "image_tokens", images_in);
	jw_object_end(w);
	jw_int(w, "output_tokens", output);
	if (whole && images_out > 0) {
		jw_object(w, "output_tokens_details");
		jw_int(w, "text_tokens", output - images_out);
		jw_int(w, "image_tokens", images_out);
		jw_object_end(w);
	}
	jw_int(w, "total_tokens", u->total);
	jw_object_end(w);
}

static void
write_made(struct jwriter *w, const struct images_made *made, bool url)
{
	if (!url) {
		jw_slice(w, "b64_json", made->data);
		return;
	}
	jw_str_open(w, "url");
	buf_adds(w->out, "data:");
	buf_add_json(w->out, made->mime);
	buf_adds(w->out, ";base64,");
	buf_add_json(w->out, made->data);
	jw_str_close(w);
}

static void
reply_write_data(struct jwriter *w, const struct images_reply *r, bool url)
{
	jw_array(w, "data");
	for (size_t i = 0; i < IMAGES_MAX; i++) {
		const struct images_call *call = &r->calls[i];

		for (size_t k = 0; k < call->count; k++) {
			jw_object(w, NULL);
			write_made(w, &call->list[k], url);
			if (call->text.len > 0)
				jw_slice(w, "revised_prompt", buf_slice(&call->text));
			jw_object_end(w);
		}
	}
	jw_array_end(w);
}

/* What all images have in common: NULL where they differ. */
static void
look_at_all(const struct images_reply *r, const char **ret_format, const char **ret_size)
{
	bool first = true;

	for (size_t i = 0; i < IMAGES_MAX; i++) {
		for (size_t k = 0; k < r->calls[i].count; k++, first = false) {
			const char *format = format_of(&r->calls[i].list[k]);
			const char *size = size_of(&r->calls[i].list[k]);

			*ret_format = first || *ret_format == format ? format : NULL;
			*ret_size = first || *ret_size == size ? size : NULL;
		}
	}
}

static void
mention_changes(const struct images_reply *r, const struct images_request *request,
    const char *format, struct changes *changes)
{
	/* Formats that Google never makes were noted with the request. */
	bool possible = strcmp(request->format, "png") == 0 || strcmp(request->format, "jpeg") == 0;

	if (r->count < request->n)
		changes_mention(changes, CHANGE_CLAMPED, "n");
	if (possible && (format == NULL || strcmp(format, request->format) != 0))
		changes_mention(changes, CHANGE_IGNORED, "output_format");
}

int
images_reply_write(const struct images_reply *r, const struct images_request *request,
    int64_t created, struct changes *changes, struct buf *out, struct apierror *err)
{
	struct jwriter w = jwriter_on(out);
	struct usage usage = images_reply_usage(r);
	const char *format = NULL, *size = NULL;

	if (r->count == 0) {
		*err = r->err;
		return -1;
	}
	look_at_all(r, &format, &size);
	mention_changes(r, request, format, changes);
	jw_object(&w, NULL);
	jw_int(&w, "created", created);
	reply_write_data(&w, r, request->url);
	jw_str(&w, "background", "opaque");
	if (format != NULL)
		jw_str(&w, "output_format", format);
	if (request->quality != NULL)
		jw_str(&w, "quality", request->quality);
	if (size != NULL)
		jw_str(&w, "size", size);
	if (usage.known)
		reply_write_usage(&w, &usage, true);
	jw_object_end(&w);
	return 0;
}

void
images_events_write(const struct images_reply *r, const struct images_request *request,
    unsigned call, int64_t created, struct buf *out)
{
	static const struct usage none = { 0 };
	const struct images_call *c = &r->calls[call];
	const char *type = request->edit ? "image_edit.completed" : "image_generation.completed";

	for (size_t i = 0; i < c->count; i++) {
		const char *format = format_of(&c->list[i]), *size = size_of(&c->list[i]);
		struct jwriter w = jwriter_on(out);

		buf_addf(out, "event: %s\ndata: ", type);
		jw_object(&w, NULL);
		jw_str(&w, "type", type);
		jw_slice(&w, "b64_json", c->list[i].data);
		jw_int(&w, "created_at", created);
		jw_str(&w, "size", size != NULL ? size : "auto");
		jw_str(&w, "quality", request->quality != NULL ? request->quality : "auto");
		jw_str(&w, "background", "opaque");
		jw_str(&w, "output_format", format != NULL ? format : "png");
		/* Images of one call were counted together. */
		reply_write_usage(&w, i + 1 == c->count ? &c->usage : &none, false);
		jw_object_end(&w);
		buf_adds(out, "\n\n");
	}
}
