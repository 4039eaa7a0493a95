/* Names of stored objects in paths, bodies and answers. */
#include "config.h"

#include "core/gemini/stored_objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/json/json.h"
#include "golden_dir.h"
#include "tap.h"

#define BASE "http://127.0.0.1:8000"

static char joined[4096];

/* The names with blanks between them; releases o. */
static const char *
names(struct stored_objects *o)
{
	joined[0] = '\0';
	stored_objects_settle(o);
	for (size_t i = 0; i < o->count; i++) {
		strcat(joined, i > 0 ? " " : "");
		strcat(joined, o->names[i]);
	}
	stored_objects_release(o);
	return joined;
}

static void
test_paths(void)
{
	static const struct {
		const char *path, *want;
		enum object_use use;
	} rows[] = {
		{ "/v1beta/files/abc-1", "files/abc-1", OBJECT_USE_ONE },
		{ "/v1beta/files", "", OBJECT_USE_MANY },
		{ "/v1beta/files:register", "", OBJECT_USE_MANY },
		{ "/v1/files/abc:download", "files/abc", OBJECT_USE_ONE },
		{ "/download/v1beta/files/abc%3Adownload", "files/abc", OBJECT_USE_ONE },
		{ "/upload/v1beta/files", "", OBJECT_USE_MANY },
		{ "/v1beta/cachedContents/x", "cachedContents/x", OBJECT_USE_ONE },
		{ "/v1beta/batches/x:cancel", "batches/x", OBJECT_USE_ONE },
		{ "/v1beta/operations/x", "operations/x", OBJECT_USE_ONE },
		{ "/v1beta/models/m/operations/x", "models/m/operations/x", OBJECT_USE_ONE },
		{ "/v1beta/models/m/operations", "", OBJECT_USE_MANY },
		{ "/v1beta/models/m:batchGenerateContent", "", OBJECT_USE_MANY },
		{ "/v1beta/models/m%3AasyncBatchEmbedContent", "", OBJECT_USE_MANY },
		{ "/v1beta/models/m:generateContent", "", OBJECT_USE_NONE },
		{ "/v1beta/models/m", "", OBJECT_USE_NONE },
		{ "/v1beta/models", "", OBJECT_USE_NONE },
		{ "/models/m:generateContent", "", OBJECT_USE_NONE },
		{ "/v1beta/fileSearchStores/s/documents/d", "fileSearchStores/s", OBJECT_USE_ONE },
		{ "/upload/v1beta/fileSearchStores/s:uploadToFileSearchStore", "fileSearchStores/s",
		    OBJECT_USE_ONE },
		{ "/v1beta/fileSearchStores/s/upload/operations/o", "fileSearchStores/s",
		    OBJECT_USE_ONE },
		{ "/v1beta/tunedModels/t:generateContent", "tunedModels/t", OBJECT_USE_ONE },
		{ "/v1beta/tunedModels/t/operations/o", "tunedModels/t", OBJECT_USE_ONE },
		{ "/v1beta/generatedFiles/g/operations/o", "generatedFiles/g", OBJECT_USE_ONE },
		{ "/v1beta/interactions", "", OBJECT_USE_MANY },
		{ "/v1beta/interactions/v1_Ab.c~d=/cancel",
		    "interactions/v1_Ab.c~d=", OBJECT_USE_ONE },
		{ "/v1beta/openai/batches/batches%2Fx", "batches/x", OBJECT_USE_ONE },
		{ "/v1beta/openai/batches/batches/x", "batches/x", OBJECT_USE_ONE },
		{ "/v1beta/openai/batches/x", "batches/x", OBJECT_USE_ONE },
		{ "/v1beta/environments:create", "", OBJECT_USE_MANY },
		{ "/v1beta/environments/e/files/src/a.txt", "environments/e", OBJECT_USE_ONE },
		{ "/upload/v1beta/environments/e/files/a.txt", "environments/e", OBJECT_USE_ONE },
		{ "/v1beta/triggers", "", OBJECT_USE_MANY },
		{ "/v1beta/triggers/t/executions/x", "triggers/t", OBJECT_USE_ONE },
		{ "/v1beta/credentials/c", "credentials/c", OBJECT_USE_ONE },
		{ "/v1beta/voices/v", "voices/v", OBJECT_USE_ONE },
		{ "/v1beta/webhooks/w:ping", "webhooks/w", OBJECT_USE_ONE },
		{ "/v1beta/decisions", "", OBJECT_USE_NONE },
		{ "/v1beta/unknown/x", "", OBJECT_USE_NONE },
		{ "/v1beta", "", OBJECT_USE_NONE },
		{ "", "", OBJECT_USE_NONE },
		{ "/v1beta/files/", "", OBJECT_USE_MANY },
		{ "/v1beta/files/<x>", "", OBJECT_USE_MANY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stored_objects o;
		struct object_path path;

		stored_objects_init(&o);
		path = stored_objects_of_path(slice_str(rows[i].path), &o);
		is_int(path.use, rows[i].use, rows[i].path);
		is_str(names(&o), rows[i].want, rows[i].path);
	}
}

static void
test_bodies(void)
{
	static const struct {
		const char *body, *want, *what;
		unsigned on;
	} rows[] = {
		{ "{\"contents\":[{\"parts\":[{\"fileData\":{\"fileUri\":"
		  "\"https://generativelanguage.googleapis.com/v1beta/files/b\"}},"
		  "{\"file_data\":{\"file_uri\":\"files/a\"}}]}]}",
		    "files/a files/b", "files, in both spellings", 0 },
		{ "{\"fileUri\":\"https:\\/\\/generativelanguage.googleapis.com\\/v1beta\\/files\\/"
		  "b\"}",
		    "files/b", "escaped slashes", 0 },
		{ "{\"fileUri\":\"" BASE "/v1beta/files/b\"}", "files/b", "the base URL", 0 },
		{ "{\"fileUri\":\"https://example.com/v1beta/files/b\"}", "", "another host", 0 },
		{ "{\"fileUri\":\"https://generativelanguage.googleapis.com.example.com/v1/files/"
		  "b\"}",
		    "", "a host that begins alike", 0 },
		{ "{\"fileUri\":\"https://www.youtube.com/watch?v=1\"}", "", "a video", 0 },
		{ "{\"fileUri\":\"cachedContents/x\"}", "", "not a file", 0 },
		{ "{\"text\":\"files/a\",\"name\":\"files/a\"}", "", "other members", 0 },
		{ "{\"cachedContent\":\"cachedContents/x\",\"cached_content\":\"cachedContents/"
		  "y\"}",
		    "cachedContents/x cachedContents/y", "caches", 0 },
		{ "{\"tools\":[{\"fileSearch\":{\"fileSearchStoreNames\":"
		  "[\"fileSearchStores/b\",\"fileSearchStores/a\",\"fileSearchStores/b\"]}}]}",
		    "fileSearchStores/a fileSearchStores/b", "stores, each once", 0 },
		{ "{\"model\":\"models/m\"}", "", "a model", 0 },
		{ "{\"model\":\"tunedModels/m\"}", "tunedModels/m", "a tuned model", 0 },
		{ "{\"functionCall\":{\"name\":\"f\",\"args\":{\"fileUri\":\"files/a\"}}}", "",
		    "arguments of a function", 0 },
		{ "{\"functionResponse\":{\"response\":{\"fileUri\":\"files/a\"},\"parts\":"
		  "[{\"fileData\":{\"fileUri\":\"files/b\"}}]}}",
		    "files/b", "the result of a function, and its parts", 0 },
		{ "{\"batch\":{\"inputConfig\":{\"fileName\":\"files/a\"}}}", "files/a",
		    "input of a batch", OBJECT_BODY_BATCH },
		{ "{\"fileName\":\"files/a\"}", "", "on other paths", OBJECT_BODY_INTERACTIONS },
		{ "{\"previous_interaction_id\":\"x1\",\"uri\":\"files/a\",\"cached_content\":"
		  "\"cachedContents/c\"}",
		    "cachedContents/c files/a interactions/x1", "interactions",
		    OBJECT_BODY_INTERACTIONS },
		{ "{\"previous_interaction_id\":\"\"}", "", "none", OBJECT_BODY_INTERACTIONS },
		{ "{\"uri\":\"files/a\",\"previous_interaction_id\":\"x\"}", "", "on other paths",
		    0 },
		{ "{\"environment\":\"e1\",\"tools\":[{\"type\":\"computer_use\","
		  "\"environment\":\"browser\"}]}",
		    "environments/e1", "an environment, and a tool's", OBJECT_BODY_INTERACTIONS },
		{ "{\"interaction\":{\"environment\":\"environments/e2\"},\"environment_id\":"
		  "\"e1\"}",
		    "environments/e1 environments/e2", "those of a trigger",
		    OBJECT_BODY_INTERACTIONS },
		{ "{\"environment\":{\"type\":\"remote\",\"environment_id\":\"e1\",\"env\":{\"A\":"
		  "{\"credential\":\"c1\"}},\"network\":{\"allowlist\":[{\"credential\":\"c2\"}]}}"
		  "}",
		    "credentials/c1 credentials/c2 environments/e1", "one in full, with secrets",
		    OBJECT_BODY_INTERACTIONS },
		{ "{\"environment\":\"e1\",\"credential\":\"c\"}", "", "on other paths", 0 },
		{ "{\"generationConfig\":{\"speechConfig\":{\"voiceConfig\":{\"voice\":"
		  "\"voices/v1\"}}},\"x\":[{\"voice\":\"voice_v2\"},{\"voice\":\"Puck\"}]}",
		    "voices/v1 voices/voice_v2", "voices of one's own", 0 },
		{ "{\"input_file_id\":\"files/a\"}", "files/a", "OpenAI's batches",
		    OBJECT_BODY_COMPAT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct stored_objects_scan scan;
		struct stored_objects o;

		stored_objects_init(&o);
		stored_objects_scan_init(&scan, &o, rows[i].on, SLICE(BASE));
		stored_objects_scan_feed(&scan, slice_str(rows[i].body));
		is_str(names(&o), rows[i].want, rows[i].what);
	}
}

/* ---- Google's description ---- */

#define DESCRIPTION_DEPTH 12 /* messages inside one another; some hold themselves */

struct description {
	const char *path;
	json_object *messages;
	const char *within[DESCRIPTION_DEPTH];
	size_t checked;
};

/* generateContent's spelling in the other one that Google reads. */
static void
add_snake(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name >= 'A' && *name <= 'Z')
			buf_addc(out, '_');
		buf_addc(out, *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name);
	}
}

