/* The pages that people open in a browser. */
#ifndef CORE_PAGES_PAGES_H
#define CORE_PAGES_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct status_page {
	const char *base_url; /* `https://host/prefix`, without a slash at the end */
	const char *version;
	size_t key_count; /* keys of the server's pool */
	bool pool;        /* callers with an access token use the pool */
	bool own_keys;    /* callers may bring their own keys */
	bool open_access; /* the pool is open to everybody */
	uint64_t uptime_s;
	unsigned active; /* requests under way */
};

/* The status page: one HTML document, no scripts, nothing loaded from elsewhere, no secrets. */
void status_page_render(const struct status_page *page, struct buf *out);

#endif
