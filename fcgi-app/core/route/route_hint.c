/* What is said of a URL that does not exist: which API the gateway has not, or, by edit distance,
 * which URL was plainly meant. */
#include "config.h"

#include <string.h>

#include "base/edit_distance.h"
#include "base/xalloc.h"
#include "route_priv.h"

#define TAIL_SEGMENTS    3 /* of the path's end; what stands in front may be a mount point */
#define PREFIX_SHOWN_MAX 128

#define OPENAI (1U << DIALECT_OPENAI)
#define GOOGLE (1U << DIALECT_GOOGLE)

/* clang-format off */
/* What else callers may mean beside the routes that have a hint. */
static const struct known {
	unsigned dialects;     /* whose callers may mean it */
	const char *tail;      /* in lower case; what the end of the path is compared with */
	const char *method, *url;
} known[] = {
	{ OPENAI, "chat",                  "POST", "/v1/chat/completions" },
	{ OPENAI, "",                      "GET",  "/v1/models" },
	{ GOOGLE, "generatecontent",       "POST", "/v1beta/models/{model}:generateContent" },
	{ GOOGLE, "streamgeneratecontent", "POST", "/v1beta/models/{model}:streamGenerateContent" },
	{ GOOGLE, "counttokens",           "POST", "/v1beta/models/{model}:countTokens" },
	{ GOOGLE, "models",                "GET",  "/v1beta/models" },
	{ GOOGLE, "upload/files",          "POST", "/upload/v1beta/files" },
	{ GOOGLE, "files",                 "GET",  "/v1beta/files" },
	{ GOOGLE, "",                      "GET",  "/v1beta/models" },
};

/* What clients look for and this gateway has not, by the first words of the path; the first row
 * that fits counts. */
static const struct absent {
	const char *words[2]; /* the second is NULL when any will do */
	const char *what;
	const char *instead, *path; /* what there is, and where; NULL: nothing */
} absent[] = {
	{ { "messages" },       "Anthropic's Messages API", "OpenAI's, at POST ", "/v1/chat/completions" },
	{ { "complete" },       "Anthropic's Text Completions API", NULL, NULL },
	{ { "conversations" },  "OpenAI's Conversations API", "'previous_response_id' in POST ", "/v1/responses" },
	{ { "files" },          "OpenAI's Files API", "Gemini's, at ", "/v1beta/files" },
	{ { "uploads" },        "OpenAI's Uploads API", "Gemini's Files API, at ", "/upload/v1beta/files" },
	{ { "batches" },        "OpenAI's Batch API", "Gemini's, at ", "/v1beta/models/{model}:batchGenerateContent" },
	{ { "vector_stores" },  "OpenAI's Vector Stores API", "Gemini's File Search stores, at ", "/v1beta/fileSearchStores" },
	{ { "assistants" },     "OpenAI's Assistants API", "POST ", "/v1/responses" },
	{ { "threads" },        "OpenAI's Assistants API", "POST ", "/v1/responses" },
	{ { "engines" },        "OpenAI's Engines API", "GET ", "/v1/models" },
	{ { "edits" },          "OpenAI's Edits API", "POST ", "/v1/chat/completions" },
	{ { "moderations" },    "OpenAI's Moderations API", NULL, NULL },
	{ { "realtime" },       "OpenAI's Realtime API", NULL, NULL },
	{ { "fine_tuning" },    "OpenAI's Fine-tuning API", NULL, NULL },
	{ { "fine-tunes" },     "OpenAI's Fine-tuning API", NULL, NULL },
	{ { "containers" },     "OpenAI's Containers API", NULL, NULL },
	{ { "evals" },          "OpenAI's Evals API", NULL, NULL },
	{ { "skills" },         "OpenAI's Skills API", NULL, NULL },
	{ { "chatkit" },        "OpenAI's ChatKit API", NULL, NULL },
	{ { "organization" },   "OpenAI's Administration API", NULL, NULL },
	{ { "api", "tags" },    "Ollama's API", "GET ", "/v1/models" },
	{ { "api", "show" },    "Ollama's API", "GET ", "/v1/models" },
	{ { "api", "chat" },    "Ollama's API", "POST ", "/v1/chat/completions" },
	{ { "api", "generate" }, "Ollama's API", "POST ", "/v1/completions" },
	{ { "api", "embed" },   "Ollama's API", "POST ", "/v1/embeddings" },
	{ { "api", "embeddings" }, "Ollama's API", "POST ", "/v1/embeddings" },
	{ { "api", "ps" },      "Ollama's API", NULL, NULL },
	{ { "api", "pull" },    "Ollama's API", NULL, NULL },
	{ { "api", "version" }, "Ollama's API", NULL, NULL },
};
/* clang-format on */

