/* Listening sockets: made here, or inherited from whoever started the process. */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The file of a unix socket that was made here: another process may have put its own at the same
 * path since. */
struct socket_file {
	dev_t device;
	ino_t inode; /* 0: there is no file */
};

/* Listens at `unix:PATH` or `HOST:PORT` (`[IPv6]:PORT`). mode, group: of a unix socket; group NULL
 * or "" leaves it. A stale socket file is replaced; a live one, or a file of another kind, is
 * refused. Returns the descriptor, or -1 with a sentence in error. */
int socket_listen(const char *address, unsigned mode, const char *group,
    struct socket_file *ret_file, char *error, size_t error_size);

/* The socket that the starter handed over: systemd's LISTEN_FDS, or standard input when it listens
 * (spawn-fcgi, lighttpd, mod_fcgid). -1 when there is none. */
int socket_inherited(void);

/* Is it a unix socket that nobody but root may connect to, by owner, group and mode of its file? */
bool socket_root_only(int fd);

/* Removes the socket file of a unix address that socket_listen made, unless it has been replaced.
 */
void socket_unlink(const char *address, const struct socket_file *file);

#endif
