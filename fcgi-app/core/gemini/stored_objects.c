/* Three tables: the collections of paths, the members of bodies, and what not to look into. */
#include "config.h"

#include "core/gemini/stored_objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/http/query.h"
#include "base/limits.h"

#define OBJECT_MADE_MAX (64 * KIB) /* of an answer, in which the name of a new one is */

#define GOOGLE_BASE "https://generativelanguage.googleapis.com"

enum collection {
	FILES,
	CACHES,
	BATCHES,
	OPERATIONS,
	STORES,
	INTERACTIONS,
	TUNED,
	GENERATED,
	CORPORA,
	AGENTS,
	ENVIRONMENTS,
	CREDENTIALS,
	VOICES,
	TRIGGERS,
	DECISIONS, /* nothing is stored there, but files are named */
	OTHER,
};

#define IN(symbol) (1U << (symbol))

/* The first segment behind the version. The newer ones are those of Google's JavaScript client.
 * id_prefix: of an answer's `id`, where it has that instead of a `name`. */
static const struct {
	const char *word;
	enum collection collection;
	const char *id_prefix;
} collections[] = {
	{ "files", FILES, NULL },
	{ "cachedContents", CACHES, NULL },
	{ "batches", BATCHES, NULL },
	{ "operations", OPERATIONS, NULL },
	{ "fileSearchStores", STORES, NULL },
	{ "interactions", INTERACTIONS, "interactions/" },
	{ "tunedModels", TUNED, NULL },
	{ "generatedFiles", GENERATED, NULL },
	{ "corpora", CORPORA, NULL },
	{ "agents", AGENTS, "agents/" },
	{ "triggers", TRIGGERS, "triggers/" },
	{ "environments", ENVIRONMENTS, "environments/" },
	{ "credentials", CREDENTIALS, "credentials/" },
	{ "voices", VOICES, "voices/" },
	{ "webhooks", OTHER, "webhooks/" },
	{ "videos", OTHER, NULL },
	{ "decisions", DECISIONS, NULL },
};

/* Verbs of models that make an object. */
static const char *const making_verbs[] = { "batchGenerateContent", "asyncBatchEmbedContent" };

#define WORD(literal) \
	{ \
		literal, sizeof(literal) - 1 \
	}

/* clang-format off */
/* Members of request bodies, in both spellings that Google reads. prefix: of values that are bare
 * ids. body: the paths on which it counts; 0: all. starts: of such ids, or NULL; others are words
 * of another kind. outer: counts as a member of an interaction only. */
static const struct {
	struct slice key, other;
	uint32_t in;
	const char *prefix;
	unsigned body;
	const char *starts;
	bool outer;
} named[] = {
	{ WORD("fileUri"), WORD("file_uri"), IN(FILES), "", 0 },
	{ WORD("cachedContent"), WORD("cached_content"), IN(CACHES), "", 0 },
	{ WORD("fileSearchStoreNames"), WORD("file_search_store_names"), IN(STORES), "", 0 },
	{ WORD("model"), WORD("model"), IN(TUNED), "", 0 },
	{ WORD("tunedModel"), WORD("tuned_model"), IN(TUNED), "", 0 },
	{ WORD("fileName"), WORD("file_name"), IN(FILES), "", OBJECT_BODY_BATCH },
	{ WORD("uri"), WORD("uri"), IN(FILES) | IN(ENVIRONMENTS), "", OBJECT_BODY_INTERACTIONS },
	{ WORD("agent"), WORD("agent"), IN(AGENTS), "", OBJECT_BODY_INTERACTIONS },
	{ WORD("baseAgent"), WORD("base_agent"), IN(AGENTS), "", OBJECT_BODY_INTERACTIONS },
	/* Tools for computers have one of their own. */
	{ WORD("environment"), WORD("environment"), IN(ENVIRONMENTS), "environments/", OBJECT_BODY_INTERACTIONS, .outer = true },
	{ WORD("environmentId"), WORD("environment_id"), IN(ENVIRONMENTS), "environments/", OBJECT_BODY_INTERACTIONS },
	{ WORD("baseEnvironment"), WORD("base_environment"), IN(ENVIRONMENTS), "environments/", OBJECT_BODY_INTERACTIONS },
	{ WORD("fromEnvironment"), WORD("from_environment"), IN(ENVIRONMENTS), "environments/", OBJECT_BODY_INTERACTIONS },
	{ WORD("credential"), WORD("credential"), IN(CREDENTIALS), "credentials/", OBJECT_BODY_INTERACTIONS },
	/* Other bare words are Google's own voices. */
	{ WORD("voice"), WORD("voice"), IN(VOICES), "voices/", 0, .starts = "voice_" },
	{ WORD("voiceName"), WORD("voice_name"), IN(VOICES), "voices/", 0, .starts = "voice_" },
	{ WORD("baseVoice"), WORD("base_voice"), IN(VOICES), "voices/", OBJECT_BODY_INTERACTIONS, .starts = "voice_" },
	{ WORD("previousInteractionId"), WORD("previous_interaction_id"), IN(INTERACTIONS), "interactions/", OBJECT_BODY_INTERACTIONS },
	{ WORD("inputFileId"), WORD("input_file_id"), IN(FILES), "", OBJECT_BODY_COMPAT },
};

