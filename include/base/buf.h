/*
 * Capped byte buffers and borrowed strings.
 *
 * A buf never grows past its ceiling: an append that would is dropped whole and sets `failed`,
 * which stays set until reset, so a writer checks once at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes, not NUL-terminated; valid as long as their owner says. */
struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })

struct slice slice_str(const char *s); /* NULL gives an empty slice */
bool slice_eq(struct slice a, struct slice b);
bool slice_eqi(struct slice a, struct slice b); /* ASCII case ignored */
bool slice_starts(struct slice s, struct slice prefix);
bool slice_startsi(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* Without leading and trailing blanks, tabs, CR and LF. */
struct slice slice_trim(struct slice s);
/* Without its first n bytes, which it must have. */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	return (struct slice){ s.ptr + n, s.len - n };
}
/* The part up to `sep` (or all of it); *s becomes what follows. False when *s was empty. */
bool slice_split(struct slice *s, char sep, struct slice *ret_part);
/* Index of the first `needle` or -1. */
ptrdiff_t slice_find(struct slice s, struct slice needle);
/* Does all of s fit a pattern in which each `*` stands for any text, also for none? */
bool slice_fits(struct slice s, struct slice pattern);
/* A decimal number without sign; false when it is none or does not fit. */
bool slice_u64(struct slice s, uint64_t *ret);
/* How many bytes at its beginning are ASCII and stand for themselves inside a JSON string. */
size_t slice_plain(struct slice s);
/* Sixteen hexadecimal digits. */
bool slice_hex64(struct slice s, uint64_t *ret);

struct buf {
	char *data; /* NUL-terminated once anything was appended */
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

/* No allocation. max: the ceiling in bytes. */
void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
/* Empty, memory kept. */
void buf_reset(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_add_slice(struct buf *b, struct slice s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_add_u64(struct buf *b, uint64_t value);
void buf_add_i64(struct buf *b, int64_t value);
/* The bytes as the inside of a JSON string: escaped, invalid UTF-8 replaced by U+FFFD. No quotes.
 */
void buf_add_json(struct buf *b, struct slice s);
/* The bytes as HTML text or a double-quoted attribute value. */
void buf_add_html(struct buf *b, struct slice s);
/* Room for len bytes at the end, to be filled and then confirmed by adding to b->len; NULL when
 * that would pass the ceiling. */
char *buf_room(struct buf *b, size_t len);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* The contents as a NUL-terminated string that the caller frees; the buffer is empty afterwards. */
char *buf_take(struct buf *b);
struct slice buf_slice(const struct buf *b);

/* ASCII alone, whatever the locale. */
static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool
ascii_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* The value of a hexadecimal digit, or -1. */
static inline int
ascii_hex(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
