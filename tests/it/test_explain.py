"""The access line alone explains a refusal of the gateway."""

import contextlib
import datetime
import os
import re
import time

from calls import scripted
from harness import wait_for
from stack import Stack, delta
from tap import equal, once, true

TOKEN = "token-to-explain-0123456789"
PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
PER_DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
REFUSED = ("key_", "service_", "project_", "billing_", "payment")  # no wait cures these
SLACK = 3  # seconds that a slow machine may put between an answer and its line


def seconds(text):
    """The seconds since 1970 of a time in the log."""
    text = text.replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(text).timestamp()


class Line:
    """What one access line says about a refusal."""

    def __init__(self, line):
        self.line = line
        self.ready, self.keys = [int(n) for n in line.get("keys_ready", "0/0").split("/")]
        self.tried = [w.split("=") for w in line.get("failed", "").split()]
        self.barred = []  # (who, class, seconds until then)
        for who, word, until in re.findall(r"(\w+)=(\w+)@(\S+)", line.get("barred", "")):
            self.barred.append((who, word, seconds(until) - seconds(line["time"])))

    def classes(self):
        return sorted(word for _, word, _ in self.barred)

    def soonest(self):
        """Seconds until the first limit ends."""
        return min(left for _, word, left in self.barred if not word.startswith(REFUSED))


class Explained(Stack):
    """keys: (failure or None, rest of its line in the file of keys)."""

    def __init__(self, options, keys, token="", **env):
        super().__init__(options, gateway=False)
        self.secrets.append(TOKEN)
        for name, rows in (
            ("GEMINI_API_KEYS_FILE", [(self.key(fault), rest) for fault, rest in keys]),
            ("ACCESS_TOKENS_FILE", [(TOKEN, token)]),
        ):
            path = self.box.env[name] = os.path.join(self.box.dir, name)
            with open(path, "w", encoding="utf-8") as f:
                f.writelines("%s %s\n" % row for row in rows)
            os.chmod(path, 0o644)
        self.box.env.update({"WAIT_MAX": "1", "RETRY_MAX": "9"}, **env)
        self.gateway = self.box.start_gateway()

    def refused(self, status=429, native=False, **more):
        """Sends a request that is refused, and finds its line by the id alone."""
        with self.generate(key=TOKEN) if native else self.chat(key=TOKEN, **more) as r:
            equal(r.status, status, "status")
            r.read()
            name, after = r.header("x-request-id"), r.header("retry-after")
        found = wait_for(
            "the access line", lambda: [k for k in self.access_lines() if k["id"] == name]
        )
        equal(len(found), 1, "lines with the id")
        equal(found[0]["retry_after"], int(after), "retry_after and the client's Retry-After")
        return Line(found[0])


def check_retry_after(line):
    """It is the time from the line to the first end of a limit, which stands there in seconds."""
    off = line.line["retry_after"] - line.soonest()
    true(-1.001 <= off <= 1 + SLACK, "Retry-After is %.3f s off: %s" % (off, line.line))


POOL = (
    ("key_invalid", "project=a"),
    ("leaked", "project=b"),
    ("quota_day", "project=c"),
    ("quota_minute", "project=d"),
    ("quota_minute", "project=d"),  # not asked: its project has no quota left
    ("quota_zero", "project=e"),
    (None, "project=f models=another-model"),
)
CLASSES = sorted(
    ["key_invalid", "key_leaked", "quota_day", "quota_minute", "quota_minute", "quota_zero"]
)


