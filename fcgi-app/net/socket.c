/* Listening sockets. FCGX_OpenSocket is not used: it unlinks whatever is at the path and exits the
 * process on errors. */
#include "config.h"

#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

#define LISTEN_BACKLOG 4096

#define UNIX_PREFIX      "unix:"
#define SYSTEMD_FIRST_FD 3

static int
socket_fail(char *error, size_t size, const char *what, const char *where)
{
	snprintf(error, size, "%s %s: %s", what, where, strerror(errno));
	return -1;
}

/* Makes room for the socket file. False when something lives there. */
static bool
clear_path(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, rc;

	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	close(fd);
	if (rc == 0) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(address->sun_path) == 0;
}

static bool
set_owner(const char *path, unsigned mode, const char *group)
{
	if (group != NULL && group[0] != '\0') {
		struct group *entry = getgrnam(group);

		if (entry == NULL) {
			errno = EINVAL;
			return false;
		}
		if (chown(path, (uid_t)-1, entry->gr_gid) != 0)
			return false;
	}
	return chmod(path, mode) == 0;
}

static int
listen_unix(const char *path, unsigned mode, const char *group, struct socket_file *ret_file,
    char *error, size_t error_size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	mode_t old_mask;
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return socket_fail(error, error_size, "cannot listen at", path);
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (!clear_path(&address))
		return socket_fail(error, error_size, "cannot listen at", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return socket_fail(error, error_size, "cannot make a socket for", path);
	/* Nobody may connect before the mode is what was asked for. */
	old_mask = umask(0177);
	rc = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(old_mask);
	if (rc == 0 && set_owner(path, mode, group) && lstat(path, &st) == 0 &&
	    listen(fd, LISTEN_BACKLOG) == 0) {
		*ret_file = (struct socket_file){ st.st_dev, st.st_ino };
		return fd;
	}
	socket_fail(error, error_size, "cannot listen at", path);
	if (rc == 0)
		unlink(path);
	close(fd);
	return -1;
}

static int
listen_address(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
listen_tcp(const char *address, char *error, size_t error_size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	const char *colon = strrchr(address, ':');
	struct addrinfo *found = NULL;
	char host[256];
	size_t len;
	int fd, rc;

	len = colon != NULL ? (size_t)(colon - address) : 0;
	if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	/* Without a host a FastCGI port would be open to everybody: it has to be said. */
	if (colon == NULL || len == 0 || len >= sizeof(host)) {
		snprintf(error, error_size, "\"%s\" is neither unix:PATH nor HOST:PORT", address);
		return -1;
	}
	memcpy(host, address, len);
	host[len] = '\0';
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc != 0) {
		snprintf(error, error_size, "cannot listen at %s: %s", address, gai_strerror(rc));
		return -1;
	}
	fd = listen_address(found);
	if (fd < 0)
		socket_fail(error, error_size, "cannot listen at", address);
	freeaddrinfo(found);
	return fd;
}

int
socket_listen(const char *address, unsigned mode, const char *group, struct socket_file *ret_file,
    char *error, size_t error_size)
{
	*ret_file = (struct socket_file){ 0 };
	if (slice_starts(slice_str(address), SLICE(UNIX_PREFIX)))
		return listen_unix(
		    address + strlen(UNIX_PREFIX), mode, group, ret_file, error, error_size);
	return listen_tcp(address, error, error_size);
}

void
socket_unlink(const char *address, const struct socket_file *file)
{
	const char *path = address + strlen(UNIX_PREFIX);
	struct stat st;

	if (file->inode != 0 && lstat(path, &st) == 0 && st.st_dev == file->device &&
	    st.st_ino == file->inode)
		unlink(path);
}

bool
socket_root_only(int fd)
{
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof(address) - 1;
	struct stat st;

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
	    address.sun_family != AF_UNIX || address.sun_path[0] != '/' ||
	    stat(address.sun_path, &st) != 0)
		return false;
	return (st.st_uid == 0 || (st.st_mode & S_IWUSR) == 0) &&
	       (st.st_gid == 0 || (st.st_mode & S_IWGRP) == 0) && (st.st_mode & S_IWOTH) == 0;
}

static bool
is_listening(int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening != 0;
}

int
socket_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t number;
	int fd = -1;

	if (pid != NULL && fds != NULL && slice_u64(slice_str(pid), &number) &&
	    number == (uint64_t)getpid() && slice_u64(slice_str(fds), &number) && number >= 1 &&
	    is_listening(SYSTEMD_FIRST_FD))
		fd = SYSTEMD_FIRST_FD;
	else if (is_listening(STDIN_FILENO))
		fd = STDIN_FILENO;
	if (fd >= 0) {
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	return fd;
}
