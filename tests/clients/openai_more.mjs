// The openai package: what chat can do beyond openai.mjs, and the legacy endpoint.

import OpenAI from "openai";

import {
    MODEL,
    MODEL_3,
    PIXEL,
    SAY,
    assertSigned,
    freshKey,
    scriptSteps,
    upstream,
    wav,
} from "./common.mjs";
import { openaiClients, stepTools } from "./openai_client.mjs";
import { assert, failure, test } from "./tap.mjs";

const messages = [{ role: "user", content: SAY }];

const parameters = {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
};

export async function openaiMore(env) {
    const made = openaiClients(env);
    const client = made(env.KEY);
    const t = (name, run) => test(`openai: ${name}`, run);

    // Each of the functions is called once, in a step of its own.
    const called = ["get_city", "get_weather"];
    const steps = [
        ["get_city", { city: "here" }],
        ["get_weather", { city: "Rome" }],
    ];

    for (const stream of [false, true])
        await t(`runTools in two steps on a Gemini 3 model, stream: ${stream}`, async () => {
            const key = freshKey();
            const seen = [];
            await scriptSteps(env, key, steps);
            const runner = made(key).chat.completions.runTools({
                model: MODEL_3,
                messages,
                tools: stepTools(called, parameters, seen),
                stream,
            });
            assert.match(await runner.finalContent(), /get_weather returned .*ok/);
            assert.deepEqual(seen, [
                ["get_city", "here"],
                ["get_weather", "Rome"],
            ]);
            await assertSigned(env, key);
        });

    await t(
        "parallel calls, one of them answered by a client that keeps no extra fields",
        async () => {
            const tools = ["first", "second"].map((name) => ({
                type: "function",
                function: { name, parameters },
            }));
            const history = [{ role: "user", content: "call:first and call:second" }];
            const one = await client.chat.completions.create({
                model: MODEL_3,
                messages: history,
                tools,
            });
            const calls = one.choices[0].message.tool_calls;
            assert.deepEqual(
                calls.map((c) => c.function.name),
                ["first", "second"],
            );
            history.push({
                role: "assistant",
                content: null,
                tool_calls: calls.map(({ id, type, function: f }) => ({ id, type, function: f })),
            });
            for (const c of calls)
                history.push({ role: "tool", tool_call_id: c.id, content: c.id });
            const two = await client.chat.completions.create({
                model: MODEL_3,
                messages: history,
                tools,
            });
            assert.match(two.choices[0].message.content, /first returned .*second returned/);
        },
    );

    await t("legacy functions", async () => {
        const functions = [{ name: "get_weather", parameters }];
        const history = [{ role: "user", content: "call:get_weather" }];
        const one = await client.chat.completions.create({
            model: MODEL,
            messages: history,
            functions,
            function_call: "auto",
        });
        assert.equal(one.choices[0].finish_reason, "function_call");
        assert.equal(one.choices[0].message.function_call.name, "get_weather");
        history.push(one.choices[0].message, {
            role: "function",
            name: "get_weather",
            content: '{"degrees":21}',
        });
        const two = await client.chat.completions.create({
            model: MODEL,
            messages: history,
            functions,
        });
        assert.match(two.choices[0].message.content, /21/);
    });

    await t("custom tools", async () => {
        const tools = [
            { type: "custom", custom: { name: "shell", description: "Runs a command" } },
        ];
        const history = [{ role: "user", content: "call:shell" }];
        const one = await client.chat.completions.create({
            model: MODEL_3,
            messages: history,
            tools,
        });
        const [call] = one.choices[0].message.tool_calls;
        assert.equal(call.type, "custom");
        assert.equal(call.custom.name, "shell");
        assert.equal(typeof call.custom.input, "string");
        history.push(one.choices[0].message, {
            role: "tool",
            tool_call_id: call.id,
            content: "done it",
        });
        const two = await client.chat.completions.create({
            model: MODEL_3,
            messages: history,
            tools,
        });
        assert.match(two.choices[0].message.content, /done it/);
    });

    await t("tool_choice: none, required, one function, allowed_tools", async () => {
        const tools = ["first", "second"].map((name) => ({
            type: "function",
            function: { name, parameters },
        }));
        const ask = async (tool_choice, content = SAY) => {
            const r = await client.chat.completions.create({
                model: MODEL_3,
                messages: [{ role: "user", content }],
                tools,
                tool_choice,
            });
            return (r.choices[0].message.tool_calls ?? []).map((c) => c.function.name);
        };
        const second = { type: "function", function: { name: "second" } };
        assert.deepEqual(await ask("none", "call:first"), []);
        assert.deepEqual(await ask("required"), ["first"]);
        assert.deepEqual(await ask(second), ["second"]);
        assert.deepEqual(
            await ask({
                type: "allowed_tools",
                allowed_tools: { mode: "required", tools: [second] },
            }),
            ["second"],
        );
    });

    await t("three choices on a Gemini 3 model", async () => {
        const key = freshKey();
        const r = await made(key).chat.completions.create({ model: MODEL_3, messages, n: 3 });
        assert.deepEqual(
            r.choices.map((c) => c.index),
            [0, 1, 2],
        );
        for (const choice of r.choices) assert.match(choice.message.content, /Say hello\./);
        assert.equal((await upstream(env, key)).length, 3);
        assert.ok(r.usage.total_tokens > 0);
    });

    await t("three choices in a stream on a Gemini 3 model", async () => {
        const stream = client.chat.completions.stream({
            model: MODEL_3,
            messages,
            n: 3,
            stream_options: { include_usage: true },
        });
        const final = await stream.finalChatCompletion();
        assert.equal(final.choices.length, 3);
        for (const choice of final.choices) assert.match(choice.message.content, /Say hello\./);
    });

    await t("two choices on a Gemini 2 model", async () => {
        const r = await client.chat.completions.create({ model: MODEL, messages, n: 2 });
        assert.equal(r.choices.length, 2);
    });

    await t("logprobs reach the model", async () => {
        const key = freshKey();
        await made(key).chat.completions.create({
            model: MODEL,
            messages,
            logprobs: true,
            top_logprobs: 2,
        });
        const [{ generationConfig }] = await upstream(env, key);
        assert.equal(generationConfig.responseLogprobs, true);
        assert.equal(generationConfig.logprobs, 2);
    });

    await t("web search becomes annotations", async () => {
        const key = freshKey();
        const event = {
            candidates: [
                {
                    content: { role: "model", parts: [{ text: "Zürich is in Europe." }] },
                    finishReason: "STOP",
                    groundingMetadata: {
                        groundingChunks: [{ web: { uri: "https://a.example/1", title: "a" } }],
                        groundingSupports: [
                            {
                                segment: { endIndex: 7, text: "Zürich" },
                                groundingChunkIndices: [0],
                            },
                        ],
                    },
                },
            ],
            usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 5, totalTokenCount: 6 },
        };
        await fetch(`${env.STANDIN_URL}/_control/script`, {
            method: "POST",
            body: JSON.stringify({
                rules: [
                    {
                        key,
                        times: 1,
                        status: 200,
                        headers: { "Content-Type": "application/json" },
                        body: JSON.stringify(event),
                    },
                ],
            }),
        });
        const r = await made(key).chat.completions.create({
            model: MODEL,
            messages,
            web_search_options: {},
        });
        assert.deepEqual(r.choices[0].message.annotations, [
            {
                type: "url_citation",
                url_citation: {
                    url: "https://a.example/1",
                    title: "a",
                    start_index: 0,
                    end_index: 6,
                },
            },
        ]);
        const [{ tools }] = await upstream(env, key);
        assert.deepEqual(tools, [{ googleSearch: {} }]);
    });

    await t("every value of reasoning_effort on every family", async () => {
        for (const model of [MODEL, "gemini-2.5-pro", MODEL_3, "gemini-3.8-flash"])
            for (const reasoning_effort of [
                "none",
                "minimal",
                "low",
                "medium",
                "high",
                "xhigh",
                "max",
            ]) {
                const r = await client.chat.completions.create({
                    model,
                    messages,
                    reasoning_effort,
                });
                assert.match(r.choices[0].message.content, /Say hello\./);
                assert.doesNotMatch(r.choices[0].message.content, /Reading the question/);
            }
    });

    await t("thoughts as reasoning_content", async () => {
        const r = await client.chat.completions.create({
            model: MODEL_3,
            messages,
            reasoning_effort: "high",
        });
        assert.match(r.choices[0].message.reasoning_content, /Reading the question/);
        assert.ok(r.usage.completion_tokens_details.reasoning_tokens > 0);
    });

    await t("audio and files as input", async () => {
        const r = await client.chat.completions.create({
            model: MODEL,
            messages: [
                {
                    role: "user",
                    content: [
                        { type: "text", text: SAY },
                        {
                            type: "input_audio",
                            input_audio: { data: wav().toString("base64"), format: "wav" },
                        },
                        {
                            type: "file",
                            file: {
                                filename: "a.png",
                                file_data: `data:image/png;base64,${PIXEL}`,
                            },
                        },
                    ],
                },
            ],
        });
        assert.match(r.choices[0].message.content, /Say hello\./);
    });

    await t("parse gives the value", async () => {
        const r = await client.chat.completions.parse({
            model: MODEL,
            messages,
            response_format: {
                type: "json_schema",
                json_schema: {
                    name: "a",
                    strict: true,
                    schema: { ...parameters, properties: { city: { enum: ["Rome"] } } },
                },
            },
        });
        assert.deepEqual(JSON.parse(r.choices[0].message.content), { city: "Rome" });
    });

    await t("completions", async () => {
        const r = await client.completions.create({ model: MODEL, prompt: SAY });
        assert.equal(r.object, "text_completion");
        assert.match(r.choices[0].text, /Say hello\./);
        assert.equal(r.choices[0].finish_reason, "stop");
        assert.ok(r.usage.total_tokens > 0);
    });

    await t("completions: several prompts, several choices, echo", async () => {
        const r = await client.completions.create({
            model: MODEL_3,
            prompt: ["First.", "Second."],
            n: 2,
            echo: true,
        });
        assert.deepEqual(
            r.choices.map((c) => c.index),
            [0, 1, 2, 3],
        );
        for (const [i, c] of r.choices.entries())
            assert.ok(c.text.startsWith(i < 2 ? "First." : "Second."), c.text);
    });

    await t("completions in a stream", async () => {
        let text = "";
        let usage;
        const reasons = [];
        for await (const chunk of await client.completions.create({
            model: MODEL,
            prompt: SAY,
            stream: true,
            stream_options: { include_usage: true },
        })) {
            text += chunk.choices[0]?.text ?? "";
            if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
            usage = chunk.usage ?? usage;
        }
        assert.match(text, /Say hello\./);
        assert.deepEqual(reasons, ["stop"]);
        assert.ok(usage.total_tokens > 0);
    });

    await t("completions: an unknown model", async () => {
        const e = await failure(client.completions.create({ model: "no-such", prompt: SAY }));
        assert.ok(e instanceof OpenAI.NotFoundError, e);
    });

    await t("more embeddings than one call upstream takes", async () => {
        const input = Array.from({ length: 205 }, (_, i) => `text number ${i}`);
        const r = await client.embeddings.create({
            model: "gemini-embedding-2",
            input,
            dimensions: 64,
        });
        assert.equal(r.data.length, 205);
        const one = await client.embeddings.create({
            model: "gemini-embedding-2",
            input: input[204],
            dimensions: 64,
        });
        r.data[204].embedding.forEach((x, i) =>
            assert.ok(Math.abs(x - one.data[0].embedding[i]) < 1e-6),
        );
    });
}
