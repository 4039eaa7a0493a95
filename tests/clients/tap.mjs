// The little of TAP that the client tests need.

import assert from "node:assert/strict";

let count = 0;
let failed = 0;

export { assert };

export async function test(name, run) {
    count += 1;
    try {
        await run();
        console.log(`ok ${count} - ${name}`);
    } catch (e) {
        failed += 1;
        console.log(`not ok ${count} - ${name}`);
        for (const line of String(e?.stack ?? e)
            .split("\n")
            .slice(0, 30))
            console.log(`# ${line}`);
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
