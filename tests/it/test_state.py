"""Thought signatures and traces of tools: three ways that clients treat them, and where the gateway
keeps them: memory, SQLite, Redis."""

import copy
import json
import os

from calls import GEMINI_3, IMAGE_MODEL, chat, counted, function, scripted
from harness import wait_for
from stack import Stack
from stores import redis_state, restart, shared
from tap import called, equal, once, true

TOOLS = [
    function("weather", {"city": {"type": "string"}}),
    function("clock"),
    {"type": "web_search"},
]
QUESTION = "call:weather call:clock"


def keeps_everything(message):
    return message


def drops_unknown_fields(message):
    """As clients do that only know OpenAI's fields."""
    out = {"role": "assistant", "content": message["content"]}
    out["tool_calls"] = [
        {
            "id": c["id"],
            "type": "function",
            "function": {n: c["function"][n] for n in ("name", "arguments")},
        }
        for c in message["tool_calls"]
    ]
    return out


def rewrites_ids(message):
    """As clients do that keep unknown fields, but use their own ids."""
    out = copy.deepcopy(message)
    for n, call in enumerate(out["tool_calls"]):
        call["id"] = "toolu_%d" % n
    return out


def rewrites_ids_and_drops(message):
    return rewrites_ids(drops_unknown_fields(message))


def assembled(chunks):
    """The message that a client makes of a stream."""
    out = {"role": "assistant", "content": None, "tool_calls": []}
    for delta in (c["choices"][0]["delta"] for c in chunks if c["choices"]):
        if delta.get("content"):
            out["content"] = (out["content"] or "") + delta["content"]
        for call in delta.get("tool_calls", []):
            out["tool_calls"].append({n: v for n, v in call.items() if n != "index"})
        if "extra_content" in delta:
            google = out.setdefault("extra_content", {"google": {}})["google"]
            for name, value in delta["extra_content"]["google"].items():
                if isinstance(value, list):
                    google.setdefault(name, []).extend(value)
                else:
                    google[name] = value
    return out


def first_turn(s, key, stream=False, **more):
    out = chat(s, QUESTION, key, model=GEMINI_3, tools=TOOLS, stream=stream, **more)
    message = assembled(out.chunks) if stream else out.message
    equal(len(message["tool_calls"]), 2, "calls")
    return message


def second_turn(s, key, turn):
    """What Google found in the second turn: how its calls and traces are signed."""
    before = s.standin.control("GET", "/stats")
    messages = [{"role": "user", "content": QUESTION}, turn]
    messages += [
        {"role": "tool", "tool_call_id": c["id"], "content": '{"fine":true}'}
        for c in turn["tool_calls"]
    ]
    out = chat(s, messages, key, model=GEMINI_3, tools=TOOLS)
    true(out.message["content"], "there is an answer to the results")
    after = s.standin.control("GET", "/stats")
    names = ("signed_calls", "bypassed_calls", "signed_tools", "bypassed_tools")
    return [after[n] - before[n] for n in names]


ALL_SIGNED = [1, 0, 2, 0]


@once
@called("signatures: a client that keeps everything carries them itself")
def kept_by_the_client(options):
    with Stack(options) as s:
        for stream in (False, True):
            turn = keeps_everything(first_turn(s, s.key(), stream))
            # Another key: nothing of it is in the store.
            equal(second_turn(s, s.key(), turn), ALL_SIGNED, "signed, stream %s" % stream)


@once
@called("signatures: for a client that drops unknown fields the gateway keeps them")
def kept_by_the_gateway(options):
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key()
            turn = drops_unknown_fields(first_turn(s, key, stream))
            equal(second_turn(s, key, turn), ALL_SIGNED, "signed, stream %s" % stream)


@once
@called("signatures: a client that rewrites ids works, with what it kept or with Google's bypass")
def ids_rewritten(options):
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key()
            message = first_turn(s, key, stream)
            # The first call's own signature was made for the part without its id.
            signed = second_turn(s, key, rewrites_ids(message))
            equal(signed[0] + signed[1], 1, "the first call has a signature")
            signed = second_turn(s, key, rewrites_ids_and_drops(message))
            equal(signed[:2], [0, 1], "the bypass is the last resort")


@once
@called("signatures: those of one caller are not used for another")
def not_shared(options):
    with Stack(options) as s:
        turn = drops_unknown_fields(first_turn(s, s.key()))
        equal(second_turn(s, s.key(), turn)[:2], [0, 1], "signed, bypassed")


