/*
 * What is learnt about models from other processes and from Google. Input: lines, a name and a text
 * in turn, then bytes of an answer. Whatever is told, what is told on is taken as the same.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "core/gemini/learned.h"
#include "fuzz.h"

#define NOW 1782864000000ULL

static void
on_told(void *ctx, struct slice name, struct slice text)
{
	struct buf *out = ctx;

	FUZZ_CHECK(memchr(text.ptr, '\n', text.len) == NULL);
	buf_add_slice(out, name);
	buf_addc(out, '\n');
	buf_add_slice(out, text);
	buf_addc(out, '\n');
}

static void
take_all(struct slice lines, struct buf *ret)
{
	static const uint8_t key[SIPHASH_KEY_BYTES] = "fuzz";
	struct learned *l = learned_new(key, 64);
	struct learned_watch watch = { on_told, ret };
	struct slice name, text;
	struct lesson lesson;

	while (slice_split(&lines, '\n', &name) && slice_split(&lines, '\n', &text)) {
		learned_take(l, name, text, NOW);
		learned_get(l, name, NOW, &lesson);
	}
	learned_set_watch(l, &watch);
	learned_tell_all(l);
	learned_free(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size }, version;
	struct buf once, twice;

	if (memchr(bytes, '\0', size) != NULL)
		return 0; /* names are texts */
	buf_init(&once, 4 * MIB);
	buf_init(&twice, 4 * MIB);
	take_all(all, &once);
	take_all(buf_slice(&once), &twice);
	FUZZ_CHECK(once.len == twice.len);
	if (learned_version(all, &version))
		FUZZ_CHECK(version.ptr >= all.ptr && version.ptr + version.len <= all.ptr + size);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
