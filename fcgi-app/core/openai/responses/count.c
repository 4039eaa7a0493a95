/* POST /responses/input_tokens: what a create would send to Google, counted. */
#include "config.h"

#include "core/openai/responses/responses.h"

#include <string.h>

void
responses_count_write(const struct responses_request *q, struct buf *out)
{
	struct slice body = buf_slice(&q->chat.body);
	const char *model = q->chat.model.name;

	buf_adds(out, "{\"generateContentRequest\":{\"model\":\"");
	if (strchr(model, '/') == NULL)
		buf_adds(out, "models/");
	buf_add_json(out, slice_str(model));
	/* The other members stand behind the brace. */
	buf_adds(out, body.len > 2 ? "\"," : "\"");
	buf_add(out, body.ptr + 1, body.len - 1);
	buf_addc(out, '}');
}

int
responses_count_reply(
    struct slice text, struct answer_scratch *scratch, struct buf *out, struct apierror *err)
{
	json_object *doc = answer_read(scratch, text, err);
	struct jwriter w = jwriter_on(out);
	int64_t count = json_get_int(doc, "totalTokens", 0);

	if (doc == NULL)
		return -1;
	json_object_put(doc);
	if (count < 0)
		return apierror_set(err, APIERROR_BAD_ANSWER, NULL, NULL);
	jw_object(&w, NULL);
	jw_str(&w, "object", "response.input_tokens");
	jw_int(&w, "input_tokens", count);
	jw_object_end(&w);
	return 0;
}
