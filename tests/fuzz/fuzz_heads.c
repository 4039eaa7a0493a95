/*
 * What comes beside a body: header lines of an answer, the parameters that a web server gives, and
 * addresses. Lines yield names and values from within; parameters are found by their names.
 */
#include "config.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "net/fcgi/fcgi_conn_priv.h"
#include "fuzz.h"
#include "net/fetch/address.h"
#include "net/http/upstream.h"

#define PARAMS 64

static bool
is_within(struct slice part, struct slice all)
{
	return part.len == 0 || (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len);
}

static void
check_lines(struct slice text)
{
	struct header_lines lines;
	struct slice name, value;
	size_t pos = 0, before = 0;

	buf_init(&lines.text, text.len + 1);
	buf_add_slice(&lines.text, text);
	while (header_lines_next(&lines, &pos, &name, &value)) {
		FUZZ_CHECK(pos > before && pos <= text.len);
		FUZZ_CHECK(is_within(name, buf_slice(&lines.text)));
		FUZZ_CHECK(memchr(name.ptr, ':', name.len) == NULL);
		FUZZ_CHECK(slice_eq(slice_trim(value), value));
		before = pos;
	}
	header_lines_get(&lines, "content-type");
	buf_release(&lines.text);
}

/* The environment of a CGI program: a text in each line. */
static void
check_params(struct slice text)
{
	char *envp[PARAMS + 1] = { 0 };
	struct fcgi_conn conn = { 0 };
	struct slice line;
	size_t count = 0;

	body_init(&conn.body);
	while (count < PARAMS && slice_split(&text, '\n', &line))
		envp[count++] = xstrndup(line.ptr, strnlen(line.ptr, line.len));
	fcgi_conn_keep_params(&conn, envp);
	for (size_t i = 0; i < count; i++) {
		const char *equals = strchr(envp[i], '=');
		char *name;

		FUZZ_CHECK(strcmp(fcgi_conn_param_at(&conn, i), envp[i]) == 0);
		if (equals == NULL || equals == envp[i])
			continue;
		name = xstrndup(envp[i], (size_t)(equals - envp[i]));
		FUZZ_CHECK(fcgi_conn_param(&conn, name) != NULL);
		free(name);
	}
	FUZZ_CHECK(fcgi_conn_param_at(&conn, count) == NULL);
	fcgi_conn_forget(&conn);
	for (size_t i = 0; i < count; i++)
		free(envp[i]);
}

static void
check_addresses(struct slice text)
{
	struct address_list list;
	struct slice bad = SLICE(""), peer = SLICE("10.0.0.1"), client;
	uint8_t network[16];

	if (!address_list_read(&list, text, &bad))
		FUZZ_CHECK(is_within(bad, text));
	FUZZ_CHECK(address_list_read(&list, SLICE("10.0.0.0/8 fd00::/8"), NULL));
	client = address_of_client(peer, text, &list);
	FUZZ_CHECK(is_within(client, text) || slice_eq(client, peer));
	FUZZ_CHECK(client.len < INET6_ADDRSTRLEN);
	FUZZ_CHECK(address_network(client, network));
	client = address_of_client(text, SLICE(""), &list);
	FUZZ_CHECK(client.len < INET6_ADDRSTRLEN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice text = { (const char *)bytes, size };

	check_lines(text);
	check_params(text);
	check_addresses(text);
	return 0;
}
