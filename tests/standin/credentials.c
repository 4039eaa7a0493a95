/* Looks in every place where a credential can stand. */
#include "config.h"

#include "credentials.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "base/xalloc.h"

static const struct {
	const char *name;
	enum credential kind;
} places[] = {
	{ "key", CREDENTIAL_KEY },
	{ "access_token", CREDENTIAL_TOKEN },
	{ "oauth_token", CREDENTIAL_TOKEN },
};

struct found {
	unsigned count;
	enum credential kind;
	char *value;
};

/* Takes value. */
static void
found_add(struct found *f, enum credential kind, char *value)
{
	if (value == NULL || *value == '\0' || f->count++ > 0) {
		free(value);
		return;
	}
	f->kind = kind;
	f->value = value;
}

enum credential
credentials_read(const struct request *req, char **ret_key)
{
	struct found f = { 0 };

	for (size_t i = 0; i < req->header_count; i++) {
		const struct header *h = &req->headers[i];

		if (slice_eqi(h->name, SLICE("x-goog-api-key")))
			found_add(&f, CREDENTIAL_KEY, xstrndup(h->value.ptr, h->value.len));
		else if (slice_eqi(h->name, SLICE("authorization")))
			found_add(&f, CREDENTIAL_TOKEN, xstrndup(h->value.ptr, h->value.len));
	}
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		found_add(&f, places[i].kind, query_get(req->query, places[i].name));
	*ret_key = f.value != NULL ? f.value : xstrdup("");
	return f.count > 1 ? CREDENTIAL_SEVERAL : f.kind;
}

char *
credentials_project(const char *key)
{
	const char *mark = strstr(key, "__");

	return mark != NULL ? xstrndup(mark + 2, strcspn(mark + 2, "-")) : xstrdup(key);
}

bool
credentials_listed(const char *list, const char *key)
{
	struct slice rest = slice_str(list), part;

	if (list == NULL)
		return true;
	while (slice_split(&rest, ',', &part)) {
		if (slice_eq(slice_trim(part), slice_str(key)))
			return true;
	}
	return false;
}
