/* Tokens are words; what else they could have been is made up, the last of it all but impossible.
 */
#include "config.h"

#include <stdio.h>

#include "base/utf8.h"
#include "gen.h"
#include "gjson.h"

#define TOKEN_BYTES 12
#define LOWEST      "-3.4028235e+38"

static json_object *
logprobs_candidate(struct slice token, int id, double value, const char *as_written)
{
	json_object *row = json_object_new_object();

	json_object_object_add(row, "token", gjson_new(token));
	json_object_object_add(row, "tokenId", json_object_new_int(id));
	json_object_object_add(row, "logProbability",
	    as_written != NULL ? json_object_new_double_s(value, as_written)
			       : json_object_new_double(value));
	return row;
}

/* A blank and the word behind it; long words are cut between characters. */
static struct slice
next_token(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && n < TOKEN_BYTES && (n == 0 || rest->ptr[n] != ' ')) {
		size_t width = utf8_width((const unsigned char *)rest->ptr + n, rest->len - n);

		n += width > 0 ? width : 1;
	}
	*rest = (struct slice){ rest->ptr + n, rest->len - n };
	return (struct slice){ rest->ptr - n, n };
}

static json_object *
logprobs_others(struct slice token, double chosen, int top, bool infinite)
{
	json_object *row = json_object_new_object(), *list = json_object_new_array();

	for (int k = 0; k < top; k++) {
		bool last = k > 0 && k + 1 == top;
		char word[32];

		snprintf(word, sizeof(word), " other%d", k);
		if (k == 0)
			json_object_array_add(list, logprobs_candidate(token, 1000, chosen, NULL));
		else
			json_object_array_add(list, logprobs_candidate(slice_str(word), 1000 + k,
							last ? -3.4028235e38 : chosen - k,
							!last      ? NULL
							: infinite ? "\"-Infinity\""
								   : LOWEST));
	}
	json_object_object_add(row, "candidates", list);
	return row;
}

json_object *
logprobs_of_text(struct slice text, int top, bool infinite, double *sum, size_t *count)
{
	json_object *result = json_object_new_object(), *chosen = json_object_new_array();
	json_object *tops = top > 0 ? json_object_new_array() : NULL;

	while (text.len > 0) {
		struct slice token = next_token(&text);
		double value = -0.125 * (double)(token.len % 7) - 0.0625;

		json_object_array_add(chosen, logprobs_candidate(token, 1000, value, NULL));
		if (tops != NULL)
			json_object_array_add(tops, logprobs_others(token, value, top, infinite));
		*sum += value;
		(*count)++;
	}
	json_object_object_add(result, "chosenCandidates", chosen);
	if (tops != NULL)
		json_object_object_add(result, "topCandidates", tops);
	json_object_object_add(result, "logProbabilitySum", json_object_new_double(*sum));
	return result;
}
