"""Tools beside plain functions: their calls go to the client and back, whole and streamed."""

import json

from calls import GEMINI_3, counted, post
from tap import contains, each, equal, true

PATH = "/v1/responses"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "name": "weather", "parameters": CITY}
SPACE = {"type": "namespace", "name": "mcp__wx", "description": "weather", "tools": [WEATHER]}
SEARCH = {"type": "tool_search", "execution": "client", "parameters": CITY}


def respond(s, input_, **more):
    return post(s, PATH, dict({"model": GEMINI_3, "input": input_, "store": False}, **more))


def response_of(out, stream):
    return out.chunks[-1]["response"] if stream else out.value


def only(response, kind):
    found = [i for i in response["output"] if i["type"] == kind]
    equal(len(found), 1, "items of type " + kind)
    return found[0]


def shown(out, kind):
    """Where events of a stream show an item: (event, item)."""
    return [
        (c["type"], c["item"]) for c in out.chunks if c.get("item", {}).get("type", "") == kind
    ]


def goes_back(s, question, response, result, stream, **more):
    """The second turn: the call goes back signed, and the model reads its result."""
    conversation = [{"role": "user", "content": question}] + response["output"] + [result]
    with counted(s, signed_calls=1, bypassed_calls=0):
        out = respond(s, conversation, stream=stream, **more)
    return json.dumps(response_of(out, stream)["output"])


@each
def calls_of_a_namespace_come_with_its_name(s):
    more = {"tools": [dict(WEATHER), SPACE]}
    for stream in (False, True):
        question = "call:mcp__wx__weather"
        out = respond(s, question, stream=stream, **more)
        response = response_of(out, stream)
        call = only(response, "function_call")
        equal((call["namespace"], call["name"]), ("mcp__wx", "weather"), "whose call it is")
        for event, item in shown(out, "function_call") if stream else []:
            equal((item["namespace"], item["name"]), ("mcp__wx", "weather"), event)
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
        contains(goes_back(s, question, response, result, stream, **more), "rain")


@each
def a_search_of_tools_brings_tools(s):
    more = {"tools": [SEARCH]}
    for stream in (False, True):
        question = "call:tool_search"
        out = respond(s, question, stream=stream, **more)
        response = response_of(out, stream)
        call = only(response, "tool_search_call")
        equal((call["execution"], call["arguments"]), ("client", {"city": "text"}), "the call")
        found = dict(call, type="tool_search_output", tools=[SPACE])
        del found["id"], found["arguments"]
        text = goes_back(s, question, response, found, stream, **more)
        contains(text, "mcp__wx__weather")
        conversation = [{"role": "user", "content": question}] + response["output"] + [found]
        conversation.append({"role": "user", "content": "call:mcp__wx__weather"})
        again = response_of(respond(s, conversation, stream=stream, **more), stream)
        equal(only(again, "function_call")["namespace"], "mcp__wx", "a tool that was found")


@each
def tools_of_an_item_are_declared(s):
    item = {"type": "additional_tools", "role": "developer", "tools": [SPACE, WEATHER]}
    for name in ("weather", "mcp__wx__weather"):
        out = respond(s, [item, {"role": "user", "content": "call:" + name}])
        equal(only(out.value, "function_call")["name"], "weather", "the call")


@each
def the_client_carries_out_what_it_offers(s):
    more = {"tools": [{"type": "shell"}, {"type": "local_shell"}, {"type": "apply_patch"}]}
    results = {
        "shell": {"output": [{"stdout": "rain", "stderr": "", "outcome": {"type": "timeout"}}]},
        "local_shell": {"output": "rain"},
        "apply_patch": {"status": "failed", "output": "rain"},
    }
    for stream in (False, True):
        for name, result in results.items():
            out = respond(s, "call:" + name, stream=stream, **more)
            response = response_of(out, stream)
            call = only(response, name + "_call")
            result = dict(result, type=name + "_call_output", call_id=call["call_id"])
            contains(goes_back(s, "call:" + name, response, result, stream, **more), "rain")


@each
def what_gemini_has_not_is_left_out_and_named(s):
    tools = [{"type": "image_generation"}, {"type": "mcp", "server_label": "a"}, WEATHER]
    out = respond(s, "Hello", tools=tools)
    equal(out.changes, {"/tools/0": "dropped", "/tools/1": "dropped"}, "what is told")
    choice = {"type": "mcp", "server_label": "a"}
    body = {"model": GEMINI_3, "input": "Hello", "tools": tools, "tool_choice": choice}
    error = post(s, PATH, body, status=400).value["error"]
    equal(error["param"], "tool_choice.type", "a forced one")
    true("mcp" in error["message"], "the message names it")
