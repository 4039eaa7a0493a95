/* The one line that explains a request. */
#include "config.h"

#include "request.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"

/* How the keys stand is told for requests that failed for want of one. */
static bool
wants_keys(const struct request *r)
{
	return r->ring != NULL && r->model_id != 0 && !r->gone &&
	       (r->err.status == 429 || r->err.status >= 500 ||
		   r->err.kind == APIERROR_MODEL_NOT_FOUND);
}

void
access_line(struct request *r)
{
	uint64_t now = clock_mono_ms();
	size_t keys = 0, ready = 0;
	bool wanted = wants_keys(r);
	char ready_text[48];
	const struct key_spec *key = r->key_spec;
	struct buf barred;

	buf_init(&barred, KIB);
	if (wanted)
		choose_explain(r, &barred, &keys, &ready);
	snprintf(ready_text, sizeof(ready_text), "%zu/%zu", ready, keys);

	log_event(LOG_INFO, "request", LOG_S("id", r->id), LOG_S("route", r->route_name),
	    LOG_S("model", r->model[0] != '\0' ? r->model : NULL),
	    LOG_S("remote", r->client[0] != '\0' ? r->client : NULL),
	    LOG_S("instead_of", r->instead_of != NULL && strcmp(r->instead_of, r->model) != 0
				    ? r->instead_of
				    : NULL),
	    LOG_S("key", r->key_name[0] != '\0' ? r->key_name : NULL),
	    LOG_S("key_name", key != NULL && key->name[0] != '\0' ? key->name : NULL),
	    LOG_N("key_line", key != NULL && r->own_ring == NULL ? key->line : 0),
	    LOG_S("token",
		r->token != NULL && token_name(r->token)[0] != '\0' ? token_name(r->token) : NULL),
	    LOG_S("keys", r->ring == NULL       ? NULL
			  : r->own_ring != NULL ? "own"
						: "pool"),
	    LOG_N("attempts", r->calls), LOG_S("failed", r->trail[0] != '\0' ? r->trail : NULL),
	    LOG_S("keys_ready", wanted ? ready_text : NULL),
	    LOG_S("barred", barred.len > 0 ? barred.data : NULL),
	    LOG_S("quota", r->quota[0] != '\0' ? r->quota : NULL), LOG_N("waited_ms", r->waited_ms),
	    LOG_N("status", r->gone && !r->head_sent ? 499 : r->status),
	    LOG_N("retry_after", r->retry_after), LOG_N("upstream_status", r->up_status),
	    LOG_S("upstream_end", r->up_result != NET_OK ? netresult_word(r->up_result) : NULL),
	    LOG_S("class", r->class),
	    LOG_S("error", r->err.kind != APIERROR_NONE ? apierror_word(r->err.kind) : NULL),
	    LOG_S("home", r->home_word), LOG_N("objects", r->object_count),
	    LOG_S("client", r->gone ? "gone" : NULL),
	    LOG_N("first_byte_ms", r->first_ms != 0 ? (int64_t)(r->first_ms - r->started_ms) : -1),
	    LOG_N("total_ms", now - r->started_ms), LOG_N("bytes_in", r->bytes_in),
	    LOG_N("bytes_out", r->bytes_out), LOG_N("prompt_tokens", usage_input(&r->usage)),
	    LOG_N("cached_tokens", r->usage.cached),
	    LOG_N("completion_tokens", usage_output(&r->usage)),
	    LOG_N("reasoning_tokens", r->usage.thoughts));
	buf_release(&barred);
}
