// The little of TAP that the client tests need.

import assert from "node:assert/strict";

let count = 0;
let failed = 0;
let current = "";
const PATIENCE = 60000; // milliseconds that one test may take

export { assert };

// The name of the test that runs.
export const running = () => current;

export async function test(name, run) {
    count += 1;
    current = name;
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("it does not end")), PATIENCE);
    });
    try {
        await Promise.race([run(), late]);
        console.log(`ok ${count} - ${name}`);
    } catch (e) {
        failed += 1;
        console.log(`not ok ${count} - ${name}`);
        for (const line of String(e?.stack ?? e)
            .split("\n")
            .slice(0, 30))
            console.log(`# ${line}`);
    } finally {
        clearTimeout(timer);
    }
}

export function done() {
    console.log(`1..${count}`);
    process.exitCode = failed ? 1 : 0;
}

// The error that a promise ends with.
export async function failure(promise) {
    try {
        await promise;
    } catch (e) {
        return e;
    }
    throw new Error("it did not fail");
}
