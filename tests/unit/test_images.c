/* images*.c: golden cases of requests with their answers, forms, sizes, media from outside. */
#include "config.h"

#include "core/openai/images/images.h"

#include "base/base64.h"
#include "golden_dir.h"
#include "judge.h"

static struct answer_scratch scratch;

static struct models *models;

static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\4\0\0\0\6\0\10\2\0\0\0";
#define PNG_LEN (sizeof(png) - 1)

/* ---- golden cases ---- */

static void
describe(struct jwriter *w, const struct images_request *request, struct changes *changes)
{
	jw_str(w, "model", request->model.name);
	jw_int(w, "n", request->n);
	if (request->stream)
		jw_bool(w, "stream", true);
	if (changes->count > 0)
		jw_slice(w, "changes", changes_header(changes));
	jw_raw(w, "body", buf_slice(&request->body));
}

static int
answer(json_object *answers, const struct images_request *request, struct changes *changes,
    struct jwriter *w, struct buf *events, struct apierror *err)
{
	struct images_reply reply;
	struct buf text, doc;
	int result = 0;

	images_reply_init(&reply, &scratch);
	buf_init(&text, GOLDEN_MAX);
	buf_init(&doc, GOLDEN_MAX);
	for (unsigned i = 0; i < json_object_array_length(answers); i++) {
		buf_reset(&text);
		json_write(json_object_array_get_idx(answers, i), &text);
		if (images_reply_add(&reply, i, buf_slice(&text), err) != 0)
			images_reply_fail(&reply, judged(&scratch, err));
		if (request->stream)
			images_events_write(&reply, request, i, 1700000000, events);
	}
	changes_reset(changes);
	if (!request->stream)
		result = images_reply_write(&reply, request, 1700000000, changes, &doc, err);
	if (changes->count > 0)
		jw_slice(w, "reply_changes", changes_header(changes));
	if (!request->stream)
		jw_raw(w, "reply", buf_slice(&doc));
	images_reply_release(&reply);
	buf_release(&text);
	buf_release(&doc);
	return result;
}

/* {"edit": bool, "strict": bool, "request": {...}, "answers": [...]}; events are in X.out.sse. */
static int
translate(json_object *input, struct buf *out, struct buf *events, struct apierror *err)
{
	struct images_request request;
	struct changes changes;
	struct buf text;
	struct jwriter w = jwriter_on(out);
	json_object *answers = json_get_array(input, "answers");
	int result;

	images_request_init(&request);
	changes_init(&changes, json_get_bool(input, "strict", false));
	buf_init(&text, GOLDEN_MAX);
	json_write(json_get(input, "request"), &text);
	if (json_get_bool(input, "edit", false))
		result = images_edit_read(&request, buf_slice(&text),
		    &(struct translate_env){ .models = models, .refs = NULL, .changes = &changes },
		    err);
	else
		result = images_request_read(&request, buf_slice(&text),
		    &(struct translate_env){ .models = models, .changes = &changes }, err);
	jw_object(&w, NULL);
	if (result == 0) {
		describe(&w, &request, &changes);
		if (answers != NULL)
			result = answer(answers, &request, &changes, &w, events, err);
	}
	jw_object_end(&w);
	buf_release(&text);
	changes_release(&changes);
	images_request_release(&request);
	return result;
}

static void
run_case(const char *path, struct slice input)
{
	golden_expect_translation(path, input, translate);
}

/* ---- sizes ---- */

/* What is asked of Google for a size, and whether that is what the caller asked for. */
static void
shape_of(const char *model, const char *size, struct buf *got)
{
	struct images_request request;
	struct changes changes;
	struct apierror err;
	struct buf text;
	json_object *body, *config;

	images_request_init(&request);
	changes_init(&changes, false);
	buf_init(&text, 1 * KIB);
	buf_addf(&text, "{\"prompt\":\"x\",\"model\":\"%s\",\"size\":\"%s\"}", model, size);
	if (images_request_read(&request, buf_slice(&text),
		&(struct translate_env){ .models = models, .changes = &changes }, &err) != 0) {
		buf_adds(got, err.param);
	} else {
		body = json_read(buf_slice(&request.body));
		config = json_get(json_get(body, "generationConfig"), "imageConfig");
		buf_add_slice(got, json_get_str(config, "aspectRatio"));
		buf_addc(got, ' ');
		buf_add_slice(got, json_get_str(config, "imageSize"));
		buf_adds(got, changes.count == 0 ? " =" : "");
		json_object_put(body);
	}
	buf_release(&text);
	changes_release(&changes);
	images_request_release(&request);
}

