/*
 * Finds the endpoint of a path: the table of endpoints for the OpenAI dialect and our own pages,
 * and the rules by which everything else is native Gemini. Paths: Google's discovery document,
 * OpenAI's API reference.
 */
#include "config.h"

#include "core/route/route.h"

#include <string.h>

#include "base/xalloc.h"
#include "core/http/query.h"
#include "route_priv.h"

#define DEFAULT_VERSION    "v1beta"
#define MODEL_SEGMENTS_MAX 3 /* a model id may hold slashes: `openrouter/google/x` */

/* clang-format off */
/* OpenAI's resources that Google does not have under any version. */
static const char *const openai_only[] = {
	"chat", "completions", "responses", "embeddings", "images", "audio", "moderations", "fine_tuning",
	"fine-tunes", "vector_stores", "assistants", "threads", "uploads", "realtime", "containers",
	"evals", "conversations", "organization", "engines", "edits", "skills", "chatkit",
};

/* Anthropic's, which nobody else has. */
static const char *const anthropic_only[] = { "messages", "complete" };

/* Resources of both: the dialect of the caller decides. */
static const char *const shared[] = { "files", "batches" };
/* clang-format on */

struct match {
	const struct route_input *in;
	struct route_path path;
	struct route *ret;
	struct apierror *err;
};

/* How many segments a row of words takes when it ends in front of segment end; 0 when it does not
 * stand there. */
static size_t
words_end_at(const struct route_path *p, const char *const *words, size_t end)
{
	size_t count = 0;

	while (count < ROUTE_WORDS_MAX && words[count] != NULL)
		count++;
	if (end < p->mount + count)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (words[i][0] != '*' && !route_path_is(p, end - count + i, words[i]))
			return 0;
	return count;
}

/* The first segment of the base URL whose last one stands in front of segment at: versions,
 * `openai` and pasted endpoints are part of a base URL, everything else is a mount point. */
static size_t
base_start(const struct route_path *p, size_t at)
{
	size_t before;

	do {
		before = at;
		if (at > p->mount &&
		    (route_is_version(p, at - 1) || route_path_is(p, at - 1, "openai")))
			at--;
		for (size_t i = 0; i < ROUTE_COUNT; i++)
			if ((route_rows[i].flags & ROUTE_PASTED) != 0)
				at -= words_end_at(p, route_rows[i].words, at);
	} while (at < before);
	return at;
}

/* The first version in segments from to to - 1, or to. */
static size_t
first_version(const struct route_path *p, size_t from, size_t to)
{
	while (from < to && !route_is_version(p, from))
		from++;
	return from;
}

static struct slice
prefix_before(const struct route_path *p, size_t at)
{
	size_t start = base_start(p, at);

	return route_path_before(p, base_start(p, first_version(p, p->mount, start)));
}

static bool
has_param(struct slice query, const char *name)
{
	struct slice value;

	return query_get(query, name, &value);
}

/* Which dialect speaks a caller whose base URL is segments from to to - 1? */
static enum dialect
caller_dialect(const struct match *m, size_t from, size_t to)
{
	const struct route_path *p = &m->path;
	bool native_version = false;

	for (size_t i = from; i < to; i++) {
		if (route_path_is(p, i, "openai"))
			return DIALECT_OPENAI;
		native_version |= route_is_version(p, i) && !route_path_is(p, i, "v1");
	}
	if (m->in->has_google_credential || has_param(p->query, "key") ||
	    has_param(p->query, "pageSize") || has_param(p->query, "pageToken"))
		return DIALECT_GOOGLE;
	return native_version && !m->in->has_bearer ? DIALECT_GOOGLE : DIALECT_OPENAI;
}

static int
route_matched(struct match *m, enum route_op op)
{
	const char *allow = route_rows[op].allow;
	struct slice list = slice_str(allow), method;

	m->ret->op = op;
	m->ret->name = route_rows[op].name;
	while (slice_split(&list, ',', &method))
		if (slice_eq(slice_trim(method), m->in->method))
			return 0;
	m->ret->allow = allow;
	if (op == ROUTE_RESPONSES && m->in->websocket && slice_eq(m->in->method, SLICE("GET")))
		return apierror_set(m->err, APIERROR_UPGRADE, NULL, NULL);
	return apierror_set(m->err, APIERROR_METHOD, NULL, "This URL takes %s.", allow);
}

static bool
path_add(char path[ROUTE_PATH_MAX], struct slice segment)
{
	size_t len = strlen(path);

	if (len + 1 + segment.len >= ROUTE_PATH_MAX)
		return false;
	path[len] = '/';
	memcpy(path + len + 1, segment.ptr, segment.len);
	path[len + 1 + segment.len] = '\0';
	return true;
}

