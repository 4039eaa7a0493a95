"""Several upstream calls for one answer: clients that leave or are slow, keys that fail."""

import json
import threading
import time

from calls import GEMINI_3, Growth, chat, finishes, post, said, scripted
from harness import wait_for
from stack import CHAT, Stack, delta
from tap import called, equal, each, once, true

QUESTION = [{"role": "user", "content": "Hello"}]


def outcomes(s, key):
    return [r["outcome"] for r in s.standin.requests(key)]


@each
def a_client_that_leaves_a_fan_cancels_every_call(s):
    for path, more in (
        (CHAT, {"messages": QUESTION, "n": 3}),
        ("/v1/completions", {"prompt": ["a", "b", "c"]}),
    ):
        key = s.key()
        body = json.dumps(dict(more, model=GEMINI_3, stream=True)).encode()
        with scripted(s, {"delay_ms": 60000}):
            with s.start("POST", path, len(body), key) as sock:
                # lighttpd: see test_server.
                time.sleep(0.3)
                sock.sendall(body)
                wait_for("three calls", lambda: outcomes(s, key) == ["open"] * 3)
        wait_for("the cancelled calls", lambda: outcomes(s, key) == ["client_gone"] * 3)


@once
def a_client_that_leaves_between_the_ends_of_calls_cancels_the_rest(options):
    with Stack(options, env={"HEARTBEAT": "0.2"}) as s:
        key = s.key()
        with scripted(s, {"parts": [{"text": "done"}], "times": 1}, {"delay_ms": 60000}):
            body = {"model": GEMINI_3, "messages": QUESTION, "n": 3, "stream": True}
            with s.request("POST", CHAT, bearer=key, body=body) as r:
                while not delta(r.event()):
                    pass
                wait_for("three calls", lambda: len(outcomes(s, key)) == 3)
        wait_for(
            "the cancelled calls",
            lambda: sorted(outcomes(s, key)) == ["client_gone", "client_gone", "done"],
        )


@once
def a_slow_reader_of_a_fan_gets_all_of_it_and_costs_no_memory(options):
    with Stack(options, env={"HEARTBEAT": "0.5"}) as s:
        growth = Growth(s)
        # 24 MB altogether: more than sockets hold.
        prompts = ["x"] * 4
        body = {"model": "bench-6000-0-1000", "prompt": prompts, "stream": True}
        with s.request("POST", "/v1/completions", bearer=s.key(), body=body) as r:
            equal(r.status, 200, "status")
            time.sleep(1.5)
            growth.below(16384, "memory while the client does not read")
            events = r.events()
        equal(events[-1], "[DONE]", "last event")
        chunks = [e for e in events if '"index":' in e]
        for lane in range(4):
            mine = sum(('"index":%d,' % lane) in e for e in chunks)
            true(mine > 6000, "%d events of choice %d" % (mine, lane))


@once
def the_calls_of_a_fan_run_side_by_side(options):
    with Stack(options) as s:
        key = s.key()
        with scripted(s, {"delay_ms": 600}):
            thread = threading.Thread(
                target=lambda: chat(s, model=GEMINI_3, n=3, key=key, status=None)
            )
            thread.start()
            wait_for("three calls", lambda: outcomes(s, key) == ["open"] * 3)
            thread.join()
        equal(outcomes(s, key), ["done"] * 3, "outcomes")


@once
def a_fan_wider_than_the_ceiling_is_done_piece_by_piece(options):
    with Stack(options) as s:
        for stream in (False, True):
            out = post(
                s,
                "/v1/completions",
                {"model": GEMINI_3, "prompt": ["p%d" % i for i in range(20)], "stream": stream},
            )
            choices = (
                [c for k in out.chunks for c in k["choices"]] if stream else out.value["choices"]
            )
            whole = {}
            for choice in choices:
                whole[choice["index"]] = whole.get(choice["index"], "") + choice["text"]
            equal(len(whole), 20, "choices")
            for i in range(20):
                true(whole[i].endswith("p%d" % i), "choice %d: %r" % (i, whole[i]))


@once
def one_bad_key_among_several_is_never_seen_in_a_fan(options):
    with Stack(options) as s:
        for fault in ("key_invalid", "quota_minute", "overloaded", "reset", "stream_error_first"):
            for stream in (False, True):
                keys = ",".join((s.key(fault), s.key(fault), s.key()))
                out = chat(s, model=GEMINI_3, n=3, key=keys, stream=stream)
                if stream:
                    equal(finishes(out.chunks), {i: "stop" for i in range(3)}, "after " + fault)
                    true(all(said(out.chunks, i) for i in range(3)), "texts after " + fault)
                else:
                    equal(len(out.value["choices"]), 3, "choices after " + fault)


@once
@called("when no key is left a fan fails with the reason, and no call is left behind")
def no_key_left(options):
    with Stack(options) as s:
        for stream in (False, True):
            key = s.key("quota_minute")
            out = chat(s, model=GEMINI_3, n=5, key=key, stream=stream, status=429)
            true(out.error["message"], "there is a message")
            wait_for("the end of all calls", lambda: "open" not in outcomes(s, key))


@once
@called("a failure of one lane in mid-stream ends the stream and cancels the others")
def one_lane_breaks(options):
    with Stack(options) as s:
        key = s.key()
        with scripted(
            s, {"name": "stream_error_mid", "times": 1, "delay_ms": 300}, {"delay_ms": 60000}
        ):
            out = chat(s, model=GEMINI_3, n=3, key=key, stream=True)
        true(out.chunks[-1]["error"]["message"], "the last event is the error")
        wait_for("the cancelled calls", lambda: outcomes(s, key).count("client_gone") == 2)


@once
@called("one access line for a fan, with all of its calls")
def access_line(options):
    with Stack(options) as s:
        chat(s, model=GEMINI_3, n=4)
        wait_for("the line", lambda: s.access_lines())
        lines = s.access_lines()
        equal(len(lines), 1, "lines")
        equal(lines[0].get("calls", lines[0].get("attempts")), 4, "calls in %s" % lines[0])
