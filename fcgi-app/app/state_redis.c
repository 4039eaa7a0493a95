/*
 * The state in a Redis or Valkey server that several machines share: a string for each value, under
 * gb:SPACE:KEY, that expires by itself. Two connections: one writes while the other reads.
 */
#include "config.h"

#include "state_priv.h"

#include <stdio.h>

#ifdef HAVE_HIREDIS

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define LOOKUPS_MAX 64 /* in one pipeline: their commands must fit into the server's buffers */
#define KEY_MAX     (STATE_KEY_MAX + 64)

struct redis_engine {
	struct state_engine base;
	struct state_url url;
	redisContext *writer, *reader; /* NULL: not connected */
};

/* One command of up to five words. */
struct command {
	int count;
	const char *words[5];
	size_t lengths[5];
};

static void
add_word(struct command *command, struct slice word)
{
	command->words[command->count] = word.ptr;
	command->lengths[command->count++] = word.len;
}

/* ---- connections ---- */

static void
disconnect(redisContext **c)
{
	if (*c != NULL)
		redisFree(*c);
	*c = NULL;
}

/* A server's refusal may repeat the command: only its first word, such as NOAUTH, is told. */
static int
refused(const redisReply *reply, char reason[STATE_REASON_MAX])
{
	int len = (int)strcspn(reply->str, " \r\n");

	snprintf(reason, STATE_REASON_MAX, "refused: %.*s", len < 32 ? len : 32, reply->str);
	return -1;
}

static int
broken(const redisContext *c, char reason[STATE_REASON_MAX])
{
	snprintf(reason, STATE_REASON_MAX, "%s", c->errstr);
	return -1;
}

