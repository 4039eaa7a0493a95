/* Paths to endpoints: every base URL that people type, and every path that must be refused. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/route/route.h"
#include "tap.h"

enum caller { NOBODY = 0, GOOGLE = 1, BEARER = 2, SOCKET = 4 };

static struct route route;
static struct apierror err;

static int
match(const char *method, const char *uri, const char *mount, enum caller caller)
{
	struct route_input in = {
		.method = slice_str(method),
		.uri = slice_str(uri),
		.mount = slice_str(mount),
		.has_google_credential = caller == GOOGLE,
		.has_bearer = caller == BEARER || caller == SOCKET,
		.websocket = caller == SOCKET,
	};

	apierror_set(&err, APIERROR_NONE, NULL, NULL);
	return route_match(&in, &route, &err);
}

/* clang-format off */
/* What the OpenAI dialect and our own pages answer: prefix and item where they matter. */
static const struct {
	const char *method, *uri;
	enum caller caller;
	enum route_op op;
	const char *prefix, *item;
} ours[] = {
	{ "POST", "/v1/chat/completions",                     BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/chat/completions",                        BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1/chat/completions?api-version=1",       BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1beta/chat/completions",                 BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1beta/openai/chat/completions",          BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1beta/openai/v1/chat/completions",       BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/openai/v1/chat/completions",              BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1/v1/chat/completions",                  BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "//v1//chat///completions/",                BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1/chat/completions/chat/completions",    BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1/chat/completions/v1/chat/completions", BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1beta/models/x:generateContent/chat/completions", BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/hf/v1/chat/completions",                  BEARER, ROUTE_CHAT, "/hf", "" },
	{ "POST", "/a/b/chat/completions",                    BEARER, ROUTE_CHAT, "/a/b", "" },
	{ "POST", "//hf//v1/chat/completions",                BEARER, ROUTE_CHAT, "//hf", "" },
	{ "POST", "http://host:8080/v1/chat/completions?x=1", BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "HTTPS://host/v1/chat/completions#frag",    BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1/chat/completions",                     GOOGLE, ROUTE_CHAT, "", "" },
	{ "POST", "/v1/completions",                          BEARER, ROUTE_COMPLETIONS, "", "" },
	{ "POST", "/openai/v1/completions",                   BEARER, ROUTE_COMPLETIONS, "", "" },
	{ "POST", "/v1/responses",                            BEARER, ROUTE_RESPONSES, "", "" },
	{ "POST", "/hf/responses",                            BEARER, ROUTE_RESPONSES, "/hf", "" },
	{ "GET",  "/v1/responses/resp_1",                     BEARER, ROUTE_RESPONSE, "", "resp_1" },
	{ "DELETE", "/hf/v1/responses/resp_1",                BEARER, ROUTE_RESPONSE, "/hf", "resp_1" },
	{ "GET",  "/v1/responses/resp_1/input_items",         BEARER, ROUTE_RESPONSE_INPUT, "", "resp_1" },
	{ "HEAD", "/v1/responses/resp_1",                     BEARER, ROUTE_RESPONSE, "", "resp_1" },
	{ "POST", "/v1/responses/resp_1/cancel",              BEARER, ROUTE_RESPONSE_CANCEL, "", "resp_1" },
	{ "POST", "/v1/responses/compact",                    BEARER, ROUTE_COMPACT, "", "" },
	{ "POST", "/hf/responses/compact/",                   BEARER, ROUTE_COMPACT, "/hf", "" },
	{ "POST", "/v1/responses/input_tokens",               BEARER, ROUTE_INPUT_TOKENS, "", "" },
	{ "POST", "/v1beta/openai/responses/input_tokens",    BEARER, ROUTE_INPUT_TOKENS, "", "" },
	{ "POST", "/v1/responses",                            SOCKET, ROUTE_RESPONSES, "", "" },
	{ "GET",  "/v1/responses/resp_1",                     SOCKET, ROUTE_RESPONSE, "", "resp_1" },
	{ "POST", "/v1/responses/chat/completions",           BEARER, ROUTE_CHAT, "", "" },
	{ "POST", "/v1/images/generations",                   BEARER, ROUTE_IMAGES, "", "" },
	{ "POST", "/v1/images/edits",                         BEARER, ROUTE_IMAGE_EDITS, "", "" },
	{ "POST", "/v1beta/openai/images/generations",        BEARER, ROUTE_IMAGES, "", "" },
	{ "POST", "/v1/audio/speech",                         GOOGLE, ROUTE_SPEECH, "", "" },
	{ "POST", "/v1/audio/transcriptions",                 BEARER, ROUTE_TRANSCRIPTIONS, "", "" },
	{ "POST", "/v1/audio/translations",                   BEARER, ROUTE_TRANSLATIONS, "", "" },
	{ "POST", "/v1/embeddings",                           BEARER, ROUTE_EMBEDDINGS, "", "" },
	{ "POST", "/v1/chat/completions/embeddings",          BEARER, ROUTE_EMBEDDINGS, "", "" },
	{ "POST", "/hf/embeddings/",                          BEARER, ROUTE_EMBEDDINGS, "/hf", "" },
	{ "GET",  "/v1/models",                               BEARER, ROUTE_MODELS, "", "" },
	{ "HEAD", "/v1/models",                               BEARER, ROUTE_MODELS, "", "" },
	{ "GET",  "/v1/models",                               NOBODY, ROUTE_MODELS, "", "" },
	{ "GET",  "/models",                                  NOBODY, ROUTE_MODELS, "", "" },
	{ "GET",  "/v1beta/models",                           BEARER, ROUTE_MODELS, "", "" },
	{ "GET",  "/v1beta/openai/models",                    GOOGLE, ROUTE_MODELS, "", "" },
	{ "GET",  "/v1/chat/completions/models",              BEARER, ROUTE_MODELS, "", "" },
	{ "GET",  "/hf/v1/models",                            BEARER, ROUTE_MODELS, "/hf", "" },
	{ "GET",  "/v1/models/gemini-2.5-pro",                BEARER, ROUTE_MODEL, "", "gemini-2.5-pro" },
	{ "GET",  "/v1/models/gemini-2.5-flash:search",       BEARER, ROUTE_MODEL, "", "gemini-2.5-flash:search" },
	{ "GET",  "/v1/models/models/gemini-2.5-pro",         BEARER, ROUTE_MODEL, "", "gemini-2.5-pro" },
	{ "GET",  "/v1/models/openrouter/google/x",           BEARER, ROUTE_MODEL, "", "openrouter/google/x" },
	{ "GET",  "/v1/models/google%2Fx",                    BEARER, ROUTE_MODEL, "", "google%2Fx" },
	{ "GET",  "/hf/models/x",                             BEARER, ROUTE_MODEL, "/hf", "x" },
	{ "GET",  "/",                                        NOBODY, ROUTE_STATUS_PAGE, "", "" },
	{ "GET",  "",                                         NOBODY, ROUTE_STATUS_PAGE, "", "" },
	{ "GET",  "http://host",                              NOBODY, ROUTE_STATUS_PAGE, "", "" },
	{ "HEAD", "/index.html",                              NOBODY, ROUTE_STATUS_PAGE, "", "" },
	{ "GET",  "/verify",                                  NOBODY, ROUTE_VERIFY, "", "" },
	{ "POST", "/v1/verify",                               GOOGLE, ROUTE_VERIFY, "", "" },
	{ "POST", "/hf/verify/",                              GOOGLE, ROUTE_VERIFY, "/hf", "" },
	{ "GET",  "/healthz",                                 NOBODY, ROUTE_HEALTHZ, "", "" },
	{ "HEAD", "/hf/readyz",                               NOBODY, ROUTE_READYZ, "/hf", "" },
	{ "OPTIONS", "/v1/chat/completions",                  NOBODY, ROUTE_PREFLIGHT, "", "" },
	{ "OPTIONS", "/nothing",                              NOBODY, ROUTE_PREFLIGHT, "", "" },
	{ "OPTIONS", "*",                                     NOBODY, ROUTE_PREFLIGHT, "", "" },
	{ "OPTIONS", "/a/../b",                               NOBODY, ROUTE_PREFLIGHT, "", "" },
};

/* What goes to Google, and as which path. */
static const struct {
	const char *method, *uri;
	enum caller caller;
	const char *path, *prefix;
} native[] = {
	{ "POST", "/v1beta/models/x:generateContent",           GOOGLE, "/v1beta/models/x:generateContent", "" },
	{ "POST", "/v1/models/x:generateContent",               BEARER, "/v1/models/x:generateContent", "" },
	{ "POST", "/v1alpha/models/x:streamGenerateContent?alt=sse", BEARER, "/v1alpha/models/x:streamGenerateContent", "" },
	{ "POST", "/models/x:streamGenerateContent",            GOOGLE, "/v1beta/models/x:streamGenerateContent", "" },
	{ "POST", "/hf/models/x:generateContent",               GOOGLE, "/v1beta/models/x:generateContent", "/hf" },
	{ "POST", "/v1beta/models/x%3AgenerateContent",         GOOGLE, "/v1beta/models/x%3AgenerateContent", "" },
	{ "POST", "/models/x%3acountTokens",                    GOOGLE, "/v1beta/models/x%3acountTokens", "" },
	{ "POST", "/gemini/v1beta/models/x:generateContent",    GOOGLE, "/v1beta/models/x:generateContent", "/gemini" },
	{ "POST", "/v1/v1beta/models/x:generateContent",        GOOGLE, "/v1beta/models/x:generateContent", "" },
	{ "POST", "//v1beta//models/x:generateContent/",        GOOGLE, "/v1beta/models/x:generateContent", "" },
	{ "POST", "/v1beta/openai/models/x:generateContent",    BEARER, "/v1beta/models/x:generateContent", "" },
	{ "POST", "/v1beta/openai/v1beta/models/x:generateContent", GOOGLE, "/v1beta/models/x:generateContent", "" },
	{ "POST", "/v1/chat/completions/models/x:generateContent", BEARER, "/v1beta/models/x:generateContent", "" },
	{ "POST", "/hf/v1beta/models/a:generateContent/v1beta/models/b:generateContent", GOOGLE, "/v1beta/models/b:generateContent", "/hf" },
	{ "POST", "/v1beta/tunedModels/mine:generateContent",   GOOGLE, "/v1beta/tunedModels/mine:generateContent", "" },
	{ "GET",  "/v1beta/models",                             GOOGLE, "/v1beta/models", "" },
	{ "GET",  "/v1beta/models",                             NOBODY, "/v1beta/models", "" },
	{ "GET",  "/v1/models",                                 GOOGLE, "/v1/models", "" },
	{ "GET",  "/models",                                    GOOGLE, "/v1beta/models", "" },
	{ "GET",  "/v1/models?pageSize=5",                      BEARER, "/v1/models", "" },
	{ "GET",  "/v1/models?key=abc",                         NOBODY, "/v1/models", "" },
	{ "GET",  "/v1/models?k%65y=abc",                       NOBODY, "/v1/models", "" },
	{ "GET",  "/v1/models/x",                               GOOGLE, "/v1/models/x", "" },
	{ "GET",  "/v1/models/models/x",                        GOOGLE, "/v1/models/x", "" },
	{ "POST", "/v1/models/models/x:countTokens",            GOOGLE, "/v1/models/x:countTokens", "" },
	{ "GET",  "/v1beta/models/x/operations/y",              BEARER, "/v1beta/models/x/operations/y", "" },
	{ "GET",  "/v1beta/files/y:download?alt=media",         GOOGLE, "/v1beta/files/y:download", "" },
	{ "DELETE", "/v1beta/files/y",                          BEARER, "/v1beta/files/y", "" },
	{ "GET",  "/v1/files",                                  GOOGLE, "/v1/files", "" },
	{ "POST", "/v1beta/files:register",                     GOOGLE, "/v1beta/files:register", "" },
	{ "POST", "/upload/v1beta/files",                       GOOGLE, "/upload/v1beta/files", "" },
	{ "POST", "/upload/v1/files?upload_id=1",               NOBODY, "/upload/v1/files", "" },
	{ "POST", "/hf/upload/v1beta/files",                    GOOGLE, "/upload/v1beta/files", "/hf" },
	{ "POST", "/v1beta/upload/v1beta/files",                GOOGLE, "/upload/v1beta/files", "" },
	{ "PATCH", "/v1beta/cachedContents/c?updateMask=ttl",   GOOGLE, "/v1beta/cachedContents/c", "" },
	{ "POST", "/v1beta/interactions",                       GOOGLE, "/v1beta/interactions", "" },
	{ "POST", "/v1/interactions",                           BEARER, "/v1/interactions", "" },
	{ "GET",  "/v1beta/somethingNew/x",                     GOOGLE, "/v1beta/somethingNew/x", "" },
	{ "GET",  "/v1/somethingNew/x",                         GOOGLE, "/v1/somethingNew/x", "" },
	{ "GET",  "/v1beta/files/verify",                       GOOGLE, "/v1beta/files/verify", "" },
	{ "GET",  "/v1beta/files/embeddings",                   GOOGLE, "/v1beta/files/embeddings", "" },
	{ "POST", "/v1beta/decisions",                          GOOGLE, "/v1beta/decisions", "" },
	{ "POST", "/v1beta/decisions",                          BEARER, "/v1beta/decisions", "" },
	{ "POST", "/v1/decisions",                              BEARER, "/v1/decisions", "" },
	{ "POST", "/hf/v1alpha/decisions",                      BEARER, "/v1alpha/decisions", "/hf" },
	{ "POST", "/v1beta/environments:create",                GOOGLE, "/v1beta/environments:create", "" },
	{ "GET",  "/v1beta/environments/e/files/p",             BEARER, "/v1beta/environments/e/files/p", "" },
	{ "GET",  "/v1beta/environments/e/files/p/chat/completions", GOOGLE, "/v1beta/environments/e/files/p/chat/completions", "" },
	{ "POST", "/v1beta/environments/e/files/p/chat/completions", BEARER, "/v1beta/environments/e/files/p/chat/completions", "" },
	{ "GET",  "/v1/environments/e/files/images/generations", BEARER, "/v1/environments/e/files/images/generations", "" },
	{ "GET",  "/hf/v1beta/environments/e/files/v1/models",  GOOGLE, "/v1beta/environments/e/files/v1/models", "/hf" },
	{ "GET",  "/v1beta/environments/e/files/v1beta/openai/responses", GOOGLE, "/v1beta/environments/e/files/v1beta/openai/responses", "" },
	{ "PUT",  "/upload/v1beta/environments/e/files/v1/models/x:generateContent", GOOGLE, "/upload/v1beta/environments/e/files/v1/models/x:generateContent", "" },
	{ "POST", "/v1beta/agents/a/v1/chat/completions",       GOOGLE, "/v1beta/agents/a/v1/chat/completions", "" },
	{ "GET",  "/v1beta/fileSearchStores/s/documents/audio/speech", GOOGLE, "/v1beta/fileSearchStores/s/documents/audio/speech", "" },
	{ "GET",  "/v1beta/triggers/t/executions/e",            GOOGLE, "/v1beta/triggers/t/executions/e", "" },
	{ "GET",  "/v1beta/voices/v",                           BEARER, "/v1beta/voices/v", "" },
	{ "PUT",  "/upload/v1beta/environments/e/files/a/chat/completions", GOOGLE, "/upload/v1beta/environments/e/files/a/chat/completions", "" },
	{ "GET",  "/v1beta/environments/e/files/chat/completions", BEARER, "/v1beta/environments/e/files/chat/completions", "" },
	{ "GET",  "/v1beta/environments/e/files/src/models",    GOOGLE, "/v1beta/environments/e/files/src/models", "" },
	{ "GET",  "/v1beta/environments/e/files/v1/models/x",   GOOGLE, "/v1beta/environments/e/files/v1/models/x", "" },
	{ "PUT",  "/v1beta/environments/e/files/v1/models/x:generateContent", GOOGLE, "/v1beta/environments/e/files/v1/models/x:generateContent", "" },
	{ "GET",  "/hf/v1beta/environments/e/files/audio/speech", BEARER, "/v1beta/environments/e/files/audio/speech", "/hf" },
	{ "GET",  "/v1beta/environments/e/files/v1/responses/x", GOOGLE, "/v1beta/environments/e/files/v1/responses/x", "" },
	{ "POST", "/v1beta/fileSearchStores/s/documents/images/edits", GOOGLE, "/v1beta/fileSearchStores/s/documents/images/edits", "" },
	{ "GET",  "/v1beta/corpora/a%20b/permissions",          GOOGLE, "/v1beta/corpora/a%20b/permissions", "" },
};

/* What is refused: status, dialect of the error and what it says. */
static const struct {
	const char *method, *uri;
	enum caller caller;
	int status;
	enum dialect dialect;
	const char *text;
} refused[] = {
	{ "POST", "/v1/chat/completion",       BEARER, 404, DIALECT_OPENAI, "POST /v1/chat/completions" },
	{ "POST", "/hf/v1/chat/completion",    BEARER, 404, DIALECT_OPENAI, "POST /hf/v1/chat/completions" },
	{ "POST", "/v1/Chat/Completions",      BEARER, 404, DIALECT_OPENAI, "POST /v1/chat/completions" },
	{ "POST", "/v1/embedding",             BEARER, 404, DIALECT_OPENAI, "POST /v1/embeddings" },
	{ "GET",  "/v1/model",                 BEARER, 404, DIALECT_OPENAI, "GET /v1/models" },
	{ "GET",  "/v1",                       BEARER, 404, DIALECT_OPENAI, "GET /v1/models" },
	{ "GET",  "/hf/v1/",                   NOBODY, 404, DIALECT_OPENAI, "GET /hf/v1/models" },
	{ "GET",  "/v1beta",                   NOBODY, 404, DIALECT_GOOGLE, "GET /v1beta/models" },
	{ "GET",  "/v1beta/openai",            BEARER, 404, DIALECT_OPENAI, "GET /v1/models" },
	{ "GET",  "/verfy",                    NOBODY, 404, DIALECT_OPENAI, "GET /verify" },
	{ "GET",  "/zzzzzzzzzzzz",             NOBODY, 404, DIALECT_OPENAI, "nothing at this URL." },
	{ "GET",  "/zzzzzzzzzzzz",             GOOGLE, 404, DIALECT_GOOGLE, "nothing at this URL." },
	{ "POST", "/gemini-2.5-pro:streamGenerateContnt", BEARER, 404, DIALECT_GOOGLE, "POST /v1beta/models/{model}:streamGenerateContent" },
	{ "POST", "/v1/response",              BEARER, 404, DIALECT_OPENAI, "POST /v1/responses" },
	{ "POST", "/v1/completion",            BEARER, 404, DIALECT_OPENAI, "POST /v1/completions" },
	{ "POST", "/v1beta/openai/images/generation", BEARER, 404, DIALECT_OPENAI, "POST /v1/images/generations" },
	{ "POST", "/v1/audio/speach",          GOOGLE, 404, DIALECT_OPENAI, "POST /v1/audio/speech" },
	{ "POST", "/v1/chat",                  BEARER, 404, DIALECT_OPENAI, "POST /v1/chat/completions" },
	{ "POST", "/chat/completion",          BEARER, 404, DIALECT_OPENAI, "POST /v1/chat/completions" },
	{ "POST", "/v1/moderations",           BEARER, 404, DIALECT_OPENAI, "OpenAI's Moderations API." },
	{ "POST", "/v1/conversations",         BEARER, 404, DIALECT_OPENAI, "Conversations API. There is 'previous_response_id'" },
	{ "GET",  "/conversations/c/items",    BEARER, 404, DIALECT_OPENAI, "Conversations API" },
	{ "POST", "/v1/assistants",            BEARER, 404, DIALECT_OPENAI, "Assistants API" },
	{ "POST", "/v1/threads/t/messages",    BEARER, 404, DIALECT_OPENAI, "Assistants API" },
	{ "POST", "/v1/vector_stores",         BEARER, 404, DIALECT_OPENAI, "Vector Stores API" },
	{ "GET",  "/v1/realtime",              SOCKET, 404, DIALECT_OPENAI, "Realtime API" },
	{ "POST", "/v1/fine_tuning/jobs",      BEARER, 404, DIALECT_OPENAI, "Fine-tuning API" },
	{ "GET",  "/v1/engines",               BEARER, 404, DIALECT_OPENAI, "GET /v1/models" },
	{ "POST", "/v1/messages",              BEARER, 404, DIALECT_ANTHROPIC, "Anthropic's Messages API." },
	{ "POST", "/v1/messages?beta=true",    NOBODY, 404, DIALECT_ANTHROPIC, "Anthropic's Messages API." },
	{ "POST", "/messages/count_tokens",    NOBODY, 404, DIALECT_ANTHROPIC, "Anthropic's Messages API." },
	{ "POST", "/v1/complete",              NOBODY, 404, DIALECT_ANTHROPIC, "Anthropic's" },
	{ "GET",  "/api/tags",                 NOBODY, 404, DIALECT_OPENAI, "Ollama's API. There is GET /v1/models." },
	{ "POST", "/api/chat",                 NOBODY, 404, DIALECT_OPENAI, "Ollama's API. There is POST /v1/chat/completions." },
	{ "GET",  "/v1/files",                 BEARER, 404, DIALECT_OPENAI, "Files API. There is Gemini's" },
	{ "GET",  "/v1/batches/b",             BEARER, 404, DIALECT_OPENAI, "Batch API" },
	{ "GET",  "/v1beta/openai/files",      BEARER, 404, DIALECT_OPENAI, "Files API" },
	{ "GET",  "/v1/somethingNew",          BEARER, 404, DIALECT_OPENAI, "nothing at this URL." },
	{ "GET",  "/favicon.ico",              NOBODY, 404, DIALECT_OPENAI, "nothing at this URL." },
	{ "GET",  "/v1/responses",             SOCKET, 426, DIALECT_OPENAI, "websockets" },
	{ "GET",  "/responses",                SOCKET, 426, DIALECT_OPENAI, "websockets" },
	{ "GET",  "/v1/responses",             BEARER, 405, DIALECT_OPENAI, "POST" },
	{ "HEAD", "/v1/responses",             SOCKET, 405, DIALECT_OPENAI, "POST" },
	{ "HEAD", "/v1/chat/completions",      BEARER, 405, DIALECT_OPENAI, "POST" },
	{ "GET",  "/v1/responses/compact",     BEARER, 405, DIALECT_OPENAI, "POST" },
	{ "GET",  "/v1/responses/r/cancel",    BEARER, 405, DIALECT_OPENAI, "POST" },
	{ "PUT",  "/v1/responses/r",           BEARER, 405, DIALECT_OPENAI, "GET, HEAD, DELETE" },
	{ "POST", "/v1/files/f/chat/completions", BEARER, 404, DIALECT_OPENAI, "Files API" },
	{ "GET",  "/upload/files",             GOOGLE, 404, DIALECT_GOOGLE, "POST /upload/v1beta/files" },
	{ "GET",  "/v1/chat/completions",      BEARER, 405, DIALECT_OPENAI, "POST" },
	{ "POST", "/v1/models",                BEARER, 405, DIALECT_OPENAI, "GET, HEAD" },
	{ "DELETE", "/v1/models/x",            BEARER, 405, DIALECT_OPENAI, "GET, HEAD" },
	{ "POST", "/",                         NOBODY, 405, DIALECT_OPENAI, "GET, HEAD" },
	{ "DELETE", "/verify",                 NOBODY, 405, DIALECT_OPENAI, "GET, POST" },
	{ "TRACE", "/v1beta/models/x",         GOOGLE, 405, DIALECT_GOOGLE, "PATCH" },
	{ "GET",  "/v1beta/../x",              GOOGLE, 400, DIALECT_GOOGLE, "dot segments" },
	{ "GET",  "/v1beta/./x",               GOOGLE, 400, DIALECT_GOOGLE, "dot segments" },
	{ "GET",  "/..",                       NOBODY, 400, DIALECT_OPENAI, "dot segments" },
	{ "GET",  "/v1beta/%2e%2E/x",          GOOGLE, 400, DIALECT_GOOGLE, "dot segments" },
	{ "GET",  "/v1beta/.%2e/x",            GOOGLE, 400, DIALECT_GOOGLE, "dot segments" },
	{ "GET",  "/v1beta/files%2f..%2fx",    GOOGLE, 400, DIALECT_GOOGLE, "dot segments" },
	{ "GET",  "/v1beta\\x",                GOOGLE, 400, DIALECT_GOOGLE, "backslashes" },
	{ "GET",  "/v1beta/%5cx",              GOOGLE, 400, DIALECT_GOOGLE, "backslashes" },
	{ "GET",  "/v1beta/%00x",              GOOGLE, 400, DIALECT_GOOGLE, "control" },
	{ "GET",  "/v1beta/%0d%0ax",           GOOGLE, 400, DIALECT_GOOGLE, "control" },
	{ "GET",  "/v1beta/a b",               GOOGLE, 400, DIALECT_GOOGLE, "blanks" },
	{ "GET",  "/v1beta/x?a=\n",            GOOGLE, 400, DIALECT_GOOGLE, "blanks" },
	{ "GET",  "/v1beta/%zz",               GOOGLE, 400, DIALECT_GOOGLE, "escape" },
	{ "GET",  "/v1beta/x%4",               GOOGLE, 400, DIALECT_GOOGLE, "escape" },
	{ "GET",  "v1beta/models",             GOOGLE, 400, DIALECT_GOOGLE, "slash" },
	{ "GET",  "*",                         NOBODY, 400, DIALECT_OPENAI, "slash" },
};
/* clang-format on */

static void
test_ours(void)
{
	char what[256];

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		int got = match(ours[i].method, ours[i].uri, "", ours[i].caller);

		snprintf(what, sizeof(what), "%s %s", ours[i].method, ours[i].uri);
		if (!ok(got == 0 && route.op == ours[i].op, what))
			printf("# op %d, %s\n", (int)route.op, err.message);
		is_slice(route.prefix, ours[i].prefix, "... its prefix");
		is_slice(route.item, ours[i].item, "... its item");
	}
}

static void
test_native(void)
{
	char what[256];

	for (size_t i = 0; i < ARRAY_SIZE(native); i++) {
		int got = match(native[i].method, native[i].uri, "", native[i].caller);

		snprintf(what, sizeof(what), "%s %s is native", native[i].method, native[i].uri);
		if (!ok(got == 0 && route.op == ROUTE_NATIVE, what))
			printf("# op %d, %s\n", (int)route.op, err.message);
		is_str(route.path, native[i].path, "... its path");
		is_slice(route.prefix, native[i].prefix, "... its prefix");
		is_int(route.dialect, DIALECT_GOOGLE, "... its dialect");
	}
}

static void
test_refused(void)
{
	char what[256];

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		int got = match(refused[i].method, refused[i].uri, "", refused[i].caller);

		snprintf(what, sizeof(what), "%s row %zu is refused", refused[i].method, i);
		ok(got == -1, what);
		is_int(
		    err.status, refused[i].status, refused[i].uri[0] == '/' ? refused[i].uri : "-");
		is_int(route.dialect, refused[i].dialect, "... its dialect");
		if (!ok(strstr(err.message, refused[i].text) != NULL, "... its message"))
			printf("# %s\n", err.message);
	}
	match("GET", "/v1/chat/completions", "", BEARER);
	is_str(route.allow, "POST, OPTIONS", "a wrong method comes with the list of right ones");
	is_str(route.name, "chat", "and with the endpoint's name");
}

