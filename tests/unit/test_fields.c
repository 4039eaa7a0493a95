/*
 * The compatibility tables of the guide, in both languages, against the code: parameters against
 * the field tables, lists of words against what the readers take and offer. A table is found by the
 * comment in front of it, `<!-- fields NAME -->` or `<!-- words NAME -->`, whatever the page.
 */
#include "config.h"

#include "core/api/fieldmap.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/openai/chat/reply_parts.h"
#include "core/openai/chat/chat_read.h"
#include "core/openai/responses/responses.h"
#include "tap.h"

/* ---- the tables of all endpoints ---- */

extern const struct field_table chat_tables[], chat_builtin_tables[], chat_google_tables[],
    chat_thinking_tables[], chat_tool_tables[], chat_video_tables[], completions_tables[],
    embed_tables[], images_tables[], responses_tables[], speech_tables[], transcription_tables[],
    translation_tables[];

/* What makes up an endpoint. */
struct fields_list {
	const char *name; /* what the documentation calls it */
	const struct field_table *tables[4];
};

/* clang-format off */
static const struct fields_list fields_lists[] = {
	{ "/chat/completions",     { chat_tables } },
	{ "chat: thinking",        { chat_thinking_tables } },
	{ "chat: Google",          { chat_google_tables } },
	{ "chat: tools",           { chat_tool_tables, chat_builtin_tables } },
	{ "chat: video_url",       { chat_video_tables } },
	{ "/responses",            { responses_tables } },
	{ "/completions",          { completions_tables } },
	{ "/embeddings",           { embed_tables } },
	{ "/images",               { images_tables } },
	{ "/audio/speech",         { speech_tables } },
	{ "/audio/transcriptions", { transcription_tables } },
	{ "/audio/translations",   { translation_tables } },
	{ 0 }
};
/* clang-format on */

/* What becomes of a parameter. */
enum field_fate {
	FATE_REQUIRED, /* must be there */
	FATE_MAPPED,
	FATE_SOMETIMES, /* for the models that know such a thing */
	FATE_IGNORED,
	FATE_REFUSED, /* 400 */
	FATES
};

static enum field_fate
fields_fate(const struct fieldmap *row)
{
	if ((row->flags & (FF_REJECT | FF_REFUSES)) != 0 || row->emit == chat_refuse_emit)
		return FATE_REFUSED;
	if ((row->flags & (FF_IGNORE | FF_UNUSED)) != 0)
		return FATE_IGNORED;
	if ((row->flags & FF_REQUIRED) != 0)
		return FATE_REQUIRED;
	return row->need != 0 || (row->flags & FF_SOMETIMES) != 0 ? FATE_SOMETIMES : FATE_MAPPED;
}

#define NAMES_MAX 256

/* Pages of deploy/guide with such tables. */
static const char *const pages[] = { "openai-chat", "openai-tools", "openai-responses",
	"openai-completions", "openai-images", "openai-audio", "models" };

/* The words of a language, fates in the order of enum field_fate. */
static const struct language {
	const char *name, *ending, *head, *fates[FATES];
} languages[] = {
	{ "English", ".md", "| Parameter | What becomes of it |",
	    { "required", "mapped", "some models", "ignored", "refused" } },
	{ "Chinese", ".zh-CN.md", "| 参数 | 结果 |",
	    { "必需", "转换", "部分模型", "忽略", "拒绝" } },
};

static const struct language *language;
static struct buf text;

static struct slice
rest_of(const char *at)
{
	return (struct slice){ at, text.len - (size_t)(at - text.data) };
}

/* The next line of *rest, taken off; false at the end. */
static bool
next_line(struct slice *rest, struct slice *ret)
{
	return rest->len > 0 && slice_split(rest, '\n', ret);
}

/* The rows of the table behind a comment: *ret stands at the first. False when it is not there, or
 * its head is another than that (NULL: any). */
static bool
find_table(const char *kind, const char *name, const char *head, struct slice *ret)
{
	char mark[100];
	struct slice line;
	ptrdiff_t at;

	snprintf(mark, sizeof(mark), "<!-- %s %s -->\n", kind, name);
	at = slice_find(buf_slice(&text), slice_str(mark));
	if (at < 0)
		return false;
	*ret = rest_of(text.data + at + strlen(mark));
	if (!next_line(ret, &line) || (head != NULL && !slice_eq(line, slice_str(head))))
		return false;
	return next_line(ret, &line) && slice_starts(line, SLICE("|---"));
}

