// The @google/genai package, in the version of the API that it takes by itself and in v1beta.

import { ApiError, GoogleGenAI, Type } from "@google/genai";

import { assert, failure, test } from "./tap.mjs";

const MODEL = "gemini-2.5-flash";
const SAY = "Say hello.";

export async function genai(env) {
    await calls(env, undefined);
    await calls(env, "v1beta");
}

async function calls(env, apiVersion) {
    const made = (apiKey) =>
        new GoogleGenAI({
            apiKey,
            apiVersion,
            httpOptions: { baseUrl: env.BASE_URL, timeout: 30000 },
        });
    const ai = made(env.KEY);
    const t = (name, run) => test(`genai (${apiVersion ?? "default version"}): ${name}`, run);

    await t("generateContent", async () => {
        const r = await ai.models.generateContent({
            model: MODEL,
            contents: SAY,
            config: { temperature: 0.5, maxOutputTokens: 500 },
        });
        assert.match(r.text, /Say hello\./);
        assert.equal(r.candidates[0].finishReason, "STOP");
        assert.ok(r.usageMetadata.totalTokenCount > 0);
    });

    await t("generateContentStream", async () => {
        let text = "";
        let reason;
        for await (const chunk of await ai.models.generateContentStream({
            model: "split-3",
            contents: SAY,
        })) {
            text += chunk.text ?? "";
            reason = chunk.candidates[0].finishReason ?? reason;
        }
        assert.match(text, /Say hello\./);
        assert.match(text, /\u{1F389}/u);
        assert.doesNotMatch(text, /\uFFFD/);
        assert.equal(reason, "STOP");
    });

    await t("chats", async () => {
        const chat = ai.chats.create({ model: MODEL });
        assert.match((await chat.sendMessage({ message: "First" })).text, /First/);
        let text = "";
        for await (const chunk of await chat.sendMessageStream({ message: "Second" }))
            text += chunk.text ?? "";
        assert.match(text, /Second/);
        assert.deepEqual(
            chat
                .getHistory()
                .slice(0, 3)
                .map((c) => c.role),
            ["user", "model", "user"],
        );
    });

    await t("tools and structured output", async () => {
        const r = await ai.models.generateContent({
            model: MODEL,
            contents: "call:turn_on",
            config: {
                tools: [
                    {
                        functionDeclarations: [
                            {
                                name: "turn_on",
                                description: "Turns on a lamp",
                                parameters: {
                                    type: Type.OBJECT,
                                    properties: { lamp: { type: Type.STRING } },
                                },
                            },
                        ],
                    },
                ],
            },
        });
        assert.equal(r.functionCalls[0].name, "turn_on");
        const json = await ai.models.generateContent({
            model: MODEL,
            contents: SAY,
            config: {
                responseMimeType: "application/json",
                responseSchema: {
                    type: Type.OBJECT,
                    properties: { word: { type: Type.STRING } },
                    required: ["word"],
                },
            },
        });
        assert.equal(typeof JSON.parse(json.text).word, "string");
    });

    await t("embedContent", async () => {
        const r = await ai.models.embedContent({
            model: "gemini-embedding-001",
            contents: ["first", "second"],
        });
        assert.equal(r.embeddings.length, 2);
        assert.ok(r.embeddings[0].values.length > 100);
    });

    await t("countTokens", async () => {
        const r = await ai.models.countTokens({ model: MODEL, contents: SAY });
        assert.ok(r.totalTokens > 0);
    });

    await t("models, all pages", async () => {
        const names = [];
        for await (const model of await ai.models.list({ config: { pageSize: 7 } }))
            names.push(model.name);
        assert.ok(names.includes(`models/${MODEL}`));
        assert.ok(names.length > 20);
        assert.equal(new Set(names).size, names.length);
        assert.equal((await ai.models.get({ model: MODEL })).name, `models/${MODEL}`);
    });

    await t("files: upload, get, list, use, delete", async () => {
        const text = "a".repeat(1000) + "ä";
        const file = await ai.files.upload({
            file: new Blob([text], { type: "text/plain" }),
            config: { displayName: "notes", mimeType: "text/plain" },
        });
        assert.match(file.name, /^files\//);
        assert.equal(Number(file.sizeBytes), 1002);
        assert.equal((await ai.files.get({ name: file.name })).name, file.name);
        const names = [];
        for await (const f of await ai.files.list()) names.push(f.name);
        assert.ok(names.includes(file.name));
        const r = await ai.models.generateContent({
            model: MODEL,
            contents: [
                {
                    role: "user",
                    parts: [
                        { fileData: { fileUri: file.uri, mimeType: "text/plain" } },
                        { text: SAY },
                    ],
                },
            ],
        });
        assert.ok(r.text);
        await ai.files.delete({ name: file.name });
    });

    await t("files: an upload in several pieces", async () => {
        const file = await ai.files.upload({
            file: new Blob([new Uint8Array(20 << 20)], { type: "video/mp4" }),
            config: { mimeType: "video/mp4" },
        });
        assert.equal(Number(file.sizeBytes), 20 << 20);
    });

    await t("errors are ApiError with the status", async () => {
        const bad = await failure(
            made(env.KEY_INVALID).models.generateContent({ model: MODEL, contents: SAY }),
        );
        assert.ok(bad instanceof ApiError, bad);
        assert.ok(bad.status === 400 || bad.status === 401, String(bad.status));
        const quota = await failure(
            made(env.KEY_QUOTA).models.generateContent({ model: MODEL, contents: SAY }),
        );
        assert.equal(quota.status, 429);
        const missing = await failure(
            ai.models.generateContent({ model: "no-such-model", contents: SAY }),
        );
        assert.equal(missing.status, 404);
    });

    await t("a failure inside a stream is thrown", async () => {
        const stream = await made(env.KEY_ERROR_MID).models.generateContentStream({
            model: MODEL,
            contents: SAY,
        });
        await failure(
            (async () => {
                for await (const _ of stream);
            })(),
        );
    });
}
