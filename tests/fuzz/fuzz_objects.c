/* The scan for stored objects: any split of the input gives the same names. */
#include "config.h"

#include "base/limits.h"
#include "core/objects.h"
#include "fuzz.h"

#define BODY (OBJECT_BODY_BATCH | OBJECT_BODY_INTERACTIONS | OBJECT_BODY_COMPAT)

static void
scan(struct slice bytes, size_t piece, struct buf *out)
{
	struct object_path path = { .use = OBJECT_USE_MANY };
	struct objects_scan scan;
	struct object_made made;
	struct objects objects;

	objects_init(&objects);
	objects_scan_init(&scan, &objects, BODY, SLICE("http://127.0.0.1"));
	object_made_init(&made, &path);
	for (size_t at = 0; at < bytes.len; at += piece) {
		size_t len = bytes.len - at < piece ? bytes.len - at : piece;

		objects_scan_feed(&scan, (struct slice){ bytes.ptr + at, len });
		object_made_feed(&made, (struct slice){ bytes.ptr + at, len });
	}
	FUZZ_CHECK(objects.count <= OBJECTS_MAX);
	objects_settle(&objects);
	for (size_t i = 0; i < objects.count; i++) {
		FUZZ_CHECK(slice_str(objects.names[i]).len <= OBJECT_NAME_MAX);
		buf_adds(out, objects.names[i]);
		buf_addc(out, '\n');
	}
	buf_adds(out, made.name);
	objects_release(&objects);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size };
	struct objects objects;
	struct buf whole, split;

	objects_init(&objects);
	objects_of_path(all, &objects);
	FUZZ_CHECK(objects.count <= 1);
	objects_release(&objects);
	buf_init(&whole, 4 * MIB);
	buf_init(&split, 4 * MIB);
	scan(all, size > 0 ? size : 1, &whole);
	for (size_t piece = 1; piece < 16 && piece < size; piece += 2) {
		buf_reset(&split);
		scan(all, piece, &split);
		FUZZ_CHECK(slice_eq(buf_slice(&whole), buf_slice(&split)));
	}
	buf_release(&whole);
	buf_release(&split);
	return 0;
}
