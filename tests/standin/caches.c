/* Cached contents: sizes and times; the contents themselves are only counted. */
#include "config.h"

#include "caches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "gen.h"
#include "gjson.h"

#define PREFIX      "cachedContents/"
#define TTL_DEFAULT 3600

struct cache {
	struct cache *next;
	char id[24];
	char *project;
	char *model; /* "models/x" */
	char *display_name;
	int64_t tokens;
	time_t created, updated, expires;
};

struct caches {
	struct cache *first; /* newest first */
	uint32_t serial;
};

struct caches *
caches_new(void)
{
	return xcalloc(1, sizeof(struct caches));
}

static void
cache_free(struct cache *cache)
{
	free(cache->project);
	free(cache->model);
	free(cache->display_name);
	free(cache);
}

void
caches_free(struct caches *c)
{
	for (struct cache *cache = c->first, *next; cache != NULL; cache = next) {
		next = cache->next;
		cache_free(cache);
	}
	free(c);
}

static struct cache **
cache_link(struct caches *c, struct slice id, const char *project)
{
	struct cache **link = &c->first;

	while (*link != NULL && (!slice_eq(slice_str((*link)->id), id) ||
				    (project != NULL && strcmp((*link)->project, project) != 0)))
		link = &(*link)->next;
	return link;
}

static struct slice
id_of(struct slice name)
{
	struct slice prefix = SLICE(PREFIX);

	if (!slice_starts(name, prefix))
		return SLICE("");
	return (struct slice){ name.ptr + prefix.len, name.len - prefix.len };
}

int64_t
caches_tokens(const struct caches *c, struct slice name)
{
	struct slice id = id_of(name);

	for (const struct cache *cache = c->first; cache != NULL; cache = cache->next) {
		if (slice_eq(slice_str(cache->id), id))
			return cache->tokens;
	}
	return 0;
}

bool
caches_check(const struct subject *s, struct slice name, int64_t *ret_tokens, struct refusal *r)
{
	struct cache *cache = *cache_link(s->si->caches, id_of(name), s->project);
	struct slice model = slice_str(cache != NULL ? cache->model : NULL);

	if (cache == NULL || cache->expires <= time(NULL))
		return refuse(r, 403, "CachedContent not found (or permission denied)");
	if (model.len < 7 || !slice_eq((struct slice){ model.ptr + 7, model.len - 7 }, s->name))
		return refuse(r, 400,
		    "Model used by GenerateContent request (models/%.*s) and CachedContent (%s) "
		    "has "
		    "to be the same.",
		    (int)s->name.len, s->name.ptr, cache->model);
	*ret_tokens = cache->tokens;
	return true;
}

static void
add_time(json_object *obj, const char *name, time_t when)
{
	char text[40];
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_object_add(obj, name, json_object_new_string(text));
}

static json_object *
cache_document(const struct cache *cache)
{
	json_object *doc = json_object_new_object(), *usage = json_object_new_object();
	char name[64];

	snprintf(name, sizeof(name), PREFIX "%s", cache->id);
	json_object_object_add(doc, "name", json_object_new_string(name));
	json_object_object_add(doc, "model", json_object_new_string(cache->model));
	if (cache->display_name != NULL)
		json_object_object_add(
		    doc, "displayName", json_object_new_string(cache->display_name));
	add_time(doc, "createTime", cache->created);
	add_time(doc, "updateTime", cache->updated);
	add_time(doc, "expireTime", cache->expires);
	json_object_object_add(usage, "totalTokenCount", json_object_new_int64(cache->tokens));
	json_object_object_add(doc, "usageMetadata", usage);
	return doc;
}

static void
reply_cache(struct conn *c, const struct cache *cache)
{
	json_object *doc = cache_document(cache);

	gjson_reply(c, 200, doc);
	json_object_put(doc);
}