static void
test_shapes(void)
{
	/* clang-format off */
	static const struct {
		const char *model, *size, *want;
	} cases[] = {
		{ "gemini-3.1-flash-image", "1024x1024", "1:1 1K =" },
		{ "gemini-3.1-flash-image", "512x512", "1:1 512 =" },
		{ "gemini-3.1-flash-image", "256x256", "1:1 512" },
		{ "gemini-3.1-flash-image", "1536x1024", "3:2 1K" },
		{ "gemini-3.1-flash-image", "1024x1536", "2:3 1K" },
		{ "gemini-3.1-flash-image", "1792x1024", "16:9 1K" },
		{ "gemini-3.1-flash-image", "1024X1792", "9:16 1K" },
		{ "gemini-3.1-flash-image", "2048x2048", "1:1 2K =" },
		{ "gemini-3.1-flash-image", "2560x1440", "16:9 2K" },
		{ "gemini-3.1-flash-image", "3840x2160", "16:9 4K" },
		{ "gemini-3.1-flash-image", "4096x4096", "1:1 4K =" },
		{ "gemini-3.1-flash-image", "512x2048", "1:4 1K =" },
		{ "gemini-3.1-flash-image", "2048x256", "8:1 1K" },
		{ "gemini-3.1-flash-image", "1x16384", "1:8 512" },
		{ "gemini-3-pro-image", "512x512", "1:1 1K" },
		{ "gemini-3-pro-image", "512x2048", "9:16 1K" },
		{ "gemini-3-pro-image-preview", "3000x3000", "1:1 4K" },
		{ "gemini-3.1-flash-lite-image", "2048x2048", "1:1 " },
		{ "gemini-2.5-flash-image", "1024x1024", "1:1  =" },
		{ "gemini-2.5-flash-image", "2560x1080", "21:9 " },
		{ "gemini-9-image", "512x512", "1:1 512 =" },
		{ "gemini-3.8-flash", "512x512", "model" },
		{ "gemini-3.1-flash-image", "", "  =" },
		{ "gemini-3.1-flash-image", "x", " " },
		{ "gemini-3.1-flash-image", "1024", " " },
		{ "gemini-3.1-flash-image", "1024x", " " },
		{ "gemini-3.1-flash-image", "0x1024", " " },
		{ "gemini-3.1-flash-image", "-5x1024", " " },
		{ "gemini-3.1-flash-image", "16385x1", " " },
		{ "gemini-3.1-flash-image", "1024x1024x1024", " " },
		{ "gemini-3.1-flash-image", "99999999999999999999x1", " " },
		{ "gemini-3.1-flash-image", "large", " " },
		{ "gemini-3.1-flash-image", "AUTO", "  =" },
		{ "gemini-3.1-flash-image", "2K", " 2K =" },
		{ "gemini-3.1-flash-image", "1k", " 1K =" },
		{ "gemini-3.1-flash-image", "512", " 512 =" },
		{ "gemini-3.1-flash-image", "16:9", "16:9  =" },
		{ "gemini-3.1-flash-image", "3/4", "3:4  =" },
		{ "gemini-3.1-flash-image", "17:9", "16:9 " },
		{ "gemini-3.1-flash-image", "1024\303\2271024", "1:1 1K =" },
		{ "gemini-3.1-flash-image", "2048 * 2048", "1:1 2K =" },
		{ "gemini-3.1-flash-image", " 1024X1024 ", "1:1 1K =" },
		{ "gemini-2.5-flash-image", "1k", "  =" },
		{ "gemini-2.5-flash-image", "2k", " " },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf got;

		buf_init(&got, 1 * KIB);
		shape_of(cases[i].model, cases[i].size, &got);
		is_slice(buf_slice(&got), cases[i].want, cases[i].size);
		buf_release(&got);
	}
}

