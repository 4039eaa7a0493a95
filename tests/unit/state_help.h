/* What the tests of the state store share: a directory of their own, stores, followers, a Redis
 * server, patience. */
#ifndef TESTS_UNIT_STATE_HELP_H
#define TESTS_UNIT_STATE_HELP_H

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_HIREDIS
#include <hiredis/hiredis.h>
#include <sys/wait.h>
#endif

#include "app/state/state.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "tap.h"

#define PATIENCE_MS 20000

static char place[] = "/tmp/gb-state.XXXXXX";
static char error[STATE_ERROR_MAX];

/* Text in one of a few static buffers. */
static inline const char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline const char *
text(const char *fmt, ...)
{
	static char buffers[4][512];
	static unsigned turn;
	char *buffer = buffers[turn++ % 4];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buffer, sizeof(buffers[0]), fmt, args);
	va_end(args);
	return buffer;
}

/* Makes the directory; the log goes into it. */
static inline void
begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(place) == NULL || log_open(text("%s/log", place), LOG_INFO) != 0) {
		printf("Bail out! no directory for the test\n");
		exit(1);
	}
}

static inline int
end(void)
{
	log_close();
	if (system(text("rm -rf %s", place)) != 0)
		printf("# %s is left\n", place);
	return tap_done();
}

/* How often a word stands in the log. */
static inline unsigned
logged(const char *word)
{
	FILE *file = fopen(text("%s/log", place), "r");
	char line[LOG_LINE_MAX];
	unsigned count = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, word) != NULL;
	if (file != NULL)
		fclose(file);
	return count;
}

static inline bool
put(struct state *s, const char *key, const char *value)
{
	return state_put(s, STATE_RESPONSE, slice_str(key), slice_str(value));
}

/* 'F', 'A' or 'U'; *ret_good: it was found and is the value (NULL: any). */
static inline char
ask(struct state *s, const char *key, const char *value, bool *ret_good)
{
	struct state_query query = { .space = STATE_RESPONSE, .key = slice_str(key) };

	state_ask(s, &query, 1);
	*ret_good = query.answer == STATE_FOUND &&
	            (value == NULL || slice_eq(buf_slice(&query.value), slice_str(value)));
	buf_release(&query.value);
	return "FAU"[query.answer];
}

/* Asks until the store has the value. */
static inline bool
comes(struct state *s, const char *key, const char *value)
{
	uint64_t until = clock_mono_ms() + PATIENCE_MS;
	bool good;

	for (;;) {
		ask(s, key, value, &good);
		if (good || clock_mono_ms() > until)
			return good;
		usleep(10000);
	}
}

/* Asks until the engine says that there is nothing. */
static inline bool
goes(struct state *s, const char *key)
{
	uint64_t until = clock_mono_ms() + PATIENCE_MS;
	bool good;

	for (;;) {
		if (ask(s, key, NULL, &good) == 'A')
			return true;
		if (clock_mono_ms() > until)
			return false;
		usleep(10000);
	}
}

/* Waits until the log has as many lines with the word. */
static inline bool
comes_to_log(const char *word, unsigned count)
{
	uint64_t until = clock_mono_ms() + PATIENCE_MS;

	while (logged(word) < count && clock_mono_ms() < until)
		usleep(10000);
	return logged(word) == count;
}

/* ---- a follower ---- */

#define HEARD_MAX 8192
#define NOISE     "-" /* a value that is heard, but not kept */

/* Texts only. Zeroed memory, but for the store. */
struct listener {
	struct state *store;
	enum state_space space;
	const char *mine; /* "KEY=VALUE", put again when the engine has lost it */
	unsigned told, lost;
	size_t count;
	struct {
		char key[24], value[24];
	} heard[HEARD_MAX];
	pthread_mutex_t lock;
};

/* What was heard of a key; the lock is held. Added when it is new. */
static inline char *
listener_value(struct listener *l, const char *key)
{
	size_t i = 0;

	while (i < l->count && strcmp(l->heard[i].key, key) != 0)
		i++;
	if (i == l->count && l->count < HEARD_MAX - 1)
		snprintf(l->heard[l->count++].key, sizeof(l->heard[i].key), "%s", key);
	return l->heard[i].value;
}

static inline void
listener_changed(void *ctx, struct slice key, struct slice value)
{
	struct listener *l = ctx;
	char name[sizeof(l->heard[0].key)];

	snprintf(name, sizeof(name), "%.*s", (int)key.len, key.ptr);
	pthread_mutex_lock(&l->lock);
	l->told++;
	if (!slice_eq(value, SLICE(NOISE)))
		snprintf(listener_value(l, name), sizeof(l->heard[0].value), "%.*s", (int)value.len,
		    value.ptr);
	pthread_mutex_unlock(&l->lock);
	if (strcmp(name, "ping") == 0)
		state_put(l->store, l->space, SLICE("pong"), value);
}

