/*
 * Error bodies: whatever Google sends is judged, and what the client gets is JSON. The sniffer
 * never takes back what it said.
 */
#include "config.h"

#include <string.h>

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/gemini/status.h"
#include "core/gemini/verdict.h"
#include "fuzz.h"

#define SNIFFED_MAX 512

static void
check_rendering(const struct apierror *err)
{
	static const enum dialect dialects[] = { DIALECT_OPENAI, DIALECT_GOOGLE };
	json_object *doc;
	struct buf out;

	buf_init(&out, 64 * KIB);
	for (size_t i = 0; i < ARRAY_SIZE(dialects); i++) {
		buf_reset(&out);
		apierror_render(err, dialects[i], &out);
		FUZZ_CHECK(!out.failed);
		doc = json_read(buf_slice(&out));
		FUZZ_CHECK(json_get_object(doc, "error") != NULL);
		json_object_put(doc);
	}
	buf_release(&out);
}

static void
check_verdicts(const struct gemini_status *g)
{
	static const int codes[] = { 0, 200, 400, 401, 402, 403, 404, 408, 409, 413, 429, 499, 500,
		501, 503, 504, 599 };

	for (size_t i = 0; i < ARRAY_SIZE(codes) * 2; i++) {
		struct outcome o = { NET_OK, codes[i / 2], g, i % 2 == 1 };
		struct verdict v = verdict_of(&o);
		struct apierror err;

		FUZZ_CHECK(v.class != NULL);
		FUZZ_CHECK(codes[i / 2] < 400 || v.error != APIERROR_NONE);
		FUZZ_CHECK(v.error == APIERROR_NONE ? v.action == VERDICT_PASS : true);
		verdict_error(&o, &v, &err);
		FUZZ_CHECK(err.kind == v.error);
		FUZZ_CHECK(err.kind == APIERROR_NONE || err.status >= 400);
		check_rendering(&err);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct slice body = { (const char *)bytes, size };
	enum gemini_status_scan said = GSNIFF_MORE, now;
	struct gemini_status g;

	memset(&g, 0xff, sizeof(g));
	gemini_status_read(&g, body);
	FUZZ_CHECK(memchr(g.message, '\0', sizeof(g.message)) != NULL);
	FUZZ_CHECK(memchr(g.status, '\0', sizeof(g.status)) != NULL);
	FUZZ_CHECK(memchr(g.quota_id, '\0', sizeof(g.quota_id)) != NULL);
	FUZZ_CHECK(!(g.is_status && g.is_html));
	check_verdicts(&g);
	for (size_t len = 0; len <= size && len <= SNIFFED_MAX; len++) {
		now = gemini_status_sniff((struct slice){ body.ptr, len });
		FUZZ_CHECK(said == GSNIFF_MORE || now == said);
		said = now;
	}
	return 0;
}