/* The next row of a table: its first two cells. */
static bool
next_row(struct slice *rest, struct slice *ret_first, struct slice *ret_second)
{
	struct slice line;

	if (!next_line(rest, &line) || !slice_starts(line, SLICE("| ")))
		return false;
	line = (struct slice){ line.ptr + 2, line.len - 2 };
	return slice_split(&line, '|', ret_first) && slice_split(&line, '|', ret_second);
}

/* The next word in backquotes. */
static bool
next_word(struct slice *cell, struct slice *ret)
{
	struct slice part;

	return slice_split(cell, '`', &part) && cell->len > 0 && slice_split(cell, '`', ret);
}

/* ---- parameters ---- */

struct param {
	char name[APIERROR_PARAM_MAX];
	enum field_fate fate;
	bool told;
};

struct params {
	struct param list[NAMES_MAX];
	size_t count;
};

static struct param *
find_param(struct params *p, struct slice name)
{
	for (size_t i = 0; i < p->count; i++)
		if (slice_eq(slice_str(p->list[i].name), name))
			return &p->list[i];
	return NULL;
}

static void
read_rows(const struct field_table *table, struct params *ret)
{
	for (const struct fieldmap *row = table->rows; row->from != NULL; row++) {
		char name[APIERROR_PARAM_MAX];
		struct param *param;

		field_name(name, "%s%s", table->inside, row->from);
		param = find_param(ret, slice_str(name));
		if (param == NULL && ret->count < NAMES_MAX)
			param = &ret->list[ret->count++];
		if (param == NULL)
			continue;
		memcpy(param->name, name, sizeof(name));
		param->fate = fields_fate(row);
	}
}

static void
read_code(const struct fields_list *list, struct params *ret)
{
	ret->count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(list->tables) && list->tables[i] != NULL; i++)
		for (const struct field_table *t = list->tables[i]; t->rows != NULL; t++)
			read_rows(t, ret);
}

/* The fate a cell begins with, FATES for none. */
static enum field_fate
read_fate(struct slice cell)
{
	enum field_fate fate = FATE_REQUIRED;

	cell = slice_trim(cell);
	for (; fate < FATES; fate++) {
		struct slice word = slice_str(language->fates[fate]);
		struct slice rest = { cell.ptr + word.len, cell.len - word.len };

		if (slice_starts(cell, word) &&
		    (cell.len == word.len || slice_starts(rest, SLICE(":")) ||
			slice_starts(rest, SLICE("："))))
			break;
	}
	return fate;
}

static bool
check_name(struct params *code, struct slice name, enum field_fate fate)
{
	struct param *param = find_param(code, name);

	if (param == NULL) {
		printf("# there is no parameter '%.*s'\n", (int)name.len, name.ptr);
		return false;
	}
	if (param->told)
		printf("# '%s' stands there twice\n", param->name);
	else if (param->fate != fate)
		printf("# '%s' is %s\n", param->name, language->fates[param->fate]);
	fate = param->told ? FATES : fate;
	param->told = true;
	return param->fate == fate;
}

static void
test_list(const struct fields_list *list)
{
	static struct params code;
	struct slice rest, names, cell, name;
	char what[100];
	bool good = find_table("fields", list->name, language->head, &rest);

	memset(&code, 0, sizeof(code));
	read_code(list, &code);
	while (good && next_row(&rest, &names, &cell)) {
		enum field_fate fate = read_fate(cell);

		while (next_word(&names, &name))
			good = check_name(&code, name, fate) && good;
	}
	for (size_t i = 0; i < code.count; i++) {
		if (code.list[i].told)
			continue;
		printf("# '%s' (%s) is missing\n", code.list[i].name,
		    language->fates[code.list[i].fate]);
		good = false;
	}
	snprintf(what, sizeof(what), "%s: %s: all parameters, each with its fate", language->name,
	    list->name);
	ok(good && code.count > 0 && code.count < NAMES_MAX, what);
}

