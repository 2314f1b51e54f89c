import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { MAX_HELD } from "#shared/protocol/bitmap.js";
import { MAX_GROUPS } from "#shared/protocol/expert-group.js";
import { MAX_MEMBERS } from "#shared/protocol/network-file/group-rules.js";
import { MAX_STEPS } from "#shared/protocol/network-file/outer.js";
import {
  type ChainRecord,
  encodeRecord,
  MAX_CYCLE,
  MAX_NONCES,
  MAX_RECORD_BYTES,
  MAX_WINS,
  parseRecord,
} from "#shared/protocol/records.js";
import { MAX_DIFFICULTY, MIN_DIFFICULTY } from "#shared/protocol/sprint.js";
import { loadVectors } from "./vectors.js";

const onCycle = { network: z.string(), cycle: z.number() };
const recordSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("commit"), ...onCycle, commitment: z.string() }),
  z.object({ type: z.literal("reveal"), ...onCycle, group: z.string(), artifact: z.string(), location: z.string() }),
  z.object({ type: z.literal("report"), ...onCycle, report: z.string(), location: z.string() }),
  z.object({ type: z.literal("held"), ...onCycle, held: z.array(z.number()) }),
  z.object({
    type: z.literal("ballot"),
    ...onCycle,
    votes: z.array(z.object({ better: z.array(z.number()), best: z.number() }).nullable()),
  }),
  z.object({ type: z.literal("model"), ...onCycle, model: z.string(), location: z.string() }),
  z.object({ type: z.literal("enter"), ...onCycle, difficulty: z.number(), location: z.string() }),
  z.object({
    type: z.literal("sprint"),
    ...onCycle,
    proof: z.string(),
    wins: z.number(),
    nonces: z.number(),
    location: z.string(),
  }),
  z.object({ type: z.literal("prefix"), ...onCycle, thirds: z.literal([1, 2]), root: z.string(), nonces: z.number() }),
  z.object({ type: z.literal("checks"), ...onCycle, checks: z.string(), location: z.string() }),
  z.object({ type: z.literal("checksheld"), ...onCycle, held: z.array(z.number()) }),
  z.object({ type: z.literal("duty"), ...onCycle, duty: z.string(), location: z.string() }),
  z.object({ type: z.literal("answers"), ...onCycle, answers: z.string(), location: z.string() }),
  z.object({ type: z.literal("seal"), ...onCycle, contribution: z.string(), location: z.string() }),
  z.object({ type: z.literal("sealheld"), ...onCycle, held: z.array(z.number()) }),
  z.object({ type: z.literal("deal"), ...onCycle, document: z.string(), location: z.string() }),
  z.object({ type: z.literal("group"), ...onCycle, group: z.string(), location: z.string() }),
  z.object({
    type: z.literal("partial"),
    ...onCycle,
    held: z.array(z.number()),
    partials: z.string().nullable(),
    location: z.string(),
  }),
  z.object({ type: z.literal("pulse"), ...onCycle, pulse: z.string() }),
  z.object({ type: z.literal("network"), network: z.string(), hash: z.string(), location: z.string() }),
]);

const vectors = loadVectors(
  "records",
  z.object({
    about: z.string(),
    valid: z.array(z.object({ record: recordSchema, text: z.string() })),
    invalid: z.array(z.string()),
  }),
);

const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const network = fc.stringMatching(/^[0-9a-f]{8}$/);
const cycle = fc.integer({ min: 0, max: MAX_CYCLE });
const location = fc
  .tuple(
    fc.constantFrom("http", "https"),
    fc.stringMatching(/^[a-z]{1,10}(\.[a-z]{1,9})?$/),
    fc.integer({ min: 1024, max: 65535 }),
  )
  .map(([scheme, host, port]) => `${scheme}://${host}:${port}`);
