"""Streams without a web server: order of chunks, silence, and streams that end early."""

import json

from http_client import Broken
from stack import CHAT, Stack, delta, part_text
from tap import contains, equal, once, true


@once
def a_chat_stream_has_the_shape_that_clients_expect(options):
    with Stack(options) as s:
        with s.chat(model="gated-1", stream=True, stream_options={"include_usage": True}) as r:
            equal(r.header("content-type").split(";")[0], "text/event-stream", "content type")
            contains(r.header("cache-control"), "no-cache")
            equal(r.header("x-accel-buffering"), "no", "x-accel-buffering")
            true(r.header("x-request-id"), "there is a request id")
            events = r.events()
        equal(events[-1], "[DONE]", "last event")
        chunks = [json.loads(e) for e in events[:-1]]
        equal({c["object"] for c in chunks}, {"chat.completion.chunk"}, "objects")
        equal(len({(c["id"], c["created"], c["model"]) for c in chunks}), 1, "identities")
        equal(chunks[0]["choices"][0]["delta"]["role"], "assistant", "role of the first chunk")
        equal(sum("role" in c["choices"][0]["delta"] for c in chunks[:-1]), 1, "chunks with a role")
        finished = [c for c in chunks[:-1] if c["choices"][0]["finish_reason"]]
        equal([c["choices"][0]["finish_reason"] for c in finished], ["stop"], "finish reasons")
        true(finished[0] is chunks[-2], "the finish comes last but for the usage")
        equal(chunks[-1]["choices"], [], "choices of the usage chunk")
        usage = chunks[-1]["usage"]
        equal(
            usage["total_tokens"],
            usage["prompt_tokens"] + usage["completion_tokens"],
            "sum of tokens",
        )
        equal(
            [c["usage"] for c in chunks[:-1]],
            [None] * (len(chunks) - 1),
            "usage of the other chunks",
        )


@once
def silence_is_filled_with_comments(options):
    with Stack(options, env={"HEARTBEAT": "0.1"}) as s:
        with s.chat(model="silent-1500", stream=True) as r:
            equal(r.status, 200, "status")
            blocks = []
            while True:
                block = r.block()
                if not block.startswith(":"):
                    break
                blocks.append(block)
            true(len(blocks) >= 2, "%d comments came before the first event" % len(blocks))
            equal(r.events()[-1], "[DONE]", "last event")


@once
def a_native_stream_gets_no_bytes_of_ours(options):
    # Google's SDK drops a block that begins with a comment, and its event with it.
    with Stack(options, env={"HEARTBEAT": "0.1"}) as s:
        with s.generate(model="silent-1000", verb="streamGenerateContent", query="?alt=sse") as r:
            blocks = [b for b in iter(r.block, None)]
        for block in blocks:
            lines = block.split("\n")
            true(
                all(line.startswith(":") for line in lines) or lines[0].startswith("data:"),
                "block %r is an event or nothing but comments" % block,
            )
        with s.generate(model="silent-1000") as r:
            true(part_text(r.json()), "a whole answer is pure JSON")


def _fails_in_the_stream(s, fault):
    with s.chat(key=s.key(fault), stream=True) as r:
        equal(r.status, 200, "status of " + fault)
        events = r.events()
    true("[DONE]" not in events, "no [DONE] after " + fault)
    error = json.loads(events[-1])["error"]
    equal(sorted(error), ["code", "message", "param", "type"], "members of the error")
    finished = [
        e for e in events[:-1] if (json.loads(e).get("choices") or [{}])[0].get("finish_reason")
    ]
    equal(finished, [], "no finish reason after " + fault)


@once
def failures_after_the_head_are_told_and_have_no_done(options):
    with Stack(options) as s:
        for fault in ("stream_cut", "stream_error_mid", "stream_error_bare"):
            _fails_in_the_stream(s, fault)


@once
def a_native_stream_that_is_cut_does_not_look_complete(options):
    with Stack(options) as s:
        with s.generate(
            key=s.key("stream_cut"), verb="streamGenerateContent", query="?alt=sse"
        ) as r:
            equal(r.status, 200, "status")
            try:
                events = r.events()
            except (Broken, OSError):
                return
        true("error" in json.loads(events[-1]), "the last event is an error")


@once
def a_failure_behind_heartbeats_is_told_in_the_stream(options):
    with Stack(options, env={"HEARTBEAT": "0.1", "FIRST_BYTE_TIMEOUT": "1"}) as s:
        with s.chat(key=s.key("hang"), stream=True) as r:
            if r.status == 200:
                events = r.events()
                true("[DONE]" not in events, "no [DONE]")
                true(json.loads(events[-1])["error"]["message"], "the last event is the error")
            else:
                equal(r.status, 504, "status")


@once
def an_answer_that_falls_silent_is_ended(options):
    with Stack(options, env={"HEARTBEAT": "0.1", "IDLE_TIMEOUT": "1"}) as s:
        with s.chat(key=s.key("stream_stall"), stream=True) as r:
            equal(r.status, 200, "status")
            events = r.events()
        true("[DONE]" not in events, "no [DONE]")
        true(json.loads(events[-1])["error"]["message"], "the last event is the error")


@once
def thousand_events_arrive_in_order(options):
    with Stack(options) as s:
        with s.chat(model="bench-1000-0-40", stream=True) as r:
            events = r.events()
        equal(events[-1], "[DONE]", "last event")
        true(sum(bool(delta(e)) for e in events[:-1]) > 0, "there is text")


@once
def an_access_token_of_one_is_no_token_of_another(options):
    env = {
        "GEMINI_API_KEYS": "itpool900abcdefghijklmnopq",
        "ACCESS_TOKENS": "right-token-0123456789",
    }
    with Stack(options, env=env) as s:
        for wrong in ("right-token-012345678", "right-token-01234567890", "RIGHT-TOKEN-0123456789"):
            s.standin.clear()
            with s.request(
                "POST",
                CHAT,
                bearer=wrong,
                body={"model": "gated-1", "messages": [{"role": "user", "content": "Hello"}]},
            ) as r:
                r.read()
            used = [q["headers"].get("x-goog-api-key") for q in s.standin.requests()]
            true(
                "itpool900abcdefghijklmnopq" not in used,
                "the server's key was not used for " + wrong,
            )
