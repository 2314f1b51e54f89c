import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { PROOF_FAULTS } from "#shared/sprint/proof/fault.js";
import { decodeGaps, encodeGaps, maxGapsBytes, winsFault } from "#shared/sprint/proof/gaps.js";
import {
  checkWinners,
  encodeWinners,
  maxWinnersBytes,
  parseWinners,
  parseWinnersHead,
  winnersBody,
} from "#shared/sprint/proof/winners.js";
import { devSigner, verify } from "#tests/shared/protocol/keys.js";
import { coded } from "#tests/support/coded.js";
import { localWinners } from "#tests/support/local-signing.js";
import { expectedWinners, winnersFields } from "./proofs.js";

const alice = devSigner("//Alice");
const proof = localWinners(winnersFields, alice);
const bytes = encodeWinners(proof);
const expected = expectedWinners(proof);

const lineEnd = Buffer.from(bytes).indexOf("\n");
const ownGaps = bytes.subarray(lineEnd + 1);

/** The proof with a changed head and other gaps, as its own hotkey could sign and promise it. */
const changed = (change: object, gaps: Uint8Array = ownGaps): Uint8Array => {
  const head = JSON.parse(Buffer.from(bytes.subarray(0, lineEnd)).toString());
  const { signature: _, ...body } = { ...head, gaps: sha256(gaps), ...change };
  const signature = Buffer.from(alice.signBytes(canonicalBytes(body))).toString("hex");
  return Buffer.concat([canonicalBytes({ ...body, signature }), Buffer.from("\n"), gaps]);
};

const faultOf = (of: Uint8Array, change: object = {}): string => {
  const checked = checkWinners(of, { ...expected, hash: sha256(of), ...change }, verify);
  return checked.ok ? "accepted" : checked.fault;
};

test("a proof reads back, and its hotkey signed it", () => {
  assert.deepEqual(parseWinners(bytes), { ok: true, value: proof });
  assert.deepEqual(checkWinners(bytes, expected, verify), { ok: true, value: proof });
  const fewer = encodeWinners({ ...proof, wins: proof.wins.slice(1) });
  assert.equal(faultOf(fewer, { wins: 4 }), "bad_signature");
});

test("what is signed has one length, however many wins there are", () => {
  const signed = (wins: number) =>
    canonicalBytes(
      winnersBody({ ...winnersFields, wins: Array.from({ length: wins }, (_, i) => i) }, alice.address).head,
    );
  assert.ok(signed(MAX_WINS).length <= signed(0).length + 6);
  const head = bytes.subarray(0, lineEnd);
  assert.ok(parseWinnersHead(head).ok);
  assert.equal(parseWinnersHead(bytes).ok, false);
});

const read = (gaps: Uint8Array, wins: number) => decodeGaps(gaps, { wins, below: NONCES });

test("any ascending nonces below 2^48 have one form, and read back", () => {
  const lists = fc.uniqueArray(
    fc.oneof(
      fc.nat(1000),
      fc.nat(),
      fc.maxSafeNat().map((n) => n % NONCES),
    ),
    {
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(lists, (list) => {
      const wins = [...list].sort((a, b) => a - b);
      const gaps = encodeGaps(wins);
      assert.deepEqual(read(gaps, wins.length), { ok: true, value: wins });
      assert.ok(gaps.length <= maxGapsBytes(wins.length));
    }),
    { seed: 1, numRuns: 200 },
  );
  assert.deepEqual(read(encodeGaps([0, NONCES - 1]), 2), { ok: true, value: [0, NONCES - 1] });
});

test("any bytes are wins in their one form, or have a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(12), (gaps, wins) => {
      const found = read(gaps, wins);
      if (found.ok) assert.deepEqual(Buffer.from(encodeGaps(found.value)), Buffer.from(gaps));
      else assert.ok(found.fault in PROOF_FAULTS);
    }),
    { seed: 2, numRuns: 500 },
  );
});

test("a win at one nonce in 900 takes 2 bytes", () => {
  const wins = Array.from({ length: 13_000 }, (_, i) => i * 900);
  assert.ok(encodeGaps(wins).length <= 2 * wins.length);
});

test("the size of a proof is bounded by its number of wins: three bytes each in the mean of many", () => {
  assert.equal(maxWinnersBytes(), 1024 + 3 * MAX_WINS + 1024);
  const apart = (distance: number) => Array.from({ length: 2000 }, (_, i) => i * distance);
  const { head: near } = winnersBody({ ...winnersFields, wins: apart(2 ** 21 - 1) }, alice.address);
  assert.equal(near.wins, 2000);
  assert.throws(
    () => winnersBody({ ...winnersFields, wins: apart(2 ** 21) }, alice.address),
    coded("SPRINT_WINS_INVALID"),
  );
  const far = encodeGaps(apart(2 ** 21));
  assert.equal(faultOf(changed({ wins: 2000 }, far), { wins: 2000 }), "too_large");
  const parsed = parseWinners(changed({ wins: 2000 }, far));
  assert.match(parsed.ok ? "" : parsed.problem, /bytes for 2000 wins/);
});

