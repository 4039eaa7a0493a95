/* Conversations that begin alike stay with one key: Google has their beginning in its cache. */
#include "config.h"

#include "base/buf.h"
#include "base/limits.h"
#include "sim.h"
#include "tap.h"
#include "texts.h"

/* A conversation with a long system prompt and that last word. */
static struct slice
ask_conversation(struct buf *b, const char *system, const char *word)
{
	buf_init(b, MIB);
	buf_adds(b, "{\"model\":\"" MODEL "\",\"messages\":[{\"role\":\"system\",\"content\":\"");
	for (size_t i = 0; i < 2 * PREFIX_MIN; i += 16)
		buf_addf(b, "%-15s ", system);
	buf_addf(b, "\"},{\"role\":\"user\",\"content\":\"%s\"}]}", word);
	return buf_slice(b);
}

/* The key that serves it. */
static const char *
serve_call(const char *system, const char *word)
{
	struct buf b;

	SIM_ASK(.params = { BEARER }, .body = ask_conversation(&b, system, word));
	buf_release(&b);
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	return sim_key(sim_last_call());
}

static void
test_conversations(void)
{
	struct buf b;

	SIM_OPEN(THREE_KEYS);
	is_str(serve_call("You are a cat.", "Hi"), KEY_1, "the first turn");
	is_str(serve_call("You are a cat.", "And then?"), KEY_1, "the second: the same key");
	is_str(serve_call("You are a dog.", "Hi"), KEY_2, "another conversation: another key");
	is_str(serve_call("You are a cat.", "And then?"), KEY_1, "the third");
	SIM_ASK(UNARY);
	is_str(sim_key(sim_last_call()), KEY_3, "a short one takes turns");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	SIM_ASK(.params = { BEARER }, .body = ask_conversation(&b, "You are a cat.", "Hi"));
	buf_release(&b);
	is_str(sim_key(sim_last_call()), KEY_1, "the fourth");
	sim_answer(sim_last_call(), 429, SIM_JSON, QUOTA_MINUTE);
	ok(strcmp(sim_key(sim_last_call()), KEY_1) != 0, "goes on with another key");
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	is_str(serve_call("You are a cat.", "?"), sim_key(sim_last_call()), "and stays there");
	SIM_CLOSE();
}

static void
test_native(void)
{
	const char *key = NULL;
	struct buf b;

	SIM_OPEN(THREE_KEYS);
	for (int i = 0; i < 4; i++) {
		ask_conversation(&b, "You are a cat.", "Hi");
		SIM_ASK(.uri = "/v1beta/models/" MODEL ":generateContent", .params = { GOOGLE },
		    .body = buf_slice(&b), .spooled = i % 2 == 1);
		buf_release(&b);
		key = sim_key(sim_last_call());
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
		is_str(key, KEY_1, "native, in memory and in a file");
	}
	SIM_CLOSE();
	SIM_OPEN(THREE_KEYS, "CACHE_AFFINITY=no");
	is_str(serve_call("You are a cat.", "Hi"), KEY_1, "switched off");
	is_str(serve_call("You are a cat.", "Hi"), KEY_2, "keys take turns");
	SIM_CLOSE();
}

int
main(void)
{
	test_conversations();
	test_native();
	return tap_done();
}
