import assert from "node:assert/strict";
import { it } from "node:test";
import { xxhashAsU8a } from "@polkadot/util-crypto";
import fc from "fast-check";
import { xxh64 } from "#shared/documents/zstd/xxh64.js";

const hexOf = (...pieces: readonly Uint8Array[]): string => {
  const hash = xxh64();
  hash.add(Buffer.from("what is forgotten"));
  hash.reset();
  for (const piece of pieces) hash.add(piece);
  return hash.digest().toString(16).padStart(16, "0");
};

/** By another implementation, which gives the last byte first. */
const theirs = (bytes: Uint8Array): string => Buffer.from(xxhashAsU8a(bytes, 64)).reverse().toString("hex");

it("XXH64 gives the values of its specification", () => {
  for (const [text, hash] of [
    ["", "ef46db3751d8e999"],
    ["a", "d24ec4f1a98c6e5b"],
    ["abc", "44bc2cf5ad770999"],
  ] as const)
    assert.equal(hexOf(Buffer.from(text)), hash);
});

it("XXH64 gives what another implementation does, in whichever pieces bytes come", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, (those) => {
      assert.equal(hexOf(...those), theirs(Buffer.concat(those)));
    }),
  );
  for (const byte of [0, 0x7f, 0x80, 0xff]) {
    const bytes = new Uint8Array(100).fill(byte);
    for (let length = 0; length <= 100; length++) {
      const part = bytes.subarray(0, length);
      assert.equal(hexOf(part), theirs(part), `${length} bytes of ${byte}`);
    }
  }
});
