/* address.c: what is public, and the operator's list. */
#include "config.h"

#include "net/fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "tap.h"

static struct sockaddr_storage
address_of(const char *text)
{
	struct sockaddr_storage all = { 0 };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(443) };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		memcpy(&all, &v4, sizeof(v4));
	else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
		memcpy(&all, &v6, sizeof(v6));
	else
		ok(false, text);
	return all;
}

static bool public(const char *text)
{
	struct sockaddr_storage all = address_of(text);

	return address_public((const struct sockaddr *)&all);
}

static bool
allowed(const char *text, const struct address_list *list)
{
	struct sockaddr_storage all = address_of(text);

	return address_public((const struct sockaddr *)&all) ||
	       address_listed((const struct sockaddr *)&all, list);
}

/* For each block its first and last address, and the public neighbours. */
static void
test_special(void)
{
	static const char *const special[] = { "0.0.0.0", "0.255.255.255", "10.0.0.0",
		"10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255", "127.0.0.0",
		"127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254",
		"169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.192",
		"192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.0", "192.88.99.255",
		"192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0",
		"198.51.100.255", "203.0.113.0", "203.0.113.255", "224.0.0.0", "239.255.255.255",
		"240.0.0.0", "255.255.255.254", "255.255.255.255",
		/* IPv6 */
		"::", "::1", "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:0.0.0.0",
		"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
		"::ffff:192.168.1.1", "::ffff:255.255.255.255", "::ffff:0:8.8.8.8",
		"64:ff9b::", "64:ff9b::8.8.8.8", "64:ff9b::10.0.0.1",
		"64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "100::", "100::1",
		"100:0:0:1::1", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001::1",
		"2001:0:4136::1", "2001:2::1", "2001:10::1", "2001:20::1",
		"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8::1",
		"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2002:0a00:0001::1",
		"2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:0101::1",
		"2002:e000:1::", "3fff::", "3fff:0fff:ffff::", "4000::", "5f00::1", "fbff::1",
		"fc00::", "fd00:ec2::254", "fdff:ffff::1", "fe00::1", "fe80::", "fe80::1",
		"febf:ffff::1", "fec0::1", "feff:ffff::1", "ff00::", "ff02::1", "ffff:ffff::1" };
	static const char *const ordinary[] = { "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0",
		"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "168.63.129.15",
		"168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
		"198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
		/* IPv6 */
		"::ffff:8.8.8.8", "2000::1", "2001:200::", "2001:4860:4860::8888",
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::1", "2002:0808:0808::1",
		"2003::1", "2606:4700:4700::1111", "3ffe:ffff::1", "3fff:1000::1",
		"2a00:1450:4001:81b::200e" };

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		ok(!public(special[i]), special[i]);
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
		ok(public(ordinary[i]), ordinary[i]);
}

static bool
same(const char *text, const char *other)
{
	struct sockaddr_storage a = address_of(text), b = address_of(other);

	return address_same_host((const struct sockaddr *)&a, (const struct sockaddr *)&b) &&
	       address_same_host((const struct sockaddr *)&b, (const struct sockaddr *)&a);
}

static void
test_same_host(void)
{
	ok(same("8.8.8.8", "8.8.8.8"), "the same address, whatever the port");
	ok(same("8.8.8.8", "::ffff:8.8.8.8"), "in its IPv6 form");
	ok(same("8.8.8.8", "2002:808:808::1"), "through 6to4");
	ok(same("2600::1", "2600:0:0::1"), "IPv6");
	ok(!same("8.8.8.8", "8.8.8.9"), "a neighbour");
	ok(!same("2600::1", "2600::2"), "a neighbour with IPv6");
	ok(!same("8.8.8.8", "2600::1"), "another family");
}

static void
test_families(void)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct sockaddr_storage v4 = address_of("8.8.8.8"), v6 = address_of("2600::1");
	struct address_list all;

	ok(address_list_read(&all, SLICE("0.0.0.0/0 ::/0"), NULL), "everything");
	ok(!address_public((const struct sockaddr *)&local), "a unix socket is not public");
	ok(!address_listed((const struct sockaddr *)&local, &all), "and in no list");
	ok(!address_same_host((const struct sockaddr *)&local, (const struct sockaddr *)&local),
	    "and of no host");
	is_int(address_port((const struct sockaddr *)&local), 0, "it has no port");
	is_int(address_port((const struct sockaddr *)&v4), 80, "the port over IPv4");
	is_int(address_port((const struct sockaddr *)&v6), 443, "the port over IPv6");
}