/* ---- words ---- */

static const char unknown[] = "nonsense";
static struct models *models;
static struct apierror err;

/* Reads a request with a word in place of the @, with nothing to be changed; true when it is taken.
 */
static bool
takes(const char *form, struct slice word)
{
	struct changes changes;
	struct translate_env env = { .models = models, .changes = &changes };
	struct chat_request chat;
	struct responses_request responses;
	struct buf body;
	bool good;

	changes_init(&changes, true);
	buf_init(&body, 64 * KIB);
	buf_add(&body, form, strcspn(form, "@"));
	buf_add_slice(&body, word);
	buf_adds(&body, strchr(form, '@') + 1);
	if (slice_find(buf_slice(&body), SLICE("\"input\"")) >= 0) {
		responses_request_init(&responses);
		good = responses_request_read(&responses, buf_slice(&body), &env, &err) == 0;
		responses_request_release(&responses);
	} else {
		chat_request_init(&chat);
		good = chat_request_read(&chat, buf_slice(&body), &env, &err) == 0;
		chat_request_release(&chat);
	}
	buf_release(&body);
	changes_release(&changes);
	return good;
}

/* Lists of words that a refusal offers. `form` has the word in a place where nothing else can be
 * refused for it: errors of other places show that the word itself was taken. */
static const struct words {
	const char *name, *form;
	const char *at; /* param of the refusal */
	bool more;      /* the table has words that the refusal does not offer */
} words[] = {
	{ "roles", "{\"model\":\"gemini-3.8-flash\",\"messages\":[{\"role\":\"@\",\"content\":0}]}",
	    "messages[0].role", false },
	{ "parts of user",
	    "{\"model\":\"gemini-3.8-flash\",\"messages\":[{\"role\":\"user\","
	    "\"content\":[{\"type\":\"@\"}]}]}",
	    "messages[0].content[0].type", false },
	{ "parts of assistant",
	    "{\"model\":\"gemini-3.8-flash\",\"messages\":[{\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"@\"}]}]}",
	    "messages[0].content[0].type", false },
	{ "tools", "{\"model\":\"gemini-3.8-flash\",\"tools\":[{\"type\":\"@\"}],\"messages\":[]}",
	    "tools[0].type", true },
	{ "efforts",
	    "{\"model\":\"gemini-3.8-flash\",\"reasoning_effort\":\"@\","
	    "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
	    "reasoning_effort", false },
	{ "items", "{\"model\":\"gemini-3.8-flash\",\"input\":[{\"type\":\"@\",\"id\":\"a\"}]}",
	    "input[0].type", false },
};

/* How many words of the table stand in the refusal's offer. */
static bool
check_words(const struct words *w, struct slice rest)
{
	struct slice cells, second, word;
	size_t told = 0, offered = 0;
	bool good = true;
	struct buf offer;

	good = !takes(w->form, slice_str(unknown)) && strcmp(err.param, w->at) == 0;
	buf_init(&offer, APIERROR_MESSAGE_MAX);
	buf_adds(&offer,
	    strstr(err.message, "Supported") != NULL ? strstr(err.message, "Supported") : "");
	for (const char *at = offer.data; at != NULL && *at != '\0'; at++)
		offered += *at == '\'';
	while (next_row(&rest, &cells, &second)) {
		while (next_word(&cells, &word)) {
			char quoted[100];

			if (!takes(w->form, word) && strcmp(err.param, w->at) == 0 &&
			    strstr(err.message, "Supported") != NULL) {
				printf("# '%.*s' is refused\n", (int)word.len, word.ptr);
				good = false;
			}
			snprintf(quoted, sizeof(quoted), "'%.*s'", (int)word.len, word.ptr);
			told += slice_find(buf_slice(&offer), slice_str(quoted)) >= 0;
			if (!w->more && slice_find(buf_slice(&offer), slice_str(quoted)) < 0) {
				printf("# %s is not offered\n", quoted);
				good = false;
			}
		}
	}
	if (told != offered / 2)
		printf("# %zu of the %zu words of: %s\n", told, offered / 2, offer.data);
	buf_release(&offer);
	return good && offered > 0 && told == offered / 2;
}

