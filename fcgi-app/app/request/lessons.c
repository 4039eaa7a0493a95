/*
 * What one request is told by the catalog, and what its answers teach: the model that served it,
 * what Google refused and took once that was left out, and names that are gone.
 */
#include "config.h"

#include "app/request/request.h"
#include "app/request/lessons.h"
#include "app/request/upstream_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/gemini/model_line.h"
#include "app/keys/tokens.h"
#include "app/keys/catalog.h"

#define VERSION_TAIL (4 * KIB)  /* of a whole answer, in which its model is named */
#define VERSION_HEAD (64 * KIB) /* of a stream, likewise */

/* ---- for translations ---- */

/* Whose models they are. */
static uint64_t
lessons_owner(const struct request *r)
{
	return r->keys.caller_ring != NULL ? r->client.owner : 0;
}

/* Given up by this request. */
static bool
lessons_is_passed(const struct request *r, struct slice model)
{
	struct slice rest = buf_slice(&r->learnt.passed), one;

	while (slice_split(&rest, '\n', &one))
		if (slice_eq(one, model))
			return true;
	return false;
}

static bool
lessons_is_not_passed(void *ctx, struct slice model)
{
	return !lessons_is_passed(ctx, model);
}

/* A token may be for certain models only: then nothing takes the place of another. */
static bool
lessons_may_change(const struct request *r)
{
	return r->client.token == NULL || token_models(r->client.token)[0] == '\0';
}

/* May the newest of its line take the model's place? */
static bool
lessons_model_may_move(const struct request *r, const char *model)
{
	return r->op->repairable && !r->gw->conf->strict && lessons_may_change(r) &&
	       model_line_moves(slice_str(model));
}

/* Only operations that can switch models take a name as gone. */
static bool
lessons_is_gone(const struct request *r, const char *name, const struct lesson *lesson)
{
	return (lesson->gone && r->op->repairable && lessons_may_change(r)) ||
	       lessons_is_passed(r, slice_str(name));
}

static void
lessons_of_model(void *ctx, const char *name, struct lesson *ret)
{
	struct request *r = ctx;

	catalog_lesson(r->gw->catalog, name, lessons_owner(r), ret);
	ret->gone = lessons_is_gone(r, name, ret);
	if (ret->gone && r->learnt.instead_of == NULL)
		r->learnt.instead_of = xstrdup(name);
	if (ret->gone && lessons_model_may_move(r, name))
		catalog_newest(
		    r->gw->catalog, name, lessons_owner(r), lessons_is_not_passed, r, ret->instead);
	ret->refused.kinds |= r->learnt.refused.kinds;
	if ((r->learnt.refused.kinds & REFUSED_KNOB) != 0)
		ret->refused.kinds |= REFUSED_THINKING;
	r->learnt.lesson = *ret;
}

static bool
lessons_newest(void *ctx, const char *name, char ret[MODEL_NAME_MAX])
{
	struct request *r = ctx;

	return lessons_may_change(r) && catalog_newest(r->gw->catalog, name, lessons_owner(r),
					    lessons_is_not_passed, r, ret);
}

const struct lessons *
lessons_for(struct request *r)
{
	r->learnt.lessons = (struct lessons){ lessons_of_model, lessons_newest, r };
	return &r->learnt.lessons;
}

/* ---- the model of an answer ---- */

void
lessons_look(struct request *r, struct slice bytes, bool whole)
{
	struct request *root = request_root(r);
	struct slice version;
	uint64_t took;

	if (root->learnt.version_seen || r->asked.model[0] == '\0')
		return;
	if (whole && bytes.len > VERSION_TAIL)
		bytes = (struct slice){ bytes.ptr + bytes.len - VERSION_TAIL, VERSION_TAIL };
	root->learnt.version_bytes += bytes.len;
	if (learned_version(bytes, &version)) {
		root->learnt.version_seen = true;
		if (slice_eq(version, slice_str(root->learnt.lesson.served_by)) &&
		    !root->learnt.lesson.aging)
			return;
		took = clock_mono_ms() - r->attempt.started_ms;
		if (catalog_served(r->gw->catalog, r->snapshot->families, r->asked.model, version,
			clock_wall_ms() - took))
			log_event(LOG_INFO, "model_served_by", LOG_S("id", r->id),
			    LOG_S("model", r->asked.model), LOG_SL("by", version));
	}
	root->learnt.version_seen |= whole || root->learnt.version_bytes > VERSION_HEAD;
}

/* ---- refusals ---- */

/* Never 0. A fixed key will do: only bodies of one request are compared with each other. */
static uint64_t
lessons_body_hash(const struct request *r)
{
	static const uint8_t key[SIPHASH_KEY_BYTES] = "refused body";

	return siphash(key, r->target.body) | 1;
}

