/*
 * Which result answers which call. Clients shorten ids, make them up, leave them empty or use one
 * for all; results come late, twice, or in front of their call. What is sure goes first: the id
 * within the step, the id anywhere; then what is likely within the step: an id that is alike, the
 * name, the order.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"

#define ALIKE_CALLS_MAX 64 /* open calls whose ids are compared loosely */

#define ALIKE_MIN    4   /* letters that an id and its shortened form share at least */
#define ALIKE_ID_MAX 256 /* bytes: longer ids are compared as a whole alone */
#define SUFFIX_MIN   8   /* letters at the end that two ids of one call share at least */

/* Results that stand behind the calls of one step, up to the next assistant message. */
struct window {
	const struct chat_read *c;
	struct chat_results *results;
	struct chat_calls *calls;
	size_t first, next; /* its assistant messages begin at first, its results at next */
	size_t *list, count;
	json_object *media;
	struct apierror *err;
};

static json_object *
pair_message_at(const struct chat_results *r, size_t i)
{
	return json_object_array_get_idx(r->messages, i);
}

static const char *
name_of(json_object *message)
{
	struct slice name = json_get_str(message, "name");

	return name.len > 0 ? name.ptr : NULL;
}

/* ---- calls of one step ---- */

/* Puts call i in front of the others of its key. */
static void
chain_call(struct chat_calls *c, enum chat_key key, struct slice text, size_t i)
{
	if (text.len == 0)
		return;
	if (c->index[key] == NULL)
		c->index[key] = json_object_new_object();
	c->list[i].next[key] = (ptrdiff_t)json_get_int(c->index[key], text.ptr, -1);
	json_put(c->index[key], text.ptr, json_object_new_int64((int64_t)i));
}

static struct slice
pair_key_of(const struct chat_call *call, enum chat_key key)
{
	json_object *const keys[] = { call->id, call->other_id, call->name };

	return json_str(keys[key]);
}

static void
index_calls(struct chat_calls *c)
{
	for (size_t i = c->count; i-- > 0;)
		for (enum chat_key key = 0; key < CHAT_KEYS; key++)
			chain_call(c, key, pair_key_of(&c->list[i], key), i);
}

/* The first call of the key that has no result yet; answered ones leave the chain. */
static struct chat_call *
first_open(struct chat_calls *c, enum chat_key key, const char *text)
{
	ptrdiff_t first = (ptrdiff_t)json_get_int(c->index[key], text, -1), at = first;

	while (at >= 0 && c->list[at].answered)
		at = c->list[at].next[key];
	if (at != first)
		json_put(c->index[key], text, json_object_new_int64(at));
	return at >= 0 ? &c->list[at] : NULL;
}

static struct chat_call *
last_of(struct chat_calls *c, enum chat_key key, const char *text)
{
	int64_t at;

	if (c->last[key] == NULL) { /* few histories ask */
		c->last[key] = json_object_new_object();
		for (size_t i = 0; i < c->count; i++)
			if (pair_key_of(&c->list[i], key).len > 0)
				json_put(c->last[key], pair_key_of(&c->list[i], key).ptr,
				    json_object_new_int64((int64_t)i));
	}
	at = json_get_int(c->last[key], text, -1);
	return at >= 0 ? &c->list[at] : NULL;
}

/* In order; those in front of c->open are answered. */
static struct chat_call *
next_open(struct chat_calls *c)
{
	while (c->open < c->count && c->list[c->open].answered)
		c->open++;
	return c->open < c->count ? &c->list[c->open] : NULL;
}

/* ---- ids that are alike ---- */

