// @langchain/openai, which keeps of a reply only what it knows.

import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { z } from "zod";

import {
    EMBEDDING_MODEL,
    MODEL,
    MODEL_3,
    PIXEL,
    SAY,
    assertSigned,
    freshKey,
    recording,
    scriptSteps,
    upstream,
} from "./common.mjs";
import { assert, failure, test } from "./tap.mjs";

const getCity = tool(async () => JSON.stringify({ city: "Rome" }), {
    name: "get_city",
    description: "Where the user is",
    schema: z.object({}),
});
const getWeather = tool(async ({ city }) => `21 degrees in ${city}`, {
    name: "get_weather",
    description: "The weather of a city",
    schema: z.object({ city: z.string() }),
});
const steps = [
    ["get_city", {}],
    ["get_weather", { city: "Rome" }],
];
const greeting = z.object({ words: z.array(z.string()), loud: z.boolean() });

// With `streaming: true` instead this client would fetch a tokenizer from the network.
async function gathered(model, input) {
    let all;
    for await (const chunk of await model.stream(input)) all = all ? all.concat(chunk) : chunk;
    return all;
}

export async function langchain(env) {
    const configuration = { baseURL: `${env.BASE_URL}/v1`, fetch: recording(env) };
    const t = (name, run) => test(`langchain: ${name}`, run);

    for (const [api, useResponsesApi] of [
        ["chat", false],
        ["responses", true],
    ]) {
        const made = (model, apiKey = env.KEY, more = {}) =>
            new ChatOpenAI({
                model,
                apiKey,
                configuration,
                useResponsesApi,
                maxRetries: 0,
                timeout: 30000,
                ...more,
            });

        await t(`${api}: invoke`, async () => {
            const r = await made(MODEL).invoke([
                new SystemMessage("Be brief."),
                new HumanMessage(SAY),
            ]);
            assert.match(r.text, /Say hello\./);
            assert.ok(r.usage_metadata.total_tokens > 0);
        });

        await t(`${api}: stream with usage`, async () => {
            const all = await gathered(made(MODEL, env.KEY, { streamUsage: true }), SAY);
            assert.match(all.text, /Say hello\./);
            assert.ok(all.usage_metadata.output_tokens > 0);
        });

        await t(`${api}: an image`, async () => {
            const key = freshKey();
            const url = `data:image/png;base64,${PIXEL}`;
            await made(MODEL, key).invoke([
                new HumanMessage({
                    content: [
                        { type: "text", text: SAY },
                        { type: "image_url", image_url: { url } },
                    ],
                }),
            ]);
            const [sent] = await upstream(env, key);
            assert.ok(sent.contents[0].parts.some((p) => p.inlineData?.data === PIXEL));
        });

        for (const streaming of [false, true])
            await t(`${api}: tools in two steps${streaming ? " in a stream" : ""}`, async () => {
                const key = freshKey();
                await scriptSteps(env, key, steps);
                const model = made(MODEL_3, key).bindTools([getCity, getWeather]);
                const history = [new HumanMessage(SAY)];
                let r;
                for (let i = 0; i < 4; i++) {
                    r = streaming ? await gathered(model, history) : await model.invoke(history);
                    history.push(r);
                    if (!r.tool_calls?.length) break;
                    for (const call of r.tool_calls)
                        history.push(
                            await (call.name === "get_city" ? getCity : getWeather).invoke(call),
                        );
                }
                assert.ok(history[2] instanceof ToolMessage);
                assert.match(r.text, /21 degrees in Rome/);
                await assertSigned(env, key);
            });

        await t(`${api}: history that keeps nothing but names and arguments`, async () => {
            const key = freshKey();
            await scriptSteps(env, key, steps.slice(0, 1));
            const model = made(MODEL_3, key).bindTools([getCity, getWeather]);
            const first = await model.invoke(SAY);
            const [{ id, name, args }] = first.tool_calls;
            const r = await model.invoke([
                new HumanMessage(SAY),
                new AIMessage({ content: "", tool_calls: [{ id, name, args, type: "tool_call" }] }),
                new ToolMessage({ tool_call_id: id, name, content: "Bern" }),
            ]);
            assert.match(r.text, /Bern/);
            await assertSigned(env, key);
        });

        await t(`${api}: structured output`, async () => {
            for (const method of ["jsonSchema", "functionCalling"]) {
                const model = made(MODEL).withStructuredOutput(greeting, { name: "say", method });
                const r = await model.invoke(SAY);
                assert.ok(Array.isArray(r.words));
                assert.equal(typeof r.loud, "boolean");
            }
        });

        await t(`${api}: batch`, async () => {
            const r = await made(MODEL).batch(["one", "two", "three"]);
            assert.deepEqual(
                r.map((m) => /(one|two|three)$/.exec(m.text)?.[0]),
                ["one", "two", "three"],
            );
        });

        await t(`${api}: abort`, async () => {
            const abort = new AbortController();
            await failure(
                (async () => {
                    const stream = await made("gated-5").stream(SAY, { signal: abort.signal });
                    for await (const chunk of stream) if (chunk.text) abort.abort();
                })(),
            );
        });

        await t(`${api}: errors`, async () => {
            assert.equal((await failure(made(MODEL, env.KEY_INVALID).invoke(SAY))).status, 401);
            assert.equal((await failure(made("no-such-model").invoke(SAY))).status, 404);
            assert.equal((await failure(made(MODEL, env.KEY_QUOTA).invoke(SAY))).status, 429);
        });
    }

    await t("thoughts", async () => {
        const r = await new ChatOpenAI({
            model: MODEL_3,
            apiKey: env.KEY,
            configuration,
            modelKwargs: { reasoning_effort: "high" },
        }).invoke(SAY);
        assert.match(r.additional_kwargs.reasoning_content, /Reading the question/);
        assert.doesNotMatch(r.text, /Reading the question/);
    });

    await t("embeddings", async () => {
        const made = (more) =>
            new OpenAIEmbeddings({
                model: EMBEDDING_MODEL,
                apiKey: env.KEY,
                configuration,
                ...more,
            });
        const many = await made({}).embedDocuments(["first", "second"]);
        assert.equal(many.length, 2);
        const one = await made({}).embedQuery("first");
        assert.ok(Math.abs(one[0] - many[0][0]) < 1e-6);
        assert.equal((await made({ dimensions: 256 }).embedQuery("first")).length, 256);
    });

    await t("the older completions", async () => {
        const made = new OpenAI({ model: MODEL, apiKey: env.KEY, configuration, maxRetries: 0 });
        assert.match(await made.invoke(SAY), /Say hello\./);
    });
}