/* ---- forms ---- */

static int
read_form(struct images_request *request, struct changes *changes, const char *fields,
    struct slice file, struct apierror *err)
{
	struct multipart form;
	struct buf body;
	int result;

	buf_init(&body, 1 * MIB);
	buf_adds(&body, fields);
	buf_adds(&body, "--B\r\nContent-Disposition: form-data; name=\"image[]\"; "
			"filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n");
	buf_add_slice(&body, file);
	buf_adds(&body, "\r\n--B--\r\n");
	multipart_init(&form);
	images_request_init(request);
	result =
	    multipart_read(&form, SLICE("multipart/form-data; boundary=B"), buf_slice(&body), err);
	if (ok(result == 0, "a form"))
		result = images_form_read(request, &form,
		    &(struct translate_env){ .models = models, .changes = changes }, err);
	multipart_release(&form);
	buf_release(&body);
	return result;
}

#define FIELD(name, value) \
	"--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

static void
test_forms(void)
{
	struct slice file = { png, PNG_LEN };
	struct images_request request;
	struct changes changes;
	struct apierror err;
	struct buf want;

	changes_init(&changes, false);
	buf_init(&want, 1 * MIB);
	buf_adds(&want, "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"inlineData\":{"
			"\"mimeType\":\"image/png\",\"data\":\"");
	base64_add(&want, png, PNG_LEN);
	buf_adds(&want, "\"}},{\"text\":\"a hat\"}]}],\"generationConfig\":{"
			"\"responseModalities\":[\"TEXT\",\"IMAGE\"],"
			"\"imageConfig\":{\"aspectRatio\":\"4:3\"}}}");
	ok(read_form(&request, &changes,
	       FIELD("model", "gpt-image-1") FIELD("prompt", "a hat") FIELD("n", "2")
		   FIELD("stream", "true") FIELD("input_fidelity", "high")
		       FIELD("google[aspect_ratio]", "4:3"),
	       file, &err) == 0,
	    "is read");
	is_int(request.n, 2, "n");
	ok(request.stream && request.edit, "stream");
	is_slice(buf_slice(&request.body), want.data, "the upload becomes inline data");
	is_slice(changes_header(&changes), "/input_fidelity ignored", "what was changed");
	images_request_release(&request);

	ok(read_form(&request, NULL, FIELD("prompt", "x") FIELD("mask", "y"), file, &err) != 0,
	    "a mask is refused");
	is_str(err.param, "mask", "by its name");
	images_request_release(&request);
	ok(read_form(&request, NULL, FIELD("prompt", "x") FIELD("n", "two"), file, &err) != 0,
	    "so is a number that is none");
	is_str(err.param, "n", "by its name");
	images_request_release(&request);
	ok(read_form(&request, NULL, FIELD("prompt", "x"), SLICE("hello"), &err) != 0,
	    "and a file that is no image");
	is_str(err.param, "image", "by its name");
	images_request_release(&request);
	ok(read_form(&request, NULL, FIELD("prompt", "x"), SLICE(""), &err) != 0, "or is empty");
	images_request_release(&request);
	ok(read_form(&request, NULL,
	       FIELD("prompt", "x") FIELD("image", "data:image/webp;base64,UklGRgAAAABXRUJQ"), file,
	       &err) == 0,
	    "a data: URL in a field");
	ok(slice_find(buf_slice(&request.body),
	       SLICE("{\"mimeType\":\"image/webp\",\"data\":\"UklGRgAAAABXRUJQ\"}")) > 0,
	    "is an image too");
	images_request_release(&request);
	buf_release(&want);
	changes_release(&changes);
}

/* ---- media from outside ---- */

static const char remote[] = "{\"prompt\":\"a hat\",\"images\":[{\"image_url\":"
			     "\"https://example.com/a.png\"}]}";

