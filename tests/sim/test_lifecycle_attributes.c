/* Attributes of the pool's keys: the proxy of a key's calls, the models that a key is for. */
#include "config.h"

#include "sim.h"
#include "tap.h"
#include "texts.h"

#define TOKENS "ACCESS_TOKENS=" TOKEN

static void
test_proxy(void)
{
	struct sim_client *c;

	SIM_OPEN("GEMINI_API_KEYS=" KEY_1 " proxy=socks5h://me:hidden-word@10.0.0.1:1080," KEY_2,
	    TOKENS);
	c = SIM_ASK(UNARY);
	is_str(sim_key(sim_call(0)), KEY_1, "the first key");
	is_str(sim_proxy(sim_call(0)), "socks5h://me:hidden-word@10.0.0.1:1080", "its proxy");
	sim_end(sim_call(0), NET_CONNECT);
	sim_pass(1000);
	is_str(sim_key(sim_call(1)), KEY_2, "another key");
	is_str(sim_proxy(sim_call(1)), "", "the proxy of all calls");
	sim_answer(sim_call(1), 200, SIM_JSON, ANSWER);
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
	SIM_OPEN("GEMINI_API_KEYS=" KEY_1 " proxy=http://10.0.0.1:1080", TOKENS);
	c = SIM_ASK(.uri = "/verify", .params = { BEARER }, .body = SLICE(KEY_2));
	is_str(sim_proxy(sim_last_call()), "", "a caller's key has none");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	is_int(sim_status(c), 200, "checked");
	SIM_CLOSE();
}

#define PRO        "gemini-2.5-pro"
#define ASK(model) "{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"

static void
test_models(void)
{
	struct sim_client *c;

	SIM_OPEN("GEMINI_API_KEYS=" KEY_1 " models=" PRO "," KEY_2 "," KEY_3 " models=gemini-3*|x",
	    TOKENS, "BALANCE=round-robin", "WAIT_MAX=0");
	for (int i = 0; i < 3; i++) {
		c = SIM_ASK(UNARY);
		is_str(sim_key(sim_last_call()), KEY_2, "the only key for this model");
		sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	}
	c = SIM_ASK(.params = { BEARER }, .body = SLICE(ASK(PRO)));
	sim_answer(sim_last_call(), 429, SIM_JSON, EXHAUSTED);
	is_int(sim_calls(), 5, "two keys for that one");
	sim_answer(sim_last_call(), 429, SIM_JSON, EXHAUSTED);
	is_int(sim_calls(), 5, "and not the third");
	is_int(sim_status(c), 429, "told");
	sim_pass(60000);
	c = SIM_ASK(.params = { BEARER }, .body = SLICE(ASK("gpt-4o")));
	sim_answer(sim_last_call(), 503, SIM_JSON, OVERLOADED);
	sim_pass(2000);
	sim_answer(sim_last_call(), 200, SIM_JSON, ANSWER);
	ok(strcmp(sim_key(sim_call(5)), KEY_3) != 0 && strcmp(sim_key(sim_call(6)), KEY_3) != 0,
	    "an alias counts as what it stands for");
	SIM_CLOSE();
	SIM_OPEN("GEMINI_API_KEYS=" KEY_1 " models=" PRO "," KEY_2 " models=gemini-3*", TOKENS);
	c = SIM_ASK(UNARY);
	is_int(sim_calls(), 0, "no key for it");
	is_int(sim_status(c), 404, "refused");
	ok(sim_has(c, "model_not_found") && sim_has(c, MODEL), "by name");
	c = SIM_ASK(NATIVE_STREAM);
	is_int(sim_status(c), 404, "on the native route too");
	c = SIM_ASK(.method = "GET", .uri = "/v1beta/files", .params = { GOOGLE });
	is_int(sim_calls(), 1, "a request without a model takes any key");
	sim_answer(sim_last_call(), 200, SIM_JSON, "{}");
	is_int(sim_status(c), 200, "served");
	SIM_CLOSE();
}

int
main(void)
{
	test_proxy();
	test_models();
	return tap_done();
}
