/* Requests that name stored objects go to the project that has them, which Google is asked for. */
#include "config.h"

#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"
#include "app/request/owner.h"
#include "app/request/owner_search.h"

#define FILES_URI   "https://generativelanguage.googleapis.com/v1beta/files/"
#define WITH(part)  "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}" part "]}]}"
#define PART(id)    ",{\"fileData\":{\"fileUri\":\"" FILES_URI id "\"}}"
#define NAMES(part) .uri = GENERATE, .params = { GOOGLE }, .body = SLICE(WITH(part))
#define SOON        QUOTA("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "5s")
#define DENIED \
	"{\"error\":{\"code\":403,\"message\":\"You do not have permission to access the File a " \
	"or it may not exist.\",\"status\":\"PERMISSION_DENIED\"}}"
#define MADE(id) "{\"file\":{\"name\":\"files/" id "\"}}"

static const char *const keys[] = { KEY_1, KEY_2, KEY_3 };

/* An upload in one request; the key that took it. */
static const char *
upload_file(const char *answer)
{
	SIM_ASK(.uri = "/upload/v1beta/files", .params = { GOOGLE }, .body = SLICE("hello"));
	sim_answer(sim_last_call(), 200, SIM_JSON, answer);
	return sim_key(sim_last_call());
}

static bool
ends_with(const char *url, const char *tail)
{
	return slice_ends(slice_str(url), slice_str(tail));
}

static void
test_made(void)
{
	struct sim_client *c;
	const char *home;

	SIM_OPEN(THREE_KEYS);
	home = upload_file(MADE("a"));
	is_str(upload_file(MADE("b")), home, "a caller's uploads come to one project");
	for (size_t i = 0; i < 4; i++) {
		c = SIM_ASK(NAMES(PART("a") PART("b")), .spooled = i % 2 > 0);
		is_str(sim_key(sim_last_call()), home, "what names them goes there");
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), 200, "and is served");
	}
	is_int(sim_calls(), 6, "no project was asked");
	is_str(sim_log(c, "home"), "state", "logged: how it was known");
	is_int(sim_log_int(c, "objects"), 2, "logged: how many");
	SIM_ASK(.method = "GET", .uri = "/v1beta/files/a:download?alt=media", .params = { GOOGLE });
	is_str(sim_key(sim_last_call()), home, "what is about one too");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	c = SIM_ASK(.method = "GET", .uri = "/v1beta/files?pageToken=x", .params = { GOOGLE });
	is_str(sim_key(sim_last_call()), home, "the list is that of the same project");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	is_str(sim_log(c, "home"), "caller", "logged: why");
	c = SIM_ASK(NATIVE);
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_str(sim_log(c, "home"), "", "others go anywhere");
	SIM_CLOSE();
}

/* The project that has the file is asked second. */
static void
test_asked(void)
{
	struct sim_client *c;
	const char *first, *home;

	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(NAMES(PART("a")));
	is_int(sim_calls(), 1, "one project is asked first");
	is_str(sim_method(sim_call(0)), "GET", "by GET");
	ok(ends_with(sim_url(sim_call(0)), "/v1beta/files/a"), "of the object");
	first = sim_key(sim_call(0));
	sim_answer(sim_call(0), 403, SIM_JSON, DENIED);
	is_int(sim_calls(), 3, "then the others at once");
	home = sim_key(sim_call(2));
	sim_head(sim_call(2), 200, SIM_JSON);
	ok(sim_cancelled(sim_call(1)) && sim_cancelled(sim_call(2)), "the first 200 is enough");
	is_int(sim_calls(), 4, "then the request");
	is_str(sim_key(sim_call(3)), home, "goes there");
	sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "and is served");
	is_str(sim_log(c, "home"), "asked", "logged");
	is_int(sim_log_int(c, "attempts"), 4, "logged: all calls");
	SIM_ASK(NAMES(PART("a")));
	is_int(sim_calls(), 5, "the next time it is known");
	is_str(sim_key(sim_call(4)), home, "the same key");
	sim_answer(sim_call(4), 200, SIM_JSON, ANSWER);
	for (size_t i = 0; i < 3; i++) {
		SIM_ASK(NATIVE);
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	}
	ok(strcmp(first, home) != 0 && sim_calls() == 8, "no key was harmed");
	SIM_CLOSE();
}

