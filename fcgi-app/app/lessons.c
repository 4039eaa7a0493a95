/*
 * What one request is told by the catalog, and what its answers teach: the model that served it,
 * what Google refused and took once that was left out, and names that are gone.
 */
#include "config.h"

#include "request.h"
#include "lessons.h"
#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/model_line.h"

#define VERSION_TAIL (4 * KIB)  /* of a whole answer, in which its model is named */
#define VERSION_HEAD (64 * KIB) /* of a stream, likewise */

/* ---- for translations ---- */

/* Whose models they are. */
static uint64_t
models_owner(const struct request *r)
{
	return r->own_ring != NULL ? r->owner : 0;
}

/* Given up by this request. */
static bool
is_passed(const struct request *r, struct slice model)
{
	struct slice rest = buf_slice(&r->passed), one;

	while (slice_split(&rest, '\n', &one))
		if (slice_eq(one, model))
			return true;
	return false;
}

static bool
is_not_passed(void *ctx, struct slice model)
{
	return !is_passed(ctx, model);
}

/* A token may be for certain models only: then nothing takes the place of another. */
static bool
may_change(const struct request *r)
{
	return r->token == NULL || token_models(r->token)[0] == '\0';
}

/* May the newest of its line take the model's place? */
static bool
may_move(const struct request *r, const char *model)
{
	return r->op->mends && !r->gw->conf->strict && may_change(r) &&
	       model_line_moves(slice_str(model));
}

/* Whether a name is there for embeddings nobody learns. */
static bool
is_gone(const struct request *r, const char *name, const struct lesson *lesson)
{
	return (lesson->gone && r->op->mends && may_change(r)) || is_passed(r, slice_str(name));
}

static void
lesson_of(void *ctx, const char *name, struct lesson *ret)
{
	struct request *r = ctx;

	catalog_lesson(r->gw->catalog, name, models_owner(r), ret);
	ret->gone = is_gone(r, name, ret);
	if (ret->gone && r->instead_of == NULL)
		r->instead_of = xstrdup(name);
	if (ret->gone && may_move(r, name))
		catalog_newest(
		    r->gw->catalog, name, models_owner(r), is_not_passed, r, ret->instead);
	ret->refused.kinds |= r->refused.kinds;
	if ((r->refused.kinds & REFUSED_KNOB) != 0)
		ret->refused.kinds |= REFUSED_THINKING;
	r->lesson = *ret;
}

static bool
newest_of(void *ctx, const char *name, char ret[MODEL_NAME_MAX])
{
	struct request *r = ctx;

	return may_change(r) &&
	       catalog_newest(r->gw->catalog, name, models_owner(r), is_not_passed, r, ret);
}

const struct lessons *
lessons_for(struct request *r)
{
	r->lessons = (struct lessons){ lesson_of, newest_of, r };
	return &r->lessons;
}

/* ---- the model of an answer ---- */

void
lessons_look(struct request *r, struct slice bytes, bool whole)
{
	struct request *root = request_root(r);
	struct slice version;
	uint64_t took;

	if (root->version_seen || r->model[0] == '\0')
		return;
	if (whole && bytes.len > VERSION_TAIL)
		bytes = (struct slice){ bytes.ptr + bytes.len - VERSION_TAIL, VERSION_TAIL };
	root->version_bytes += bytes.len;
	if (learned_version(bytes, &version)) {
		root->version_seen = true;
		if (slice_eq(version, slice_str(root->lesson.served_by)) && !root->lesson.aging)
			return;
		took = clock_mono_ms() - r->call_started_ms;
		if (catalog_served(r->gw->catalog, r->roster->families, r->model, version,
			clock_wall_ms() - took))
			log_event(LOG_INFO, "model_served_by", LOG_S("id", r->id),
			    LOG_S("model", r->model), LOG_SL("by", version));
	}
	root->version_seen |= whole || root->version_bytes > VERSION_HEAD;
}

/* ---- refusals ---- */

