/* body.c: memory, then an unlinked file; the ceilings; what fails. */
#include "config.h"

#include "base/body.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "tap.h"

static char dir[] = "/tmp/test-body-XXXXXX";

static size_t
files_in_dir(void)
{
	DIR *d = opendir(dir);
	size_t count = 0;

	for (struct dirent *entry; (entry = readdir(d)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(d);
	return count;
}

static void
test_memory(void)
{
	const struct body_limits limits = { .memory = 8, .total = 16, .dir = dir };
	struct slice text;
	struct body b;

	body_init(&b);
	ok(body_slice(&b, &text) && text.len == 0 && b.fd < 0, "an empty body");
	is_int(body_append(&b, &limits, "", 0), BODY_OK, "nothing is added");
	is_int(body_append(&b, &limits, "abcd", 4), BODY_OK, "four bytes");
	is_int(body_append(&b, &limits, "efgh", 4), BODY_OK, "four more");
	ok(b.fd < 0 && b.len == 8, "as much as the limit stays in memory");
	ok(body_slice(&b, &text), "may be looked at");
	is_slice(text, "abcdefgh", "whole");
	body_release(&b);
	ok(b.len == 0 && b.fd < 0 && body_slice(&b, &text) && text.len == 0, "released: empty");
}

static void
test_file(void)
{
	const struct body_limits limits = { .memory = 8, .total = 16, .dir = dir };
	struct slice text;
	struct body b;
	struct stat st;
	int fd;

	body_init(&b);
	is_int(body_append(&b, &limits, "abcdefgh", 8), BODY_OK, "in memory");
	is_int(body_append(&b, &limits, "i", 1), BODY_OK, "one byte above the limit");
	ok(b.fd >= 0 && b.mem.len == 0 && b.len == 9, "moves all of it to a file");
	is_int(files_in_dir(), 0, "that has no name");
	ok(fstat(b.fd, &st) == 0 && (st.st_mode & 0777) == 0600 && st.st_nlink == 0,
	    "and is the owner's alone");
	ok((fcntl(b.fd, F_GETFD) & FD_CLOEXEC) != 0, "and is not inherited");
	is_int(body_append(&b, &limits, "jklmnop", 7), BODY_OK, "up to the total");
	is_int(body_append(&b, &limits, "q", 1), BODY_TOO_LARGE, "not above it");
	is_int(b.len, 16, "what is too much is not kept");
	ok(body_slice(&b, &text), "mapped");
	is_slice(text, "abcdefghijklmnop", "whole");
	ok(body_slice(&b, &text) && text.ptr == b.map, "mapped once");
	fd = b.fd;
	body_release(&b);
	ok(fcntl(fd, F_GETFD) == -1 && errno == EBADF, "released: closed");
	is_int(body_append(&b, &limits, "again", 5), BODY_OK, "usable again");
	ok(b.fd < 0 && b.len == 5, "in memory first");
	body_release(&b);
}

static void
test_no_memory_at_all(void)
{
	const struct body_limits limits = { .memory = 0, .total = 16, .dir = dir };
	struct slice text;
	struct body b;

	body_init(&b);
	is_int(body_append(&b, &limits, "", 0), BODY_OK, "memory 0: no file for no byte");
	ok(b.fd < 0, "no file yet");
	is_int(body_append(&b, &limits, "a", 1), BODY_OK, "the first byte");
	ok(b.fd >= 0, "goes to the file");
	ok(body_slice(&b, &text) && slice_eq(text, SLICE("a")), "and is there");
	body_release(&b);
}

static void
test_ceiling(void)
{
	const struct body_limits limits = { .memory = 8, .total = 8, .dir = dir };
	struct body b;

	body_init(&b);
	is_int(body_append(&b, &limits, "123456789", 9), BODY_TOO_LARGE, "too much at once");
	is_int(b.len, 0, "nothing of it is kept");
	is_int(body_append(&b, &limits, "12345678", 8), BODY_OK, "as much as the total");
	is_int(body_append(&b, &limits, "9", SIZE_MAX), BODY_TOO_LARGE, "lengths do not wrap");
	body_release(&b);
}

static void
test_failures(void)
{
	const struct body_limits nowhere = { .memory = 1, .total = 16, .dir = "/nonexistent/dir" };
	const struct body_limits full = { .memory = 1, .total = 16, .dir = dir };
	char long_dir[5000];
	const struct body_limits too_long = { .memory = 1, .total = 16, .dir = long_dir };
	struct body b;

	body_init(&b);
	is_int(body_append(&b, &nowhere, "ab", 2), BODY_FAILED, "no such directory");
	is_int(errno, ENOENT, "errno says so");
	body_release(&b);
	memset(long_dir, 'x', sizeof(long_dir) - 1);
	long_dir[sizeof(long_dir) - 1] = '\0';
	is_int(body_append(&b, &too_long, "ab", 2), BODY_FAILED, "a name that is too long");
	is_int(errno, ENAMETOOLONG, "errno says so");
	body_release(&b);
	/* A full disk, as seen by write(2). */
	is_int(body_append(&b, &full, "ab", 2), BODY_OK, "a file");
	close(b.fd);
	b.fd = open("/dev/full", O_RDWR | O_CLOEXEC);
	is_int(body_append(&b, &full, "cd", 2), BODY_FAILED, "no space left");
	is_int(errno, ENOSPC, "errno says so");
	body_release(&b);
}

/* Many pieces of many sizes give the same bytes as one. */
static void
test_pieces(void)
{
	const struct body_limits limits = { .memory = 1000, .total = MIB, .dir = dir };
	static char want[300 * KIB];
	struct slice text;
	struct body b;
	unsigned random = 1;

	for (size_t i = 0; i < sizeof(want); i++) {
		random = random * 1103515245 + 12345;
		want[i] = (char)(random >> 16);
	}
	body_init(&b);
	for (size_t at = 0, len; at < sizeof(want); at += len) {
		random = random * 1103515245 + 12345;
		len = (random >> 16) % 3000;
		len = len < sizeof(want) - at ? len : sizeof(want) - at;
		body_append(&b, &limits, want + at, len);
	}
	ok(body_slice(&b, &text) && slice_eq(text, (struct slice){ want, sizeof(want) }),
	    "many pieces, the same bytes");
	body_release(&b);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	test_memory();
	test_file();
	test_no_memory_at_all();
	test_ceiling();
	test_failures();
	test_pieces();
	rmdir(dir);
	return tap_done();
}
