// What the tests of several clients share: models, media, the stand-in's control, and a fetch that
// writes down each exchange for tests/openai/validate.py.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { assert, running } from "./tap.mjs";

export const MODEL = "gemini-2.5-flash";
// Refuses history whose calls are not signed.
export const MODEL_3 = "gemini-3.5-flash";
export const IMAGE_MODEL = "gemini-3.1-flash-image";
export const SPEECH_MODEL = "gemini-3.8-flash-tts";
export const TRANSCRIPTION_MODEL = "gemini-3.5-transcribe";
export const EMBEDDING_MODEL = "gemini-embedding-001";
export const SAY = "Say hello.";
export const PIXEL =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk" +
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const PNG_HEAD = Buffer.from("89504e470d0a1a0a", "hex");

export function isPng(bytes) {
    return Buffer.from(bytes).subarray(0, 8).equals(PNG_HEAD);
}

export function isWav(bytes) {
    const data = Buffer.from(bytes);
    return data.toString("latin1", 0, 4) === "RIFF" && data.toString("latin1", 8, 12) === "WAVE";
}

// A tenth of a second of silence.
export function wav() {
    const data = Buffer.alloc(44 + 4800);
    data.write("RIFF", 0);
    data.writeUInt32LE(data.length - 8, 4);
    data.write("WAVEfmt ", 8);
    data.writeUInt32LE(16, 16);
    data.writeUInt16LE(1, 20);
    data.writeUInt16LE(1, 22);
    data.writeUInt32LE(24000, 24);
    data.writeUInt32LE(48000, 28);
    data.writeUInt16LE(2, 32);
    data.writeUInt16LE(16, 34);
    data.write("data", 36);
    data.writeUInt32LE(4800, 40);
    return data;
}

let keys = 0;

// A key that no other test uses, so that what it sent can be found.
export function freshKey() {
    keys += 1;
    return `clientkey${String(keys).padStart(4, "0")}abcdefghijklmnopqrstuvwxyzAB`;
}

async function control(env, method, path, value) {
    const r = await fetch(`${env.STANDIN_URL}/_control${path}`, {
        method,
        headers: { "content-type": "application/json" },
        body: value === undefined ? undefined : JSON.stringify(value),
    });
    assert.ok(r.ok, `control ${path}: ${r.status} ${await r.clone().text()}`);
    return r.json();
}

// The bodies that arrived upstream with this key, oldest first.
export async function upstream(env, key) {
    const all = await control(env, "GET", "/requests");
    return all.filter((r) => r.key === key && r.body).map((r) => JSON.parse(r.body));
}

// A call as the model makes it. The stand-in signs it, and knows later whether a signature is the
// one that it gave.
async function signedCall(env, name, args) {
    const schema = {
        type: "object",
        properties: Object.fromEntries(
            Object.entries(args).map(([member, value]) => [
                member,
                { type: "string", enum: [value] },
            ]),
        ),
        required: Object.keys(args),
    };
    const declaration = { name, description: name };
    if (schema.required.length > 0) declaration.parametersJsonSchema = schema;
    const r = await fetch(`${env.STANDIN_URL}/v1beta/models/${MODEL_3}:generateContent`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-goog-api-key": freshKey() },
        body: JSON.stringify({
            contents: [{ role: "user", parts: [{ text: `call:${name}` }] }],
            tools: [{ functionDeclarations: [declaration] }],
        }),
    });
    const answer = await r.json();
    assert.ok(r.ok, JSON.stringify(answer));
    const [part] = answer.candidates[0].content.parts;
    assert.equal(part.functionCall.name, name);
    assert.ok(part.thoughtSignature);
    return part;
}

const signatures = new Map();

// The next answers for this key call the functions, each in a step of its own; then the stand-in
// answers by itself, which it only does for history that is well signed.
export async function scriptSteps(env, key, calls) {
    const parts = [];
    for (const [name, args] of calls) parts.push(await signedCall(env, name, args));
    signatures.set(
        key,
        parts.map((p) => p.thoughtSignature),
    );
    const rules = parts.flatMap((part, i) => {
        const event = JSON.stringify({
            candidates: [
                { content: { role: "model", parts: [part] }, finishReason: "STOP", index: 0 },
            ],
            usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 },
            modelVersion: MODEL_3,
            responseId: `${key}${i}`,
        });
        const answer = (method, type, body) => ({
            key,
            method,
            times: 1,
            status: 200,
            headers: { "Content-Type": type },
            body,
        });
        return [
            answer(":streamGenerateContent", "text/event-stream", `data: ${event}\r\n\r\n`),
            answer(":generateContent", "application/json", event),
        ];
    });
    await control(env, "POST", "/script", { rules });
}

// Every call in the last request of this key has the signature that it came with.
export async function assertSigned(env, key) {
    const sent = (await upstream(env, key)).at(-1);
    const parts = sent.contents.flatMap((c) => c.parts).filter((p) => p.functionCall);
    assert.deepEqual(
        parts.map((p) => p.thoughtSignature),
        signatures.get(key),
    );
}

// ---- what the gateway sends is written down ----

let recorded = 0;

function record(env, test, request, response, body, whole) {
    recorded += 1;
    mkdirSync(env.RECORD_DIR, { recursive: true });
    const exchange = {
        ...request,
        test,
        status: response.status,
        reply_headers: [...response.headers],
        body: Buffer.concat(body).toString("base64"),
        whole,
    };
    const name = `${String(recorded).padStart(5, "0")}.json`;
    writeFileSync(join(env.RECORD_DIR, name), JSON.stringify(exchange));
}

// A fetch for the clients: passes everything on and keeps what came.
export function recording(env) {
    return async (input, init = {}) => {
        const url = new URL(input instanceof Request ? input.url : String(input));
        const source = input instanceof Request ? input : init;
        const text = typeof init.body === "string" ? init.body : "";
        const request = {
            method: (init.method ?? source.method ?? "GET").toUpperCase(),
            path: url.pathname + url.search,
            headers: [...new Headers(init.headers ?? source.headers)],
            request: Buffer.from(text).toString("base64"),
        };
        const test = running();
        const response = await fetch(input, init);
        const kept = [];
        if (response.body === null) {
            record(env, test, request, response, kept, true);
            return response;
        }
        const passed = response.body.pipeThrough(
            new TransformStream({
                transform(chunk, controller) {
                    kept.push(Buffer.from(chunk));
                    controller.enqueue(chunk);
                },
                flush: () => record(env, test, request, response, kept, true),
                cancel: () => record(env, test, request, response, kept, false),
            }),
        );
        return new Response(passed, {
            status: response.status,
            statusText: response.statusText,
            headers: response.headers,
        });
    };
}

// Everything that was written down fits OpenAI's specification.
export function assertRecorded(env) {
    assert.ok(recorded > 0, "something was recorded");
    const args = ["-B", env.VALIDATE, "--recorded", env.RECORD_DIR];
    const r = spawnSync(env.PYTHON, args, { encoding: "utf8" });
    assert.equal(r.status, 0, `${r.stdout}${r.stderr}`);
}
