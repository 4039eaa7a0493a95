// The openai package: the Responses API.

import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

import {
    MODEL,
    MODEL_3,
    PIXEL,
    SAY,
    assertSigned,
    freshKey,
    scriptSteps,
    upstream,
} from "./common.mjs";
import { openaiClients } from "./openai_client.mjs";
import { assert, failure, test } from "./tap.mjs";

const weather = {
    type: "function",
    name: "get_weather",
    description: "The weather of a city",
    strict: true,
    parameters: {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
        additionalProperties: false,
    },
};
const steps = [
    ["get_weather", { city: "Bern" }],
    ["get_weather", { city: "Rome" }],
];

export async function openaiResponses(env) {
    const made = openaiClients(env);
    const client = made(env.KEY);
    const t = (name, run) => test(`openai responses: ${name}`, run);

    await t("create", async () => {
        const r = await client.responses.create({ model: MODEL, input: SAY });
        assert.equal(r.status, "completed");
        assert.match(r.output_text, /Say hello\./);
        assert.match(r.id, /^resp_/);
        assert.ok(r.usage.total_tokens > 0);
    });

    await t("instructions, roles, images", async () => {
        const key = freshKey();
        const r = await made(key).responses.create({
            model: MODEL,
            instructions: "Be brief.",
            input: [
                { role: "developer", content: "Be kind." },
                { role: "user", content: "Hello" },
                { role: "assistant", content: "Hello!" },
                {
                    type: "message",
                    role: "user",
                    content: [
                        { type: "input_text", text: SAY },
                        {
                            type: "input_image",
                            image_url: `data:image/png;base64,${PIXEL}`,
                            detail: "auto",
                        },
                    ],
                },
            ],
            max_output_tokens: 500,
            temperature: 0.5,
            metadata: { who: "me" },
        });
        assert.match(r.output_text, /Say hello\./);
        assert.deepEqual(r.metadata, { who: "me" });
        assert.equal(r.instructions, "Be brief.");
        assert.equal(r.max_output_tokens, 500);
        const [sent] = await upstream(env, key);
        assert.deepEqual(
            sent.systemInstruction.parts.map((p) => p.text),
            ["Be brief.", "Be kind."],
        );
        assert.deepEqual(
            sent.contents.map((c) => c.role),
            ["user", "model", "user"],
        );
    });

    await t("the raw events of a stream", async () => {
        let text = "";
        const types = [];
        let last;
        for await (const event of await client.responses.create({
            model: MODEL,
            input: SAY,
            stream: true,
        })) {
            types.push(event.type);
            if (event.type === "response.output_text.delta") text += event.delta;
            last = event;
        }
        assert.equal(types[0], "response.created");
        assert.equal(types[1], "response.in_progress");
        assert.equal(last.type, "response.completed");
        assert.equal(last.response.output.find((i) => i.type === "message").content[0].text, text);
    });

    await t("the stream helper", async () => {
        const stream = client.responses.stream({ model: MODEL_3, input: SAY });
        let deltas = "";
        stream.on("response.output_text.delta", (e) => {
            deltas += e.delta;
        });
        const final = await stream.finalResponse();
        assert.equal(final.output_text, deltas);
        assert.match(deltas, /Say hello\./);
    });

    await t("reasoning in a stream", async () => {
        const stream = client.responses.stream({
            model: MODEL_3,
            input: SAY,
            reasoning: { effort: "high", summary: "auto" },
        });
        let summary = "";
        stream.on("response.reasoning_summary_text.delta", (e) => {
            summary += e.delta;
        });
        const final = await stream.finalResponse();
        assert.match(summary, /Reading the question/);
        assert.equal(final.output[0].type, "reasoning");
        assert.equal(final.output[0].summary.map((s) => s.text).join(""), summary);
        assert.ok(final.usage.output_tokens_details.reasoning_tokens > 0);
        assert.doesNotMatch(final.output_text, /Reading the question/);
    });

    await t("parse", async () => {
        const shape = z.object({ words: z.array(z.string()), loud: z.boolean() });
        const r = await client.responses.parse({
            model: MODEL,
            input: SAY,
            text: { format: zodTextFormat(shape, "greeting") },
        });
        assert.ok(Array.isArray(r.output_parsed.words));
        assert.equal(typeof r.output_parsed.loud, "boolean");
    });

    await t("JSON mode", async () => {
        const r = await client.responses.create({
            model: MODEL,
            input: SAY,
            text: { format: { type: "json_object" } },
        });
        assert.equal(typeof JSON.parse(r.output_text), "object");
    });

    // The output items go back as they are, as the documentation of OpenAI has it.
    const loop = async (key, more, ask) => {
        const input = [{ role: "user", content: SAY }];
        for (let i = 0; i < 4; i++) {
            const r = await ask(made(key), { model: MODEL_3, input, tools: [weather], ...more });
            const calls = r.output.filter((item) => item.type === "function_call");
            if (calls.length === 0) return r;
            for (const item of r.output) {
                delete item.parsed_arguments;
                input.push(item);
            }
            for (const c of calls)
                input.push({
                    type: "function_call_output",
                    call_id: c.call_id,
                    output: JSON.stringify({ of: JSON.parse(c.arguments).city }),
                });
        }
        throw new Error("too many steps");
    };
    const whole = (c, body) => c.responses.create(body);
    const streamed = (c, body) => c.responses.stream(body).finalResponse();

    for (const [how, ask] of [
        ["whole", whole],
        ["in a stream", streamed],
    ]) {
        await t(`tools in two steps on a Gemini 3 model, ${how}`, async () => {
            const key = freshKey();
            await scriptSteps(env, key, steps);
            const r = await loop(key, {}, ask);
            assert.match(r.output_text, /get_weather returned .*Rome/);
            await assertSigned(env, key);
        });

        await t(`tools without storage, encrypted reasoning, ${how}`, async () => {
            const key = freshKey();
            await scriptSteps(env, key, steps);
            const r = await loop(
                key,
                { store: false, include: ["reasoning.encrypted_content"] },
                ask,
            );
            assert.match(r.output_text, /Rome/);
            await assertSigned(env, key);
        });
    }

    await t("a call in a stream", async () => {
        const final = await client.responses
            .stream({ model: MODEL_3, input: "call:get_weather", tools: [weather] })
            .finalResponse();
        const call = final.output.find((item) => item.type === "function_call");
        assert.equal(call.name, "get_weather");
        assert.equal(typeof JSON.parse(call.arguments).city, "string");
    });

    await t("custom tools", async () => {
        const r = await client.responses.create({
            model: MODEL_3,
            input: "call:shell",
            tools: [{ type: "custom", name: "shell", description: "Runs a command" }],
        });
        const call = r.output.find((item) => item.type === "custom_tool_call");
        assert.equal(call.name, "shell");
        assert.equal(typeof call.input, "string");
    });

    await t("web search", async () => {
        const key = freshKey();
        await made(key).responses.create({
            model: MODEL,
            input: SAY,
            tools: [{ type: "web_search" }],
        });
        const [{ tools }] = await upstream(env, key);
        assert.deepEqual(tools, [{ googleSearch: {} }]);
    });

    await t("previous_response_id, retrieve, input_items, delete", async () => {
        const key = freshKey();
        const c = made(key);
        const first = await c.responses.create({ model: MODEL, input: "The first question" });
        const second = await c.responses.create({
            model: MODEL,
            input: "The second question",
            previous_response_id: first.id,
        });
        assert.equal(second.previous_response_id, first.id);
        const sent = (await upstream(env, key)).at(-1);
        assert.deepEqual(
            sent.contents.map((x) => x.role),
            ["user", "model", "user"],
        );
        assert.match(sent.contents[0].parts[0].text, /first question/);
        const again = await c.responses.retrieve(first.id);
        assert.equal(again.id, first.id);
        assert.equal(again.output_text, first.output_text);
        const items = [];
        for await (const item of c.responses.inputItems.list(first.id)) items.push(item);
        assert.equal(items.length, 1);
        assert.equal(items[0].role, "user");
        const long = await c.responses.create({
            model: MODEL,
            input: [
                { role: "user", content: "a" },
                { role: "assistant", content: "b" },
                { role: "user", content: "c" },
            ],
        });
        const roles = [];
        const paged = c.responses.inputItems.list(long.id, { limit: 1, order: "asc" });
        for await (const item of paged) roles.push(item.role);
        assert.deepEqual(roles, ["user", "assistant", "user"]);
        await c.responses.delete(first.id);
        const gone = await failure(c.responses.retrieve(first.id));
        assert.ok(gone instanceof OpenAI.NotFoundError, gone);
    });

    await t("tools with previous_response_id on a Gemini 3 model", async () => {
        const key = freshKey();
        const c = made(key);
        await scriptSteps(env, key, steps);
        let r = await c.responses.create({ model: MODEL_3, input: SAY, tools: [weather] });
        for (let i = 0; i < 2; i++) {
            const call = r.output.find((item) => item.type === "function_call");
            r = await c.responses.create({
                model: MODEL_3,
                previous_response_id: r.id,
                input: [
                    { type: "function_call_output", call_id: call.call_id, output: `no. ${i}` },
                ],
                tools: [weather],
            });
        }
        assert.match(r.output_text, /no\. 1/);
        await assertSigned(env, key);
    });

    await t("another caller does not see a stored response", async () => {
        const r = await made(freshKey()).responses.create({ model: MODEL, input: SAY });
        const e = await failure(made(freshKey()).responses.retrieve(r.id));
        assert.ok(e instanceof OpenAI.NotFoundError, e);
    });

    await t("cut at max_output_tokens: incomplete", async () => {
        const r = await client.responses.create({
            model: MODEL,
            input: "a long text ".repeat(200),
            max_output_tokens: 60,
        });
        assert.equal(r.status, "incomplete");
        assert.equal(r.incomplete_details.reason, "max_output_tokens");
    });

    await t("an unknown model: NotFoundError", async () => {
        const e = await failure(client.responses.create({ model: "no-such-model", input: SAY }));
        assert.ok(e instanceof OpenAI.NotFoundError, e);
        assert.equal(e.code, "model_not_found");
    });

    await t("an unknown previous_response_id is refused", async () => {
        const e = await failure(
            client.responses.create({
                model: MODEL,
                input: SAY,
                previous_response_id: "resp_unknown",
            }),
        );
        assert.ok(e.status === 400 || e.status === 404, e);
        assert.equal(e.param, "previous_response_id");
    });

    await t("a compaction takes the place of what was said", async () => {
        const key = freshKey();
        const c = made(key);
        const history = [
            { role: "user", content: "words to keep" },
            { role: "assistant", content: "an old answer" },
        ];
        const next = { role: "user", content: SAY };
        const compacted = await c.responses.compact({ model: MODEL_3, input: history });
        assert.equal(compacted.object, "response.compaction");
        assert.ok(compacted.usage.total_tokens > 0);
        await c.responses.create({ model: MODEL_3, input: [...compacted.output, next] });
        const stream = c.responses.stream({
            model: MODEL_3,
            input: [...history, { type: "compaction_trigger" }],
        });
        const { output } = await stream.finalResponse();
        assert.deepEqual(
            output.map((i) => i.type),
            ["compaction"],
        );
        await c.responses.create({ model: MODEL_3, input: [...history, ...output, next] });
        const [, first, , second] = (await upstream(env, key)).map((r) =>
            r.contents[0].parts.map((p) => p.text).join(" "),
        );
        assert.match(first, /words to keep .*You said/s);
        assert.match(second, /You said/);
        assert.doesNotMatch(first + second, /an old answer/);
    });

    await t("counting the tokens of an input", async () => {
        const r = await client.responses.inputTokens.count({ model: MODEL_3, input: SAY });
        assert.equal(r.object, "response.input_tokens");
        assert.ok(r.input_tokens > 0);
    });

    await t("a response that is complete cannot be cancelled", async () => {
        const c = made(freshKey());
        const r = await c.responses.create({ model: MODEL, input: SAY });
        const e = await failure(c.responses.cancel(r.id));
        assert.ok(e instanceof OpenAI.BadRequestError, e);
    });

    await t("quota: RateLimitError", async () => {
        const e = await failure(made(env.KEY_QUOTA).responses.create({ model: MODEL, input: SAY }));
        assert.ok(e instanceof OpenAI.RateLimitError, e);
    });

    await t("a failure inside a stream is thrown or told", async () => {
        const events = [];
        let thrown;
        try {
            for await (const event of await made(env.KEY_ERROR_MID).responses.create({
                model: MODEL,
                input: SAY,
                stream: true,
            }))
                events.push(event);
        } catch (e) {
            thrown = e;
        }
        const told = events.find((e) => e.type === "response.failed" || e.type === "error");
        assert.ok(thrown instanceof OpenAI.APIError || told, String(thrown));
        assert.ok(!events.some((e) => e.type === "response.completed"));
    });

    await t("leaving a stream", async () => {
        const stream = await client.responses.create({
            model: "gated-5",
            input: SAY,
            stream: true,
        });
        for await (const event of stream) if (event.type === "response.output_text.delta") break;
    });
}
