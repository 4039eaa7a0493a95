/* Tables of the addresses that are not public, and the operator's list. */
#include "config.h"

#include "net/fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/xalloc.h"

#define V4_BITS 96 /* of the prefix before an IPv4 address in its IPv6 form */

/* clang-format off */
#define V4(a, b, c, d, bits) \
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, (a), (b), (c), (d) }, V4_BITS + (bits) }

static const struct address_block mapped = V4(0, 0, 0, 0, 0);

/* IPv4, by the IANA IPv4 Special-Purpose Address Registry and the multicast and reserved parts of
 * the IANA IPv4 Address Space Registry. */
static const struct address_block special_v4[] = {
	V4(0, 0, 0, 0, 8),       /* this network: RFC 791, RFC 1122 */
	V4(10, 0, 0, 0, 8),      /* private: RFC 1918 */
	V4(100, 64, 0, 0, 10),   /* shared, behind carriers' NAT: RFC 6598 */
	V4(127, 0, 0, 0, 8),     /* loopback: RFC 1122 */
	V4(168, 63, 129, 16, 32), /* Azure's service for its own hosts; public by its number only */
	V4(169, 254, 0, 0, 16),  /* link-local: RFC 3927; the metadata services of clouds */
	V4(172, 16, 0, 0, 12),   /* private: RFC 1918 */
	V4(192, 0, 0, 0, 24),    /* protocol assignments: RFC 6890 */
	V4(192, 0, 2, 0, 24),    /* documentation: RFC 5737 */
	V4(192, 88, 99, 0, 24),  /* relays of 6to4: RFC 7526 */
	V4(192, 168, 0, 0, 16),  /* private: RFC 1918 */
	V4(198, 18, 0, 0, 15),   /* benchmarks: RFC 2544 */
	V4(198, 51, 100, 0, 24), /* documentation: RFC 5737 */
	V4(203, 0, 113, 0, 24),  /* documentation: RFC 5737 */
	V4(224, 0, 0, 0, 4),     /* multicast: RFC 5771 */
	V4(240, 0, 0, 0, 4),     /* reserved, and the broadcast address: RFC 1112, RFC 8190 */
};

/* Only this part of IPv6 is given to hosts of the Internet (IANA IPv6 Address Space Registry, RFC
 * 4291). Outside of it are ::, ::1, ::/96 (RFC 4291), 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64: RFC
 * 6052, RFC 8215), 100::/64 (RFC 6666), 5f00::/16 (RFC 9602), fc00::/7 (RFC 4193), fe80::/10 (RFC
 * 4291), fec0::/10 (RFC 3879), ff00::/8 (RFC 4291). */
static const struct address_block global_v6 = { { 0x20 }, 3 };

/* In it, by the IANA IPv6 Special-Purpose Address Registry. */
static const struct address_block special_v6[] = {
	{ { 0x20, 0x01 }, 23 },             /* protocol assignments: RFC 2928; with Teredo, RFC 4380 */
	{ { 0x20, 0x01, 0x0D, 0xB8 }, 32 }, /* documentation: RFC 3849 */
	{ { 0x3F, 0xFF }, 20 },             /* documentation: RFC 9637 */
};

/* 6to4: the IPv4 address of the relay follows the prefix: RFC 3056. */
static const struct address_block six_to_four = { { 0x20, 0x02 }, 16 };
/* clang-format on */

static bool
in_block(const uint8_t address[16], const struct address_block *block)
{
	size_t whole = block->bits / 8;
	unsigned rest = block->bits % 8;

	if (memcmp(address, block->bytes, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ block->bytes[whole]) >> (8 - rest) == 0;
}

static bool
in_blocks(const uint8_t address[16], const struct address_block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (in_block(address, &blocks[i]))
			return true;
	return false;
}

static void
put_v4(const uint8_t v4[4], uint8_t ret[16])
{
	memcpy(ret, mapped.bytes, 12);
	memcpy(ret + 12, v4, 4);
}

/* False when it is neither IPv4 nor IPv6. The copies are there because a struct sockaddr may lie
 * anywhere. */
static bool
get_bytes(const struct sockaddr *address, uint8_t ret[16])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		put_v4((const uint8_t *)&v4.sin_addr, ret);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		memcpy(ret, &v6.sin6_addr, 16);
		return true;
	}
	return false;
}

static bool
is_public(const uint8_t address[16])
{
	uint8_t inner[16];

	if (in_block(address, &mapped))
		return !in_blocks(address, special_v4, ARRAY_SIZE(special_v4));
	if (!in_block(address, &global_v6) ||
	    in_blocks(address, special_v6, ARRAY_SIZE(special_v6)))
		return false;
	if (!in_block(address, &six_to_four))
		return true;
	put_v4(address + 2, inner);
	return !in_blocks(inner, special_v4, ARRAY_SIZE(special_v4));
}

