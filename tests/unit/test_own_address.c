/* own_address.c and fetch_call.c: a public address that is the machine's own. */
#include "config.h"

#include "net/fetch/own_address.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fetch_rig.h"
#include "fetch_server.h"
#include "tap.h"

#define OWN    "8.8.4.4"
#define OWN_V6 "2002:808:404::1" /* stands for it */
#define OTHER  "8.8.8.8"

static bool forbidden;

/* Stands in for the C library's, which is the one behind it. */
int
getifaddrs(struct ifaddrs **ret)
{
	int (*real)(struct ifaddrs **);

	if (forbidden) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getifaddrs");
	return real(ret);
}

static bool
own(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return address_own((const struct sockaddr *)&v4);
	return inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 &&
	       address_own((const struct sockaddr *)&v6);
}

static bool
set_interface(const char *name, const char *address)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct ifreq request = { 0 };
	bool done;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	inet_pton(AF_INET, address, &v4.sin_addr);
	memcpy(&request.ifr_addr, &v4, sizeof(v4));
	done = fd >= 0 && ioctl(fd, SIOCSIFADDR, &request) == 0;
	request.ifr_flags = IFF_UP;
	done = done && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	if (fd >= 0)
		close(fd);
	return done;
}

/* A network of our own, in which the machine has a public address. */
static bool
make_network(void)
{
	return (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
	       set_interface("lo", "127.0.0.1") && set_interface("lo:1", OWN);
}

static void
test_own(void)
{
	struct sockaddr none = { .sa_family = AF_UNIX };

	ok(own("127.0.0.1"), "the loopback address");
	ok(own(OWN), "the public one");
	ok(own("::ffff:" OWN), "the same in its IPv6 form");
	ok(own(OWN_V6), "and through 6to4");
	ok(!own(OTHER), "another machine's");
	ok(!own("2600::1"), "another machine's with IPv6");
	ok(!address_own(&none), "no address at all");
}

/* Where interfaces may not be listed. */
static void
test_own_unlisted(void)
{
	ok(own("127.0.0.1"), "the loopback address, unlisted");
	ok(own("::ffff:127.0.0.1"), "in its IPv6 form");
	ok(own(OWN), "the public one");
	ok(!own(OTHER), "another machine's");
}

static void
test_fetch(void)
{
	struct fetch_limits allowing = limits();
	struct address_list list;
	struct job job = { 0 };

	is_int(get(&job, "http://" OWN ":%p/ok"), FETCH_ADDRESS, "not to the own address");
	is_int(get(&job, "http://[::ffff:" OWN "]:%p/ok"), FETCH_ADDRESS, "in no form");
	is_int(server_connections(), 0, "no connection was made");
	is_int(get(&job, "/to?http://" OWN ":%p/ok"), FETCH_ADDRESS, "nor by a redirect");
	ok(address_list_read(&list, SLICE(OWN), NULL), "unless it is allowed");
	allowing.allow = &list;
	is_int(get_limited(&job, &allowing, "http://" OWN ":%p/ok"), FETCH_OK, "it leads there");
	buf_release(&job.body);
}

int
main(void)
{
	if (!make_network()) {
		ok(true, "own addresses # SKIP no network namespaces");
		return tap_done();
	}
	test_own();
	forbidden = true;
	test_own_unlisted();
	forbidden = false;
	if (!ok(rig_open(), "the server and the fetcher"))
		return tap_done();
	test_fetch();
	ok(rig_close(), "nothing is left in the loop");
	rig_end();
	return tap_done();
}
