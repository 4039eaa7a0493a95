"""/images/generations and /images/edits."""

import base64
import json
import struct

from calls import IMAGE_MODEL, PNG, form, post, scripted
from harness import wait_for
from stack import Stack
from tap import called, contains, each, equal, once, true

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
BYTES = base64.b64decode(PNG)


def generate(s, prompt="a cat", key=None, status=200, **more):
    body = dict({"model": IMAGE_MODEL, "prompt": prompt}, **more)
    return post(s, GENERATIONS, body, key, status=status)


def size_of(text):
    """Width and height of a PNG in base64."""
    data = base64.b64decode(text)
    equal(data[:8], b"\x89PNG\r\n\x1a\n", "signature of a PNG")
    return struct.unpack(">II", data[16:24])


@each
def two_pictures_are_made_by_two_calls(s):
    out = generate(s, n=2, size="1536x1024")
    equal(len(out.value["data"]), 2, "pictures")
    for picture in out.value["data"]:
        width, height = size_of(picture["b64_json"])
        equal(width * 2, height * 3, "proportions")
    equal(len(out.requests()), 2, "calls upstream")
    for body in out.sent():
        equal(body["generationConfig"]["imageConfig"]["aspectRatio"], "3:2", "ratio")
    one = generate(s)
    equal(
        out.value["usage"]["input_tokens"], 2 * one.value["usage"]["input_tokens"], "input tokens"
    )


@once
def a_url_is_a_data_url(options):
    with Stack(options) as s:
        out = generate(s, response_format="url")
        url = out.value["data"][0]["url"]
        true(url.startswith("data:image/png;base64,"), "a data URL")
        size_of(url.split(",")[1])
        out = generate(s, response_format="b64_json")
        true("url" not in out.value["data"][0], "no URL beside the bytes")


@each
def a_stream_of_pictures_tells_each_as_it_is_made(s):
    out = generate(s, n=3, stream=True)
    equal([c["type"] for c in out.chunks], ["image_generation.completed"] * 3, "events")
    for chunk in out.chunks:
        size_of(chunk["b64_json"])
    out = generate(s, stream=True, partial_images=2)
    equal(out.chunks[-1]["type"], "image_generation.completed", "last event")
    equal(out.changes, {"/partial_images": "ignored"}, "what is told")


@each
def a_prompt_that_filters_reject_is_a_400_with_a_reason(s):
    for text in ("finish:IMAGE_SAFETY", "finish:IMAGE_PROHIBITED_CONTENT", "block:SAFETY"):
        out = generate(s, text, status=400)
        equal(out.error["code"], "moderation_blocked", "code after " + text)
        contains(out.error["message"], text.split(":")[1])
        out = generate(s, text, n=2, status=400)
        equal(out.error["code"], "moderation_blocked", "code after two times " + text)


@once
def no_picture_is_an_error_and_some_are_an_answer(options):
    with Stack(options) as s:
        for text in ("finish:NO_IMAGE", "finish:IMAGE_OTHER", "images:0"):
            out = generate(s, text, status=None)
            true(out.status >= 400, "status %d after %s" % (out.status, text))
            true(out.error["message"], "there is a message")
        with scripted(s, {"name": "image_safety", "times": 1}):
            out = generate(s, n=3)
            equal(len(out.value["data"]), 2, "pictures when one was rejected")
        with scripted(s, {"name": "image_safety", "times": 1}):
            out = generate(s, n=3, stream=True)
            made = [c for c in out.chunks if c.get("type") == "image_generation.completed"]
            equal(len(made), 2, "pictures of the stream when one was rejected")


@once
def settings_are_mapped_or_reported(options):
    cases = (
        ("1024x1024", "1:1", None),
        ("1792x1024", "16:9", "/size"),
        ("1024x1536", "2:3", "/size"),
    )
    with Stack(options) as s:
        for size, ratio, _ in cases:
            config = generate(s, size=size).sent_one()["generationConfig"]["imageConfig"]
            equal(config["aspectRatio"], ratio, "ratio of " + size)
        equal(generate(s).changes, {}, "nothing is told of a plain request")
        out = generate(s, style="vivid", user="u", moderation="low", output_compression=50)
        for name in ("style", "user", "moderation", "output_compression"):
            true("/" + name in out.changes, name + " is told")
        for name, odd, word in (
            ("n", 0, "clamped"),
            ("size", "big", "dropped"),
            ("quality", "best", "dropped"),
            ("response_format", "png", "dropped"),
        ):
            out = generate(s, **{name: odd})
            equal(out.changes.get("/" + name), word, "what is told of %s" % name)
        for size, want in (("2k", "2K"), ("2048*2048", "2K"), ("1K", "1K")):
            config = generate(s, size=size).sent_one()["generationConfig"]["imageConfig"]
            equal(config["imageSize"], want, "class of " + size)
        for name, bad in (("n", "many"), ("prompt", None), ("prompt", "")):
            out = post(
                s,
                GENERATIONS,
                dict({"model": IMAGE_MODEL, "prompt": "x"}, **{name: bad}),
                status=400,
            )
            equal(out.error["param"], name, "param")
        out = generate(s, model="gemini-2.5-flash", status=400)
        equal(out.error["param"], "model", "param of a model that makes none")
        contains(out.error["message"], "image")


