import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkNonces,
  encodeNonces,
  maxNoncesBytes,
  noncesHash,
  parseNonces,
  type RecordedPrefixes,
  type UnsignedNonces,
} from "#shared/sprint/proof/all-nonces.js";
import { noncesTree, type Prefix } from "#shared/sprint/proof/nonces-tree.js";
import { checkOpening, encodeOpening, parseOpening } from "#shared/sprint/proof/opening.js";
import { isProbable } from "#shared/sprint/proof/wins-check.js";
import { devSigner, verify } from "#tests/shared/protocol/keys.js";
import { coded } from "#tests/support/coded.js";
import { localNonces } from "#tests/support/local-signing.js";
import { digestsOf, expectedOf, sprintOfAll } from "./proofs.js";

const alice = devSigner("//Alice");
const { tree, fields, recorded } = sprintOfAll();
const proof = localNonces(fields, alice);

const faultOf = (change: Partial<UnsignedNonces>, records: RecordedPrefixes = recorded): string => {
  const changed = localNonces({ ...fields, ...change }, alice);
  const checked = checkNonces(encodeNonces(changed), expectedOf(changed, noncesHash(changed)), records, verify);
  return checked.ok ? "accepted" : checked.fault;
};

test("a proof of all nonces reads back and holds", () => {
  assert.deepEqual(parseNonces(encodeNonces(proof)), { ok: true, value: proof });
  assert.equal(faultOf({}), "accepted");
  assert.deepEqual(
    recorded.map(({ nonces }) => nonces),
    [256, 512],
  );
});

test("each earlier record must be the beginning of what follows", () => {
  const [first, second] = fields.prefixes;
  const [early, later] = recorded;
  assert.equal(faultOf({}, [null, later]), "not_a_prefix");
  assert.equal(faultOf({}, [early, null]), "not_a_prefix");
  assert.equal(faultOf({}, [later, early]), "not_a_prefix");
  assert.equal(faultOf({}, [{ ...early, root: "0".repeat(64) }, later]), "not_a_prefix");
  assert.equal(faultOf({ prefixes: [{ ...first, consistency: [] }, second] }), "not_a_prefix");
  assert.equal(faultOf({ prefixes: [first, { ...second, consistency: [...first.consistency] }] }), "not_a_prefix");
  assert.equal(faultOf({ prefixes: [second, first] }, [later, early]), "not_a_prefix");
  const other = { nonces: 256, root: "1".repeat(64) };
  assert.equal(faultOf({ prefixes: [{ ...first, ...other }, second] }, [other, later]), "not_a_prefix");
  assert.equal(faultOf({ nonces: 500, wins: [1, 2, 3, 4] }), "not_a_prefix");
});

/** The fault of a Sprint of so many leaves, of which so many were recorded at a third and at two thirds. */
const recordedAt = (first: number, second: number, all: number): string => {
  const after = noncesTree();
  const heads = [first, second, all].map((leaves) => {
    after.append(digestsOf(after.nonces, 256 * leaves - after.nonces));
    return { nonces: after.nonces, root: after.root() };
  }) as [Prefix, Prefix, Prefix];
  const [early, later, whole] = heads;
  const prefixes: UnsignedNonces["prefixes"] = [
    { ...early, consistency: [...after.consistency(early, later)] },
    { ...later, consistency: [...after.consistency(later, whole)] },
  ];
  const wins = Array.from({ length: Math.round(whole.nonces / 100) }, (_, i) => i);
  return faultOf({ ...whole, prefixes, wins }, [early, later]);
};

test("half of an even pace must be done by each record, but for one leaf: who does all in the end has no proof", () => {
  assert.equal(recordedAt(0, 0, 9), "late_work");
  assert.equal(recordedAt(0, 3, 6), "late_work");
  assert.equal(recordedAt(1, 1, 9), "late_work");
  assert.equal(recordedAt(1, 3, 9), "accepted");
  assert.equal(recordedAt(9, 9, 9), "accepted");
  // Fewer than six leaves in all: there may be none by a third.
  assert.equal(recordedAt(0, 1, 5), "accepted");
  assert.equal(recordedAt(0, 0, 2), "accepted");
});

