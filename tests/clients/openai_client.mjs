// The openai package as its tests use it.

import OpenAI from "openai";

import { recording } from "./common.mjs";

// A maker of clients: made(key, options).
export function openaiClients(env) {
    return (apiKey, more = {}) =>
        new OpenAI({
            apiKey,
            baseURL: `${env.BASE_URL}/v1`,
            maxRetries: 0,
            timeout: 30000,
            fetch: recording(env),
            ...more,
        });
}

// Tools for the package's runner, which calls them and sends their results.
export function stepTools(names, parameters, seen) {
    return names.map((name) => ({
        type: "function",
        function: {
            name,
            description: name,
            parameters,
            parse: JSON.parse,
            function: (args) => {
                seen.push([name, args.city]);
                return { ok: name };
            },
        },
    }));
}