/* What callers and models make up: arguments, results and schemas of functions. */
static const struct slice closed[] = {
	WORD("args"), WORD("arguments"), WORD("response"), WORD("parameters"),
	WORD("parametersJsonSchema"), WORD("parameters_json_schema"), WORD("responseSchema"),
	WORD("response_schema"), WORD("responseJsonSchema"), WORD("response_json_schema"),
};
/* clang-format on */

/* ---- lists ---- */

void
stored_objects_init(struct stored_objects *o)
{
	*o = (struct stored_objects){ 0 };
}

void
stored_objects_release(struct stored_objects *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->names[i]);
	free(o->names);
	stored_objects_init(o);
}

static void
objects_add(struct stored_objects *o, struct slice name)
{
	if (o->count == OBJECTS_MAX ||
	    (o->count > 0 && slice_eq(slice_str(o->names[o->count - 1]), name)))
		return;
	if (o->count == o->room) {
		o->room = o->room * 2 + 8;
		o->names = xrealloc(o->names, o->room * sizeof(*o->names));
	}
	o->names[o->count++] = xstrndup(name.ptr, name.len);
}

static int
objects_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
stored_objects_settle(struct stored_objects *o)
{
	size_t kept = 0;

	if (o->count == 0)
		return;
	qsort(o->names, o->count, sizeof(*o->names), objects_compare);
	for (size_t i = 1; i < o->count; i++) {
		if (strcmp(o->names[kept], o->names[i]) == 0)
			free(o->names[i]);
		else
			o->names[++kept] = o->names[i];
	}
	o->count = kept + 1;
}

/* ---- names ---- */

static bool
is_id_char(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
	       c == '-' || c == '_' || c == '.' || c == '~' || c == '=';
}

/* The next segment; a verb, a query or an escape ends its id. *ret_verb: behind the colon. */
static struct slice
next_id(struct slice *rest, struct slice *ret_verb)
{
	struct slice segment, id;
	size_t len = 0;

	*ret_verb = (struct slice){ "", 0 };
	if (!slice_split(rest, '/', &segment))
		return *ret_verb;
	while (len < segment.len && is_id_char(segment.ptr[len]))
		len++;
	id = (struct slice){ segment.ptr, len };
	if (len < segment.len && segment.ptr[len] == ':')
		*ret_verb = (struct slice){ segment.ptr + len + 1, segment.len - len - 1 };
	else if (len < segment.len && percent_byte(slice_skip(segment, len)) == ':')
		*ret_verb = (struct slice){ segment.ptr + len + 3, segment.len - len - 3 };
	return id;
}

static bool
is_version(struct slice segment)
{
	return segment.len > 1 && segment.ptr[0] == 'v' && segment.ptr[1] >= '1' &&
	       segment.ptr[1] <= '9';
}

struct place {
	enum object_use use;
	enum collection collection; /* not of USE_NONE */
	const char *id_prefix;
	char name[OBJECT_NAME_MAX + 1];
	bool upload, compat;
};

static void
set_name(struct place *p, struct slice first, struct slice second)
{
	if (first.len + second.len + 1 > OBJECT_NAME_MAX) {
		p->use = OBJECT_USE_NONE;
		return;
	}
	memcpy(p->name, first.ptr, first.len);
	p->name[first.len] = '/';
	memcpy(p->name + first.len + 1, second.ptr, second.len);
	p->name[first.len + 1 + second.len] = '\0';
	p->use = OBJECT_USE_ONE;
}

