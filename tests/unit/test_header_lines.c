/* header_lines.c: the walk over an answer's header lines, hostile ones among them. */
#include "config.h"

#include "base/limits.h"
#include "net/http/upstream.h"
#include "tap.h"

static void
walk(struct slice text, const char *want, const char *what)
{
	struct header_lines lines;
	struct slice name, value;
	struct buf got;
	size_t pos = 0;

	buf_init(&lines.text, KIB);
	buf_init(&got, KIB);
	buf_add_slice(&lines.text, text);
	while (header_lines_next(&lines, &pos, &name, &value)) {
		buf_add_slice(&got, name);
		buf_addc(&got, '=');
		buf_add_slice(&got, value);
		buf_addc(&got, ';');
	}
	is_slice(buf_slice(&got), want, what);
	buf_release(&lines.text);
	buf_release(&got);
}

static void
test_get(void)
{
	struct header_lines lines;

	buf_init(&lines.text, KIB);
	is_slice(header_lines_get(&lines, "a"), "", "no line at all");
	buf_adds(&lines.text, "Retry-After: 5\r\nX: 1\r\nretry-after: 6\r\nEmpty:\r\n");
	is_slice(header_lines_get(&lines, "retry-after"), "5", "the first one, any case");
	is_slice(header_lines_get(&lines, "x"), "1", "another one");
	is_slice(header_lines_get(&lines, "empty"), "", "an empty one");
	is_slice(header_lines_get(&lines, "retry"), "", "no part of a name");
	buf_release(&lines.text);
}

int
main(void)
{
	walk(SLICE(""), "", "nothing");
	walk(SLICE("A: b\r\nC: d\r\n"), "A=b;C=d;", "lines");
	walk(SLICE("A:b\r\nC:  d e \t\r\n"), "A=b;C=d e;", "blanks around the value");
	walk(SLICE("A: b:c\r\n"), "A=b:c;", "a colon in the value");
	walk(SLICE("A:\r\nB: \r\n"), "A=;B=;", "empty values");
	walk(SLICE("A\r\nB: c\r\n"), "B=c;", "no colon: no line");
	walk(SLICE("A: b\nC: d"), "A=b;C=d;", "bare line ends, none at the end");
	walk(SLICE("\r\n\r\nA: b\r\n"), "A=b;", "empty lines");
	walk(SLICE(": b\r\n"), "=b;", "no name");
	walk(SLICE("A: b\r\nC:"), "A=b;C=;", "a colon as the last byte");
	test_get();
	return tap_done();
}