static void
test_remote(void)
{
	struct images_request request;
	struct ext_refs refs;
	struct changes changes;
	struct apierror err;
	struct buf bytes;

	ext_refs_init(&refs);
	changes_init(&changes, false);
	images_request_init(&request);
	images_edit_read(&request, slice_str(remote),
	    &(struct translate_env){ .models = models, .refs = &refs, .changes = &changes }, &err);
	is_int(refs.wanted, 1, "an image behind a URL is wanted");
	is_str(refs.list[0]->key, "https://example.com/a.png", "that one");
	is_str(refs.list[0]->at, "images[0].image_url", "of that field");
	buf_init(&bytes, 100);
	buf_add(&bytes, png, PNG_LEN);
	ext_refs_found(&refs, refs.list[0], &bytes);
	snprintf(refs.list[0]->mime, sizeof(refs.list[0]->mime), "image/png");
	images_request_release(&request);
	images_request_init(&request);
	changes_reset(&changes);
	ok(images_edit_read(&request, slice_str(remote),
	       &(struct translate_env){ .models = models, .refs = &refs, .changes = &changes },
	       &err) == 0,
	    "and is put into the request");
	ok(slice_find(buf_slice(&request.body), SLICE("\"mimeType\":\"image/png\"")) > 0,
	    "with its type");
	is_slice(changes_header(&changes), "/images/0/image_url inlined", "which is noted");
	snprintf(refs.list[0]->mime, sizeof(refs.list[0]->mime), "text/html");
	buf_reset(&refs.list[0]->value);
	buf_adds(&refs.list[0]->value, "<html>");
	images_request_release(&request);
	images_request_init(&request);
	ok(images_edit_read(&request, slice_str(remote),
	       &(struct translate_env){ .models = models, .refs = &refs, .changes = &changes },
	       &err) != 0,
	    "a page is no image");
	is_str(err.param, "images[0].image_url", "named");
	apierror_set(&refs.list[0]->err, APIERROR_BAD_VALUE, "images[0].image_url", "gone");
	ext_refs_absent(&refs, refs.list[0]);
	images_request_release(&request);
	images_request_init(&request);
	ok(images_edit_read(&request, slice_str(remote),
	       &(struct translate_env){ .models = models, .refs = &refs, .changes = &changes },
	       &err) != 0,
	    "nothing is no image");
	is_str(err.message, "gone", "for its reason");
	images_request_release(&request);
	ext_refs_release(&refs);
	changes_release(&changes);
}

/* ---- signatures ---- */

static void
test_signature(void)
{
	struct images_reply reply;
	struct apierror err;

	images_reply_init(&reply, &scratch);
	ok(images_reply_add(&reply, 3,
	       SLICE("{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":"
		     "\"image/png\",\"data\":\"QUJD\"},\"thoughtSignature\":\"c2ln\"}]},"
		     "\"finishReason\":\"STOP\"}]}"),
	       &err) == 0,
	    "an answer");
	is_slice(reply.calls[3].list[0].signature, "c2ln", "keeps its signature");
	is_int(reply.calls[3].list[0].width, 0, "and has no size");
	images_reply_release(&reply);
}

/* Without an alias for the name that OpenAI assumes. */
static void
test_unnamed_model(void)
{
	const char *error;
	struct models *none = models_new("gpt-image-1=gemini-3.8-flash", &error);
	struct images_request request;
	struct apierror err;

	images_request_init(&request);
	ok(images_request_read(&request, SLICE("{\"prompt\":\"x\"}"),
	       &(struct translate_env){ .models = none, .changes = NULL }, &err) == 0,
	    "no model named");
	is_str(request.model.name, "gemini-3.1-flash-image", "gives one that makes images");
	images_request_release(&request);
	models_free(none);
}

int
main(void)
{
	const char *error;

	models = models_new("dall-e-*=gemini-3.1-flash-image,"
			    "gpt-image-1-mini=gemini-3.1-flash-lite-image,"
			    "gpt-image-*=gemini-3.1-flash-image,gpt-*=gemini-2.5-flash",
	    &error);
	golden_run("images", ".in.json", NULL, run_case);
	test_shapes();
	test_forms();
	test_remote();
	test_signature();
	test_unnamed_model();
	models_free(models);
	return tap_done();
}