test("wins above the number of nonces are out of range, and too many are improbable", () => {
  assert.throws(() => faultOf({ wins: [1000] }), coded("SPRINT_WINS_INVALID"));
  assert.equal(faultOf({ wins: Array.from({ length: 23 }, (_, i) => i) }), "improbable");
  assert.equal(faultOf({ wins: Array.from({ length: 22 }, (_, i) => i) }), "accepted");
});

test("z of the wins: within 4 standard deviations, in integers as in floats", () => {
  const z = (wins: number, n: number, d: number) => (wins - n / d) / Math.sqrt((n / d) * (1 - 1 / d));
  for (let wins = 0; wins < 40; wins++) {
    const counts = { wins, nonces: 1000, difficulty: 100 };
    assert.equal(isProbable(counts), Math.abs(z(wins, 1000, 100)) <= 4, `${wins}`);
  }
  assert.ok(isProbable({ wins: 7, nonces: 7, difficulty: 1 }) && !isProbable({ wins: 6, nonces: 7, difficulty: 1 }));
  assert.deepEqual(
    [0, 1].map((wins) => isProbable({ wins, nonces: 0, difficulty: 9 })),
    [true, false],
  );
  // At a million nonces at 1/900 an inflation by 12 % is found, one by 11 % is not.
  const inflated = (by: number) => isProbable({ wins: Math.round((by * 1e6) / 900), nonces: 1e6, difficulty: 900 });
  assert.deepEqual([inflated(1.11), inflated(1.125)], [true, false]);
});

test("an opening gives the digest of any nonce, and only of the leaf that holds it", () => {
  const whole = { nonces: tree.nonces, root: tree.root() };
  for (const nonce of [0, 255, 256, 767, 768, 999]) {
    const bytes = encodeOpening(tree.open(nonce));
    const opened = checkOpening(bytes, nonce, whole);
    assert.ok(opened.ok);
    assert.deepEqual(Buffer.from(opened.value), Buffer.from(digestsOf(nonce, 1)));
    assert.ok(parseOpening(bytes).ok);
  }
  const opening = tree.open(300);
  const fault = (change: object, nonce = 300, against = whole) => {
    const checked = checkOpening(encodeOpening({ ...opening, ...change }), nonce, against);
    return checked.ok ? "accepted" : checked.fault;
  };
  assert.equal(fault({}), "accepted");
  assert.equal(fault({}, 100), "not_in_tree");
  assert.equal(fault({}, 1000), "out_of_range");
  assert.equal(fault({}, Number.NaN), "out_of_range");
  assert.equal(fault({ leaf: 0 }), "not_in_tree");
  assert.equal(fault({ path: opening.path.slice(1) }), "not_in_tree");
  assert.equal(fault({ path: [...opening.path, "0".repeat(64)] }), "not_in_tree");
  assert.equal(fault({ digests: opening.digests.slice(4) }), "malformed");
  assert.equal(fault({ digests: `${opening.digests.slice(0, -1)}B` }), "malformed");
  assert.equal(fault({ digests: Buffer.alloc(2048).toString("base64url") }), "not_in_tree");
  assert.equal(fault({ path: Array(41).fill("0".repeat(64)) }), "malformed");
  assert.equal(fault({}, 300, { ...whole, root: "0".repeat(64) }), "not_in_tree");
  assert.equal(fault({ digests: "A".repeat(8000) }), "too_large");
});

test("the largest documents that the limits allow are within them", () => {
  const hashes = (count: number): string[] => Array(count).fill("f".repeat(64));
  const nonces = 2 ** 48 - 256;
  const prefix = { nonces, root: "f".repeat(64), consistency: hashes(81) };
  const largest = encodeNonces({
    ...proof,
    cycle: 2 ** 32 - 1,
    nonces,
    wins: [nonces - 1],
    prefixes: [prefix, prefix],
  });
  assert.ok(largest.length <= maxNoncesBytes(1), `${largest.length}`);
  const opening = { ...tree.open(0), leaf: 2 ** 40 - 1, path: hashes(40) };
  assert.ok(parseOpening(encodeOpening(opening)).ok);
});

test("digests come in whole ones, and in any portions", () => {
  assert.throws(() => noncesTree().append(new Uint8Array(7)), RangeError);
  const portions = noncesTree();
  for (let at = 0; at < 1000; at += 125) portions.append(digestsOf(at, 125));
  assert.equal(portions.root(), tree.root());
  assert.equal(portions.nonces, 1000);
});
