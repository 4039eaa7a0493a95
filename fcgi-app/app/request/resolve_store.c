/* What is kept in the state store for callers with the same credential. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/resolve.h"

#include "app/state/state.h"
#include "base/limits.h"

/* The key begins with the credential, so that no caller reads the values of another. */
void
resolve_key(const struct request *r, struct slice key, struct buf *ret)
{
	buf_init(ret, STATE_KEY_MAX + 1);
	buf_addf(ret, "%016llx:", (unsigned long long)r->client.owner);
	buf_add_slice(ret, key);
}

enum state_space
resolve_space(enum ref_kind kind)
{
	return kind == REF_RESPONSE ? STATE_RESPONSE : STATE_SIGNATURE;
}

bool
resolve_keep(struct request *r, enum ref_kind kind, struct slice key, struct slice value)
{
	struct buf text;
	bool kept;

	resolve_key(r, key, &text);
	kept = state_put(r->gw->state, resolve_space(kind), buf_slice(&text), value);
	buf_release(&text);
	return kept;
}

void
resolve_drop(struct request *r, enum ref_kind kind, struct slice key)
{
	struct buf text;

	resolve_key(r, key, &text);
	state_delete(r->gw->state, resolve_space(kind), buf_slice(&text));
	buf_release(&text);
}
