import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TypeRegistry } from "@polkadot/types";
import { blake2AsHex } from "@polkadot/util-crypto";
import fc from "fast-check";
import { decryptTimelock } from "#shared/chain/timelock/timelock.js";
import {
  ciphertextHash,
  decodeTimelockPayload,
  encodeTimelockPayload,
  weightsCommitHash,
} from "#shared/chain/weights/payload.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { drandVectors } from "../timelock/vectors.js";

const registry = new TypeRegistry();
const u16 = fc.integer({ min: 0, max: 65535 });
const payload = fc.array(fc.tuple(u16, u16), { maxLength: 300 }).chain((pairs) =>
  fc.record({
    uids: fc.constant(pairs.map(([uid]) => uid)),
    values: fc.constant(pairs.map(([, value]) => value)),
    versionKey: fc.maxSafeNat(),
  }),
);
const hotkey = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("timelock payload", () => {
  it("is SCALE as the runtime's types write it, and is read back", () => {
    fc.assert(
      fc.property(payload, hotkey, (weights, key) => {
        const { uids, values, versionKey } = weights;
        const legacy = registry.createType("(Vec<u16>,Vec<u16>,u64)", [uids, values, versionKey]).toU8a();
        assert.deepEqual(Uint8Array.from(encodeTimelockPayload(weights)), legacy);
        const bound = registry
          .createType("(Vec<u8>,Vec<u16>,Vec<u16>,u64)", [[...key], uids, values, versionKey])
          .toU8a();
        const encoded = Uint8Array.from(encodeTimelockPayload(weights, key));
        assert.deepEqual(encoded, bound);
        assert.deepEqual(decodeTimelockPayload(legacy, "legacy"), { ...weights, hotkey: null });
        const decoded = decodeTimelockPayload(bound, "hotkey");
        assert.deepEqual({ ...decoded, hotkey: Uint8Array.from(decoded.hotkey ?? []) }, { ...weights, hotkey: key });
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("of anybody's making is read or refused, never more", () => {
    const isCoded = (thrown: unknown) =>
      thrown instanceof BlockZeroError && /^(SCALE|WEIGHTS_PAYLOAD)_MALFORMED$/.test(thrown.code);
    const isTotal = (bytes: Uint8Array) => {
      for (const format of ["legacy", "hotkey"] as const) {
        try {
          const { uids, values } = decodeTimelockPayload(bytes, format);
          assert.equal(uids.length, values.length);
        } catch (thrown) {
          assert.ok(isCoded(thrown), String(thrown));
        }
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), isTotal), { seed: 2, numRuns: 2000 });
    fc.assert(
      fc.property(payload, fc.nat(), fc.nat(255), (weights, at, byte) => {
        const bytes = Uint8Array.from(encodeTimelockPayload(weights));
        bytes[at % Math.min(bytes.length, 8)] = byte;
        isTotal(bytes);
      }),
      { seed: 3, numRuns: 300 },
    );
    // Two bytes stand for one, a length of 2^32, one uid and no value, a byte too many, a version that no number holds.
    const refused = ["0100", "0300000001", `04010000${"00".repeat(8)}`, "00".repeat(11), `0000${"ff".repeat(8)}`];
    for (const hex of refused)
      assert.throws(() => decodeTimelockPayload(Buffer.from(hex, "hex"), "legacy"), isCoded, hex);
  });

  it("is that of bittensor-drand", () => {
    for (const { ciphertext, hotkey, ...weights } of drandVectors.weights) {
      const opened = decryptTimelock(Buffer.from(ciphertext, "hex"), Buffer.from(drandVectors.signature, "hex"));
      const key = Buffer.from(hotkey, "hex");
      assert.deepEqual(decodeTimelockPayload(opened, "hotkey"), { ...weights, hotkey: key });
      assert.deepEqual(Buffer.from(encodeTimelockPayload(weights, key)), Buffer.from(opened));
    }
  });
});

describe("weights commitment", () => {
  it("hashes what reveal_weights hashes", () => {
    fc.assert(
      fc.property(payload, hotkey, u16, fc.array(u16, { maxLength: 20 }), (weights, key, netuid, salt) => {
        const tuple = registry.createType("(AccountId32,u16,Vec<u16>,Vec<u16>,Vec<u16>,u64)", [
          key,
          netuid,
          weights.uids,
          weights.values,
          salt,
          weights.versionKey,
        ]);
        const expected = blake2AsHex(tuple.toU8a(), 256).slice(2);
        assert.equal(weightsCommitHash({ ...weights, hotkey: key, netuid, salt }), expected);
      }),
      { seed: 4, numRuns: 40 },
    );
    assert.equal(ciphertextHash(Uint8Array.of(1, 2, 3)), blake2AsHex(Uint8Array.of(1, 2, 3), 256).slice(2));
  });
});