static void
test_compat(void)
{
	ok(match("GET", "/v1beta/openai/videos/v", "", BEARER) == 0, "Google's own OpenAI layer");
	is_str(route.path, "/v1beta/openai/videos/v", "keeps its path");
	is_int(route.dialect, DIALECT_OPENAI, "and its dialect");
}

static void
test_mount(void)
{
	ok(match("GET", "/gemini", "/gemini", NOBODY) == 0 && route.op == ROUTE_STATUS_PAGE,
	    "the root of the mount prefix is the status page");
	is_slice(route.prefix, "/gemini", "whose prefix is the mount");
	ok(match("GET", "/gemini/index.html", "/gemini/", NOBODY) == 0 &&
		route.op == ROUTE_STATUS_PAGE,
	    "so is its index.html");
	ok(match("GET", "/gemini", "", NOBODY) == -1, "but only when it is configured");
	ok(match("GET", "/geminix", "/gemini", NOBODY) == -1, "and a whole segment");
	ok(match("POST", "/v1/v1beta/models/x:generateContent", "/v1", GOOGLE) == 0,
	    "a mount may look like a version");
	is_slice(route.prefix, "/v1", "and is no part of the base then");
	is_str(route.path, "/v1beta/models/x:generateContent", "nor of the path");
	ok(match("POST", "/a/b/x/v1/chat/completions", "/a/b", BEARER) == 0 &&
		route.op == ROUTE_CHAT,
	    "more may follow the mount");
	is_slice(route.prefix, "/a/b/x", "and belongs to the prefix");
	ok(match("POST", "/v1/chat/completions", "/a/b", BEARER) == 0,
	    "a web server may have stripped the mount");
}

static void
test_limits(void)
{
	struct buf uri;

	buf_init(&uri, 16384);
	buf_adds(&uri, "/v1beta/files/");
	for (size_t i = 0; i < 3000; i++)
		buf_addc(&uri, 'a');
	ok(match("GET", uri.data, "", GOOGLE) == -1 && err.status == 400, "a path too long for us");
	buf_reset(&uri);
	buf_adds(&uri, "/v1beta");
	for (size_t i = 0; i < 500; i++)
		buf_adds(&uri, "/a");
	ok(match("GET", uri.data, "", GOOGLE) == -1 && err.status == 400, "too many segments");
	buf_release(&uri);
	ok(match("GET", "/v1beta/files?a=1&b=/../x?y", "", GOOGLE) == 0, "the query is free");
	is_slice(route.query, "a=1&b=/../x?y", "and is kept");
	ok(match("GET", "/v1beta/files?", "", GOOGLE) == 0 && route.query.len == 0,
	    "also an empty one");
}

int
main(void)
{
	test_ours();
	test_native();
	test_refused();
	test_compat();
	test_mount();
	test_limits();
	return tap_done();
}