/* `models/X:verb`, `models/X/operations`, `models/X/operations/ID`. */
static void
read_model(struct place *p, const char *from, struct slice rest)
{
	struct slice word, id, verb;

	next_id(&rest, &verb);
	for (size_t i = 0; i < ARRAY_SIZE(making_verbs); i++)
		if (slice_eq(verb, slice_str(making_verbs[i]))) {
			p->use = OBJECT_USE_MANY;
			p->collection = BATCHES;
		}
	if (!slice_split(&rest, '/', &word) || !slice_eq(word, SLICE("operations")))
		return;
	p->collection = OPERATIONS;
	p->use = OBJECT_USE_MANY;
	id = next_id(&rest, &verb);
	if (id.len > 0)
		set_name(p, (struct slice){ from, (size_t)(word.ptr + word.len - from) }, id);
}

/* Google's OpenAI layer has whole names for ids: `batches/batches%2Fabc`. */
static struct slice
without_repetition(struct slice rest, struct slice word)
{
	struct slice tail;

	if (!slice_starts(rest, word) || rest.len == word.len)
		return rest;
	tail = slice_skip(rest, word.len);
	if (tail.ptr[0] == '/')
		return slice_skip(tail, 1);
	return percent_byte(tail) == '/' ? slice_skip(tail, 3) : rest;
}

/* text: `[/][upload/|download/][v1beta/][openai/]COLLECTION[/ID...]` */
static void
read_place(struct slice text, struct place *p)
{
	struct slice rest = text, word = SLICE(""), id, verb;

	*p = (struct place){ .use = OBJECT_USE_NONE };
	for (;;) {
		if (!slice_split(&rest, '/', &word))
			return;
		p->upload |= slice_eq(word, SLICE("upload"));
		p->compat |= slice_eq(word, SLICE("openai"));
		if (word.len > 0 && !is_version(word) && !slice_eq(word, SLICE("upload")) &&
		    !slice_eq(word, SLICE("download")) && !slice_eq(word, SLICE("openai")))
			break;
	}
	if (slice_eq(word, SLICE("models"))) {
		read_model(p, word.ptr, rest);
		return;
	}
	/* `files:register` */
	id = next_id(&(struct slice){ word.ptr, word.len }, &verb);
	for (size_t i = 0; i < ARRAY_SIZE(collections); i++) {
		if (!slice_eq(id, slice_str(collections[i].word)))
			continue;
		p->collection = collections[i].collection;
		p->use = OBJECT_USE_MANY;
		p->id_prefix = collections[i].id_prefix;
		word = id;
		if (p->compat)
			rest = without_repetition(rest, word);
		id = next_id(&rest, &verb);
		if (id.len > 0)
			set_name(p, word, id);
		return;
	}
}

/* A name, or an id that the prefix makes one of. False when it names no object. */
static bool
read_prefixed(const char *prefix, struct slice value, struct place *p)
{
	char text[OBJECT_NAME_MAX + 1];
	size_t len = strlen(prefix);
	bool bare = len > 0 && memchr(value.ptr, '/', value.len) == NULL;

	if (bare && len + value.len > OBJECT_NAME_MAX)
		return false;
	if (bare) {
		memcpy(text, prefix, len);
		memcpy(text + len, value.ptr, value.len);
		value = (struct slice){ text, len + value.len };
	}
	read_place(value, p);
	return p->use == OBJECT_USE_ONE;
}

struct object_path
stored_objects_of_path(struct slice path, struct stored_objects *o)
{
	struct object_path ret;
	struct place p;

	read_place(path, &p);
	ret = (struct object_path){ .use = p.use, .upload = p.upload };
	if (p.use == OBJECT_USE_ONE)
		objects_add(o, slice_str(p.name));
	if (p.compat) {
		ret.body |= OBJECT_BODY_COMPAT;
		ret.id_prefix = "";
	}
	if (p.use == OBJECT_USE_NONE)
		return ret;
	if (p.id_prefix != NULL)
		ret.id_prefix = p.id_prefix;
	if (p.id_prefix != NULL || p.collection == DECISIONS)
		ret.body |= OBJECT_BODY_INTERACTIONS;
	if (p.collection == INTERACTIONS)
		ret.alone = true;
	if (p.collection == DECISIONS)
		ret.use = OBJECT_USE_NONE;
	if (p.collection == BATCHES || p.collection == STORES || p.collection == TUNED)
		ret.body |= OBJECT_BODY_BATCH;
	return ret;
}

/* ---- bodies ---- */

/* Most keys differ in their length already. */
static inline bool
objects_is_word(struct slice key, struct slice word)
{
	return key.len == word.len && memcmp(key.ptr, word.ptr, word.len) == 0;
}

static bool
is_row(const struct stored_objects_scan *s, size_t row, struct slice key)
{
	return (objects_is_word(key, named[row].key) || objects_is_word(key, named[row].other)) &&
	       (named[row].body == 0 || (named[row].body & s->body) != 0);
}

