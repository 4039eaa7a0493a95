/*
 * The scrubber against a naive search. Input: lines of secrets, a blank line, data. Any
 * split gives the same bytes, the length stays, every secret is hidden, as it is and with escaped
 * characters, and nothing else is touched.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/keys/scrub.h"
#include "fuzz.h"

#define SECRETS_MAX 16

/* The character at `at`, and how long it is written; 0 at an escape that is cut off. */
static size_t
character(const struct buf *data, size_t at, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const char *s = data->data + at;
	size_t left = data->len - at, value = 0;

	*ret = s[0];
	if (s[0] != '\\')
		return 1;
	if (left < 2)
		return 0;
	*ret = strchr("/\"\\", s[1]) != NULL && s[1] != '\0' ? s[1] : '\1';
	if (s[1] != 'u')
		return 2;
	for (size_t i = 2; i < 6; i++) {
		const char *digit = i < left ? strchr(digits, ascii_lower(s[i])) : NULL;

		if (i >= left)
			return 0;
		if (digit == NULL || *digit == '\0')
			return 2;
		value = value * 16 + (size_t)(digit - digits);
	}
	*ret = value > 1 && value < 128 ? (char)value : '\1';
	return 6;
}

/* Where the secret ends that begins at `at` with some of its characters escaped; 0: none does. */
static size_t
escaped_end(struct slice secret, const struct buf *data, size_t at)
{
	char c;

	for (size_t i = 0; i < secret.len; i++) {
		size_t len = at < data->len ? character(data, at, &c) : 0;

		if (len == 0 || c != secret.ptr[i])
			return 0;
		at += len;
	}
	return at;
}

static void
hide_naively(const struct slice *secrets, size_t count, const struct buf *data, char *ret)
{
	size_t step;
	char c;

	memcpy(ret, data->data, data->len);
	for (size_t at = 0; at < data->len && (step = character(data, at, &c)) > 0; at += step)
		for (size_t i = 0; i < count; i++) {
			size_t end = secrets[i].len >= 8 ? escaped_end(secrets[i], data, at) : 0;

			if (end > 0)
				memset(ret + at, '*', end - at);
		}
	for (size_t at = 0; at < data->len; at++) {
		struct slice rest = { data->data + at, data->len - at };

		for (size_t i = 0; i < count; i++)
			if (secrets[i].len >= 8 && slice_starts(rest, secrets[i]))
				memset(ret + at, '*', secrets[i].len);
	}
}

static void
collect(void *ctx, struct slice clean)
{
	FUZZ_CHECK(clean.len > 0);
	buf_add_slice(ctx, clean);
}

static void
check_split(const struct scrub_set *set, const struct buf *data, size_t piece, struct slice want)
{
	struct scrub_stream stream;
	struct buf out;

	buf_init(&out, data->len + 1);
	scrub_stream_init(&stream, set);
	for (size_t at = 0; at < data->len; at += piece) {
		size_t len = data->len - at < piece ? data->len - at : piece;

		scrub_stream_feed(&stream, (struct slice){ data->data + at, len }, collect, &out);
	}
	scrub_stream_finish(&stream, collect, &out);
	FUZZ_CHECK(slice_eq(buf_slice(&out), want));
	scrub_stream_release(&stream);
	buf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice rest = { (const char *)bytes, size }, line;
	struct slice secrets[SECRETS_MAX];
	struct scrub_set *set;
	struct buf data, copy;
	size_t count = 0, found;
	char *want;

	while (slice_split(&rest, '\n', &line) && line.len > 0)
		if (count < SECRETS_MAX)
			secrets[count++] = line;
	buf_init(&data, size + 1);
	buf_init(&copy, size + 1);
	buf_add_slice(&data, rest);
	buf_add_slice(&copy, rest);
	set = scrub_set_new(secrets, count);
	want = xmalloc(data.len);
	hide_naively(secrets, count, &data, want);
	found = scrub_bytes(set, copy.data, copy.len);
	FUZZ_CHECK(slice_eq(buf_slice(&copy), (struct slice){ want, data.len }));
	FUZZ_CHECK(found > 0 || slice_eq(buf_slice(&copy), buf_slice(&data)));
	for (size_t piece = 1; piece <= 11 && piece <= data.len; piece += 2)
		check_split(set, &data, piece, buf_slice(&copy));
	if (data.len > 0)
		check_split(set, &data, data.len, buf_slice(&copy));
	free(want);
	scrub_set_free(set);
	buf_release(&copy);
	buf_release(&data);
	return 0;
}
