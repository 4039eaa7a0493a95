/* socket.c: sockets made and inherited, and what is refused. */
#include "config.h"

#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/test-socket-XXXXXX";
static char error[512];
static struct socket_file file;

static int
make(const char *address, unsigned mode, const char *group)
{
	error[0] = '\0';
	return socket_listen(address, mode, group, &file, error, sizeof(error));
}

/* As another process does. */
static int
make_other(const char *address)
{
	struct socket_file theirs;

	return socket_listen(address, 0600, NULL, &theirs, error, sizeof(error));
}

static bool
reachable(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return rc == 0;
}

static void
refused(const char *address, const char *word)
{
	int fd = make(address, 0660, NULL);

	is_int(fd, -1, address);
	ok(strstr(error, word) != NULL, error);
	if (fd >= 0)
		close(fd);
}

static void
test_unix(void)
{
	char address[200];
	const char *path = address + strlen("unix:");
	struct stat st;
	int fd, other;

	snprintf(address, sizeof(address), "unix:%s/s", dir);
	fd = make(address, 0620, NULL);
	ok(fd >= 0, "made");
	ok(lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0620,
	    "its mode");
	ok((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "does not block");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "is not inherited");
	ok(reachable(path), "listens");
	refused(address, "in use");
	ok(reachable(path), "the live one still does");
	close(fd);
	ok(!reachable(path), "closed: a stale file is left");
	fd = make(address, 0600, "");
	ok(fd >= 0 && reachable(path), "which is replaced");
	other = make(address, 0600, "no-such-group-here");
	is_int(other, -1, "an unknown group");
	close(fd);
	fd = make(address, 0600, "no-such-group-here");
	is_int(fd, -1, "an unknown group, no listener");
	ok(lstat(path, &st) != 0, "leaves nothing behind");
	fd = make(address, 0600, "");
	close(fd);
	socket_unlink(address, &file);
	ok(lstat(path, &st) != 0, "removed");
	fd = make(address, 0600, "");
	unlink(path);
	other = make_other(address);
	socket_unlink(address, &file);
	ok(reachable(path), "a successor at the same path is left alone");
	close(fd);
	close(other);
	unlink(path);
	socket_unlink("127.0.0.1:9000", &(struct socket_file){ 0 });
}

static void
test_unix_refused(void)
{
	char address[300];
	const char *path = address + strlen("unix:");
	struct stat st;
	int fd;

	snprintf(address, sizeof(address), "unix:%s/file", dir);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	refused(address, "exists");
	ok(lstat(path, &st) == 0 && S_ISREG(st.st_mode), "a file of another kind is left alone");
	unlink(path);
	snprintf(address, sizeof(address), "unix:%s", dir);
	refused(address, "exists");
	snprintf(address, sizeof(address), "unix:%s/none/s", dir);
	refused(address, "No such file");
	snprintf(address, sizeof(address), "unix:%s/%0200d", dir, 1);
	refused(address, "too long");
}

static void
test_root_only(void)
{
	bool root = geteuid() == 0 && getegid() == 0;
	char address[200];
	const char *path = address + strlen("unix:");
	int fd, tcp = make("127.0.0.1:0", 0, NULL);

	snprintf(address, sizeof(address), "unix:%s/root", dir);
	fd = make(address, 0660, NULL);
	is_int(socket_root_only(fd), root, "0660 is for its owner and group");
	chmod(path, 0666);
	ok(!socket_root_only(fd), "0666 is for everybody");
	chmod(path, 0755);
	is_int(socket_root_only(fd), root, "to connect takes the right to write");
	if (root && chown(path, 0, 1) == 0) {
		ok(socket_root_only(fd), "a group that may not write");
		chmod(path, 0660);
		ok(!socket_root_only(fd), "a group that may");
	}
	if (root && chown(path, 1, 0) == 0)
		ok(!socket_root_only(fd), "an owner who is not root");
	ok(!socket_root_only(tcp), "a port has no owner");
	socket_unlink(address, &file);
	ok(!socket_root_only(fd), "a file that is gone");
	close(fd);
	close(tcp);
}

static void
test_tcp(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	char text[64];
	int fd = make("127.0.0.1:0", 0, NULL), again, v6;

	ok(fd >= 0, "made");
	ok(getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
		address.sin_addr.s_addr == htonl(INADDR_LOOPBACK),
	    "at the address that was asked for");
	ok((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "does not block");
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
	again = make(text, 0, NULL);
	is_int(again, -1, "the port is taken");
	ok(strstr(error, text) != NULL, error);
	close(fd);
	v6 = make("[::1]:0", 0, NULL);
	ok(v6 >= 0 || strstr(error, "::1") != NULL, "an IPv6 address, where there is IPv6");
	if (v6 >= 0)
		close(v6);
	refused("9000", "neither unix:PATH nor HOST:PORT");
	refused(":9000", "neither unix:PATH nor HOST:PORT");
	refused("", "neither unix:PATH nor HOST:PORT");
	refused("127.0.0.1:no-such-service", "cannot listen");
	refused("192.0.2.1:0", "cannot listen");
}

/* Runs socket_inherited in a process whose descriptors `prepare` has laid out. */
static int
inherited(void (*prepare)(int listening), int listening)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		int fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDIN_FILENO);
		dup2(null, 3);
		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_FDS");
		prepare(listening);
		fd = socket_inherited();
		if (fd >= 0 && ((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0 ||
				   (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0))
			fd = 99;
		_exit(fd < 0 ? 100 : fd);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
set_listen(long pid, const char *fds)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", fds, 1);
}

static void
nothing(int listening)
{
	(void)listening;
}

static void
on_stdin(int listening)
{
	dup2(listening, STDIN_FILENO);
}

static void
by_systemd(int listening)
{
	dup2(listening, 3);
	set_listen(getpid(), "1");
}

static void
for_another_process(int listening)
{
	dup2(listening, 3);
	set_listen(getpid() + 1L, "1");
}

static void
no_descriptor(int listening)
{
	dup2(listening, 3);
	set_listen(getpid(), "0");
}

static void
not_a_socket(int listening)
{
	(void)listening;
	set_listen(getpid(), "1");
}

static void
not_listening(int listening)
{
	int pair[2];

	(void)listening;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0)
		dup2(pair[0], STDIN_FILENO);
}

static void
test_inherited(void)
{
	int listening = make("127.0.0.1:0", 0, NULL), high = fcntl(listening, F_DUPFD, 20);

	close(listening);
	is_int(inherited(nothing, high), 100, "none");
	is_int(inherited(on_stdin, high), 0, "standard input");
	is_int(inherited(by_systemd, high), 3, "systemd's");
	is_int(inherited(for_another_process, high), 100, "systemd's for another process");
	is_int(inherited(no_descriptor, high), 100, "LISTEN_FDS=0");
	is_int(inherited(not_a_socket, high), 100, "descriptor 3 is no socket");
	is_int(inherited(not_listening, high), 100, "standard input is a connection");
	close(high);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	test_unix();
	test_unix_refused();
	test_root_only();
	test_tcp();
	test_inherited();
	rmdir(dir);
	return tap_done();
}
