/* Names of stored objects in paths, bodies and answers. */
#include "config.h"

#include "core/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tap.h"

#define BASE "http://127.0.0.1:8000"

static char joined[4096];

/* The names with blanks between them; releases o. */
static const char *
names(struct objects *o)
{
	joined[0] = '\0';
	objects_settle(o);
	for (size_t i = 0; i < o->count; i++) {
		strcat(joined, i > 0 ? " " : "");
		strcat(joined, o->names[i]);
	}
	objects_release(o);
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
		struct objects o;
		struct object_path path;

		objects_init(&o);
		path = objects_of_path(slice_str(rows[i].path), &o);
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
		  "{\"credential\":\"c1\"}},\"network\":{\"allowlist\":[{\"credential\":\"c2\"}]}}}",
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
		struct objects_scan scan;
		struct objects o;

		objects_init(&o);
		objects_scan_init(&scan, &o, rows[i].on, SLICE(BASE));
		objects_scan_feed(&scan, slice_str(rows[i].body));
		is_str(names(&o), rows[i].want, rows[i].what);
	}
}

static void
test_many(void)
{
	struct objects_scan scan;
	struct objects o;
	struct buf body;

	buf_init(&body, 8 * MIB);
	buf_adds(&body, "{\"fileSearchStoreNames\":[\"fileSearchStores/x\"");
	for (size_t i = 0; i < OBJECTS_MAX * 2; i++)
		buf_addf(&body, ",\"fileSearchStores/%zu\"", i % 100);
	buf_adds(&body, "]}");
	objects_init(&o);
	objects_scan_init(&scan, &o, 0, SLICE(""));
	objects_scan_feed(&scan, buf_slice(&body));
	is_int(o.count, OBJECTS_MAX, "a bounded number of mentions");
	objects_settle(&o);
	is_int(o.count, 101, "each once");
	objects_release(&o);
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
			struct objects o;

			objects_init(&o);
			path = objects_of_path(slice_str(rows[i].path), &o);
			object_made_init(&made, &path);
			for (size_t at = 0; at < answer.len; at += piece)
				object_made_feed(
				    &made, (struct slice){ answer.ptr + at,
					       answer.len - at < piece ? answer.len - at : piece });
			is_str(made.name, rows[i].want, rows[i].path);
			objects_release(&o);
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
		ok(objects_maybe(slice_str(yes[i])), yes[i]);
	ok(!objects_maybe(SLICE("{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}")), "none");
	ok(!objects_maybe(SLICE("")), "nothing");
}

int
main(void)
{
	test_maybe();
	test_paths();
	test_bodies();
	test_many();
	test_made();
	return tap_done();
}
