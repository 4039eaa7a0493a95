/*
 * Followed spaces in a Redis or Valkey server. Beside the values there is a sorted set, gb:SPACE,
 * which no value is called. In it each key, after a colon, has the number of its last put as its
 * score; `last` has the last number that was given, and `origin` tells the set from another that
 * took its place: these two are negative, so nobody who asks for what is new meets them.
 *
 * A put is one script. A server runs scripts one after the other and whole, so a number never
 * shows before the value does, nor a smaller number after a larger one.
 */
#include "config.h"

#include "state_priv.h"

#ifdef HAVE_HIREDIS

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

#define ORIGIN_MAX (1ULL << 50) /* a score is a double */

/* KEYS: the value's name, the set's. ARGV: the key in the set, the value, milliseconds to live, an
 * origin if there is none. */
static const char put_script[] = "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
				 "redis.call('ZADD', KEYS[2], 'NX', ARGV[4], 'origin')\n"
				 "local number = -redis.call('ZINCRBY', KEYS[2], -1, 'last')\n"
				 "return redis.call('ZADD', KEYS[2], number, ARGV[1])";

/* ---- puts ---- */

static struct slice
set_of(struct slice name, enum state_space space)
{
	return (struct slice){ name.ptr, strlen("gb:") + strlen(state_limits[space].name) };
}

struct slice
redis_origin(struct redis_link *link, char text[24])
{
	link->salt++;
	snprintf(text, 24, "-%llu", (unsigned long long)(link->salt % ORIGIN_MAX + 1));
	return slice_str(text);
}

void
redis_put_news(struct redis_words *command, const struct state_item *item, struct slice name,
    struct slice left, struct slice origin)
{
	struct slice set = set_of(name, item->space);

	redis_word(command, SLICE("EVAL"));
	redis_word(command, slice_str(put_script));
	redis_word(command, SLICE("2"));
	redis_word(command, name);
	redis_word(command, set);
	redis_word(command, slice_skip(name, set.len));
	redis_word(command, item->value);
	redis_word(command, left);
	redis_word(command, origin);
}

/* ---- where the numbers stand ---- */

static int
redis_unexpected(char reason[STATE_REASON_MAX])
{
	snprintf(reason, STATE_REASON_MAX, "an unexpected reply");
	return -1;
}

/* A server that was restarted may have an older copy of the set. One that does not tell is taken
 * for the same. */
static int
learn_server(struct redis_link *link, char reason[STATE_REASON_MAX])
{
	static const uint8_t hash_key[SIPHASH_KEY_BYTES];
	struct redis_words info = { 0 };
	redisReply *reply;
	const char *run;

	redis_word(&info, SLICE("INFO"));
	redis_word(&info, SLICE("server"));
	if (redis_send(link->c, &info, reason) < 0)
		return -1;
	reply = redis_reply(link->c, reason);
	if (reply == NULL && link->c->err != 0)
		return -1;
	run = reply != NULL && reply->str != NULL ? strstr(reply->str, "run_id:") : NULL;
	link->server =
	    run == NULL ? 1 : siphash(hash_key, (struct slice){ run, strcspn(run, "\r\n") }) | 1;
	freeReplyObject(reply);
	return 0;
}

static int
send_score(redisContext *c, struct slice set, struct slice member, char reason[STATE_REASON_MAX])
{
	struct redis_words command = { 0 };

	redis_word(&command, SLICE("ZSCORE"));
	redis_word(&command, set);
	redis_word(&command, member);
	return redis_send(c, &command, reason);
}

/* The number without its sign; 0 when there is none. */
static int
receive_score(redisContext *c, uint64_t *ret, char reason[STATE_REASON_MAX])
{
	redisReply *reply = redis_reply(c, reason);

	if (reply == NULL)
		return -1;
	*ret = reply->type == REDIS_REPLY_STRING ? 0 - (uint64_t)strtoll(reply->str, NULL, 10) : 0;
	freeReplyObject(reply);
	return 0;
}

static int
redis_read_newest(
    redisContext *c, struct slice set, struct state_cursor *ret, char reason[STATE_REASON_MAX])
{
	if (send_score(c, set, SLICE("origin"), reason) < 0 ||
	    send_score(c, set, SLICE("last"), reason) < 0 ||
	    receive_score(c, &ret->origin, reason) < 0)
		return -1;
	return receive_score(c, &ret->number, reason);
}

