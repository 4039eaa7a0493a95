// The openai package.

import OpenAI from "openai";

import { openaiClients } from "./openai_client.mjs";
import { assert, failure, test } from "./tap.mjs";

const MODEL = "gemini-2.5-flash";
const SAY = [{ role: "user", content: "Say hello." }];
const PIXEL =
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAA" +
    "AfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const weather = {
    type: "function",
    function: {
        name: "get_weather",
        description: "The weather of a city",
        parameters: {
            type: "object",
            properties: { city: { type: "string" }, unit: { type: "string", enum: ["c", "f"] } },
            required: ["city"],
            additionalProperties: false,
        },
    },
};

export async function openai(env) {
    const made = openaiClients(env);
    const client = made(env.KEY);
    const t = (name, run) => test(`openai: ${name}`, run);

    await t("chat", async () => {
        const r = await client.chat.completions.create({ model: MODEL, messages: SAY });
        assert.equal(r.object, "chat.completion");
        assert.equal(r.choices.length, 1);
        assert.equal(r.choices[0].message.role, "assistant");
        assert.match(r.choices[0].message.content, /Say hello\./);
        assert.equal(r.choices[0].finish_reason, "stop");
        assert.ok(r.usage.prompt_tokens > 0);
        assert.equal(r.usage.total_tokens, r.usage.prompt_tokens + r.usage.completion_tokens);
        assert.ok(r._request_id, "x-request-id is there");
    });

    await t("chat with an alias of the original", async () => {
        const r = await client.chat.completions.create({ model: "gpt-3.5-turbo", messages: SAY });
        assert.ok(r.choices[0].message.content);
    });

    await t("chat with every sampling parameter", async () => {
        const r = await client.chat.completions.create({
            model: MODEL,
            messages: SAY,
            temperature: 0.5,
            top_p: 0.9,
            max_completion_tokens: 500,
            stop: ["END"],
            seed: 7,
            presence_penalty: 0,
            frequency_penalty: 0,
            user: "someone",
            n: 1,
        });
        assert.ok(r.choices[0].message.content);
    });

    await t("several system and developer messages", async () => {
        const r = await client.chat.completions.create({
            model: MODEL,
            messages: [
                { role: "system", content: "Be brief." },
                { role: "developer", content: [{ type: "text", text: "Be kind." }] },
                { role: "user", content: "Hello" },
                { role: "assistant", content: "Hello!" },
                { role: "system", content: "Be quick." },
                {
                    role: "user",
                    content: [
                        { type: "text", text: "How" },
                        { type: "text", text: "are you?" },
                    ],
                },
            ],
        });
        assert.ok(r.choices[0].message.content);
    });

    await t("stream", async () => {
        const stream = await client.chat.completions.create({
            model: MODEL,
            messages: SAY,
            stream: true,
        });
        let text = "";
        const reasons = [];
        for await (const chunk of stream) {
            assert.equal(chunk.object, "chat.completion.chunk");
            text += chunk.choices[0]?.delta?.content ?? "";
            if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
        }
        assert.match(text, /Say hello\./);
        assert.deepEqual(reasons, ["stop"]);
    });

    await t("stream with usage", async () => {
        const stream = await client.chat.completions.create({
            model: MODEL,
            messages: SAY,
            stream: true,
            stream_options: { include_usage: true },
        });
        const usages = [];
        for await (const chunk of stream) {
            if (chunk.usage) {
                assert.deepEqual(chunk.choices, []);
                usages.push(chunk.usage);
            }
        }
        assert.equal(usages.length, 1);
        assert.ok(usages[0].completion_tokens > 0);
    });

    await t("stream helper", async () => {
        const runner = client.chat.completions.stream({ model: MODEL, messages: SAY });
        let deltas = "";
        runner.on("content", (d) => {
            deltas += d;
        });
        const final = await runner.finalChatCompletion();
        assert.equal(final.choices[0].message.content, deltas);
        assert.equal(final.choices[0].finish_reason, "stop");
    });

    await t("a stream cut inside characters", async () => {
        const stream = await client.chat.completions.create({
            model: "split-3",
            messages: SAY,
            stream: true,
        });
        let text = "";
        for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
        assert.ok(text.isWellFormed());
        assert.match(text, /\u{1F389}/u);
        assert.doesNotMatch(text, /\uFFFD/);
    });

    await t("leaving a stream", async () => {
        const stream = await client.chat.completions.create({
            model: "gated-5",
            messages: SAY,
            stream: true,
        });
        for await (const chunk of stream) if (chunk.choices[0]?.delta?.content) break;
    });

    await t("images as data URLs", async () => {
        const r = await client.chat.completions.create({
            model: MODEL,
            messages: [
                {
                    role: "user",
                    content: [
                        { type: "text", text: "What is this?" },
                        { type: "image_url", image_url: { url: PIXEL, detail: "low" } },
                    ],
                },
            ],
        });
        assert.ok(r.choices[0].message.content);
        assert.ok(r.usage.prompt_tokens > 200, "the image counts");
    });

    await t("structured output", async () => {
        const r = await client.chat.completions.create({
            model: MODEL,
            messages: SAY,
            response_format: {
                type: "json_schema",
                json_schema: {
                    name: "greeting",
                    strict: true,
                    schema: {
                        type: "object",
                        additionalProperties: false,
                        required: ["words", "loud"],
                        properties: {
                            words: { type: "array", items: { type: "string" } },
                            loud: { type: "boolean" },
                        },
                    },
                },
            },
        });
        const value = JSON.parse(r.choices[0].message.content);
        assert.deepEqual(Object.keys(value).sort(), ["loud", "words"]);
        assert.ok(Array.isArray(value.words));
        assert.equal(typeof value.loud, "boolean");
    });

    await t("JSON mode", async () => {
        const r = await client.chat.completions.create({
            model: MODEL,
            messages: SAY,
            response_format: { type: "json_object" },
        });
        assert.equal(typeof JSON.parse(r.choices[0].message.content), "object");
    });

    await t("tools, there and back", async () => {
        const messages = [{ role: "user", content: "call:get_weather please" }];
        const first = await client.chat.completions.create({
            model: MODEL,
            messages,
            tools: [weather],
        });
        assert.equal(first.choices[0].finish_reason, "tool_calls");
        const [call] = first.choices[0].message.tool_calls;
        assert.equal(call.type, "function");
        assert.equal(call.function.name, "get_weather");
        assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
        messages.push(first.choices[0].message);
        messages.push({ role: "tool", tool_call_id: call.id, content: '{"degrees":21}' });
        const second = await client.chat.completions.create({
            model: MODEL,
            messages,
            tools: [weather],
        });
        assert.equal(second.choices[0].finish_reason, "stop");
        assert.match(second.choices[0].message.content, /get_weather/);
        assert.match(second.choices[0].message.content, /21/);
    });

    await t("tools in a stream", async () => {
        const final = await client.chat.completions
            .stream({
                model: "gemini-3.5-flash",
                messages: [{ role: "user", content: "call:get_weather" }],
                tools: [weather],
            })
            .finalChatCompletion();
        assert.equal(final.choices[0].finish_reason, "tool_calls");
        assert.equal(final.choices[0].message.tool_calls.length, 1);
        assert.equal(
            typeof JSON.parse(final.choices[0].message.tool_calls[0].function.arguments).city,
            "string",
        );
    });

    await t("no key: AuthenticationError", async () => {
        const e = await failure(
            made(" ", {
                apiKey: "x",
                defaultHeaders: { Authorization: null },
            }).chat.completions.create({ model: MODEL, messages: SAY }),
        );
        assert.ok(e instanceof OpenAI.AuthenticationError, e);
        assert.equal(e.status, 401);
    });

    await t("a bad key: AuthenticationError", async () => {
        const e = await failure(
            made(env.KEY_INVALID).chat.completions.create({ model: MODEL, messages: SAY }),
        );
        assert.ok(e instanceof OpenAI.AuthenticationError, e);
        assert.equal(e.code, "invalid_api_key");
    });

    await t("an unknown model: NotFoundError", async () => {
        const e = await failure(
            client.chat.completions.create({ model: "no-such-model", messages: SAY }),
        );
        assert.ok(e instanceof OpenAI.NotFoundError, e);
        assert.equal(e.code, "model_not_found");
    });

    await t("a bad request: BadRequestError with the parameter", async () => {
        const e = await failure(
            client.chat.completions.create({ model: MODEL, messages: SAY, temperature: "hot" }),
        );
        assert.ok(e instanceof OpenAI.BadRequestError, e);
        assert.equal(e.param, "temperature");
    });

    await t("quota: RateLimitError", async () => {
        const e = await failure(
            made(env.KEY_QUOTA).chat.completions.create({ model: MODEL, messages: SAY }),
        );
        assert.ok(e instanceof OpenAI.RateLimitError, e);
        assert.ok(Number(e.headers.get("retry-after")) > 0);
    });

    await t("overload: InternalServerError", async () => {
        const e = await failure(
            made(env.KEY_OVERLOADED).chat.completions.create({ model: MODEL, messages: SAY }),
        );
        assert.ok(e instanceof OpenAI.InternalServerError, e);
        assert.equal(e.status, 503);
    });

    await t("a failure inside a stream is thrown", async () => {
        const stream = await made(env.KEY_ERROR_MID).chat.completions.create({
            model: MODEL,
            messages: SAY,
            stream: true,
        });
        const e = await failure(
            (async () => {
                for await (const _ of stream);
            })(),
        );
        assert.ok(e instanceof OpenAI.APIError, e);
    });

    await t("models", async () => {
        const ids = [];
        for await (const model of client.models.list()) {
            assert.equal(model.object, "model");
            assert.equal(typeof model.created, "number");
            ids.push(model.id);
        }
        assert.ok(ids.includes(MODEL));
        assert.ok(ids.length > 50, `all pages: ${ids.length}`);
        assert.equal(new Set(ids).size, ids.length);
        const one = await client.models.retrieve(MODEL);
        assert.equal(one.id, MODEL);
        assert.ok(
            (await failure(client.models.retrieve("no-such-model"))) instanceof
                OpenAI.NotFoundError,
        );
    });

    await t("embeddings", async () => {
        const input = ["first", "second", "third"];
        // Unless told otherwise the SDK asks for base64 and decodes it.
        const packed = await client.embeddings.create({ model: "text-embedding-3-small", input });
        const plain = await client.embeddings.create({
            model: "text-embedding-3-small",
            input,
            encoding_format: "float",
        });
        assert.equal(packed.data.length, 3);
        for (const [i, item] of packed.data.entries()) {
            assert.equal(item.index, i);
            assert.ok(item.embedding.length > 100);
            assert.equal(item.embedding.length, plain.data[i].embedding.length);
            item.embedding.forEach((x, k) =>
                assert.ok(Math.abs(x - plain.data[i].embedding[k]) < 1e-6),
            );
        }
        assert.ok(packed.usage.total_tokens > 0);
        const small = await client.embeddings.create({
            model: "gemini-embedding-001",
            input: "first",
            dimensions: 256,
        });
        assert.equal(small.data[0].embedding.length, 256);
    });
}
