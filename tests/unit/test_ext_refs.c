/* ext_refs.c: wanted, found and absent. */
#include "config.h"

#include "core/openai/common/ext_refs.h"

#include "base/limits.h"
#include "tap.h"

/* A second pass must find what the first one asked for, or no pass would be the last. */
static void
check_zero_byte(void)
{
	struct slice key = { "call\0one", 8 };
	struct ext_refs refs;
	struct apierror err;
	const struct ref *ref;

	ext_refs_init(&refs);
	ref = ext_refs_get(&refs, REF_SIGNATURE, key, "x", &err);
	ok(slice_eq(ref_key(ref), key), "a key with a zero byte is kept whole");
	ok(ext_refs_get(&refs, REF_SIGNATURE, key, "x", &err) == ref, "and found again");
	ext_refs_release(&refs);
}

static void
test_states(void)
{
	struct ext_refs refs;
	struct apierror err;
	const struct ref *a, *b;
	struct buf value;

	ext_refs_init(&refs);
	a = ext_refs_get(&refs, REF_MEDIA, SLICE("https://a.example/"), "messages[0]", &err);
	b = ext_refs_get(&refs, REF_SIGNATURE, SLICE("https://a.example/"), "messages[1]", &err);
	ok(a != b && refs.count == 2 && refs.wanted == 2, "kinds are apart");
	is_int(a->state, REF_WANTED, "at first it is wanted");
	ok(ext_refs_get(&refs, REF_MEDIA, SLICE("https://a.example/"), "x", &err) == a, "once");
	is_str(a->at, "messages[0]", "by whom it was asked first");
	ok(ext_refs_get(&refs, REF_MEDIA, SLICE("https://a.example"), "x", &err) != a,
	    "keys are whole");
	is_int(refs.wanted, 3, "three are wanted");
	check_zero_byte();

	buf_init(&value, 100);
	buf_adds(&value, "bytes");
	ext_refs_found(&refs, refs.list[0], &value);
	ok(value.data == NULL, "the value is taken");
	is_slice(buf_slice(&a->value), "bytes", "and is there");
	is_int(a->state, REF_FOUND, "found");
	ext_refs_absent(&refs, refs.list[1]);
	is_int(b->state, REF_ABSENT, "absent");
	is_int(refs.wanted, 1, "one is left");
	ext_refs_release(&refs);
	is_int(refs.count, 0, "released");
}

static void
test_ceiling(void)
{
	struct ext_refs refs;
	struct apierror err;
	char key[20];
	bool good = true;

	ext_refs_init(&refs);
	for (int i = 0; i < REFS_MAX; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		good = good && ext_refs_get(&refs, REF_MEDIA, slice_str(key), "at", &err) != NULL;
	}
	ok(good, "as many as may be");
	ok(ext_refs_get(&refs, REF_MEDIA, SLICE("more"), "messages[9]", &err) == NULL,
	    "not one more");
	is_str(err.param, "messages[9]", "the field at fault");
	is_int(err.status, 400, "it is the caller's");
	ok(ext_refs_get(&refs, REF_MEDIA, SLICE("k7"), "at", &err) != NULL, "known ones are found");
	ok(ext_refs_get(&refs, REF_SIGNATURE, SLICE("more"), "at", &err) != NULL, "per kind");
	ext_refs_release(&refs);
}

int
main(void)
{
	test_states();
	test_ceiling();
	return tap_done();
}