/* The next reply; NULL with a reason when there is none or it is a refusal. */
static redisReply *
next_reply(redisContext *c, char reason[STATE_REASON_MAX])
{
	void *reply = NULL;

	if (redisGetReply(c, &reply) != REDIS_OK) {
		broken(c, reason);
		return NULL;
	}
	if (((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
		refused(reply, reason);
		freeReplyObject(reply);
		return NULL;
	}
	return reply;
}

static int
send_command(redisContext *c, const struct command *command, char reason[STATE_REASON_MAX])
{
	struct command copy = *command;

	if (redisAppendCommandArgv(c, copy.count, copy.words, copy.lengths) == REDIS_OK)
		return 0;
	return broken(c, reason);
}

static int
run_command(redisContext *c, const struct command *command, char reason[STATE_REASON_MAX])
{
	redisReply *reply;

	if (send_command(c, command, reason) < 0)
		return -1;
	reply = next_reply(c, reason);
	if (reply == NULL)
		return -1;
	freeReplyObject(reply);
	return 0;
}

static int
introduce(const struct redis_engine *e, redisContext *c, char reason[STATE_REASON_MAX])
{
	struct command auth = { 0 }, select = { 0 };
	char db[16];

	if (e->url.password != NULL) {
		add_word(&auth, SLICE("AUTH"));
		if (e->url.user != NULL)
			add_word(&auth, slice_str(e->url.user));
		add_word(&auth, slice_str(e->url.password));
		if (run_command(c, &auth, reason) < 0)
			return -1;
	}
	if (e->url.db == 0)
		return 0;
	snprintf(db, sizeof(db), "%u", (unsigned)e->url.db);
	add_word(&select, SLICE("SELECT"));
	add_word(&select, slice_str(db));
	return run_command(c, &select, reason);
}

static int
connect_to(const struct redis_engine *e, redisContext **ret, char reason[STATE_REASON_MAX])
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
	rc = c->err != 0 || redisSetTimeout(c, patience) != REDIS_OK ? broken(c, reason)
	                                                             : introduce(e, c, reason);
	if (rc < 0) {
		redisFree(c);
		return -1;
	}
	if (e->url.path == NULL)
		redisEnableKeepAlive(c);
	*ret = c;
	return 0;
}

/* ---- writing ---- */

static struct slice
make_key(struct buf *b, enum state_space space, struct slice key)
{
	buf_init(b, KEY_MAX);
	buf_adds(b, "gb:");
	buf_adds(b, state_limits[space].name);
	buf_addc(b, ':');
	buf_add_slice(b, key);
	return buf_slice(b);
}

static int
send_item(
    redisContext *c, const struct state_item *item, uint64_t now, char reason[STATE_REASON_MAX])
{
	struct command command = { 0 };
	char left[24];
	struct buf key;
	struct slice name = make_key(&key, item->space, item->key);
	int rc;

	if (item->deleted || item->expires <= now) {
		add_word(&command, SLICE("DEL"));
		add_word(&command, name);
	} else {
		snprintf(left, sizeof(left), "%llu", (unsigned long long)(item->expires - now));
		add_word(&command, SLICE("SET"));
		add_word(&command, name);
		add_word(&command, item->value);
		add_word(&command, SLICE("PX"));
		add_word(&command, slice_str(left));
	}
	rc = send_command(c, &command, reason);
	buf_release(&key);
	return rc;
}

static int
write_all(redisContext *c, struct state_item *const *list, size_t count, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	for (size_t i = 0; i < count; i++)
		if (send_item(c, list[i], now, reason) < 0)
			return -1;
	for (size_t i = 0; i < count; i++) {
		redisReply *reply = next_reply(c, reason);

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
	struct command get = { 0 }, ttl = { 0 };
	struct buf key;
	struct slice name = make_key(&key, query->space, query->key);
	int rc;

	add_word(&get, SLICE("GET"));
	add_word(&get, name);
	add_word(&ttl, SLICE("PTTL"));
	add_word(&ttl, name);
	rc = send_command(c, &get, reason);
	if (rc == 0)
		rc = send_command(c, &ttl, reason);
	buf_release(&key);
	return rc;
}

static int
receive_lookup(
    redisContext *c, struct state_lookup *lookup, uint64_t now, char reason[STATE_REASON_MAX])
{
	redisReply *reply = next_reply(c, reason);
	bool is_value;

	if (reply == NULL)
		return -1;
	is_value = reply->type == REDIS_REPLY_STRING;
	buf_reset(&lookup->query->value);
	if (is_value)
		buf_add(&lookup->query->value, reply->str, reply->len);
	freeReplyObject(reply);
	reply = next_reply(c, reason);
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
read_all(redisContext *c, struct state_lookup *list, size_t count, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	for (size_t from = 0; from < count; from += LOOKUPS_MAX) {
		size_t end = count - from < LOOKUPS_MAX ? count : from + LOOKUPS_MAX;

		for (size_t i = from; i < end; i++)
			if (send_lookup(c, list[i].query, reason) < 0)
				return -1;
		for (size_t i = from; i < end; i++)
			if (receive_lookup(c, &list[i], now, reason) < 0)
				return -1;
	}
	return 0;
}

/* ---- the engine ---- */

static int
ping(redisContext *c, char reason[STATE_REASON_MAX])
{
	struct command command = { 0 };

	add_word(&command, SLICE("PING"));
	return run_command(c, &command, reason);
}

/* Either items or lookups, or nothing: a PING. */
struct job {
	struct state_item *const *items;
	struct state_lookup *lookups;
	size_t count;
	uint64_t now;
};

static int
run_job(redisContext *c, const struct job *job, char reason[STATE_REASON_MAX])
{
	if (job->count == 0)
		return ping(c, reason);
	if (job->items != NULL)
		return write_all(c, job->items, job->count, job->now, reason);
	return read_all(c, job->lookups, job->count, job->now, reason);
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
run_connected(
    struct redis_engine *e, redisContext **c, const struct job *job, char reason[STATE_REASON_MAX])
{
	bool again = *c != NULL;

	for (;;) {
		if (*c == NULL && connect_to(e, c, reason) < 0)
			return -1;
		if (run_job(*c, job, reason) == 0)
			return 0;
		again = again && is_closed(*c);
		disconnect(c);
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
	struct job job = { .items = list, .count = count, .now = now };

	return run_connected(e, &e->writer, &job, reason);
}

static int
redis_read(struct state_engine *base, struct state_lookup *list, size_t count, uint64_t now,
    char reason[STATE_REASON_MAX])
{
	struct redis_engine *e = (struct redis_engine *)base;
	struct job job = { .lookups = list, .count = count, .now = now };

	return run_connected(e, &e->reader, &job, reason);
}

static void
redis_free(struct state_engine *base)
{
	struct redis_engine *e = (struct redis_engine *)base;

	disconnect(&e->reader);
	disconnect(&e->writer);
	state_url_release(&e->url);
	free(e);
}

struct state_engine *
state_redis_new(struct state_url *url, char error[CONF_ERROR_MAX])
{
	struct redis_engine *e = xcalloc(1, sizeof(*e));

	(void)error;
	e->base = (struct state_engine){ "redis", redis_write, redis_read, NULL, redis_free };
	e->url = *url;
	*url = (struct state_url){ 0 };
	return &e->base;
}

#else

struct state_engine *
state_redis_new(struct state_url *url, char error[CONF_ERROR_MAX])
{
	state_url_release(url);
	snprintf(error, CONF_ERROR_MAX,
	    "The state cannot be in a Redis server: this program was built without hiredis.");
	return NULL;
}

#endif