@once
@called("signatures: three steps of one turn each keep their own")
def three_steps(options):
    with Stack(options) as s:
        key = s.key()
        messages = [{"role": "user", "content": "call:weather"}]
        for n in range(1, 4):
            call = {"id": "step%d" % n, "name": "weather", "args": {"city": "city %d" % n}}
            with scripted(s, {"parts": [{"functionCall": call}], "sign": True}), counted(
                s, signed_calls=n - 1, bypassed_calls=0
            ):
                out = chat(s, messages, key, model=GEMINI_3, tools=TOOLS[:2])
            turn = drops_unknown_fields(out.message)
            messages.append(turn)
            messages += [
                {"role": "tool", "tool_call_id": c["id"], "content": "step %d" % n}
                for c in turn["tool_calls"]
            ]
        with counted(s, signed_calls=3, bypassed_calls=0):
            chat(s, messages, key, model=GEMINI_3, tools=TOOLS[:2])


@once
@called("signatures: a picture of the model can be edited in the next turn of a chat")
def pictures(options):
    with Stack(options) as s:
        for text in ("a cat", "a cat images:2"):
            key = s.key()
            message = chat(s, text, key, model=IMAGE_MODEL).message
            kept = [{"type": "text", "text": message["content"]}] + message["images"]
            for turn in (
                message,
                {"role": "assistant", "content": message["content"], "images": message["images"]},
                {"role": "assistant", "content": kept},
            ):
                turns = [{"role": "user", "content": text}, turn]
                turns.append({"role": "user", "content": "bluer"})
                with counted(s, signed_images=int(turn is message)):
                    out = chat(s, turns, key, model=IMAGE_MODEL)
                true(out.message["images"], "there is a picture")


@shared("signatures: %s keeps them across a restart")
def across_a_restart(options, state):
    with Stack(options, env={"STATE": state}) as s:
        for stream in (False, True):
            key = s.key()
            turn = drops_unknown_fields(first_turn(s, key, stream))
            restart(s)
            equal(second_turn(s, key, turn), ALL_SIGNED, "signed, stream %s" % stream)
    if state.startswith("sqlite:"):
        equal(os.stat(state[7:]).st_mode & 0o077, 0, "others' rights on the file")


@once
@called("signatures: two gateways share one Redis")
def two_gateways(options):
    with redis_state(options) as (state, _):
        env = {"STATE": state}
        with Stack(options, env=env) as one, Stack(options, env=env) as two:
            key = one.key()
            two.secrets.append(key)
            turn = drops_unknown_fields(first_turn(one, key))
            # It is written a moment after the answer.
            wait_for("the other's", lambda: second_turn(two, key, turn) == ALL_SIGNED)


@once
@called("signatures: a Redis that goes away costs signatures, not answers")
def redis_goes_away(options):
    with redis_state(options) as (state, server):
        with Stack(options, env={"STATE": state}) as s:
            key = s.key()
            turn = drops_unknown_fields(first_turn(s, key))
            server.stop()
            signed = second_turn(s, key, turn)
            equal(signed[0] + signed[1], 1, "the call is signed or bypassed")
            other = drops_unknown_fields(first_turn(s, key))
            signed = second_turn(s, key, other)
            equal(signed[0] + signed[1], 1, "the call is signed or bypassed")


@once
@called("stored responses: a Redis that is away is not the same as a response that is gone")
def away_is_not_gone(options):
    with redis_state(options) as (state, server):
        with Stack(options, env={"STATE": state}) as s:
            key = s.key()
            server.stop()
            with s.request("GET", "/v1/responses/resp_0123456789abcdef", bearer=key) as r:
                equal(r.status, 503, "status")
                equal(json.loads(r.read())["error"]["code"], "state_unavailable", "code")


@once
@called("signatures: many are kept at once, and memory stays bounded")
def many(options):
    with Stack(options) as s:
        key, turns = s.key(), []
        for _ in range(30):
            turns.append(drops_unknown_fields(first_turn(s, key)))
        before = s.box.memory_kib()
        for turn in turns:
            equal(second_turn(s, key, turn), ALL_SIGNED, "signed")
        if not s.gateway_sanitized:
            true(s.box.memory_kib() - before < 4096, "memory")
