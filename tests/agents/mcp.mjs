// A small MCP server on stdio: one tool that turns words around, for agents to call.

import { createInterface } from "node:readline";

const tools = [
    {
        name: "turn_around",
        description: "The letters of a word in the opposite order.",
        inputSchema: {
            $schema: "http://json-schema.org/draft-07/schema#",
            type: "object",
            properties: { word: { type: "string", minLength: 1 } },
            required: ["word"],
            additionalProperties: false,
        },
    },
];

const methods = {
    initialize: ({ protocolVersion }) => ({
        protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: "words", version: "1.0.0" },
    }),
    ping: () => ({}),
    "tools/list": () => ({ tools }),
    "tools/call": ({ arguments: { word } }) => ({
        content: [{ type: "text", text: [...word].reverse().join("") }],
    }),
};

for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line);
    if (id === undefined) continue;
    const reply = Object.hasOwn(methods, method)
        ? { result: methods[method](params ?? {}) }
        : { error: { code: -32601, message: `There is no method ${method}.` } };
    process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, ...reply }) + "\n");
}
