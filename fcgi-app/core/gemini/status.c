/* google.rpc.Status, ErrorInfo, QuotaFailure and RetryInfo; the quota ids are those that Google's
 * 429 bodies quote. */
#include "config.h"

#include "core/gemini/status.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "core/api/apierror.h"
#include "core/http/sse.h"

/* clang-format off */
static const struct {
	const char *word;
	enum gspan span;
} quota_spans[] = {
	{ "PerDay",    GSPAN_DAY },
	{ "PerHour",   GSPAN_HOUR },
	{ "PerMinute", GSPAN_MINUTE },
};

static const struct {
	const char *word;
	double ms;
} time_units[] = {
	{ "ms", 1 }, { "h", 3600e3 }, { "m", 60e3 }, { "s", 1e3 },
};
/* clang-format on */

static void
copy_text(char *ret, size_t size, struct slice text)
{
	size_t len = 0, width;

	while (len < text.len) {
		width = utf8_width((const unsigned char *)text.ptr + len, text.len - len);
		if (width == 0)
			width = 1;
		if (len + width >= size)
			break;
		len += width;
	}
	memcpy(ret, text.ptr, len);
	ret[len] = '\0';
}

/* Digits with or without a fraction at the start of *s, which moves behind them. */
static bool
read_decimal(struct slice *s, double *ret)
{
	double value = 0, scale = 1;
	bool digits = false, fraction = false;

	for (; s->len > 0; s->ptr++, s->len--) {
		if (s->ptr[0] == '.' && !fraction && digits) {
			fraction = true;
		} else if (s->ptr[0] >= '0' && s->ptr[0] <= '9') {
			digits = true;
			if (fraction)
				scale /= 10;
			value = fraction ? value + (s->ptr[0] - '0') * scale
			                 : value * 10 + (s->ptr[0] - '0');
		} else {
			break;
		}
	}
	*ret = value;
	return digits;
}

/* Durations at the start of s: "26s", "26.837s", "11h22m3s". Milliseconds, rounded up. */
static uint32_t
read_duration(struct slice s)
{
	double total = 0, value;
	size_t unit;

	while (read_decimal(&s, &value)) {
		for (unit = 0; unit < ARRAY_SIZE(time_units); unit++)
			if (slice_starts(s, slice_str(time_units[unit].word)))
				break;
		if (unit == ARRAY_SIZE(time_units))
			break;
		total += value * time_units[unit].ms;
		s.ptr += strlen(time_units[unit].word);
		s.len -= strlen(time_units[unit].word);
	}
	if (total >= UINT32_MAX)
		return UINT32_MAX;
	return (uint32_t)(total + 0.999);
}

/* What follows the first `words` in text; false when they do not occur. */
static bool
text_after(struct slice text, struct slice words, struct slice *ret)
{
	ptrdiff_t at = slice_find(text, words);

	if (at < 0)
		return false;
	*ret = (struct slice){ text.ptr + at + words.len, text.len - (size_t)at - words.len };
	return true;
}

static bool
status_is_digit(struct slice s, size_t at)
{
	return at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9';
}

/* "limit: 0" in the message: proto3 leaves a zero quotaValue out. */
static bool
has_zero_limit(struct slice message)
{
	while (text_after(message, SLICE("limit: 0"), &message)) {
		bool fraction =
		    message.len > 0 && message.ptr[0] == '.' && status_is_digit(message, 1);

		if (!status_is_digit(message, 0) && !fraction)
			return true;
	}
	return false;
}

static enum gspan
quota_span(struct slice id)
{
	for (size_t i = 0; i < ARRAY_SIZE(quota_spans); i++)
		if (slice_find(id, slice_str(quota_spans[i].word)) >= 0)
			return quota_spans[i].span;
	return id.len > 0 ? GSPAN_OTHER : GSPAN_NONE;
}

