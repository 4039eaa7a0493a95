"""Aliases with fallbacks: the model of the alias is not there, another one answers."""

import base64

from calls import GEMINI_3, IMAGE_MODEL, PNG, chat, form, post, scripted
from harness import wait_for
from stack import Stack
from tap import equal, once, true
from test_audio import HEARS, NEW, wav

ALIASES = {
    "talks": "gemini-9|gemini-8|" + GEMINI_3,
    "draws": "gemini-9-image|" + IMAGE_MODEL,
    "places": "gemini-embedding-9|gemini-embedding-001",
    "speaks": "gemini-9-flash-tts|" + NEW,
    "hears": "gemini-9-flash|" + HEARS,
}
ENV = {"MODEL_ALIASES": ",".join("%s=%s" % pair for pair in ALIASES.items())}
SOUND = ("file", "a.wav", "audio/wav", wav())
PICTURE = ("image", "a.png", "image/png", base64.b64decode(PNG))


def _answers(s):
    """(alias, answer, does its dialect show the model) of each endpoint that knows aliases."""
    prompts = ["one", "two", "three"]
    yield "talks", chat(s, model="talks"), True
    yield "talks", chat(s, model="talks", n=3), True
    yield "talks", post(s, "/v1/responses", {"model": "talks", "input": "Hello"}), True
    yield "talks", post(s, "/v1/completions", {"model": "talks", "prompt": "one"}), True
    yield "talks", post(s, "/v1/completions", {"model": "talks", "prompt": prompts}), True
    yield "places", post(s, "/v1/embeddings", {"model": "places", "input": ["a"] * 150}), True
    for n in (1, 2):
        body = {"model": "draws", "prompt": "a cat", "n": n}
        yield "draws", post(s, "/v1/images/generations", body), False
    fields = [("model", "draws"), ("prompt", "a cat"), ("n", "2")]
    yield "draws", form(s, "/v1/images/edits", fields, [PICTURE]), False
    body = {"model": "speaks", "input": "Hello", "voice": "alloy", "response_format": "wav"}
    yield "speaks", post(s, "/v1/audio/speech", body), False
    fields = [("model", "hears")]
    yield "hears", form(s, "/v1/audio/transcriptions", fields, [SOUND]), False


@once
def a_fallback_answers_at_every_endpoint(options):
    with Stack(options, env=ENV) as s:
        for count, (alias, out, shown) in enumerate(_answers(s), 1):
            used = ALIASES[alias].split("|")[-1]
            if shown:
                equal(out.value["model"], used, "the model that the answer names")
            wait_for("the access line", lambda: len(s.access_lines()) >= count)
            line = s.access_lines()[-1]
            equal(line["model"], used, "the model that the access line names")
            true("model_not_found" in line["failed"], "it tells of the other: %s" % line["failed"])
            paths = [r["path"] for r in out.requests()]
            for model in ALIASES[alias].split("|"):
                true(any("/%s:" % model in p for p in paths), "%s was asked for" % model)


@once
def a_stream_of_several_choices_falls_back_as_a_whole(options):
    with Stack(options, env=ENV) as s:
        out = chat(s, model="talks", n=3, stream=True)
        equal({k["model"] for k in out.chunks}, {GEMINI_3}, "models that the events name")
        equal({c["index"] for k in out.chunks for c in k["choices"]}, {0, 1, 2}, "choices")
        body = {"model": "talks", "prompt": ["one", "two"], "stream": True}
        out = post(s, "/v1/completions", body)
        equal({k["model"] for k in out.chunks}, {GEMINI_3}, "models that the events name")


@once
def a_model_at_its_limits_falls_back_if_that_is_configured(options):
    for word, status in (("busy", 200), ("missing", 429)):
        env = dict(
            ENV, ALIAS_FALLBACK=word, WAIT_MAX="0", MODEL_ALIASES="talks=gemini-2.5-pro|" + GEMINI_3
        )
        with Stack(options, env=env) as s:
            key = s.key()
            with scripted(s, {"name": "quota_day", "model": "gemini-2.5-pro"}):
                for more in ({}, {"n": 2}):
                    chat(s, key=key, model="talks", status=status, **more)
            equal(
                len([r for r in s.standin.requests(key) if "gemini-2.5-pro" in r["path"]]),
                1,
                "calls to the model whose quota is used up",
            )
