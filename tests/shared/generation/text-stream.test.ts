import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { textStream } from "#shared/generation/text-stream.js";

const streamed = (ids: readonly number[]): string[] => {
  const stream = textStream(byteTokenizer);
  return [...ids.map((id) => stream.push(id)), stream.end()];
};

describe("streamed text", () => {
  it("is whole characters, whatever the tokens", () => {
    const text = "Ünïcödé 漢字 🙂👩‍👩‍👧 end\ufeff";
    const pieces = streamed([...byteTokenizer.encode(text)]);
    assert.equal(pieces.join(""), text);
    for (const piece of pieces) assert.ok(!/[\ufffd\p{Cs}]/u.test(piece), JSON.stringify(piece));
  });

  it("is what decoding everything gives, where bytes are no UTF-8", () => {
    for (const bytes of [
      [0xff, 0x41],
      [0x41, 0xf0, 0x9f, 0x99],
      [0xf0, 0x9f, 0x41, 0x42],
      [0xe6, 0xbc, 0xff, 0xff, 0xff, 0xff, 0xff, 0x41],
    ])
      assert.equal(
        streamed(bytes).join("").replaceAll("\ufffd", ""),
        byteTokenizer.decode(bytes).replaceAll("\ufffd", ""),
      );
  });

  it("waits for no character that never comes", () => {
    const stream = textStream(byteTokenizer);
    const given = Array.from({ length: 40 }, () => stream.push(0xff)).join("");
    assert.ok(given.length >= 36);
  });
});
