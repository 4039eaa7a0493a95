/* sse.c: every input is fed whole, byte by byte, and at every single split. */
#include "config.h"

#include "core/http/sse.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

static int
collect(void *ctx, struct slice data)
{
	struct buf *out = ctx;

	buf_addc(out, '<');
	buf_add_slice(out, data);
	buf_addc(out, '>');
	return 0;
}

/* step 0: one split at `at`; otherwise pieces of that size. */
static void
run(struct slice input, size_t step, size_t at, size_t max, struct buf *out)
{
	struct sse s;
	int rc = 0;

	sse_init(&s, max);
	buf_reset(out);
	for (size_t from = 0; from < input.len && rc == 0;) {
		size_t len = step > 0 ? step : from == 0 && at > 0 ? at : input.len - from;

		len = len < input.len - from ? len : input.len - from;
		rc = sse_feed(&s, (struct slice){ input.ptr + from, len }, collect, out);
		from += len;
	}
	if (rc == 0)
		rc = sse_finish(&s, collect, out);
	if (rc != 0)
		buf_adds(out, "!");
	if (sse_residue(&s).len > 0) {
		buf_adds(out, "|");
		buf_add_slice(out, sse_residue(&s));
	}
	sse_release(&s);
}

static void
check(const char *what, struct slice input, size_t max, const char *want)
{
	struct buf out;
	size_t at;

	buf_init(&out, MIB);
	run(input, 0, 0, max, &out);
	is_slice(buf_slice(&out), want, what);
	run(input, 1, 0, max, &out);
	is_slice(buf_slice(&out), want, "  byte by byte");
	for (at = 1; at < input.len; at++) {
		run(input, 0, at, max, &out);
		if (!slice_eq(buf_slice(&out), slice_str(want)))
			break;
	}
	ok(at >= input.len, "  at every split");
	buf_release(&out);
}

static void
test_linear(void)
{
	/* Both would take minutes if each line were searched to the end of the feed. */
	static char bytes[MIB];
	struct buf out;

	buf_init(&out, KIB);
	memset(bytes, '\r', sizeof(bytes));
	run((struct slice){ bytes, sizeof(bytes) }, 0, 0, MIB, &out);
	is_int(out.len, 0, "a million CR");
	memset(bytes, '\n', sizeof(bytes));
	run((struct slice){ bytes, sizeof(bytes) }, 0, 0, MIB, &out);
	is_int(out.len, 0, "a million LF");
	buf_release(&out);
}

/* clang-format off */
static const struct {
	const char *what;
	struct slice input;
	size_t max; /* bytes of one event */
	const char *want; /* <event>..., "!" for an error, "|" before the rest that is no event */
} feeds[] = {
	{ "LF", BYTES("data: a\n\ndata: b\n\n"), 100, "<a><b>" },
	{ "CRLF", BYTES("data: a\r\n\r\ndata:b\r\n\r\n"), 100, "<a><b>" },
	{ "CR", BYTES("data: a\r\rdata:  b\r\r"), 100, "<a>< b>" },
	{ "mixed line ends", BYTES("data: a\n\r\ndata: b\r\n\ndata: c\r\r\n"), 100, "<a><b><c>" },
	{ "several data lines", BYTES("data: a\ndata\ndata: b\n\n"), 100, "<a\n\nb>" },
	{ "several data lines, CR", BYTES("data: a\rdata: b\r\r"), 100, "<a\nb>" },
	{ "other fields", BYTES(": hi\nevent: x\nid: 1\ndata: a\nretry: 5\n\n"), 100, "<a>" },
	{ "a field without data", BYTES("event: x\n\n\n\ndata: a\n\n"), 100, "<a>" },
	{ "no event", BYTES("datax: a\n\nxdata: b\n\n"), 100, "" },
	{ "empty data", BYTES("data:\n\ndata\n\n"), 100, "<><>" },
	{ "BOM", BYTES("\xEF\xBB\xBF" "data: a\n\n"), 100, "<a>" },
	{ "a BOM only at the start", BYTES("\xEF\xBB\xBF\n\xEF\xBB\xBF" "data: a\n\n"), 100, "" },
	{ "no blank line at the end", BYTES("data: a\n\ndata: b"), 100, "<a><b>" },
	{ "no blank line at the end, LF", BYTES("data: a\n\ndata: b\n"), 100, "<a><b>" },
	{ "bare JSON", BYTES("data: a\n\n{\n  \"error\": {}\n}\n"), 100, "<a>|{\n  \"error\": {}\n}" },
	{ "bare JSON, CRLF, no end", BYTES("\r\n [{\r\n\r\n}]"), 100, "|[{\n}]" },
	{ "data after bare JSON", BYTES("{}\ndata: a\n\n"), 100, "<a>|{}" },
	{ "as large as allowed", BYTES("data: 12345678\n\n"), 8, "<12345678>" },
	{ "too large", BYTES("data: 123456789\n\n"), 8, "!" },
	{ "too large in lines", BYTES("data: 1234\ndata: 5678\n\n"), 8, "!" },
	{ "a large comment", BYTES(":0123456789012345678901234567890\ndata: a\n\n"), 8, "!" },
	{ "good events before a large one", BYTES("data: a\n\ndata: 123456789\n\n"), 8, "<a>!" },
	{ "UTF-8", BYTES("data: \xF0\x9F\x98\x80\n\n"), 100, "<\xF0\x9F\x98\x80>" },
};
/* clang-format on */

int
main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(feeds); i++)
		check(feeds[i].what, feeds[i].input, feeds[i].max, feeds[i].want);
	test_linear();
	return tap_done();
}
