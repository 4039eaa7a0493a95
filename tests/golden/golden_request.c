/* Golden tests of the request translator; golden.c tells what the files hold. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat.h"
#include "golden.h"

static struct families *
read_families(const char *dir, const char *name)
{
	char *path = golden_path(dir, name, ".families.txt");
	struct families *families;
	const char *error = NULL;
	size_t line = 0;
	struct buf text;

	buf_init(&text, GOLDEN_MAX);
	golden_ok(golden_read(path, &text), path);
	buf_addc(&text, '\n'); /* and the NUL behind it */
	families = families_new(text.data, &error, &line);
	golden_ok(families != NULL, path);
	buf_release(&text);
	free(path);
	return families;
}

static void
write_request(const struct chat_request *request, struct buf *out)
{
	const struct {
		const char *name;
		bool set;
	} flags[] = {
		{ "stream", request->stream },
		{ "include_usage", request->include_usage },
		{ "legacy_functions", request->legacy_functions },
		{ "one_call", request->one_call },
		{ "grounded", request->grounded },
	};
	struct jwriter w = jwriter_on(out);

	jw_object(&w, NULL);
	jw_str(&w, "model", request->model.name);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].set)
			jw_bool(&w, flags[i].name, true);
	if (request->fan != 1)
		jw_int(&w, "fan", request->fan);
	if (request->audio_format[0] != '\0')
		jw_str(&w, "audio_format", request->audio_format);
	jw_raw(&w, "body", buf_slice(&request->body));
	jw_object_end(&w);
}

void
golden_expect_changes(const char *dir, const char *name, struct changes *changes)
{
	struct buf text;

	if (changes->count == 0) {
		golden_expect_none(dir, name, ".changes.txt");
		return;
	}
	buf_init(&text, GOLDEN_MAX);
	buf_add_slice(&text, changes_header(changes));
	buf_addc(&text, '\n');
	golden_expect(dir, name, ".changes.txt", buf_slice(&text), false);
	buf_release(&text);
}

void
golden_request(const char *dir, const char *name, struct slice input)
{
	struct slice named = slice_str(name);
	struct chat_request request;
	struct apierror err;
	struct changes changes;
	struct ext_refs refs;
	struct translate_env env = {
		.models = golden_models,
		.refs = &refs,
		.changes = &changes,
		.media_urls = slice_starts(named, SLICE("urls_")),
		.omit_signatures = slice_starts(named, SLICE("unsigned_")),
	};
	struct families *families =
	    slice_starts(named, SLICE("families_")) ? read_families(dir, name) : NULL;
	json_object *world = golden_json(dir, name, ".refs.json");
	struct buf out;
	int answer;

	env.families = families;
	buf_init(&out, GOLDEN_MAX);
	ext_refs_init(&refs);
	changes_init(&changes, slice_starts(named, SLICE("strict_")));
	chat_request_init(&request);
	answer = chat_request_read(&request, input, &env, &err);
	if (answer == 0 && refs.wanted > 0) {
		golden_answer_refs(&refs, world);
		changes_reset(&changes);
		chat_request_release(&request);
		answer = chat_request_read(&request, input, &env, &err);
	}
	if (answer != 0) {
		golden_expect_error(dir, name, &err);
	} else {
		write_request(&request, &out);
		golden_expect(dir, name, ".out.json", buf_slice(&out), true);
		golden_expect_changes(dir, name, &changes);
	}
	chat_request_release(&request);
	changes_release(&changes);
	ext_refs_release(&refs);
	families_free(families);
	json_object_put(world);
	buf_release(&out);
}
