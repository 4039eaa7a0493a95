"""/responses: whole and streamed, with and without a store."""

import json

from calls import GEMINI_3, PNG, get, post, scripted
from harness import wait_for
from stack import Stack
from stores import place, restart
from tap import called, contains, each, equal, once, true

PATH = "/v1/responses"
WEATHER = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def respond(s, input_="Hello", key=None, status=200, **more):
    return post(s, PATH, dict({"model": GEMINI_3, "input": input_}, **more), key, status=status)


def text_of(response):
    return "".join(
        p["text"] for i in response["output"] if i["type"] == "message" for p in i["content"]
    )


def last_of(out):
    """The response in the last event of a stream."""
    return out.chunks[-1]["response"]


def items(response, kind):
    return [i for i in response["output"] if i["type"] == kind]


@each
def a_response_comes_whole_and_as_a_stream(s):
    whole = respond(s, instructions="Be short.", metadata={"a": "b"}).value
    equal(whole["status"], "completed", "status")
    contains(text_of(whole), "You said: Hello")
    equal((whole["instructions"], whole["metadata"]), ("Be short.", {"a": "b"}), "echo")
    out = respond(s, stream=True)
    equal([c["sequence_number"] for c in out.chunks], list(range(len(out.chunks))), "numbers")
    equal(
        [c["type"] for c in out.chunks][:4],
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
        ],
        "first events",
    )
    equal(
        [c["type"] for c in out.chunks][-4:],
        [
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ],
        "last events",
    )
    equal(text_of(last_of(out)), text_of(whole), "text")


@each
def reasoning_comes_first_and_in_its_own_events(s):
    more = {"reasoning": {"effort": "low", "summary": "auto"}}
    whole = respond(s, **more).value
    equal([i["type"] for i in whole["output"]], ["reasoning", "message"], "items")
    summary = whole["output"][0]["summary"][0]["text"]
    true(summary and summary not in text_of(whole), "a summary beside the text")
    out = respond(s, stream=True, **more)
    deltas = [c for c in out.chunks if c["type"] == "response.reasoning_summary_text.delta"]
    equal("".join(d["delta"] for d in deltas), summary, "streamed summary")


@each
def calls_and_their_results_go_back_and_forth_with_signatures(s):
    more = {"tools": [WEATHER], "include": ["reasoning.encrypted_content"], "store": False}
    for stream in (False, True):
        out = respond(s, "call:weather", stream=stream, **more)
        response = last_of(out) if stream else out.value
        call = items(response, "function_call")[0]
        equal(json.loads(call["arguments"]), {"city": "text"}, "arguments")
        true(items(response, "reasoning")[0]["encrypted_content"], "the signature is carried")
        before = s.standin.control("GET", "/stats")
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        conversation = [{"role": "user", "content": "call:weather"}]
        # Another key: nothing of it is in the store.
        out = respond(s, conversation + response["output"] + [result], stream=stream, **more)
        contains(text_of(last_of(out) if stream else out.value), "rain")
        after = s.standin.control("GET", "/stats")
        equal(after["signed_calls"] - before["signed_calls"], 1, "signed calls")
        equal(after["bypassed_calls"] - before["bypassed_calls"], 0, "bypassed calls")


@once
@called("calls beside a tool of Google's keep their traces, carried or stored")
def mixed_tools(options):
    tools = [WEATHER, {"type": "web_search"}]
    with Stack(options) as s:
        for carried in (True, False):
            for stream in (False, True):
                key = s.key()
                more = {"tools": tools, "stream": stream}
                if carried:
                    more["include"] = ["reasoning.encrypted_content"]
                out = respond(s, "call:weather", key, **more)
                response = last_of(out) if stream else out.value
                call = items(response, "function_call")[0]
                result = {"call_id": call["call_id"], "output": "rain"}
                turn = response["output"] if carried else [call]
                before = s.standin.control("GET", "/stats")
                conversation = [{"role": "user", "content": "call:weather"}] + turn
                conversation.append(dict(result, type="function_call_output"))
                respond(s, conversation, s.key() if carried else key, **more)
                after = s.standin.control("GET", "/stats")
                names = ("signed_calls", "bypassed_calls", "signed_tools", "bypassed_tools")
                found = [after[n] - before[n] for n in names]
                equal(found, [1, 0, 2, 0], "signed; carried %s, stream %s" % (carried, stream))


