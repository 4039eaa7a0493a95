"""/responses: what is kept of answers, compaction and counting."""

import json

from calls import GEMINI_3, counted, get, post
from harness import wait_for
from stack import Stack
from stores import place, restart
from tap import called, contains, each, equal, once, true
from test_responses import PATH, WEATHER, items, last_of, respond, text_of


def _called(s, key, stream):
    """A response that calls a function, and the item with the function's result."""
    out = respond(s, "call:weather", key, tools=[WEATHER], stream=stream)
    response = last_of(out) if stream else out.value
    call = items(response, "function_call")[0]
    return response, {
        "type": "function_call_output",
        "call_id": call["call_id"],
        "output": "rain",
    }


def _named(response):
    return [{"type": "item_reference", "id": i["id"]} for i in response["output"]]


@once
@called("items may be named instead of repeated, as the AI SDK does")
def references(options):
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key()
            response, result = _called(s, key, stream)
            conversation = [{"role": "user", "content": "call:weather"}]
            conversation += _named(response) + [result]
            with counted(s, bypassed_calls=0):
                out = respond(s, conversation, key, tools=[WEATHER], stream=stream)
            contains(text_of(last_of(out) if stream else out.value), "rain")
            conversation[1]["id"] = "rs_nothing"
            out = respond(s, conversation, key, tools=[WEATHER], status=None)
            equal(out.status, 404, "status for an unknown item")
            contains(out.error["param"], "input[1]")


@once
@called("a loop of many steps may name every kind of item, for its own credential alone")
def references_of_a_loop(options):
    more = {"tools": [WEATHER], "reasoning": {"effort": "low", "summary": "auto"}}
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key()
            conversation = [{"role": "user", "content": "say-first call:weather"}]
            kinds = set()
            for i in range(4):
                with counted(s, bypassed_calls=0):
                    out = respond(s, conversation, key, stream=stream, **more)
                response = last_of(out) if stream else out.value
                kinds |= {item["type"] for item in response["output"]}
                conversation += _named(response)
                for call in items(response, "function_call"):
                    result = {"call_id": call["call_id"], "output": "rain"}
                    conversation.append(dict(result, type="function_call_output"))
                conversation.append({"role": "user", "content": "say-first call:weather %d" % i})
            equal(kinds, {"reasoning", "message", "function_call"}, "items that were named")
            respond(s, conversation, s.key(), status=404, **more)


@once
@called("a response that is too large with its conversation is kept without that")
def too_large(options):
    url = "data:image/png;base64," + "A" * (9 << 20)
    image = {"role": "user", "content": [{"type": "input_image", "image_url": url}]}
    question = {"role": "user", "content": "call:weather"}
    with Stack(options) as s:
        key = s.key()
        one = respond(s, [image, question], key, tools=[WEATHER]).value
        equal(get(s, PATH + "/" + one["id"], key).value["id"], one["id"], "what GET gives")
        get(s, PATH + "/%s/input_items" % one["id"], key, status=404)
        out = respond(s, "x", key, previous_response_id=one["id"], status=400)
        equal(out.error["code"], "previous_response_not_found", "code")
        call = items(one, "function_call")[0]
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        out = respond(s, [question] + _named(one) + [result], key, tools=[WEATHER])
        contains(text_of(out.value), "rain")


@once
@called("a response that failed or was left is not stored")
def not_stored(options):
    with Stack(options, env={"HEARTBEAT": "0.2"}) as s:
        key = s.key("stream_error_mid")
        out = respond(s, key=key, stream=True)
        id_ = out.chunks[0]["response"]["id"]
        get(s, PATH + "/" + id_, key, status=404)
        key = s.key()
        body = {"model": "gated-3", "input": "x", "stream": True}
        with s.request("POST", PATH, bearer=key, body=body) as r:
            id_ = json.loads(r.event())["response"]["id"]
        wait_for("its line", lambda: len(s.access_lines()) >= 3)
        get(s, PATH + "/" + id_, key, status=404)


