import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { type Definition, environmentName } from "#shared/config/settings.js";
import { signerSettings } from "#signer/config.js";
import { validatorSettings } from "#validator/config.js";

const nothing = { env: {}, flags: {} };

test("the miner's example file is the defaults", () => {
  const fromFile = loadConfig(minerSettings, { ...nothing, file: "configs/miner.yaml" });
  const defaults = loadConfig(minerSettings, { env: {}, flags: { expert_group: "math" } });
  assert.deepEqual(fromFile, defaults);
});

test("the validator's example file is the defaults", () => {
  const fromFile = loadConfig(validatorSettings, { ...nothing, file: "configs/validator.yaml" });
  assert.deepEqual(fromFile, loadConfig(validatorSettings, nothing));
});

test("the signer's example file is the defaults", () => {
  const fromFile = loadConfig(signerSettings, { ...nothing, file: "configs/signer.yaml" });
  assert.deepEqual(fromFile, loadConfig(signerSettings, nothing));
});

test("the example files name every setting, and nothing else", () => {
  const examples: readonly (readonly [string, Definition])[] = [
    ["configs/miner.yaml", minerSettings],
    ["configs/validator.yaml", validatorSettings],
    ["configs/signer.yaml", signerSettings],
  ];
  for (const [file, definition] of examples) {
    const named = new Set<string>();
    let group = "";
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const match = /^(\s*)(?:# )?([a-z_]+):(?: (\S+))?/.exec(line);
      if (match === null || match[2] === undefined) continue;
      const key = match[1] === "" ? match[2] : `${group}.${match[2]}`;
      if (match[3] === undefined) group = match[2];
      else named.add(key);
    }
    assert.deepEqual([...named].sort(), Object.keys(definition).sort(), file);
  }
});

test("the example environment names variables that are read", () => {
  const known = new Set(
    [minerSettings, validatorSettings].flatMap((definition: Definition) =>
      Object.entries(definition).map(([key, setting]) => environmentName(key, setting)),
    ),
  );
  const named = [...readFileSync(".env.example", "utf8").matchAll(/^(BLOCKZERO_\w+)=$/gm)].map((match) => match[1]);
  assert.ok(named.length >= 4);
  for (const name of named) assert.ok(known.has(name ?? ""), name);
});
