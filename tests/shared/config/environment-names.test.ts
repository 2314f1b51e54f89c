import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { minerSettings } from "#miner/config.js";
import { ENVIRONMENT_NAMES, unknownNames } from "#shared/config/environment-names.js";
import { type Definition, environmentName } from "#shared/config/settings.js";
import { signerSettings } from "#signer/config.js";
import { validatorSettings } from "#validator/config.js";

const ROOMS = [
  "shared",
  "miner",
  "validator",
  "owner",
  "localnet",
  "inspect",
  "signer",
  "cli",
  "bench",
  "scripts",
  "tests",
];

const sources = function* (folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.m?ts$|\.mjs$|\.py$/.test(entry.name)) yield readFileSync(path, "utf8");
  }
};

/** Wrong on purpose, in this file and others. */
const MISSPELT = ["BLOCKZERO_WALET_NAME", "BLOCKZERO_COLOUR"];

test("the list is the settings of every program, and what the sources name", () => {
  const settings = [minerSettings, validatorSettings, signerSettings].flatMap((definition: Definition) =>
    Object.entries(definition).map(([key, setting]) => environmentName(key, setting)),
  );
  assert.deepEqual([...ENVIRONMENT_NAMES].sort(), [...new Set(ENVIRONMENT_NAMES)].sort());
  for (const name of settings) assert.ok(ENVIRONMENT_NAMES.includes(name), name);
  const named = new Set<string>();
  for (const room of ROOMS)
    for (const text of sources(room))
      for (const [name] of text.matchAll(/\bBLOCKZERO_[A-Z][A-Z0-9_]*[A-Z0-9]\b/g)) named.add(name);
  for (const name of ENVIRONMENT_NAMES) named.delete(name);
  assert.deepEqual([...named].sort(), [...MISSPELT].sort());
});

test("a name that nothing reads is told with the nearest that is, and never its value", () => {
  assert.deepEqual(unknownNames(["BLOCKZERO_WALLET_NAME", "HOME", "WALET_NAME"]), []);
  assert.deepEqual(unknownNames(["BLOCKZERO_WALET_NAME", "BLOCKZERO_COLOUR"]), [
    "BLOCKZERO_COLOUR is no setting",
    "BLOCKZERO_WALET_NAME is no setting, did you mean BLOCKZERO_WALLET_NAME?",
  ]);
});