@once
def a_response_that_is_not_kept_is_the_error_that_clients_know(options):
    with Stack(options) as s:
        out = respond(s, previous_response_id="resp_1", status=400)
        equal(out.error["param"], "previous_response_id", "param")
        equal(out.error["code"], "previous_response_not_found", "code")
        contains(out.error["message"], "Previous response with id 'resp_1' not found")
        out = respond(s, [{"type": "item_reference", "id": "msg_1"}], status=404)
        contains(out.error["param"], "input[0]")
        contains(out.error["message"], "Item with id 'msg_1' not found")
        for method in ("GET", "DELETE"):
            out = post(s, PATH + "/resp_1", method=method, status=404)
            contains(out.error["message"], "Response with id 'resp_1' not found")
        equal(respond(s, conversation="conv_1", status=400).error["param"], "conversation", "param")
        out = respond(s, background=True)
        equal(out.value["status"], "completed", "what is made in the background is there at once")
        equal(out.changes, {"/background": "dropped"}, "and that is told")


def _conversation(s, stream):
    key = s.key()
    out = respond(s, "first words", key, stream=stream, instructions="Only now.")
    one = last_of(out) if stream else out.value
    equal(one["store"], True, "stored when nothing is said")
    out = respond(s, "second words", key, previous_response_id=one["id"], stream=stream)
    two = last_of(out) if stream else out.value
    equal(two["previous_response_id"], one["id"], "previous_response_id")
    sent = out.sent()[-1]
    said = [(c["role"], "".join(p.get("text", "") for p in c["parts"])) for c in sent["contents"]]
    equal([r for r, _ in said], ["user", "model", "user"], "turns upstream")
    equal((said[0][1], said[2][1]), ("first words", "second words"), "questions upstream")
    contains(said[1][1], "You said: first words")
    true("Only now." not in json.dumps(sent), "instructions are not inherited")
    return key, one, two


def _stored(s, stream):
    key, one, two = _conversation(s, stream)
    equal(get(s, PATH + "/" + one["id"], key).value, one, "what GET gives")
    listed = get(s, PATH + "/%s/input_items" % two["id"], key).value
    contains(json.dumps(listed["data"]), "second words")
    equal(listed["object"], "list", "object")
    get(s, PATH + "/%s/input_items?limit=0" % two["id"], key, status=400)
    get(s, PATH + "/" + one["id"], s.key(), status=404)
    respond(s, "x", s.key(), previous_response_id=one["id"], status=400)
    out = post(s, PATH + "/" + one["id"], key=key, method="DELETE")
    equal(out.value, {"id": one["id"], "object": "response", "deleted": True}, "what DELETE gives")
    get(s, PATH + "/" + one["id"], key, status=404)
    respond(s, "x", key, previous_response_id=one["id"], status=400)
    out = respond(s, "forget", key, store=False, stream=stream)
    gone = last_of(out) if stream else out.value
    get(s, PATH + "/" + gone["id"], key, status=404)
    return key, two


@once
def a_stored_response_is_continued_shown_and_deleted(options):
    with Stack(options) as s:
        for stream in (False, True):
            _stored(s, stream)


@once
def a_stored_response_survives_a_restart(options):
    with place() as path, Stack(options, env={"STATE": "sqlite:%s/s.db" % path}) as s:
        key, two = _stored(s, False)
        restart(s)
        equal(get(s, PATH + "/" + two["id"], key).value, two, "what GET gives")
        out = respond(s, "third words", key, previous_response_id=two["id"])
        equal(len(out.sent()[-1]["contents"]), 5, "turns upstream")


@once
@called("processes with one state file go on from each other's responses, without one they say so")
def several_processes(options):
    with place() as path:
        for state in ("sqlite:%s/s.db" % path, ""):
            env = {"STATE": state}
            with Stack(options, env=env) as one, Stack(options, env=env) as other:
                key = one.key()
                first = respond(one, "first words", key).value
                question = [{"role": "user", "content": "x"}] + _named(first)
                # It reaches SQLite a moment later.
                wait = lambda: get(other, PATH + "/" + first["id"], key, None).status == 200
                if state:
                    wait_for("the other process to know it", wait)
                status = 200 if state else 404
                respond(other, question, key, status=status)
                get(other, PATH + "/" + first["id"], key, status=status)
                status = 200 if state else 400
                respond(other, "y", key, previous_response_id=first["id"], status=status)