static bool
is_alnum(char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The letters of an id from one end: its next one, or NUL. */
static char
next_letter(struct slice *id, bool back)
{
	while (id->len > 0) {
		char c = back ? id->ptr[id->len - 1] : id->ptr[0];

		id->len--;
		id->ptr += !back;
		if (is_alnum(c))
			return ascii_lower(c);
	}
	return '\0';
}

/* How many letters are the same from one end on; *ret_whole: all of either one. */
static size_t
common_letters(struct slice a, struct slice b, bool back, bool *ret_whole)
{
	size_t count = 0;

	for (;; count++) {
		char x = next_letter(&a, back), y = next_letter(&b, back);

		*ret_whole = x == '\0' || y == '\0';
		if (x != y || x == '\0')
			return count;
	}
}

/* One is the other's beginning or end, or both have the same long end, signs aside. */
static bool
are_alike(struct slice a, struct slice b)
{
	bool whole;

	if (common_letters(a, b, false, &whole) >= ALIKE_MIN && whole)
		return true;
	return common_letters(a, b, true, &whole) >= (whole ? ALIKE_MIN : SUFFIX_MIN);
}

/* The one open call whose id is alike, or NULL. */
static struct chat_call *
find_alike(struct chat_calls *c, struct slice id)
{
	struct chat_call *found = NULL;
	size_t open = 0;

	/* Real ids have about 40 letters. */
	if (id.len > ALIKE_ID_MAX)
		return NULL;
	next_open(c);
	for (size_t i = c->open; i < c->count; i++) {
		struct chat_call *call = &c->list[i];

		if (call->answered)
			continue;
		if (++open > ALIKE_CALLS_MAX)
			return NULL;
		if (json_str(call->id).len > ALIKE_ID_MAX || !are_alike(json_str(call->id), id))
			continue;
		if (found != NULL)
			return NULL;
		found = call;
	}
	return found;
}

/* ---- who answers whom ---- */

/* Of open calls that have the same key as this one, the one of that name, if it is near. */
static struct chat_call *
of_name(struct chat_calls *c, struct chat_call *call, enum chat_key key, const char *name)
{
	struct chat_call *other = call;

	for (size_t i = 0; name != NULL && i < ALIKE_CALLS_MAX; i++) {
		if (!other->answered && slice_eq(json_str(other->name), slice_str(name)))
			return other;
		if (other->next[key] < 0)
			break;
		other = &c->list[other->next[key]];
	}
	return call;
}

static struct chat_call *
by_id(const struct window *w, size_t i)
{
	json_object *message = pair_message_at(w->results, i);
	const char *id = chat_result_id(message);

	for (enum chat_key key = CHAT_BY_ID; id != NULL && key <= CHAT_BY_OTHER_ID; key++) {
		struct chat_call *call = first_open(w->calls, key, id);

		if (call != NULL)
			return of_name(w->calls, call, key, name_of(message));
	}
	return NULL;
}

/* One more result of a call that has one. */
static struct chat_call *
by_id_again(const struct window *w, size_t i)
{
	const char *id = chat_result_id(pair_message_at(w->results, i));
	struct chat_call *call = NULL;

	if (id != NULL)
		call = last_of(w->calls, CHAT_BY_ID, id);
	return call != NULL || id == NULL ? call : last_of(w->calls, CHAT_BY_OTHER_ID, id);
}

static struct chat_call *
by_alike_id(const struct window *w, size_t i)
{
	const char *id = chat_result_id(pair_message_at(w->results, i));

	return id != NULL && !chat_result_waits(w->results, i) ? find_alike(w->calls, slice_str(id))
	                                                       : NULL;
}

/* Some clients put the function's name where the id belongs. */
static struct chat_call *
pair_by_name(const struct window *w, size_t i)
{
	json_object *message = pair_message_at(w->results, i);
	const char *name = name_of(message);

	if (name == NULL)
		name = chat_result_id(message);
	return name != NULL && !chat_result_waits(w->results, i)
	           ? first_open(w->calls, CHAT_BY_NAME, name)
	           : NULL;
}

static struct chat_call *
by_name_again(const struct window *w, size_t i)
{
	json_object *message = pair_message_at(w->results, i);
	const char *name = chat_result_id(message) == NULL ? name_of(message) : NULL;

	return name != NULL ? last_of(w->calls, CHAT_BY_NAME, name) : NULL;
}

/* A result that names another function of the step is none of the next call's. */
static struct chat_call *
by_order(const struct window *w, size_t i)
{
	const char *name = name_of(pair_message_at(w->results, i));

	if (chat_result_waits(w->results, i) ||
	    (name != NULL && last_of(w->calls, CHAT_BY_NAME, name) != NULL))
		return NULL;
	return next_open(w->calls);
}

/* clang-format off */
/* told: the caller hears of it when the message has an id. */
static const struct pass {
	struct chat_call *(*find)(const struct window *w, size_t i);
	bool told;
} sure[] = {
	{ by_id,         false },
}, likely[] = {
	{ by_id_again,   true },
	{ by_alike_id,   true },
	{ pair_by_name,       true },
	{ by_name_again, true },
	{ by_order,      true },
};
/* clang-format on */

static int
window_take(struct window *w, size_t i, struct chat_call *call, bool told)
{
	json_object *message = pair_message_at(w->results, i);
	char at[APIERROR_PARAM_MAX];

	w->results->taken[i] = 1;
	field_name(at, "%s[%zu]", w->c->list, i);
	if (told && (chat_result_id(message) != NULL || call->answered))
		changes_mention(w->c->env->changes, CHANGE_REWRITTEN, at);
	return chat_result_read(w->c, call, message, at, w->media, w->err);
}

static int
window_pass(struct window *w, const struct pass *pass)
{
	for (size_t k = 0; k < w->count; k++) {
		size_t i = w->list[k];
		struct chat_call *call = w->results->taken[i] ? NULL : pass->find(w, i);

		if (call != NULL && window_take(w, i, call, pass->told) != 0)
			return -1;
	}
	return 0;
}

/* Results that stand behind other calls than their own: one for a call that has none, and all in
 * front of it. */
static int
take_astray(struct window *w, struct chat_call *call, json_object *call_id)
{
	struct chat_results *r = w->results;
	struct slice id = json_str(call_id);
	ptrdiff_t first, at;
	int rc = 0;

	if (id.len == 0)
		return 0;
	first = at = (ptrdiff_t)json_get_int(r->astray, id.ptr, -1);
	for (; rc == 0 && at >= 0; at = r->next[at]) {
		if (r->taken[at])
			continue;
		if (call->answered && (size_t)at >= w->first)
			break;
		rc = window_take(w, (size_t)at, call, true);
	}
	if (at != first)
		json_put(r->astray, id.ptr, json_object_new_int64(at));
	return rc;
}

static int
window_answer(struct window *w)
{
	for (size_t p = 0; p < ARRAY_SIZE(sure); p++)
		if (window_pass(w, &sure[p]) != 0)
			return -1;
	for (size_t k = 0; k < w->calls->count; k++) {
		struct chat_call *call = &w->calls->list[k];

		if (take_astray(w, call, call->id) != 0 ||
		    take_astray(w, call, call->other_id) != 0)
			return -1;
	}
	for (size_t p = 0; p < ARRAY_SIZE(likely); p++)
		if (window_pass(w, &likely[p]) != 0)
			return -1;
	return 0;
}

int
chat_calls_pair(const struct chat_read *c, struct chat_results *results, struct chat_calls *calls,
    size_t first, size_t next, json_object *media, struct apierror *err)
{
	size_t count = json_object_array_length(results->messages);
	struct window w = { c, results, calls, first, next, NULL, 0, media, err };
	size_t end = next;
	int rc;

	index_calls(calls);
	while (end < count &&
	       !slice_eq(json_get_str(pair_message_at(results, end), "role"), SLICE("assistant")))
		end++;
	w.list = xcalloc(end - next + 1, sizeof(*w.list));
	for (size_t i = next; i < end; i++)
		if (!results->taken[i] && chat_is_result(pair_message_at(results, i)))
			w.list[w.count++] = i;
	rc = window_answer(&w);
	free(w.list);
	return rc;
}
