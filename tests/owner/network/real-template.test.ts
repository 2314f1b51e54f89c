import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { readCheckpointConfig } from "#shared/model/checkpoint-reader.js";
import { expertsOf } from "#shared/model/groups.js";
import { upcycledConfig } from "#shared/model/upcycle.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { references } from "#tests/shared/model/reference.js";
import { smallTokenizer } from "#tests/support/small-tokenizer.js";

test("the demonstration's network is one with two groups, and with facts one with three", async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["code", "facts"])
    writeFileSync(join(folder, `${name}.jsonl`), '{"text":"a document of some words"}\n'.repeat(20));
  const dense = await readCheckpointConfig(references("families/qwen3").find(({ name }) => name === "plain-tied")!.dir);
  const two = parse(readFileSync("configs/real/network.yaml", "utf8"));
  two.data.tokenizer = smallTokenizer;
  const three = { ...two, groups: { ...two.groups, facts: parse(readFileSync("configs/real/facts.yaml", "utf8")) } };
  for (const template of [two, three]) {
    const names = Object.keys(template.groups);
    const file = join(folder, "network.yaml");
    writeFileSync(file, stringify(template));
    const model = upcycledConfig(dense, { experts: 2 * names.length, perToken: 1 });
    const { groups } = loadNetworkTemplate(file, model);
    const owned = names.flatMap((name) => expertsOf(model, groups[name]!)[0]!);
    assert.deepEqual(owned, [...Array(2 * names.length).keys()], "all experts, each once");
  }
});
