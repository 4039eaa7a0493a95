/* The events of /verify and the lists it takes. */
#include "config.h"

#include "core/keys/verify.h"

#include "base/limits.h"
#include "base/xalloc.h"
#include "core/keys/keypool.h"
#include "tap.h"

static struct buf out;

/* clang-format off */
static const struct {
	enum apierror_kind error;
	enum verdict_action action;
	enum verify_status status;
} meanings[] = {
	{ APIERROR_NONE,            VERDICT_PASS,  VERIFY_GOOD },
	{ APIERROR_RATE_LIMIT,      VERDICT_OTHER, VERIFY_GOOD },
	{ APIERROR_QUOTA,           VERDICT_OTHER, VERIFY_GOOD },
	{ APIERROR_BAD_KEY,         VERDICT_OTHER, VERIFY_BAD },
	{ APIERROR_KEY_FAULT,       VERDICT_OTHER, VERIFY_BAD },
	{ APIERROR_FORBIDDEN,       VERDICT_OTHER, VERIFY_BAD },
	{ APIERROR_FORBIDDEN,       VERDICT_PASS,  VERIFY_BAD },
	{ APIERROR_PAYMENT,         VERDICT_OTHER, VERIFY_BAD },
	{ APIERROR_RATE_LIMIT,      VERDICT_AGAIN, VERIFY_ERROR },
	{ APIERROR_REGION,          VERDICT_PASS,  VERIFY_ERROR },
	{ APIERROR_BAD_REQUEST,     VERDICT_PASS,  VERIFY_ERROR },
	{ APIERROR_OVERLOADED,      VERDICT_AGAIN, VERIFY_ERROR },
	{ APIERROR_UNREACHABLE,     VERDICT_AGAIN, VERIFY_ERROR },
	{ APIERROR_UPSTREAM_TIMEOUT, VERDICT_AGAIN, VERIFY_ERROR },
	{ APIERROR_INTERNAL,        VERDICT_PASS,  VERIFY_ERROR },
};
/* clang-format on */

static void
test_events(void)
{
	static const struct key_spec spec = { .name = "spare", .line = 7 };
	struct verify_counts counts = { { 0 } };
	struct verify_result result = {
		.key = SLICE("AIzaSyA0123456789abcdefghijklmnopqrstuv"),
		.reason = "",
		.project = "",
		.fingerprint = "0123456789ab",
		.verdict = { "ok", VERDICT_PASS, APIERROR_NONE },
	};

	buf_reset(&out);
	verify_event(&result, &counts, &out);
	is_slice(buf_slice(&out),
	    "data: {\"key\":\"AIzaSyA......pqrstuv\",\"status\":\"GOOD\",\"error\":null,"
	    "\"class\":\"ok\",\"reason\":null,\"project\":null,\"duplicates\":0,\"index\":0,"
	    "\"fingerprint\":\"0123456789ab\"}\n\n",
	    "a key that works");
	result.index = 12;
	result.spec = &spec;
	result.reason = "API_KEY_INVALID";
	result.project = "home";
	result.repeats = 2;
	result.verdict = (struct verdict){ "key_invalid", VERDICT_OTHER, APIERROR_BAD_KEY };
	apierror_set(&result.error, APIERROR_BAD_KEY, NULL, "API key \"x\" not valid.");
	buf_reset(&out);
	verify_event(&result, &counts, &out);
	is_slice(buf_slice(&out),
	    "data: {\"key\":\"AIzaSyA......pqrstuv\",\"status\":\"BAD\","
	    "\"error\":\"API key \\\"x\\\" not "
	    "valid.\",\"class\":\"key_invalid\",\"reason\":\"API_KEY_INVALID\","
	    "\"project\":\"home\",\"duplicates\":2,\"index\":12,"
	    "\"fingerprint\":\"0123456789ab\",\"name\":\"spare\",\"line\":7}\n\n",
	    "a key that is refused");
	result.verdict =
	    (struct verdict){ "net_timeout", VERDICT_AGAIN, APIERROR_UPSTREAM_TIMEOUT };
	apierror_set(&result.error, APIERROR_UPSTREAM_TIMEOUT, NULL, NULL);
	result.repeats = 0;
	verify_event(&result, &counts, &out);
	buf_reset(&out);
	verify_summary(&counts, &out);
	is_slice(buf_slice(&out),
	    "data: "
	    "{\"summary\":{\"total\":3,\"good\":1,\"bad\":1,\"error\":1,\"duplicates\":2}}\n\n",
	    "the summary");
}

static const char *
keys(const char *body)
{
	struct apierror err;

	buf_reset(&out);
	if (verify_read_keys(slice_str(body), &out, &err) != 0)
		return err.kind == APIERROR_BAD_TYPE ? "bad type" : "bad";
	return out.data != NULL ? out.data : "";
}

static void
test_lists(void)
{
	struct apierror err;
	struct buf small;

	is_str(keys(""), "", "no body");
	is_str(keys(" \n"), "", "a blank one");
	is_str(keys("{\"keys\":[\"a1\",\"b2\"]}"), "a1,b2", "an array under keys");
	is_str(keys("{\"keys\":\"a1, b2\"}"), "a1, b2", "a string under keys");
	is_str(keys(" [\"a1\",\"b2\"]\n"), "a1,b2", "a bare array");
	is_str(keys("[]"), "", "an empty one");
	is_str(keys("a1\nb2\n"), "a1\nb2", "plain text");
	is_str(keys("{\"keys\":[\"a1\",5]}"), "bad type", "a number among the keys");
	is_str(keys("{\"keys\":5}"), "bad type", "a number for keys");
	is_str(keys("{}"), "bad type", "no keys");
	is_str(keys("{\"keys\":["), "bad", "broken JSON");
	buf_init(&small, 8);
	is_int(verify_read_keys(SLICE("0123456789"), &small, &err), -1, "a list too long");
	is_int(err.kind, APIERROR_TOO_LARGE, "is named as such");
	buf_release(&small);
}

int
main(void)
{
	buf_init(&out, 64 * KIB);
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		struct verdict v = { "x", meanings[i].action, meanings[i].error };

		is_int(verify_status_of(&v), meanings[i].status, apierror_word(meanings[i].error));
	}
	test_events();
	test_lists();
	buf_release(&out);
	return tap_done();
}