/* Takes one violated quota into account. value: -1 when it is not told. */
static void
add_quota(struct gemini_status *g, struct slice id, struct slice metric, struct slice model,
    int64_t value)
{
	bool first = g->quota_id[0] == '\0' && g->quota_value[0] == '\0';
	bool zero = strcmp(g->quota_value, "0") == 0;
	enum gspan span = quota_span(id);
	struct gquota *quota;

	if (first || span > g->span) {
		copy_text(g->quota_id, sizeof(g->quota_id), id);
		g->span = span;
		g->quota_value[0] = '\0';
		if (value >= 0)
			snprintf(g->quota_value, sizeof(g->quota_value), "%lld", (long long)value);
	}
	if (zero || value == 0)
		memcpy(g->quota_value, "0", 2);
	if (g->quota_count == GQUOTAS_MAX)
		return;
	quota = &g->quotas[g->quota_count++];
	copy_text(quota->id, sizeof(quota->id), id);
	copy_text(quota->metric, sizeof(quota->metric), metric);
	copy_text(quota->model, sizeof(quota->model), model);
	quota->value = value;
}

static void
read_quota_failure(struct gemini_status *g, json_object *detail)
{
	json_object *violations = json_get_array(detail, "violations");
	size_t count = violations != NULL ? json_object_array_length(violations) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *violation = json_object_array_get_idx(violations, i);
		json_object *dimensions = json_get_object(violation, "quotaDimensions");

		/* int64 in JSON is a string; it may be absent. */
		add_quota(g, json_get_str(violation, "quotaId"),
		    json_get_str(violation, "quotaMetric"), json_get_str(dimensions, "model"),
		    json_int(json_get(violation, "quotaValue"), -1));
	}
}

/* The project's number or name at the start of text. */
static void
note_project(struct gemini_status *g, struct slice text)
{
	size_t len = 0;

	while (len < text.len && (status_is_digit(text, len) || text.ptr[len] == '-' ||
				     (text.ptr[len] >= 'a' && text.ptr[len] <= 'z')))
		len++;
	if (g->project[0] == '\0' && len > 0 && len < sizeof(g->project))
		copy_text(g->project, sizeof(g->project), (struct slice){ text.ptr, len });
}

static void
read_error_info(struct gemini_status *g, json_object *detail)
{
	json_object *metadata = json_get_object(detail, "metadata");
	struct slice limit = json_get_str(metadata, "quota_limit"), project;

	if (g->reason[0] == '\0')
		copy_text(g->reason, sizeof(g->reason), json_get_str(detail, "reason"));
	if (limit.len > 0)
		add_quota(g, limit, json_get_str(metadata, "quota_metric"), SLICE(""),
		    json_int(json_get(metadata, "quota_limit_value"), -1));
	if (text_after(json_get_str(metadata, "consumer"), SLICE("projects/"), &project))
		note_project(g, project);
}

/* "Quota exceeded for metric: M, limit: N, model: X", once for each violation: all there is when
 * the details are left out. */
static void
read_metric_lines(struct gemini_status *g, struct slice message)
{
	struct slice metric, rest, model;

	while (text_after(message, SLICE("exceeded for metric: "), &message)) {
		double value = -1;

		metric = model = message;
		metric.len = model.len = 0;
		while (
		    metric.len < message.len && memchr(", \n", message.ptr[metric.len], 3) == NULL)
			metric.len++;
		message = slice_skip(message, metric.len);
		rest = message;
		if (slice_starts(rest, SLICE(", limit: "))) {
			rest = slice_skip(rest, 9);
			if (!read_decimal(&rest, &value) || value > 1e15)
				value = -1;
		}
		if (slice_starts(rest, SLICE(", model: "))) {
			model = (struct slice){ rest.ptr + 9, 0 };
			while (model.len < rest.len - 9 &&
			       memchr(", \n", model.ptr[model.len], 3) == NULL)
				model.len++;
		}
		add_quota(g, SLICE(""), metric, model, (int64_t)value);
	}
}

static void
read_retry_info(struct gemini_status *g, json_object *detail)
{
	g->retry_ms = read_duration(json_get_str(detail, "retryDelay"));
}

/* clang-format off */
static const struct {
	const char *type; /* the last word of @type */
	void (*read)(struct gemini_status *g, json_object *detail);
} details[] = {
	{ "google.rpc.ErrorInfo",    read_error_info },
	{ "google.rpc.QuotaFailure", read_quota_failure },
	{ "google.rpc.RetryInfo",    read_retry_info },
};
/* clang-format on */

