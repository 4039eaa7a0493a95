/* A thread for each connection, a table of paths, and a getaddrinfo of its own. */
#include "config.h"

#include "fetch_server.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* ---- names ---- */

static bool gate = true;
static unsigned waiting, rebound;

typedef int (*getaddrinfo_fn)(
    const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int
look_up(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret)
{
	static _Atomic uintptr_t real;
	uintptr_t found = atomic_load(&real);

	if (found == 0) {
		found = (uintptr_t)dlsym(RTLD_NEXT, "getaddrinfo");
		atomic_store(&real, found);
	}
	return ((getaddrinfo_fn)found)(host, port, hints, ret);
}

static void
pass_gate(void)
{
	pthread_mutex_lock(&lock);
	waiting++;
	pthread_cond_broadcast(&changed);
	while (!gate)
		pthread_cond_wait(&changed, &lock);
	waiting--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static bool
rebind(void)
{
	bool first;

	pthread_mutex_lock(&lock);
	first = rebound++ == 0;
	pthread_mutex_unlock(&lock);
	return first;
}

int
getaddrinfo(const char *restrict host, const char *restrict port,
    const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	static const char outer[] = "127.0.0.1", inner[] = "127.0.0.2";
	struct addrinfo **end = ret;
	int rc;

	if (strcmp(host, "good.test") == 0)
		return look_up(outer, port, hints, ret);
	if (strcmp(host, "inner.test") == 0)
		return look_up(inner, port, hints, ret);
	if (strcmp(host, "rebind.test") == 0)
		return look_up(rebind() ? outer : inner, port, hints, ret);
	if (slice_ends(slice_str(host), SLICE("slow.test"))) {
		pass_gate();
		return look_up(outer, port, hints, ret);
	}
	if (strcmp(host, "both.test") == 0) {
		rc = look_up(inner, port, hints, ret);
		while (rc == 0 && *end != NULL)
			end = &(*end)->ai_next;
		return rc == 0 ? look_up(outer, port, hints, end) : rc;
	}
	return EAI_NONAME;
}

void
names_gate(bool open)
{
	pthread_mutex_lock(&lock);
	gate = open;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

unsigned
names_waiting(void)
{
	unsigned count;

	pthread_mutex_lock(&lock);
	count = waiting;
	pthread_mutex_unlock(&lock);
	return count;
}

void
names_settle(void)
{
	pthread_mutex_lock(&lock);
	while (waiting > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* ---- answers ---- */

static unsigned connections, inner_connections, live, answering, peak;

static bool
put(int fd, const char *text)
{
	size_t len = strlen(text);

	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void
put_repeated(int fd, const char *text)
{
	while (put(fd, text))
		;
}

/* Until the client has closed. */
static void
wait_close(int fd)
{
	char bytes[256];

	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

static void
answer_echo(int fd, const char *head)
{
	char text[4096];

	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(head), head);
	put(fd, text);
}

static void
answer_to(int fd, const char *head)
{
	const char *from = strchr(head, '?') + 1;
	char text[2048];

	snprintf(text, sizeof(text),
	    "HTTP/1.1 302 Found\r\nSet-Cookie: c=1\r\nLocation: %.*s\r\nContent-Length: 4\r\n\r\n"
	    "away",
	    (int)strcspn(from, " "), from);
	put(fd, text);
}

/* /hops/3 leads to /hops/2. */
static void
answer_hops(int fd, const char *head)
{
	char text[256];
	int left = head[10] - '0';

	if (left > 0)
		snprintf(text, sizeof(text),
		    "HTTP/1.1 307 T\r\nLocation: /hops/%d\r\nContent-Length: 0\r\n\r\n", left - 1);
	else
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend");
	put(fd, text);
}

static void
answer_drip(int fd, const char *head)
{
	(void)head;
	put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	while (put(fd, "."))
		usleep(2000);
}

static void
answer_later(int fd, const char *head)
{
	(void)head;
	pthread_mutex_lock(&lock);
	if (++answering > peak)
		peak = answering;
	pthread_mutex_unlock(&lock);
	usleep(5000);
	pthread_mutex_lock(&lock);
	answering--;
	pthread_mutex_unlock(&lock);
	put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlater");
}

static const struct {
	const char *path;
	const char *text;   /* sent as it is */
	const char *repeat; /* and then this, until the client has closed */
	bool stay;          /* the connection stays open until the client closes it */
	void (*answer)(int fd, const char *head);
} answers[] = {
	{ .path = "/ok ",
	    .text = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5\r\n\r\nhello",
	    .stay = true },
	{ .path = "/old ", .text = "HTTP/1.0 200 OK\r\n\r\nto the end" },
	{ .path = "/chunked ",
	    .text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n2\r\nde\r\n0\r\nLocation: /ok\r\nHTTP/x: 1\r\n\r\n" },
	{ .path = "/early ",
	    .text = "HTTP/1.1 103 Early Hints\r\nLocation: /ok\r\nLink: x\r\n\r\n"
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly" },
	{ .path = "/empty ", .text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/identity ",
	    .text =
		"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nid" },
	{ .path = "/gzip ",
	    .text = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\ngz" },
	{ .path = "/404 ",
	    .text = "HTTP/1.1 404 No\r\nContent-Length: 99999999999\r\n\r\n",
	    .repeat = "none " },
	{ .path = "/304 ", .text = "HTTP/1.1 304 No\r\n\r\n" },
	{ .path = "/302 ", .text = "HTTP/1.1 302 No\r\nContent-Length: 4\r\n\r\naway" },
	{ .path = "/302-empty ",
	    .text = "HTTP/1.1 302 No\r\nLocation: \r\nContent-Length: 4\r\n\r\naway" },
	{ .path = "/401 ",
	    .text = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/huge ",
	    .text = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
	    .stay = true },
	{ .path = "/endless ", .text = "HTTP/1.1 200 OK\r\n\r\n", .repeat = "0123456789abcdef" },
	{ .path = "/chunks ",
	    .text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    .repeat = "10\r\n0123456789abcdef\r\n" },
	{ .path = "/endless-302 ",
	    .text = "HTTP/1.1 302 Found\r\nLocation: /ok\r\nTransfer-Encoding: chunked\r\n\r\n",
	    .repeat = "10\r\n0123456789abcdef\r\n" },
	{ .path = "/heads ", .text = "HTTP/1.1 200 OK\r\n", .repeat = "X-Name: and its value\r\n" },
	{ .path = "/hints ", .text = "", .repeat = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
	{ .path = "/cut ", .text = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly" },
	{ .path = "/cut-head ", .text = "HTTP/1.1 200 OK\r\nContent-Length: 1" },
	{ .path = "/none ", .text = "" },
	{ .path = "/09 ", .text = "hello from the last century" },
	{ .path = "/hang ", .text = "", .stay = true },
	{ .path = "/hang-body ",
	    .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nonly",
	    .stay = true },
	{ .path = "/loop ",
	    .text = "HTTP/1.1 302 F\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n" },
	{ .path = "/echo", .answer = answer_echo },
	{ .path = "/to?", .answer = answer_to },
	{ .path = "/hops/", .answer = answer_hops },
	{ .path = "/drip ", .answer = answer_drip },
	{ .path = "/later ", .answer = answer_later },
};

static void
answer(int fd, const char *head)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strncmp(head + 4, answers[i].path, strlen(answers[i].path)) != 0)
			continue;
		if (answers[i].answer != NULL)
			answers[i].answer(fd, head);
		else
			put(fd, answers[i].text);
		if (answers[i].repeat != NULL)
			put_repeated(fd, answers[i].repeat);
		if (answers[i].stay)
			wait_close(fd);
		return;
	}
	put(fd, "HTTP/1.1 500 No such path\r\nContent-Length: 0\r\n\r\n");
}

/* ---- connections ---- */

static bool
read_head(int fd, char *head, size_t size)
{
	size_t len = 0;

	while (len < size - 1) {
		ssize_t n = recv(fd, head + len, size - 1 - len, 0);

		if (n <= 0)
			return false;
		len += (size_t)n;
		head[len] = '\0';
		if (strncmp(head, "GET ", len < 4 ? len : 4) != 0)
			return false;
		if (strstr(head, "\r\n\r\n") != NULL)
			return true;
	}
	return false;
}

static void *
serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char head[2048];

	if (read_head(fd, head, sizeof(head)))
		answer(fd, head);
	close(fd);
	pthread_mutex_lock(&lock);
	live--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static struct listener {
	pthread_t thread;
	int fd;
	unsigned port;
} listeners[2];

static void *
accept_all(void *arg)
{
	const struct listener *l = arg;
	struct sockaddr_in address;
	socklen_t len;
	pthread_attr_t detached;
	pthread_t thread;
	int fd;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	while ((fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		len = sizeof(address);
		getsockname(fd, (struct sockaddr *)&address, &len);
		pthread_mutex_lock(&lock);
		connections++;
		live++;
		if (address.sin_addr.s_addr == htonl(INADDR_LOOPBACK + 1))
			inner_connections++;
		pthread_mutex_unlock(&lock);
		pthread_create(&thread, &detached, serve, (void *)(intptr_t)fd);
	}
	pthread_attr_destroy(&detached);
	return NULL;
}

bool
server_start(void)
{
	for (unsigned i = 0; i < 2; i++) {
		struct sockaddr_in address = { .sin_family = AF_INET };
		struct listener *l = &listeners[i];
		socklen_t len = sizeof(address);

		l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		    listen(l->fd, 128) != 0 ||
		    getsockname(l->fd, (struct sockaddr *)&address, &len) != 0)
			return false;
		l->port = ntohs(address.sin_port);
		if (pthread_create(&l->thread, NULL, accept_all, l) != 0)
			return false;
	}
	return true;
}

void
server_stop(void)
{
	for (unsigned i = 0; i < 2; i++) {
		shutdown(listeners[i].fd, SHUT_RDWR);
		pthread_join(listeners[i].thread, NULL);
		close(listeners[i].fd);
	}
	pthread_mutex_lock(&lock);
	while (live > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static unsigned
locked(const unsigned *number)
{
	unsigned value;

	pthread_mutex_lock(&lock);
	value = *number;
	pthread_mutex_unlock(&lock);
	return value;
}

unsigned
server_port(unsigned i)
{
	return listeners[i].port;
}

unsigned
server_connections(void)
{
	return locked(&connections);
}

unsigned
server_inner(void)
{
	return locked(&inner_connections);
}

unsigned
server_peak(void)
{
	return locked(&peak);
}
