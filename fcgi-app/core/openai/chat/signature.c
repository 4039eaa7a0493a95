/* Thought signatures as clients carry them back. */
#include "config.h"

#include "core/openai/chat/chat_read.h"

#include "base/base64.h"

bool
chat_signature_is_good(json_object *string)
{
	struct slice text = json_str(string);
	struct buf copy;
	bool good;

	if (text.len == 0)
		return false;
	buf_init(&copy, text.len + 3);
	good = base64_normalise(text, &copy);
	buf_release(&copy);
	return good;
}

json_object *
chat_signature_of(json_object *holder)
{
	json_object *google = json_get(json_get(holder, "extra_content"), "google");
	json_object *signature = json_get(google, "thought_signature");

	return chat_signature_is_good(signature) ? signature : NULL;
}
