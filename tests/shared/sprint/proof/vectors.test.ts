import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { CHECK_VERDICTS } from "#shared/protocol/checks.js";
import { sha256 } from "#shared/protocol/hash.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { checkNonces, noncesHash, parseNonces } from "#shared/sprint/proof/all-nonces.js";
import { capWeights } from "#shared/sprint/proof/cap-weights.js";
import { nextDifficulty } from "#shared/sprint/proof/difficulty.js";
import { FIXED_TESTS } from "#shared/sprint/proof/fixed-tests.js";
import { decodeGaps, encodeGaps, maxGapsBytes } from "#shared/sprint/proof/gaps.js";
import { checkNoncesFile, encodeNoncesFile } from "#shared/sprint/proof/nonces-file.js";
import { checkOpening } from "#shared/sprint/proof/opening.js";
import { sampleSeed, sampleWins } from "#shared/sprint/proof/sample.js";
import { sprintWeight } from "#shared/sprint/proof/sprint-weight.js";
import { SPRTS, sprtRatio, sprtVerdict } from "#shared/sprint/proof/sprt.js";
import { accusedNonces, settleByRecomputation, settleByVote } from "#shared/sprint/proof/votes.js";
import { checkWinners, parseWinners, winnersHash } from "#shared/sprint/proof/winners.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";
import { sprtSteps } from "#shared/util/sprt-steps.js";
import { verify } from "#tests/shared/protocol/keys.js";
import { loadVectors } from "#tests/shared/protocol/vectors.js";
import { digestsOf, expectedOf } from "./proofs.js";

const numbers = z.array(z.number());
const document = z.object({ wins: numbers, signing: z.string(), bytes: z.string(), hash: z.string() });
const rates = z.object({ honest: z.number(), cheat: z.number(), alpha: z.number(), beta: z.number() });
const vectors = loadVectors(
  "sprint-proof",
  z.object({
    gaps: z.array(z.object({ wins: numbers, bytes: z.string() })),
    refusedGaps: z.array(z.object({ wins: z.number(), bytes: z.string() })),
    gapsLimits: z.array(z.tuple([z.number(), z.number()])),
    winners: document,
    nonces: document,
    file: z.object({ bytes: z.number(), hash: z.string() }),
    openings: z.array(z.object({ nonce: z.number(), text: z.string(), digest: z.string() })),
    samples: z.array(
      z.object({
        seed: z.string(),
        verifier: z.string(),
        proofHash: z.string(),
        wins: z.number(),
        size: z.number(),
        sampleSeed: z.string(),
        indices: numbers,
      }),
    ),
    fixedTests: z.record(z.string(), rates.extend({ size: z.number(), reject: z.number() })),
    sprts: z.record(
      z.string(),
      rates.extend({
        steps: z.object({ mismatch: z.number(), match: z.number(), bad: z.number(), good: z.number() }),
        cases: z.array(
          z.object({ trials: z.number(), mismatches: z.number(), ratio: z.number(), verdict: z.string() }),
        ),
      }),
    ),
    difficulties: z.array(z.tuple([z.number(), z.number()])),
    weights: z.array(
      z.object({
        wins: z.number(),
        difficulty: z.number(),
        weight: z.number(),
        low: z.number(),
        high: z.number(),
      }),
    ),
    sprintWeights: z.array(
      z.object({ measured: z.number(), history: numbers, confirmations: numbers, weight: z.number() }),
    ),
    caps: z.array(z.object({ weights: numbers, share: z.number(), capped: numbers })),
    votes: z.object({
      members: z.record(z.string(), z.number()),
      cases: z.array(
        z.object({
          votes: z.array(
            z.object({ verifier: z.string(), verdict: z.enum(CHECK_VERDICTS), nonce: z.number().nullable() }),
          ),
          losers: numbers,
          valid: z.number(),
          invalid: z.number(),
          members: z.number(),
          byVote: z.string(),
          byRecomputation: z.string(),
          nonce: z.number().nullable(),
        }),
      ),
    }),
  }),
);

test("vectors: gaps", () => {
  const read = (bytes: string, wins: number) => decodeGaps(Buffer.from(bytes, "hex"), { wins, below: NONCES });
  for (const { wins, bytes } of vectors.gaps) {
    assert.equal(Buffer.from(encodeGaps(wins)).toString("hex"), bytes);
    assert.deepEqual(read(bytes, wins.length), { ok: true, value: wins });
  }
  for (const { wins, bytes } of vectors.refusedGaps) assert.equal(read(bytes, wins).ok, false, bytes);
  for (const [wins, most] of vectors.gapsLimits) assert.equal(maxGapsBytes(wins), most);
});

