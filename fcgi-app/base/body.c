/* Request bodies, spilled to an unlinked file when large. */
#include "config.h"

#include "base/body.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

void
body_init(struct body *b)
{
	*b = (struct body){ .fd = -1 };
	buf_init(&b->mem, SIZE_MAX / 4);
}

void
body_release(struct body *b)
{
	if (b->map != NULL)
		munmap(b->map, b->len);
	if (b->fd >= 0)
		close(b->fd);
	buf_release(&b->mem);
	body_init(b);
}

static int
open_unlinked(const char *dir)
{
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Not every file system knows O_TMPFILE. */
	if (snprintf(path, sizeof(path), "%s/gemini-balance-XXXXXX", dir) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static bool
body_write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* The operator is told why, and what to do. */
static enum body_result
spool_failed(const struct body_limits *limits)
{
	log_event(LOG_ERROR, "spool_failed", LOG_S("dir", limits->dir),
	    LOG_S("error", strerror(errno)),
	    LOG_S("advice", "make room in that directory, or set SPOOL_DIR to another one"));
	return BODY_FAILED;
}

enum body_result
body_append(struct body *b, const struct body_limits *limits, const void *data, size_t len)
{
	if (len > limits->total || b->len > limits->total - len)
		return BODY_TOO_LARGE;
	if (b->fd < 0 && b->len + len > limits->memory) {
		b->fd = open_unlinked(limits->dir);
		if (b->fd < 0 || !body_write_all(b->fd, b->mem.data, b->mem.len))
			return spool_failed(limits);
		buf_release(&b->mem);
	}
	if (b->fd < 0)
		buf_add(&b->mem, data, len);
	else if (!body_write_all(b->fd, data, len))
		return spool_failed(limits);
	b->len += len;
	return BODY_OK;
}

bool
body_slice(struct body *b, struct slice *ret)
{
	if (b->fd < 0) {
		*ret = buf_slice(&b->mem);
		return true;
	}
	if (b->map == NULL) {
		void *map = mmap(NULL, b->len, PROT_READ, MAP_PRIVATE, b->fd, 0);

		if (map == MAP_FAILED)
			return false;
		b->map = map;
	}
	*ret = (struct slice){ b->map, b->len };
	return true;
}