/* An empty server is given an origin, so that the next one is known for another even if nothing
 * was heard in between. A refusal is no matter here: writes will meet it, too. */
static int
make_origin(struct redis_link *link, struct slice set, char reason[STATE_REASON_MAX])
{
	struct redis_words command = { 0 };
	redisReply *reply;
	char origin[24];
	bool broken;

	redis_word(&command, SLICE("ZADD"));
	redis_word(&command, set);
	redis_word(&command, SLICE("NX"));
	redis_word(&command, redis_origin(link, origin));
	redis_word(&command, SLICE("origin"));
	if (redis_send(link->c, &command, reason) < 0)
		return -1;
	reply = redis_reply(link->c, reason);
	broken = reply == NULL && link->c->err != 0;
	freeReplyObject(reply);
	return broken ? -1 : 0;
}

/* ret->origin is 0 when there is no set and none can be made. */
static int
find_newest(struct redis_link *link, struct slice set, struct state_cursor *ret,
    char reason[STATE_REASON_MAX])
{
	if (link->server == 0 && learn_server(link, reason) < 0)
		return -1;
	if (redis_read_newest(link->c, set, ret, reason) < 0)
		return -1;
	if (ret->origin == 0 && (make_origin(link, set, reason) < 0 ||
				    redis_read_newest(link->c, set, ret, reason) < 0))
		return -1;
	if (ret->origin != 0)
		ret->origin = (ret->origin ^ link->server) | 1ULL << 63;
	return 0;
}

/* ---- a page ---- */

/* Keys and numbers by turns, and their values. */
struct listing {
	redisReply *keys, *values;
	size_t count;
};

static void
listing_release(struct listing *l)
{
	freeReplyObject(l->keys);
	freeReplyObject(l->values);
}

static struct slice
listing_member(const struct listing *l, size_t i)
{
	return (struct slice){ l->keys->element[2 * i]->str, l->keys->element[2 * i]->len };
}

static const char *
listing_number(const struct listing *l, size_t i)
{
	return l->keys->element[2 * i + 1]->str;
}

/* NULL: no more. */
static const redisReply *
listing_value(const struct listing *l, size_t i)
{
	const redisReply *value = l->values->element[i];

	return value->type == REDIS_REPLY_STRING ? value : NULL;
}

static bool
is_array(const redisReply *reply)
{
	return reply != NULL && reply->type == REDIS_REPLY_ARRAY;
}

static int
list_keys(redisContext *c, struct slice set, uint64_t after, struct listing *l,
    char reason[STATE_REASON_MAX])
{
	struct redis_words command = { 0 };
	char from[24], limit[24];

	snprintf(from, sizeof(from), "(%llu", (unsigned long long)after);
	snprintf(limit, sizeof(limit), "%d", STATE_PAGE_ITEMS);
	redis_word(&command, SLICE("ZRANGEBYSCORE"));
	redis_word(&command, set);
	redis_word(&command, slice_str(from));
	redis_word(&command, SLICE("+inf"));
	redis_word(&command, SLICE("WITHSCORES"));
	redis_word(&command, SLICE("LIMIT"));
	redis_word(&command, SLICE("0"));
	redis_word(&command, slice_str(limit));
	if (redis_send(c, &command, reason) < 0)
		return -1;
	l->keys = redis_reply(c, reason);
	if (l->keys == NULL)
		return -1;
	if (!is_array(l->keys) || l->keys->elements % 2 != 0 ||
	    l->keys->elements / 2 > STATE_PAGE_ITEMS)
		return redis_unexpected(reason);
	l->count = l->keys->elements / 2;
	for (size_t i = 0; i < l->keys->elements; i++)
		if (l->keys->element[i]->type != REDIS_REPLY_STRING)
			return redis_unexpected(reason);
	return 0;
}

