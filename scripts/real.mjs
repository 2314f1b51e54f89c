/**
 * The demonstration with a real pretrained model: `npm run real -- CHECKPOINT [--home DIR] [--facts FILE] [flags of blockzero localnet]`.
 *
 * CHECKPOINT is the folder of a dense Llama or Qwen3 model with its tokenizer; `tests/interop/smollm2.py` makes one of SmolLM2-135M. The model is
 * upcycled to four experts, two for prose and two for the JavaScript of the installed packages, and a localnet of a validator and a miner a group
 * trains it. With `--facts`, a file of JSON Lines, two more experts learn its texts as a third group. Then the audit recomputes every cycle, and the
 * first and the last model each continue a prompt.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DEMONSTRATION, writeDemonstration } from "../dist/localnet/demonstration/demonstration.js";

const PROGRAM = "dist/cli/main.js";
const PROMPT = "Call me";

const own = { home: { type: "string", default: ".blockzero/real" }, facts: { type: "string" } };
const at = process.argv.findIndex((argument) => argument.startsWith("--"));
const end = at === -1 ? process.argv.length : at;
const [checkpoint] = process.argv.slice(2, end);
const { values, tokens } = parseArgs({ args: process.argv.slice(end), options: own, strict: false, tokens: true });
if (checkpoint === undefined || !existsSync(join(checkpoint, "config.json"))) {
  console.error(
    "name the folder of a dense checkpoint: npm run real -- CHECKPOINT; tests/interop/smollm2.py makes one",
  );
  process.exit(2);
}
if (values.facts !== undefined && !existsSync(values.facts)) {
  console.error("name a file of JSON Lines whose rows have a `text`: --facts FILE");
  process.exit(2);
}
const passed = tokens.flatMap(({ kind, rawName, name, value }) =>
  kind === "option" && !(name in own)
    ? [rawName, ...(value === undefined ? [] : [value])]
    : kind === "positional"
      ? [value]
      : [],
);

/** Runs the program, and ends with its status where it fails. */
const blockzero = (...args) => {
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", PROGRAM, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
};

const home = resolve(values.home);
const { template, groups } = writeDemonstration(join(home, "input"), checkpoint, values.facts);
const { groupExperts, routerSteps, training } = DEMONSTRATION;
const subnet = join(home, "localnet");
const result = join(home, "result.json");
blockzero(
  ...["localnet", "--network", template, "--home", subnet, "--json", result],
  ...["--from", checkpoint, "--experts", String(groupExperts * groups.length), "--genesis-steps", String(routerSteps)],
  ...["--validators", "1", "--miners", "1", "--cheater", "none"],
  ...["--batch-size", String(training.batch_size), "--learning-rate", String(training.learning_rate)],
  ...["--block-time", "1000", "--cycles", "4"],
  ...passed,
);
blockzero("audit", "--home", subnet, "--all");

const { genesis, cycles } = JSON.parse(readFileSync(result, "utf8"));
for (const { modelHash } of [genesis, cycles.at(-1)]) {
  const folder = join(home, `model-${modelHash.slice(0, 12)}`);
  blockzero("model", "export", "--home", subnet, "--model", modelHash, "--out", folder, "--dtype", "bfloat16");
  blockzero("generate", "--model", folder, "--prompt", PROMPT, "--seed", "1");
}