const plain = { noNullPrototype: true };
const held = fc.uniqueArray(fc.nat(MAX_HELD - 1)).map((numbers) => numbers.sort((a, b) => a - b));
const members = fc.uniqueArray(fc.nat(MAX_MEMBERS - 1)).map((numbers) => numbers.sort((a, b) => a - b));
const better = fc.uniqueArray(fc.integer({ min: 1, max: MAX_STEPS })).map((steps) => steps.sort((a, b) => a - b));
const vote = fc.option(
  fc.tuple(better, fc.nat()).map(([steps, at]) => ({ better: steps, best: steps[at % steps.length] ?? 0 })),
);
const difficulty = fc.integer({ min: MIN_DIFFICULTY, max: MAX_DIFFICULTY });
const wins = fc.nat(MAX_WINS);
const nonces = fc.maxSafeNat().map((count) => count % (MAX_NONCES + 1));
const record: fc.Arbitrary<ChainRecord> = fc.oneof(
  fc.record({ type: fc.constant("commit" as const), network, cycle, commitment: hash }, plain),
  fc.record(
    {
      type: fc.constant("reveal" as const),
      network,
      cycle,
      group: fc.stringMatching(/^[a-z][a-z0-9-]{0,11}$/),
      artifact: hash,
      location,
    },
    plain,
  ),
  fc.record({ type: fc.constant("report" as const), network, cycle, report: hash, location }, plain),
  fc.record({ type: fc.constant("held" as const), network, cycle, held }, plain),
  fc.record(
    { type: fc.constant("ballot" as const), network, cycle, votes: fc.array(vote, { maxLength: MAX_GROUPS }) },
    plain,
  ),
  fc.record({ type: fc.constant("model" as const), network, cycle, model: hash, location }, plain),
  fc.record({ type: fc.constant("enter" as const), network, cycle, difficulty, location }, plain),
  fc
    .record({ type: fc.constant("sprint" as const), network, cycle, proof: hash, wins, nonces, location }, plain)
    .map((fields) => ({ ...fields, nonces: Math.max(fields.wins, fields.nonces) })),
  fc.record(
    {
      type: fc.constant("prefix" as const),
      network,
      cycle,
      thirds: fc.constantFrom(1 as const, 2 as const),
      root: hash,
      nonces,
    },
    plain,
  ),
  fc.record({ type: fc.constant("checks" as const), network, cycle, checks: hash, location }, plain),
  fc.record({ type: fc.constant("checksheld" as const), network, cycle, held }, plain),
  fc.record({ type: fc.constant("duty" as const), network, cycle, duty: hash, location }, plain),
  fc.record({ type: fc.constant("answers" as const), network, cycle, answers: hash, location }, plain),
  fc.record({ type: fc.constant("seal" as const), network, cycle, contribution: hash, location }, plain),
  fc.record({ type: fc.constant("sealheld" as const), network, cycle, held }, plain),
  fc.record({ type: fc.constant("deal" as const), network, cycle, document: hash, location }, plain),
  fc.record({ type: fc.constant("group" as const), network, cycle, group: hash, location }, plain),
  fc.record(
    { type: fc.constant("partial" as const), network, cycle, held: members, partials: fc.option(hash), location },
    plain,
  ),
  fc.record({ type: fc.constant("pulse" as const), network, cycle, pulse: fc.stringMatching(/^[0-9a-f]{96}$/) }, plain),
  fc
    .record({ type: fc.constant("network" as const), hash, location })
    .map((fields) => ({ ...fields, network: fields.hash.slice(0, 8) })),
);

test("vectors: each record has its text, and nothing else is a record", () => {
  for (const { record, text } of vectors.valid) {
    assert.equal(encodeRecord(record), text);
    assert.deepEqual(parseRecord(text), { ok: true, value: record });
  }
  for (const text of vectors.invalid) assert.equal(parseRecord(text).ok, false, text);
});

test("every record fits, and reads as what was written", () => {
  fc.assert(
    fc.property(record, (written) => {
      const text = encodeRecord(written);
      assert.ok(Buffer.byteLength(text) <= MAX_RECORD_BYTES);
      assert.deepEqual(parseRecord(text), { ok: true, value: written });
    }),
    { seed: 2 },
  );
});

