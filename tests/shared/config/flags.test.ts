import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { minerSettings } from "#miner/config.js";
import { configReference } from "#shared/config/docs.js";
import { addFlags } from "#shared/config/flags.js";
import { loadConfig } from "#shared/config/load.js";

const parse = (...args: string[]) => {
  const command = addFlags(new Command(), minerSettings)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(args, { from: "user" });
  return loadConfig(minerSettings, { env: {}, flags: command.opts() });
};

test("flags parsed by commander reach the configuration in both spellings", () => {
  const config = parse("--expert-group", "math", "--wallet.hotkey", "a", "--wandb", "--learning_rate", "0.01");
  assert.equal(config.expert_group, "math");
  assert.equal(config.wallet.hotkey, "a");
  assert.equal(config.wandb, true);
  assert.equal(config.learning_rate, 0.01);
  const other = parse(
    "--expert_group",
    "code",
    "--wallet-hotkey",
    "b",
    "--wandb",
    "false",
    "--listen-public-url",
    "https://a.b",
  );
  assert.equal(other.listen.public_url, "https://a.b");
  assert.equal(other.wallet.hotkey, "b");
  assert.equal(other.wandb, false);
});

test("the reference has a row for every setting", () => {
  const rows = configReference(minerSettings).trimEnd().split("\n");
  assert.equal(rows.length, Object.keys(minerSettings).length + 2);
  assert.equal(
    rows.find((row) => row.includes("`batch_size`")),
    "| `batch_size` | an integer ≥ 1 | `4` | `BLOCKZERO_BATCH_SIZE` | Sequences in a forward pass. |",
  );
  assert.match(rows.find((row) => row.includes("`expert_group`")) ?? "", /\| required \|/);
  assert.match(rows.find((row) => row.includes("`listen.public_url`")) ?? "", /\| unset \|/);
});
