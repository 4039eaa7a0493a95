// The ai package with @ai-sdk/openai: the Responses API, which is its default, and .chat().

import { createOpenAI } from "@ai-sdk/openai";
import {
    embedMany,
    generateImage,
    generateSpeech,
    generateText,
    stepCountIs,
    streamText,
    transcribe,
} from "ai";

import { aiLanguage, assertCompletion, assertEdit, quick, tools } from "./ai_language.mjs";
import {
    EMBEDDING_MODEL,
    IMAGE_MODEL,
    MODEL,
    MODEL_3,
    SAY,
    SPEECH_MODEL,
    TRANSCRIPTION_MODEL,
    freshKey,
    isPng,
    isWav,
    recording,
    upstream,
    wav,
} from "./common.mjs";
import { assert, test } from "./tap.mjs";

export async function aiOpenai(env) {
    const made = (apiKey) =>
        createOpenAI({ apiKey, baseURL: `${env.BASE_URL}/v1`, fetch: recording(env) });
    const provider = made(env.KEY);
    const t = (name, run) => test(`ai openai: ${name}`, run);

    // This client sends no field that it does not know: the signatures are the gateway's care.
    const ways = { "": {}, " without storage": { openai: { store: false } } };
    for (const [api, model] of [
        ["responses", (p, name) => p(name)],
        ["chat", (p, name) => p.chat(name)],
    ]) {
        await aiLanguage(env, `openai ${api}`, made, model, ways);

        await test(`ai openai ${api}: thoughts and tools together`, async () => {
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
    }

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
        await assertCompletion(model);
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
        await assertEdit(model);
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
