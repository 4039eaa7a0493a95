/*
 * /verify: checks keys by listing one model with each, which costs no generation, or by a
 * generation when asked for. One event per key as it answers, a bounded number at a time, a time
 * limit for each.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/xalloc.h"
#include "core/keys/key_list.h"
#include "core/http/query.h"
#include "core/keys/verify.h"
#include "app/request/key_call.h"
#include "app/request/request.h"
#include "app/request/auth.h"
#include "app/ops/ops.h"
#include "app/request/reply.h"
#include "app/request/upstream_request.h"
#include "app/keys/tokens.h"
#include "core/gemini/models.h"
#include "net/loop.h"

#define LIST_PATH      "/v1beta/models?pageSize=1"
#define GENERATE_MODEL "gemini-flash-latest"
#define GENERATE_BODY \
	"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]," \
	"\"generationConfig\":{\"maxOutputTokens\":1}}"

struct verify_state;

/* The check of one key. */
struct check {
	struct verify_state *verify;
	struct check *next;
	size_t index;
	struct key_call *call;
};

struct verify_state {
	struct request *r;
	struct key_list list; /* of keys in the request */
	const unsigned *repeats;
	bool generate;
	struct check *running;
	size_t next, done;
	struct verify_counts counts;
	struct timer *heartbeat;
};

static void verify_fill(struct verify_state *v);

static void
check_free(struct check *c)
{
	struct check **at = &c->verify->running;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	key_call_free(c->call, true);
	free(c);
}

static void
verify_end(struct verify_state *v, enum step step)
{
	struct request *r = v->r;

	request_move(r, step);
	request_run(r);
}

/* Writes events. False when the client has left: the request has ended then. */
static bool
verify_write(struct verify_state *v, struct buf *out)
{
	bool good = reply_write(v->r, buf_slice(out));

	buf_release(out);
	v->r->reply.content_sent = true;
	if (v->r->reply.first_ms == 0)
		v->r->reply.first_ms = clock_mono_ms();
	if (!good)
		verify_end(v, STEP_ABORT);
	return good;
}

/* The result for a key of the pool counts for all requests. */
static void
check_teach(struct check *c, const struct key_result *result)
{
	struct request *r = c->verify->r;
	struct outcome pool = result->outcome;
	struct verdict verdict;

	if (r->keys.caller_ring != NULL)
		return;
	pool.key_is_callers = false;
	verdict = verdict_of(&pool);
	if (verdict.key != VERDICT_KEY_KEEP)
		key_call_teach(r, c->index, result, &verdict);
}

static void
verify_check_done(void *ctx, const struct key_result *shown)
{
	struct check *c = ctx;
	struct verify_state *v = c->verify;
	struct request *r = v->r;
	const struct key_spec *spec = keyring_spec(r->keys.ring, c->index);
	struct verify_result result = {
		.index = c->index,
		.key = slice_str(spec->secret),
		.repeats = v->repeats[c->index],
		.verdict = shown->verdict,
		.reason = shown->status.reason,
		.fingerprint = keyring_fingerprint(r->keys.ring, c->index),
		.project = spec->project[0] != '\0' ? spec->project : shown->status.project,
	};
	struct buf out;

	check_teach(c, shown);
	verdict_error(&shown->outcome, &result.verdict, &result.error);
	if (r->keys.caller_ring == NULL)
		result.spec = spec;
	buf_init(&out, ERROR_BODY_MAX);
	verify_event(&result, &v->counts, &out);
	v->done++;
	check_free(c);
	if (verify_write(v, &out))
		verify_fill(v);
}

static void
check_start(struct verify_state *v, size_t index)
{
	struct request *r = v->r;
	struct check *c = xcalloc(1, sizeof(*c));
	struct key_call_order order = {
		.request = r,
		.key = index,
		.is_callers = true,
		.call = {
			.method = r->target.method,
			.url = r->target.url.data,
			.body = r->target.body,
			.body_fd = -1,
			.body_len = r->target.body_len,
			.has_body = v->generate,
		},
		.line = v->generate ? "Content-Type: application/json" : NULL,
		.body_max = ERROR_BODY_MAX,
		.timeout_ms = r->gw->conf->verify_timeout,
		.done = verify_check_done,
		.ctx = c,
	};

	*c = (struct check){ v, v->running, index, NULL };
	v->running = c;
	c->call = key_call_start(&order);
}

static size_t
verify_running(const struct verify_state *v)
{
	size_t count = 0;

	for (const struct check *c = v->running; c != NULL; c = c->next)
		count++;
	return count;
}

static void
verify_fill(struct verify_state *v)
{
	size_t total = keyring_count(v->r->keys.ring);
	struct buf out;

	while (v->next < total && verify_running(v) < v->r->gw->conf->verify_parallel)
		check_start(v, v->next++);
	if (v->done < total)
		return;
	buf_init(&out, ERROR_BODY_MAX);
	verify_summary(&v->counts, &out);
	v->r->reply.bytes_out += out.len;
	fcgi_conn_end(TAKE(v->r->client.conn), buf_slice(&out));
	buf_release(&out);
	verify_end(v, STEP_FINISH);
}

static void
verify_beat(void *ctx)
{
	struct verify_state *v = ctx;
	struct buf out;

	timer_start(v->heartbeat, v->r->gw->conf->heartbeat);
	if (fcgi_conn_pending(v->r->client.conn) > 0)
		return;
	buf_init(&out, KIB);
	buf_adds(&out, ": waiting\n\n");
	verify_write(v, &out);
}

/* Who may check keys: holders of a token, and everybody where callers bring keys or the pool is
 * open. */
static int
verify_who(
    struct request *r, struct slice credential, bool present, bool *ret_admin, struct apierror *err)
{
	const struct snapshot *snapshot = r->snapshot;

