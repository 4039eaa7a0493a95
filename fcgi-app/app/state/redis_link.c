/* Commands and replies over a connection to a Redis server, and the names of values there. */
#include "config.h"

#include "state_priv.h"

#ifdef HAVE_HIREDIS

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "redis.h"

void
redis_word(struct redis_words *command, struct slice word)
{
	assert(command->count < REDIS_WORDS_MAX);
	command->words[command->count] = word.ptr;
	command->lengths[command->count++] = word.len;
}

/* A server's refusal may repeat the command: only its first word, such as NOAUTH, is told. */
static int
link_refused(const redisReply *reply, char reason[STATE_REASON_MAX])
{
	int len = (int)strcspn(reply->str, " \r\n");

	snprintf(reason, STATE_REASON_MAX, "refused: %.*s", len < 32 ? len : 32, reply->str);
	return -1;
}

int
redis_broken(const redisContext *c, char reason[STATE_REASON_MAX])
{
	snprintf(reason, STATE_REASON_MAX, "%s", c->errstr);
	return -1;
}

redisReply *
redis_reply(redisContext *c, char reason[STATE_REASON_MAX])
{
	void *reply = NULL;

	if (redisGetReply(c, &reply) != REDIS_OK) {
		redis_broken(c, reason);
		return NULL;
	}
	if (((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
		link_refused(reply, reason);
		freeReplyObject(reply);
		return NULL;
	}
	return reply;
}

int
redis_send(redisContext *c, const struct redis_words *command, char reason[STATE_REASON_MAX])
{
	struct redis_words copy = *command;

	if (redisAppendCommandArgv(c, copy.count, copy.words, copy.lengths) == REDIS_OK)
		return 0;
	return redis_broken(c, reason);
}

struct slice
redis_name(struct buf *b, enum state_space space, struct slice key)
{
	buf_init(b, REDIS_NAME_MAX);
	buf_adds(b, "gb:");
	buf_adds(b, state_limits[space].name);
	buf_addc(b, ':');
	buf_add_slice(b, key);
	return buf_slice(b);
}

#endif
