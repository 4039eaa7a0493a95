"""/responses: whole and streamed; test_responses_kept.py has what is stored of them."""

import json

from calls import GEMINI_3, PNG, counted, post, scripted
from stack import Stack
from tap import called, contains, each, equal, once, true

PATH = "/v1/responses"
WEATHER = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}

ALL_SIGNED = {"signed_calls": 1, "bypassed_calls": 0, "signed_tools": 2, "bypassed_tools": 0}


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
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        conversation = [{"role": "user", "content": "call:weather"}]
        # Another key: nothing of it is in the store.
        with counted(s, signed_calls=1, bypassed_calls=0):
            out = respond(s, conversation + response["output"] + [result], stream=stream, **more)
        contains(text_of(last_of(out) if stream else out.value), "rain")


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
                conversation = [{"role": "user", "content": "call:weather"}] + turn
                conversation.append(dict(result, type="function_call_output"))
                with counted(s, **ALL_SIGNED):
                    respond(s, conversation, s.key() if carried else key, **more)


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
