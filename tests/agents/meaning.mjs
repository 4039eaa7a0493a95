// Holds schemas that went through the gateway against what they were: made-up values that one of
// them takes must be taken by the other. Reads [{name, before, after}] from standard input, writes
// [{name, taken, refused, sample, faults}].

import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(`${process.argv[2]}/`);
const { Ajv } = require("ajv");
const { Ajv2020 } = require("ajv/dist/2020.js");
const addFormats = require("ajv-formats");

// Google has no way to say these.
const UNSAYABLE = new Set(["pattern", "minLength", "maxLength", "propertyNames", "format"]);
const DEPTH_MAX = 4;
const VARIANTS_MAX = 24;
const FORMATS = {
    uuid: "123e4567-e89b-12d3-a456-426614174000",
    uri: "https://example.com/a?b=c",
    "date-time": "2026-11-30T12:00:00Z",
    date: "2026-11-30",
    email: "someone@example.com",
};
const OTHERS = ["words", 7, 1.5, true, null, [], {}];

function compile({ $schema = "", ...schema }) {
    const kind = $schema.includes("draft-07") ? Ajv : Ajv2020;
    const ajv = new kind({ strict: false, allErrors: true, logger: false });
    addFormats(ajv);
    return ajv.compile(schema);
}

// The part of a schema that Google has a way to say; what that refuses must stay refused.
function sayable(schema) {
    if (Array.isArray(schema)) return schema.map(sayable);
    if (typeof schema !== "object" || schema === null) return schema;
    const out = {};
    for (const [key, value] of Object.entries(schema)) {
        if (UNSAYABLE.has(key)) continue;
        if (key === "oneOf") out.anyOf = sayable(value);
        else if (key === "exclusiveMinimum" && schema.type !== "integer") out.minimum = value;
        else if (key === "exclusiveMaximum" && schema.type !== "integer") out.maximum = value;
        else if (["properties", "$defs", "definitions"].includes(key))
            out[key] = Object.fromEntries(Object.entries(value).map(([n, s]) => [n, sayable(s)]));
        else if (["items", "additionalProperties", "anyOf", "allOf"].includes(key))
            out[key] = sayable(value);
        else out[key] = value;
    }
    return out;
}

// What a schema is once its references are followed.
function resolve(root, schema) {
    for (let hops = 0; schema?.$ref?.startsWith("#") && hops < 10; hops++) {
        const path = decodeURIComponent(schema.$ref.slice(1)).split("/").slice(1);
        const keys = path.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
        schema = keys.reduce((at, key) => at?.[key], root);
    }
    return typeof schema === "object" && schema !== null ? schema : {};
}

function strings(schema) {
    const base = FORMATS[schema.format] ?? "words";
    const out = [base.padEnd(schema.minLength ?? 0, "x").slice(0, schema.maxLength ?? 1000), ""];
    return schema.maxLength < 1000 ? [...out, "x".repeat(schema.maxLength + 1)] : out;
}

function numbers({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }) {
    const ends = [minimum, maximum, exclusiveMinimum, exclusiveMaximum];
    const near = ends.filter(Number.isFinite).flatMap((n) => [n, n - 1, n + 1]);
    return [...near.filter(Number.isSafeInteger), 3, 1.5];
}

function arrays(root, schema, depth) {
    const items = variants(root, schema.items ?? {}, depth + 1);
    const one = items[0] ?? "words";
    const { minItems = 0, maxItems = 3 } = schema;
    const lengths = [minItems, minItems - 1, Math.max(minItems, 1), maxItems, maxItems + 1];
    return [
        ...lengths.filter((n) => n >= 0 && n < 50).map((n) => Array(n).fill(one)),
        ...items.map((item) => Array(Math.max(minItems, 1)).fill(item)),
    ];
}

function objects(root, schema, depth) {
    const choices = Object.entries(schema.properties ?? {}).map(([name, property]) => [
        name,
        variants(root, property, depth + 1),
    ]);
    const full = Object.fromEntries(choices.map(([name, values]) => [name, values[0]]));
    const needed = Object.fromEntries(
        Object.entries(full).filter(([name]) => schema.required?.includes(name)),
    );
    const without = (schema.required ?? []).map((name) => {
        const { [name]: _, ...rest } = full;
        return rest;
    });
    return [
        needed,
        full,
        { ...needed, undeclared: "words" },
        { ...needed, undeclared: { a: [1] } },
        ...choices.flatMap(([name, values]) =>
            values.map((value) => ({ ...needed, [name]: value })),
        ),
        ...without,
    ];
}

// Values on both sides of what the schema takes; the first is most likely to be taken.
function variants(root, given, depth = 0) {
    const schema = resolve(root, given);
    if (depth > DEPTH_MAX) return ["words"];
    if ("const" in schema) return [schema.const, "no such value", 7];
    if (schema.enum) return [...schema.enum, "no such value"];
    const branches = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
    const kinds = {
        string: () => strings(schema),
        number: () => numbers(schema),
        integer: () => numbers(schema),
        boolean: () => [true, false],
        null: () => [null],
        array: () => arrays(root, schema, depth),
        object: () => objects(root, schema, depth),
    };
    const types = [schema.type ?? (schema.properties ? "object" : [])].flat();
    const values = [
        ...types.flatMap((type) => kinds[type]?.() ?? []),
        ...branches.flatMap((branch) => variants(root, branch, depth + 1)),
    ];
    return [...(depth ? values.slice(0, VARIANTS_MAX) : values), ...OTHERS];
}

function fault(what, value, errors) {
    return `${what}: ${JSON.stringify(value)} ${JSON.stringify(errors[0])}`;
}

function compare({ name, before, after }) {
    const was = compile(before);
    const refuses = compile(sayable(before));
    const is = compile(after ?? { type: "object" });
    const out = { name, taken: 0, refused: 0, sample: null, faults: [] };
    for (const value of variants(before, before)) {
        // A call's arguments are always an object.
        if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
        if (was(value)) {
            out.taken++;
            out.sample ??= value;
            if (!is(value)) out.faults.push(fault("no longer taken", value, is.errors));
        } else if (after && !refuses(value)) {
            out.refused++;
            if (is(value)) out.faults.push(fault("no longer refused", value, refuses.errors));
        }
    }
    return out;
}

process.stdout.write(JSON.stringify(JSON.parse(await text(process.stdin)).map(compare)));