/* head, the member in one spelling, and as many ends as it takes. */
static void
expect_found(struct description *d, const struct buf *head, const struct buf *tail, bool snake,
    const char *name, bool many, const char *given, const char *want)
{
	struct stored_objects_scan scan;
	struct stored_objects o, unused;
	struct buf body;
	const char *got;

	buf_init(&body, MIB);
	buf_add_slice(&body, buf_slice(head));
	buf_adds(&body, "{\"");
	if (snake)
		add_snake(&body, name);
	else
		buf_adds(&body, name);
	buf_addf(&body, many ? "\":[\"%s\"]}" : "\":\"%s\"}", given);
	for (size_t i = tail->len; i-- > 0;)
		buf_addc(&body, tail->data[i]);
	stored_objects_init(&o);
	stored_objects_init(&unused);
	stored_objects_scan_init(
	    &scan, &o, stored_objects_of_path(slice_str(d->path), &unused).body, SLICE(BASE));
	stored_objects_scan_feed(&scan, buf_slice(&body));
	got = names(&o);
	stored_objects_release(&unused);
	d->checked++;
	if (strcmp(got, want) != 0) {
		ok(false, d->path);
		printf("# %s\n# got: %s\n", body.data, got);
	}
	buf_release(&body);
}

static void
expect_field(struct description *d, const struct buf *head, const struct buf *tail,
    const char *name, json_object *field)
{
	struct slice collection = json_get_str(field, "names");
	bool many = json_get_bool(field, "many", false);
	char plain[100], uri[200];

	for (int snake = 0; snake <= 1; snake++) {
		if (collection.len > 0) {
			snprintf(plain, sizeof(plain), "%s/abc-1", collection.ptr);
			snprintf(uri, sizeof(uri),
			    "https://generativelanguage.googleapis.com/v1beta/%s", plain);
			expect_found(d, head, tail, snake, name, many, plain, plain);
			expect_found(d, head, tail, snake, name, many, uri, plain);
		}
		if (json_get(field, "samples") == NULL)
			continue;
		json_object_object_foreach(json_get(field, "samples"), given, want)
		{
			expect_found(
			    d, head, tail, snake, name, many, given, json_object_get_string(want));
		}
	}
}