static inline void
listener_lost(void *ctx)
{
	struct listener *l = ctx;
	size_t len = l->mine != NULL ? strcspn(l->mine, "=") : 0;

	pthread_mutex_lock(&l->lock);
	l->lost++;
	pthread_mutex_unlock(&l->lock);
	if (len > 0)
		state_put(l->store, l->space, (struct slice){ l->mine, len },
		    slice_str(l->mine + len + 1));
}

/* A new store whose space is followed. */
static inline struct listener *
listener_new(const char *spec, enum state_space space, const char *mine)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct state_follower follower = { listener_changed, listener_lost, l };

	pthread_mutex_init(&l->lock, NULL);
	l->space = space;
	l->mine = mine;
	l->store = state_new(spec, error);
	if (l->store == NULL) {
		printf("Bail out! %s\n", error);
		exit(1);
	}
	state_follow(l->store, space, &follower);
	return l;
}

static inline void
listener_free(struct listener *l)
{
	state_free(l->store);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static inline void
say(struct listener *l, const char *key, const char *value)
{
	state_put(l->store, l->space, slice_str(key), slice_str(value));
}

/* The value of a key that was heard last, "" when none was. */
static inline const char *
heard(struct listener *l, const char *key)
{
	static char value[24];

	pthread_mutex_lock(&l->lock);
	snprintf(value, sizeof(value), "%s", listener_value(l, key));
	pthread_mutex_unlock(&l->lock);
	return value;
}

static inline bool
hears(struct listener *l, const char *key, const char *value)
{
	uint64_t until = clock_mono_ms() + PATIENCE_MS;

	while (strcmp(heard(l, key), value) != 0 && clock_mono_ms() < until)
		usleep(10000);
	return strcmp(heard(l, key), value) == 0;
}

static inline unsigned
listener_count(struct listener *l, const unsigned *count)
{
	unsigned ret;

	pthread_mutex_lock(&l->lock);
	ret = *count;
	pthread_mutex_unlock(&l->lock);
	return ret;
}

/* How often anything was heard. */
static inline unsigned
times_told(struct listener *l)
{
	return listener_count(l, &l->told);
}

static inline unsigned
losses(struct listener *l)
{
	return listener_count(l, &l->lost);
}

static inline bool
hears_of_loss(struct listener *l, unsigned times)
{
	uint64_t until = clock_mono_ms() + PATIENCE_MS;

	while (losses(l) < times && clock_mono_ms() < until)
		usleep(10000);
	return losses(l) == times;
}

#ifdef HAVE_HIREDIS

/* ---- a server ---- */

static pid_t server = -1;

static inline void
server_start(void)
{
	const char *socket = text("%s/redis.sock", place);
	/* The newest version has the same program under another name. */
	static const char *const programs[] = { "redis-server", "valkey-server" };

	server = fork();
	if (server != 0)
		return;
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(126);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		execlp(programs[i], programs[i], "--port", "0", "--unixsocket", socket, "--dir",
		    place, "--save", "", "--appendonly", "no", "--requirepass", "geheim",
		    (char *)NULL);
	_exit(127);
}

static inline int
server_stop(void)
{
	int status = 0;

	kill(server, SIGKILL);
	waitpid(server, &status, 0);
	server = -1;
	return status;
}

static inline redisContext *
client(const char *database)
{
	redisContext *c = redisConnectUnix(text("%s/redis.sock", place));

	if (c != NULL && c->err == 0) {
		freeReplyObject(redisCommand(c, "AUTH geheim"));
		freeReplyObject(redisCommand(c, "SELECT %s", database));
		return c;
	}
	if (c != NULL)
		redisFree(c);
	return NULL;
}

static inline long long
command(const char *fmt, const char *argument)
{
	redisContext *c = client("3");
	redisReply *reply = c != NULL ? redisCommand(c, fmt, argument) : NULL;
	long long ret = reply != NULL && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;

	if (reply != NULL)
		freeReplyObject(reply);
	if (c != NULL)
		redisFree(c);
	return ret;
}

/* False when there is no such program. */
static inline bool
server_ready(void)
{
	uint64_t until = clock_mono_ms() + PATIENCE_MS;

	while (clock_mono_ms() < until) {
		redisContext *c = client("0");
		int status;

		if (c != NULL) {
			redisFree(c);
			return true;
		}
		if (waitpid(server, &status, WNOHANG) == server)
			return false;
		usleep(20000);
	}
	return false;
}

#endif

#endif
