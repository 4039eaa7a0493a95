/*
 * Forms: the first line is the Content-Type, the rest the body. Every part lies within the body,
 * behind the one before, and the file of a form is what a transcription would send on.
 */
#include "config.h"

#include "base/xalloc.h"
#include "core/http/multipart.h"
#include "core/openai/audio/transcription.h"
#include "fuzz.h"

static void
check_within(struct slice part, struct slice body)
{
	FUZZ_CHECK(part.len == 0 || (part.ptr >= body.ptr && part.len <= body.len &&
					part.ptr + part.len <= body.ptr + body.len));
}

static void
check_parts(const struct multipart *m, struct slice body)
{
	const char *last = body.ptr;
	struct buf name;

	FUZZ_CHECK(m->count <= FORM_PARTS_MAX);
	for (size_t i = 0; i < m->count; i++) {
		const struct multipart_part *part = &m->parts[i];

		check_within(part->name, body);
		check_within(part->filename, body);
		check_within(part->type, body);
		check_within(part->body, body);
		FUZZ_CHECK(part->name.len > 0 && part->name.ptr > last);
		last = part->name.ptr;
		FUZZ_CHECK(part->body.len == 0 || part->body.ptr > last);
		FUZZ_CHECK(part->file || part->filename.len == 0);
		buf_init(&name, body.len);
		multipart_filename(part, &name);
		FUZZ_CHECK(!name.failed && name.len <= part->filename.len);
		buf_release(&name);
	}
}

static void
check_transcription(const struct multipart *m, const struct models *models)
{
	static const enum transcription_task tasks[] = { TASK_TRANSCRIBE, TASK_TRANSLATE };
	struct transcription_request request;
	struct changes changes;
	struct apierror err;
	json_object *doc;

	for (size_t i = 0; i < ARRAY_SIZE(tasks); i++) {
		transcription_request_init(&request);
		changes_init(&changes, false);
		if (transcription_request_read(&request, tasks[i], m,
			&(struct translate_env){ .models = models, .changes = &changes },
			&err) == 0) {
			doc = json_read(buf_slice(&request.body));
			FUZZ_CHECK(doc != NULL);
			json_object_put(doc);
		} else {
			FUZZ_CHECK(err.status >= 400 && err.status < 500);
		}
		changes_release(&changes);
		transcription_request_release(&request);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct models *models;
	struct slice body = { (const char *)bytes, size }, type = SLICE("");
	const char *error;
	struct multipart m;
	struct apierror err;

	if (models == NULL)
		models = models_new("whisper-1=" TRANSCRIPTION_MODEL, &error);
	slice_split(&body, '\n', &type);
	multipart_init(&m);
	if (multipart_read(&m, type, body, &err) == 0) {
		check_parts(&m, body);
		check_transcription(&m, models);
	} else {
		FUZZ_CHECK(err.status == 400);
	}
	multipart_release(&m);
	return 0;
}
