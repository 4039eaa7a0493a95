// Runs every client. Expects BASE_URL, KEY and keys for failures in the environment; see run.py.

import { done } from "./tap.mjs";
import { openai } from "./openai.mjs";
import { genai } from "./genai.mjs";

await openai(process.env);
await genai(process.env);
done();
