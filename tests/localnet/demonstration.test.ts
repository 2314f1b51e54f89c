import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { codeDocuments } from "#localnet/demonstration/code-documents.js";
import { DEMONSTRATION, writeDemonstration } from "#localnet/demonstration/demonstration.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { expertsOf } from "#shared/model/groups.js";
import { upcycledConfig } from "#shared/model/upcycle.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { denseMicro } from "#tests/shared/model/micro.js";
import { smallTokenizerFiles } from "#tests/support/small-tokenizer.js";

test("the demonstration's network is one with two groups, and with facts one with three", (t) => {
  const folder = temporaryFolder(t);
  const checkpoint = join(folder, "checkpoint");
  mkdirSync(checkpoint);
  writeFileSync(join(checkpoint, "tokenizer.json"), smallTokenizerFiles.tokenizer);
  const facts = join(folder, "facts.jsonl");
  writeFileSync(facts, '{"text":"a document of some words"}\n'.repeat(20));
  for (const [names, given] of [[["prose", "code"]], [["prose", "code", "facts"], facts]] as const) {
    const written = writeDemonstration(join(folder, `${names.length}`), checkpoint, given);
    assert.deepEqual(written.groups, names);
    const experts = DEMONSTRATION.groupExperts * names.length;
    const model = upcycledConfig(denseMicro("llama"), { experts, perToken: 1 });
    const { groups, data } = loadNetworkTemplate(written.template, model);
    const owned = names.flatMap((name) => expertsOf(model, groups[name]!)[0]!);
    assert.deepEqual(owned, [...Array(experts).keys()], "all experts, each once");
    assert.deepEqual(data.tokenizer, { path: join(checkpoint, "tokenizer.json") }, "of which there is no config");
  }
});

test("the code to learn is that of many files, as one finds it there, and no text twice", () => {
  const documents = codeDocuments();
  assert.ok(documents.length > 300, `${documents.length}`);
  assert.equal(new Set(documents).size, documents.length);
  assert.ok(documents.every((text) => text.length >= 500 && text.length <= 20_000));
  const source = readFileSync("node_modules/commander/lib/suggestSimilar.js", "utf8");
  assert.ok(documents.includes(source));
});
