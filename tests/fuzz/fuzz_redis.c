/*
 * What a Redis server, or whatever listens there, says to a follower. Input: replies on the wire.
 * What is heard is whole items of the space that was asked for.
 */
#include "config.h"

#include "fuzz.h"

#ifdef HAVE_HIREDIS

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/state/redis.h"

#define WIRE_MAX (64 * KIB) /* fits into the socket */

static void
release_page(struct state_page *page)
{
	FUZZ_CHECK(page->count <= STATE_PAGE_ITEMS);
	for (size_t i = 0; i < page->count; i++) {
		FUZZ_CHECK(page->items[i]->space == STATE_HEALTH);
		FUZZ_CHECK(page->items[i]->key.len <= STATE_KEY_MAX);
		state_item_unref(page->items[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char reason[STATE_REASON_MAX] = "";
	struct state_cursor cursor = { 0 };
	struct state_page page = { 0 };
	struct redis_job job = {
		.space = STATE_HEALTH, .cursor = &cursor, .page = &page, .now = 1782864000000
	};
	struct redis_link link = { .salt = 1 };
	bool more = false;
	int pair[2];

	if (size > WIRE_MAX)
		return 0;
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	FUZZ_CHECK(send(pair[1], bytes, size, MSG_NOSIGNAL) == (ssize_t)size);
	shutdown(pair[1], SHUT_WR);
	link.c = redisConnectFd(pair[0]);
	FUZZ_CHECK(link.c != NULL);
	if (redis_follow(&link, &job, reason) != 0)
		FUZZ_CHECK(reason[0] != '\0');
	release_page(&page);
	job.more = &more;
	redis_tidy(&link, &job, reason);
	redisFree(link.c);
	close(pair[1]);
	return 0;
}

#else

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
	return 0;
}

#endif