static void
test_nobody(void)
{
	struct sim_client *c;

	SIM_OPEN(THREE_KEYS);
	for (size_t i = 0; i < 2; i++) {
		c = SIM_ASK(NAMES(PART("a")));
		for (size_t k = 0; k < 3 && i == 0; k++)
			sim_answer(sim_call(k), k == 1 ? 404 : 403, SIM_JSON, DENIED);
		is_int(sim_calls(), 4 + i, i == 0 ? "all are asked" : "once");
		sim_answer(sim_last_call(), 403, SIM_JSON, DENIED);
		is_int(sim_status(c), 403, "Google's answer");
		ok(sim_has(c, "permission to access the File a"), "as it is");
		is_str(sim_log(c, "home"), "none", "logged");
	}
	sim_pass(OWNER_ABSENT_MS + 1000);
	SIM_ASK(NAMES(PART("a")));
	is_str(sim_method(sim_last_call()), "GET", "after a while they are asked again");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	SIM_CLOSE();
}

static void
test_trouble(void)
{
	struct sim_client *c;
	size_t dead = 0;

	/* A key that is refused meanwhile is out for all. */
	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(NAMES(PART("a")));
	sim_answer(sim_call(0), 400, SIM_JSON, KEY_INVALID);
	is_int(sim_calls(), 3, "the others are asked");
	sim_answer(sim_call(1), 503, SIM_JSON, OVERLOADED);
	sim_answer(sim_call(2), 403, SIM_JSON, DENIED);
	is_int(sim_calls(), 4, "no project knows it: it goes on anywhere");
	sim_answer(sim_call(3), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	for (size_t i = 0; i < 4; i++) {
		SIM_ASK(NATIVE);
		dead += strcmp(sim_key(sim_last_call()), sim_key(sim_call(0))) == 0;
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	}
	is_int(dead, 0, "the key that was refused is left alone");
	SIM_ASK(NAMES(PART("a")));
	is_str(sim_method(sim_last_call()), "GET", "what could not be told is asked again");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	SIM_CLOSE();

	/* Silence. */
	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(NAMES(PART("a")));
	sim_pass(OWNER_MS - 1);
	is_int(sim_calls(), 1, "the answer is waited for");
	sim_pass(2);
	ok(sim_cancelled(sim_call(0)), "not for ever");
	is_int(sim_calls(), 2, "the request goes on");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	/* The client leaves. */
	c = SIM_ASK(NAMES(PART("b")));
	sim_vanish(c);
	ok(sim_cancelled(sim_last_call()), "no project is asked for a client that is gone");
	SIM_CLOSE();
}

static void
test_apart(void)
{
	struct sim_client *c;

	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(NAMES(PART("a") PART("b")));
	is_int(sim_calls(), 2, "both are asked for");
	sim_answer(sim_call(0), 200, SIM_JSON, "{}");
	sim_answer(sim_call(1), 403, SIM_JSON, DENIED);
	sim_answer(sim_call(2), 200, SIM_JSON, "{}");
	is_int(sim_status(c), 400, "they cannot go together");
	ok(sim_has(c, "'files/a' and 'files/b' belong to different Google projects"), "told");
	ok(sim_has(c, "\"INVALID_ARGUMENT\""), "in Google's dialect");
	is_str(sim_log(c, "class"), "apart", "logged");
	SIM_CLOSE();
}

/* A thread reads what lies in a file. */
static void
test_spooled(void)
{
	struct sim_client *c;
	struct buf body;
	const char *home;

	SIM_OPEN(THREE_KEYS);
	home = upload_file(MADE("a"));
	buf_init(&body, MIB);
	buf_adds(&body, "{\"contents\":[{\"parts\":[{\"text\":\"");
	while (body.len < OWNER_PIECE + 100)
		buf_adds(&body, "0123456789abcdef");
	buf_adds(&body, "\"}" PART("a") "]}]}");
	for (size_t i = 0; i < 3; i++) {
		c = SIM_ASK(.uri = GENERATE, .params = { GOOGLE }, .body = buf_slice(&body),
		    .spooled = true);
		is_int(sim_calls(), 1 + i, "it is read first");
		sim_pass(2);
		is_str(sim_key(sim_last_call()), home, "a name at its end is found");
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
		is_int(sim_status(c), 200, "served");
	}
	c = SIM_ASK(.uri = GENERATE, .params = { GOOGLE }, .body = buf_slice(&body),
	    .spooled = true);
	sim_vanish(c);
	sim_pass(10);
	is_int(sim_calls(), 4, "a client that leaves meanwhile");
	buf_release(&body);
	SIM_CLOSE();
}

/* A request bound to a project waits for it, and no other request waits behind it. */
static void
test_cooling(void)
{
	struct sim_client *bound, *other;
	const char *home;
	size_t before;

	SIM_OPEN(THREE_KEYS);
	home = upload_file(MADE("a"));
	bound = SIM_ASK(NAMES(PART("a")));
	is_str(sim_key(sim_last_call()), home, "it goes home");
	sim_answer(sim_last_call(), 429, SIM_JSON, SOON);
	before = sim_calls();
	is_int(sim_state(bound), SIM_OPEN_YET, "it waits");
	for (size_t i = 0; i < 4; i++) {
		other = SIM_ASK(NATIVE);
		ok(strcmp(sim_key(sim_last_call()), home) != 0, "others go elsewhere");
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
		is_int(sim_status(other), 200, "at once");
	}
	sim_pass(6000);
	is_int(sim_calls(), before + 5, "then it goes on");
	is_str(sim_key(sim_last_call()), home, "at home");
	sim_answer(sim_last_call(), 403, SIM_JSON, KEY_LEAKED);
	is_int(sim_status(bound), 502, "no other key can help");
	ok(sim_has(bound, "'files/a' belongs to the project of a key that the Gemini API refuses"),
	    "told");
	bound = SIM_ASK(NAMES(PART("a")));
	is_int(sim_status(bound), 502, "nor later");
	ok(sim_has(bound, "refused all of the keys of the project that owns 'files/a'"), "told");
	SIM_CLOSE();
}

static void
test_interactions(void)
{
	const char *home, *used[3];
	struct sim_client *c;

	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(.uri = "/v1beta/interactions", .params = { GOOGLE },
	    .body = SLICE("{\"model\":\"" MODEL "\",\"input\":\"Hi\"}"));
	home = sim_key(sim_last_call());
	sim_head(sim_last_call(), 200, SIM_JSON);
	sim_pieces(sim_last_call(), SLICE("{\"id\":\"x1\",\"status\":\"completed\"}"), 3);
	sim_end(sim_last_call(), NET_OK);
	is_slice(sim_body(c), "{\"id\":\"x1\",\"status\":\"completed\"}", "untouched");
	for (size_t i = 0; i < 3; i++) {
		SIM_ASK(.uri = "/v1beta/interactions", .params = { GOOGLE },
		    .body = SLICE("{\"model\":\"" MODEL "\",\"previous_interaction_id\":\"x1\"}"));
		is_str(sim_key(sim_last_call()), home, "the next turn");
		sim_answer(sim_last_call(), 200, SIM_JSON, "{\"id\":\"x2\"}");
	}
	SIM_ASK(.method = "DELETE", .uri = "/v1beta/interactions/x2", .params = { GOOGLE });
	is_str(sim_key(sim_last_call()), home, "its end");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	is_int(sim_calls(), 5, "no project was asked");
	for (size_t i = 0; i < 3; i++) {
		SIM_ASK(.uri = "/v1beta/interactions", .params = { GOOGLE },
		    .body = SLICE("{\"model\":\"" MODEL "\",\"input\":\"Hi\"}"));
		used[i] = sim_key(sim_last_call());
		sim_answer(sim_last_call(), 200, SIM_JSON, "{\"id\":\"x3\"}");
	}
	ok(strcmp(used[0], used[1]) != 0 && strcmp(used[1], used[2]) != 0 &&
		strcmp(used[0], used[2]) != 0,
	    "new ones take turns");
	SIM_CLOSE();
}

/* Each key a project: what a fan names, a project of several keys, a pool of one project. */
static void
test_keys(void)
{
	struct sim_client *c;
	size_t counts[3] = { 0 };

	SIM_OPEN(THREE_KEYS);
	c = SIM_ASK(.params = { BEARER },
	    .body =
		SLICE("{\"model\":\"gemini-3-flash\",\"n\":3,\"messages\":[{\"role\":\"user\","
		      "\"content\":[{\"type\":\"file\",\"file\":{\"file_id\":\"files/a\"}}]}]}"));
	sim_answer(sim_call(0), 200, SIM_JSON, "{}");
	is_int(sim_calls(), 4, "three calls after the answer");
	for (size_t i = 1; i < 4; i++) {
		is_str(sim_key(sim_call(i)), sim_key(sim_call(0)), "of a fan all go home");
		sim_answer(sim_call(i), 200, SIM_JSON, ANSWER);
	}
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
	SIM_OPEN(ONE_KEY);
	SIM_ASK(NAMES(PART("a")));
	is_str(sim_method(sim_last_call()), "POST", "with one project there is nothing to ask");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	SIM_CLOSE();
	SIM_OPEN(THREE_KEYS);
	for (size_t i = 0; i < 6; i++) {
		SIM_ASK(NATIVE);
		for (size_t k = 0; k < 3; k++)
			counts[k] += strcmp(sim_key(sim_last_call()), keys[k]) == 0;
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	}
	ok(counts[0] == 2 && counts[1] == 2 && counts[2] == 2, "what names nothing takes turns");
	SIM_CLOSE();
}

int
main(void)
{
	test_made();
	test_asked();
	test_nobody();
	test_trouble();
	test_apart();
	test_spooled();
	test_cooling();
	test_interactions();
	test_keys();
	return tap_done();
}
