/*
 * Which network addresses may be connected to for a URL that a caller gave: those of the public
 * Internet, and those that the operator names. Pure.
 */
#ifndef NET_FETCH_ADDRESS_H
#define NET_FETCH_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/limits.h"

/* The addresses whose first `bits` bits are those of bytes. IPv4 in its IPv6 form
 * (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2). */
struct address_block {
	uint8_t bytes[16];
	unsigned bits;
};

struct address_list {
	struct address_block blocks[ADDRESS_LIST_MAX];
	size_t count;
};

/* Reads `127.0.0.1, 10.0.0.0/8 fd00::/8`: addresses or prefixes, separated by commas or white
 * space. False when a word is none or there are too many; *ret_bad (may be NULL) is that word, in
 * text. */
bool address_list_read(struct address_list *ret, struct slice text, struct slice *ret_bad);

/* True for an IPv4 or IPv6 address that belongs to a host of the public Internet: not loopback,
 * private, link-local, shared, multicast, reserved, for documentation, or IPv6 that stands for such
 * an IPv4 address (IANA special-purpose address registries). The port does not matter. False for
 * every other family. */
bool address_public(const struct sockaddr *address);

/* True for an address in the list (NULL: an empty one). */
bool address_listed(const struct sockaddr *address, const struct address_list *list);

/* True when both lead to the same host: the same address, in whatever form, or IPv6 that stands for
 * the IPv4 address of the other. False for every other family. */
bool address_same_host(const struct sockaddr *address, const struct sockaddr *other);

/*
 * The address of a client whose connection came from `peer`, written without brackets and port.
 * forwarded: X-Forwarded-For, to which each proxy appends where its connection came from; it is
 * believed as far as the proxies, from the last one on, are in `trusted`. What is not an address is
 * not believed. Empty when the peer itself has none (a unix socket).
 */
struct slice address_of_client(
    struct slice peer, struct slice forwarded, const struct address_list *trusted);

/* Writes what one customer of a provider has: an IPv4 address, or the first 64 bits of an IPv6
 * address. False when the text is neither. */
bool address_network(struct slice text, uint8_t ret[16]);

/* The port in the machine's byte order; 0 for other families than IPv4 and IPv6. */
unsigned address_port(const struct sockaddr *address);

#endif
