/* Files of options, keys, tokens and families, as text. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "conf_priv.h"
#include "core/http/plain_text.h"

#define READ_BYTES (64 * KIB)

/* Pipes and devices are read as well, up to the ceiling. */
static int
conf_file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return -1;
	}
	return fd;
}

/* -1 with errno; EFBIG when there is more than raw may hold. */
static int
conf_file_read(int fd, struct buf *raw)
{
	ssize_t got;

	do {
		char *room = buf_room(raw, READ_BYTES);

		if (room == NULL) {
			errno = EFBIG;
			return -1;
		}
		got = read(fd, room, READ_BYTES);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			raw->len += (size_t)got;
	} while (got != 0);
	return 0;
}

/* What was read may be keys. */
static void
conf_file_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_release(b);
}

char *
conf_read_text(const char *path, char error[CONF_ERROR_MAX])
{
	int fd = conf_file_open(path);
	const char *reason = NULL;
	char *ret = NULL;
	struct buf raw, text;
	unsigned line;

	buf_init(&raw, CONF_FILE_MAX);
	/* No character is replaced by a longer one. */
	buf_init(&text, CONF_FILE_MAX);
	if (fd < 0 || conf_file_read(fd, &raw) != 0) {
		snprintf(error, CONF_ERROR_MAX, "cannot read %.200s: %s", path, strerror(errno));
		goto out;
	}
	reason = plain_text_read(buf_slice(&raw), &text, &line);
	if (reason != NULL)
		snprintf(error, CONF_ERROR_MAX, "%.200s line %u: %s", path, line, reason);
	else
		ret = text.len > 0 ? buf_take(&text) : xstrdup("");
out:
	if (fd >= 0)
		close(fd);
	conf_file_wipe(&raw);
	conf_file_wipe(&text);
	return ret;
}

char *
conf_read_lines(const char *path, char error[CONF_ERROR_MAX])
{
	char *raw = conf_read_text(path, error);
	struct slice rest = slice_str(raw), line, text;
	struct buf out;

	if (raw == NULL)
		return NULL;
	buf_init(&out, CONF_FILE_MAX + 1);
	while (slice_split(&rest, '\n', &line)) {
		if (slice_split(&line, '#', &text))
			buf_add_slice(&out, slice_trim(text));
		buf_addc(&out, '\n');
	}
	secret_free(raw);
	return out.len > 0 ? buf_take(&out) : xstrdup("");
}
