#!/usr/bin/env python3
"""Draws the picture in README.md: two terminals as SVG, with what the real programs print. One
runs `deploy/quickstart --demo`, the other sends a streamed request with curl, whose first key is
invalid.

    tests/recording/record.py [--port N] >deploy/guide/demo.svg

Lines appear in the order in which they were printed; pauses are drawn out so that they can be read.
"""

import argparse
import html
import os
import pty
import re
import select
import signal
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
COLUMNS = 112
START = "deploy/quickstart --demo"
ASK = """curl -N http://127.0.0.1:%d/v1/chat/completions \\
    -H 'Authorization: Bearer first--key_invalid,second' \\
    -H 'Content-Type: application/json' \\
    -d '{"model":"gemini-flash-latest","stream":true,
         "messages":[{"role":"user","content":"Say hello."}]}'"""
READY = "Ctrl-C ends it all."
BUILD_PATIENCE = 900
PATIENCE = 30

# Seconds between lines that were printed apart, and between the steps.
STEP, PAUSE = 0.35, 1.2
# What a reader should see first.
BRIGHT = (
    r'(?<="delta":{)"content":"[^"]+"|"attempts":2|"failed":"[^"]*"|first--key_invalid|\[DONE\]'
)

CHAR, LINE, PAD, BAR = 7.8, 17, 14, 26
STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #c9d1d9; }
.title { fill: #8b949e; }
.typed { fill: #ffffff; font-weight: bold; }
.bright { fill: #7ee787; }
@keyframes shown { from { visibility: hidden; } to { visibility: visible; } }
@media (prefers-reduced-motion: reduce) { text { animation: none !important; } }
"""


class Terminal:
    """A command on a pseudo terminal, and the lines that it prints."""

    def __init__(self, title, command):
        self.title, self.text = title, ""
        self.lines = []
        for n, line in enumerate(command.splitlines()):
            self.add(("  " if n else "$ ") + line, "typed", 0)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ.update(LANG="C.UTF-8", TERM="dumb")
            os.execvp("sh", ["sh", "-c", "stty cols %d; exec %s" % (COLUMNS, command)])

    def add(self, line, kind, at):
        """A line of the picture, or several when it is wider than the terminal."""
        bright = [n for found in re.finditer(BRIGHT, line) for n in range(*found.span())]
        for start in range(0, max(len(line), 1), COLUMNS):
            piece = line[start : start + COLUMNS]
            self.lines.append((piece, [n - start for n in bright], kind, at))

    def read(self, seconds):
        """False at the end of the program."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.text += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def read_until(self, word, patience):
        end = time.monotonic() + patience
        while word not in self.text:
            if not self.read(0.2) or time.monotonic() > end:
                sys.exit("%s: no '%s' in: %s" % (self.title, word, self.text))

    def take(self, kind, at, step):
        """Moves what was printed into lines of the picture; returns the time of the last one."""
        for line in self.text.rstrip("\n").split("\n"):
            self.add(line, kind, at)
            at += step if line.strip() else 0
        self.text = ""
        return at


def spans(text, bright):
    """The text as XML, with marks around what is bright."""
    drawn, last = "", False
    for n, char in enumerate(text):
        if (n in bright) != last:
            drawn += "</tspan>" if last else '<tspan class="bright">'
            last = not last
        drawn += html.escape(char, quote=False)
    return drawn + ("</tspan>" if last else "")


def window(terminal, top):
    height = BAR + len(terminal.lines) * LINE + PAD
    width = COLUMNS * CHAR + 2 * PAD
    yield '<g transform="translate(0 %d)">' % top
    yield '<rect width="%d" height="%d" rx="8" fill="#0d1117" stroke="#30363d"/>' % (width, height)
    for n, color in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")):
        yield '<circle cx="%d" cy="14" r="5" fill="%s"/>' % (PAD + 4 + 16 * n, color)
    yield '<text class="title" x="80" y="18">%s</text>' % html.escape(terminal.title)
    for n, (text, bright, kind, at) in enumerate(terminal.lines):
        if not text.strip():
            continue
        place = (kind, PAD, BAR + (n + 1) * LINE - 3, len(text) * CHAR)
        yield '<text class="%s" x="%d" y="%d" textLength="%.1f"' % place
        yield ' lengthAdjust="spacingAndGlyphs" xml:space="preserve"'
        yield ' style="animation: shown %.2fs step-end both"' % at
        # Spaces count, so the text begins right behind the bracket.
        yield ">%s</text>" % spans(text, bright)
    yield "</g>"


def draw(terminals):
    heights = [BAR + len(t.lines) * LINE + PAD for t in terminals]
    width = COLUMNS * CHAR + 2 * PAD
    height = sum(heights) + 10 * (len(terminals) - 1)
    size = (width, height)
    yield '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d"' % size
    yield ' viewBox="0 0 %d %d">' % size
    yield "<style>%s</style>" % STYLE
    top = 0
    for terminal, high in zip(terminals, heights):
        yield from window(terminal, top)
        top += high + 10
    yield "</svg>"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8080)
    port = parser.parse_args().port
    # The picture shows no key of whoever runs this.
    for name in ("GEMINI_API_KEYS", "ACCESS_TOKENS", "GEMINI_BASE_URL"):
        os.environ.pop(name, None)
    command = START + (" --port %d" % port if port != 8080 else "")
    server = Terminal("the gateway", command)
    try:
        server.read_until(READY, BUILD_PATIENCE)
        # From here on it is of interest; before, it builds and starts.
        server.text = server.text[server.text.index("The gateway is running") :]
        at = server.take("printed", PAUSE, 0) + PAUSE
        client = Terminal("a client", ASK % port)
        client.lines = [(*line[:3], at) for line in client.lines]
        client.read_until("[DONE]", PATIENCE)
        server.read_until('"event":"request"', PATIENCE)
        while server.read(0.3) and server.text[-1] != "\n":
            pass
        at = client.take("printed", at + PAUSE, STEP)
        # The request's own line; what the gateway learnt of the model is another story.
        lines = [x for x in server.text.splitlines() if '"event":"request"' in x and "chat" in x]
        server.text = "\n".join(lines[-1:])
        server.take("printed", at + STEP, 0)
        print("\n".join(draw([server, client])))
    finally:
        os.kill(server.pid, signal.SIGINT)
        os.waitpid(server.pid, 0)


if __name__ == "__main__":
    main()
