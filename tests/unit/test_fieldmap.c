/* fieldmap.c: the engine by a table of its own. */
#include "config.h"

#include "core/api/fieldmap.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/api/changes.h"
#include "core/json/json.h"
#include "tap.h"

enum { NEED_A = 1, NEED_B = 2 };

static int
emit_count(struct fieldmap_run *run, const struct fieldmap *row, json_object *value)
{
	int *count = run->ctx;

	(void)value;
	*count += 1;
	run->have |= NEED_B;
	return slice_eq(slice_str(row->arg), json_str(value))
	           ? apierror_set(run->err, APIERROR_BAD_VALUE, NULL, "by emit")
	           : 0;
}

static const struct field_word words[] = { { "one", "1" }, { "two", NULL }, { 0 } };

static const double usual = 1;

static const struct fieldmap rows[] = {
	{ .from = "must", .kind = FK_STR, .flags = FF_REQUIRED, .to = "out/must" },
	{ .from = "num", .kind = FK_NUM, .min = -1, .max = 1, .to = "out/deep/num" },
	{ .from = "int", .kind = FK_INT, .to = "int" },
	{ .from = "first", .kind = FK_ANY, .to = "shared" },
	{ .from = "second", .kind = FK_ANY, .to = "shared" },
	{ .from = "a.b.c", .kind = FK_BOOL, .to = "dotted" },
	{ .from = "word", .kind = FK_STR, .conv = fieldconv_word, .arg = words, .to = "word" },
	{ .from = "needy", .kind = FK_STR, .need = NEED_B, .to = "early" },
	{ .from = "emit", .kind = FK_STR, .emit = emit_count, .arg = "bad" },
	{ .from = "needy", .kind = FK_STR, .need = NEED_B | NEED_A, .to = "late" },
	{ .from = "never", .flags = FF_REJECT },
	{ .from = "shrug", .flags = FF_IGNORE, .to = "shrug" },
	{ .from = "lacking", .kind = FK_NUM, .need = NEED_B, .noop = &usual, .to = "lacking" },
	{ .from = "word2",
	    .kind = FK_STR,
	    .need = NEED_B,
	    .conv = fieldconv_word,
	    .arg = words,
	    .to = "word2" },
	{ .from = "list", .kind = FK_ARRAY },
	{ .from = "object", .kind = FK_OBJECT, .to = "object" },
	{ .from = "exact", .kind = FK_NUM, .flags = FF_EXACT, .min = -1, .max = 1, .to = "exact" },
	{ .from = "nolow", .kind = FK_INT, .flags = FF_NO_LOW, .min = 1, .max = 9, .to = "nolow" },
	{ 0 },
};

static void
run_text(const char *text, const char *prefix, const char *want_body, const char *want_param)
{
	json_object *source = json_read(slice_str(text)), *target = json_object_new_object();
	struct apierror err;
	int count = 0, rc;
	struct fieldmap_run run = { .source = source,
		.target = target,
		.prefix = prefix,
		.have = NEED_A,
		.ctx = &count,
		.err = &err };
	struct buf out;

	buf_init(&out, KIB);
	rc = fieldmap_apply(rows, &run);
	json_write(target, &out);
	ok((rc == 0) == (want_param == NULL), text);
	if (want_param != NULL && rc != 0)
		is_str(err.param, want_param, "  param");
	if (want_body != NULL)
		is_slice(buf_slice(&out), want_body, "  result");
	buf_release(&out);
	json_object_put(source);
	json_object_put(target);
}

static void
test_put(void)
{
	json_object *root = json_object_new_object();
	struct buf out;

	buf_init(&out, KIB);
	fieldmap_put(root, "a/b/c", json_object_new_int(1));
	fieldmap_put(root, "a/b/d", json_object_new_int(2));
	fieldmap_put(root, "a/b/c/e", json_object_new_int(3));
	fieldmap_put(root, "f", json_object_new_int(4));
	json_write(root, &out);
	is_slice(buf_slice(&out), "{\"a\":{\"b\":{\"c\":{\"e\":3},\"d\":2}},\"f\":4}", "paths");
	buf_release(&out);
	json_object_put(root);
}

