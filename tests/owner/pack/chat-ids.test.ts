import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { chatRenderer } from "#owner/pack/chat.js";
import { encodeDocument } from "#owner/pack/encode-document.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { chatFormatOf } from "#shared/data/chat-format.js";
import { huggingFaceTokenizer } from "#shared/data/tokenizer-json/tokenizer.js";
import { smallTokenizerFiles } from "#tests/support/small-tokenizer.js";

const VECTORS = fileURLToPath(new URL("../../../../tests/vectors/", import.meta.url));

interface Recorded {
  readonly name: string;
  readonly file: string;
  readonly change: object;
  readonly config: object;
  readonly messages: readonly object[];
  readonly text: string;
  readonly ids: readonly number[];
  readonly counts: readonly number[];
}

const json = (path: string) => JSON.parse(readFileSync(`${VECTORS}${path}`, "utf8"));

/** Made by tests/interop/chat_ids.py. */
const recorded: readonly Recorded[] = json("chat.json");

const opened = ({ file, change, config }: Recorded) => {
  const document =
    file === "small"
      ? JSON.parse(smallTokenizerFiles.tokenizer.toString())
      : json(`tokenizer/kinds/${file}.json`).tokenizer;
  return huggingFaceTokenizer(file, {
    tokenizer: Buffer.from(JSON.stringify({ ...document, ...change })),
    config: Buffer.from(JSON.stringify(config)),
  });
};

describe("a conversation as tokens", () => {
  for (const one of recorded)
    it(`is what transformers makes of it: ${one.name}`, () => {
      const rendered = chatRenderer(chatFormatOf(one.config)!)(one.messages, {});
      assert.ok("document" in rendered);
      assert.equal(rendered.document.text, one.text);
      const { ids, counts } = encodeDocument(rendered.document, opened(one));
      assert.deepEqual([...ids], one.ids);
      assert.deepEqual([...counts!], one.counts);
    });

  it("gives a token that spans a border to both sides, and an empty part none", () => {
    const spelled = byteTokenizer.encodeParts(["é<|end", "oftext|>", "", "b"]);
    assert.deepEqual([...spelled.ids], [0xc3, 0xa9, 256, 98]);
    assert.deepEqual(spelled.places, [
      { from: 0, to: 3 },
      { from: 2, to: 3 },
      { from: 3, to: 3 },
      { from: 3, to: 4 },
    ]);
    const small = opened(recorded[0]!);
    assert.deepEqual(small.encodeParts([]), { ids: new Uint32Array(), places: [] });
    assert.deepEqual(small.encodeParts([""]).places, [{ from: 0, to: 0 }]);
    const start = small.encodeParts(["<|im_", "start|>"]);
    assert.deepEqual([...start.ids], [1]);
    assert.deepEqual(start.places, [
      { from: 0, to: 1 },
      { from: 0, to: 1 },
    ]);
    const lines = "word ".repeat(300_000);
    const long = small.encodeParts([lines, "<|im_end|>", lines]);
    assert.deepEqual(long.ids, small.encodePrompt(`${lines}<|im_end|>${lines}`));
    const [before, end, after] = long.places;
    assert.equal(long.ids[end!.from], 2);
    assert.deepEqual([before!.to, end!.to, after!.to], [end!.from, after!.from, long.ids.length]);
  });
});
