/* Lists of keys with attributes. */
#include "config.h"

#include "core/keys/key_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/keys/entries.h"

#define KEY_NAME_MAX     64
#define PROJECT_NAME_MAX 128 /* bytes */
#define PROXY_URL_MAX    KIB

static const char *const names[] = { "project", "weight", "proxy", "models", "name", NULL };

/* The texts are the list's own: const is for its users. */
static void
text_free(const char *text)
{
	secret_free((char *)(uintptr_t)text);
}

static void
spec_free(const struct key_spec *spec)
{
	text_free(spec->secret);
	text_free(spec->project);
	text_free(spec->proxy);
	text_free(spec->models);
	text_free(spec->name);
}

void
key_list_release(struct key_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		spec_free(&list->specs[i]);
	free(list->specs);
	free(list->repeats);
	*list = (struct key_list){ 0 };
}

static const char *
list_add_key(struct key_list *list, struct slice secret, const struct entry_reader *at)
{
	/* Repetitions are found later: this many may be some. */
	if (list->count == 2 * KEYS_MAX)
		return "there are too many keys";
	if (secret.len > KEY_BYTES_MAX)
		return "a key is too long";
	for (size_t i = 0; i < secret.len; i++)
		if ((unsigned char)secret.ptr[i] < ' ' || secret.ptr[i] == 0x7f)
			return "a key holds control characters";
	if ((list->count & (list->count - 1)) == 0)
		list->specs = xrealloc(
		    list->specs, (list->count > 0 ? 2 * list->count : 1) * sizeof(*list->specs));
	/* Weight 0: nothing was said. */
	list->specs[list->count++] = (struct key_spec){ .secret = xstrndup(secret.ptr, secret.len),
		.project = xstrdup(""),
		.proxy = xstrdup(""),
		.models = xstrdup(""),
		.name = xstrdup(""),
		.line = at->lines ? at->line : 0,
		.place = (unsigned)at->words };
	return NULL;
}

static const char *
set_text(const char **field, struct slice value, size_t max, const char *reason)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] <= ' ' || value.ptr[i] == 0x7f)
			return reason;
	if (value.len == 0 || value.len > max)
		return reason;
	text_free(*field);
	*field = xstrndup(value.ptr, value.len);
	return NULL;
}

static const char *
set_attribute(struct key_spec *spec, const char *name, struct slice value)
{
	uint64_t weight;

	if (name == names[0])
		return set_text(&spec->project, value, PROJECT_NAME_MAX,
		    "project= wants a name of at most 128 bytes");
	if (name == names[1]) {
		if (!slice_u64(value, &weight) || weight < 1 || weight > KEY_WEIGHT_MAX)
			return "weight= wants a number from 1 to 100";
		spec->weight = (unsigned)weight;
		return NULL;
	}
	if (name == names[2]) {
		if (!entry_is_proxy(value))
			return "proxy= wants a URL such as socks5h://127.0.0.1:1080";
		return set_text(
		    &spec->proxy, value, PROXY_URL_MAX, "proxy= wants a URL of at most 1024 bytes");
	}
	if (name == names[4])
		return set_text(
		    &spec->name, value, KEY_NAME_MAX, "name= wants a name of at most 64 bytes");
	return set_text(&spec->models, value, MODEL_LIST_BYTES_MAX,
	    "models= wants a list of models of at most 4096 bytes");
}

static size_t
count_entries(void *ctx)
{
	const struct key_list *list = ctx;

	return list->count;
}

static const char *
list_read_word(void *ctx, struct slice word, const struct entry_reader *at)
{
	return list_add_key(ctx, word, at);
}

static const char *
read_attribute(void *ctx, size_t index, const char *name, struct slice value)
{
	struct key_list *list = ctx;

	return set_attribute(&list->specs[index], name, value);
}

static const struct entry_sink sink = {
	.count = count_entries,
	.word = list_read_word,
	.attribute = read_attribute,
	.stray = "a key may be followed by project=, weight=, proxy=, models= and name=, and by "
		 "nothing else",
	.unknown = "a key is followed by an unknown word with =; only project=, weight=, proxy=, "
		   "models= and name= are known",
};

/* ---- repetitions ---- */

static int
list_compare(const void *a, const void *b)
{
	const struct key_spec *x = *(const struct key_spec *const *)a,
			      *y = *(const struct key_spec *const *)b;
	int order = strcmp(x->secret, y->secret);

	/* Of the same key the one that was listed first. */
	return order != 0 ? order : x < y ? -1 : 1;
}

static void
fill_text(const char **field, const char **from)
{
	const char *open = *field;

	if (open[0] != '\0')
		return;
	*field = *from;
	*from = open;
}

static void
list_merge(struct key_spec *first, struct key_spec *again)
{
	if (first->weight == 0)
		first->weight = again->weight;
	fill_text(&first->project, &again->project);
	fill_text(&first->proxy, &again->proxy);
	fill_text(&first->models, &again->models);
	fill_text(&first->name, &again->name);
	text_free(TAKE(again->secret));
}

static void
merge_repeated(struct key_list *list)
{
	struct key_spec **order = xcalloc(list->count, sizeof(*order));
	size_t kept = 0, first = 0;

	list->repeats = xcalloc(list->count, sizeof(*list->repeats));
	for (size_t i = 0; i < list->count; i++)
		order[i] = &list->specs[i];
	qsort(order, list->count, sizeof(*order), list_compare);
	for (size_t i = 1; i < list->count; i++) {
		if (strcmp(order[i]->secret, order[first]->secret) != 0) {
			first = i;
			continue;
		}
		list->repeats[order[first] - list->specs]++;
		list_merge(order[first], order[i]);
	}
	free(order);
	for (size_t i = 0; i < list->count; i++) {
		if (list->specs[i].secret == NULL) {
			spec_free(&list->specs[i]);
			continue;
		}
		list->repeats[kept] = list->repeats[i];
		list->specs[kept++] = list->specs[i];
	}
	list->count = kept;
}

static int
list_finish(struct key_list *list, struct key_list_error *error)
{
	if (error->reason == NULL)
		merge_repeated(list);
	if (error->reason == NULL && list->count > KEYS_MAX)
		error->reason = "there are too many keys";
	if (error->reason != NULL) {
		key_list_release(list);
		return -1;
	}
	for (size_t i = 0; i < list->count; i++)
		if (list->specs[i].weight == 0)
			list->specs[i].weight = 1;
	return 0;
}

int
key_list_read(
    struct key_list *list, struct slice option, struct slice file, struct key_list_error *ret_error)
{
	struct entry_reader reader;

	*list = (struct key_list){ 0 };
	entry_reader_init(&reader, option, false, names);
	*ret_error = (struct key_list_error){ 0, entries_read(&reader, &sink, list) };
	if (ret_error->reason == NULL) {
		entry_reader_init(&reader, file, true, names);
		ret_error->reason = entries_read(&reader, &sink, list);
		ret_error->line = reader.line;
	}
	return list_finish(list, ret_error);
}

int
key_list_read_plain(struct key_list *list, struct slice text, struct key_list_error *ret_error)
{
	static const char *const none[] = { NULL };
	struct entry_reader reader;

	*list = (struct key_list){ 0 };
	entry_reader_init(&reader, text, false, none);
	*ret_error = (struct key_list_error){ 0, entries_read(&reader, &sink, list) };
	return list_finish(list, ret_error);
}

bool
key_serves(const struct key_spec *spec, struct slice model)
{
	if (spec->models[0] == '\0' || model.len == 0)
		return true;
	return entry_lists_model(spec->models, model);
}
