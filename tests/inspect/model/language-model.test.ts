import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { openLanguageModel } from "#inspect/model/language-model.js";
import { exportModel } from "#inspect/model/model-export.js";
import { checkpointTokenizer } from "#owner/genesis/checkpoint-tokenizer.js";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { pinTokenizer } from "#owner/network/pin-tokenizer.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { byteTokenizerFiles } from "#shared/data/byte-tokenizer-files.js";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { sha256 } from "#shared/protocol/hash.js";
import { smallNetwork } from "#tests/programs/small-network.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { MICRO, microParameters } from "#tests/shared/model/micro.js";

const config = { ...MICRO, vocab_size: 264 };

const folder = async (t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<string> => {
  const dir = join(temporaryFolder(t), "model");
  await writeCheckpoint(dir, config, microParameters(config));
  for (const [name, content] of Object.entries({ ...byteTokenizerFiles(), ...files }))
    writeFileSync(join(dir, name), content);
  return dir;
};

const open = (model: string, tokenizer?: string) => openLanguageModel({ model, home: "none", tokenizer });

describe("a model with its tokenizer", () => {
  it("of an exported byte model has the byte tokenizer's ids", async (t) => {
    const { tokenizer, stop, chat } = await open(await folder(t));
    for (const text of ["Call me", "Ünïcödé 漢字 🙂\r\n\t  two spaces", "\0\u001b[2J", "<|endoftext|>", ""]) {
      assert.deepEqual([...tokenizer.encode(text)], [...byteTokenizer.encode(text)], JSON.stringify(text));
      assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
      assert.equal(tokenizer.bytesOf(tokenizer.encode(text)), Buffer.byteLength(text));
    }
    assert.deepEqual([...tokenizer.encodePrompt("a<|endoftext|>")], [97, 256]);
    assert.deepEqual([tokenizer.size, tokenizer.endOfDocument, [...stop], chat], [257, 256, [256], null]);
  });

  it("ends its text where the generation config says, and has the chat template of either file", async (t) => {
    const config = JSON.parse(byteTokenizerFiles()["tokenizer_config.json"]);
    const dir = await folder(t, {
      "generation_config.json": JSON.stringify({ eos_token_id: [10, 256] }),
      "tokenizer_config.json": JSON.stringify({ ...config, chat_template: "in the config" }),
    });
    const { stop, chat } = await open(dir);
    assert.deepEqual([...stop].sort(), [10, 256]);
    assert.deepEqual(chat, { template: "in the config", variables: { eos_token: "<|endoftext|>" } });
    writeFileSync(join(dir, "chat_template.jinja"), "of its own");
    assert.equal((await open(dir)).chat?.template, "of its own");
  });

  it("of a home chats and ends its text as the network's files say, and so does its export", async (t) => {
    const dir = temporaryFolder(t);
    const files = {
      ...byteTokenizerFiles(),
      "chat_template.jinja": "of its own",
      "generation_config.json": JSON.stringify({ eos_token_id: [10, 256], repetition_penalty: 1.1 }),
    };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
    const tokenizer = (await checkpointTokenizer(dir))!;
    const home = temporaryFolder(t);
    const store = directoryStore(join(home, "owner", "blobs"));
    const data = { ...smallNetwork.data, tokenizer };
    await storeGenesis(store, { ...smallNetwork, data }, microParameters(smallNetwork.model));
    const model = await openLanguageModel({ model: "latest", home });
    assert.deepEqual(model.chat, { template: "of its own", variables: { eos_token: "<|endoftext|>" } });
    assert.deepEqual([[...model.stop].sort(), model.repetitionPenalty], [[10, 256], 1.1]);
    const out = join(home, "exported");
    await exportModel({ home, model: "latest", out });
    for (const [name, content] of Object.entries(files)) assert.equal(readFileSync(join(out, name), "utf8"), content);
    const plain = await openLanguageModel({ model: "latest", home, tokenizer: "byte" });
    assert.deepEqual([plain.chat, [...plain.stop]], [null, [256]]);
    const named = await openLanguageModel({ model: "latest", home, tokenizer: dir });
    assert.deepEqual([named.chat, named.stop], [model.chat, model.stop]);
    assert.ok(tokenizer !== "byte");
    const other = { ...tokenizer, chat_template: { ...tokenizer.chat_template, sha256: "0".repeat(64) } };
    await assert.rejects(pinTokenizer(store, { ...data, tokenizer: other }), { code: "TOKENIZER_MISMATCH" });
  });

  it("of a network that runs may chat otherwise: what is stored needs no path", async (t) => {
    const dir = temporaryFolder(t);
    // Content of its own, which nothing else in this process has opened.
    const content = Buffer.from(`${byteTokenizerFiles()["tokenizer.json"]}\n`);
    const template = join(dir, "chat_template.jinja");
    writeFileSync(template, "of its own");
    const store = directoryStore(join(dir, "blobs"));
    const tokenizer = { sha256: await store.put(content), bytes: content.length };
    const { data } = smallNetwork;
    const changed = await pinTokenizer(store, {
      ...data,
      tokenizer: { ...tokenizer, chat_template: { path: template } },
    });
    const hash = sha256(readFileSync(template));
    assert.deepEqual(changed.tokenizer, {
      ...tokenizer,
      chat_template: { path: template, sha256: hash, bytes: 10 },
    });
    assert.equal(await store.size(hash), 10);
    const broken = Buffer.from("{}");
    const none = { sha256: await store.put(broken), bytes: broken.length };
    await assert.rejects(pinTokenizer(store, { ...data, tokenizer: none }), { code: "TOKENIZER_INVALID" });
  });

  it("has the repetition penalty of its generation config, and names what transformers would apply besides", async (t) => {
    const plain = await open(await folder(t));
    assert.deepEqual([plain.repetitionPenalty, plain.ignored], [1, []]);
    const of = async (settings: object) =>
      open(await folder(t, { "generation_config.json": JSON.stringify({ eos_token_id: 256, ...settings }) }));
    const set = await of({ repetition_penalty: 1.3, no_repeat_ngram_size: 3, suppress_tokens: [7], do_sample: true });
    assert.deepEqual([set.repetitionPenalty, set.ignored], [1.3, ["no_repeat_ngram_size", "suppress_tokens"]]);
    const neutral = await of({ repetition_penalty: null, num_beams: 1, min_length: 0, bad_words_ids: [], top_p: 0.8 });
    assert.deepEqual([neutral.repetitionPenalty, neutral.ignored], [1, []]);
    const wrong = await of({ repetition_penalty: 0 });
    assert.deepEqual([wrong.repetitionPenalty, wrong.ignored], [1, ["repetition_penalty"]]);
  });

  it("is a folder, or of a home: another name is neither", async () => {
    await assert.rejects(open("SmolLM2"), { code: "MODEL_UNKNOWN", message: /SmolLM2 is no folder/ });
    await assert.rejects(open("latest"), { code: "HOME_WITHOUT_BLOBS" });
    await assert.rejects(open("3f2a90"), { code: "HOME_WITHOUT_BLOBS" });
  });

  it("is refused without one, and with one of more tokens than it has rows", async (t) => {
    const dir = await folder(t);
    rmSync(join(dir, "tokenizer.json"));
    await assert.rejects(open(dir), { code: "TOKENIZER_MISSING", message: /has no tokenizer\.json/ });
    assert.equal((await open(dir, "byte")).tokenizer, byteTokenizer);
    const small = join(temporaryFolder(t), "small");
    await writeCheckpoint(small, MICRO, microParameters());
    await assert.rejects(open(small, "byte"), { code: "TOKENIZER_MISSING", message: /257 tokens, the model 32/ });
  });
});
