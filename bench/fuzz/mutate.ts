import type { Random } from "#shared/data/random.js";

/** Changes bytes of some kind; never the array that it is given. */
export type Mutate = (bytes: Uint8Array, random: Random) => Uint8Array;

export type Mutations = readonly [Mutate, ...Mutate[]];

/** Longest that insertions make an input. */
const MOST = 1 << 16;

/** Values at the edges of lengths, offsets and codes. */
const EDGES: readonly [bigint, ...bigint[]] = [
  0n,
  1n,
  7n,
  8n,
  255n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const splice = (bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array =>
  Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);

const place = (bytes: Uint8Array, random: Random): number => random.below(bytes.length + 1);

/** Few more often than many. */
const few = (random: Random): number => 1 + random.below(1 << random.below(6));

const byteChanges: Mutations = [
  (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)]! ^= 1 << random.below(8);
    return copy;
  },
  (bytes, random) => {
    const copy = Uint8Array.from(bytes);
    if (copy.length > 0) copy[random.below(copy.length)] = random.below(256);
    return copy;
  },
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    if (copy.length >= 8) copy.writeBigUInt64LE(random.pick(EDGES), random.below(copy.length - 7));
    return copy;
  },
  (bytes, random) => {
    const inserted = Uint8Array.from({ length: few(random) }, () => random.below(256));
    return splice(bytes, place(bytes, random), 0, inserted);
  },
  (bytes, random) => splice(bytes, place(bytes, random), few(random), new Uint8Array()),
  (bytes, random) => {
    const from = place(bytes, random);
    return splice(bytes, place(bytes, random), 0, bytes.subarray(from, from + few(random)));
  },
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
];

/** Flips, overwrites, insertions, removals, repetitions and cuts, wherever they fall. */
export const mutateBytes: Mutate = (bytes, random) => random.pick(byteChanges)(bytes, random);

/** What stands where a JSON value stood. */
const VALUES: readonly [string, ...string[]] = [
  "-1.5",
  ..."0 -0 1 -1 1.0 1e0 1e400 0.1 9007199254740991 9007199254740993 18446744073709551616 00 null true {} [] [0] NaN".split(
    " ",
  ),
  '""',
  '"a"',
  '"\\u0061"',
  '"\\ud800"',
  '"\u0000"',
  '"__proto__"',
  '"F32"',
  '"F64"',
  '"U8"',
  '"F4"',
  '"C64"',
  '{"":0}',
  '{"a":0,"a":1}',
  '{"__proto__":{"dtype":"U8"}}',
  "[[[[[[0]]]]]]",
  "1 2",
  "",
];

const TOKEN = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:]/gs;

/** One token of a JSON text for another, or a token more or less; UTF-8. */
export const mutateJson: Mutate = (bytes, random) => {
  const text = Buffer.from(bytes).toString();
  const tokens = [...text.matchAll(TOKEN)];
  const token = tokens[random.below(Math.max(1, tokens.length))];
  if (token === undefined) return mutateBytes(bytes, random);
  const other = tokens[random.below(tokens.length)]!;
  const change = (removed: number, inserted: string): Uint8Array =>
    Buffer.from(text.slice(0, token.index) + inserted + text.slice(token.index + removed));
  switch (random.below(6)) {
    case 0:
      return change(token[0].length, "");
    case 1:
      return change(token[0].length, other[0]);
    case 2:
      return change(0, text.slice(other.index, other.index + few(random) * 8));
    case 3:
      return change(0, random.pick([" ", "\n", "[".repeat(few(random) * 32), '{"a":'.repeat(few(random) * 32)]));
    default:
      return change(token[0].length, random.pick(VALUES));
  }
};

/** A change to a safetensors file's header, after which the length prefix, and mostly the data's length, fit again. */
export const mutateHeader =
  (change: Mutate): Mutate =>
  (bytes, random) => {
    if (bytes.length < 8) return mutateBytes(bytes, random);
    const announced = Buffer.from(bytes).readBigUInt64LE();
    const end = 8 + Number(announced > BigInt(bytes.length - 8) ? 0n : announced);
    const header = change(bytes.subarray(8, end), random);
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(header.length));
    const data = bytes.subarray(end);
    const resized = random.below(8) === 0 ? data.subarray(0, random.below(data.length + 1)) : data;
    return Buffer.concat([prefix, header, resized]);
  };

/** A change to the first line of a file of which the rest is something else. */
export const mutateLine =
  (change: Mutate): Mutate =>
  (bytes, random) => {
    const end = bytes.indexOf(0x0a);
    return end === -1
      ? change(bytes, random)
      : Buffer.concat([change(bytes.subarray(0, end), random), bytes.subarray(end)]);
  };

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const LEAVES: readonly [Json, ...Json[]] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  "",
  "a",
  "__proto__",
  "\u0000",
  "0".repeat(64),
  "F4",
  "F64",
  "math",
  [],
  {},
  [0, 1],
];

const changedLeaf = (leaf: Json, random: Random): Json => {
  if (typeof leaf === "number" && random.below(2) === 0) return leaf + random.pick([1, -1, 0.5, 2 ** 32]);
  if (typeof leaf === "string" && leaf !== "" && random.below(2) === 0) {
    const at = random.below(leaf.length);
    return leaf.slice(0, at) + String.fromCharCode(random.below(128)) + leaf.slice(at + random.below(2));
  }
  return random.pick(LEAVES);
};

/** One value somewhere within changed, removed, added, or in another's place. */
const changedValue = (value: Json, random: Random): Json => {
  if (typeof value !== "object" || value === null) return changedLeaf(value, random);
  const entries = Object.entries(value);
  const chosen = entries[random.below(Math.max(1, entries.length))];
  if (chosen === undefined) return random.pick(LEAVES);
  const [key, inner] = chosen;
  const change = random.below(12);
  const others = entries.filter((entry) => entry !== chosen);
  if (change === 0) return rebuilt(value, others);
  if (change === 1) return rebuilt(value, [...entries, [random.pick(["x", "__proto__", `${key}x`]), inner]]);
  const next = change === 2 ? random.pick(LEAVES) : changedValue(inner, random);
  return rebuilt(
    value,
    entries.map((entry) => (entry === chosen ? [key, next] : entry)),
  );
};

const rebuilt = (like: Json, entries: readonly (readonly [string, Json])[]): Json =>
  Array.isArray(like) ? entries.map(([, value]) => value) : Object.fromEntries(entries);

/** A JSON document with another value somewhere in it, written by `write`; what cannot be read or written is changed as bytes. */
export const mutateValue =
  (write: (value: Json) => Uint8Array): Mutate =>
  (bytes, random) => {
    try {
      return write(changedValue(JSON.parse(Buffer.from(bytes).toString()), random));
    } catch {
      return mutateBytes(bytes, random);
    }
  };

/** Mostly one change of the given kinds, at times up to four, one after another. */
export const mutate = (seed: Uint8Array, kinds: Mutations, random: Random): Uint8Array => {
  let bytes = seed;
  for (let left = (few(random) - 1) % 4; left >= 0; left--) bytes = random.pick(kinds)(bytes, random);
  return bytes.length > MOST ? bytes.subarray(0, MOST) : bytes;
};
