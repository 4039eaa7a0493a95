/* Undoes gzip and deflate piece by piece; how large a body becomes is known only on the way. */
#include "config.h"

#include "net/http/coding.h"

#include <errno.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/limits.h"
#include "base/xalloc.h"

#define PIECE (64 * KIB) /* bytes of input and output at once */

bool
codings_read(struct slice header, struct codings *ret)
{
	static const struct {
		const char *word;
		enum coding coding;
	} words[] = { { "gzip", CODING_GZIP }, { "x-gzip", CODING_GZIP },
		{ "deflate", CODING_DEFLATE } };
	struct slice word;

	*ret = (struct codings){ 0 };
	while (slice_split(&header, ',', &word)) {
		size_t i = 0;

		word = slice_trim(word);
		if (word.len == 0 || slice_eqi(word, SLICE("identity")))
			continue;
		while (i < ARRAY_SIZE(words) && !slice_eqi(word, slice_str(words[i].word)))
			i++;
		if (i == ARRAY_SIZE(words) || ret->count == CODINGS_MAX)
			return false;
		ret->list[ret->count++] = words[i].coding;
	}
	return true;
}

/* HTTP's deflate is the format of zlib (RFC 9110, section 8.4.1.2), but some send it without the
 * head of that. */
static int
window_bits(enum coding coding, struct slice input)
{
	unsigned first, second;

	if (coding == CODING_GZIP)
		return MAX_WBITS + 16;
	if (input.len < 2)
		return MAX_WBITS;
	first = (unsigned char)input.ptr[0];
	second = (unsigned char)input.ptr[1];
	return (first & 15) == Z_DEFLATED && (first * 256 + second) % 31 == 0 ? MAX_WBITS
	                                                                      : -MAX_WBITS;
}

/* One call's worth of output. *ret_ended: a member of the input is whole. */
static enum coding_result
inflate_piece(z_stream *z, struct body *out, const struct body_limits *limits, unsigned char *piece,
    bool *ret_ended)
{
	int rc;

	z->next_out = piece;
	z->avail_out = PIECE;
	rc = inflate(z, Z_NO_FLUSH);
	*ret_ended = rc == Z_STREAM_END;
	if (rc != Z_OK && rc != Z_STREAM_END)
		return CODING_BAD;
	switch (body_append(out, limits, piece, PIECE - z->avail_out)) {
	case BODY_OK:
		return CODING_OK;
	case BODY_TOO_LARGE:
		return CODING_TOO_LARGE;
	case BODY_FAILED:
		break;
	}
	return CODING_FAILED;
}

/* The whole input into out. gzip may have several members, one behind the other. */
static enum coding_result
inflate_all(z_stream *z, struct slice input, bool members, struct body *out,
    const struct body_limits *limits, unsigned char *piece)
{
	enum coding_result result;
	bool ended = false;

	for (;;) {
		if (z->avail_in == 0) {
			size_t len = input.len < PIECE ? input.len : PIECE;

			z->next_in = (z_const Bytef *)input.ptr;
			z->avail_in = (uInt)len;
			input = slice_skip(input, len);
		}
		if (ended && z->avail_in == 0)
			return CODING_OK;
		if (ended && (!members || inflateReset(z) != Z_OK))
			return CODING_BAD;
		result = inflate_piece(z, out, limits, piece, &ended);
		if (result != CODING_OK)
			return result;
	}
}

static enum coding_result
coding_undo(struct body *b, enum coding coding, const struct body_limits *limits)
{
	enum coding_result result = CODING_FAILED;
	unsigned char *piece = xmalloc(PIECE);
	struct slice input;
	struct body out;
	z_stream z = { 0 };

	body_init(&out);
	if (!body_slice(b, &input))
		goto out;
	if (inflateInit2(&z, window_bits(coding, input)) != Z_OK) {
		errno = ENOMEM;
		goto out;
	}
	result = inflate_all(&z, input, coding == CODING_GZIP, &out, limits, piece);
	inflateEnd(&z);
out:
	free(piece);
	body_release(b);
	if (result == CODING_OK)
		*b = out;
	else
		body_release(&out);
	return result;
}

enum coding_result
body_decode(struct body *b, const struct codings *codings, const struct body_limits *limits)
{
	enum coding_result result = CODING_OK;

	for (size_t i = codings->count; i-- > 0 && result == CODING_OK;)
		result = coding_undo(b, codings->list[i], limits);
	return result;
}
