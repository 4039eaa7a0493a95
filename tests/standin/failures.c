/* Plays failures: errors, broken streams, answers without an answer. */
#include "config.h"

#include "failures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "behave.h"
#include "failures_priv.h"
#include "gjson.h"
#include "trigger.h"

static const char *const stage_words[] = { "before checks", "after checks", "streams only",
	"generated answers" };

const struct failure *
failure_find(struct slice name)
{
	for (size_t i = 0; i < failure_count; i++) {
		if (slice_eq(name, slice_str(failure_table[i].name)))
			return &failure_table[i];
	}
	return NULL;
}

bool
failure_of_key(const char *key, const struct failure **ret, struct slice *ret_bad)
{
	const char *mark = strstr(key, "--");

	*ret = NULL;
	if (mark == NULL)
		return true;
	*ret_bad = (struct slice){ mark + 2, strcspn(mark + 2, "-") };
	*ret = failure_find(*ret_bad);
	return *ret != NULL;
}

bool
failure_fits(const struct failure *f, enum route_kind kind)
{
	if (f->stage == FAIL_STREAM)
		return kind == ROUTE_STREAM;
	return f->stage != FAIL_ANSWER || kind == ROUTE_STREAM || kind == ROUTE_GENERATE;
}

enum failure_stage
failure_stage(const struct failure *f)
{
	return f->stage;
}

void
failures_print(void)
{
	for (size_t i = 0; i < failure_count; i++)
		printf("%-20s %-18s %d\n", failure_table[i].name,
		    stage_words[failure_table[i].stage], failure_table[i].code);
}

static void
add_quoted(struct buf *out, const char *text, bool as_json)
{
	if (as_json)
		buf_add_json(out, slice_str(text));
	else
		buf_adds(out, text);
}

/* text with the placeholders filled; as_json: inside JSON strings. */
static char *
fill_text(const struct ask *a, const char *text, const char *message, bool as_json)
{
	const struct {
		const char *word;
		const char *value;
	} words[] = { { "$MODEL", a->name }, { "$KEY", a->key }, { "$MESSAGE", message } };
	struct buf out;

	buf_init(&out, 256 * 1024);
	while (*text != '\0') {
		size_t i;

		for (i = 0; i < ARRAY_SIZE(words); i++) {
			if (strncmp(text, words[i].word, strlen(words[i].word)) == 0)
				break;
		}
		if (i < ARRAY_SIZE(words)) {
			add_quoted(&out, words[i].value, as_json);
			text += strlen(words[i].word);
		} else {
			buf_addc(&out, *text++);
		}
	}
	return buf_take(&out);
}

static json_object *
error_document(const struct failure *f, const struct ask *a)
{
	char *message = fill_text(a, f->message, "", false);
	json_object *details = NULL, *doc;

	if (f->details != NULL) {
		char *inner = fill_text(a, f->details, message, true);
		struct buf list;
		size_t at;

		buf_init(&list, 256 * 1024);
		buf_addf(&list, "[%s]", inner);
		details = gjson_parse(buf_slice(&list), &at);
		buf_release(&list);
		free(inner);
	}
	doc = gerror(f->code, message, f->status, details);
	free(message);
	return doc;
}

static void
play_error(const struct failure *f, const struct ask *a, struct play *p)
{
	/* As in the layer for OpenAI's clients, and in array streams. */
	bool array = f->kind == KIND_ARRAY || (a->stream && !a->sse);
	json_object *doc = error_document(f, a);
	struct buf text;

	buf_init(&text, 1024 * 1024);
	if (array)
		buf_addc(&text, '[');
	gjson_write(&text, doc, GJSON_PRETTY);
	buf_adds(&text, array ? "\n]\n" : "\n");
	play_reply(p, f->code, GTYPE_JSON, "", buf_slice(&text));
	buf_release(&text);
	json_object_put(doc);
}

static void
play_page(const struct failure *f, struct play *p)
{
	struct buf page;

	buf_init(&page, 64 * 1024);
	buf_addf(&page,
	    "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n"
	    "  <title>Error %d (%s)!!1</title>\n  <p><b>%d.</b> %s\n",
	    f->code, http_reason(f->code), f->code, f->message);
	play_reply(p, f->code, "text/html; charset=UTF-8", "", buf_slice(&page));
	buf_release(&page);
}

static void
play_tail(const struct failure *f, const struct ask *a, struct play *p)
{
	json_object *doc = error_document(f, a);
	struct buf text;

	buf_init(&text, 1024 * 1024);
	if (!a->sse)
		buf_adds(&text, f->events > 0 ? ",\r\n" : "[");
	else if (f->tail == TAIL_FRAMED)
		buf_adds(&text, "data: ");
	else if (f->tail == TAIL_BARE_ARRAY)
		buf_addc(&text, '[');
	gjson_write(&text, doc, a->sse && f->tail == TAIL_FRAMED ? GJSON_LINE : GJSON_PRETTY);
	buf_adds(&text, !a->sse                      ? "\n]\n"
			: f->tail == TAIL_FRAMED     ? "\r\n\r\n"
			: f->tail == TAIL_BARE_ARRAY ? "\n]\n"
						     : "\n");
	play_add(p, 0, buf_slice(&text));
	buf_release(&text);
	json_object_put(doc);
}

static void
play_stream(const struct failure *f, const struct ask *a, struct play *p)
{
	json_object *events;
	struct gen g;

	behave_begin(a, &g);
	gen_add_text(&g, SLICE("This stream "), false);
	gen_add_text(&g, SLICE("will break "), false);
	gen_add_text(&g, SLICE("soon."), false);
	behave_count(&g);
	events = gen_events(a, &g);
	gen_play_head(a, p);
	gen_play_events(a, p, events, 0, f->events, 0);
	if (f->tail != TAIL_NONE)
		play_tail(f, a, p);
	json_object_put(events);
	gen_release(&g);
}

static void
play_answer(const struct failure *f, const struct ask *a, struct play *p)
{
	struct gen g;

	behave_begin(a, &g);
	g.finish = f->kind != KIND_BLOCKED ? f->message : NULL;
	g.block_reason = f->kind == KIND_BLOCKED ? f->message : NULL;
	if (f->kind == KIND_BLOCKED)
		g.thought_tokens = 0;
	g.finish_message = trigger_message(g.finish);
	if (f->kind == KIND_LATE) {
		gen_add_text(&g, SLICE("This text was cut short"), false);
		behave_count(&g);
	}
	gen_play_answer(a, p, &g, 0);
	gen_release(&g);
}

void
failure_play(const struct failure *f, const struct ask *a, uint32_t delay_ms)
{
	struct play *p = play_new(a->si, a->conn);

	play_wait(p, delay_ms);
	switch (f->kind) {
	case KIND_STATUS:
	case KIND_ARRAY:
		play_error(f, a, p);
		break;
	case KIND_HTML:
		play_page(f, p);
		break;
	case KIND_CUT_HEAD:
		play_add(p, 0, SLICE("HTTP/1.1 200 OK\r\nContent-Type: applica"));
		break;
	case KIND_STREAM:
		play_stream(f, a, p);
		break;
	case KIND_BLOCKED:
	case KIND_FINISH:
	case KIND_LATE:
		play_answer(f, a, p);
		break;
	case KIND_EMPTY:
		trigger_empty(a, p, slice_str(f->message));
		break;
	case KIND_RESET:
	case KIND_CLOSE:
	case KIND_HANG:
		break;
	}
	play_start(p, f->end);
}
