/* places.c: shares, and that places come back. */
#include "config.h"

#include "net/fcgi/places.h"

#include "tap.h"

static void
test_share(void)
{
	const uint64_t a = 1, b = 2, both[] = { 1, 2 }, other[] = { 3, 1 };
	struct places *p = places_new(2, 8);

	ok(places_take(p, &a, 1) && places_take(p, &a, 1), "as many as the share");
	ok(!places_take(p, &a, 1), "not one more");
	ok(places_take(p, &b, 1), "another owner has its own share");
	ok(!places_take(p, both, 2), "a place of two owners counts for both");
	ok(!places_take(p, other, 2), "in whatever order");
	places_leave(p, &a, 1);
	ok(places_take(p, both, 2), "a place has come back");
	ok(!places_take(p, &b, 1), "and counted for the second as well");
	places_leave(p, both, 2);
	ok(places_take(p, &b, 1), "it comes back for both");
	ok(places_take(p, NULL, 0) && places_take(p, NULL, 0) && places_take(p, NULL, 0),
	    "who is not known has no share");
	places_free(p);
	places_free(NULL);
}

static void
test_many(void)
{
	struct places *p = places_new(1, 100);
	size_t wrong = 0;
	uint64_t id;

	for (id = 0; id < 100; id++)
		wrong += !places_take(p, &id, 1);
	ok(!places_take(p, &id, 1), "no more owners than are allowed");
	for (id = 0; id < 100; id += 2)
		places_leave(p, &id, 1);
	for (id = 0; id < 100; id++)
		wrong += places_take(p, &id, 1) != (id % 2 == 0);
	is_int(wrong, 0, "each owner's place is its own");
	places_free(p);
}

int
main(void)
{
	test_share();
	test_many();
	return tap_done();
}
