// The ai package with @ai-sdk/openai-compatible.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
    APICallError,
    Output,
    embed,
    embedMany,
    generateImage,
    generateObject,
    generateText,
    stepCountIs,
    streamObject,
    streamText,
    tool,
} from "ai";
import { z } from "zod";

import {
    EMBEDDING_MODEL,
    IMAGE_MODEL,
    MODEL,
    MODEL_3,
    PIXEL,
    SAY,
    assertSigned,
    freshKey,
    isPng,
    recording,
    scriptSteps,
    upstream,
} from "./common.mjs";
import { assert, failure, test } from "./tap.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

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

export const steps = [
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

export async function aiCompatible(env) {
    const made = (apiKey, more = {}) =>
        createOpenAICompatible({
            name: "gemini",
            apiKey,
            baseURL: `${env.BASE_URL}/v1`,
            fetch: recording(env),
            includeUsage: true,
            supportsStructuredOutputs: true,
            ...more,
        });
    const provider = made(env.KEY);
    const quick = { maxRetries: 0 };
    const t = (name, run) => test(`ai openai-compatible: ${name}`, run);

    await t("generateText", async () => {
        const r = await generateText({ model: provider(MODEL), prompt: SAY, ...quick });
        assert.match(r.text, /Say hello\./);
        assert.equal(r.finishReason, "stop");
        assert.ok(r.usage.inputTokens > 0);
        assert.ok(r.usage.outputTokens > 0);
    });

    await t("instructions, history, images and settings", async () => {
        const key = freshKey();
        const r = await generateText({
            model: made(key)(MODEL),
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
        const r = streamText({ model: provider(MODEL), prompt: SAY, ...quick });
        let text = "";
        for await (const delta of r.textStream) text += delta;
        assert.match(text, /Say hello\./);
        assert.equal(await r.finishReason, "stop");
        assert.ok((await r.usage).outputTokens > 0);
    });

    await t("a stream cut inside characters", async () => {
        const r = streamText({ model: provider("split-3"), prompt: SAY, ...quick });
        const text = await r.text;
        assert.match(text, /\u{1F389}/u);
        assert.doesNotMatch(text, /\uFFFD/);
    });

    await t("reasoning is shown apart from the text", async () => {
        const ask = {
            model: provider(MODEL_3),
            prompt: SAY,
            providerOptions: { gemini: { reasoningEffort: "high" } },
            ...quick,
        };
        const r = await generateText(ask);
        assert.match(r.reasoningText, /Reading the question/);
        assert.doesNotMatch(r.text, /Reading the question/);
        assert.ok(r.usage.outputTokenDetails.reasoningTokens > 0);
        const s = streamText(ask);
        assert.match(await s.reasoningText, /Reading the question/);
        assert.doesNotMatch(await s.text, /Reading the question/);
    });

    await t("tools in two steps on a Gemini 3 model", async () => {
        const key = freshKey();
        const seen = [];
        await scriptSteps(env, key, steps);
        const r = await generateText({
            model: made(key)(MODEL_3),
            prompt: SAY,
            tools: tools(seen),
            stopWhen: stepCountIs(5),
            ...quick,
        });
        assert.deepEqual(seen, ["get_city", "get_weather Rome"]);
        assert.equal(r.steps.length, 3);
        assert.equal(r.steps[0].finishReason, "tool-calls");
        assert.match(r.text, /get_weather returned .*21/);
        await assertSigned(env, key);
    });

    await t("tools in two steps in a stream on a Gemini 3 model", async () => {
        const key = freshKey();
        const seen = [];
        await scriptSteps(env, key, steps);
        const r = streamText({
            model: made(key)(MODEL_3),
            prompt: SAY,
            tools: tools(seen),
            stopWhen: stepCountIs(5),
            ...quick,
        });
        assert.match(await r.text, /get_weather returned .*21/);
        assert.equal((await r.steps).length, 3);
        assert.deepEqual(seen, ["get_city", "get_weather Rome"]);
        await assertSigned(env, key);
    });

    await t("parallel calls in a stream on a Gemini 3 model", async () => {
        const seen = [];
        const r = streamText({
            model: provider(MODEL_3),
            prompt: "call:get_city and call:get_weather",
            tools: tools(seen),
            stopWhen: stepCountIs(3),
            ...quick,
        });
        assert.match(await r.text, /get_city returned .*get_weather returned/);
        assert.equal(seen.length, 2);
    });

    await t("toolChoice required and a tool by name", async () => {
        for (const toolChoice of ["required", { type: "tool", toolName: "get_weather" }]) {
            const r = await generateText({
                model: provider(MODEL_3),
                prompt: SAY,
                tools: tools([]),
                toolChoice,
                ...quick,
            });
            assert.equal(r.toolCalls.length, 1);
        }
    });

    await t("structured output: Output.object, with tools too", async () => {
        const output = Output.object({ schema: greeting });
        assertGreeting(
            (await generateText({ model: provider(MODEL), prompt: SAY, output, ...quick })).output,
        );
        const r = await generateText({
            model: provider(MODEL_3),
            prompt: SAY,
            output,
            tools: tools([]),
            ...quick,
        });
        assertGreeting(r.output);
    });

    await t("structured output: generateObject and streamObject", async () => {
        const ask = { model: provider(MODEL), prompt: SAY, schema: greeting, ...quick };
        assertGreeting((await generateObject(ask)).object);
        const s = streamObject(ask);
        for await (const _ of s.partialObjectStream);
        assertGreeting(await s.object);
    });

    await t("structured output as JSON mode", async () => {
        const model = made(env.KEY, { supportsStructuredOutputs: false })(MODEL);
        const r = await generateText({ model, prompt: SAY, output: Output.json(), ...quick });
        assert.equal(typeof r.output, "object");
    });

    await t("embed and embedMany", async () => {
        const model = provider.embeddingModel(EMBEDDING_MODEL);
        const one = await embed({ model, value: "first", ...quick });
        assert.ok(one.embedding.length > 100);
        const many = await embedMany({ model, values: ["first", "second"], ...quick });
        assert.equal(many.embeddings.length, 2);
        assert.ok(Math.abs(many.embeddings[0][0] - one.embedding[0]) < 1e-6);
        assert.ok(many.usage.tokens > 0);
    });

    await t("the completion model", async () => {
        const model = provider.completionModel(MODEL);
        assert.match((await generateText({ model, prompt: SAY, ...quick })).text, /Say hello\./);
        assert.match(await streamText({ model, prompt: SAY, ...quick }).text, /Say hello\./);
    });

    await t("images, and an edit of one", async () => {
        const model = provider.imageModel(IMAGE_MODEL);
        const r = await generateImage({
            model,
            prompt: "A cat",
            n: 2,
            size: "1024x1024",
            ...quick,
        });
        assert.equal(r.images.length, 2);
        assert.ok(isPng(r.images[0].uint8Array));
        const edited = await generateImage({
            model,
            prompt: { text: "Make it blue", images: [Buffer.from(PIXEL, "base64")] },
            ...quick,
        });
        assert.ok(isPng(edited.images[0].uint8Array));
    });

    await t("abort", async () => {
        const abort = new AbortController();
        const r = streamText({
            model: provider("gated-5"),
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
        const ask = (p, model) => failure(generateText({ model: p(model), prompt: SAY, ...quick }));
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
            model: made(env.KEY_ERROR_MID)(MODEL),
            prompt: SAY,
            onError: ({ error }) => errors.push(error),
            ...quick,
        });
        for await (const _ of r.fullStream);
        assert.ok(errors.length > 0);
        assert.notEqual(await r.finishReason.catch(() => "error"), "stop");
    });
}
