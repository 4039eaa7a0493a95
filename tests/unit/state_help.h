/* What the tests of the state store share: a directory of their own, stores, patience. */
#ifndef TESTS_UNIT_STATE_HELP_H
#define TESTS_UNIT_STATE_HELP_H

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/state.h"
#include "base/clock.h"
#include "base/log.h"
#include "tap.h"

#define PATIENCE_MS 20000

static char place[] = "/tmp/gb-state.XXXXXX";
static char error[CONF_ERROR_MAX];

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

#endif