@once
def head_of_a_stored_response_is_its_get_without_a_body(options):
    with Stack(options) as s:
        key = s.key()
        one = respond(s, key=key).value
        for id_, status in ((one["id"], 200), ("resp_none", 404)):
            with s.request("HEAD", PATH + "/" + id_, bearer=key) as r:
                equal((r.status, r.read()), (status, b""), "status and body")


@once
def a_chain_with_calls_keeps_its_signatures(options):
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key()
            response, result = _called(s, key, stream)
            more = {"tools": [WEATHER], "previous_response_id": response["id"]}
            with counted(s, signed_calls=1, bypassed_calls=0):
                out = respond(s, [result], key, stream=stream, **more)
            contains(text_of(last_of(out) if stream else out.value), "rain")


def _said(sent):
    """Roles and texts of the turns of a request upstream."""
    return [
        (c["role"], "".join(p.get("text", "") for p in c["parts"])) for c in sent["contents"]
    ]


def _compacted(s, conversation, stream):
    trigger = {"type": "compaction_trigger"}
    out = respond(s, conversation + [trigger], stream=stream, store=False, tools=[WEATHER])
    response = last_of(out) if stream else out.value
    equal([i["type"] for i in response["output"]], ["compaction"], "items")
    true(response["usage"]["output_tokens"] > 0, "the summary's tokens are counted")
    sent = out.sent_one()
    equal(sent["toolConfig"]["functionCallingConfig"], {"mode": "NONE"}, "no call")
    contains(_said(sent)[-1][1], "Write a summary")
    if stream:
        equal(
            [c["type"] for c in out.chunks],
            [
                "response.created",
                "response.in_progress",
                "response.output_item.added",
                "response.output_item.done",
                "response.completed",
            ],
            "events",
        )
    return response["output"][0]


@each
def a_conversation_is_compacted_and_goes_on_from_its_summary(s):
    conversation = [
        {"role": "developer", "content": "Rules."},
        {"role": "user", "content": "old words"},
        {"role": "assistant", "content": "old answer"},
        {"role": "user", "content": "more words"},
    ]
    for stream in (False, True):
        item = _compacted(s, conversation, stream)
        true("You said" not in json.dumps(item), "the item tells nothing")
        for before in ([], conversation):
            new = {"role": "user", "content": "new words"}
            sent = respond(s, before + [item, new], stream=stream, store=False).sent_one()
            equal([r for r, _ in _said(sent)], ["user"], "turns upstream")
            text = _said(sent)[0][1]
            contains(text, "You said: ")
            contains(text, "new words")
            true("old answer" not in text, "what the summary tells is gone")
            equal("Rules." in json.dumps(sent), bool(before), "instructions stay")


@once
def a_chain_of_stored_responses_goes_on_behind_a_compaction(options):
    with Stack(options) as s:
        for stream in (False, True):
            key, more = s.key(), {"stream": stream}
            ids = []
            for input_ in ("first words", [{"type": "compaction_trigger"}], "last words"):
                if ids:
                    more["previous_response_id"] = ids[-1]
                out = respond(s, input_, key, **more)
                ids.append((last_of(out) if stream else out.value)["id"])
            said = _said(out.sent()[-1])
            equal([r for r, _ in said], ["user"], "turns upstream")
            contains(said[0][1], "summary")
            contains(said[0][1], "last words")
            listed = get(s, PATH + "/%s/input_items" % ids[1], key).value["data"]
            equal(listed, [], "input of the second")


