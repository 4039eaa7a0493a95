/* Which key's project has a stored object, as far as the state store remembers it. */
#include "config.h"

#include "app/request/request.h"
#include "app/request/owner.h"

#include "app/state/state.h"
#include "base/limits.h"

/* Objects of callers' own keys are theirs alone. */
void
owner_key(const struct request *r, const char *name, struct buf *ret)
{
	buf_init(ret, STATE_KEY_MAX + 1);
	if (r->keys.caller_ring != NULL)
		buf_addf(ret, "%016llx:", (unsigned long long)r->client.owner);
	else
		buf_adds(ret, "pool:");
	buf_adds(ret, name);
}

void
owner_remember(struct request *r, const char *name, const char *value)
{
	struct buf key;

	owner_key(r, name, &key);
	state_put(r->gw->state, STATE_AFFINITY, buf_slice(&key), slice_str(value));
	buf_release(&key);
}

void
owner_made(struct request *r, const char *name)
{
	if (keyring_has_projects(r->keys.ring))
		owner_remember(r, name, r->keys.name);
}

void
owner_explain(struct request *r, const struct verdict *v)
{
	apierror_set(&r->err, v->error, NULL,
	    "'%s' belongs to the project of a key that the Gemini API refuses (%s)%s%s.",
	    r->keys.home_object, v->class, v->advice != NULL ? ": " : "",
	    v->advice != NULL ? v->advice : "");
}
