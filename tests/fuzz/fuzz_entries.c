/*
 * Lists of keys and of tokens, as an operator or a caller writes them. Input: an option, a
 * blank line, a file. What is read is clean, and written out again it is read as the same.
 */
#include "config.h"

#include <string.h>

#include "app/keys/tokens.h"
#include "base/limits.h"
#include "core/keys/key_list.h"
#include "fuzz.h"

static void
check_word(const char *word)
{
	FUZZ_CHECK(word[0] != '\0' && strlen(word) <= KEY_BYTES_MAX);
	for (const char *c = word; *c != '\0'; c++)
		FUZZ_CHECK((unsigned char)*c > ' ' && *c != ',');
}

static void
check_again(const struct key_list *list)
{
	struct key_list_error error;
	struct key_list again;
	struct buf text;

	buf_init(&text, 64 * MIB);
	for (size_t i = 0; i < list->count; i++) {
		check_word(list->specs[i].secret);
		buf_adds(&text, list->specs[i].secret);
		buf_addc(&text, '\n');
	}
	if (key_list_read(&again, SLICE(""), buf_slice(&text), &error) == 0)
		FUZZ_CHECK(again.count == list->count);
	key_list_release(&again);
	buf_release(&text);
}

static void
read_keys(struct slice option, struct slice file)
{
	struct key_list_error error = { 0 };
	struct key_list list;

	if (key_list_read(&list, option, file, &error) == 0)
		check_again(&list);
	else
		FUZZ_CHECK(error.reason != NULL && list.count == 0);
	key_list_release(&list);
	if (key_list_read_plain(&list, option, &error) == 0)
		for (size_t i = 0; i < list.count; i++)
			check_word(list.specs[i].secret);
	key_list_release(&list);
}

static void
read_tokens(struct slice option, struct slice file)
{
	char error[CONF_ERROR_MAX] = "";
	struct tokens *tokens = tokens_new(option, file, "file", NULL, error);

	FUZZ_CHECK(tokens != NULL || error[0] != '\0');
	FUZZ_CHECK(tokens == NULL || tokens_find(tokens, SLICE("")) == NULL);
	tokens_free(tokens);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice option = { (const char *)bytes, size }, file = SLICE("");
	ptrdiff_t at = slice_find(option, SLICE("\n\n"));

	if (memchr(bytes, '\0', size) != NULL)
		return 0; /* files and options are texts */
	if (at >= 0) {
		file = (struct slice){ option.ptr + at + 2, size - (size_t)at - 2 };
		option.len = (size_t)at;
	}
	read_keys(option, file);
	read_tokens(option, file);
	return 0;
}