/* Where the run of versions in front of segment at begins. */
static size_t
versions_start(const struct route_path *p, size_t at)
{
	while (at > p->mount && route_is_version(p, at - 1))
		at--;
	return at;
}

static bool
is_upload(const struct route_path *p, size_t at)
{
	size_t start = versions_start(p, at);

	return start < at && start > p->mount && route_path_is(p, start - 1, "upload");
}

/* Segments from on are the native path; in front of them stands at most `upload`, versions, and
 * `models` once too often: Google's ids begin with it, and clients add their own. */
static int
match_native(struct match *m, size_t from)
{
	const struct route_path *p = &m->path;
	struct slice version = slice_str(DEFAULT_VERSION);
	bool fits = true;
	size_t behind, start;

	while (route_path_is(p, from, "models") && route_path_is(p, from + 1, "models"))
		from++;
	behind = from;
	while (behind > p->mount && route_path_is(p, behind - 1, "models"))
		behind--;
	start = versions_start(p, behind);
	if (start < behind)
		version = p->segs[behind - 1];
	if (is_upload(p, behind)) {
		start--;
		fits = path_add(m->ret->path, SLICE("upload"));
	}
	m->ret->prefix = prefix_before(p, start);
	fits = fits && path_add(m->ret->path, version);
	for (size_t i = from; fits && i < p->count; i++)
		fits = path_add(m->ret->path, p->segs[i]);
	if (!fits)
		return apierror_set(m->err, APIERROR_BAD_REQUEST, NULL, "The path is too long.");
	return route_matched(m, ROUTE_NATIVE);
}

/* Like match_native, for a resource that is Google's whoever asks. */
static int
match_google(struct match *m, size_t from)
{
	m->ret->dialect = DIALECT_GOOGLE;
	return match_native(m, from);
}

static int
not_found(struct match *m, size_t from, enum dialect dialect)
{
	const struct route_path *p = &m->path;

	m->ret->dialect = dialect;
	m->ret->prefix = prefix_before(p, first_version(p, p->mount, from));
	return route_hint(p, from, m->ret->prefix, dialect, m->err);
}

/* `models` at segment at, with or without an id behind it. */
static int
match_models(struct match *m, size_t at)
{
	const struct route_path *p = &m->path;
	struct slice last = p->segs[p->count - 1];
	size_t base = base_start(p, at);

	m->ret->dialect = caller_dialect(m, base, at);
	if (m->ret->dialect == DIALECT_GOOGLE || route_path_is(p, at + 2, "operations"))
		return match_google(m, at);
	m->ret->prefix = prefix_before(p, at);
	if (at + 1 == p->count)
		return route_matched(m, ROUTE_MODELS);
	m->ret->item.ptr = p->segs[at + 1].ptr;
	m->ret->item.len = (size_t)(last.ptr + last.len - m->ret->item.ptr);
	return route_matched(m, ROUTE_MODEL);
}

/* Index of the `models` that begins the tail, or count: at most MODEL_SEGMENTS_MAX behind it, and
 * nothing of Google's in front. */
static size_t
find_models(const struct route_path *p)
{
	for (size_t i = p->count; i-- > p->mount && p->count - i <= MODEL_SEGMENTS_MAX + 1;) {
		size_t base = base_start(p, i);

		if (route_path_is(p, i, "models") && first_version(p, p->mount, base) == base)
			return i;
	}
	return p->count;
}

/* The route whose words end the path, or ROUTE_COUNT. */
static enum route_op
find_endpoint(const struct route_path *p, size_t *ret_at)
{
	for (enum route_op op = 0; op < ROUTE_COUNT; op++) {
		const struct route_row *row = &route_rows[op];
		size_t at = p->count - words_end_at(p, row->words, p->count);
		size_t base;

		if (at == p->count)
			continue;
		base = base_start(p, at);
		if ((row->flags & ROUTE_ANYWHERE) != 0 ||
		    first_version(p, p->mount, base) == base) {
			*ret_at = at;
			return op;
		}
	}
	return ROUTE_COUNT;
}

/* Index behind the version that begins the native path, or 0: the last one in front of a collection
 * of Google, else the end of the first run. */
static size_t
find_versioned(const struct route_path *p)
{
	size_t at;

	for (at = p->count - 1; at > p->mount; at--)
		if (route_is_version(p, at - 1) && route_is_collection(p, at))
			return at;
	at = first_version(p, p->mount, p->count);
	while (route_is_version(p, at))
		at++;
	return at > p->mount && route_is_version(p, at - 1) ? at : 0;
}

