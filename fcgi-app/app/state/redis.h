/* The Redis engine's two halves: connections and single values; what is new in followed spaces. */
#ifndef APP_STATE_REDIS_H
#define APP_STATE_REDIS_H

#include <hiredis/hiredis.h>

#include "state_priv.h"

#define REDIS_WORDS_MAX 10
#define REDIS_NAME_MAX  (STATE_KEY_MAX + 64)

struct redis_link {
	redisContext *c; /* NULL: not connected */
	uint64_t server; /* hash of the server's name for its own run; 0: not asked for yet */
	uint64_t salt;   /* begins at random and changes with each use */
};

/* One command. The words are borrowed. */
struct redis_words {
	int count;
	const char *words[REDIS_WORDS_MAX];
	size_t lengths[REDIS_WORDS_MAX];
};

void redis_word(struct redis_words *command, struct slice word);
/* -1 with the reason of the connection. */
int redis_broken(const redisContext *c, char reason[STATE_REASON_MAX]);
/* -1 with a reason. */
int redis_send(redisContext *c, const struct redis_words *command, char reason[STATE_REASON_MAX]);
/* The next reply; NULL with a reason when there is none or, with c->err being 0, when it is a
 * refusal. */
redisReply *redis_reply(redisContext *c, char reason[STATE_REASON_MAX]);
/* gb:SPACE:KEY, in a buffer that the caller releases. */
struct slice redis_name(struct buf *b, enum state_space space, struct slice key);

/* What is to be done over a connection; it may be done again over another one. */
struct redis_job {
	int (*run)(
	    struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX]);
	struct state_item *const *items; /* of a write */
	struct state_lookup *lookups;    /* of a read */
	size_t count;                    /* of both */
	uint64_t now;
	enum state_space space; /* of a follower, and these two */
	struct state_cursor *cursor;
	struct state_page *page;
	bool *more; /* of a tidy */
};

/* One command that puts a value with this name and time to live, in milliseconds. It may be said
 * twice. */
void redis_put_news(struct redis_words *command, const struct state_item *item, struct slice name,
    struct slice left, struct slice origin);
/* A number that names an origin, in text. */
struct slice redis_origin(struct redis_link *link, char text[24]);
int redis_follow(
    struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX]);
int redis_tidy(struct redis_link *link, const struct redis_job *job, char reason[STATE_REASON_MAX]);

#endif
