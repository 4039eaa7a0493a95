"""The built-in aliases: requests of agents for models of other vendors pass at the first try."""

from calls import chat, finishes, function, post, said, scripted
from stack import Stack
from tap import called, equal, once, true

PRO, FLASH, LITE = "gemini-pro-latest", "gemini-flash-latest", "gemini-flash-lite-latest"
NAMES = {
    "gpt-4": PRO,
    "gpt-4o": PRO,
    "claude-opus-4-1": PRO,
    "anthropic/claude-opus-4-5[1m]": PRO,
    "gpt-3.5-turbo": FLASH,
    "gpt-5": FLASH,
    "openrouter/openai/gpt-5.6-sol": FLASH,
    "gpt-5.1-codex-max": FLASH,
    "o3": FLASH,
    "chatgpt-4o-latest": FLASH,
    "claude-sonnet-4-5[1m]": FLASH,
    "gpt-4o-mini": LITE,
    "gpt-5-nano": LITE,
    "gpt-5-codex-mini": LITE,
    "o4-mini": LITE,
    "claude-haiku-4-5": LITE,
    "claude-3-5-haiku-latest": LITE,
}
TOOLS = [function("weather", {"city": {"type": "string"}})]
USER = {"role": "user", "content": "call:weather"}


def _call(number):
    body = {"name": "weather", "arguments": '{"city":"Rome"}'}
    return {"id": "toolu_%d" % number, "type": "function", "function": body}


def _step(number):
    """A call that no Gemini model made, and its result."""
    return [
        {"role": "assistant", "content": None, "tool_calls": [_call(number)]},
        {"role": "tool", "tool_call_id": "toolu_%d" % number, "content": "sunny"},
    ]


def _asked(name, model, out):
    """One call upstream, of this model."""
    paths = [r["path"] for r in out.requests()]
    true(len(paths) == 1 and "/models/%s:" % model in paths[0], "%s: %s" % (name, paths))


@once
@called("aliases: a loop of tools, thought, prefill and a schema on every line of both vendors")
def every_line(options):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    with Stack(options) as s:
        for name, model in NAMES.items():
            # The history of another provider comes first: nothing is known of this conversation.
            out = chat(s, [USER] + _step(1) + _step(2), model=name, tools=TOOLS)
            _asked(name, model, out)
            equal(out.value["model"], model, "the model that the reply shows")
            message = chat(s, [USER], model=name, tools=TOOLS).message
            result = {"role": "tool", "content": "fine"}
            result["tool_call_id"] = message["tool_calls"][0]["id"]
            message["tool_calls"][0].pop("extra_content", None)
            _asked(name, model, chat(s, [USER, message, result], model=name, tools=TOOLS))
            for effort in ("none", "minimal", "medium", "xhigh", "max"):
                _asked(name, model, chat(s, model=name, reasoning_effort=effort))
            prefill = [{"role": "user", "content": "Count."}, {"role": "assistant", "content": "1"}]
            _asked(name, model, chat(s, prefill, model=name))
            _asked(name, model, chat(s, model=name, response_format=wanted, temperature=0))
            out = chat(s, model=name, response_format=wanted, tools=TOOLS, stream=True)
            _asked(name, model, out)
            true(said(out.chunks) and finishes(out.chunks)[0] == "stop", "an answer in a stream")


@once
@called("aliases: a project without quota for a model, or without the model, gets the next smaller")
def next_smaller(options):
    for name, model, smaller in (
        ("gpt-4o", PRO, FLASH),
        ("claude-opus-4-1", PRO, FLASH),
        ("gpt-5", FLASH, LITE),
        ("claude-sonnet-4-5", FLASH, LITE),
    ):
        for failure in ("quota_zero", "model_missing", "model_gone"):
            with Stack(options) as s, scripted(s, {"name": failure, "model": model}):
                out = chat(s, [USER] + _step(1), model=name, tools=TOOLS)
                equal(out.value["model"], smaller, "%s, %s: the model" % (name, failure))
                paths = [r["path"] for r in out.requests()]
                true(len(paths) == 2, "%s, %s: both were asked: %s" % (name, failure, paths))


@once
@called("levels: xhigh and max reach XHIGH where there is one, in every spelling")
def highest_level(options):
    said_so = [
        {"reasoning_effort": "xhigh"},
        {"reasoning_effort": "max"},
        {"reasoning": {"effort": "xhigh"}},
        {"thinking": {"type": "enabled", "budget_tokens": 32000}},
        {"extra_body": {"google": {"thinking_config": {"thinking_level": "XHIGH"}}}},
        {"google": {"thinkingConfig": {"thinkingLevel": "xhigh"}}},
    ]
    with Stack(options) as s:
        for model, level in (
            ("gemini-4-neon", "XHIGH"),
            ("gemini-4-neon-preview-11-2026", "XHIGH"),
            ("gemini-4-hydrogen", "XHIGH"),
            ("gemini-4-carbon", "HIGH"),
            ("gemini-4-argon", "HIGH"),
            ("gemini-3.8-flash", "HIGH"),
            ("gpt-5", "HIGH"),
        ):
            for more in said_so:
                out = chat(s, model=model, **more)
                config = out.sent_one()["generationConfig"]["thinkingConfig"]
                equal(config["thinkingLevel"], level, "%s: %s" % (model, more))
                true(level == "XHIGH" or out.changes, "%s: %s is named" % (model, more))
            body = {"model": model, "input": "Hello", "reasoning": {"effort": "xhigh"}}
            out = post(s, "/v1/responses", body)
            config = out.sent_one()["generationConfig"]["thinkingConfig"]
            equal(config["thinkingLevel"], level, "%s: Responses" % model)
