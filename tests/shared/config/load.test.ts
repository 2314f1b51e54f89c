import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { z } from "zod";
import { minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { defineConfig, setting } from "#shared/config/settings.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { temporaryFile } from "./fixtures.js";

const definition = defineConfig({
  learning_rate: setting({ schema: z.number().positive(), default: 3e-5, describe: "Highest learning rate." }),
  expert_group: setting({ schema: z.string().min(1), describe: "The group to train." }),
  wandb: setting({ schema: z.boolean(), default: false, describe: "Send metrics." }),
  "wallet.name": setting({ schema: z.string(), default: "default", describe: "Coldkey." }),
  "wallet.hotkey": setting({ schema: z.string(), default: "default", describe: "Hotkey.", env: "HOTKEY" }),
  behaviour: setting({ schema: z.enum(["honest", "copier"]), default: "honest", describe: "Red team." }),
  "listen.port": setting({ schema: z.int().min(0).max(65535), default: 0, describe: "Port." }),
  network: setting({ schema: z.string().optional(), describe: "Network file." }),
});

const load = (context: TestContext, yaml: string) =>
  loadConfig(definition, { file: temporaryFile(context, "c.yaml", yaml), env: {}, flags: { expert_group: "math" } });

/** The line a user reads, with the temporary folder taken out. */
const lineOf = (context: TestContext, yaml: string, flags = {}, env = {}): string => {
  const file = temporaryFile(context, "c.yaml", yaml);
  try {
    loadConfig(definition, { file, env, flags: { expert_group: "math", ...flags } });
  } catch (thrown) {
    assert.ok(thrown instanceof BlockZeroError, String(thrown));
    return formatError(thrown).replaceAll(`${dirname(file)}/`, "");
  }
  return assert.fail("nothing was thrown");
};

test("flag goes before environment, environment before file, file before default", (context) => {
  const file = temporaryFile(context, "c.yaml", "learning_rate: 0.1\nexpert_group: code\nwallet: {name: filed}\n");
  const env = { BLOCKZERO_LEARNING_RATE: "0.2", BLOCKZERO_WALLET_NAME: "" };
  assert.equal(loadConfig(definition, { file, env, flags: { learning_rate: "0.3" } }).learning_rate, 0.3);
  assert.equal(loadConfig(definition, { file, env, flags: {} }).learning_rate, 0.2);
  assert.equal(loadConfig(definition, { file, env: {}, flags: {} }).learning_rate, 0.1);
  const config = loadConfig(definition, { env: { BLOCKZERO_EXPERT_GROUP: "math" }, flags: {} });
  assert.equal(config.learning_rate, 3e-5);
  assert.equal(loadConfig(definition, { file, env, flags: {} }).wallet.name, "filed", "an empty variable is unset");
});

test("nested, dotted and aliased keys of a file mean the same", (context) => {
  assert.equal(load(context, "wallet:\n  hotkey: h\n").wallet.hotkey, "h");
  assert.equal(load(context, "wallet.hotkey: h\n").wallet.hotkey, "h");
  assert.equal(load(context, "wallet: {name: &n x, hotkey: *n}\n").wallet.hotkey, "x");
  assert.deepEqual(load(context, "wallet:\nnetwork:\n"), load(context, ""), "null is unset");
  assert.deepEqual(load(context, "# only a comment\n"), load(context, "{}\n"));
});

test("a path in a file is relative to the file, another to the current folder", (context) => {
  const yaml =
    "network: net.yaml\nexpert_group: x\nwallet: { path: ~/w }\ncheckpoint_dir: ../state\ndata_path: /data/mine.jsonl\nstore: directory:copy\n";
  const file = temporaryFile(context, "c.yaml", yaml);
  const config = loadConfig(minerSettings, { file, env: {}, flags: {} });
  const folder = dirname(file);
  assert.equal(config.network, join(folder, "net.yaml"));
  assert.equal(config.wallet.path, join(homedir(), "w"));
  assert.equal(config.checkpoint_dir, join(dirname(folder), "state"));
  assert.equal(config.data_path, "/data/mine.jsonl");
  assert.deepEqual(config.store, { kind: "directory", path: join(folder, "copy") });
  const other = loadConfig(minerSettings, {
    file,
    env: { BLOCKZERO_NETWORK: "a.yaml" },
    flags: { checkpoint_dir: "b" },
  });
  assert.deepEqual([other.network, other.checkpoint_dir], ["a.yaml", "b"]);
  assert.equal(loadConfig(minerSettings, { env: {}, flags: { expert_group: "x" } }).checkpoint_dir, "./checkpoints");
});

test("every spelling of a flag and the variable's own name are understood", () => {
  for (const name of ["wallet.hotkey", "wallet-hotkey", "walletHotkey", "wallet_hotkey"]) {
    const config = loadConfig(definition, { env: {}, flags: { expert_group: "math", [name]: "h" } });
    assert.equal(config.wallet.hotkey, "h", name);
  }
  const config = loadConfig(definition, { env: { HOTKEY: "e" }, flags: { expert_group: "math" } });
  assert.equal(config.wallet.hotkey, "e");
});

test("text is read as the setting's type, and only then", () => {
  const flags = { expert_group: "42", wandb: "yes", "listen.port": "8080", learning_rate: "1e-3" };
  const config = loadConfig(definition, { env: {}, flags });
  assert.equal(config.expert_group, "42");
  assert.equal(config.wandb, true);
  assert.equal(config.listen.port, 8080);
  assert.equal(config.learning_rate, 0.001);
  assert.equal(loadConfig(definition, { env: {}, flags: { ...flags, wandb: false } }).wandb, false);
});

test("an unknown key names its line and the nearest known one", (context) => {
  assert.equal(
    lineOf(context, "expert_group: math\nlearning_rte: 1\n"),
    '✖ CONFIG_UNKNOWN_KEY c.yaml:2: unknown key "learning_rte", did you mean "learning_rate"? → write learning_rate, or remove it',
  );
  assert.equal(
    lineOf(context, "wallet:\n  hotky: x\n"),
    '✖ CONFIG_UNKNOWN_KEY c.yaml:2: unknown key "wallet.hotky", did you mean "wallet.hotkey"? → write wallet.hotkey, or remove it',
  );
  assert.equal(
    lineOf(context, "__proto__: {polluted: 1}\n"),
    '✖ CONFIG_UNKNOWN_KEY c.yaml:1: unknown key "__proto__" → remove it; --help lists every key',
  );
  assert.equal(
    lineOf(context, "", { "wallet-nme": "x" }),
    '✖ CONFIG_UNKNOWN_KEY flag: unknown key "wallet-nme", did you mean "wallet.name"? → write wallet.name, or remove it',
  );
});

test("a value out of bounds says what it is, where it came from and what is allowed", (context) => {
  assert.equal(
    lineOf(context, "listen:\n  port: 70000\n"),
    "✖ CONFIG_INVALID_VALUE c.yaml:2: listen.port is 70000, which is not an integer ≥ 0 and ≤ 65535 → give an integer ≥ 0 and ≤ 65535",
  );
  assert.equal(
    lineOf(context, "", {}, { BLOCKZERO_LEARNING_RATE: "fast" }),
    '✖ CONFIG_INVALID_VALUE BLOCKZERO_LEARNING_RATE: learning_rate is "fast", which is not a number > 0 → give a number > 0',
  );
  assert.equal(
    lineOf(context, "", { behaviour: "evil" }),
    '✖ CONFIG_INVALID_VALUE --behaviour: behaviour is "evil", which is not one of honest, copier → give one of honest, copier',
  );
  assert.equal(
    lineOf(context, "wandb: sometimes\n"),
    '✖ CONFIG_INVALID_VALUE c.yaml:1: wandb is "sometimes", which is not true or false → give true or false',
  );
  assert.equal(
    lineOf(context, "wallet: main\n"),
    "✖ CONFIG_INVALID_VALUE c.yaml:1: wallet is a value, but holds wallet.name, wallet.hotkey → write these keys indented below wallet:",
  );
});

test("a required setting that is missing says how to give it", () => {
  assert.throws(
    () => loadConfig(definition, { env: {}, flags: {} }),
    (thrown: BlockZeroError) =>
      formatError(thrown) ===
      "✖ CONFIG_MISSING_KEY expert_group is not set: The group to train. → add expert_group to the file, or give --expert_group or BLOCKZERO_EXPERT_GROUP",
  );
});

test("several faults: all of them, those of the file first and in its order", (context) => {
  assert.equal(
    lineOf(
      context,
      'behaviour: evil\nlearning_rte: 1\nlearning_rate: "fast"\n',
      { "listen.port": -1 },
      { BLOCKZERO_WANDB: "?" },
    ),
    [
      '✖ CONFIG_INVALID_VALUE c.yaml:1: behaviour is "evil", which is not one of honest, copier',
      'c.yaml:2: unknown key "learning_rte", did you mean "learning_rate"?',
      'c.yaml:3: learning_rate is "fast", which is not a number > 0',
      'BLOCKZERO_WANDB: wandb is "?", which is not true or false',
      "--listen.port: listen.port is -1, which is not an integer ≥ 0 and ≤ 65535 → give one of honest, copier; docs/configuration.md says what the others take",
    ].join("; "),
  );
  const many = Array.from({ length: 11 }, (_, i) => `x${i}: 1\n`).join("");
  assert.match(lineOf(context, many), /c\.yaml:8: unknown key "x7"; and 3 more → remove it; --help/);
});

test("broken YAML names line and column", (context) => {
  assert.equal(
    lineOf(context, 'wallet:\n  name: "open\n'),
    `✖ CONFIG_MALFORMED c.yaml:3:1: Missing closing "quote → correct the file's YAML`,
  );
  assert.match(lineOf(context, "seed: 1\nseed: 2\n"), /^✖ CONFIG_MALFORMED c\.yaml:2:1: Map keys must be unique/);
  assert.match(lineOf(context, "wandb: !!js/function x\n"), /^✖ CONFIG_MALFORMED c\.yaml:1:8: Unresolved tag/);
  assert.equal(
    lineOf(context, "- a\n- b\n"),
    "✖ CONFIG_MALFORMED c.yaml:1: not a mapping → write one `key: value` a line",
  );
  assert.equal(
    lineOf(context, "wallet.name: a\nwallet: {name: b}\n"),
    "✖ CONFIG_DUPLICATE_KEY c.yaml:2: wallet.name is given twice → keep one of the two",
  );
});

test("aliases that multiply and files that are too large are refused", (context) => {
  const levels = Array.from({ length: 12 }, (_, i) => `  - &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`);
  const bomb = `network:\n  - &l0 [x]\n${levels.join("\n")}\n`;
  assert.match(lineOf(context, bomb), /^✖ CONFIG_MALFORMED c\.yaml:1: Excessive alias count/);
  assert.match(lineOf(context, `# ${"x".repeat(2 ** 20)}\n`), /^✖ CONFIG_MALFORMED c\.yaml has 1048579 bytes/);
});

test("a device or a pipe is refused before it is read", { timeout: HANG_GUARD }, (context) => {
  const pipe = join(temporaryFolder(context), "pipe");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  for (const file of ["/dev/zero", pipe])
    assert.throws(() => loadConfig(definition, { file, env: {}, flags: {} }), {
      code: "CONFIG_NOT_FOUND",
      message: `cannot read ${file}: not a regular file`,
    });
});

test("a file that is not there", () => {
  assert.throws(
    () => loadConfig(definition, { file: "no-such.yaml", env: {}, flags: {} }),
    (thrown: BlockZeroError) =>
      formatError(thrown) ===
      "✖ CONFIG_NOT_FOUND cannot read no-such.yaml: ENOENT: no such file or directory, open 'no-such.yaml' → check the path: in a file it is relative to that file, elsewhere to the current folder",
  );
});

test("a definition that cannot be told apart is a programming error", () => {
  const one = setting({ schema: z.string(), default: "", describe: "" });
  assert.throws(() => defineConfig({ a_b: one, "a.b": one }), /cannot be told apart/);
  assert.throws(() => defineConfig({ a: one, "a.b": one }), /lies within/);
});

test("a file may hold another program's settings, which are not looked at", (context) => {
  const others = defineConfig({
    "listen.host": setting({ schema: z.string(), describe: "Address." }),
    warmup_steps: setting({ schema: z.int(), describe: "Steps." }),
  });
  const read = (yaml: string) => {
    const file = temporaryFile(context, "c.yaml", yaml);
    return loadConfig(definition, { file, others, env: {}, flags: { expert_group: "math" } });
  };
  const config = read("listen: {host: [], port: 7}\nwarmup_steps: many\nwandb: true\n");
  assert.deepEqual([config.listen, config.wandb, "warmup_steps" in config], [{ port: 7 }, true, false]);
  assert.throws(() => read("warmup_step: 1\n"), {
    code: "CONFIG_UNKNOWN_KEY",
    hint: "write warmup_steps, or remove it",
  });
});