/* The last segments of the path as one raw text; of a single one only the verb, if it has one. */
static struct slice
path_tail(const struct route_path *p, size_t count)
{
	struct slice last = p->segs[p->count - 1], first = p->segs[p->count - count];
	struct slice tail = { first.ptr, (size_t)(last.ptr + last.len - first.ptr) };
	const char *colon = count == 1 ? memrchr(tail.ptr, ':', tail.len) : NULL;

	if (colon != NULL)
		tail = (struct slice){ colon + 1, (size_t)(tail.ptr + tail.len - colon - 1) };
	return tail;
}

/* So many slips of the pen leave no doubt about what was meant. */
static size_t
hint_slips(struct slice want)
{
	return want.len > 0 ? 1 + want.len / 8 : 0;
}

/* The URL that is closest to the path so far. */
struct hint {
	const struct route_path *path;
	size_t from;
	size_t distance;
	struct slice method;
	const char *url; /* NULL: nothing is close */
};

static void
hint_try(struct hint *h, struct slice tail, struct slice method, const char *url)
{
	if (h->from == h->path->count && tail.len == 0 && h->url == NULL) {
		h->method = method;
		h->url = url;
	}
	for (size_t count = 1; count <= TAIL_SEGMENTS && h->from + count <= h->path->count;
	     count++) {
		size_t d = edit_distance(path_tail(h->path, count), tail, hint_slips(tail));

		if (d < h->distance && d <= hint_slips(tail)) {
			h->distance = d;
			h->method = method;
			h->url = url;
		}
	}
}

/* Finds the URL that was plainly meant. */
static void
hint_nearest(struct hint *h, enum dialect dialect)
{
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		struct slice allow = slice_str(route_rows[i].allow), method;
		struct slice tail = slice_str(route_rows[i].url);

		if ((route_rows[i].hints & 1U << dialect) == 0)
			continue;
		slice_split(&allow, ',', &method);
		tail = slice_skip(tail, slice_starts(tail, SLICE("/v1/")) ? 4 : 1);
		hint_try(h, tail, method, route_rows[i].url);
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if ((known[i].dialects & 1U << dialect) != 0)
			hint_try(
			    h, slice_str(known[i].tail), slice_str(known[i].method), known[i].url);
}

static const struct absent *
find_absent(const struct route_path *p, size_t from)
{
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		if (route_path_is(p, from, absent[i].words[0]) &&
		    (absent[i].words[1] == NULL || route_path_is(p, from + 1, absent[i].words[1])))
			return &absent[i];
	return NULL;
}

int
route_hint(const struct route_path *p, size_t from, struct slice prefix, enum dialect dialect,
    struct apierror *err)
{
	const struct absent *other = dialect != DIALECT_GOOGLE ? find_absent(p, from) : NULL;
	struct hint near = { .path = p, .from = from, .distance = SIZE_MAX };

	if (other == NULL)
		hint_nearest(&near, dialect);
	if (prefix.len > PREFIX_SHOWN_MAX)
		prefix.len = 0;
	if (other != NULL && other->instead == NULL)
		return apierror_set(err, APIERROR_NOT_FOUND, NULL,
		    "There is nothing at this URL: the gateway does not offer %s.", other->what);
	if (other != NULL)
		return apierror_set(err, APIERROR_NOT_FOUND, NULL,
		    "There is nothing at this URL: the gateway does not offer %s. There is "
		    "%s%.*s%s.",
		    other->what, other->instead, (int)prefix.len, prefix.ptr, other->path);
	if (near.url != NULL)
		return apierror_set(err, APIERROR_NOT_FOUND, NULL,
		    "There is nothing at this URL. Is %.*s %.*s%s meant?", (int)near.method.len,
		    near.method.ptr, (int)prefix.len, prefix.ptr, near.url);
	return apierror_set(err, APIERROR_NOT_FOUND, NULL, NULL);
}
