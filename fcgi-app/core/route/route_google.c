/* Google's side of a path: versions, collections, verbs. */
#include "config.h"

#include "base/xalloc.h"
#include "core/http/query.h"
#include "route_priv.h"

/* clang-format off */
static const char *const versions[] = { "v1", "v1beta", "v1alpha" };

/* Google's collections: the first segment behind the version. What callers name stands behind
 * those of the second list, paths of files among it. */
static const char *const model_collections[] = { "models", "tunedModels", "dynamic" };
static const char *const collections[] = {
	"files", "cachedContents", "batches", "fileSearchStores", "generatedFiles", "corpora",
	"auth_tokens", "interactions", "agents", "triggers", "environments", "credentials", "voices",
	"webhooks", "operations", "decisions",
};
/* clang-format on */

bool
route_is_word(struct slice word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq(word, slice_str(words[i])))
			return true;
	return false;
}

bool
route_is_version(const struct route_path *p, size_t at)
{
	return at < p->count && route_is_word(p->segs[at], versions, ARRAY_SIZE(versions));
}

/* The segment without its verb: `x` of `x:generateContent` and `x%3AgenerateContent`. All of it
 * when what follows the last colon is no verb. */
static struct slice
before_verb(struct slice segment)
{
	size_t colon = segment.len, after = segment.len;

	for (size_t i = 0; i < segment.len; i++) {
		struct slice rest = { segment.ptr + i, segment.len - i };

		if (rest.ptr[0] == ':' || percent_byte(rest) == ':') {
			colon = i;
			after = i + (rest.ptr[0] == ':' ? 1 : 3);
		}
	}
	if (after == segment.len)
		return segment;
	for (size_t i = after; i < segment.len; i++) {
		int letter = segment.ptr[i] | 0x20;

		if (letter < 'a' || letter > 'z')
			return segment;
	}
	return (struct slice){ segment.ptr, colon };
}

bool
route_has_verb(const struct route_path *p)
{
	struct slice last = p->segs[p->count - 1];

	return before_verb(last).len < last.len;
}

bool
route_is_collection(const struct route_path *p, size_t at)
{
	struct slice word = at < p->count ? before_verb(p->segs[at]) : SLICE("");

	return route_is_word(word, model_collections, ARRAY_SIZE(model_collections)) ||
	       route_is_word(word, collections, ARRAY_SIZE(collections));
}

size_t
route_find_inside(const struct route_path *p)
{
	for (size_t at = p->mount + 1; at + 2 < p->count; at++)
		if (route_is_version(p, at - 1) &&
		    route_is_word(p->segs[at], collections, ARRAY_SIZE(collections)))
			return at;
	return p->count;
}