@each
def edits_come_as_a_form(s):
    files = [
        ("image[]", "a.png", "image/png", BYTES),
        ("image[]", "b.png", "application/octet-stream", BYTES),
    ]
    fields = [("model", IMAGE_MODEL), ("prompt", "Grüße: bluer"), ("n", "2"), ("size", "auto")]
    out = form(s, EDITS, fields, files)
    equal(len(out.value["data"]), 2, "pictures")
    for body in out.sent():
        parts = body["contents"][0]["parts"]
        pictures = [p["inlineData"] for p in parts if "inlineData" in p]
        equal([base64.b64decode(p["data"]) for p in pictures], [BYTES] * 2, "pictures upstream")
        equal([p["mimeType"] for p in pictures], ["image/png"] * 2, "types upstream")
        contains([p["text"] for p in parts if "text" in p], "Grüße: bluer")
    out = form(s, EDITS, [("prompt", "x"), ("model", IMAGE_MODEL), ("stream", "true")], files[:1])
    equal([c["type"] for c in out.chunks], ["image_edit.completed"], "events")


@once
def edits_come_as_json(options):
    with Stack(options) as s:
        url = "data:image/png;base64," + PNG
        body = {"model": IMAGE_MODEL, "prompt": "bluer", "images": [{"image_url": url}] * 2}
        out = post(s, EDITS, body)
        contains(out.value["data"][0].get("revised_prompt", ""), "2 images")
        out = post(s, EDITS, dict(body, images=[]), status=400)
        contains(out.error["param"], "image")
        out = form(s, EDITS, [("model", IMAGE_MODEL), ("prompt", "x")], [], status=400)
        contains(out.error["param"], "image")
        mask = [("image", "a.png", "image/png", BYTES), ("mask", "m.png", "image/png", BYTES)]
        out = form(s, EDITS, [("model", IMAGE_MODEL), ("prompt", "x")], mask, status=None)
        true(out.status == 400 or "/mask" in out.changes, "a mask is refused or told")


@each
def broken_forms_are_refused(s):
    kind = "multipart/form-data; boundary=xyz"
    for body in (
        b"",
        b"--xyz",
        b"--xyz\r\n\r\n",
        b"nothing",
        b"--xyz\r\nContent-Disposition: form-data",
    ):
        out = post(s, EDITS, body, headers=[("Content-Type", kind)], status=400)
        true(out.error["message"], "there is a message")
    out = post(s, EDITS, b"x", headers=[("Content-Type", "multipart/form-data")], status=400)
    true(out.error["message"], "there is a message without a boundary")


@each
def variations_are_refused_and_the_error_names_an_alternative(s):
    out = form(s, "/v1/images/variations", [], [("image", "a.png", "image/png", BYTES)], status=400)
    contains(out.error["message"], "/images/edits")


@each
def moderations_are_a_404(s):
    out = post(s, "/v1/moderations", {"input": "x"}, status=404)
    true(out.error["message"], "there is a message")


@once
@called("a heartbeat fills the wait for pictures")
def heartbeat(options):
    with Stack(options, env={"HEARTBEAT": "0.1"}) as s:
        with scripted(s, {"delay_ms": 700}):
            body = {"model": IMAGE_MODEL, "prompt": "a cat", "n": 2, "stream": True}
            with s.request("POST", GENERATIONS, bearer=s.key(), body=body) as r:
                equal(r.status, 200, "status")
                true(r.block().startswith(":"), "a comment comes first")
                kinds = [json.loads(e)["type"] for e in r.events()]
        equal(kinds, ["image_generation.completed"] * 2, "events")


@once
@called("a client that leaves while pictures are made cancels every call")
def left(options):
    with Stack(options, env={"HEARTBEAT": "0.1"}) as s:
        key = s.key()
        with scripted(s, {"delay_ms": 60000}):
            for stream in (True, False):
                s.standin.clear()
                body = {"model": IMAGE_MODEL, "prompt": "a cat", "n": 3, "stream": stream}
                try:
                    with s.request("POST", GENERATIONS, bearer=key, body=body, timeout=1) as r:
                        r.block()
                except OSError:
                    pass
                wait_for(
                    "the cancelled calls",
                    lambda: [r["outcome"] for r in s.standin.requests(key)] == ["client_gone"] * 3,
                )