@once
def a_429_is_explained_by_its_access_line_alone(options):
    with Explained(options, POOL) as s:
        first = s.refused()
        tried = sorted(word for _, word in first.tried)
        equal(tried, sorted(set(CLASSES)), "what was tried")
        equal(first.line["attempts"], 5, "attempts")
        for line in (first, s.refused(), s.refused(stream=True), s.refused(native=True)):
            equal((line.ready, line.keys), (0, 6), "keys that are ready, and for the model")
            equal(line.classes(), CLASSES, "why they are not")
            equal(len({who for who, _, _ in line.barred}), 6, "six keys are named")
            for who, word, left in line.barred:
                most = 91 if word == "quota_minute" else 26 * 3600
                true(0 < left < most, "%s comes back in %s s" % (word, left))
            check_retry_after(line)
            equal(line.line["waited_ms"], 0, "no wait is long enough")
            if line is not first:  # which tells what it met last
                equal(line.line["class"], "quota_minute", "the limit that ends first")
                equal(line.line["quota"], PER_MINUTE, "the quota")
        equal(line.line["attempts"], 0, "attempts, once all is known")
        names = {who: word for who, word, _ in first.barred}
        for who, word in first.tried:
            equal(names[who], word, "what was tried is what is barred")


@once
def a_429_for_the_day_says_so_whatever_refused_keys_wait_for(options):
    pool = [("quota_day", "project=p%d" % n) for n in range(10)] + [("key_expired", "")]
    with Explained(options, pool) as s:
        for ready in (1, 0):  # the first request may not try them all
            line = s.refused()
            equal((line.ready, line.keys), (ready, 11), "keys that are ready, and for the model")
            equal(len(line.barred), 8, "keys that are named")
            equal(set(line.classes()) - {"key_expired"}, {"quota_day"}, "why")
            equal(line.line["quota"], PER_DAY, "the quota")
            if ready:
                equal(line.line["retry_after"], 1, "there is a key to try")
            else:
                check_retry_after(line)


@once
def a_429_after_a_wait_says_how_long(options):
    with Explained(options, [(None, "")], KEY_PARALLEL="1") as s:
        with s.chat(key=TOKEN, model="gated-2", stream=True) as busy:
            while not delta(busy.event()):
                pass
            line = s.refused()
        equal((line.ready, line.keys, line.barred), (1, 1, []), "the key is well")
        equal(line.line["class"], "busy", "why it could not be used")
        true(line.line["waited_ms"] >= 1000, "how long it was waited for")
        equal(line.line["attempts"], 0, "attempts")


@once
def a_429_names_a_rest_of_the_address_or_of_the_model(options):
    for name, who, word, status in (
        ("html_429", "host", "html_block", 429),
        ("overloaded", "model", "overloaded", 503),
    ):
        with contextlib.ExitStack() as stack:
            s = stack.enter_context(Explained(options, [(None, ""), (None, "")], WAIT_MAX="0"))
            stack.enter_context(scripted(s, {"name": name}))
            end = time.monotonic() + 60
            line = s.refused(status)
            # Single faults of a model do not make it rest.
            while not line.barred and time.monotonic() < end:
                line = s.refused(status)
            equal([w[:2] for w in line.barred], [(who, word)], "what rests, and why")
            equal((line.ready, line.keys), (2, 2), "the keys are well")
            equal(line.line["class"], word, "class")
            check_retry_after(line)


@once
def a_429_by_a_limit_of_the_token_says_so(options):
    for limit, word in (("rpm=1", "token_minute"), ("tpd=1", "token_day")):
        with Explained(options, [(None, "")], token="name=alice " + limit) as s:
            with s.chat(key=TOKEN) as r:
                equal(r.status, 200, "status within the limit")
                r.read()
            wait_for("the first line", s.access_lines)
            line = s.refused().line
            equal((line["class"], line["token"]), (word, "alice"), "which limit, and whose")
            equal(line["attempts"], 0, "attempts")
            true("barred" not in line and "keys_ready" not in line, "no key stood in the way")
            if word == "token_minute":
                true(1 <= line["retry_after"] <= 61, "within the minute: %s" % line)
            else:
                # The next day begins at midnight UTC.
                off = (seconds(line["time"]) + line["retry_after"]) % 86400
                true(min(off, 86400 - off) <= 1 + SLACK, "until midnight: %.3f s off" % off)
