#include "config.h"

#include "core/openai/common/request_text.h"

json_object *
request_text_read(struct json_reader *reader, struct slice text, struct apierror *err)
{
	json_object *source = reader != NULL ? json_reader_read(reader, text) : json_read(text);

	if (source == NULL) {
		apierror_set(err, APIERROR_BAD_JSON, NULL, NULL);
	} else if (!json_object_is_type(source, json_type_object)) {
		apierror_set(err, APIERROR_BAD_REQUEST, NULL,
		    "The request body must be a JSON object, but is %s.", json_type_word(source));
		json_object_put(source);
		source = NULL;
	}
	return source;
}
