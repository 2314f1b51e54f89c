import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { checkData } from "#owner/pack/check.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { listedDocuments } from "#shared/data/source.js";
import { isHeldOut } from "#shared/data/split.js";
import { tokenised } from "#shared/data/token-source.js";
import type { Tokenizer } from "#shared/data/tokenizer.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { jsonl, paragraphs } from "./material.js";

it("a look at a text ends when a signal says so, whichever part it is at", async (t) => {
  const path = join(temporaryFolder(t), "mine.jsonl");
  const texts = paragraphs();
  writeFileSync(path, jsonl(texts.slice(0, 20)));
  for (const at of ["encode", "decode"] as const) {
    const stop = new AbortController();
    const stopping = (): void => void setImmediate(() => stop.abort());
    const tokenizer: Tokenizer = {
      ...byteTokenizer,
      encode: (text) => {
        if (at === "encode") stopping();
        return byteTokenizer.encode(text);
      },
      decode: (ids) => {
        if (at === "decode") stopping();
        return byteTokenizer.decode(ids);
      },
    };
    const looked = checkData({
      path,
      settings: packSettingsSchema.parse({}),
      tokenizer,
      group: [tokenised(listedDocuments("group", texts.slice(40, 60)), byteTokenizer)],
      heldOut: 0.2,
      signal: stop.signal,
    });
    await assert.rejects(looked, { name: "AbortError" }, at);
  }
});

it("a miner's text: duplicates, filters, tokens, and what the group has of it", async (t) => {
  const texts = paragraphs();
  const group = texts.slice(0, 60);
  const own = texts.slice(100, 120);
  const heldOut = group.find((text) => isHeldOut(text, 0.2))!;
  const training = group.find((text) => !isHeldOut(text, 0.2))!;
  const path = join(temporaryFolder(t), "mine.jsonl");
  const quoting = `${own[3]} ${heldOut.split(" ").slice(0, 20).join(" ")}`;
  writeFileSync(path, jsonl([...own, own[0], own[1], "too short", null, training, quoting]));
  const found = await checkData({
    path,
    settings: packSettingsSchema.parse({ duplicates: { near: "keep" } }),
    tokenizer: byteTokenizer,
    group: [tokenised(listedDocuments("group", group), byteTokenizer)],
    heldOut: 0.2,
    signal: t.signal,
  });
  assert.equal(found.tally.rows, 26);
  assert.equal(found.exactDuplicates, 2);
  assert.equal(found.documents, 22);
  assert.equal(found.tally.left.length!["fewer than 50 words"]!.rows, 1);
  assert.equal(found.tally.left.rows!['"text" is null']!.rows, 1);
  assert.equal(found.tokens, found.bytes, "byte tokens");
  assert.deepEqual(found.overlap, { training: 1, "held-out": 1 });
});
