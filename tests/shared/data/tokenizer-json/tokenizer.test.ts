import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { huggingFaceTokenizer } from "#shared/data/tokenizer-json/tokenizer.js";
import { withinTime } from "#shared/util/within-time.js";
import { smallTokenizerFiles, tokenizerVectors as vectors } from "#tests/support/small-tokenizer.js";

const files = smallTokenizerFiles;

type Json = Record<string, unknown>;
const document: Json = JSON.parse(files.tokenizer.toString());
const config: Json = JSON.parse(files.config.toString());
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const changed = (change: Json, model: Json = {}): Uint8Array =>
  json({ ...document, ...change, model: { ...Object(document.model), ...model } });

describe("a tokenizer.json", () => {
  const tokenizer = huggingFaceTokenizer("small", files);

  it("gives the official library's ids, whatever the text", () => {
    for (const { text, document, prompt } of vectors) {
      assert.deepEqual([...tokenizer.encode(text)], document, JSON.stringify(text));
      assert.deepEqual([...tokenizer.encodePrompt(text)], prompt, JSON.stringify(text));
    }
  });

  it("gives the text back, normalised, and counts its bytes", () => {
    for (const { text } of vectors) {
      const ids = tokenizer.encode(text);
      assert.equal(tokenizer.decode(ids), text.normalize("NFC"));
      assert.equal(tokenizer.bytesOf(ids), Buffer.byteLength(text.normalize("NFC")));
    }
    assert.equal(tokenizer.decode(tokenizer.encodePrompt("a<|endoftext|>b")), "a<|endoftext|>b");
    assert.throws(() => tokenizer.decode([tokenizer.size]), { code: "TOKEN_UNKNOWN" });
    assert.throws(() => tokenizer.bytesOf([-1]), { code: "TOKEN_UNKNOWN" });
  });

  it("takes its special tokens from its own files, and no document can forge one", () => {
    const end = tokenizer.specialTokens.get("<|endoftext|>");
    assert.equal(tokenizer.endOfDocument, end);
    assert.equal(tokenizer.startOfDocument, null);
    assert.equal(tokenizer.size, 2048);
    assert.deepEqual([...tokenizer.specialTokens.keys()], ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]);
    assert.equal(tokenizer.bytesOf([end!]), 0);
    const specials = new Set(tokenizer.specialTokens.values());
    for (const text of specials.size ? [...tokenizer.specialTokens.keys()] : []) {
      assert.ok(!tokenizer.encode(text).some((id) => specials.has(id)));
      assert.deepEqual([...tokenizer.encodePrompt(text)], [tokenizer.specialTokens.get(text)]);
    }
    // Even where a special token is a word of the model, and words are taken whole.
    const vocab = { ...Object(Object(document.model).vocab), "<s>": 0 };
    const added = [{ id: 0, content: "<s>", special: true }];
    const words = changed(
      { added_tokens: added, pre_tokenizer: null },
      { vocab, ignore_merges: true, unk_token: "<s>" },
    );
    const forging = huggingFaceTokenizer("words", { tokenizer: words, config: json({ eos_token: "<s>" }) });
    assert.ok(!forging.encode("<s>").includes(0));
  });

  it("begins a document where the tokenizer does", () => {
    const startOf = (tokenizer: Uint8Array, rules: Json) =>
      huggingFaceTokenizer("start", { tokenizer, config: json({ ...config, ...rules }) }).startOfDocument;
    const template = { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<|im_start|>", type_id: 0 } }] };
    const { add_bos_token: _, ...silent } = config;
    assert.equal(startOf(files.tokenizer, { add_bos_token: true, bos_token: { content: "<|im_start|>" } }), 1);
    assert.equal(startOf(changed({ post_processor: template }), { add_bos_token: false }), null);
    const plain = { tokenizer: changed({ post_processor: template }), config: json(silent) };
    assert.equal(huggingFaceTokenizer("start", plain).startOfDocument, 1);
    // As Llama 3 has it.
    const bytes = { type: "ByteLevel", add_prefix_space: true, trim_offsets: false, use_regex: true };
    for (const processors of [
      [bytes, template],
      [template, bytes],
    ]) {
      const sequence = changed({ post_processor: { type: "Sequence", processors } });
      assert.equal(huggingFaceTokenizer("start", { ...plain, tokenizer: sequence }).startOfDocument, 1);
    }
    const none = changed({ post_processor: { type: "Sequence", processors: [bytes] } });
    assert.equal(huggingFaceTokenizer("start", { ...plain, tokenizer: none }).startOfDocument, null);
  });

  it("finds the end of a document without a tokenizer_config.json where there is one usual token alone", () => {
    assert.equal(huggingFaceTokenizer("bare", { tokenizer: files.tokenizer }).endOfDocument, tokenizer.endOfDocument);
    const added = [
      { id: 0, content: "<|endoftext|>", special: true },
      { id: 1, content: "</s>", special: true },
    ];
    assert.throws(() => huggingFaceTokenizer("two", { tokenizer: changed({ added_tokens: added }) }), {
      code: "TOKENIZER_INVALID",
      message: /which token ends a document: <\|endoftext\|>, <\/s>/,
    });
  });

  it("is refused with one error where it is broken, or another kind", () => {
    const broken: [Uint8Array, RegExp][] = [
      [Buffer.from("{"), /not JSON/],
      [Buffer.from([0x22, 0xff, 0x22]), /not JSON/],
      [Buffer.from("[".repeat(1000)), /more than 32 deep/],
      [Buffer.from(`[${"0,".repeat(4_000_001)}0]`), /more than 4000000 values/],
      [new Uint8Array((64 << 20) + 1), /at most 67108864/],
      [json([]), /the document/],
      [changed({}, { type: "WordLevel" }), /model.type/],
      [changed({}, { type: "Unigram" }), /model.unk_id/],
      [changed({}, { vocab: [] }), /model.vocab/],
      [changed({}, { vocab: { a: -1 } }), /the id of "a"/],
      [changed({}, { vocab: { a: 4e9 } }), /the id of "a"/],
      [changed({}, { merges: [["a", "no such token"]] }), /merges.0/],
      [changed({}, { merges: [["a"]] }), /merges.0/],
      [changed({}, { merges: "a b" }), /merges/],
      [changed({}, { dropout: 0.1 }), /dropout/],
      [changed({ added_tokens: [{ id: 4e9, content: "x" }] }), /added_tokens/],
      [changed({ normalizer: { type: "Precompiled", precompiled_charsmap: "" } }), /normalizer/],
      [
        changed({ pre_tokenizer: { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated", invert: false } }),
        /./,
      ],
      [changed({ decoder: { type: "BPEDecoder" } }), /decoder/],
      [changed({ decoder: null }), /decoder/],
    ];
    for (const [bytes, message] of broken)
      assert.throws(
        () => huggingFaceTokenizer("broken", { tokenizer: bytes, config: files.config }),
        (thrown: { code?: string; message: string }) =>
          /^TOKENIZER_(INVALID|FAILED)$/.test(String(thrown.code)) && message.test(thrown.message),
        String(message),
      );
    const growing = { type: "Replace", pattern: { String: "a" }, content: "aaa" };
    const sequence = { type: "Sequence", normalizers: [growing, growing] };
    assert.throws(() => huggingFaceTokenizer("growing", { ...files, tokenizer: changed({ normalizer: sequence }) }), {
      code: "TOKENIZER_INVALID",
      message: /4 times as long/,
    });
    for (const rules of [{ eos_token: "no such" }, { eos_token: 3 }, { add_bos_token: true, bos_token: "no such" }])
      assert.throws(() => huggingFaceTokenizer("config", { ...files, config: json({ ...config, ...rules }) }), {
        code: "TOKENIZER_INVALID",
      });
  });

  it("gives no id twice, and no token that its own rules leave nothing of", () => {
    const end = { id: 0, content: "<|endoftext|>", special: true };
    const forged = changed({ added_tokens: [end, { id: 0, content: "foo", normalized: false }] });
    const removed = changed({
      added_tokens: [end, { id: 1, content: "foo" }],
      normalizer: { type: "Replace", pattern: { String: "foo" }, content: "" },
    });
    for (const [bytes, message] of [
      [forged, /two tokens have one id/],
      [removed, /nothing is left of "foo"/],
    ] as const)
      assert.throws(() => huggingFaceTokenizer("ids", { tokenizer: bytes }), { code: "TOKENIZER_INVALID", message });
  });

  it("is not opened where its rules take for ever on its own tokens", () => {
    const slow = changed({
      added_tokens: [
        { id: 0, content: "<|endoftext|>", special: true },
        { id: 1, content: `${"a".repeat(60)}b` },
      ],
      normalizer: { type: "Replace", pattern: { Regex: "^(a+)+$" }, content: "" },
    });
    assert.throws(() => huggingFaceTokenizer("slow", { tokenizer: slow }, 500), {
      code: "TOKENIZER_FAILED",
      message: /more than 0.5 s/,
    });
  });

  it("is not opened where its tokens take longer to arrange than there is time", () => {
    const letters = (i: number) => `${i}`.padStart(40, "x");
    const vocab = [["<unk>", 0], ["</s>", 0], ...Array.from({ length: 2 ** 14 }, (_, i) => [letters(i), -1])];
    const tokenizer = json({
      added_tokens: [{ id: 1, content: "</s>", special: true }],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: "Metaspace", replacement: "\u2581" },
      model: { type: "Unigram", unk_id: 0, vocab },
    });
    const opened = (milliseconds?: number) =>
      huggingFaceTokenizer("many", { tokenizer, config: json({ eos_token: "</s>" }) }, milliseconds);
    assert.equal(opened().size, vocab.length);
    assert.throws(() => opened(1), { code: "TOKENIZER_FAILED", message: /tokenizer\.json .*more than 0.001 s/ });
  });

  it("puts a replacement in as it is written", () => {
    const content = "$`$&";
    const normalizer = { type: "Replace", pattern: { String: "~" }, content };
    const dollars = huggingFaceTokenizer("dollars", { ...files, tokenizer: changed({ normalizer }) });
    assert.equal(dollars.decode(dollars.encode("a~b~")), `a${content}b${content}`);
  });

  it("takes a long word without a space in its stride, and cuts a longer text at its lines", () => {
    const word = "ab".repeat(200_000);
    assert.equal(tokenizer.decode(tokenizer.encode(word)), word);
    const text = `${"word ".repeat(150_000)}\n${"\u{1f4a9}".repeat(400_000)}`;
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
  });
});

describe("bounded time", () => {
  it("ends a regular expression that never would, and passes on what is thrown", () => {
    assert.equal(
      withinTime(20, () => [/^(a+)+$/u.test(`${"a".repeat(60)}b`)]),
      undefined,
    );
    assert.deepEqual(
      withinTime(60_000, () => [1]),
      [1],
    );
    assert.throws(
      () =>
        withinTime(60_000, () => {
          throw new RangeError("told");
        }),
      /told/,
    );
  });
});