@once
@called("items may be named instead of repeated, as the AI SDK does")
def references(options):
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key()
            out = respond(s, "call:weather", key, tools=[WEATHER], stream=stream)
            response = last_of(out) if stream else out.value
            call = items(response, "function_call")[0]
            conversation = [{"role": "user", "content": "call:weather"}]
            conversation += [{"type": "item_reference", "id": i["id"]} for i in response["output"]]
            conversation.append(
                {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
            )
            before = s.standin.control("GET", "/stats")
            out = respond(s, conversation, key, tools=[WEATHER], stream=stream)
            contains(text_of(last_of(out) if stream else out.value), "rain")
            after = s.standin.control("GET", "/stats")
            equal(after["bypassed_calls"] - before["bypassed_calls"], 0, "bypassed calls")
            conversation[1]["id"] = "rs_nothing"
            out = respond(s, conversation, key, tools=[WEATHER], status=None)
            equal(out.status, 404, "status for an unknown item")
            contains(out.error["param"], "input[1]")


def _named(response):
    return [{"type": "item_reference", "id": i["id"]} for i in response["output"]]


@once
@called("a loop of many steps may name every kind of item, for its own credential alone")
def references_of_a_loop(options):
    more = {"tools": [WEATHER], "reasoning": {"effort": "low", "summary": "auto"}}
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key()
            conversation = [{"role": "user", "content": "say-first call:weather"}]
            before = s.standin.control("GET", "/stats")
            kinds = set()
            for i in range(4):
                out = respond(s, conversation, key, stream=stream, **more)
                response = last_of(out) if stream else out.value
                kinds |= {item["type"] for item in response["output"]}
                conversation += _named(response)
                for call in items(response, "function_call"):
                    result = {"call_id": call["call_id"], "output": "rain"}
                    conversation.append(dict(result, type="function_call_output"))
                conversation.append({"role": "user", "content": "say-first call:weather %d" % i})
            equal(kinds, {"reasoning", "message", "function_call"}, "items that were named")
            after = s.standin.control("GET", "/stats")
            equal(after["bypassed_calls"] - before["bypassed_calls"], 0, "bypassed calls")
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
def parallel_calls_are_items_of_their_own(options):
    tools = [WEATHER, {"type": "function", "name": "clock", "parameters": None}]
    with Stack(options) as s:
        for text in ("call:weather call:clock", "calls-together call:weather call:clock say-first"):
            for stream in (False, True):
                out = respond(s, text, tools=tools, stream=stream)
                response = last_of(out) if stream else out.value
                calls = items(response, "function_call")
                equal([c["name"] for c in calls], ["weather", "clock"], "calls")
                equal(len({c["call_id"] for c in calls}), 2, "ids differ")


@once
def what_is_not_kept_is_an_error_that_clients_know(options):
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
def a_chain_with_calls_keeps_its_signatures(options):
    with Stack(options) as s:
        for stream in (False, True):
            key, before = s.key(), s.standin.control("GET", "/stats")
            out = respond(s, "call:weather", key, tools=[WEATHER], stream=stream)
            response = last_of(out) if stream else out.value
            call = items(response, "function_call")[0]
            result = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
            out = respond(
                s,
                [result],
                key,
                tools=[WEATHER],
                previous_response_id=response["id"],
                stream=stream,
            )
            contains(text_of(last_of(out) if stream else out.value), "rain")
            after = s.standin.control("GET", "/stats")
            equal(after["signed_calls"] - before["signed_calls"], 1, "signed calls")
            equal(after["bypassed_calls"] - before["bypassed_calls"], 0, "bypassed calls")


@each
def a_failure_in_mid_stream_is_told_in_two_events(s):
    for fault in ("stream_error_mid", "stream_cut"):
        out = respond(s, key=s.key(fault), stream=True)
        kinds = [c["type"] for c in out.chunks]
        true("response.failed" in kinds[-2:] or kinds[-1] == "error", "the end: %s" % kinds[-3:])
        failed = [c["response"] for c in out.chunks if c["type"] == "response.failed"]
        if failed:
            true(failed[0]["error"]["message"], "there is a message")
        true("response.completed" not in kinds, "not completed after " + fault)


@each
def a_failure_before_the_stream_keeps_its_status(s):
    for fault, status in (("key_invalid", 401), ("quota_minute", 429), ("model_missing", 404)):
        for stream in (False, True):
            out = respond(s, key=s.key(fault), stream=stream, status=status)
            true(out.error["message"], "there is a message")


@once
def incomplete_answers_say_why(options):
    cases = (
        ("finish-late:MAX_TOKENS", "incomplete", "max_output_tokens"),
        ("finish:MAX_TOKENS", "incomplete", "max_output_tokens"),
        ("finish-late:SAFETY", "incomplete", "content_filter"),
        ("block:SAFETY", None, None),
    )
    with Stack(options) as s:
        for text, status, reason in cases:
            for stream in (False, True):
                out = respond(s, text, stream=stream)
                response = last_of(out) if stream else out.value
                if status:
                    equal(response["status"], status, "status of " + text)
                    equal(response["incomplete_details"], {"reason": reason}, "why")
                    if stream:
                        equal(out.chunks[-1]["type"], "response.incomplete", "last event")
                else:
                    contains(json.dumps(response), "SAFETY")


@once
def every_kind_of_input_goes_up(options):
    url = "data:image/png;base64," + PNG
    content = [
        {"type": "input_text", "text": "What?"},
        {"type": "input_image", "image_url": url, "detail": "auto"},
        {
            "type": "input_file",
            "file_data": "data:application/pdf;base64,JVBERi0x",
            "filename": "a.pdf",
        },
    ]
    input_ = [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": "Hello"},
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
        },
        {"type": "message", "role": "user", "content": content},
    ]
    with Stack(options) as s:
        sent = respond(s, input_).sent_one()
        equal([c["role"] for c in sent["contents"]], ["user", "model", "user"], "turns")
        kinds = [p.get("inlineData", {}).get("mimeType") for p in sent["contents"][2]["parts"]]
        equal(kinds, [None, "image/png", "application/pdf"], "parts")
        contains(json.dumps(sent["systemInstruction"]), "Be kind.")
        out = respond(s, [{"role": "user", "content": [{"type": "input_image"}]}], status=400)
        contains(out.error["param"], "input[0].content[0]")


