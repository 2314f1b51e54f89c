import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { huggingFaceTokenizer } from "#shared/data/tokenizer-json/tokenizer.js";

const KINDS = fileURLToPath(new URL("../../../../../tests/vectors/tokenizer/kinds/", import.meta.url));

interface Recorded {
  readonly tokenizer: unknown;
  readonly config: unknown;
  readonly ids: readonly {
    readonly text: string;
    /** None where the official library makes a special token of the text. */
    readonly document: readonly number[] | null;
    readonly prompt: readonly number[];
  }[];
}

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** Made by tests/interop/tokenizer_kinds.py. */
const kinds = readdirSync(KINDS).map((file): [string, Recorded] => [
  file.replace(".json", ""),
  JSON.parse(readFileSync(`${KINDS}${file}`, "utf8")),
]);

const open = (name: string, { tokenizer, config }: Pick<Recorded, "tokenizer" | "config">) =>
  huggingFaceTokenizer(name, { tokenizer: json(tokenizer), config: json(config) });

describe("every kind of tokenizer", () => {
  for (const [name, recorded] of kinds)
    it(`${name}: the official library's ids, and no special token of a document's text`, () => {
      const tokenizer = open(name, recorded);
      const specials = new Set(tokenizer.specialTokens.values());
      specials.delete(tokenizer.specialTokens.get("<unk>")!);
      specials.delete(tokenizer.specialTokens.get("[UNK]")!);
      for (const { text, document, prompt } of recorded.ids) {
        const ids = [...tokenizer.encode(text)];
        if (document) assert.deepEqual(ids, document, JSON.stringify(text));
        assert.deepEqual([...tokenizer.encodePrompt(text)], prompt, JSON.stringify(text));
        assert.ok(!ids.some((id) => specials.has(id)), JSON.stringify(text));
      }
    });

  it("begins and ends documents as its files say", () => {
    const tokens = Object.fromEntries(
      kinds.map(([name, recorded]) => {
        const { startOfDocument, endOfDocument } = open(name, recorded);
        return [name, [startOfDocument, endOfDocument]];
      }),
    );
    assert.deepEqual(tokens.unigram, [null, 1]);
    assert.deepEqual(tokens["word-piece"], [2, 3]);
  });

  it("gives text back, with the bytes that it takes", () => {
    const text = "the network and its files";
    for (const [name, recorded] of kinds) {
      const tokenizer = open(name, recorded);
      const ids = tokenizer.encode(text);
      assert.equal(tokenizer.decode(ids), text, name);
      // A space before the first word is the tokenizer's.
      assert.ok(tokenizer.bytesOf(ids) - text.length <= 1, name);
    }
    const bytes = open("unigram-bytes", Object.fromEntries(kinds)["unigram-bytes"]!);
    assert.equal(bytes.decode(bytes.encode("the \u{1f4a9} of it")), "the \u{1f4a9} of it");
  });
});

describe("a Unigram tokenizer that is hostile", () => {
  const { tokenizer, config } = Object.fromEntries(kinds).unigram as {
    readonly tokenizer: { readonly model: object; readonly normalizer: { readonly normalizers: readonly object[] } };
    readonly config: unknown;
  };
  const opened = (model: object, normalizer: unknown = null) =>
    open("hostile", { tokenizer: { ...tokenizer, normalizer, model: { ...tokenizer.model, ...model } }, config });

  it("is one coded error", () => {
    for (const [change, message] of [
      [{ vocab: {} }, /model.vocab/],
      [{ vocab: [] }, /model.vocab/],
      [{ vocab: [["a"]] }, /model.vocab.0/],
      [{ vocab: [["a", "b"]] }, /model.vocab.0/],
      [{ vocab: [["a".repeat(257), 0]] }, /at most 256 characters/],
      [{ unk_id: 100_000 }, /unk_id/],
      [{ unk_id: null }, /unk_id/],
    ] as const)
      assert.throws(() => opened(change), { code: "TOKENIZER_INVALID", message });
    const table = (...parts: readonly Uint8Array[]) => ({
      type: "Precompiled",
      precompiled_charsmap: Buffer.concat(parts).toString("base64"),
    });
    for (const normalizer of [
      table(),
      table(Buffer.from([255, 255, 255, 255])),
      table(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0])),
      table(Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.alloc(65, "a")),
      { type: "Precompiled", precompiled_charsmap: "not base64!" },
    ])
      assert.throws(() => opened({}, normalizer), { code: "TOKENIZER_INVALID", message: /charsmap/ });
    // A trie of noise: every text comes out, or one error.
    for (let seed = 0; seed < 50; seed++) {
      const noise = Buffer.from(Array.from({ length: 256 }, (_, i) => (i * i * 31 + seed * 97 + (i >> 3)) & 255));
      const normalizer = table(Buffer.from([0, 1, 0, 0]), noise, Buffer.from("x\0"));
      try {
        opened({}, normalizer).encode("some text, \u00e9 and \u{1f4a9}");
      } catch (thrown) {
        assert.match(String((thrown as { code?: unknown }).code), /^TOKENIZER_(INVALID|FAILED)$/);
      }
    }
  });

  it("takes a long word in its stride", () => {
    const slow = opened({
      vocab: [
        ["<pad>", 0],
        ["</s>", 0],
        ["<unk>", 0],
        ...Array.from({ length: 256 }, (_, i) => ["a".repeat(i + 1), -1]),
      ],
      unk_id: 2,
    });
    assert.ok(slow.encode("a".repeat(20_000)).length >= 78);
  });
});
