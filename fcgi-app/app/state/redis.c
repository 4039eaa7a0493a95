/*
 * The state in a Redis or Valkey server that several machines share: a string for each value, under
 * gb:SPACE:KEY, that expires by itself. Two connections: one writes while the other reads. What
 * followed spaces need besides is the matter of redis_follow.c.
 */
#include "config.h"

#include "state_priv.h"

#include <stdio.h>

#ifdef HAVE_HIREDIS

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/xalloc.h"
#include "redis.h"

#define LOOKUPS_MAX 64 /* in one pipeline: their commands must fit into the server's buffers */

struct redis_engine {
	struct state_engine base;
	struct state_url url;
	struct redis_link writer, reader;
};

/* ---- connections ---- */

static void
redis_disconnect(struct redis_link *link)
{
	if (link->c != NULL)
		redisFree(link->c);
	*link = (struct redis_link){ 0 };
}

static int
run_command(redisContext *c, const struct redis_words *command, char reason[STATE_REASON_MAX])
{
	redisReply *reply;

	if (redis_send(c, command, reason) < 0)
		return -1;
	reply = redis_reply(c, reason);
	if (reply == NULL)
		return -1;
	freeReplyObject(reply);
	return 0;
}

static int
redis_introduce(const struct redis_engine *e, redisContext *c, char reason[STATE_REASON_MAX])
{
	struct redis_words auth = { 0 }, select = { 0 };
	char db[16];

	if (e->url.password != NULL) {
		redis_word(&auth, SLICE("AUTH"));
		if (e->url.user != NULL)
			redis_word(&auth, slice_str(e->url.user));
		redis_word(&auth, slice_str(e->url.password));
		if (run_command(c, &auth, reason) < 0)
			return -1;
	}
	if (e->url.db == 0)
		return 0;
	snprintf(db, sizeof(db), "%u", (unsigned)e->url.db);
	redis_word(&select, SLICE("SELECT"));
	redis_word(&select, slice_str(db));
	return run_command(c, &select, reason);
}

static int
connect_to(const struct redis_engine *e, struct redis_link *link, char reason[STATE_REASON_MAX])
{
	struct timeval patience = { STATE_ENGINE_MS / 1000, STATE_ENGINE_MS % 1000 * 1000 };
	redisContext *c = e->url.path != NULL
	                      ? redisConnectUnixWithTimeout(e->url.path, patience)
	                      : redisConnectWithTimeout(e->url.host, e->url.port, patience);
	int rc;

	if (c == NULL) {
		snprintf(reason, STATE_REASON_MAX, "no connection");
		return -1;
	}
	rc = c->err != 0 || redisSetTimeout(c, patience) != REDIS_OK
	         ? redis_broken(c, reason)
	         : redis_introduce(e, c, reason);
	if (rc < 0) {
		redisFree(c);
		return -1;
	}
	if (e->url.path == NULL)
		redisEnableKeepAlive(c);
	*link = (struct redis_link){ .c = c };
	link->salt = random_u64();
	return 0;
}

/* ---- writing ---- */

static int
send_item(struct redis_link *link, const struct state_item *item, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	struct redis_words command = { 0 };
	char left[24], origin[24];
	struct buf key;
	struct slice name = redis_name(&key, item->space, item->key);
	int rc;

	snprintf(left, sizeof(left), "%llu", (unsigned long long)(item->expires - now));
	if (item->deleted || item->expires <= now) {
		redis_word(&command, SLICE("DEL"));
		redis_word(&command, name);
	} else if (state_limits[item->space].followed) {
		redis_put_news(&command, item, name, slice_str(left), redis_origin(link, origin));
	} else {
		redis_word(&command, SLICE("SET"));
		redis_word(&command, name);
		redis_word(&command, item->value);
		redis_word(&command, SLICE("PX"));
		redis_word(&command, slice_str(left));
	}
	rc = redis_send(link->c, &command, reason);
	buf_release(&key);
	return rc;
}

static int
redis_write_all(struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX])
{
	for (size_t i = 0; i < job->count; i++)
		if (send_item(link, job->items[i], job->now, reason) < 0)
			return -1;
	for (size_t i = 0; i < job->count; i++) {
		redisReply *reply = redis_reply(link->c, reason);

		if (reply == NULL)
			return -1;
		freeReplyObject(reply);
	}
	return 0;
}

/* ---- reading ---- */

/* The value and how long it lives. */
static int
send_lookup(redisContext *c, const struct state_query *query, char reason[STATE_REASON_MAX])
{
	struct redis_words get = { 0 }, ttl = { 0 };
	struct buf key;
	struct slice name = redis_name(&key, query->space, query->key);
	int rc;

	redis_word(&get, SLICE("GET"));
	redis_word(&get, name);
	redis_word(&ttl, SLICE("PTTL"));
	redis_word(&ttl, name);
	rc = redis_send(c, &get, reason);
	if (rc == 0)
		rc = redis_send(c, &ttl, reason);
	buf_release(&key);
	return rc;
}

