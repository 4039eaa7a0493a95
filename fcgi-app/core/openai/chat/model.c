/* The model of a request: which one, and what it can do. */
#include "config.h"

#include <string.h>

#include "base/xalloc.h"
#include "core/openai/chat/chat_read.h"
#include "core/gemini/model_line.h"

static void
lesson_of(const struct translate_env *env, const char *model, struct lesson *ret)
{
	if (env->lessons != NULL)
		env->lessons->of(env->lessons->ctx, model, ret);
	else
		memset(ret, 0, sizeof(*ret));
}

static void
view_with(const struct translate_env *env, const char *model, const struct lesson *lesson,
    struct model_view *ret)
{
	ret->family = learned_family(env->families, model, lesson);
	ret->refused = lesson->refused.kinds;
}

void
translate_env_view(const struct translate_env *env, const char *model, struct model_view *ret)
{
	struct lesson lesson;

	lesson_of(env, model, &lesson);
	view_with(env, model, &lesson, ret);
}

/* False when there is nothing in place of a model that is gone. */
static bool
give_way(const struct translate_env *env, struct model_choice *choice, const struct lesson *lesson)
{
	if (models_next(choice))
		return true;
	if (lesson->instead[0] == '\0')
		return false;
	memcpy(choice->name, lesson->instead, sizeof(choice->name));
	changes_mention(env->changes, CHANGE_REWRITTEN, "model");
	return true;
}

/* Built-in aliases of models that make or hear something follow Google's list. */
static void
follow_list(const struct translate_env *env, struct model_choice *choice)
{
	char newest[MODEL_NAME_MAX];
	enum model_kind kind;

	if (!choice->built_in || env->lessons == NULL)
		return;
	kind = model_line_kind(slice_str(choice->name));
	if (kind != MODEL_KIND_IMAGE && kind != MODEL_KIND_SPEECH && kind != MODEL_KIND_TRANSCRIPT)
		return;
	if (env->lessons->newest(env->lessons->ctx, choice->name, newest))
		memcpy(choice->name, newest, sizeof(choice->name));
}

int
translate_env_model(const struct translate_env *env, struct slice name, struct model_choice *ret,
    struct model_view *ret_view, struct apierror *err)
{
	struct lesson lesson;

	if (models_resolve(env->models, name, ret, err) != 0)
		return -1;
	follow_list(env, ret);
	lesson_of(env, ret->name, &lesson);
	for (size_t i = 0; lesson.gone && i < PASSED_MODELS_MAX; i++) {
		if (!give_way(env, ret, &lesson))
			break;
		lesson_of(env, ret->name, &lesson);
	}
	view_with(env, ret->name, &lesson, ret_view);
	return 0;
}

/* Members of generationConfig that nobody but Google knows the models for. */
static const struct {
	enum refusal kind;
	const char *member, *at; /* at: what the caller calls it; NULL: told already */
} refused_members[] = {
	{ REFUSED_SEED, "seed", "seed" },
	{ REFUSED_LOGPROBS, "responseLogprobs", "logprobs" },
	{ REFUSED_LOGPROBS, "logprobs", NULL },
};

static int
drop_members(struct fieldmap_run *run)
{
	const struct chat_read *c = run->ctx;
	json_object *config = json_get_object(run->target, "generationConfig");

	for (size_t i = 0; config != NULL && i < ARRAY_SIZE(refused_members); i++) {
		const char *member = refused_members[i].member, *at = refused_members[i].at;

		if ((c->refused & refused_members[i].kind) == 0 || json_get(config, member) == NULL)
			continue;
		json_object_object_del(config, member);
		if (at != NULL && changes_note(run->changes, CHANGE_DROPPED, at, run->err) != 0)
			return -1;
	}
	return 0;
}

/* Instructions become the beginning of the first turn. */
static int
move_system(struct fieldmap_run *run)
{
	const struct chat_read *c = run->ctx;
	json_object *system = json_get_array(json_get(run->target, "systemInstruction"), "parts");
	json_object *first, *parts, *joined;

	first = json_object_array_get_idx(json_get_array(run->target, "contents"), 0);
	parts = json_get_array(first, "parts");
	if (system == NULL || parts == NULL)
		return 0;
	joined = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(system); i++)
		json_append(joined, json_object_get(json_object_array_get_idx(system, i)));
	for (size_t i = 0; i < json_object_array_length(parts); i++)
		json_append(joined, json_object_get(json_object_array_get_idx(parts, i)));
	json_put(first, "parts", joined);
	json_object_object_del(run->target, "systemInstruction");
	return changes_note(run->changes, CHANGE_REWRITTEN, c->list, run->err);
}

int
chat_refused_finish(struct fieldmap_run *run)
{
	const struct chat_read *c = run->ctx;

	if (c->refused == 0)
		return 0;
	if (drop_members(run) != 0)
		return -1;
	return (c->refused & REFUSED_SYSTEM) != 0 ? move_system(run) : 0;
}