@once
def formats_tools_and_choices_are_those_of_the_api(options):
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    format_ = {"type": "json_schema", "name": "x", "schema": schema, "strict": True}
    with Stack(options) as s:
        out = respond(s, text={"format": format_})
        equal(list(json.loads(text_of(out.value))), ["a"], "members of the answer")
        sent = respond(
            s, tools=[WEATHER], tool_choice={"type": "function", "name": "weather"}
        ).sent_one()
        config = sent["toolConfig"]["functionCallingConfig"]
        equal(config, {"mode": "ANY", "allowedFunctionNames": ["weather"]}, "tool choice")
        for kind in ("web_search", "web_search_preview"):
            out = respond(s, "Grüße 🌍", tools=[{"type": kind}])
            part = items(out.value, "message")[0]["content"][0]
            found = [a for a in part["annotations"] if a["type"] == "url_citation"]
            cut = [part["text"][a["start_index"] : a["end_index"]] for a in found]
            true("Zürich agrees 🎉." in cut, "offsets count characters: %r" % cut)
        sent = respond(s, max_output_tokens=77, top_logprobs=0, temperature=1).sent_one()
        equal(sent["generationConfig"]["maxOutputTokens"], 77, "limit")
        sent = respond(s, tools=[{"type": "code_interpreter", "container": {"type": "auto"}}])
        equal(sent.sent_one()["tools"], [{"codeExecution": {}}], "tools upstream")


@once
@called("a level that the model refuses is left out in responses too")
def a_level_refused(options):
    text = "Thinking level LOW is not supported for this model."
    refusal = {"error": {"code": 400, "message": text, "status": "INVALID_ARGUMENT"}}
    rule = {"contains": "thinkingConfig", "status": 400, "body": json.dumps(refusal)}
    with Stack(options) as s, scripted(s, rule):
        for stream in (False, True):
            out = respond(s, reasoning={"effort": "low"}, stream=stream)
            true(text_of(last_of(out) if stream else out.value), "there is an answer")
            equal(len(out.sent()), 2, "calls upstream")


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
def compact_answers_with_the_window_to_go_on_with(s):
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
def a_summary_that_does_not_come_is_an_error(options):
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
def input_tokens_are_those_of_a_create(s):
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
def what_is_not_in_the_background_cannot_be_cancelled(options):
    with Stack(options) as s:
        key = s.key()
        one = respond(s, key=key).value
        out = post(s, PATH + "/%s/cancel" % one["id"], {}, key, status=400)
        contains(out.error["message"], "Cannot cancel a synchronous response")
        post(s, PATH + "/%s/cancel" % one["id"], None, key, status=400)
        post(s, PATH + "/%s/cancel" % one["id"], {}, s.key(), status=404)
        post(s, PATH + "/resp_none/cancel", {}, key, status=404)