static int
receive_lookup(
    redisContext *c, struct state_lookup *lookup, uint64_t now, char reason[STATE_REASON_MAX])
{
	redisReply *reply = redis_reply(c, reason);
	bool is_value;

	if (reply == NULL)
		return -1;
	is_value = reply->type == REDIS_REPLY_STRING;
	buf_reset(&lookup->query->value);
	if (is_value)
		buf_add(&lookup->query->value, reply->str, reply->len);
	freeReplyObject(reply);
	reply = redis_reply(c, reason);
	if (reply == NULL)
		return -1;
	/* Whatever lives forever was not put there by us; it shall not do so here. */
	if (is_value && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0) {
		lookup->expires = now + (uint64_t)reply->integer;
		lookup->found = true;
	}
	freeReplyObject(reply);
	return 0;
}

static int
read_all(struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX])
{
	for (size_t from = 0; from < job->count; from += LOOKUPS_MAX) {
		size_t end = job->count - from < LOOKUPS_MAX ? job->count : from + LOOKUPS_MAX;

		for (size_t i = from; i < end; i++)
			if (send_lookup(link->c, job->lookups[i].query, reason) < 0)
				return -1;
		for (size_t i = from; i < end; i++)
			if (receive_lookup(link->c, &job->lookups[i], job->now, reason) < 0)
				return -1;
	}
	return 0;
}

/* ---- the engine ---- */

static int
redis_ping(struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX])
{
	struct redis_words command = { 0 };

	(void)job;
	redis_word(&command, SLICE("PING"));
	return run_command(link->c, &command, reason);
}

/* The server has closed the connection, or was gone for a moment: it did not refuse, and it is not
 * silent. errno is that of the failure. */
static bool
is_closed(const redisContext *c)
{
	return c->err == REDIS_ERR_EOF || (c->err == REDIS_ERR_IO && errno != EAGAIN);
}

/* A connection that has been idle may be closed: then it is made anew and the job done again, for
 * all of it may be said twice. */
static int
run_connected(struct redis_engine *e, struct redis_link *link, const struct redis_job *job,
    char reason[STATE_REASON_MAX])
{
	bool again = link->c != NULL;

	for (;;) {
		if (link->c == NULL && connect_to(e, link, reason) < 0)
			return -1;
		if (job->run(link, job, reason) == 0)
			return 0;
		again = again && is_closed(link->c);
		redis_disconnect(link);
		if (!again)
			return -1;
		again = false;
	}
}

static int
redis_write(struct state_engine *base, struct state_item *const *list, size_t count, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	struct redis_engine *e = (struct redis_engine *)base;
	struct redis_job job = { .run = count > 0 ? redis_write_all : redis_ping,
		.items = list,
		.count = count,
		.now = now };

	return run_connected(e, &e->writer, &job, reason);
}

static int
redis_read(struct state_engine *base, struct state_lookup *list, size_t count, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	struct redis_engine *e = (struct redis_engine *)base;
	struct redis_job job = { .run = count > 0 ? read_all : redis_ping,
		.lookups = list,
		.count = count,
		.now = now };

	return run_connected(e, &e->reader, &job, reason);
}

static int
redis_hear(struct state_engine *base, enum state_space space, struct state_cursor *cursor,
    struct state_page *page, uint64_t now, char reason[STATE_REASON_MAX])
{
	struct redis_engine *e = (struct redis_engine *)base;
	struct redis_job job = {
		.run = redis_follow, .space = space, .cursor = cursor, .page = page, .now = now
	};

	return run_connected(e, &e->reader, &job, reason);
}

static int
redis_clean(struct state_engine *base, uint64_t now, bool *ret_more, char reason[STATE_REASON_MAX])
{
	struct redis_engine *e = (struct redis_engine *)base;
	struct redis_job job = { .run = redis_tidy, .more = ret_more, .now = now };

	*ret_more = false;
	return run_connected(e, &e->writer, &job, reason);
}

static void
redis_free(struct state_engine *base)
{
	struct redis_engine *e = (struct redis_engine *)base;

	redis_disconnect(&e->reader);
	redis_disconnect(&e->writer);
	state_url_release(&e->url);
	free(e);
}

struct state_engine *
state_redis_new(struct state_url *url, char error[STATE_ERROR_MAX])
{
	struct redis_engine *e = xcalloc(1, sizeof(*e));

	(void)error;
	e->base = (struct state_engine){ "redis", redis_write, redis_read, redis_hear, redis_clean,
		redis_free };
	e->url = *url;
	*url = (struct state_url){ 0 };
	return &e->base;
}

#else

struct state_engine *
state_redis_new(struct state_url *url, char error[STATE_ERROR_MAX])
{
	state_url_release(url);
	snprintf(error, STATE_ERROR_MAX,
	    "The state cannot be in a Redis server: this program was built without hiredis.");
	return NULL;
}

#endif
