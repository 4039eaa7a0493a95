// What the ai package does in the same way with every provider: text, streams, tools, structured
// output, aborts and errors.

import {
    APICallError,
    Output,
    generateImage,
    generateObject,
    generateText,
    stepCountIs,
    streamText,
    tool,
} from "ai";
import { z } from "zod";

import {
    MODEL,
    MODEL_3,
    PIXEL,
    SAY,
    assertSigned,
    freshKey,
    isPng,
    scriptSteps,
    upstream,
} from "./common.mjs";
import { assert, failure, test } from "./tap.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

export const quick = { maxRetries: 0 };

export const tools = (seen) => ({
    get_city: tool({
        description: "Where the user is",
        inputSchema: z.object({}),
        execute: async () => {
            seen.push("get_city");
            return { city: "Rome" };
        },
    }),
    get_weather: tool({
        description: "The weather of a city",
        inputSchema: z.object({ city: z.string(), unit: z.enum(["c", "f"]).optional() }),
        execute: async ({ city }) => {
            seen.push(`get_weather ${city}`);
            return { degrees: 21, city };
        },
    }),
});

const steps = [
    ["get_city", {}],
    ["get_weather", { city: "Rome" }],
];

export const greeting = z.object({
    words: z.array(z.string()),
    loud: z.boolean(),
    size: z.object({ n: z.number() }).nullable(),
});

export function assertGreeting(value) {
    assert.ok(Array.isArray(value.words));
    assert.equal(typeof value.loud, "boolean");
}

// api names the tests; made(key) is a provider, and model(provider, name) its language model.
// ways: the sets of provider options with which calls of tools are tried, by a word for the name.
export async function aiLanguage(env, api, made, model, ways = { "": {} }) {
    const provider = made(env.KEY);
    const t = (name, run) => test(`ai ${api}: ${name}`, run);

    await t("generateText", async () => {
        const r = await generateText({ model: model(provider, MODEL), prompt: SAY, ...quick });
        assert.match(r.text, /Say hello\./);
        assert.equal(r.finishReason, "stop");
        assert.ok(r.usage.inputTokens > 0);
        assert.ok(r.usage.outputTokens > 0);
    });

    await t("instructions, history, images and settings", async () => {
        const key = freshKey();
        const r = await generateText({
            model: model(made(key), MODEL),
            instructions: "Be brief.",
            messages: [
                { role: "user", content: "Hello" },
                { role: "assistant", content: "Hello!" },
                {
                    role: "user",
                    content: [
                        { type: "text", text: SAY },
                        {
                            type: "file",
                            mediaType: "image/png",
                            data: Buffer.from(PIXEL, "base64"),
                        },
                    ],
                },
            ],
            temperature: 0.3,
            topP: 0.9,
            maxOutputTokens: 400,
            stopSequences: ["END"],
            seed: 3,
            presencePenalty: 0,
            ...quick,
        });
        assert.match(r.text, /Say hello\./);
        const [sent] = await upstream(env, key);
        assert.equal(sent.systemInstruction.parts[0].text, "Be brief.");
        assert.ok(sent.contents[2].parts.some((p) => p.inlineData?.mimeType === "image/png"));
        assert.equal(sent.generationConfig.maxOutputTokens, 400);
    });

    await t("streamText with usage", async () => {
        const r = streamText({ model: model(provider, MODEL), prompt: SAY, ...quick });
        let text = "";
        for await (const delta of r.textStream) text += delta;
        assert.match(text, /Say hello\./);
        assert.equal(await r.finishReason, "stop");
        assert.ok((await r.usage).outputTokens > 0);
    });

    for (const [how, providerOptions] of Object.entries(ways)) {
        const ask = (key, seen) => ({
            model: model(made(key), MODEL_3),
            prompt: SAY,
            tools: tools(seen),
            stopWhen: stepCountIs(5),
            providerOptions,
            ...quick,
        });

        await t(`tools in two steps on a Gemini 3 model${how}`, async () => {
            const key = freshKey();
            const seen = [];
            await scriptSteps(env, key, steps);
            const r = await generateText(ask(key, seen));
            assert.deepEqual(seen, ["get_city", "get_weather Rome"]);
            assert.equal(r.steps.length, 3);
            assert.equal(r.steps[0].finishReason, "tool-calls");
            assert.match(r.text, /get_weather returned .*21/);
            await assertSigned(env, key);
        });

        await t(`tools in two steps in a stream on a Gemini 3 model${how}`, async () => {
            const key = freshKey();
            const seen = [];
            await scriptSteps(env, key, steps);
            const r = streamText(ask(key, seen));
            assert.match(await r.text, /get_weather returned .*21/);
            assert.equal((await r.steps).length, 3);
            assert.deepEqual(seen, ["get_city", "get_weather Rome"]);
            await assertSigned(env, key);
        });
    }

    await t("toolChoice required and a tool by name", async () => {
        for (const toolChoice of ["required", { type: "tool", toolName: "get_weather" }]) {
            const r = await generateText({
                model: model(provider, MODEL_3),
                prompt: SAY,
                tools: tools([]),
                toolChoice,
                ...quick,
            });
            assert.equal(r.toolCalls.length, 1);
        }
    });

    await t("structured output", async () => {
        const ask = { model: model(provider, MODEL), prompt: SAY, ...quick };
        const output = Output.object({ schema: greeting });
        assertGreeting((await generateText({ ...ask, output })).output);
        assertGreeting(await streamText({ ...ask, output }).output);
        assertGreeting((await generateObject({ ...ask, schema: greeting })).object);
    });

    await t("abort", async () => {
        const abort = new AbortController();
        const r = streamText({
            model: model(provider, "gated-5"),
            prompt: SAY,
            abortSignal: abort.signal,
            onError: () => {},
            ...quick,
        });
        const types = [];
        for await (const part of r.fullStream) {
            types.push(part.type);
            if (part.type === "text-delta") abort.abort();
        }
        assert.ok(types.includes("abort"), types.join());
    });

    await t("errors: status, message and whether to retry", async () => {
        const ask = (p, name) =>
            failure(generateText({ model: model(p, name), prompt: SAY, ...quick }));
        const invalid = await ask(made(env.KEY_INVALID), MODEL);
        assert.ok(APICallError.isInstance(invalid), String(invalid));
        assert.equal(invalid.statusCode, 401);
        const quota = await ask(made(env.KEY_QUOTA), MODEL);
        assert.equal(quota.statusCode, 429);
        assert.equal(quota.isRetryable, true);
        const missing = await ask(provider, "no-such-model");
        assert.equal(missing.statusCode, 404);
        assert.match(missing.message, /no-such-model/);
    });

    await t("a failure inside a stream is told", async () => {
        const errors = [];
        const r = streamText({
            model: model(made(env.KEY_ERROR_MID), MODEL),
            prompt: SAY,
            onError: ({ error }) => errors.push(error),
            ...quick,
        });
        for await (const _ of r.fullStream);
        assert.notEqual(await r.finishReason.catch(() => "error"), "stop");
        assert.ok(errors.length > 0);
    });
}

export async function assertCompletion(model) {
    assert.match((await generateText({ model, prompt: SAY, ...quick })).text, /Say hello\./);
    assert.match(await streamText({ model, prompt: SAY, ...quick }).text, /Say hello\./);
}

export async function assertEdit(model) {
    const r = await generateImage({
        model,
        prompt: { text: "Make it blue", images: [Buffer.from(PIXEL, "base64")] },
        ...quick,
    });
    assert.ok(isPng(r.image.uint8Array));
}