static int
list_values(redisContext *c, struct slice set, struct listing *l, char reason[STATE_REASON_MAX])
{
	const char *words[STATE_PAGE_ITEMS + 1] = { "MGET" };
	size_t lengths[STATE_PAGE_ITEMS + 1] = { strlen("MGET") };
	struct buf names[STATE_PAGE_ITEMS];
	int rc;

	for (size_t i = 0; i < l->count; i++) {
		buf_init(&names[i], REDIS_NAME_MAX);
		buf_add_slice(&names[i], set);
		buf_add_slice(&names[i], listing_member(l, i));
		words[i + 1] = names[i].data;
		lengths[i + 1] = names[i].len;
	}
	rc = redisAppendCommandArgv(c, (int)l->count + 1, words, lengths);
	for (size_t i = 0; i < l->count; i++)
		buf_release(&names[i]);
	l->values = rc == REDIS_OK ? redis_reply(c, reason) : NULL;
	if (rc != REDIS_OK)
		snprintf(reason, STATE_REASON_MAX, "%s", c->errstr);
	if (l->values == NULL)
		return -1;
	return is_array(l->values) && l->values->elements == l->count ? 0
	                                                              : redis_unexpected(reason);
}

/* What is in the set after a number. The listing is to be released in any case. */
static int
redis_list(redisContext *c, struct slice set, uint64_t after, struct listing *l,
    char reason[STATE_REASON_MAX])
{
	*l = (struct listing){ 0 };
	if (list_keys(c, set, after, l, reason) < 0)
		return -1;
	return l->count > 0 ? list_values(c, set, l, reason) : 0;
}

/* A value that was put again since its number was read comes once more, with its new one. */
static void
fill_page(const struct listing *l, const struct redis_job *job)
{
	for (size_t i = 0; i < l->count; i++) {
		const redisReply *value = listing_value(l, i);
		struct slice key = listing_member(l, i);

		if (value == NULL || key.len == 0)
			continue;
		key = slice_skip(key, 1);
		job->page->items[job->page->count++] =
		    state_item_new(job->space, key, (struct slice){ value->str, value->len },
			job->now + state_limits[job->space].keep_ms);
	}
	job->page->more = l->count == STATE_PAGE_ITEMS;
}

static struct slice
make_set_name(struct buf *b, enum state_space space)
{
	return set_of(redis_name(b, space, SLICE("")), space);
}

int
redis_follow(struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX])
{
	struct state_cursor newest, at = *job->cursor;
	struct listing l = { 0 };
	struct buf name;
	struct slice set = make_set_name(&name, job->space);
	bool anew = false;
	int rc = find_newest(link, set, &newest, reason);

	if (rc < 0 || newest.origin == 0)
		goto out;
	anew = state_cursor_meet(&at, newest);
	if (at.number < newest.number)
		rc = redis_list(link->c, set, at.number, &l, reason);
	if (rc < 0)
		goto out;
	fill_page(&l, job);
	job->page->anew = anew;
	if (l.count > 0)
		at.number = strtoull(listing_number(&l, l.count - 1), NULL, 10);
	if (!job->page->more && at.number < newest.number)
		at.number = newest.number;
	*job->cursor = at;
out:
	listing_release(&l);
	buf_release(&name);
	return rc;
}

/* ---- what has expired ---- */

/* Values go by themselves. The key's exact number is taken out of the set: one that was put again
 * in this moment has another. */
static int
remove_dead(redisContext *c, struct slice set, const struct listing *l, bool *ret_more,
    char reason[STATE_REASON_MAX])
{
	size_t sent = 0;

	for (size_t i = 0; i < l->count; i++) {
		struct redis_words command = { 0 };
		struct slice number = slice_str(listing_number(l, i));

		if (listing_value(l, i) != NULL)
			continue;
		redis_word(&command, SLICE("ZREMRANGEBYSCORE"));
		redis_word(&command, set);
		redis_word(&command, number);
		redis_word(&command, number);
		if (redis_send(c, &command, reason) < 0)
			return -1;
		sent++;
	}
	for (size_t i = 0; i < sent; i++) {
		redisReply *reply = redis_reply(c, reason);

		if (reply == NULL)
			return -1;
		freeReplyObject(reply);
		*ret_more = true;
	}
	return 0;
}

/* Values of one space live equally long, so the first ones go first. */
int
redis_tidy(struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX])
{
	int rc = 0;

	for (enum state_space i = 0; i < STATE_SPACES && rc == 0; i++) {
		struct listing l;
		struct buf name;
		struct slice set = make_set_name(&name, i);

		if (state_limits[i].followed) {
			rc = redis_list(link->c, set, 0, &l, reason);
			if (rc == 0)
				rc = remove_dead(link->c, set, &l, job->more, reason);
			listing_release(&l);
		}
		buf_release(&name);
	}
	return rc;
}

#endif
