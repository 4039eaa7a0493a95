/* Invisible and typographic characters in configuration text. */
#include "config.h"

#include "core/http/plain_text.h"

#include "base/utf8.h"
#include "base/xalloc.h"

/* clang-format off */
static const struct {
	uint32_t first, last;
	const char *instead;
} ranges[] = {
	{ 0x0085, 0x0085, "\n" }, /* next line */
	{ 0x00A0, 0x00A0, " " },  /* no-break space */
	{ 0x00AD, 0x00AD, "" },   /* soft hyphen */
	{ 0x2000, 0x200A, " " },  /* spaces of various widths */
	{ 0x200B, 0x200F, "" },   /* zero width, marks of direction */
	{ 0x2018, 0x201B, "'" },
	{ 0x201C, 0x201F, "\"" },
	{ 0x2028, 0x2029, "\n" }, /* line and paragraph separator */
	{ 0x202A, 0x202E, "" },   /* embedding and override of direction */
	{ 0x202F, 0x202F, " " },
	{ 0x205F, 0x205F, " " },
	{ 0x2060, 0x2069, "" },   /* word joiner, isolates */
	{ 0x3000, 0x3000, " " },  /* ideographic space */
	{ 0xFEFF, 0xFEFF, "" },   /* byte order mark */
	{ 0xFF0C, 0xFF0C, "," },  /* full-width comma */
	{ 0xFF1D, 0xFF1D, "=" },  /* full-width equals sign */
};
/* clang-format on */

/* The character of a well-formed sequence of 2 to 4 bytes. */
static uint32_t
plain_text_decode(const unsigned char *p, size_t width)
{
	uint32_t c = p[0] & (0x7FU >> width);

	for (size_t i = 1; i < width; i++)
		c = c << 6 | (p[i] & 0x3FU);
	return c;
}

static const char *
plain_text_replacement(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return ranges[i].instead;
	return NULL;
}

/* width: 0 for a byte that is not UTF-8. */
static void
plain_text_put(struct buf *out, const char *bytes, size_t width)
{
	const char *instead = NULL;

	if (width > 1)
		instead =
		    plain_text_replacement(plain_text_decode((const unsigned char *)bytes, width));
	if (instead != NULL)
		buf_adds(out, instead);
	else
		buf_add(out, bytes, width > 0 ? width : 1);
}

const char *
plain_text_read(struct slice text, struct buf *out, unsigned *ret_line)
{
	size_t width;

	*ret_line = 1;
	if (slice_starts(text, SLICE("\xFF\xFE")) || slice_starts(text, SLICE("\xFE\xFF")))
		return "the text is UTF-16; save it as UTF-8";
	for (size_t i = 0; i<text.len; i += width> 0 ? width : 1) {
		width = utf8_width((const unsigned char *)text.ptr + i, text.len - i);
		if (text.ptr[i] == '\0')
			return "there is a NUL byte in this line";
		if (text.ptr[i] == '\n')
			(*ret_line)++;
		if (text.ptr[i] != '\r')
			plain_text_put(out, text.ptr + i, width);
		else if (i + 1 == text.len || text.ptr[i + 1] != '\n')
			buf_addc(out, '\n');
	}
	return NULL;
}