/* Is this a member of the body itself, or of the interaction that a trigger holds? */
static bool
is_outer(const struct json_scan *m)
{
	struct slice top = { m->top, m->top_len };

	return m->depth == 1 || (m->depth == 2 && slice_eq(top, SLICE("interaction")));
}

static enum member_interest
objects_is_named(const struct json_scan *m, struct slice key)
{
	const struct stored_objects_scan *s = (const struct stored_objects_scan *)m;

	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (is_row(s, i, key))
			return !named[i].outer || is_outer(m) ? MEMBER_TELL : MEMBER_PASS;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		if (objects_is_word(key, closed[i]))
			return MEMBER_CLOSED;
	return MEMBER_PASS;
}

/* A name, or the URL of one at Google: what follows the host. Empty for other URLs. */
static struct slice
without_host(const struct stored_objects_scan *s, struct slice value)
{
	const struct slice hosts[] = { SLICE(GOOGLE_BASE), s->base };

	if (slice_find(value, SLICE("://")) < 0)
		return value;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (hosts[i].len > 0 && slice_startsi(value, hosts[i]) &&
		    value.len > hosts[i].len && value.ptr[hosts[i].len] == '/')
			return slice_skip(value, hosts[i].len);
	return SLICE("");
}

static void
add_named(struct stored_objects_scan *s, size_t row, struct slice value)
{
	const char *starts = named[row].starts;
	struct place p;

	if (starts != NULL && memchr(value.ptr, '/', value.len) == NULL &&
	    !slice_starts(value, slice_str(starts)))
		return;
	if (read_prefixed(named[row].prefix, without_host(s, value), &p) &&
	    (IN(p.collection) & named[row].in) != 0)
		objects_add(s->objects, slice_str(p.name));
}

static void
found_named(struct json_scan *m, const struct member *member)
{
	struct stored_objects_scan *s = (struct stored_objects_scan *)m;

	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (is_row(s, i, member->key))
			add_named(s, i, member->value);
}

static const struct member_reader named_reader = { objects_is_named, found_named };

void
stored_objects_scan_init(
    struct stored_objects_scan *s, struct stored_objects *o, unsigned body, struct slice base)
{
	json_scan_init(&s->members, &named_reader);
	s->objects = o;
	s->base = base;
	s->body = body;
}

void
stored_objects_scan_feed(struct stored_objects_scan *s, struct slice bytes)
{
	json_scan_feed(&s->members, bytes);
}

bool
stored_objects_maybe(struct slice body)
{
	/* Our own writer escapes no letter; what callers hand through has both spellings. */
	static const char *const words[] = { "fileUri\"", "file_uri\"", "cachedContent\"",
		"cached_content\"", "fileSearchStoreNames\"", "file_search_store_names\"",
		"tunedModels/", "\"voices/" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_find(body, slice_str(words[i])) >= 0)
			return true;
	return false;
}

/* ---- answers ---- */

/* Of the object itself or of what an answer or event wraps it in. */
static enum member_interest
is_made(const struct json_scan *m, struct slice key)
{
	const struct object_made *made = (const struct object_made *)m;
	struct slice top = { m->top, m->top_len };

	if (m->depth > 2)
		return MEMBER_PASS;
	if (m->depth == 2 && !slice_eq(top, SLICE("file")) && !slice_eq(top, SLICE("interaction")))
		return MEMBER_PASS;
	return slice_eq(key, made->id_prefix != NULL ? SLICE("id") : SLICE("name")) ? MEMBER_TELL
	                                                                            : MEMBER_PASS;
}

static void
found_made(struct json_scan *m, const struct member *member)
{
	struct object_made *made = (struct object_made *)m;
	struct place p;

	if (made->name[0] == '\0' &&
	    read_prefixed(made->id_prefix != NULL ? made->id_prefix : "", member->value, &p))
		memcpy(made->name, p.name, sizeof(p.name));
}

static const struct member_reader made_reader = { is_made, found_made };

void
object_made_init(struct object_made *m, const struct object_path *path)
{
	*m = (struct object_made){ .id_prefix = path->id_prefix };
	json_scan_init(&m->members, &made_reader);
}

bool
object_made_feed(struct object_made *m, struct slice bytes)
{
	size_t len = OBJECT_MADE_MAX - m->seen < bytes.len ? OBJECT_MADE_MAX - m->seen : bytes.len;

	if (m->name[0] == '\0')
		json_scan_feed(&m->members, (struct slice){ bytes.ptr, len });
	m->seen += len;
	return m->name[0] != '\0' || m->seen == OBJECT_MADE_MAX;
}
