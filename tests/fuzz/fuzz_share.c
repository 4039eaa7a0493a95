/* What another process says of health and of spending: lines, a name and a text in turn. */
#include "config.h"

#include "base/limits.h"
#include "core/keys/health.h"
#include "core/keys/ledger.h"
#include "fuzz.h"

static const struct instant now = { 5000000, 1782864000000 };

static void
on_told(void *ctx, struct slice name, struct slice text)
{
	struct buf *out = ctx;

	buf_add_slice(out, name);
	buf_addc(out, '\n');
	buf_add_slice(out, text);
	buf_addc(out, '\n');
}

static void
take_all(struct health *h, struct ledger *l, struct slice lines, bool known)
{
	struct slice name, text;
	struct ledger_row row;

	while (slice_split(&lines, '\n', &name) && slice_split(&lines, '\n', &text)) {
		bool better = health_take(h, name, text, &now);

		FUZZ_CHECK(!known || !better);
		if (ledger_read(name, text, &row))
			ledger_take(l, &row, now.wall);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const uint8_t key[SIPHASH_KEY_BYTES] = "fuzz";
	struct health *h = health_new(key, 16);
	struct ledger *l = ledger_new(1, 16);
	struct buf told;
	struct health_watch watch = { 5, on_told, &told };

	buf_init(&told, MIB);
	health_set_watch(h, &watch);
	take_all(h, l, (struct slice){ (const char *)bytes, size }, false);
	FUZZ_CHECK(told.len == 0);
	/* Records that are known already are understood, and are not news. */
	health_tell_all(h, &now);
	take_all(h, l, buf_slice(&told), true);
	buf_release(&told);
	health_free(h);
	ledger_free(l);
	return 0;
}
