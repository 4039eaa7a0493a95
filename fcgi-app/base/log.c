/* JSON lines; one write(2) per line, so lines of several threads and processes never mix. */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

static atomic_int log_fd = STDERR_FILENO;
static atomic_int log_level = LOG_INFO;

static int
open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

int
log_open(const char *path, enum log_level level)
{
	int fd = STDERR_FILENO;

	if (path != NULL && path[0] != '\0') {
		fd = open_file(path);
		if (fd < 0)
			return -1;
	}
	log_close();
	atomic_store(&log_fd, fd);
	atomic_store(&log_level, (int)level);
	return 0;
}

/* Another thread may be about to write: the number of the file stays. */
int
log_reopen(const char *path)
{
	int fd = atomic_load(&log_fd), made, rc;

	if (fd == STDERR_FILENO)
		return 0;
	made = open_file(path);
	if (made < 0)
		return -1;
	rc = dup3(made, fd, O_CLOEXEC);
	close(made);
	return rc < 0 ? -1 : 0;
}

void
log_close(void)
{
	int fd = atomic_exchange(&log_fd, STDERR_FILENO);

	if (fd != STDERR_FILENO)
		close(fd);
}

bool
log_wanted(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
}

/* The text of a second is made once: at a thousand lines a second, strftime would be most of the
 * work. */
static void
add_time(struct buf *b)
{
	static _Thread_local time_t last = -1;
	static _Thread_local char text[32];
	uint64_t now = clock_wall_ms();
	time_t seconds = (time_t)(now / 1000);
	char fraction[] = ".000Z\"";

	if (seconds != last) {
		struct tm tm;

		gmtime_r(&seconds, &tm);
		strftime(text, sizeof(text), "{\"time\":\"%Y-%m-%dT%H:%M:%S", &tm);
		last = seconds;
	}
	for (uint64_t i = 3, rest = now % 1000; i > 0; i--, rest /= 10)
		fraction[i] = (char)('0' + rest % 10);
	buf_adds(b, text);
	buf_adds(b, fraction);
}

static void
add_field(struct buf *b, const struct log_field *field)
{
	if (field->kind == LOG_FIELD_STR && field->str == NULL)
		return;
	buf_add(b, ",\"", 2);
	buf_adds(b, field->name);
	buf_add(b, "\":", 2);
	if (field->kind == LOG_FIELD_INT) {
		buf_add_i64(b, field->num);
		return;
	}
	buf_addc(b, '"');
	buf_add_json(b, field->kind == LOG_FIELD_STR ? slice_str(field->str) : field->slice);
	buf_addc(b, '"');
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };
	struct buf line;
	ssize_t written;

	buf_init(&line, LOG_LINE_MAX);
	add_time(&line);
	add_field(&line, &LOG_S("level", words[level]));
	add_field(&line, &LOG_S("event", event));
	for (size_t i = 0; i < count; i++) {
		size_t before = line.len;

		add_field(&line, &fields[i]);
		if (line.failed || line.max - line.len < 2) {
			/* A field that does not fit is left out; the line stays whole JSON. */
			line.len = before;
			line.failed = false;
		}
	}
	buf_add(&line, "}\n", 2);
	do
		written = write(atomic_load(&log_fd), line.data, line.len);
	while (written < 0 && errno == EINTR);
	buf_release(&line);
}
