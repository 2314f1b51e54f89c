import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import { NONCES } from "#shared/sprint/exact/inputs.js";
import { explainFault, PROOF_FAULTS } from "#shared/sprint/proof/fault.js";
import { decodeGaps, encodeGaps, winsFault } from "#shared/sprint/proof/gaps.js";
import {
  checkWinners,
  encodeWinners,
  isWinnersSigned,
  maxWinnersBytes,
  parseWinners,
} from "#shared/sprint/proof/winners.js";
import { devSigner, verify } from "#tests/shared/protocol/keys.js";
import { coded } from "#tests/support/coded.js";
import { localWinners } from "#tests/support/local-signing.js";
import { promisedWinners, winnersFields } from "./proofs.js";

const alice = devSigner("//Alice");
const proof = localWinners(winnersFields, alice);
const bytes = encodeWinners(proof);
const promised = promisedWinners(proof);

/** The document with changes, as its own hotkey could sign and promise it. */
const changed = (change: object): Uint8Array => {
  const { signature: _, ...body } = { ...JSON.parse(Buffer.from(bytes).toString()), ...change };
  const signature = Buffer.from(alice.signBytes(canonicalBytes(body))).toString("hex");
  return canonicalBytes({ ...body, signature });
};

const faultOf = (of: Uint8Array, change: object = {}): string => {
  const checked = checkWinners(of, { ...promised, hash: sha256(of), ...change }, verify);
  return checked.ok ? "accepted" : checked.fault;
};

test("a proof reads back, and its hotkey signed it", () => {
  assert.deepEqual(parseWinners(bytes), { ok: true, value: proof });
  assert.deepEqual(checkWinners(bytes, promised, verify), { ok: true, value: proof });
  assert.ok(isWinnersSigned(proof, verify));
  assert.ok(!isWinnersSigned({ ...proof, wins: proof.wins.slice(1) }, verify));
});

test("any ascending nonces below 2^48 have one text, and read back", () => {
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
      const text = encodeGaps(wins);
      assert.deepEqual(decodeGaps(text), { ok: true, value: wins });
      assert.ok(text.length <= Math.ceil((wins.length * 7 * 4) / 3));
    }),
    { seed: 1, numRuns: 200 },
  );
  assert.deepEqual(decodeGaps(encodeGaps([0, NONCES - 1])), { ok: true, value: [0, NONCES - 1] });
});

test("a win at one nonce in 900 takes 2 bytes", () => {
  const wins = Array.from({ length: 13_000 }, (_, i) => i * 900);
  assert.ok(Buffer.from(encodeGaps(wins), "base64url").length <= 2 * wins.length);
});

test("bytes that the encoder never writes are refused", () => {
  for (const hex of ["80", "8000", "ff", "80808080808080", "8080808080808001", "ffffffffffff7f"])
    assert.equal(decodeGaps(Buffer.from(hex, "hex").toString("base64url")).ok, false, hex);
  assert.match(JSON.stringify(decodeGaps("AQEB".repeat(400_000))), /more than 1048576 wins/);
  for (const text of ["A", "AB", "AA==", "A+", "é"]) assert.equal(decodeGaps(text).ok, false, text);
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
  const gaps = (hex: string) => ({ wins: Buffer.from(hex, "hex").toString("base64url") });
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
  assert.equal(faultOf(changed(gaps("0300")), { wins: 2 }), "duplicate");
  assert.equal(faultOf(changed(gaps("03808080808080808001"))), "malformed");
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
  for (const fault of PROOF_FAULTS) assert.match(explainFault(fault), /^[A-Z][^.]*\.$/);
});
