/* plain_text.c: what pasting leaves in configuration text. */
#include "config.h"

#include "core/http/plain_text.h"

#include "tap.h"

static struct buf out;
static unsigned line;

static void
becomes(struct slice text, const char *expected, const char *what)
{
	buf_reset(&out);
	ok(plain_text_read(text, &out, &line) == NULL, what);
	is_slice(buf_slice(&out), expected, what);
}

static void
refused(struct slice text, unsigned at, const char *word)
{
	const char *reason;

	buf_reset(&out);
	reason = plain_text_read(text, &out, &line);
	ok(reason != NULL && strstr(reason, word) != NULL, word);
	is_int(line, at, "  in that line");
}

int
main(void)
{
	buf_init(&out, 10000);
	becomes(SLICE("A=1\nB=\xC3\xA4\xE4\xBD\xA0\xF0\x9F\x98\x80\n"),
	    "A=1\nB=\xC3\xA4\xE4\xBD\xA0\xF0\x9F\x98\x80\n", "text as it should be");
	becomes(SLICE("\xEF\xBB\xBF"
		      "A=1\r\nB=2\rC=3\r"),
	    "A=1\nB=2\nC=3\n", "a byte order mark, and line ends of three kinds");
	becomes(SLICE("AI\xE2\x80\x8Bza\xEF\xBB\xBFSy\xE2\x81\xA0x\xE2\x80\x8F"), "AIzaSyx",
	    "zero-width characters");
	becomes(SLICE("k1\xC2\xA0k2\xE3\x80\x80k3\xE2\x80\xA8k4"), "k1 k2 k3\nk4",
	    "spaces and line separators");
	becomes(SLICE("\xE2\x80\x9Ck1\xE2\x80\x9D \xE2\x80\x98k2\xE2\x80\x99"), "\"k1\" 'k2'",
	    "typographic quotation marks");
	becomes(SLICE("k1\xEF\xBC\x8Ck2 a\xEF\xBC\x9D"
		      "b"),
	    "k1,k2 a=b", "full-width comma and equals sign");
	becomes(SLICE("a\xFF\xC3(\xE2\x80"), "a\xFF\xC3(\xE2\x80", "bytes that are not UTF-8");
	becomes(SLICE(""), "", "nothing");
	refused(SLICE("\xFF\xFE"
		      "A\0=\0"),
	    1, "UTF-16");
	refused(SLICE("A=1\nB=\0\n"), 2, "NUL");
	buf_release(&out);
	return tap_done();
}
