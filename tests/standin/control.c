/* Keeps the received requests for the tests to read, and takes commands from the tests. */
#include "config.h"

#include "control.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "gjson.h"
#include "overlay.h"
#include "play.h"
#include "rules.h"

#define BODY_TEXT_MAX (1024UL * 1024)
#define RECORDS_MAX   4096
#define RECORDS_BYTES (256UL * 1024 * 1024) /* of text in all records */
#define ANSWER_MAX    (1024UL * 1024 * 1024)

struct record {
	struct record *next, **link; /* link is NULL once it was cleared */
	char *text; /* all members but status and outcome, as JSON without the end */
	size_t bytes;
	int status;
	const char *outcome;
	bool open; /* a request points here */
};

struct records {
	struct record *first, **tail;
	size_t count, bytes;
};

struct records *
records_new(void)
{
	struct records *r = xcalloc(1, sizeof(*r));

	r->tail = &r->first;
	return r;
}

static void
record_free(struct record *record)
{
	free(record->text);
	free(record);
}

/* Takes the first record off the list. An open one lives until its request ends. */
static void
records_drop_first(struct records *r)
{
	struct record *record = r->first;

	r->first = record->next;
	if (r->first != NULL)
		r->first->link = &r->first;
	else
		r->tail = &r->first;
	r->count--;
	r->bytes -= record->bytes;
	record->link = NULL;
	if (!record->open)
		record_free(record);
}

void
records_free(struct records *r)
{
	while (r->first != NULL)
		records_drop_first(r);
	free(r);
}

static void
add_member(struct buf *out, const char *name, struct slice value)
{
	buf_addf(out, "\"%s\":\"", name);
	buf_add_json(out, value);
	buf_adds(out, "\",");
}

/* Pairs, in the order and the case in which they came. */
static void
add_headers(struct buf *out, const struct request *req)
{
	const char *sep = "";

	buf_adds(out, "\"headers\":[");
	for (size_t i = 0; i < req->header_count; i++) {
		buf_addf(out, "%s[\"", sep);
		buf_add_json(out, req->headers[i].name);
		buf_adds(out, "\",\"");
		buf_add_json(out, req->headers[i].value);
		buf_adds(out, "\"]");
		sep = ",";
	}
	buf_adds(out, "],");
}

void
records_add(struct records *r, struct request *req, const char *key)
{
	struct record *record = xcalloc(1, sizeof(*record));
	struct slice body = buf_slice(&req->body);
	char sha[65];
	struct buf text;

	if (body.len > BODY_TEXT_MAX)
		body.len = BODY_TEXT_MAX;
	sha256_hex(&req->sha, sha);
	buf_init(&text, 16 * BODY_TEXT_MAX);
	buf_addc(&text, '{');
	add_member(&text, "method", req->method);
	add_member(&text, "path", slice_str(req->path));
	add_member(&text, "target", req->target);
	add_member(&text, "query", req->query);
	add_headers(&text, req);
	add_member(&text, "body", body);
	add_member(&text, "body_sha256", slice_str(sha));
	buf_addf(&text, "\"body_bytes\":%llu,", (unsigned long long)req->body_bytes);
	add_member(&text, "key", slice_str(key));
	record->bytes = text.len;
	record->text = buf_take(&text);
	record->outcome = "open";
	record->open = true;
	record->link = r->tail;
	*r->tail = record;
	r->tail = &record->next;
	r->count++;
	r->bytes += record->bytes;
	req->record = record;
	while (r->count > RECORDS_MAX || (r->bytes > RECORDS_BYTES && r->count > 1))
		records_drop_first(r);
}

void
records_finish(struct records *r, struct request *req, bool gone)
{
	struct record *record = req->record;

	(void)r;
	if (record == NULL)
		return;
	req->record = NULL;
	record->open = false;
	record->outcome = gone ? "client_gone" : "done";
	record->status = req->status;
	if (record->link == NULL)
		record_free(record);
}