static void
test_list(void)
{
	struct address_list list;

	ok(address_list_read(&list, SLICE(""), NULL) && list.count == 0, "an empty list");
	ok(address_list_read(&list, SLICE(" , ,\t\n"), NULL) && list.count == 0, "separators");
	ok(!allowed("127.0.0.1", NULL) && allowed("8.8.8.8", NULL), "no list");
	ok(address_list_read(&list, SLICE("127.0.0.1/32,10.9.8.7/9 fd00::/8\n192.168.7.7"), NULL),
	    "four blocks");
	is_int(list.count, 4, "four");
	ok(allowed("127.0.0.1", &list) && !allowed("127.0.0.2", &list), "one address");
	ok(allowed("::ffff:127.0.0.1", &list), "the same in IPv6");
	ok(allowed("10.0.0.1", &list) && allowed("10.127.255.255", &list), "an odd prefix");
	ok(!allowed("10.128.0.0", &list), "its end");
	ok(allowed("fd12::1", &list) && !allowed("fc12::1", &list), "IPv6");
	ok(allowed("192.168.7.7", &list) && !allowed("192.168.7.6", &list), "without a length");
	ok(allowed("8.8.8.8", &list) && !allowed("169.254.169.254", &list), "others as ever");
	ok(address_list_read(&list, SLICE("0.0.0.0/0"), NULL), "all of IPv4");
	ok(allowed("127.0.0.1", &list) && !allowed("::1", &list), "is not IPv6");
	ok(address_list_read(&list, SLICE("::1"), NULL), "an IPv6 address");
	ok(allowed("::1", &list) && !allowed("::2", &list), "alone");
}

static void
test_bad_lists(void)
{
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "10.0.0.0/33", "10.0.0.0/33" },
		{ "127.0.0.1, localhost", "localhost" },
		{ "::1/129", "::1/129" },
		{ "10.0.0.0/", "10.0.0.0/" },
		{ "10.0.0.0/-1", "10.0.0.0/-1" },
		{ "10.0.0.0/8/8", "10.0.0.0/8/8" },
		{ "10.0.0.0/99999999999999999999", "10.0.0.0/99999999999999999999" },
		{ "10.0.0", "10.0.0" },
		{ "010.0.0.1", "010.0.0.1" },
		{ "[::1]", "[::1]" },
		{ "/8", "/8" },
		{ "*", "*" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd",
		    "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd" },
	};
	struct address_list list;
	struct slice bad;
	struct buf many;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad = (struct slice){ 0 };
		ok(!address_list_read(&list, slice_str(rows[i].text), &bad), rows[i].text);
		is_slice(bad, rows[i].word, "the word at fault");
	}
	ok(!address_list_read(&list, SLICE("1.2.3.4\0"), NULL), "a NUL");
	buf_init(&many, 4096);
	for (unsigned i = 0; i < ADDRESS_LIST_MAX; i++)
		buf_addf(&many, "10.0.0.%u ", i);
	ok(address_list_read(&list, buf_slice(&many), NULL), "as many as there is room for");
	buf_adds(&many, "1.2.3.4");
	ok(!address_list_read(&list, buf_slice(&many), &bad), "one more");
	is_slice(bad, "1.2.3.4", "is named");
	buf_release(&many);
}

static void
test_clients(void)
{
	static const struct {
		const char *peer, *forwarded, *client;
	} rows[] = {
		{ "203.0.113.9", "", "203.0.113.9" },
		{ "203.0.113.9", "198.51.100.1", "203.0.113.9" },
		{ "10.0.0.1", "", "10.0.0.1" },
		{ "10.0.0.1", "198.51.100.1", "198.51.100.1" },
		{ "10.0.0.1", "192.0.2.7, 198.51.100.1", "198.51.100.1" },
		{ "10.0.0.1", "192.0.2.7,198.51.100.1 , 10.0.0.2", "198.51.100.1" },
		{ "10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3" },
		{ "10.0.0.1", "198.51.100.1:4711", "198.51.100.1" },
		{ "10.0.0.1", "[2001:db8::1]:443", "2001:db8::1" },
		{ "10.0.0.1", "2001:db8::1", "2001:db8::1" },
		{ "10.0.0.1", "198.51.100.1, \"evil\"", "10.0.0.1" },
		{ "10.0.0.1", "198.51.100.1, , 10.0.0.2", "10.0.0.2" },
		{ "fd00::5", "unknown", "fd00::5" },
		{ "::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1" },
		{ "unix:", "198.51.100.1", "" },
		{ "", "", "" },
	};
	struct address_list trusted;

	ok(address_list_read(&trusted, SLICE("10.0.0.0/8 fd00::/8"), NULL), "proxies");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char what[128];

		snprintf(what, sizeof(what), "%s by %s", rows[i].forwarded, rows[i].peer);
		is_slice(address_of_client(
			     slice_str(rows[i].peer), slice_str(rows[i].forwarded), &trusted),
		    rows[i].client, what);
	}
}

static void
test_networks(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", false },
	};
	uint8_t a[16], b[16];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char what[128];

		snprintf(what, sizeof(what), "%s and %s", rows[i].a, rows[i].b);
		ok(address_network(slice_str(rows[i].a), a) &&
			address_network(slice_str(rows[i].b), b) &&
			(memcmp(a, b, sizeof(a)) == 0) == rows[i].same,
		    what);
	}
	ok(!address_network(SLICE(""), a) && !address_network(SLICE("unix:"), a), "no address");
}

int
main(void)
{
	test_special();
	test_same_host();
	test_families();
	test_list();
	test_bad_lists();
	test_clients();
	test_networks();
	return tap_done();
}
