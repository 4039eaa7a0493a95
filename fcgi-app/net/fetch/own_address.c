#include "config.h"

#include "own_address.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include "net/fetch/address.h"

/* Where interfaces may not be listed (AF_NETLINK is forbidden): a datagram to one's own address
 * would come from there. None is sent. */
static bool
answers_itself(const struct sockaddr *address)
{
	socklen_t len = address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                               : sizeof(struct sockaddr_in);
	int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof(from);
	bool own;

	own = fd >= 0 && connect(fd, address, len) == 0 &&
	      getsockname(fd, (struct sockaddr *)&from, &from_len) == 0 &&
	      address_same_host(address, (const struct sockaddr *)&from);
	if (fd >= 0)
		close(fd);
	return own;
}

bool
address_own(const struct sockaddr *address)
{
	struct ifaddrs *list;
	bool own = false;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return false;
	if (getifaddrs(&list) != 0)
		return answers_itself(address);
	for (const struct ifaddrs *at = list; at != NULL && !own; at = at->ifa_next)
		own = at->ifa_addr != NULL && address_same_host(address, at->ifa_addr);
	freeifaddrs(list);
	return own;
}