static void
read_detail(struct gemini_status *g, json_object *detail)
{
	struct slice type = json_get_str(detail, "@type");

	for (size_t i = 0; i < ARRAY_SIZE(details); i++)
		if (slice_ends(type, slice_str(details[i].type)))
			details[i].read(g, detail);
}

static void
read_error(struct gemini_status *g, json_object *error)
{
	json_object *list = json_get_array(error, "details");
	struct slice message = json_get_str(error, "message"), rest;
	int64_t code = json_get_int(error, "code", 0);

	g->is_status = true;
	g->code = code > 0 && code < 1000 ? (int)code : 0;
	copy_text(g->status, sizeof(g->status), json_get_str(error, "status"));
	copy_text(g->message, sizeof(g->message), message.len > 0 ? message : json_str(error));
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
		read_detail(g, json_object_array_get_idx(list, i));
	if (g->quota_count == 0)
		read_metric_lines(g, message);
	if (text_after(message, SLICE("project_number:"), &rest) ||
	    text_after(message, SLICE(" in project "), &rest))
		note_project(g, rest);
	if (has_zero_limit(message))
		memcpy(g->quota_value, "0", 2);
	if (g->retry_ms == 0 && text_after(message, SLICE("retry in "), &rest))
		g->retry_ms = read_duration(rest);
}

/* The error in a document or in the first element of a list that has one; NULL: none. */
static json_object *
error_in(json_object *doc)
{
	json_object *error = json_get(doc, "error");

	if (json_object_is_type(doc, json_type_array))
		for (size_t i = 0; error == NULL && i < json_object_array_length(doc); i++)
			error = json_get(json_object_array_get_idx(doc, i), "error");
	return json_object_is_type(error, json_type_object) ||
	               json_object_is_type(error, json_type_string)
	           ? error
	           : NULL;
}

static void
gemini_status_read_json(struct gemini_status *g, json_object *doc)
{
	json_object *error = error_in(doc);

	*g = (struct gemini_status){ 0 };
	if (error != NULL)
		read_error(g, error);
}

int
answer_error(struct answer_scratch *scratch, json_object *doc, struct apierror *err)
{
	if (error_in(doc) == NULL)
		return 0;
	gemini_status_read_json(&scratch->status, doc);
	return apierror_set(err, APIERROR_REPORTED, NULL, "%s", scratch->status.message);
}

json_object *
answer_read(struct answer_scratch *scratch, struct slice text, struct apierror *err)
{
	json_object *doc = json_read(text);

	if (answer_error(scratch, doc, err) == 0) {
		if (json_object_is_type(doc, json_type_object))
			return doc;
		apierror_set(err, APIERROR_BAD_ANSWER, NULL,
		    "The answer of the Gemini API is not the JSON object that was expected.");
	}
	json_object_put(doc);
	return NULL;
}

static void
status_read_text(struct gemini_status *g, struct slice text)
{
	json_object *doc = json_read(text);

	gemini_status_read_json(g, doc);
	json_object_put(doc);
}

/* Stops at the first event that is an error. */
static int
status_read_event(void *ctx, struct slice data)
{
	struct gemini_status *g = ctx;

	status_read_text(g, data);
	return g->is_status ? 1 : 0;
}

static bool
is_html(struct slice text)
{
	return slice_starts(text, SLICE("<"));
}

void
gemini_status_read(struct gemini_status *g, struct slice body)
{
	struct slice text = slice_trim(body), residue;
	struct sse sse;

	status_read_text(g, text);
	if (g->is_status)
		return;
	if (is_html(text)) {
		g->is_html = true;
		return;
	}
	sse_init(&sse, ERROR_BODY_MAX);
	if (sse_feed(&sse, text, status_read_event, g) == 0 &&
	    sse_finish(&sse, status_read_event, g) == 0) {
		residue = sse_residue(&sse);
		if (residue.len > 0)
			status_read_text(g, residue);
	}
	sse_release(&sse);
}
