/* The Response, and the events that lead to it. */
#include "config.h"

#include <string.h>

#include "reply_priv.h"

/* The API's ResponseErrorCode, and the two others that agents act on (Codex compacts the
 * conversation or stops). */
static const char *
event_error_code(const struct apierror *err)
{
	if (err->kind == APIERROR_CONTEXT_LENGTH || err->kind == APIERROR_QUOTA ||
	    err->kind == APIERROR_PAYMENT)
		return apierror_code(err->kind);
	return err->status == 429  ? "rate_limit_exceeded"
	       : err->status < 500 ? "invalid_prompt"
	                           : "server_error";
}

static void
event_error_write(struct jwriter *w, const struct apierror *err)
{
	if (err == NULL) {
		jw_null(w, "error");
		return;
	}
	jw_object(w, "error");
	jw_str(w, "code", event_error_code(err));
	jw_str(w, "message", err->message);
	jw_object_end(w);
}

void
responses_object_open(
    struct responses_stream *s, struct jwriter *w, const char *key, const char *object)
{
	jw_object(w, key);
	jw_str_open(w, "id");
	buf_adds(w->out, "resp_");
	buf_add_json(w->out, slice_str(s->id));
	jw_str_close(w);
	jw_str(w, "object", object);
	jw_int(w, "created_at", s->info.chat.created);
}

void
responses_response_write(
    struct responses_stream *s, struct jwriter *w, const char *key, const struct apierror *err)
{
	const struct usage *usage = gemini_reader_usage(&s->reader);
	bool over = strcmp(s->status, "in_progress") != 0;

	responses_object_open(s, w, key, "response");
	jw_str(w, "status", s->status);
	event_error_write(w, err);
	if (s->reason != NULL) {
		jw_object(w, "incomplete_details");
		jw_str(w, "reason", s->reason);
		jw_object_end(w);
	} else {
		jw_null(w, "incomplete_details");
	}
	jw_str(w, "model", s->model);
	jw_array(w, "output");
	if (s->output.len > 0)
		jw_raw(w, NULL, buf_slice(&s->output));
	jw_array_end(w);
	/* Clients want the counts of every answer, also where Google gave none. */
	if (over && (usage->known || err == NULL))
		usage_write_responses(usage, w, "usage");
	if (over)
		chat_tier_write(w, usage);
	if (s->info.echo.len > 0) {
		buf_addc(w->out, ',');
		buf_add_slice(w->out, s->info.echo);
	}
	jw_object_end(w);
}

void
responses_event_write(struct responses_stream *s, const char *type, struct jwriter *w)
{
	buf_adds(s->out, "event: ");
	buf_adds(s->out, type);
	buf_adds(s->out, "\ndata: ");
	*w = jwriter_on(s->out);
	jw_object(w, NULL);
	jw_str(w, "type", type);
	jw_int(w, "sequence_number", (int64_t)s->sequence++);
}

void
responses_event_close(struct responses_stream *s, struct jwriter *w)
{
	jw_object_end(w);
	buf_add(s->out, "\n\n", 2);
}

void
responses_event_tell(struct responses_stream *s, const char *type, const struct apierror *err)
{
	struct jwriter w;

	responses_event_write(s, type, &w);
	responses_response_write(s, &w, "response", err);
	responses_event_close(s, &w);
}

void
responses_begin(struct responses_stream *s)
{
	if (s->begun || !s->info.events)
		return;
	s->begun = true;
	responses_event_tell(s, "response.created", NULL);
	responses_event_tell(s, "response.in_progress", NULL);
}

bool
responses_event_open(struct responses_stream *s, const char *type, struct jwriter *w)
{
	if (!s->info.events)
		return false;
	responses_begin(s);
	responses_event_write(s, type, w);
	return true;
}

void
responses_stream_response(struct responses_stream *s, struct buf *out)
{
	struct jwriter w = jwriter_on(out);

	responses_response_write(s, &w, NULL, NULL);
}

struct slice
responses_stream_output(const struct responses_stream *s)
{
	return buf_slice(&s->output);
}
