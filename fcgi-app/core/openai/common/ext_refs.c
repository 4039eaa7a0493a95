/* References wanted, found and absent: a short list, looked through in order. */
#include "config.h"

#include "core/openai/common/ext_refs.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"

struct slice
ref_key(const struct ref *ref)
{
	return (struct slice){ ref->key, ref->key_len };
}

void
ext_refs_init(struct ext_refs *r)
{
	*r = (struct ext_refs){ 0 };
}

void
ext_refs_release(struct ext_refs *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->list[i]->key);
		free(r->list[i]->at);
		buf_release(&r->list[i]->value);
		free(r->list[i]);
	}
	free(r->list);
	ext_refs_init(r);
}

const struct ref *
ext_refs_get(
    struct ext_refs *r, enum ref_kind kind, struct slice key, const char *at, struct apierror *err)
{
	struct ref *ref;
	size_t same = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i]->kind != kind)
			continue;
		if (slice_eq(ref_key(r->list[i]), key))
			return r->list[i];
		same++;
	}
	if (same >= REFS_MAX) {
		apierror_set(err, APIERROR_BAD_VALUE, at,
		    "'%s': this request refers to more than %d things outside of it.", at,
		    REFS_MAX);
		return NULL;
	}
	ref = xcalloc(1, sizeof(*ref));
	ref->kind = kind;
	ref->key = xstrndup(key.ptr, key.len);
	ref->key_len = key.len;
	ref->at = xstrdup(at);
	buf_init(&ref->value, REF_VALUE_MAX);
	if (r->count == r->room) {
		r->room = r->room * 2 + 8;
		r->list = xrealloc(r->list, r->room * sizeof(struct ref *));
	}
	r->list[r->count++] = ref;
	r->wanted++;
	return ref;
}

void
ext_refs_found(struct ext_refs *r, struct ref *ref, struct buf *value)
{
	buf_release(&ref->value);
	ref->value = *value;
	*value = (struct buf){ 0 };
	ref->state = REF_FOUND;
	r->wanted--;
}

void
ext_refs_absent(struct ext_refs *r, struct ref *ref)
{
	ref->state = REF_ABSENT;
	r->wanted--;
}
