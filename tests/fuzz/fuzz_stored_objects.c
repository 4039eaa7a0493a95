/* The scan for stored objects: any split of the input gives the same names. */
#include "config.h"

#include "base/limits.h"
#include "core/gemini/stored_objects.h"
#include "fuzz.h"

#define BODY (OBJECT_BODY_BATCH | OBJECT_BODY_INTERACTIONS | OBJECT_BODY_COMPAT)

static void
scan(struct slice bytes, size_t piece, struct buf *out)
{
	struct slice part;
	struct object_path path = { .use = OBJECT_USE_MANY };
	struct stored_objects_scan scan;
	struct object_made made;
	struct stored_objects objects;

	stored_objects_init(&objects);
	stored_objects_scan_init(&scan, &objects, BODY, SLICE("http://127.0.0.1"));
	object_made_init(&made, &path);
	while (fuzz_piece(&bytes, piece, &part)) {
		stored_objects_scan_feed(&scan, part);
		object_made_feed(&made, part);
	}
	FUZZ_CHECK(objects.count <= OBJECTS_MAX);
	stored_objects_settle(&objects);
	for (size_t i = 0; i < objects.count; i++) {
		FUZZ_CHECK(slice_str(objects.names[i]).len <= OBJECT_NAME_MAX);
		buf_adds(out, objects.names[i]);
		buf_addc(out, '\n');
	}
	buf_adds(out, made.name);
	stored_objects_release(&objects);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice all = { (const char *)bytes, size };
	struct stored_objects objects;

	stored_objects_init(&objects);
	stored_objects_of_path(all, &objects);
	FUZZ_CHECK(objects.count <= 1);
	stored_objects_release(&objects);
	fuzz_check_pieces(all, 4 * MIB, scan);
	return 0;
}