/* head: what stands in front of the message; tail: what ends it, backwards. */
static void
walk(struct description *d, const char *message, size_t depth, struct buf *head, struct buf *tail)
{
	size_t head_len = head->len, tail_len = tail->len;

	for (size_t i = 0; i < depth; i++)
		if (strcmp(d->within[i], message) == 0)
			return;
	if (!ok(depth < DESCRIPTION_DEPTH && json_get(d->messages, message) != NULL, message))
		return;
	d->within[depth] = message;
	json_object_object_foreach(json_get(d->messages, message), name, field)
	{
		bool many = json_get_bool(field, "many", false);

		expect_field(d, head, tail, name, field);
		if (json_get(field, "message") == NULL)
			continue;
		buf_addf(head, "{\"%s\":%s", name, many ? "[" : "");
		buf_adds(tail, many ? "}]" : "}");
		walk(d, json_object_get_string(json_get(field, "message")), depth + 1, head, tail);
		head->len = head_len;
		tail->len = tail_len;
	}
}

/* Every place in which the body of a request can name a stored object. */
static void
test_description(const char *file)
{
	const char *srcdir = getenv("srcdir");
	json_object *document;
	struct buf text, head, tail;
	char path[1024];

	snprintf(path, sizeof(path), "%s/tests/unit/%s", srcdir != NULL ? srcdir : ".", file);
	buf_init(&text, MIB);
	buf_init(&head, 64 * KIB);
	buf_init(&tail, 64 * KIB);
	ok(golden_read(path, &text), file);
	document = json_read(buf_slice(&text));
	json_object_object_foreach(json_get(document, "paths"), at, message)
	{
		struct description d = { .path = at, .messages = json_get(document, "messages") };

		buf_reset(&head);
		buf_reset(&tail);
		walk(&d, json_object_get_string(message), 0, &head, &tail);
		ok(d.checked > 0, at);
	}
	json_object_put(document);
	buf_release(&text);
	buf_release(&head);
	buf_release(&tail);
}

