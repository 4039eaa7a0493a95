/* The network addresses of this machine. */
#ifndef NET_FETCH_OWN_ADDRESS_H
#define NET_FETCH_OWN_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for an address that leads to this machine, at this moment. */
bool address_own(const struct sockaddr *address);

#endif