test("the longest record of each kind fits in 128 bytes", () => {
  const full = { network: "ffffffff", cycle: MAX_CYCLE, location: `https://${"a".repeat(22)}:65535` };
  const longest = "f".repeat(64);
  assert.equal(full.location.length, 36);
  const reveal = encodeRecord({ type: "reveal", ...full, group: "abcdefghijkl", artifact: longest });
  assert.equal(Buffer.byteLength(reveal), 124);
  assert.ok(Buffer.byteLength(encodeRecord({ type: "model", ...full, model: longest })) <= MAX_RECORD_BYTES);
  assert.ok(Buffer.byteLength(encodeRecord({ type: "report", ...full, report: longest })) <= MAX_RECORD_BYTES);
  const counts = { wins: MAX_WINS, nonces: MAX_NONCES };
  assert.equal(Buffer.byteLength(encodeRecord({ type: "sprint", ...full, proof: longest, ...counts })), 127);
  const prefix = { type: "prefix", ...full, thirds: 2, root: longest, nonces: MAX_NONCES } as const;
  assert.equal(Buffer.byteLength(encodeRecord(prefix)), 87);
  assert.ok(Buffer.byteLength(encodeRecord({ type: "seal", ...full, contribution: longest })) <= MAX_RECORD_BYTES);
  const every = Array.from({ length: MAX_MEMBERS }, (_, i) => i);
  assert.equal(Buffer.byteLength(encodeRecord({ type: "partial", ...full, held: every, partials: longest })), 124);
  const all = Array.from({ length: MAX_HELD }, (_, i) => i);
  assert.equal(
    Buffer.byteLength(encodeRecord({ type: "checksheld", network: "ffffffff", cycle: MAX_CYCLE, held: all })),
    121,
  );
  assert.equal(
    Buffer.byteLength(encodeRecord({ type: "sealheld", network: "ffffffff", cycle: MAX_CYCLE, held: all })),
    119,
  );
  assert.equal(
    Buffer.byteLength(encodeRecord({ type: "held", network: "ffffffff", cycle: MAX_CYCLE, held: all })),
    115,
  );
  const votes = Array.from({ length: MAX_GROUPS }, () => null);
  assert.equal(Buffer.byteLength(encodeRecord({ type: "ballot", network: "ffffffff", cycle: MAX_CYCLE, votes })), 127);
});

test("hostile text never throws, and what is accepted is canonical", () => {
  const check = (text: string) => {
    const parsed = parseRecord(text);
    if (parsed.ok) assert.equal(encodeRecord(parsed.value), text);
    else assert.match(parsed.problem, /^[\x20-\x7e]{1,200}$/);
  };
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), check), { seed: 3 });
  const nearly = fc
    .tuple(record, fc.nat(200), fc.string({ unit: "grapheme", maxLength: 3 }), fc.nat(3))
    .map(([valid, at, insert, remove]) => {
      const text = encodeRecord(valid);
      const cut = at % text.length;
      return text.slice(0, cut) + insert + text.slice(cut + remove);
    });
  fc.assert(fc.property(nearly, check), { seed: 4, numRuns: 500 });
});

test("a record that does not fit its form is not written", () => {
  const base = { type: "reveal", network: "00000000", cycle: 1, group: "code", artifact: "0".repeat(64) } as const;
  const location = "https://example.org";
  for (const bad of [
    { ...base, location: "https://example.org/x" },
    { ...base, location: "https://a-name-that-is-too-long.example" },
    { ...base, location: "file:///etc/passwd" },
    { ...base, location, group: "Code" },
    { ...base, location, cycle: MAX_CYCLE + 1 },
    { ...base, location, artifact: "0".repeat(63) },
    { ...base, location, network: "0000000g" },
  ]) {
    assert.throws(() => encodeRecord(bad), { code: "RECORD_INVALID" });
  }
});
