/* Lists of keys, and the names of keys. */
#include "config.h"

#include "core/keys/keypool.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "tap.h"

static void
test_lists(void)
{
	struct keypool p;
	struct buf list;

	keypool_init(&p, BALANCE_LEAST);
	is_int(keypool_add_list(&p, SLICE(""), 5), 0, "an empty list");
	is_int(keypool_add_list(&p, SLICE(" , \r\n,\t "), 5), 0, "a list of separators");
	is_int(keypool_add_list(&p, SLICE("a1, b2,c3\nd4"), 5), 4, "commas, blanks and line ends");
	is_str(p.keys[0].spec.secret, "a1", "the first");
	is_str(p.keys[3].spec.secret, "d4", "the last");
	is_int(keypool_add_list(&p, SLICE("b2 a1 e5 e5"), 5), 1, "repetitions are left out");
	is_int(p.count, 5, "now there are five");
	is_int(keypool_add_list(&p, SLICE("a1,a1,a1,a1,a1,a1,a1"), 5), 0, "however many they are");
	is_int(keypool_add_list(&p, SLICE("e5,f6"), 5), -1, "too many");
	is_int(keypool_add_list(&p, SLICE("x\x01y"), 9), -1, "a control character");
	is_int(keypool_add_list(&p, (struct slice){ "x\0y", 3 }, 9), -1, "a NUL");
	is_int(keypool_add_list(&p, SLICE("good,x\x7fy"), 9), -1, "also behind a good one");
	is_int(p.count, 5, "which leaves the pool as it was");
	keypool_release(&p);
	is_int(p.count, 0, "released");

	keypool_init(&p, BALANCE_LEAST);
	is_int(keypool_add_list(&p, SLICE("\"a1\", 'b2' \"c3,d4\""), 9), 4, "quotation marks");
	is_str(p.keys[0].spec.secret, "a1", "around an item");
	is_str(p.keys[1].spec.secret, "b2", "single ones");
	is_str(p.keys[3].spec.secret, "d4", "around the list");
	is_int(keypool_add_list(&p, SLICE("\"\""), 9), 0, "around nothing");

	buf_init(&list, KIB * 4);
	for (size_t i = 0; i < KEY_BYTES_MAX; i++)
		buf_addc(&list, 'k');
	is_int(keypool_add_list(&p, buf_slice(&list), 9), 1, "a key of the greatest length");
	buf_addc(&list, 'k');
	is_int(keypool_add_list(&p, buf_slice(&list), 9), -1, "one byte more");
	buf_release(&list);
	keypool_release(&p);
}

static void
test_specs(void)
{
	static const struct key_spec specs[] = {
		{ "a1", "red", 1, "", "", "", 0, 0 },
		{ "", "", 1, "", "", "", 0, 0 },
		{ "b2", "", 5, "socks5h://127.0.0.1:1", "gemini-2.5-*", "", 0, 0 },
		{ "a1", "blue", 1, "", "", "", 0, 0 },
	};
	static const struct key_spec bad[] = { { "c3", "", 1, "", "", "", 0, 0 },
		{ "d4", "", 0, "", "", "", 0, 0 } };
	size_t repeated = 0;
	struct keypool p;

	keypool_init(&p, BALANCE_LEAST);
	is_int(keypool_add(&p, specs, ARRAY_SIZE(specs), 9, &repeated), 2, "described keys");
	is_int(repeated, 1, "a repetition is told");
	is_str(p.keys[0].spec.project, "red", "of which the first counts");
	is_str(p.keys[1].spec.proxy, "socks5h://127.0.0.1:1", "the description is kept");
	is_str(p.keys[1].spec.models, "gemini-2.5-*", "all of it");
	is_int(p.keys[1].spec.weight, 5, "the weight as well");
	is_int(keypool_add(&p, bad, ARRAY_SIZE(bad), 9, NULL), -1, "a weight of nothing");
	is_int(p.count, 2, "leaves the pool as it was");
	keypool_release(&p);
}

static void
test_names(void)
{
	char one[FINGERPRINT_LEN + 1], two[FINGERPRINT_LEN + 1];
	struct buf out;

	key_fingerprint(SLICE("AIzaSyA0123456789"), one);
	key_fingerprint(SLICE("AIzaSyA0123456788"), two);
	is_int(strlen(one), FINGERPRINT_LEN, "a fingerprint's length");
	is_int(strspn(one, "0123456789abcdef"), FINGERPRINT_LEN, "is hexadecimal");
	ok(strcmp(one, two) != 0, "and tells keys apart");
	is_str(one, "39cecdf2b6ca", "and stays the same over restarts");
	buf_init(&out, KIB);
	key_mask(SLICE("AIzaSyA0123456789abcdefghijklmnopqrstuv"), &out);
	is_str(out.data, "AIzaSyA......pqrstuv", "seven, six dots, seven");
	buf_reset(&out);
	key_mask(SLICE("0123456789"), &out);
	is_str(out.data, "01......89", "less of a short key");
	buf_reset(&out);
	key_mask(SLICE("abc"), &out);
	is_str(out.data, "......", "nothing of a very short one");
	buf_release(&out);
	is_int(keypool_tried_size(0), 0, "no key, no bitmap");
	is_int(keypool_tried_size(8), 1, "eight keys, a byte");
	is_int(keypool_tried_size(9), 2, "nine keys, two");
}

int
main(void)
{
	test_lists();
	test_specs();
	test_names();
	return tap_done();
}
