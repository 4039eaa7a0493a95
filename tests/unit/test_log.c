/* log.c: every line is one JSON object, whatever is logged and however many threads log. */
#include "config.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/json/json.h"
#include "tap.h"
#include "temp_file.h"

#define THREADS 4
#define LINES   200

static char path[] = "/tmp/test-log-XXXXXX";

/* All that was logged since the last call. */
static void
take_log(struct buf *out)
{
	FILE *file = fopen(path, "re");
	char bytes[4096];
	size_t n;

	buf_reset(out);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_add(out, bytes, n);
	fclose(file);
	if (truncate(path, 0) != 0)
		buf_adds(out, "?");
}

static json_object *
take_line(void)
{
	json_object *line = NULL;
	struct slice rest, text;
	struct buf out;

	buf_init(&out, MIB);
	take_log(&out);
	rest = buf_slice(&out);
	if (slice_split(&rest, '\n', &text) && rest.len == 0 && out.data[out.len - 1] == '\n')
		line = json_read(text);
	buf_release(&out);
	return line;
}

static void
test_fields(void)
{
	json_object *line;
	struct slice time;

	log_event(LOG_INFO, "request", LOG_S("text", "a\"b\n\xFF"), LOG_N("number", -5),
	    LOG_SL("slice", ((struct slice){ "abcdef", 3 })), LOG_S("absent", NULL),
	    LOG_S("empty", ""));
	line = take_line();
	ok(line != NULL, "one line of JSON");
	is_slice(json_get_str(line, "level"), "info", "level");
	is_slice(json_get_str(line, "event"), "request", "event");
	is_slice(json_get_str(line, "text"), "a\"b\n\xEF\xBF\xBD", "text, escaped");
	is_int(json_get_int(line, "number", 0), -5, "number");
	is_slice(json_get_str(line, "slice"), "abc", "slice");
	ok(json_get(line, "absent") == NULL, "NULL is left out");
	ok(json_get(line, "empty") != NULL, "an empty text is not");
	time = json_get_str(line, "time");
	ok(time.len == strlen("2000-01-01T00:00:00.000Z") && time.ptr[10] == 'T' &&
		time.ptr[time.len - 1] == 'Z',
	    "time");
	json_object_put(line);
}

static void
test_levels(void)
{
	struct buf out;

	buf_init(&out, MIB);
	log_open(path, LOG_WARN);
	log_event(LOG_INFO, "quiet", LOG_N("n", 1));
	log_event(LOG_DEBUG, "quiet", LOG_N("n", 1));
	take_log(&out);
	is_int(out.len, 0, "less important lines are left out");
	ok(log_wanted(LOG_ERROR) && log_wanted(LOG_WARN) && !log_wanted(LOG_INFO), "wanted");
	log_event(LOG_WARN, "loud", LOG_N("n", 1));
	take_log(&out);
	ok(slice_find(buf_slice(&out), SLICE("\"level\":\"warn\"")) > 0, "others are not");
	log_open(path, LOG_DEBUG);
	log_event(LOG_DEBUG, "step", LOG_N("n", 1));
	take_log(&out);
	ok(slice_find(buf_slice(&out), SLICE("\"level\":\"debug\"")) > 0, "all of them at debug");
	buf_release(&out);
}

/* A field that does not fit is left out, and the line stays whole. */
static void
test_long(void)
{
	static char text[LOG_LINE_MAX + 100];
	size_t broken = 0, lost = 0, too_long = 0;
	struct buf out;

	buf_init(&out, MIB);
	memset(text, 'x', sizeof(text));
	for (size_t len = LOG_LINE_MAX - 200; len < sizeof(text); len++) {
		struct slice rest, line;
		json_object *doc;

		log_event(LOG_ERROR, "long", LOG_SL("text", ((struct slice){ text, len })),
		    LOG_N("after", 7));
		take_log(&out);
		rest = buf_slice(&out);
		too_long += rest.len > LOG_LINE_MAX;
		doc = slice_split(&rest, '\n', &line) && rest.len == 0 ? json_read(line) : NULL;
		broken += doc == NULL;
		/* Only where the long field has just left no room for it. */
		lost += json_get(doc, "text") == NULL && json_get_int(doc, "after", 0) != 7;
		json_object_put(doc);
	}
	is_int(broken, 0, "lines are whole");
	is_int(too_long, 0, "and not above the ceiling");
	is_int(lost, 0, "what fits is there");
	buf_release(&out);
}

static void *
write_lines(void *arg)
{
	const char *name = arg;

	for (int i = 0; i < LINES; i++)
		log_event(LOG_INFO, "thread", LOG_S("name", name), LOG_N("i", i));
	return NULL;
}

