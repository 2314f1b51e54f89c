import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { encodeNonces } from "#shared/sprint/proof/all-nonces.js";
import type { ExpectedProof } from "#shared/sprint/proof/head.js";
import {
  checkNoncesFile,
  encodeNoncesFile,
  MAX_PROVEN_NONCES,
  maxNoncesFileBytes,
  parseNoncesFile,
} from "#shared/sprint/proof/nonces-file.js";
import { devSigner, verify } from "#tests/shared/protocol/keys.js";
import { localNonces } from "#tests/support/local-signing.js";
import { digestsOf, expectedOf, sprintOfAll } from "./proofs.js";

const { tree, fields, recorded } = sprintOfAll();
const proof = localNonces(fields, devSigner("//Alice"));
const digests = tree.digests();
const file = encodeNoncesFile({ proof, digests });

const faultOf = (bytes: Uint8Array, change: Partial<ExpectedProof> = {}): string => {
  const expected = { ...expectedOf(proof, sha256(bytes)), ...change };
  const checked = checkNoncesFile(bytes, expected, recorded, verify);
  return checked.ok ? "accepted" : checked.fault;
};

test("a proof's file has the digests of its root behind its bytes", () => {
  assert.deepEqual(Buffer.from(digests), Buffer.from(digestsOf(0, 1000)));
  assert.equal(file.length, encodeNonces(proof).length + 8000);
  assert.ok(file.length <= maxNoncesFileBytes({ wins: 10, nonces: 1000 }));
  const checked = checkNoncesFile(file, expectedOf(proof, sha256(file)), recorded, verify);
  assert.ok(checked.ok);
  assert.deepEqual(checked.value.proof, proof);
  assert.deepEqual(Buffer.from(checked.value.digests), Buffer.from(digests));
  assert.deepEqual(parseNoncesFile(file), { ok: true, value: proof });
});

test("one digest more, less or other, and any other hash, is refused", () => {
  const changed = Buffer.from(file);
  changed[changed.length - 1]! ^= 1;
  assert.equal(faultOf(changed), "not_in_tree");
  assert.equal(faultOf(file.subarray(0, -8)), "malformed");
  assert.equal(faultOf(Buffer.concat([file, new Uint8Array(8)])), "malformed");
  assert.equal(faultOf(new Uint8Array(100)), "malformed");
  assert.equal(faultOf(new Uint8Array(0)), "malformed");
  assert.equal(faultOf(file, { hash: "0".repeat(64) }), "hash_mismatch");
  assert.equal(faultOf(file, { nonces: 999 }), "wrong_count");
  assert.equal(parseNoncesFile(file.subarray(0, 900)).ok, false);
  assert.equal(parseNoncesFile(new Uint8Array(0)).ok, false);
});

test("what is late, or too much, is refused before it is read", () => {
  assert.equal(faultOf(file, { included: 120 }), "late");
  assert.equal(faultOf(file, { nonces: MAX_PROVEN_NONCES + 1 }), "too_large");
  assert.equal(faultOf(new Uint8Array(maxNoncesFileBytes({ wins: 10, nonces: 1000 }) + 1)), "too_large");
  assert.equal(maxNoncesFileBytes({ wins: 0, nonces: 2 ** 48 }), maxNoncesFileBytes({ wins: 0, nonces: 2 ** 20 }));
});