/* Never 0. Two bodies of one request are compared: nobody gains by making them equal. */
static uint64_t
body_hash(const struct request *r)
{
	static const uint8_t key[SIPHASH_KEY_BYTES] = "refused body";

	return siphash(key, r->target.body) | 1;
}

int
lessons_prepare(struct request *r)
{
	struct apierror refusal;
	char field[APIERROR_PARAM_MAX];

	if (r->refused_body == 0 || !r->gw->conf->strict)
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
	if (r->refused_body == 0)
		return LESSONS_GO;
	if (r->gw->conf->strict)
		return LESSONS_LOST;
	if (r->refused_body != body_hash(r)) {
		r->refused_body = 0;
		r->err = (struct apierror){ 0 };
		return LESSONS_GO;
	}
	return refusals_widen(&r->refused) ? LESSONS_UNCHANGED : LESSONS_LOST;
}

bool
lessons_mend(struct request *r, const struct gstatus *status)
{
	struct request *root = request_root(r);

	if (!r->op->mends || root->first_ms != 0 || r->content_sent ||
	    !refusals_add(&root->refused, status))
		return false;
	root->remake = r != root;
	root->err = r->err;
	root->refused_body = body_hash(root);
	free(TAKE(r->tried));
	/* The key has done its part. */
	r->attempts = 0;
	request_move(r, r == root ? STEP_PREPARE : STEP_FINISH);
	return true;
}

void
lessons_confirm(struct request *r)
{
	struct request *root = request_root(r);
	unsigned kinds = root->refused.kinds & ~(unsigned)REFUSED_ONCE;
	struct buf words;

	if (kinds == 0 || root->confirmed || !target_generates(r))
		return;
	root->confirmed = true;
	catalog_refused(r->gw->catalog, r->model, &root->refused);
	buf_init(&words, KIB);
	for (size_t i = 0; i < REFUSALS; i++)
		if ((kinds & 1U << i) != 0)
			buf_addf(&words, "%s%s", words.len > 0 ? " " : "", refusal_word(1U << i));
	log_event(LOG_INFO, "model_refuses", LOG_S("id", r->id), LOG_S("model", r->model),
	    LOG_S("what", words.data));
	buf_release(&words);
}

/* ---- models that are gone ---- */

bool
lessons_may_move(struct request *r)
{
	struct request *root = request_root(r);

	return !root->list_failed && may_move(root, root->model);
}

bool
lessons_successor(struct request *r)
{
	char name[MODEL_NAME_MAX];

	return newest_of(r, r->model, name);
}

void
lessons_gone(struct request *r)
{
	struct request *root = request_root(r);

	/* Counting is another method, which a model may lack. */
	if (r->op->mends && target_generates(r) &&
	    (root->has_fallback || may_move(root, root->model)))
		catalog_gone(r->gw->catalog, root->model, models_owner(root));
}

void
lessons_pass(struct request *r)
{
	struct request *root = request_root(r);

	if (is_passed(root, slice_str(root->model)))
		return;
	buf_adds(&root->passed, root->model);
	buf_addc(&root->passed, '\n');
	root->passed_count++;
	if (root->instead_of == NULL)
		root->instead_of = xstrdup(root->model);
	/* What the other model takes is another matter. */
	root->refused = (struct refusals){ 0 };
	root->confirmed = false;
}

void
lessons_tell(struct request *r)
{
	if (r->passed_count == r->passed_told || strcmp(r->instead_of, r->model) == 0)
		return;
	r->passed_told = r->passed_count;
	log_event(LOG_WARN, "model_replaced", LOG_S("id", r->id), LOG_S("model", r->instead_of),
	    LOG_S("by", r->model));
}

void
lessons_hint(struct request *r)
{
	char near[MODEL_NAME_MAX];
	size_t len = strlen(r->err.message);

	if (r->err.kind != APIERROR_MODEL_NOT_FOUND || r->model[0] == '\0')
		return;
	catalog_near(r->gw->catalog, r->model, near);
	if (near[0] != '\0')
		snprintf(r->err.message + len, sizeof(r->err.message) - len, "%sDid you mean '%s'?",
		    len > 0 ? " " : "", near);
}