static void
test_many(void)
{
	struct stored_objects_scan scan;
	struct stored_objects o;
	struct buf body;

	buf_init(&body, 8 * MIB);
	buf_adds(&body, "{\"fileSearchStoreNames\":[\"fileSearchStores/x\"");
	for (size_t i = 0; i < OBJECTS_MAX * 2; i++)
		buf_addf(&body, ",\"fileSearchStores/%zu\"", i % 100);
	buf_adds(&body, "]}");
	stored_objects_init(&o);
	stored_objects_scan_init(&scan, &o, 0, SLICE(""));
	stored_objects_scan_feed(&scan, buf_slice(&body));
	is_int(o.count, OBJECTS_MAX, "a bounded number of mentions");
	stored_objects_settle(&o);
	is_int(o.count, 101, "each once");
	stored_objects_release(&o);
	buf_release(&body);
}

static void
test_made(void)
{
	static const struct {
		const char *path, *answer, *want;
	} rows[] = {
		{ "/upload/v1beta/files",
		    "{\n  \"file\": {\n    \"name\": \"files/a\",\n    \"x\": 1}}", "files/a" },
		{ "/v1beta/cachedContents",
		    "{\"model\":\"models/m\",\"name\":\"cachedContents/a\"}", "cachedContents/a" },
		{ "/v1beta/models/m:batchGenerateContent",
		    "{\"name\":\"batches/a\",\"metadata\":{\"name\":\"batches/b\"}}", "batches/a" },
		{ "/v1beta/models/m:batchGenerateContent",
		    "{\"metadata\":{\"name\":\"batches/b\"},\"name\":\"batches/a\"}", "batches/a" },
		{ "/v1beta/models/m:batchGenerateContent", "{\"name\":\"models/m/operations/a\"}",
		    "models/m/operations/a" },
		{ "/v1beta/interactions", "{\"id\":\"abc\",\"status\":\"completed\"}",
		    "interactions/abc" },
		{ "/v1beta/interactions",
		    "event: interaction.created\r\ndata: {\"event_type\":\"interaction.created\","
		    "\"interaction\":{\"id\":\"abc\"}}\r\n\r\n",
		    "interactions/abc" },
		{ "/v1beta/openai/batches", "{\"id\":\"batches/a\",\"object\":\"batch\"}",
		    "batches/a" },
		{ "/v1beta/environments:create", "{\"id\":\"e1\",\"files\":3}", "environments/e1" },
		{ "/v1beta/triggers", "{\"display_name\":\"x\",\"id\":\"t1\"}", "triggers/t1" },
		{ "/v1beta/credentials", "{\"id\":\"credentials/c1\"}", "credentials/c1" },
		{ "/v1beta/voices", "{\"id\":\"voice_1\"}", "voices/voice_1" },
		{ "/v1beta/agents", "{\"id\":\"a1\"}", "agents/a1" },
		{ "/v1beta/files", "{\"files\":[{\"name\":\"files/a\"}]}", "" },
		{ "/v1beta/files", "{\"error\":{\"name\":\"files/a\"}}", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t piece = 1; piece < 20; piece += 6) {
			struct slice answer = slice_str(rows[i].answer);
			struct object_made made;
			struct object_path path;
			struct stored_objects o;

			stored_objects_init(&o);
			path = stored_objects_of_path(slice_str(rows[i].path), &o);
			object_made_init(&made, &path);
			for (size_t at = 0; at < answer.len; at += piece)
				object_made_feed(
				    &made, (struct slice){ answer.ptr + at,
					       answer.len - at < piece ? answer.len - at : piece });
			is_str(made.name, rows[i].want, rows[i].path);
			stored_objects_release(&o);
		}
}

static void
test_maybe(void)
{
	static const char *const yes[] = {
		"{\"contents\":[{\"parts\":[{\"fileData\":{\"fileUri\":\"x\"}}]}]}",
		"{\"tools\":[{\"file_search\":{\"file_search_store_names\":[\"x\"]}}]}",
		"{\"cachedContent\":\"x\"}",
		"{\"model\":\"tunedModels/x\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		ok(stored_objects_maybe(slice_str(yes[i])), yes[i]);
	ok(!stored_objects_maybe(SLICE("{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}")),
	    "none");
	ok(!stored_objects_maybe(SLICE("")), "nothing");
}

int
main(void)
{
	test_maybe();
	test_paths();
	test_bodies();
	test_description("objects.json");
	test_description("objects-newer.json");
	test_many();
	test_made();
	return tap_done();
}
