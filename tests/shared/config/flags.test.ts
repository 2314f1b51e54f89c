import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { minerSettings } from "#miner/config.js";
import { flagsAmong, loadProgramConfig } from "#shared/cli/config-flags.js";
import { configReference } from "#shared/config/docs.js";
import { addFlags } from "#shared/config/flags.js";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError } from "#shared/errors/error.js";

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

test("a command that reads some of a program's settings takes the program's other flags, and looks at none of them", () => {
  const { batch_size, expert_group } = minerSettings;
  const definition = { batch_size, expert_group };
  const parsed = (...args: string[]) => {
    const command = flagsAmong(
      new Command().option("--device <name>", "its own", "cpu"),
      definition,
      "a miner",
      minerSettings,
    )
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    command.parse(args, { from: "user" });
    const { device, ...flags } = command.opts();
    return { device, help: command.helpInformation(), config: loadProgramConfig(definition, flags, minerSettings) };
  };
  const { device, help, config } = parsed(
    ...["--expert_group", "math", "--batch_size", "8", "--wallet.hotkey", "math"],
    ...["--learning-rate", "-1", "--wandb", "--device", "gpu"],
  );
  assert.deepEqual(config, { batch_size: 8, expert_group: "math" });
  assert.equal(device, "gpu");
  assert.ok(help.includes("--batch_size") && !help.includes("--wallet"));
  assert.throws(() => parsed("--expert_group", "math", "--stake", "1"), /unknown option '--stake'/);
  assert.throws(
    () => parsed("--expert_group", "math", "--batch_size", "0", "--learning_rate", "fast"),
    (thrown) => thrown instanceof BlockZeroError && /^--batch_size: batch_size is 0/.test(thrown.message),
  );
});
