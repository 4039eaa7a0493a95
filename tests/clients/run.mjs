// Runs every client, or those that are named as arguments. Expects BASE_URL, KEY and keys for
// failures in the environment; see run.py.

import { aiCompatible } from "./ai_compatible.mjs";
import { aiOpenai } from "./ai_openai.mjs";
import { assertRecorded } from "./common.mjs";
import { genai } from "./genai.mjs";
import { langchain } from "./langchain.mjs";
import { openai } from "./openai.mjs";
import { openaiMedia } from "./openai_media.mjs";
import { openaiMore } from "./openai_more.mjs";
import { openaiResponses } from "./openai_responses.mjs";
import { done, test } from "./tap.mjs";

const clients = {
    openai,
    openaiMore,
    openaiMedia,
    openaiResponses,
    aiCompatible,
    aiOpenai,
    langchain,
    genai,
};
const named = process.argv.slice(2);

for (const [name, run] of Object.entries(clients))
    if (named.length === 0 || named.includes(name)) await run(process.env);
if (named.join() !== "genai")
    await test("every reply fits OpenAI's specification", () => assertRecorded(process.env));
done();
// A connection that a client forgot must not keep the process.
process.exit();