test("bytes that the encoder never writes are refused", () => {
  for (const hex of ["80", "8000", "ff", "80808080808080", "8080808080808001", "ffffffffffff7f"])
    assert.equal(read(Buffer.from(hex, "hex"), 2).ok, false, hex);
  assert.match(JSON.stringify(read(Buffer.alloc(MAX_WINS + 1, 1), MAX_WINS)), /more than 1048576 wins/);
  assert.match(JSON.stringify(read(Buffer.alloc(3, 1), 4)), /3 bytes for 4 wins/);
  assert.match(JSON.stringify(read(Buffer.from("010181818101", "hex"), 4)), /3 wins of 4/);
});

test("a list's fault is named, and such a list is not written", () => {
  assert.equal(winsFault([1, 2, 3]), null);
  assert.equal(winsFault([]), null);
  for (const [wins, fault] of [
    [[1, 1], "duplicate"],
    [[2, 1], "unsorted"],
    [[-1], "out_of_range"],
    [[0.5], "out_of_range"],
    [[Number.NaN], "out_of_range"],
    [[NONCES], "out_of_range"],
    [Array.from({ length: MAX_WINS + 1 }, (_, i) => i), "too_large"],
  ] as const) {
    assert.equal(winsFault(wins), fault);
    assert.throws(() => localWinners({ ...winnersFields, wins }, alice), coded("SPRINT_WINS_INVALID"));
    assert.throws(() => encodeWinners({ ...proof, wins }), coded("SPRINT_WINS_INVALID"));
  }
});

test("one fault rejects the whole proof, with its reason", () => {
  const withGaps = (hex: string, wins: number) => changed({ wins }, Buffer.from(hex, "hex"));
  assert.equal(faultOf(bytes), "accepted");
  assert.equal(faultOf(bytes, { included: 99 }), "late");
  assert.equal(faultOf(bytes, { included: 120 }), "late");
  assert.equal(faultOf(bytes, { hash: "0".repeat(64) }), "hash_mismatch");
  assert.equal(faultOf(bytes, { network: "0".repeat(64) }), "wrong_network");
  assert.equal(faultOf(bytes, { cycle: 5 }), "wrong_cycle");
  assert.equal(faultOf(bytes, { hotkey: devSigner("//Bob").address }), "wrong_hotkey");
  assert.equal(faultOf(bytes, { difficulty: 59 }), "wrong_difficulty");
  assert.equal(faultOf(bytes, { wins: 6 }), "wrong_count");
  assert.equal(faultOf(bytes, { nonces: 999 }), "wrong_count");
  assert.equal(faultOf(withGaps("0300", 2), { wins: 2 }), "duplicate");
  assert.equal(faultOf(withGaps("0301", 3), { wins: 3 }), "malformed");
  assert.equal(faultOf(withGaps("03808080808080808001", 5)), "malformed");
  assert.equal(faultOf(withGaps("ffffffffffff7f", 1), { wins: 1 }), "out_of_range");
  assert.equal(faultOf(changed({ gaps: "0".repeat(64) })), "malformed");
  assert.equal(faultOf(bytes.subarray(0, lineEnd)), "malformed");
  assert.equal(faultOf(changed({ version: 1 })), "malformed");
  assert.equal(faultOf(changed({ difficulty: 901 }), { difficulty: 901 }), "malformed");
  assert.equal(faultOf(changed({ extra: 1 })), "malformed");
  assert.equal(faultOf(changed({ hotkey: devSigner("//Bob").address })), "wrong_hotkey");
  const bob = devSigner("//Bob").address;
  assert.equal(faultOf(changed({ hotkey: bob }), { hotkey: bob }), "bad_signature");
});

test("a proof larger than its record allows is not read", () => {
  const large = Buffer.alloc(maxWinnersBytes(5) + 1, "[");
  assert.equal(faultOf(large), "too_large");
  assert.equal(faultOf(large, { wins: 6 }), "malformed");
  assert.equal(parseWinners(Buffer.alloc(maxWinnersBytes() + 1)).ok, false);
  const most = { ...proof, wins: Array.from({ length: 5 }, (_, i) => NONCES - 5 + i) };
  assert.ok(encodeWinners(most).length <= maxWinnersBytes(5));
});

test("every fault has one sentence", () => {
  for (const text of Object.values(PROOF_FAULTS)) assert.match(text, /^[A-Z][^.]*\.$/);
});
