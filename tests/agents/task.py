"""The task of every coding agent, and the model that the stand-in plays for it.

The agent is to read a file, to run a command, perhaps to ask an MCP server, and to write a file.
A turn of the model is played when the request shows what the turn before it brought to light, so
that titles, summaries and repeated requests do no harm.
"""

import json
import os
import random
import struct
import zlib

import harness
from tap import contains, equal, true


SUMMARY = "Write a summary of this conversation"  # how the gateway asks the model for one


def picture():
    """A PNG of 64 times 64 points, all of one colour."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    size = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    points = zlib.compress((b"\0" + b"\x20\x60\xa0" * 64) * 64)
    chunks = chunk(b"IHDR", size) + chunk(b"IDAT", points) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


class Task:
    """tools: what the agent calls its tools, [("read", name, arguments)], in turns of the model.

    In arguments $NOTES, $PICTURE and $ANSWER are paths, $COMMAND a command line, $CONTENT what to
    write, and $WORD a word for the MCP server.
    """

    def __init__(self, standin, key, work, tools, compacts=False):
        self.standin = standin
        self.key = key
        self.turns = tools
        self.compacts = compacts
        number = random.randrange(100000, 999999)
        self.notes, self.asked, self.turned, self.marker = (
            "".join(random.choices("abcdefghijkmnpqrstuvwxyz", k=12)) for _ in range(4)
        )
        self.sum = str(number + 7654321)
        self.content = "The word is %s, the sum is %s. %s\n" % (self.notes, self.sum, self.marker)
        self.end = "All of it is done: " + self.turned
        self.places = {
            "$NOTES": os.path.join(work, "notes.txt"),
            "$PICTURE": os.path.join(work, "picture.png"),
            "$ANSWER": os.path.join(work, "answer.txt"),
            "$COMMAND": "expr %d + 7654321" % number,
            "$CONTENT": self.content,
            "$WORD": self.asked,
        }
        with open(self.places["$NOTES"], "w", encoding="utf-8") as f:
            f.write("The word is %s.\n" % self.notes)
        with open(self.places["$PICTURE"], "wb") as f:
            f.write(picture())
        self.standin.script({"rules": self._rules()})

    question = (
        "Read notes.txt, then run the command for the sum, and write the word and the sum into "
        "answer.txt."
    )

    def seen(self, kind):
        """What a request holds once a tool of this kind has answered."""
        return {
            "read": self.notes,
            "look": '"mimeType":"image/',
            "shell": self.sum,
            "search": "turn_around",
            "mcp": self.asked[::-1],
            "write": self.marker,
        }[kind]

    def _filled(self, value):
        if isinstance(value, dict):
            return {name: self._filled(v) for name, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._filled(v) for v in value]
        if isinstance(value, str):
            for name, text in self.places.items():
                value = value.replace(name, text)
        return value

    def _rules(self):
        """The last turn first: an earlier one's words stay in the conversation."""
        rules = []
        for i, turn in enumerate(self.turns):
            parts = [
                {"functionCall": {"id": kind + self.notes, "name": name, "args": args}}
                for kind, name, args in self._filled(turn)
            ]
            # Before the first turn there is nothing to see but the tools.
            before = self.seen(self.turns[i - 1][-1][0]) if i else turn[0][1].lstrip("*") + '"'
            rules.append(
                {"key": self.key, "contains": before, "parts": parts, "sign": True, "times": 4}
            )
        last = self.seen(self.turns[-1][-1][0])
        rules.append({"key": self.key, "contains": last, "parts": [{"text": self.end}]})
        return (self._summaries() if self.compacts else []) + rules[::-1]

    def _summaries(self):
        """After each turn one that tells what the next turn waits for."""
        return [
            {
                "key": self.key,
                "contains": SUMMARY,
                "parts": [{"text": "Seen: " + " ".join(self.seen(kind) for kind, _, _ in turn)}],
                "times": 1,
            }
            for turn in self.turns
        ]

    def check(self, output):
        """What the agent left behind and what the model saw."""
        with open(self.places["$ANSWER"], encoding="utf-8") as f:
            equal(f.read().rstrip("\n"), self.content.rstrip("\n"), "the file that was written")
        contains(output, self.end, "what the agent says")
        requests = self.standin.requests(self.key)
        for request in requests:
            equal((request["status"], request["outcome"]), (200, "done"), request["target"])
        if self.compacts:
            asked = [r for r in requests if SUMMARY in r["body"]]
            true(asked, "the model was asked for a summary")
            contains(asked[0]["body"], self.sum, "what is to be summarised")
            return
        calls, results = self._exchange(requests)
        equal(len(results), sum(len(turn) for turn in self.turns), "results of tools")
        for (kind, name, _), (called, result) in zip(
            [call for turn in self.turns for call in turn], zip(calls, results)
        ):
            equal(result["name"], called["name"], "whose result it is")
            true("*" in name or called["name"] == name, "%s was called" % name)
            # A picture may stand beside the result.
            if kind not in ("look", "write"):
                contains(json.dumps(result["response"]), self.seen(kind), "result of " + kind)

    def _exchange(self, requests):
        """Calls and results of the first request that asks for the last word."""
        for request in requests:
            body = json.loads(request["body"])
            parts = [p for c in body["contents"] for p in c["parts"]]
            calls = [p["functionCall"] for p in parts if "functionCall" in p]
            results = [p["functionResponse"] for p in parts if "functionResponse" in p]
            if any(self.marker in json.dumps(call) for call in calls):
                return calls, results
        raise harness.Failure("the model never saw the result of writing")

    def history(self):
        """The requests that reached the stand-in, for a person to read."""
        lines = []
        for request in self.standin.requests(self.key):
            lines.append("%s %s" % (request["target"], request["status"]))
            try:
                contents = json.loads(request["body"]).get("contents", [])
            except ValueError:
                continue
            lines += ["    " + json.dumps(p)[:200] for c in contents for p in c["parts"]][-8:]
        return lines