static void
answer_requests(struct standin *si, struct conn *c)
{
	const char *sep = "";
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	buf_addc(&out, '[');
	for (struct record *record = si->records->first; record != NULL; record = record->next) {
		buf_addf(&out, "%s\n", sep);
		buf_adds(&out, record->text);
		buf_addf(
		    &out, "\"status\":%d,\"outcome\":\"%s\"}", record->status, record->outcome);
		sep = ",";
	}
	buf_adds(&out, "\n]\n");
	conn_reply(c, 200, GTYPE_JSON, "", buf_slice(&out));
	buf_release(&out);
}

static void
clear_requests(struct standin *si, struct conn *c)
{
	while (si->records->first != NULL)
		records_drop_first(si->records);
	conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
}

static void
answer_stats(struct standin *si, struct conn *c)
{
	const struct stats *s = &si->stats;
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "requests", s->requests },
		{ "streams", s->streams },
		{ "open_streams", s->open_streams },
		{ "cancelled", s->cancelled },
		{ "connections", si->server.accepted },
		{ "open_connections", si->server.open },
		{ "signed_calls", s->signed_calls },
		{ "bypassed_calls", s->bypassed_calls },
		{ "signed_tools", s->signed_tools },
		{ "bypassed_tools", s->bypassed_tools },
		{ "signed_texts", s->signed_texts },
		{ "misplaced_texts", s->misplaced_texts },
		{ "signed_images", s->signed_images },
		{ "bypassed_images", s->bypassed_images },
		{ "refused_signatures", s->refused_signatures },
	};
	struct buf out;

	buf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		buf_addf(&out, "%s\"%s\":%llu", i > 0 ? "," : "{", rows[i].name,
		    (unsigned long long)rows[i].value);
	buf_adds(&out, "}\n");
	conn_reply(c, 200, GTYPE_JSON, "", buf_slice(&out));
	buf_release(&out);
}

static void
add_script(struct standin *si, struct conn *c)
{
	size_t at;
	json_object *script = gjson_parse(buf_slice(&c->req->body), &at);
	struct buf reason;

	buf_init(&reason, 64 * 1024);
	if (rules_add(si->rules, script, &reason))
		conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
	else
		gerror_reply(c, 400, reason.data, NULL);
	buf_release(&reason);
	json_object_put(script);
}

static void
clear_script(struct standin *si, struct conn *c)
{
	rules_clear(si->rules);
	conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
}

static void
add_models(struct standin *si, struct conn *c)
{
	size_t at;
	json_object *doc = gjson_parse(buf_slice(&c->req->body), &at);
	struct buf reason;

	(void)si;
	buf_init(&reason, 64 * 1024);
	if (overlay_add(doc, &reason))
		conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
	else
		gerror_reply(c, 400, reason.data, NULL);
	buf_release(&reason);
	json_object_put(doc);
}

static void
clear_models(struct standin *si, struct conn *c)
{
	(void)si;
	overlay_clear();
	conn_reply(c, 200, GTYPE_JSON, "", SLICE("{}\n"));
}

static void
release_next(struct standin *si, struct conn *c)
{
	struct buf out;

	buf_init(&out, 64);
	buf_addf(&out, "{\"released\":%u}\n", play_release_all(si));
	conn_reply(c, 200, GTYPE_JSON, "", buf_slice(&out));
	buf_release(&out);
}

static const struct {
	const char *method;
	const char *tail;
	void (*answer)(struct standin *si, struct conn *c);
} orders[] = {
	{ "GET", "requests", answer_requests },
	{ "DELETE", "requests", clear_requests },
	{ "GET", "stats", answer_stats },
	{ "POST", "script", add_script },
	{ "DELETE", "script", clear_script },
	{ "POST", "models", add_models },
	{ "DELETE", "models", clear_models },
	{ "POST", "next", release_next },
};

void
control_answer(struct standin *si, struct conn *c, struct slice tail)
{
	if (!si->control) {
		gerror_reply(c, 403, "Control needs the option --control.", NULL);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		if (slice_eq(c->req->method, slice_str(orders[i].method)) &&
		    slice_eq(tail, slice_str(orders[i].tail))) {
			orders[i].answer(si, c);
			return;
		}
	}
	gerror_reply(c, 404, "Unknown control path.", NULL);
}
