/* Fetches in memory. */
#include "config.h"

#include "sim_fetch.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "net/loop.h"

struct fetch {
	char *url;
	struct fetch_limits limits;
	fetch_done_fn done; /* NULL once it is over */
	void *ctx;
};

static struct fetch **list;
static size_t count, room = SIZE_MAX;

struct fetcher *
loop_fetcher(struct loop *loop)
{
	(void)loop;
	return NULL;
}

const char *
fetch_word(enum fetch_result result)
{
	static const char *const words[] = {
#define FETCH_RESULT_WORD(symbol, word) word,
		FETCH_RESULTS(FETCH_RESULT_WORD)
#undef FETCH_RESULT_WORD
	};

	return words[result];
}

struct fetch *
fetch_start(struct fetcher *fetcher, const char *url, const struct fetch_limits *limits,
    fetch_done_fn done, void *ctx, enum fetch_result *ret_result)
{
	struct slice text = slice_str(url);
	struct fetch *f;

	(void)fetcher;
	*ret_result = FETCH_URL;
	if (!slice_startsi(text, SLICE("http://")) && !slice_startsi(text, SLICE("https://")))
		return NULL;
	*ret_result = FETCH_BUSY;
	if (room == 0)
		return NULL;
	room--;
	*ret_result = FETCH_OK;
	f = xcalloc(1, sizeof(*f));
	f->url = xstrdup(url);
	f->limits = *limits;
	f->done = done;
	f->ctx = ctx;
	list = xrealloc(list, (count + 1) * sizeof(struct fetch *));
	list[count++] = f;
	return f;
}

void
fetch_cancel(struct fetch *f)
{
	if (f != NULL)
		f->done = NULL;
}

size_t
sim_fetches(void)
{
	return count;
}

size_t
sim_fetches_open(void)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++)
		open += list[i]->done != NULL;
	return open;
}

const char *
sim_fetch_url(size_t i)
{
	return i < count ? list[i]->url : "";
}

const struct fetch_limits *
sim_fetch_limits(size_t i)
{
	return i < count ? &list[i]->limits : NULL;
}

bool
sim_fetch_wanted(size_t i)
{
	return i < count && list[i]->done != NULL;
}

void
sim_fetch_room(size_t free_places)
{
	room = free_places;
}

bool
sim_fetch_end(size_t i, enum fetch_result result, int status, const char *type, struct slice bytes)
{
	struct fetch_answer answer = { .result = result, .status = status };
	fetch_done_fn done;
	struct buf body;

	if (!sim_fetch_wanted(i))
		return false;
	buf_init(&body, list[i]->limits.max_bytes);
	buf_add_slice(&body, bytes);
	answer.type = slice_str(type);
	answer.bytes = &body;
	done = TAKE(list[i]->done);
	done(list[i]->ctx, &answer);
	buf_release(&body);
	return true;
}

bool
sim_fetch_give(size_t i, const char *type, struct slice bytes)
{
	return sim_fetch_end(i, FETCH_OK, 200, type, bytes);
}

void
sim_fetch_release(void)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i]->url);
		free(list[i]);
	}
	free(list);
	list = NULL;
	count = 0;
	room = SIZE_MAX;
}
