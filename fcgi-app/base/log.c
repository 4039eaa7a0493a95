/*
 * JSON lines; one write(2) per line, so lines of several threads and processes never mix. A reader
 * that stops, of a pipe or a socket, must not stop the program: what cannot be written at once is
 * lost, counted, and told of by the next line that can. Files are written to as any program does.
 */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

#define LOG_LINE_USUAL (1 * KIB) /* room for the line of a request, at once */

static atomic_int log_fd = STDERR_FILENO;
static atomic_int log_level = LOG_INFO;
/* How not to wait for a reader: the open file says so itself, or each write must. */
static atomic_int log_manner;
enum { LOG_PLAIN, LOG_SEND, LOG_POLL };

static pthread_mutex_t lost_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lost; /* lines since the last one that was written */
static bool torn;     /* the last line was written in part */

static int
open_file(const char *path)
{
	/* O_NONBLOCK counts for pipes and terminals; a pipe that nobody reads is refused. */
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
}

/* Standard error for writing without waiting. The open file of a pipe or a terminal is shared with
 * other processes, and so would its flags be: it is opened anew. */
static int
open_stderr(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDERR_FILENO, &st) != 0 || S_ISREG(st.st_mode))
		return STDERR_FILENO;
	if (!S_ISSOCK(st.st_mode))
		fd = open_file("/dev/stderr");
	if (fd >= 0)
		return fd;
	atomic_store(&log_manner, S_ISSOCK(st.st_mode) ? LOG_SEND : LOG_POLL);
	return STDERR_FILENO;
}

int
log_open(const char *path, enum log_level level)
{
	int fd;

	if (path != NULL && path[0] != '\0') {
		fd = open_file(path);
		if (fd < 0)
			return -1;
		log_close();
	} else {
		log_close();
		fd = open_stderr();
	}
	atomic_store(&log_fd, fd);
	atomic_store(&log_level, (int)level);
	return 0;
}

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Another thread may be about to write: the number of the file stays. */
int
log_reopen(const char *path)
{
	int fd = atomic_load(&log_fd), made, rc;

	if (path == NULL || path[0] == '\0')
		return 0;
	made = open_file(path);
	if (made < 0)
		return -1;
	pthread_mutex_lock(&lost_lock);
	torn = torn && same_file(made, fd);
	rc = dup3(made, fd, O_CLOEXEC);
	pthread_mutex_unlock(&lost_lock);
	close(made);
	return rc < 0 ? -1 : 0;
}

void
log_close(void)
{
	int fd = atomic_exchange(&log_fd, STDERR_FILENO);

	atomic_store(&log_manner, LOG_PLAIN);
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
log_add_field(struct buf *b, const struct log_field *field)
{
	bool text = field->kind != LOG_FIELD_INT;
	size_t len = strlen(field->name);
	char *room;

	if (field->kind == LOG_FIELD_STR && field->str == NULL)
		return;
	/* ,"NAME":" in one piece: a line has thirty of them. */
	room = buf_room(b, len + 5);
	if (room == NULL)
		return;
	memcpy(room, ",\"", 2);
	memcpy(room + 2, field->name, len);
	memcpy(room + 2 + len, "\":\"", 3);
	b->len += len + 4 + text;
	b->data[b->len] = '\0';
	if (!text) {
		buf_add_i64(b, field->num);
		return;
	}
	buf_add_json(b, field->kind == LOG_FIELD_STR ? slice_str(field->str) : field->slice);
	buf_addc(b, '"');
}

static void
make_line(struct buf *line, enum log_level level, const char *event, const struct log_field *fields,
    size_t count)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };

	add_time(line);
	log_add_field(line, &LOG_S("level", words[level]));
	log_add_field(line, &LOG_S("event", event));
	for (size_t i = 0; i < count; i++) {
		size_t before = line->len;

		log_add_field(line, &fields[i]);
		if (line->failed || line->max - line->len < 2) {
			/* A field that does not fit is left out; the line stays whole JSON. */
			line->len = before;
			line->failed = false;
		}
	}
	buf_add(line, "}\n", 2);
}

static ssize_t
put_bytes(const char *bytes, size_t len)
{
	struct pollfd poll_fd = { .fd = atomic_load(&log_fd), .events = POLLOUT };
	int manner = atomic_load(&log_manner);
	ssize_t written;

	if (manner == LOG_POLL && poll(&poll_fd, 1, 0) <= 0)
		return -1;
	/* A pipe that is ready has room for so much. */
	if (manner == LOG_POLL && len > PIPE_BUF)
		len = PIPE_BUF;
	do
		written = manner == LOG_SEND
		              ? send(poll_fd.fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL)
		              : write(poll_fd.fd, bytes, len);
	while (written < 0 && errno == EINTR);
	return written;
}

/* False when the line is lost, or written in part: a full disk, a reader that has stopped. */
static bool
put_line(struct slice line)
{
	size_t done = 0;
	ssize_t written;

	do {
		written = put_bytes(line.ptr + done, line.len - done);
		done += written > 0 ? (size_t)written : 0;
	} while (written > 0 && done < line.len);
	torn = done > 0 && done < line.len;
	return done == line.len;
}

/* Before the first line that can be written again. */
static bool
tell_lost(void)
{
	struct buf line;
	bool told;

	/* The rest of a line that is cut stands for itself. */
	if (torn && put_bytes("\n", 1) != 1)
		return false;
	torn = false;
	buf_init(&line, LOG_LINE_MAX);
	make_line(&line, LOG_WARN, "log_lines_lost", &LOG_N("count", lost), 1);
	told = put_line(buf_slice(&line));
	buf_release(&line);
	return told;
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	struct buf line;

	buf_init(&line, LOG_LINE_MAX);
	buf_room(&line, LOG_LINE_USUAL);
	make_line(&line, level, event, fields, count);
	pthread_mutex_lock(&lost_lock);
	if (lost > 0 && tell_lost())
		lost = 0;
	if (lost > 0 || !put_line(buf_slice(&line)))
		lost++;
	pthread_mutex_unlock(&lost_lock);
	buf_release(&line);
}
