/* Which key the next attempt may use, whether waiting for one is worth it, and what takes the
 * place of a model that no key can reach. */
#include "config.h"

#include "app/request/request.h"
#include "choose.h"
#include "app/request/lessons.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "app/keys/tokens.h"

bool
choose_is_bound(const struct request *r)
{
	return r->keys.pinned >= 0 || r->keys.home >= 0;
}

static struct keyring_ask
choose_ask(struct request *r)
{
	return (struct keyring_ask){
		.model = r->asked.model_id,
		.name = slice_str(r->asked.model),
		.tried = r->keys.tried,
		.only = r->keys.pinned,
		.home = r->keys.home >= 0 ? keyring_project(r->keys.ring, (size_t)r->keys.home) : 0,
		.seed = r->keys.seed,
		.prefix = &r->keys.prefix,
		.chance = request_random(r),
		.waiter = &r->keys.waiter,
	};
}

/* A key is tried a second time only after a fault of the server. */
ptrdiff_t
choose_pick(struct request *r, bool look, struct keyring_lack *ret)
{
	struct keyring_ask ask = choose_ask(r);
	ptrdiff_t key;

	ask.look = look;
	key = keyring_pick(r->keys.ring, &ask, ret);
	if (key >= 0 || ret->why != KEY_LACK_TRIED || r->attempt.server_faults == 0)
		return key;
	ask.tried = NULL;
	return keyring_pick(r->keys.ring, &ask, ret);
}

uint64_t
choose_patience(const struct request *r, uint64_t now)
{
	uint64_t most = r->gw->conf->wait_max, spent = r->keys.waited_ms;

	if (r->keys.waits_since != 0)
		spent += now - r->keys.waits_since;
	return spent < most ? most - spent : 0;
}

/* Is it worth waiting for what is missing? *ret_due: how long at most, monotonic ms. */
bool
choose_may_wait(const struct request *r, const struct keyring_lack *lack, uint64_t *ret_due)
{
	uint64_t now = clock_mono_ms(), left = choose_patience(r, now);

	if (left == 0 || r->attempt.count > r->gw->conf->retry_max)
		return false;
	*ret_due = now + left;
	if (lack->why == KEY_LACK_BUSY)
		return true;
	/* Waiting does not help a key that Google refuses. */
	if (lack->why != KEY_LACK_BARRED || lack->bar.scope == HEALTH_KEY ||
	    lack->bar.until > *ret_due)
		return false;
	*ret_due = lack->bar.until;
	return true;
}

/* Another model may take over until the client has seen content, unless its token is limited to
 * certain models. */
static bool
choose_can_fall_back(struct request *r)
{
	const struct request *root = request_root(r);

	return root->reply.first_ms == 0 && !r->reply.content_sent &&
	       root->learnt.passed_count < PASSED_MODELS_MAX &&
	       (root->client.token == NULL || token_models(root->client.token)[0] == '\0');
}

/* Should another model take over, rather than the request wait for this one? */
bool
choose_wants_fallback(struct request *r, const struct keyring_lack *lack)
{
	enum health_scope scope = lack->bar.scope;
	bool alias = request_root(r)->asked.has_fallback;
	bool busy = r->gw->conf->alias_fallback == ALIAS_FALLBACK_BUSY && alias;

	return choose_can_fall_back(r) && lack->why == KEY_LACK_BARRED &&
	       ((scope == HEALTH_PROJECT && lack->bar.verdict.limit == VERDICT_LIMIT_CLOSED &&
		    (alias || lessons_may_move(r))) ||
		   (busy && (scope == HEALTH_PROJECT || scope == HEALTH_MODEL)));
}

bool
choose_fall_back(struct request *r)
{
	struct request *root = request_root(r);

	if (!choose_can_fall_back(r) || (!root->asked.has_fallback && !lessons_may_move(r)))
		return false;
	/* Another branch may have come here before. */
	if (!root->fan.restart) {
		lessons_pass(root);
		root->learnt.wants_list = !root->asked.has_fallback && !lessons_successor(root);
		root->err = root->learnt.wants_list ? r->err : (struct apierror){ 0 };
	}
	free(TAKE(r->keys.tried));
	r->attempt.count = r->attempt.server_faults = 0;
	root->fan.restart = r != root;
	if (r != root)
		request_move(r, STEP_FINISH);
	else
		request_move(r, root->learnt.wants_list ? STEP_CATALOG : STEP_PREPARE);
	return true;
}

bool
choose_can(struct request *r)
{
	struct keyring_lack lack;
	uint64_t due;

	return choose_pick(r, true, &lack) >= 0 || choose_wants_fallback(r, &lack) ||
	       choose_may_wait(r, &lack, &due);
}

bool
choose_is_limited(struct request *r)
{
	struct keyring_lack lack;

	return choose_pick(r, true, &lack) < 0 && lack.why == KEY_LACK_BARRED &&
	       lack.bar.scope != HEALTH_KEY;
}

unsigned
choose_seconds(uint64_t until)
{
	uint64_t now = clock_mono_ms();

	return until > now ? (unsigned)((until - now + 999) / 1000) : 1;
}

void
choose_hint(struct request *r)
{
	struct keyring_lack lack;
	struct keyring_ask ask;

	if (r->keys.ring == NULL || r->asked.model_id == 0 ||
	    (r->err.status != 429 && r->err.status != 503))
		return;
	ask = choose_ask(r);
	ask.tried = NULL;
	ask.look = true;
	if (keyring_pick(r->keys.ring, &ask, &lack) >= 0)
		r->err.retry_after_s = r->err.status == 429 ? 1 : r->err.retry_after_s;
	else if (lack.why == KEY_LACK_BARRED && lack.bar.scope != HEALTH_KEY)
		r->err.retry_after_s = choose_seconds(lack.bar.until);
}

void
choose_explain(struct request *r, struct buf *out, size_t *ret_keys, size_t *ret_ready)
{
	struct keyring_ask ask = choose_ask(r);

	keyring_explain(r->keys.ring, &ask, out, ret_keys, ret_ready);
}
