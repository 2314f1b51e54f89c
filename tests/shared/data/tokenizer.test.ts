import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bitsPerByte } from "#shared/data/bits-per-byte.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";

test("any text comes back from its tokens", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const ids = byteTokenizer.encode(text);
      assert.equal(ids.length, Buffer.byteLength(text));
      assert.ok(ids.every((id) => id < 256));
      assert.equal(byteTokenizer.decode(ids), text);
      assert.equal(byteTokenizer.decode(BigInt64Array.from(ids, BigInt)), text);
    }),
    { seed: 1 },
  );
});

test("the separator shows, and text cannot forge it", () => {
  assert.equal(byteTokenizer.decode([97, 256, 98]), "a<|endoftext|>b");
  assert.ok(!byteTokenizer.encode("<|endoftext|>").includes(byteTokenizer.endOfDocument));
  assert.equal(byteTokenizer.size, 257);
});

test("bytes that are no UTF-8 read U+FFFD, ids that are none are refused", () => {
  assert.equal(byteTokenizer.decode([0xff, 97]), "\ufffda");
  assert.throws(() => byteTokenizer.decode([257]), { code: "TOKEN_UNKNOWN" });
  assert.throws(() => byteTokenizer.decode([-1]), { code: "TOKEN_UNKNOWN" });
});

test("a separator stands for no byte of text", () => {
  assert.equal(byteTokenizer.bytesOf([97, 256, 0xc3, 0xa9]), 3);
  assert.throws(() => byteTokenizer.bytesOf([257]), { code: "TOKEN_UNKNOWN" });
});

test("a uniform guess among 256 bytes costs eight bits, and what separators cost is shared by the bytes", () => {
  assert.ok(Math.abs(bitsPerByte([Math.log(256)], [{ counted: 10, bytes: 10 }]) - 8) < 1e-12);
  const unlike = [
    { counted: 10, bytes: 8 },
    { counted: 30, bytes: 32 },
  ];
  assert.ok(Math.abs(bitsPerByte([Math.log(2), Math.log(4)], unlike) - (10 + 60) / 40) < 1e-12);
});
