/* Results of /verify as Server-Sent Events; a key is written masked. */
#include "config.h"

#include "core/keys/verify.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/json/json.h"
#include "core/json/jwriter.h"
#include "core/keys/keypool.h"

static const char *const status_words[VERIFY_STATUSES] = { "GOOD", "BAD", "ERROR" };

/* clang-format off */
/* What a verdict's error says about the key; other errors say nothing. */
static const struct {
	enum apierror_kind error;
	enum verify_status status;
} meanings[] = {
	{ APIERROR_NONE,       VERIFY_GOOD },
	{ APIERROR_RATE_LIMIT, VERIFY_GOOD },
	{ APIERROR_QUOTA,      VERIFY_GOOD },
	{ APIERROR_BAD_KEY,    VERIFY_BAD },
	{ APIERROR_KEY_FAULT,  VERIFY_BAD },
	{ APIERROR_FORBIDDEN,  VERIFY_BAD },
	{ APIERROR_PAYMENT,    VERIFY_BAD },
};
/* clang-format on */

enum verify_status
verify_status_of(const struct verdict *v)
{
	/* A moment's wait may cure it: then it was not about the key. */
	if (v->action == VERDICT_AGAIN)
		return VERIFY_ERROR;
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (meanings[i].error == v->error)
			return meanings[i].status;
	return VERIFY_ERROR;
}

void
verify_event(const struct verify_result *result, struct verify_counts *counts, struct buf *out)
{
	enum verify_status status = verify_status_of(&result->verdict);
	bool failed = result->verdict.error != APIERROR_NONE;
	struct jwriter w = jwriter_on(out);
	struct buf masked;

	counts->of[status]++;
	counts->repeats += result->repeats;
	buf_init(&masked, KIB);
	key_mask(result->key, &masked);
	buf_adds(out, "data: ");
	jw_object(&w, NULL);
	jw_slice(&w, "key", buf_slice(&masked));
	jw_str(&w, "status", status_words[status]);
	jw_str(&w, "error", failed ? result->error.message : NULL);
	jw_str(&w, "class", result->verdict.class);
	jw_str(&w, "reason", result->reason[0] != '\0' ? result->reason : NULL);
	jw_str(&w, "project", result->project[0] != '\0' ? result->project : NULL);
	jw_int(&w, "duplicates", result->repeats);
	jw_int(&w, "index", (int64_t)result->index);
	jw_str(&w, "fingerprint", result->fingerprint);
	if (result->spec != NULL && result->spec->name[0] != '\0')
		jw_str(&w, "name", result->spec->name);
	if (result->spec != NULL && result->spec->line > 0)
		jw_int(&w, "line", result->spec->line);
	jw_object_end(&w);
	buf_adds(out, "\n\n");
	buf_release(&masked);
}

void
verify_summary(const struct verify_counts *counts, struct buf *out)
{
	static const char *const names[VERIFY_STATUSES] = { "good", "bad", "error" };
	struct jwriter w = jwriter_on(out);
	size_t total = 0;

	for (size_t i = 0; i < VERIFY_STATUSES; i++)
		total += counts->of[i];
	buf_adds(out, "data: ");
	jw_object(&w, NULL);
	jw_object(&w, "summary");
	jw_int(&w, "total", (int64_t)total);
	for (size_t i = 0; i < VERIFY_STATUSES; i++)
		jw_int(&w, names[i], (int64_t)counts->of[i]);
	jw_int(&w, "duplicates", (int64_t)counts->repeats);
	jw_object_end(&w);
	jw_object_end(&w);
	buf_adds(out, "\n\n");
}

/* ---- lists ---- */

static int
verify_read_list(json_object *keys, struct buf *list, struct apierror *err)
{
	for (size_t i = 0; i < json_object_array_length(keys); i++) {
		json_object *key = json_object_array_get_idx(keys, i);

		if (!json_object_is_type(key, json_type_string))
			return apierror_set(err, APIERROR_BAD_TYPE, "keys",
			    "Key %zu is %s; it must be a string.", i, json_type_word(key));
		if (i > 0)
			buf_addc(list, ',');
		buf_add_slice(list, json_str(key));
	}
	return 0;
}

static int
read_json(json_object *doc, struct buf *list, struct apierror *err)
{
	json_object *keys = doc;

	if (json_object_is_type(doc, json_type_object))
		keys = json_get(doc, "keys");
	if (json_object_is_type(keys, json_type_array))
		return verify_read_list(keys, list, err);
	if (json_object_is_type(keys, json_type_string)) {
		buf_add_slice(list, json_str(keys));
		return 0;
	}
	return apierror_set(err, APIERROR_BAD_TYPE, "keys",
	    "The keys are %s; they must be an array of strings or one string.",
	    json_type_word(keys));
}

int
verify_read_keys(struct slice body, struct buf *list, struct apierror *err)
{
	struct slice text = slice_trim(body);
	json_object *doc;
	int rc = 0;

	if (text.len > 0 && (text.ptr[0] == '{' || text.ptr[0] == '[')) {
		doc = json_read(text);
		rc = doc != NULL ? read_json(doc, list, err)
		                 : apierror_set(err, APIERROR_BAD_JSON, NULL, NULL);
		json_object_put(doc);
	} else {
		buf_add_slice(list, text);
	}
	if (rc == 0 && list->failed)
		return apierror_set(
		    err, APIERROR_TOO_LARGE, "keys", "The list of keys is too long.");
	return rc;
}