/* What stands behind a version and is none of our endpoints. */
static int
match_versioned(struct match *m, size_t at)
{
	const struct route_path *p = &m->path;
	bool openai = route_path_is(p, at, "openai");
	struct slice word = at + openai < p->count ? p->segs[at + openai] : SLICE("");
	enum dialect dialect = caller_dialect(m, base_start(p, at), at + openai);
	bool stable = route_path_is(p, at - 1, "v1");

	if (is_upload(p, at) && word.len > 0)
		return match_google(m, at);
	if (route_is_word(word, anthropic_only, ARRAY_SIZE(anthropic_only)))
		return not_found(m, at, DIALECT_ANTHROPIC);
	if (word.len == 0 || route_is_word(word, openai_only, ARRAY_SIZE(openai_only)))
		return not_found(m, at + openai, word.len == 0 ? dialect : DIALECT_OPENAI);
	if (openai) {
		/* Google's own OpenAI layer has no files, but some endpoints that we have not. */
		if (slice_eq(word, SLICE("files")))
			return not_found(m, at + 1, DIALECT_OPENAI);
		m->ret->dialect = DIALECT_OPENAI;
		return match_native(m, at);
	}
	if (dialect == DIALECT_OPENAI && stable &&
	    (route_is_word(word, shared, ARRAY_SIZE(shared)) || !route_is_collection(p, at)))
		return not_found(m, at, DIALECT_OPENAI);
	return match_google(m, at);
}

/* `models/x:verb` is native whoever asks. A GET is not: it may name a model with a colon. */
static size_t
find_verb_call(const struct match *m)
{
	const struct route_path *p = &m->path;
	bool get = slice_eq(m->in->method, SLICE("GET")) || slice_eq(m->in->method, SLICE("HEAD"));
	size_t at = p->count - 2;

	if (get || p->count < p->mount + 2 || !route_has_verb(p))
		return p->count;
	if (route_path_is(p, at, "models") || route_path_is(p, at, "tunedModels"))
		return at;
	return p->count;
}

/* Of a path without a version at which there is nothing. */
static enum dialect
stray_dialect(const struct match *m)
{
	const struct route_path *p = &m->path;

	if (route_is_word(p->segs[p->mount], anthropic_only, ARRAY_SIZE(anthropic_only)))
		return DIALECT_ANTHROPIC;
	return route_has_verb(p) ? DIALECT_GOOGLE : caller_dialect(m, p->mount, p->count);
}

static int
match_path(struct match *m)
{
	const struct route_path *p = &m->path;
	enum route_op op;
	size_t at;

	if (p->count == p->mount ||
	    (p->count == p->mount + 1 && route_path_is(p, p->mount, "index.html"))) {
		m->ret->prefix = route_path_before(p, p->mount);
		return route_matched(m, ROUTE_STATUS_PAGE);
	}
	at = route_find_inside(p);
	if (at < p->count)
		return match_versioned(m, at);
	at = find_verb_call(m);
	if (at < p->count)
		return match_google(m, at);
	op = find_endpoint(p, &at);
	if (op != ROUTE_COUNT && op != ROUTE_MODELS) {
		const char *second = route_rows[op].words[1];

		m->ret->dialect = DIALECT_OPENAI;
		m->ret->prefix = prefix_before(p, at);
		if (second != NULL && second[0] == '*')
			m->ret->item = p->segs[at + 1];
		return route_matched(m, op);
	}
	if (op == ROUTE_COUNT)
		at = find_models(p);
	if (at < p->count)
		return match_models(m, at);
	at = find_versioned(p);
	if (at > 0)
		return match_versioned(m, at);
	return not_found(m, p->mount, stray_dialect(m));
}

/* Counts the segments of the mount prefix when the path begins with it. */
static size_t
mount_segments(const struct route_path *p, struct slice mount)
{
	struct slice segment;
	size_t count = 0;

	while (slice_split(&mount, '/', &segment)) {
		if (segment.len == 0)
			continue;
		if (count == p->count || !slice_eq(p->segs[count], segment))
			return 0;
		count++;
	}
	return count;
}

int
route_match(const struct route_input *in, struct route *ret, struct apierror *err)
{
	struct match m = { .in = in, .ret = ret, .err = err };
	int bad;

	*ret = (struct route){ .op = ROUTE_COUNT, .name = "none" };
	ret->dialect = in->has_google_credential ? DIALECT_GOOGLE : DIALECT_OPENAI;
	bad = route_path_read(in->uri, &m.path, err);
	if (slice_eq(in->method, SLICE("OPTIONS"))) {
		ret->op = ROUTE_PREFLIGHT;
		ret->name = "preflight";
		return 0;
	}
	if (bad != 0)
		return -1;
	ret->query = m.path.query;
	m.path.mount = mount_segments(&m.path, in->mount);
	return match_path(&m);
}