int
lessons_prepare(struct request *r)
{
	struct apierror refusal;
	char field[APIERROR_PARAM_MAX];

	if (r->learnt.refused_body == 0 || !r->gw->conf->strict)
		return r->op->prepare(r, &r->err);
	refusal = r->err;
	if (r->op->prepare(r, &r->err) == 0)
		return 0;
	memcpy(field, r->err.param, sizeof(field));
	r->err = refusal;
	memcpy(r->err.param, field, sizeof(field));
	return -1;
}

enum lessons_next
lessons_check(struct request *r)
{
	if (r->learnt.refused_body == 0)
		return LESSONS_GO;
	if (r->gw->conf->strict)
		return LESSONS_LOST;
	if (r->learnt.refused_body != lessons_body_hash(r)) {
		r->learnt.refused_body = 0;
		r->err = (struct apierror){ 0 };
		return LESSONS_GO;
	}
	return refusals_widen(&r->learnt.refused) ? LESSONS_UNCHANGED : LESSONS_LOST;
}

bool
lessons_mend(struct request *r, const struct gemini_status *status)
{
	struct request *root = request_root(r);

	if (!r->op->repairable || root->reply.first_ms != 0 || r->reply.content_sent ||
	    !refusals_add(&root->learnt.refused, status))
		return false;
	root->fan.restart = r != root;
	root->err = r->err;
	root->learnt.refused_body = lessons_body_hash(root);
	free(TAKE(r->keys.tried));
	/* The key has done its part. */
	r->attempt.count = 0;
	request_move(r, r == root ? STEP_PREPARE : STEP_FINISH);
	return true;
}

void
lessons_confirm(struct request *r)
{
	struct request *root = request_root(r);
	unsigned kinds = root->learnt.refused.kinds & ~(unsigned)REFUSED_ONCE;
	struct buf words;

	if (kinds == 0 || root->learnt.confirmed || !target_generates(r))
		return;
	root->learnt.confirmed = true;
	catalog_refused(r->gw->catalog, r->asked.model, &root->learnt.refused);
	buf_init(&words, KIB);
	for (size_t i = 0; i < REFUSALS; i++)
		if ((kinds & 1U << i) != 0)
			buf_addf(&words, "%s%s", words.len > 0 ? " " : "", refusal_word(1U << i));
	log_event(LOG_INFO, "model_refuses", LOG_S("id", r->id), LOG_S("model", r->asked.model),
	    LOG_S("what", words.data));
	buf_release(&words);
}

/* ---- models that are gone ---- */

bool
lessons_may_move(struct request *r)
{
	struct request *root = request_root(r);

	return !root->learnt.list_failed && lessons_model_may_move(root, root->asked.model);
}

bool
lessons_successor(struct request *r)
{
	char name[MODEL_NAME_MAX];

	return lessons_newest(r, r->asked.model, name);
}

void
lessons_gone(struct request *r)
{
	struct request *root = request_root(r);

	/* Counting is another method, which a model may lack. */
	if (r->op->repairable && target_generates(r) &&
	    (root->asked.has_fallback || lessons_model_may_move(root, root->asked.model)))
		catalog_gone(r->gw->catalog, root->asked.model, lessons_owner(root));
}

void
lessons_pass(struct request *r)
{
	struct request *root = request_root(r);

	if (lessons_is_passed(root, slice_str(root->asked.model)))
		return;
	buf_adds(&root->learnt.passed, root->asked.model);
	buf_addc(&root->learnt.passed, '\n');
	root->learnt.passed_count++;
	if (root->learnt.instead_of == NULL)
		root->learnt.instead_of = xstrdup(root->asked.model);
	/* What the other model takes is another matter. */
	root->learnt.refused = (struct refusals){ 0 };
	root->learnt.confirmed = false;
}

void
lessons_tell(struct request *r)
{
	if (r->learnt.passed_count == r->learnt.passed_told ||
	    strcmp(r->learnt.instead_of, r->asked.model) == 0)
		return;
	r->learnt.passed_told = r->learnt.passed_count;
	log_event(LOG_WARN, "model_replaced", LOG_S("id", r->id),
	    LOG_S("model", r->learnt.instead_of), LOG_S("by", r->asked.model));
}

void
lessons_hint(struct request *r)
{
	char near[MODEL_NAME_MAX];
	size_t len = strlen(r->err.message);

	if (r->err.kind != APIERROR_MODEL_NOT_FOUND || r->asked.model[0] == '\0')
		return;
	catalog_near(r->gw->catalog, r->asked.model, near);
	if (near[0] != '\0')
		snprintf(r->err.message + len, sizeof(r->err.message) - len, "%sDid you mean '%s'?",
		    len > 0 ? " " : "", near);
}