	*ret_admin = present && auth_is_admin(r, credential);
	if (*ret_admin)
		return 0;
	if (present)
		r->client.token = tokens_find(snapshot->tokens, credential);
	if (r->client.token != NULL)
		return auth_admit(r, err);
	if (snapshot->own_keys || (snapshot->ring != NULL && snapshot->open_access))
		return 0;
	return apierror_set(err, present ? APIERROR_BAD_KEY : APIERROR_NO_KEY, NULL,
	    "Checking keys requires an access token of this gateway.");
}

/* The keys of the request; those of the pool with the admin token and no keys. */
static int
verify_ring(struct request *r, struct slice keys, bool admin, struct apierror *err)
{
	struct verify_state *v = r->op_state;
	struct key_list_error at;
	const char *reason = NULL;

	if (key_list_read_plain(&v->list, keys, &at) != 0)
		return apierror_set(
		    err, APIERROR_BAD_VALUE, "keys", "The keys cannot be checked: %s.", at.reason);
	if (v->list.count == 0 && admin && r->snapshot->ring != NULL) {
		r->keys.ring = r->snapshot->ring;
		v->repeats = r->snapshot->key_repeats;
		return 0;
	}
	if (v->list.count == 0)
		return apierror_set(err, APIERROR_NO_KEY, "keys",
		    "No key to check was sent. Send keys separated by commas as "
		    "\"x-goog-api-key: KEY,KEY\", or POST {\"keys\": [\"KEY\", \"KEY\"]}; the "
		    "admin "
		    "token alone checks the pool.");
	r->keys.caller_ring = keyring_new(
	    v->list.specs, v->list.count, BALANCE_ROUND_ROBIN, CALLER_KEYS_MAX, NULL, &reason);
	if (r->keys.caller_ring == NULL)
		return apierror_set(
		    err, APIERROR_BAD_VALUE, "keys", "The keys cannot be checked: %s.", reason);
	if (auth_check_own(r, err) != 0)
		return -1;
	r->keys.ring = r->keys.caller_ring;
	v->repeats = v->list.repeats;
	return 0;
}

static int
verify_keys(struct request *r, struct apierror *err)
{
	struct slice body = { "", 0 };
	struct buf credential, list;
	bool present, admin = false;
	int rc = -1;

	buf_init(&credential, (size_t)CALLER_KEYS_MAX * 64);
	buf_init(&list, (size_t)CALLER_KEYS_MAX * KEY_BYTES_MAX);
	present = auth_credential(r, &credential);
	body_slice(fcgi_conn_body(r->client.conn), &body);
	if (verify_who(r, buf_slice(&credential), present, &admin, err) == 0 &&
	    verify_read_keys(body, &list, err) == 0) {
		if (list.len == 0 && present && r->client.token == NULL && !admin)
			buf_add_slice(&list, buf_slice(&credential));
		rc = verify_ring(r, buf_slice(&list), admin, err);
	}
	if (credential.data != NULL)
		explicit_bzero(credential.data, credential.cap);
	if (list.data != NULL)
		explicit_bzero(list.data, list.cap);
	buf_release(&credential);
	buf_release(&list);
	return rc;
}

/* The call that each key makes. */
static int
verify_target(struct request *r, struct apierror *err)
{
	struct verify_state *v = r->op_state;
	struct model_choice choice;
	struct slice raw = { "", 0 };
	char path[MODEL_NAME_MAX + 64];
	struct buf name;
	int rc;

	v->generate =
	    query_get(r->asked.route->query, "generate", &raw) && !slice_eq(raw, SLICE("0"));
	if (!v->generate) {
		target_url(r, "GET", LIST_PATH, SLICE(""));
		return 0;
	}
	buf_init(&name, KIB);
	if (!query_get(r->asked.route->query, "model", &raw) || raw.len == 0)
		raw = SLICE(GENERATE_MODEL);
	if (!percent_decode(raw, true, &name))
		buf_reset(&name);
	rc = models_resolve(r->snapshot->models, buf_slice(&name), &choice, err);
	buf_release(&name);
	if (rc != 0)
		return -1;
	request_set_model(r, slice_str(choice.name));
	snprintf(path, sizeof(path), "/v1beta/%s%s:generateContent",
	    strchr(choice.name, '/') == NULL ? "models/" : "", choice.name);
	target_url(r, "POST", path, SLICE(""));
	r->target.body = SLICE(GENERATE_BODY);
	r->target.body_len = r->target.body.len;
	return 0;
}

static int
verify_prepare(struct request *r, struct apierror *err)
{
	struct verify_state *v = xcalloc(1, sizeof(*v));

	r->op_state = v;
	r->reply.form = REPLY_SSE;
	v->r = r;
	return verify_keys(r, err) == 0 ? verify_target(r, err) : -1;
}

static void
verify_run(struct request *r)
{
	struct verify_state *v = r->op_state;
	struct buf out;

	buf_init(&out, KIB * 4);
	reply_stream_head(r, &out);
	buf_adds(&out, ": ok\n\n");
	if (r->gw->conf->heartbeat > 0) {
		v->heartbeat = timer_new(r->loop, verify_beat, v);
		timer_start(v->heartbeat, r->gw->conf->heartbeat);
	}
	if (verify_write(v, &out))
		verify_fill(v);
}

static void
verify_release(struct request *r)
{
	struct verify_state *v = r->op_state;

	if (v == NULL)
		return;
	while (v->running != NULL)
		check_free(v->running);
	timer_free(v->heartbeat);
	key_list_release(&v->list);
	free(v);
}

const struct operation op_verify = {
	.prepare = verify_prepare,
	.run = verify_run,
	.own_auth = true,
	.release = verify_release,
};