bool
address_public(const struct sockaddr *address)
{
	uint8_t bytes[16];

	return get_bytes(address, bytes) && is_public(bytes);
}

bool
address_listed(const struct sockaddr *address, const struct address_list *list)
{
	uint8_t bytes[16];

	return list != NULL && get_bytes(address, bytes) &&
	       in_blocks(bytes, list->blocks, list->count);
}

/* An IPv4 address for what stands for it. */
static void
strip_tunnel(uint8_t address[16])
{
	uint8_t inner[4];

	if (!in_block(address, &six_to_four))
		return;
	memcpy(inner, address + 2, sizeof(inner));
	put_v4(inner, address);
}

bool
address_same_host(const struct sockaddr *address, const struct sockaddr *other)
{
	uint8_t bytes[16], others[16];

	if (!get_bytes(address, bytes) || !get_bytes(other, others))
		return false;
	strip_tunnel(bytes);
	strip_tunnel(others);
	return memcmp(bytes, others, sizeof(bytes)) == 0;
}

unsigned
address_port(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return ntohs(v4.sin_port);
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		return ntohs(v6.sin6_port);
	}
	return 0;
}

/* ---- the list ---- */

static bool
read_address(struct slice text, uint8_t ret[16], unsigned *ret_bits)
{
	char plain[INET6_ADDRSTRLEN];
	uint8_t v4[4];

	if (text.len == 0 || text.len >= sizeof(plain) || memchr(text.ptr, '\0', text.len) != NULL)
		return false;
	memcpy(plain, text.ptr, text.len);
	plain[text.len] = '\0';
	if (inet_pton(AF_INET, plain, v4) == 1) {
		put_v4(v4, ret);
		*ret_bits = 32;
		return true;
	}
	*ret_bits = 128;
	return inet_pton(AF_INET6, plain, ret) == 1;
}

static bool
read_block(struct slice word, struct address_block *ret)
{
	struct slice rest = word, address;
	unsigned width;
	uint64_t bits;

	slice_split(&rest, '/', &address);
	if (!read_address(address, ret->bytes, &width))
		return false;
	bits = width;
	if (address.len < word.len && (!slice_u64(rest, &bits) || bits > width))
		return false;
	ret->bits = (unsigned)bits + 128 - width;
	return true;
}

static bool
address_is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
address_list_read(struct address_list *ret, struct slice text, struct slice *ret_bad)
{
	ret->count = 0;
	for (size_t at = 0; at < text.len;) {
		struct slice word = { text.ptr + at, 0 };

		while (at < text.len && !address_is_separator(text.ptr[at])) {
			word.len++;
			at++;
		}
		at++;
		if (word.len == 0)
			continue;
		if (ret->count == ADDRESS_LIST_MAX || !read_block(word, &ret->blocks[ret->count])) {
			if (ret_bad != NULL)
				*ret_bad = word;
			return false;
		}
		ret->count++;
	}
	return true;
}

/* ---- clients ---- */

static bool
address_list_holds(const struct address_list *list, struct slice text)
{
	uint8_t bytes[16];
	unsigned bits;

	return read_address(text, bytes, &bits) && in_blocks(bytes, list->blocks, list->count);
}

bool
address_network(struct slice text, uint8_t ret[16])
{
	unsigned width;

	if (!read_address(text, ret, &width))
		return false;
	if (!in_block(ret, &mapped))
		memset(ret + 8, 0, 8);
	return true;
}

/* Without a port, and without the brackets of IPv6; as it is when it is neither. */
static struct slice
address_without_port(struct slice text)
{
	const char *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL, *end;

	if (text.len > 0 && text.ptr[0] == '[') {
		end = memchr(text.ptr, ']', text.len);
		if (end != NULL)
			return (struct slice){ text.ptr + 1, (size_t)(end - text.ptr) - 1 };
	}
	/* One colon: IPv4 with a port. */
	if (colon != NULL &&
	    memchr(colon + 1, ':', text.len - (size_t)(colon - text.ptr) - 1) == NULL)
		text.len = (size_t)(colon - text.ptr);
	return text;
}

struct slice
address_of_client(struct slice peer, struct slice forwarded, const struct address_list *trusted)
{
	struct slice client = address_without_port(peer), hop;
	uint8_t bytes[16];
	unsigned bits;

	if (!read_address(client, bytes, &bits))
		return SLICE("");
	while (forwarded.len > 0 && address_list_holds(trusted, client)) {
		const char *comma = memrchr(forwarded.ptr, ',', forwarded.len);
		size_t start = comma != NULL ? (size_t)(comma - forwarded.ptr) + 1 : 0;

		hop = slice_skip(forwarded, start);
		hop = address_without_port(slice_trim(hop));
		if (!read_address(hop, bytes, &bits))
			break;
		client = hop;
		forwarded.len = comma != NULL ? start - 1 : 0;
	}
	return client;
}