test("vectors: both proofs, their hashes and signatures", () => {
  const winnersBytes = Buffer.from(vectors.winners.bytes, "hex");
  const winners = parseWinners(winnersBytes);
  assert.ok(winners.ok);
  assert.deepEqual(winners.value.wins, vectors.winners.wins);
  assert.equal(winnersHash(winners.value), vectors.winners.hash);
  assert.ok(checkWinners(winnersBytes, expectedOf(winners.value, vectors.winners.hash), verify).ok);

  const noncesBytes = Buffer.from(vectors.nonces.bytes, "hex");
  const nonces = parseNonces(noncesBytes);
  assert.ok(nonces.ok);
  assert.deepEqual(nonces.value.wins, vectors.nonces.wins);
  assert.equal(noncesHash(nonces.value), vectors.nonces.hash);
  const expected = expectedOf(nonces.value, vectors.nonces.hash);
  assert.ok(checkNonces(noncesBytes, expected, nonces.value.prefixes, verify).ok);
  const bytes = encodeNoncesFile({ proof: nonces.value, digests: digestsOf(0, nonces.value.nonces) });
  assert.deepEqual({ bytes: bytes.length, hash: sha256(bytes) }, vectors.file);
  const file = expectedOf(nonces.value, vectors.file.hash);
  assert.ok(checkNoncesFile(bytes, file, nonces.value.prefixes, verify).ok);
  for (const { nonce, text, digest } of vectors.openings) {
    const opened = checkOpening(Buffer.from(text), nonce, nonces.value);
    assert.equal(opened.ok && Buffer.from(opened.value).toString("hex"), digest);
  }
});

test("vectors: samples", () => {
  for (const { sampleSeed: seed, indices, ...of } of vectors.samples) {
    assert.equal(sampleSeed(of), seed);
    assert.deepEqual(sampleWins(of), indices);
  }
});

test("vectors: fixed and sequential tests", () => {
  assert.deepEqual(Object.keys(vectors.fixedTests), Object.keys(FIXED_TESTS));
  for (const [name, { alpha, beta, ...test }] of Object.entries(vectors.fixedTests)) {
    const ours = FIXED_TESTS[name as keyof typeof FIXED_TESTS];
    assert.deepEqual({ ...ours, alpha: 0, beta: 0 }, { ...test, alpha: 0, beta: 0 });
    assert.ok(Math.abs(ours.alpha / alpha - 1) < 1e-12 && Math.abs(ours.beta / beta - 1) < 1e-12, name);
  }
  assert.deepEqual(Object.keys(vectors.sprts), Object.keys(SPRTS));
  for (const [name, { steps, cases, ...test }] of Object.entries(vectors.sprts)) {
    const ours = SPRTS[name as keyof typeof SPRTS];
    assert.deepEqual(ours, test);
    const { event, none, ...bounds } = sprtSteps(ours);
    assert.deepEqual({ mismatch: event, match: none, ...bounds }, steps);
    for (const { ratio, verdict, ...state } of cases) {
      assert.equal(sprtRatio(ours, state), ratio);
      assert.equal(sprtVerdict(ours, state), verdict);
    }
  }
});

test("vectors: difficulties and weights", () => {
  for (const [nonces, difficulty] of vectors.difficulties) assert.equal(nextDifficulty(nonces), difficulty);
  for (const { wins, difficulty, ...expected } of vectors.weights)
    assert.deepEqual(winsWeight(wins, difficulty), expected, `${wins} at ${difficulty}`);
  for (const { weight, ...inputs } of vectors.sprintWeights) assert.equal(sprintWeight(inputs).weight, weight);
  for (const { weights, share, capped } of vectors.caps) {
    const named = new Map(weights.map((weight, i) => [`${i}`, weight]));
    assert.deepEqual([...capWeights(named, share).values()], capped);
  }
});

test("vectors: votes", () => {
  const members = new Map(Object.entries(vectors.votes.members).map(([name, weight]) => [name, BigInt(weight)]));
  const electorate = { subject: "host", members };
  for (const one of vectors.votes.cases) {
    const weights = { valid: BigInt(one.valid), invalid: BigInt(one.invalid), members: BigInt(one.members) };
    assert.deepEqual(settleByVote(one.votes, electorate), { outcome: one.byVote, ...weights, nonce: null });
    const losers = accusedNonces(one.votes, electorate, [7, ...one.losers]).filter((nonce) =>
      one.losers.includes(nonce),
    );
    assert.deepEqual(settleByRecomputation(one.votes, electorate, losers), {
      outcome: one.byRecomputation,
      ...weights,
      nonce: one.nonce,
    });
  }
});