/* "300s", or a time; false when neither can be read. */
static bool
read_expiry(json_object *body, time_t *ret)
{
	const char *ttl = gjson_str(body, "ttl").ptr, *when = gjson_str(body, "expireTime").ptr;
	struct tm tm = { 0 };

	if (*when != '\0' && *ttl == '\0') {
		if (strptime(when, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
			return false;
		*ret = timegm(&tm);
	} else if (*ttl != '\0' && *when == '\0') {
		*ret = time(NULL) + (time_t)strtod(ttl, NULL);
	} else if (*ttl != '\0') {
		return false;
	}
	return *ret > time(NULL);
}

static void
cache_invalid(struct conn *c, const char *message)
{
	gerror_reply(c, 400, message, NULL);
}

void
caches_create(struct standin *si, struct conn *c, json_object *body, const char *project)
{
	struct slice model = gjson_str(body, "model"), name = gjson_str(body, "displayName");
	time_t expires = time(NULL) + TTL_DEFAULT;
	struct token_count tokens;
	struct model known;
	struct cache *cache;

	if (!slice_starts(model, SLICE("models/")) ||
	    !model_find((struct slice){ model.ptr + 7, model.len - 7 }, &known) ||
	    known.kind != MODEL_TEXT) {
		cache_invalid(
		    c, "* CreateCachedContentRequest.model: unexpected model name format\n");
		return;
	}
	if (!read_expiry(body, &expires)) {
		cache_invalid(c,
		    "* CreateCachedContentRequest.cached_content.expiration: one of ttl and "
		    "expire_time, in the future\n");
		return;
	}
	if (gjson_count(body, "contents") == 0 && gjson_get(body, "systemInstruction") == NULL) {
		cache_invalid(c,
		    "* CreateCachedContentRequest.cached_content.contents: contents is not "
		    "specified\n");
		return;
	}
	cache = xcalloc(1, sizeof(*cache));
	snprintf(cache->id, sizeof(cache->id), "stcache%010u", ++si->caches->serial);
	cache->project = xstrdup(project);
	cache->model = xstrndup(model.ptr, model.len);
	cache->display_name = name.len > 0 ? xstrndup(name.ptr, name.len) : NULL;
	tokens_of_request(body, &tokens);
	cache->tokens = tokens_total(&tokens);
	cache->created = cache->updated = time(NULL);
	cache->expires = expires;
	cache->next = si->caches->first;
	si->caches->first = cache;
	reply_cache(c, cache);
}

void
caches_list(struct standin *si, struct conn *c, const char *project)
{
	json_object *doc = json_object_new_object(), *list = json_object_new_array();

	for (struct cache *cache = si->caches->first; cache != NULL; cache = cache->next) {
		if (strcmp(cache->project, project) == 0)
			json_object_array_add(list, cache_document(cache));
	}
	if (json_object_array_length(list) > 0)
		json_object_object_add(doc, "cachedContents", list);
	else
		json_object_put(list);
	gjson_reply(c, 200, doc);
	json_object_put(doc);
}

static void
not_found(struct conn *c)
{
	gerror_reply(c, 403, "CachedContent not found (or permission denied)", NULL);
}

void
caches_get(struct standin *si, struct conn *c, struct slice id, const char *project)
{
	struct cache *cache = *cache_link(si->caches, id, project);

	if (cache != NULL)
		reply_cache(c, cache);
	else
		not_found(c);
}

void
caches_patch(
    struct standin *si, struct conn *c, struct slice id, json_object *body, const char *project)
{
	struct cache *cache = *cache_link(si->caches, id, project);
	time_t expires = 0;

	if (cache == NULL) {
		not_found(c);
		return;
	}
	json_object_object_foreach(body, name, value)
	{
		(void)value;
		if (strcmp(name, "ttl") != 0 && strcmp(name, "expireTime") != 0 &&
		    strcmp(name, "expire_time") != 0) {
			cache_invalid(c, "Only ttl and expire_time can be updated.");
			return;
		}
	}
	if (!read_expiry(body, &expires)) {
		cache_invalid(c,
		    "* UpdateCachedContentRequest.cached_content.expiration: one of ttl and "
		    "expire_time, in the future\n");
		return;
	}
	cache->expires = expires;
	cache->updated = time(NULL);
	reply_cache(c, cache);
}

void
caches_delete(struct standin *si, struct conn *c, struct slice id, const char *project)
{
	struct cache **link = cache_link(si->caches, id, project), *cache = *link;

	if (cache == NULL) {
		not_found(c);
		return;
	}
	*link = cache->next;
	cache_free(cache);
	conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
}
