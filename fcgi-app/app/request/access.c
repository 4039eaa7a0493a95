/* What the access line will say of a request. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/access.h"

#include <stdio.h>
#include <string.h>

void
access_count_call(struct request *r)
{
	r->access.calls++;
}

void
access_set_class(struct request *r, const char *class)
{
	r->access.class = class;
}

void
access_set_home(struct request *r, const char *home)
{
	r->access.home = home;
}

void
access_set_objects(struct request *r, size_t count)
{
	r->access.objects = count;
}

void
access_set_bytes_in(struct request *r, uint64_t bytes)
{
	r->access.bytes_in = bytes;
}

void
access_set_quota(struct request *r, const char *id)
{
	snprintf(r->access.quota, sizeof(r->access.quota), "%s", id);
}

void
access_add_failed(struct request *r, const char *class)
{
	char *failed = r->access.failed;
	size_t len = strlen(failed);

	if (len + FINGERPRINT_LEN + strlen(class) + 3 < sizeof(r->access.failed))
		snprintf(failed + len, sizeof(r->access.failed) - len, "%s%s=%s",
		    len > 0 ? " " : "", r->keys.name, class);
}

void
access_merge(struct request *root, const struct request *branch)
{
	struct access *to = &root->access;
	const struct access *from = &branch->access;

	to->calls += from->calls;
	to->class = from->class;
	memcpy(to->quota, from->quota, sizeof(to->quota));
	if (from->failed[0] != '\0')
		memcpy(to->failed, from->failed, sizeof(to->failed));
}