/* What is dropped and ignored is noted, and refused by a strict list. */
static void
note_text(const char *text, const char *want, const char *want_strict)
{
	for (int strict = 0; strict <= 1; strict++) {
		json_object *source = json_read(slice_str(text)),
			    *target = json_object_new_object();
		struct changes changes;
		struct apierror err = { 0 };
		int count = 0, rc;
		struct fieldmap_run run = {
			.source = source,
			.target = target,
			.have = NEED_A,
			.ctx = &count,
			.changes = &changes,
			.err = &err,
		};

		changes_init(&changes, strict);
		rc = fieldmap_apply(rows, &run);
		if (!strict) {
			ok(rc == 0, text);
			is_slice(changes_header(&changes), want, "  changes");
		} else {
			is_str(rc == 0 ? "" : err.param, want_strict, "  strict");
		}
		changes_release(&changes);
		json_object_put(source);
		json_object_put(target);
	}
}

/* clang-format off */
static const struct {
	const char *text, *prefix;
	const char *want_body;  /* NULL: not compared */
	const char *want_param; /* of the error; NULL: no error */
} runs[] = {
	/* the kinds of values */
	{ "{\"must\":\"x\",\"num\":0.50,\"int\":3.0}", NULL, "{\"out\":{\"must\":\"x\",\"deep\":{\"num\":0.50}},\"int\":3}", NULL },
	{ "{}", NULL, "{}", "must" },
	{ "{}", "x.y", "{}", "x.y.must" },
	{ "[]", NULL, NULL, "must" },
	{ "{\"must\":null}", NULL, "{}", "must" },
	{ "{\"must\":5}", NULL, "{}", "must" },
	{ "{\"must\":\"\",\"num\":null,\"never\":null,\"list\":null}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"num\":-1}", NULL, NULL, NULL },
	{ "{\"must\":\"\",\"num\":-1.01}", NULL, "{\"out\":{\"must\":\"\",\"deep\":{\"num\":-1}}}", NULL },
	{ "{\"must\":\"\",\"num\":1.01}", NULL, "{\"out\":{\"must\":\"\",\"deep\":{\"num\":1}}}", NULL },
	{ "{\"must\":\"\",\"exact\":1.01}", NULL, NULL, "exact" },
	{ "{\"must\":\"\",\"exact\":\"0.5\"}", NULL, "{\"out\":{\"must\":\"\"},\"exact\":0.5}", NULL },
	{ "{\"must\":\"\",\"nolow\":0}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"nolow\":-1}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"nolow\":1e30}", NULL, "{\"out\":{\"must\":\"\"},\"nolow\":9}", NULL },
	{ "{\"must\":\"\",\"nolow\":\"7.0\"}", NULL, "{\"out\":{\"must\":\"\"},\"nolow\":7}", NULL },
	{ "{\"must\":\"\",\"num\":Infinity}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"num\":\"1\"}", NULL, "{\"out\":{\"must\":\"\",\"deep\":{\"num\":1}}}", NULL },
	{ "{\"must\":\"\",\"num\":\" -0.50 \"}", NULL, "{\"out\":{\"must\":\"\",\"deep\":{\"num\":-0.50}}}", NULL },
	{ "{\"must\":\"\",\"num\":\"one\"}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"num\":\"\"}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"num\":\"1 2\"}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"num\":\"NaN\"}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"num\":true}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"num\":\"[1]\"}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"num\":[]}", NULL, NULL, "num" },
	{ "{\"must\":\"\",\"int\":3.5}", NULL, NULL, "int" },
	{ "{\"must\":\"\",\"int\":1e300}", NULL, "{\"out\":{\"must\":\"\"},\"int\":9223372036854775807}", NULL },
	{ "{\"must\":\"\",\"int\":-1e300}", NULL, "{\"out\":{\"must\":\"\"},\"int\":-9223372036854775808}", NULL },
	{ "{\"must\":\"\",\"int\":\"100.0\"}", NULL, "{\"out\":{\"must\":\"\"},\"int\":100}", NULL },
	{ "{\"must\":\"\",\"int\":\"3.5\"}", NULL, NULL, "int" },
	/* rows of the table: two for one target, paths, words, conditions, functions */
	{ "{\"must\":\"\",\"second\":2,\"first\":1}", NULL, "{\"out\":{\"must\":\"\"},\"shared\":2}", NULL },
	{ "{\"must\":\"\",\"a\":{\"b\":{\"c\":true}}}", NULL, "{\"out\":{\"must\":\"\"},\"dotted\":true}", NULL },
	{ "{\"must\":\"\",\"a\":{\"b\":{\"c\":1}}}", NULL, "{\"out\":{\"must\":\"\"},\"dotted\":true}", NULL },
	{ "{\"must\":\"\",\"a\":{\"b\":{\"c\":\"False\"}}}", NULL, "{\"out\":{\"must\":\"\"},\"dotted\":false}", NULL },
	{ "{\"must\":\"\",\"a\":{\"b\":{\"c\":0.0}}}", NULL, "{\"out\":{\"must\":\"\"},\"dotted\":false}", NULL },
	{ "{\"must\":\"\",\"a\":{\"b\":{\"c\":2}}}", NULL, NULL, "a.b.c" },
	{ "{\"must\":\"\",\"a\":{\"b\":{\"c\":\"maybe\"}}}", NULL, NULL, "a.b.c" },
	{ "{\"must\":\"\",\"a\":[]}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"a\":{\"b\":[]}}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"a\":{\"b\":5}}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"word\":\"one\"}", NULL, "{\"out\":{\"must\":\"\"},\"word\":\"1\"}", NULL },
	{ "{\"must\":\"\",\"word\":\"two\"}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"word\":\"three\"}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"word\":\"ONE\"}", NULL, "{\"out\":{\"must\":\"\"},\"word\":\"1\"}", NULL },
	{ "{\"must\":\"\",\"needy\":\"n\"}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"needy\":\"n\",\"emit\":\"ok\"}", NULL, "{\"out\":{\"must\":\"\"},\"late\":\"n\"}", NULL },
	{ "{\"must\":\"\",\"emit\":\"bad\"}", NULL, NULL, "emit" },
	{ "{\"must\":\"\",\"never\":false}", NULL, NULL, "never" },
	{ "{\"must\":\"\",\"shrug\":[1]}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"list\":{}}", NULL, "{\"out\":{\"must\":\"\"}}", NULL },
	{ "{\"must\":\"\",\"list\":{\"a\":1}}", NULL, NULL, "list" },
	{ "{\"must\":\"\",\"object\":[]}", NULL, "{\"out\":{\"must\":\"\"},\"object\":{}}", NULL },
	{ "{\"must\":\"\",\"object\":[1]}", NULL, NULL, "object" },
};