@each
def compact_answers_with_a_window_that_can_be_continued(s):
    conversation = [
        {"role": "user", "content": "words to keep"},
        {"role": "assistant", "content": "old answer"},
    ]
    out = post(s, PATH + "/compact", {"model": GEMINI_3, "input": conversation})
    equal(out.value["object"], "response.compaction", "object")
    equal([i["type"] for i in out.value["output"]], ["message", "compaction"], "items")
    new = {"role": "user", "content": "new words"}
    text = _said(respond(s, out.value["output"] + [new]).sent_one())[0][1]
    for part in ("words to keep", "You said: ", "new words"):
        contains(text, part)
    post(s, PATH + "/compact", {"model": GEMINI_3}, status=400)
    out = post(s, PATH + "/compact", {"model": GEMINI_3, "input": 3}, status=400)
    equal(out.error["param"], "input", "param")


@once
def a_missing_summary_is_an_error(options):
    trigger = [{"role": "user", "content": "x"}, {"type": "compaction_trigger"}]
    with Stack(options) as s:
        for fault in ("stop_empty", "empty_parts"):
            out = respond(s, trigger, key=s.key(fault), status=502)
            contains(out.error["message"], "no summary")
            out = respond(s, trigger, key=s.key(fault), stream=True)
            equal(out.chunks[-1]["type"], "response.failed", "last event")
            body = {"model": GEMINI_3, "input": trigger}
            post(s, PATH + "/compact", body, s.key(fault), status=502)
        for fault, status in (("key_invalid", 401), ("quota_minute", 429)):
            post(s, PATH + "/compact", body, s.key(fault), status=status)


@each
def input_tokens_equal_those_of_a_create(s):
    body = {"model": GEMINI_3, "input": "Hello", "instructions": "Be short.", "tools": [WEATHER]}
    out = post(s, PATH + "/input_tokens", body)
    equal(out.value["object"], "response.input_tokens", "object")
    true(out.value["input_tokens"] > 0, "something is counted")
    counted = out.sent_one()["generateContentRequest"]
    equal(counted.pop("model"), "models/" + GEMINI_3, "model")
    equal(counted, post(s, PATH, body).sent_one(), "what is counted")
    out = post(s, PATH + "/input_tokens", {"input": "Hello"})
    contains(out.requests()[0]["path"], "models/gemini-flash-latest:countTokens")
    out = post(s, PATH + "/input_tokens", {"model": GEMINI_3, "input": 3}, status=400)
    equal(out.error["param"], "input", "param")
    out = post(s, PATH + "/input_tokens", {"model": "none", "input": "x"}, status=404)
    equal(out.error["code"], "model_not_found", "code")


@once
def input_tokens_go_on_from_stored_responses_and_try_other_keys(options):
    with Stack(options) as s:
        key = s.key()
        one = respond(s, "first words", key).value
        body = {"model": GEMINI_3, "input": "x", "previous_response_id": one["id"]}
        out = post(s, PATH + "/input_tokens", body, key)
        contains(json.dumps(out.sent()[-1]), "first words")
        more = post(s, PATH + "/input_tokens", {"model": GEMINI_3, "input": "x"}, key).value
        true(out.value["input_tokens"] > more["input_tokens"], "the conversation counts")
        post(s, PATH + "/input_tokens", dict(body, previous_response_id="no"), key, status=400)
        for fault in ("key_invalid", "quota_minute"):
            keys = s.key(fault) + "," + s.key()
            out = post(s, PATH + "/input_tokens", {"model": GEMINI_3, "input": "x"}, keys)
            true(out.value["input_tokens"] > 0, "another key counts")


@once
def a_response_that_is_not_in_the_background_cannot_be_cancelled(options):
    with Stack(options) as s:
        key = s.key()
        one = respond(s, key=key).value
        out = post(s, PATH + "/%s/cancel" % one["id"], {}, key, status=400)
        contains(out.error["message"], "Cannot cancel a synchronous response")
        post(s, PATH + "/%s/cancel" % one["id"], None, key, status=400)
        post(s, PATH + "/%s/cancel" % one["id"], {}, s.key(), status=404)
        post(s, PATH + "/resp_none/cancel", {}, key, status=404)
