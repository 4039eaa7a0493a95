// The ai package with @ai-sdk/openai: the Responses API, which is its default, and .chat().

import { createOpenAI } from "@ai-sdk/openai";
import {
    APICallError,
    Output,
    embedMany,
    generateImage,
    generateObject,
    generateSpeech,
    generateText,
    stepCountIs,
    streamText,
    transcribe,
} from "ai";

import { assertGreeting, greeting, steps, tools } from "./ai_compatible.mjs";
import {
    EMBEDDING_MODEL,
    IMAGE_MODEL,
    MODEL,
    MODEL_3,
    PIXEL,
    SAY,
    SPEECH_MODEL,
    TRANSCRIPTION_MODEL,
    assertSigned,
    freshKey,
    isPng,
    isWav,
    recording,
    scriptSteps,
    upstream,
    wav,
} from "./common.mjs";
import { assert, failure, test } from "./tap.mjs";

const quick = { maxRetries: 0 };

// Both APIs do the same for the user of this client.
async function language(env, made, api, model) {
    const provider = made(env.KEY);
    const t = (name, run) => test(`ai openai ${api}: ${name}`, run);

    await t("generateText", async () => {
        const r = await generateText({ model: model(provider, MODEL), prompt: SAY, ...quick });
        assert.match(r.text, /Say hello\./);
        assert.equal(r.finishReason, "stop");
        assert.ok(r.usage.inputTokens > 0);
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
            maxOutputTokens: 400,
            ...quick,
        });
        assert.match(r.text, /Say hello\./);
        const [sent] = await upstream(env, key);
        assert.equal(sent.systemInstruction.parts[0].text, "Be brief.");
        assert.ok(sent.contents[2].parts.some((p) => p.inlineData?.mimeType === "image/png"));
    });

    await t("streamText", async () => {
        const r = streamText({ model: model(provider, MODEL), prompt: SAY, ...quick });
        let text = "";
        for await (const delta of r.textStream) text += delta;
        assert.match(text, /Say hello\./);
        assert.equal(await r.finishReason, "stop");
        assert.ok((await r.usage).outputTokens > 0);
    });

    // This client sends no field that it does not know: the signatures are the gateway's care.
    for (const [how, providerOptions] of [
        ["", {}],
        [" without storage", { openai: { store: false } }],
    ]) {
        await t(`tools in two steps on a Gemini 3 model${how}`, async () => {
            const key = freshKey();
            const seen = [];
            await scriptSteps(env, key, steps);
            const r = await generateText({
                model: model(made(key), MODEL_3),
                prompt: SAY,
                tools: tools(seen),
                stopWhen: stepCountIs(5),
                providerOptions,
                ...quick,
            });
            assert.deepEqual(seen, ["get_city", "get_weather Rome"]);
            assert.equal(r.steps.length, 3);
            assert.match(r.text, /get_weather returned .*21/);
            await assertSigned(env, key);
        });

        await t(`tools in two steps in a stream on a Gemini 3 model${how}`, async () => {
            const key = freshKey();
            const seen = [];
            await scriptSteps(env, key, steps);
            const r = streamText({
                model: model(made(key), MODEL_3),
                prompt: SAY,
                tools: tools(seen),
                stopWhen: stepCountIs(5),
                providerOptions,
                ...quick,
            });
            assert.match(await r.text, /get_weather returned .*21/);
            assert.deepEqual(seen, ["get_city", "get_weather Rome"]);
            await assertSigned(env, key);
        });
    }

    await t("thoughts and tools together", async () => {
        const seen = [];
        const r = streamText({
            model: model(provider, MODEL_3),
            prompt: "call:get_city and call:get_weather",
            tools: tools(seen),
            stopWhen: stepCountIs(3),
            providerOptions: { openai: { reasoningEffort: "high", reasoningSummary: "auto" } },
            ...quick,
        });
        assert.match(await r.text, /get_city returned .*get_weather returned/);
        assert.equal(seen.length, 2);
    });

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

    await t("errors", async () => {
        const ask = (p, name) =>
            failure(generateText({ model: model(p, name), prompt: SAY, ...quick }));
        const invalid = await ask(made(env.KEY_INVALID), MODEL);
        assert.ok(APICallError.isInstance(invalid), String(invalid));
        assert.equal(invalid.statusCode, 401);
        assert.equal((await ask(made(env.KEY_QUOTA), MODEL)).statusCode, 429);
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

export async function aiOpenai(env) {
    const made = (apiKey) =>
        createOpenAI({ apiKey, baseURL: `${env.BASE_URL}/v1`, fetch: recording(env) });
    const provider = made(env.KEY);
    const t = (name, run) => test(`ai openai: ${name}`, run);

    await language(env, made, "responses", (p, name) => p(name));
    await language(env, made, "chat", (p, name) => p.chat(name));

    await t("reasoning summaries", async () => {
        const ask = {
            model: provider(MODEL_3),
            prompt: SAY,
            providerOptions: {
                openai: { reasoningEffort: "high", reasoningSummary: "auto", forceReasoning: true },
            },
            ...quick,
        };
        const r = await generateText(ask);
        assert.match(r.reasoningText, /Reading the question/);
        assert.doesNotMatch(r.text, /Reading the question/);
        assert.match(await streamText(ask).reasoningText, /Reading the question/);
    });

    await t("previousResponseId", async () => {
        const key = freshKey();
        const model = made(key)(MODEL);
        const first = await generateText({ model, prompt: "The first question", ...quick });
        const previousResponseId = first.providerMetadata.openai.responseId;
        await generateText({
            model,
            prompt: "The second question",
            providerOptions: { openai: { previousResponseId } },
            ...quick,
        });
        assert.equal((await upstream(env, key)).at(-1).contents.length, 3);
    });

    await t("the completion model", async () => {
        const model = provider.completion(MODEL);
        assert.match((await generateText({ model, prompt: SAY, ...quick })).text, /Say hello\./);
        assert.match(await streamText({ model, prompt: SAY, ...quick }).text, /Say hello\./);
    });

    await t("embedMany", async () => {
        const r = await embedMany({
            model: provider.embedding(EMBEDDING_MODEL),
            values: ["first", "second", "third"],
            providerOptions: { openai: { dimensions: 256 } },
            ...quick,
        });
        assert.deepEqual(
            r.embeddings.map((e) => e.length),
            [256, 256, 256],
        );
    });

    await t("images, and an edit of one", async () => {
        const model = provider.image(IMAGE_MODEL);
        const r = await generateImage({ model, prompt: "A cat", size: "1024x1536", ...quick });
        assert.ok(isPng(r.image.uint8Array));
        const edited = await generateImage({
            model,
            prompt: { text: "Make it blue", images: [Buffer.from(PIXEL, "base64")] },
            ...quick,
        });
        assert.ok(isPng(edited.image.uint8Array));
    });

    await t("speech", async () => {
        const r = await generateSpeech({
            model: provider.speech(SPEECH_MODEL),
            text: SAY,
            voice: "nova",
            outputFormat: "wav",
            instructions: "Cheerfully",
            ...quick,
        });
        assert.ok(isWav(r.audio.uint8Array));
    });

    await t("transcription", async () => {
        for (const name of [TRANSCRIPTION_MODEL, "whisper-1"]) {
            const r = await transcribe({
                model: provider.transcription(name),
                audio: wav(),
                ...quick,
            });
            assert.ok(r.text.length > 0);
        }
    });
}
