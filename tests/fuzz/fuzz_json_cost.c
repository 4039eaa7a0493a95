/*
 * What a JSON text will cost: the price is finite and grows with the text, a budget is kept, and a
 * text looks whole when json-c reads it.
 */
#include "config.h"

#include "core/json/json.h"
#include "core/json/json_cost.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice text = { (const char *)bytes, size };
	struct json_budget budget = { 0 };
	json_object *doc;
	size_t cost;

	if (slice_starts(text, SLICE("\xEF\xBB\xBF")))
		return 0; /* taken off before the text is looked at */
	budget.left = cost = json_cost(text, SIZE_MAX);
	FUZZ_CHECK(cost <= size * 1000);
	json_budget_use(&budget);
	doc = json_read(text);
	json_budget_use(NULL);
	FUZZ_CHECK(!budget.exceeded);
	if (json_object_is_type(doc, json_type_object) || json_object_is_type(doc, json_type_array))
		FUZZ_CHECK(json_is_whole(text));
	json_object_put(doc);
	return 0;
}
