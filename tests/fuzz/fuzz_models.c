/*
 * What is said about models: Google's list, the operator's aliases and families. The first byte
 * tells which. Lists that come out are JSON, names that come out can stand in a URL.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/gemini/family.h"
#include "core/openai/models/model_list.h"
#include "core/gemini/models.h"
#include "check_json.h"
#include "fuzz.h"

static struct answer_scratch scratch;

static void
read_list(struct slice text)
{
	const char *error;
	struct models *models = models_new(models_default_aliases, &error);
	struct model_list list = { 0 };
	struct apierror err;
	struct buf out, names, next;

	buf_init(&out, 64 * MIB);
	buf_init(&names, MIB);
	buf_init(&next, MIB);
	model_list_init(&list, &scratch);
	if (model_list_add(&list, text, &err) == 0) {
		model_list_write(&list, models, &out);
		check_json(&out);
	} else {
		FUZZ_CHECK(err.message[0] != '\0');
	}
	model_names_add(&names, text, &next);
	model_list_release(&list);
	models_free(models);
	buf_release(&out);
	buf_release(&names);
	buf_release(&next);
}

/* text: an alias table, a blank line, a name. */
static void
read_aliases(const char *text, struct slice name)
{
	const char *error = NULL;
	struct models *models = models_new(text, &error);
	struct model_choice choice;
	struct apierror err;

	FUZZ_CHECK((models == NULL) == (error != NULL));
	if (models != NULL && models_resolve(models, name, &choice, &err) == 0)
		do
			for (const char *c = choice.name; *c != '\0'; c++)
				FUZZ_CHECK((unsigned char)*c > ' ' && strchr("?#%\\", *c) == NULL);
		while (models_next(&choice));
	models_free(models);
}

static void
read_families(const char *text, const char *name)
{
	const char *error = NULL;
	size_t line = 0;
	struct families *families = families_new(text, &error, &line);

	FUZZ_CHECK(families != NULL || (error != NULL && line > 0));
	FUZZ_CHECK(families_of(families, name) != NULL);
	families_free(families);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text, *name;

	if (size == 0)
		return 0;
	if (bytes[0] % 3 == 0) {
		read_list((struct slice){ (const char *)bytes + 1, size - 1 });
		return 0;
	}
	text = xstrndup((const char *)bytes + 1, size - 1);
	name = strstr(text, "\n\n");
	if (name != NULL) {
		*name = '\0';
		name += 2;
	}
	if (bytes[0] % 3 == 1)
		read_aliases(text, slice_str(name));
	else
		read_families(text, name != NULL ? name : "gemini-flash-latest");
	free(text);
	return 0;
}
