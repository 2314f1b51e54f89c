import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import { bytesOfSource, hashOfSource, piecesSource } from "#shared/files/byte-source.js";
import { sha256, updateHash } from "#shared/protocol/hash.js";

const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
const pieces = [whole.subarray(0, 7), whole.subarray(7, 7), whole.subarray(7, 60), whole.subarray(60)];

it("bytes in several arrays are read as those of one", async () => {
  const source = piecesSource(pieces);
  assert.equal(source.size, 100);
  assert.deepEqual(Buffer.from(await bytesOfSource(source)), Buffer.from(whole));
  assert.equal(await hashOfSource(source), sha256(whole));
  for (let from = 0; from < 100; from += 3)
    for (const length of [0, 1, 2, 55, 100 - from]) {
      if (from + length > 100) continue;
      const into = new Uint8Array(length);
      await source.fill(into, from);
      assert.deepEqual(into, whole.slice(from, from + length));
    }
  await assert.rejects(source.fill(new Uint8Array(2), 99), RangeError);
});

it("a hash is given long bytes a stretch at a time", () => {
  for (const most of [1, 7, 99, 100, 101]) {
    const hash = createHash("sha256");
    updateHash(hash, whole, most);
    assert.equal(hash.digest("hex"), sha256(whole));
  }
});