static void
test_words(void)
{
	char what[100];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct slice rest;

		snprintf(
		    what, sizeof(what), "%s: the words of '%s'", language->name, words[i].name);
		ok(find_table("words", words[i].name, NULL, &rest) && check_words(&words[i], rest),
		    what);
	}
}

/* Google's finish reasons, those of its specification among them. */
static void
test_finishes(void)
{
	static const char *const all[] = { "STOP", "MAX_TOKENS", "CONTINUATION", "SAFETY",
		"RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
		"MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY", "UNEXPECTED_TOOL_CALL",
		"TOO_MANY_TOOL_CALLS", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
		"IMAGE_OTHER", "NO_IMAGE", "MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE",
		"ESCALATION", "PUP_LIMITED_DISABLED", "MODEL_ARMOR", "JAILBREAK",
		"FINISH_REASON_UNSPECIFIED" };
	struct slice rest, first, second, native, word;
	size_t count = 0;
	bool good = find_table("words", "finish reasons", NULL, &rest);
	char what[100];

	while (good && next_row(&rest, &first, &second)) {
		good = next_word(&second, &word);
		while (good && next_word(&first, &native)) {
			struct chat_finish finish = { .native = native, .spoke = true };

			for (size_t i = 0; i < ARRAY_SIZE(all); i++)
				count += slice_eq(native, slice_str(all[i]));
			good = slice_eq(word, slice_str(chat_finish_word(&finish)));
			if (!good)
				printf("# %.*s\n", (int)native.len, native.ptr);
		}
	}
	snprintf(what, sizeof(what), "%s: every finish reason", language->name);
	ok(good && count == ARRAY_SIZE(all), what);
}

/* Is the next alias of the table this name, with the models of this cell? */
static bool
is_next_alias(struct slice *pairs, struct slice name, struct slice cell)
{
	struct slice pair = SLICE(""), part, word;
	bool good = slice_split(pairs, ',', &pair) && slice_split(&pair, '=', &part) &&
	            slice_eq(part, name);

	while (good && slice_split(&pair, '|', &part))
		good = next_word(&cell, &word) && slice_eq(part, word);
	return good && !next_word(&cell, &word);
}

static void
test_aliases(void)
{
	struct slice rest, names, cell, name, pairs = slice_str(models_default_aliases);
	bool good = find_table("words", "aliases", NULL, &rest);
	char what[100];

	while (good && next_row(&rest, &names, &cell)) {
		while (good && next_word(&names, &name)) {
			good = is_next_alias(&pairs, name, cell);
			if (!good)
				printf("# %.*s\n", (int)name.len, name.ptr);
		}
	}
	snprintf(what, sizeof(what), "%s: the aliases, in their order", language->name);
	ok(good && pairs.len == 0, what);
}

/* ---- both languages ---- */

static void
load(const char *page)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], block[4096];
	size_t len, before = text.len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/deploy/guide/%s%s", srcdir != NULL ? srcdir : ".", page,
	    language->ending);
	file = fopen(path, "rb");
	while (file != NULL && (len = fread(block, 1, sizeof(block), file)) > 0)
		buf_add(&text, block, len);
	if (file != NULL)
		fclose(file);
	ok(text.len > before && !text.failed, strrchr(path, '/') + 1);
}

static size_t
count_marks(const char *mark)
{
	struct slice rest = buf_slice(&text);
	size_t count = 0;
	ptrdiff_t at;

	while ((at = slice_find(rest, slice_str(mark))) >= 0) {
		rest = (struct slice){ rest.ptr + at + 1, rest.len - (size_t)at - 1 };
		count++;
	}
	return count;
}

int
main(void)
{
	const char *error = NULL;

	buf_init(&text, 4 * MIB);
	models = models_new("", &error);
	for (language = languages; language < languages + ARRAY_SIZE(languages); language++) {
		size_t count = 0;

		buf_reset(&text);
		for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
			load(pages[i]);
		for (const struct fields_list *list = fields_lists; list->name != NULL; list++) {
			test_list(list);
			count++;
		}
		is_int(count_marks("<!-- fields "), count, "no table of an endpoint besides");
		test_words();
		test_finishes();
		test_aliases();
	}
	models_free(models);
	buf_release(&text);
	return tap_done();
}
