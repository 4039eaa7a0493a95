// The openai package: images, speech, transcriptions.

import OpenAI, { toFile } from "openai";

import {
    IMAGE_MODEL,
    PIXEL,
    SAY,
    SPEECH_MODEL,
    TRANSCRIPTION_MODEL,
    freshKey,
    isPng,
    isWav,
    upstream,
    wav,
} from "./common.mjs";
import { openaiClients } from "./openai_client.mjs";
import { assert, failure, test } from "./tap.mjs";

export async function openaiMedia(env) {
    const made = openaiClients(env);
    const client = made(env.KEY);
    const t = (name, run) => test(`openai: ${name}`, run);
    const png = () => toFile(Buffer.from(PIXEL, "base64"), "a.png", { type: "image/png" });
    const sound = () => toFile(wav(), "a.wav", { type: "audio/wav" });

    await t("images.generate", async () => {
        const r = await client.images.generate({ model: IMAGE_MODEL, prompt: "A cat" });
        assert.equal(r.data.length, 1);
        assert.ok(isPng(Buffer.from(r.data[0].b64_json, "base64")));
        assert.ok(r.usage.total_tokens > 0);
    });

    await t("images.generate: several, with size and quality", async () => {
        const key = freshKey();
        const r = await made(key).images.generate({
            model: IMAGE_MODEL,
            prompt: "A cat",
            n: 2,
            size: "1536x1024",
            quality: "high",
            response_format: "b64_json",
        });
        assert.equal(r.data.length, 2);
        const sent = await upstream(env, key);
        assert.equal(sent.length, 2);
        assert.equal(sent[0].generationConfig.imageConfig.aspectRatio, "3:2");
    });

    await t("images.generate: urls are data URLs", async () => {
        const r = await client.images.generate({
            model: IMAGE_MODEL,
            prompt: "A cat",
            response_format: "url",
        });
        assert.match(r.data[0].url, /^data:image\/png;base64,/);
    });

    await t("images.generate in a stream", async () => {
        const types = [];
        for await (const event of await client.images.generate({
            model: IMAGE_MODEL,
            prompt: "A cat",
            stream: true,
        })) {
            types.push(event.type);
            assert.ok(isPng(Buffer.from(event.b64_json, "base64")));
        }
        assert.equal(types.at(-1), "image_generation.completed");
    });

    await t("images.edit", async () => {
        const key = freshKey();
        const r = await made(key).images.edit({
            model: IMAGE_MODEL,
            image: [await png(), await png()],
            prompt: "Make it blue",
        });
        assert.ok(isPng(Buffer.from(r.data[0].b64_json, "base64")));
        const [{ contents }] = await upstream(env, key);
        const parts = contents.flatMap((c) => c.parts);
        assert.equal(parts.filter((p) => p.inlineData?.data === PIXEL).length, 2);
        assert.ok(parts.some((p) => p.text?.includes("Make it blue")));
    });

    await t("images.edit in a stream", async () => {
        const types = [];
        for await (const event of await client.images.edit({
            model: IMAGE_MODEL,
            image: await png(),
            prompt: "Make it blue",
            stream: true,
        }))
            types.push(event.type);
        assert.equal(types.at(-1), "image_edit.completed");
    });

    await t("images: a request without prompt", async () => {
        const e = await failure(client.images.generate({ model: IMAGE_MODEL }));
        assert.ok(e instanceof OpenAI.BadRequestError, e);
        assert.equal(e.param, "prompt");
    });

    await t("audio.speech: wav", async () => {
        const r = await client.audio.speech.create({
            model: SPEECH_MODEL,
            input: SAY,
            voice: "alloy",
            response_format: "wav",
        });
        assert.match(r.headers.get("content-type"), /^audio\/(x-)?wav/);
        assert.ok(isWav(await r.arrayBuffer()));
    });

    await t("audio.speech: pcm, and a voice of Gemini", async () => {
        const key = freshKey();
        const r = await made(key).audio.speech.create({
            model: SPEECH_MODEL,
            input: SAY,
            voice: "Kore",
            response_format: "pcm",
        });
        const data = await r.arrayBuffer();
        assert.ok(data.byteLength > 1000);
        assert.ok(!isWav(data));
        const [{ generationConfig }] = await upstream(env, key);
        assert.deepEqual(generationConfig.responseModalities, ["AUDIO"]);
        assert.ok(JSON.stringify(generationConfig.speechConfig).includes('"Kore"'));
    });

    await t("audio.speech: a model that gives raw samples, as wav", async () => {
        const r = await client.audio.speech.create({
            model: "gemini-3.1-flash-tts-preview",
            input: SAY,
            voice: "nova",
            response_format: "wav",
        });
        assert.ok(isWav(await r.arrayBuffer()));
    });

    await t("audio.speech as events", async () => {
        const r = await client.audio.speech.create({
            model: SPEECH_MODEL,
            input: SAY,
            voice: "alloy",
            response_format: "pcm",
            stream_format: "sse",
        });
        assert.match(await r.text(), /"speech\.audio\.done"/);
    });

    await t("audio.speech: a format that nobody makes is refused", async () => {
        const e = await failure(
            client.audio.speech.create({
                model: SPEECH_MODEL,
                input: SAY,
                voice: "alloy",
                response_format: "midi",
            }),
        );
        assert.ok(e instanceof OpenAI.BadRequestError, e);
        assert.equal(e.param, "response_format");
    });

    const transcribe = async (more) =>
        client.audio.transcriptions.create({
            file: await sound(),
            model: TRANSCRIPTION_MODEL,
            ...more,
        });

    await t("audio.transcriptions: json", async () => {
        const r = await transcribe({});
        assert.equal(typeof r.text, "string");
        assert.ok(r.text.length > 0);
    });

    await t("audio.transcriptions: whisper-1 is a name too", async () => {
        const r = await transcribe({ model: "whisper-1", language: "en" });
        assert.ok(r.text.length > 0);
    });

    await t("audio.transcriptions: text, srt, vtt", async () => {
        assert.ok((await transcribe({ response_format: "text" })).length > 0);
        assert.match(
            await transcribe({ response_format: "srt" }),
            /^1\r?\n\d\d:\d\d:\d\d,\d{3} --> /,
        );
        assert.match(await transcribe({ response_format: "vtt" }), /^WEBVTT/);
    });

    await t("audio.transcriptions: verbose_json with words", async () => {
        const r = await transcribe({
            response_format: "verbose_json",
            timestamp_granularities: ["word", "segment"],
        });
        assert.ok(r.text.length > 0);
        assert.ok(r.duration >= 0);
        assert.ok(r.words.length > 0);
        assert.ok(r.segments.length > 0);
    });

    await t("audio.transcriptions in a stream", async () => {
        let text = "";
        let last;
        for await (const event of await transcribe({ stream: true })) {
            if (event.type === "transcript.text.delta") text += event.delta;
            last = event;
        }
        assert.equal(last.type, "transcript.text.done");
        assert.equal(last.text, text);
    });

    await t("audio.transcriptions: no file", async () => {
        const e = await failure(
            client.post("/audio/transcriptions", {
                body: { model: TRANSCRIPTION_MODEL },
            }),
        );
        assert.ok(e instanceof OpenAI.BadRequestError, e);
    });
}
