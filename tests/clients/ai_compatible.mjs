// The ai package with @ai-sdk/openai-compatible.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
    Output,
    embed,
    embedMany,
    generateImage,
    generateObject,
    generateText,
    stepCountIs,
    streamObject,
    streamText,
} from "ai";

import {
    aiLanguage,
    assertCompletion,
    assertEdit,
    assertGreeting,
    greeting,
    quick,
    tools,
} from "./ai_language.mjs";
import { EMBEDDING_MODEL, IMAGE_MODEL, MODEL, MODEL_3, SAY, isPng, recording } from "./common.mjs";
import { assert, test } from "./tap.mjs";

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
    const t = (name, run) => test(`ai openai-compatible: ${name}`, run);

    await aiLanguage(env, "openai-compatible", made, (p, name) => p(name));

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
        await assertCompletion(model);
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
        await assertEdit(model);
    });
}