static void
test_threads(void)
{
	static char names[THREADS][2] = { "0", "1", "2", "3" };
	int next[THREADS] = { 0 };
	size_t wrong = 0, count = 0;
	pthread_t threads[THREADS];
	struct slice rest, text;
	struct buf out;

	buf_init(&out, 10 * MIB);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, write_lines, names[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	take_log(&out);
	for (rest = buf_slice(&out); slice_split(&rest, '\n', &text); count++) {
		json_object *line = json_read(text);
		struct slice name = json_get_str(line, "name");

		if (name.len != 1 || json_get_int(line, "i", -1) != next[name.ptr[0] - '0']++)
			wrong++;
		json_object_put(line);
	}
	is_int(count, THREADS * LINES, "every line of every thread");
	is_int(wrong, 0, "each whole, each thread's in order");
	buf_release(&out);
}

static void
test_files(void)
{
	struct stat st;

	is_int(log_open("/nonexistent/log", LOG_INFO), -1, "a file that cannot be made");
	is_int(errno, ENOENT, "errno says so");
	log_event(LOG_ERROR, "still", LOG_N("n", 1));
	ok(stat(path, &st) == 0 && st.st_size > 0, "the old one stays");
	log_close();
	log_close();
	is_int(log_open(NULL, LOG_ERROR), 0, "standard error");
	is_int(log_open("", LOG_ERROR), 0, "standard error, too");
	unlink(path);
	is_int(log_open(path, LOG_INFO), 0, "a new file");
	ok(stat(path, &st) == 0 && (st.st_mode & 0007) == 0, "not for everybody");
	log_close();
}

static void
test_reopen(void)
{
	char moved[64];
	struct stat st;

	snprintf(moved, sizeof(moved), "%s.1", path);
	is_int(log_reopen(path), 0, "opened again");
	rename(path, moved);
	log_event(LOG_INFO, "before", LOG_N("number", 1));
	is_int(log_reopen(path), 0, "opened anew");
	log_event(LOG_INFO, "after", LOG_N("number", 2));
	json_object_put(take_line());
	ok(stat(moved, &st) == 0 && st.st_size > 0, "the old one has what came before");
	log_event(LOG_INFO, "after", LOG_N("number", 3));
	is_int(log_reopen("/tmp/none/there"), -1, "where it cannot be");
	log_event(LOG_INFO, "after", LOG_N("number", 4));
	ok(stat(path, &st) == 0 && st.st_size > 0, "the old one goes on");
	unlink(moved);
}

/* Reads until no more is there. */
static void
drain(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
}

/* The reader of standard error stops, and goes on. */
static void
test_stopped_reader(int reader, int writer, const char *what)
{
	static char long_text[3000];
	size_t whole = 0, cut = 0, told = 0;
	int saved = dup(STDERR_FILENO);
	struct slice rest, text;
	struct buf out;

	memset(long_text, 'x', sizeof(long_text) - 1);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	dup2(writer, STDERR_FILENO);
	close(writer);
	is_int(log_open(NULL, LOG_INFO), 0, what);
	for (int i = 0; i < 1000; i++)
		log_event(LOG_INFO, "line", LOG_N("number", i), LOG_S("text", long_text));
	ok(true, "  no line waits");
	buf_init(&out, 16 * MIB);
	drain(reader, &out);
	log_event(LOG_INFO, "last", LOG_N("number", 1000));
	drain(reader, &out);
	rest = buf_slice(&out);
	while (slice_split(&rest, '\n', &text)) {
		json_object *line = json_read(text);

		if (line == NULL)
			cut++;
		else if (slice_eq(json_get_str(line, "event"), SLICE("log_lines_lost")))
			told += (size_t)json_int(json_get(line, "count"), 0);
		else
			whole++;
		json_object_put(line);
	}
	ok(cut <= 1 && told > 0, "  at most one line is cut, and what is lost is told");
	is_int(whole + told, 1001, "  all lines are accounted for");
	log_close();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reader);
	buf_release(&out);
}

static void
test_stopped_readers(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == 0)
		test_stopped_reader(fds[0], fds[1], "a pipe");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0)
		test_stopped_reader(fds[0], fds[1], "a socket");
}

static void
limit_files(rlim_t most)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = most;
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* The disk is full in the middle of a line, and has room again: the torn line ends where it was
 * cut, the next one begins a line of its own. In a new file nothing is torn. */
static void
test_full(bool moved)
{
	struct slice rest, text;
	json_object *line;
	struct buf out;

	buf_init(&out, MIB);
	unlink(path);
	is_int(log_open(path, LOG_INFO), 0,
	    moved ? "a disk that is full, another file" : "a full disk");
	limit_files(200);
	for (int i = 0; i < 10; i++)
		log_event(LOG_INFO, "line", LOG_N("number", i));
	limit_files(RLIM_INFINITY);
	if (moved) {
		unlink(path);
		log_reopen(path);
	}
	log_event(LOG_INFO, "after", LOG_N("number", 10));
	take_log(&out);
	rest = buf_slice(&out);
	for (int i = 0; !moved && i < 3 && slice_split(&rest, '\n', &text); i++) {
		line = json_read(text);
		ok((line != NULL) == (i < 2), "  two whole lines and a torn one");
		json_object_put(line);
	}
	slice_split(&rest, '\n', &text);
	line = json_read(text);
	is_int(json_get_int(line, "count", 0), 8, "  how many are lost");
	json_object_put(line);
	slice_split(&rest, '\n', &text);
	line = json_read(text);
	is_int(json_get_int(line, "number", 0), 10, "  and the next");
	json_object_put(line);
	is_int(rest.len, 0, "  nothing else");
	buf_release(&out);
}

int
main(void)
{
	temp_file(path);
	if (log_open(path, LOG_INFO) != 0)
		return 1;
	test_fields();
	test_levels();
	test_long();
	test_threads();
	test_reopen();
	test_files();
	test_stopped_readers();
	signal(SIGXFSZ, SIG_IGN);
	test_full(false);
	test_full(true);
	unlink(path);
	return tap_done();
}