static const struct {
	const char *text;
	const char *want;        /* what is noted */
	const char *want_strict; /* the parameter that a strict list refuses */
} notes[] = {
	{ "{\"must\":\"\",\"num\":1}", "", "" },
	{ "{\"must\":\"\",\"shrug\":false}", "/shrug ignored", "" },
	{ "{\"must\":\"\",\"shrug\":null,\"other\":null}", "", "" },
	{ "{\"must\":\"\",\"other\":0}", "/other ignored", "other" },
	{ "{\"must\":\"\",\"a.b\":0,\"c/d\":1}", "/a.b ignored, /c~1d ignored", "a.b" },
	{ "{\"must\":\"\",\"a\":{\"x\":1}}", "", "" },
	{ "{\"must\":\"\",\"lacking\":2}", "/lacking dropped", "lacking" },
	{ "{\"must\":\"\",\"lacking\":1}", "", "" },
	{ "{\"must\":\"\",\"word2\":\"one\"}", "/word2 dropped", "word2" },
	{ "{\"must\":\"\",\"word2\":\"two\"}", "", "" },
	{ "{\"must\":\"\",\"num\":2}", "/num clamped", "num" },
	{ "{\"must\":\"\",\"nolow\":0}", "/nolow dropped", "nolow" },
	{ "{\"must\":\"\",\"word\":\"three\"}", "/word dropped", "word" },
	{ "{\"must\":\"\",\"lacking\":\"1\"}", "", "" },
	{ "{\"must\":\"\",\"object\":[]}", "", "" },
};
/* clang-format on */

int
main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
		note_text(notes[i].text, notes[i].want, notes[i].want_strict);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		run_text(runs[i].text, runs[i].prefix, runs[i].want_body, runs[i].want_param);
	test_put();
	return tap_done();
}
