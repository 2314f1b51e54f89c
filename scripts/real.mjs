/**
 * The demonstration with a real pretrained model: `npm run real -- CHECKPOINT [--home DIR] [--facts FILE] [flags of blockzero localnet]`.
 *
 * CHECKPOINT is the folder of a dense Llama or Qwen3 model with its tokenizer; `tests/interop/smollm2.py` makes one of SmolLM2-135M. The model is
 * upcycled to four experts, two for prose and two for the JavaScript of the installed packages, and a localnet of a validator and a miner a group
 * trains it. With `--facts`, a file of JSON Lines, two more experts learn its texts as a third group. Then the audit recomputes every cycle, and the
 * first and the last model each continue a prompt.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parse, stringify } from "yaml";

const PROGRAM = "dist/cli/main.js";
/** Packages whose sources are the code that the group `code` learns. */
const PACKAGES = ["zod", "commander", "yaml", "@noble/curves", "@noble/hashes", "@polkadot/api", "@polkadot/types"];
const [LEAST_BYTES, MOST_BYTES, ALL_BYTES] = [500, 20_000, 4_000_000];
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

/** The packages' sources, one document a file, in the order of their names. */
const codeDocuments = () => {
  const documents = [];
  let total = 0;
  for (const name of PACKAGES) {
    const folder = join("node_modules", name);
    const files = readdirSync(folder, { recursive: true })
      .map(String)
      .filter((file) => /(?<!\.d)\.(js|mjs|ts)$/.test(file));
    for (const file of files.sort()) {
      const text = readFileSync(join(folder, file), "utf8");
      if (text.length < LEAST_BYTES || text.length > MOST_BYTES || total > ALL_BYTES) continue;
      total += text.length;
      documents.push(JSON.stringify({ text }));
    }
  }
  return [...new Set(documents)];
};

const home = resolve(values.home);
const input = join(home, "input");
mkdirSync(input, { recursive: true });
writeFileSync(join(input, "code.jsonl"), `${codeDocuments().join("\n")}\n`);
const template = parse(readFileSync("configs/real/network.yaml", "utf8"));
if (values.facts !== undefined) {
  if (!existsSync(values.facts)) {
    console.error("name a file of JSON Lines whose rows have a `text`: --facts FILE");
    process.exit(2);
  }
  copyFileSync(values.facts, join(input, "facts.jsonl"));
  template.groups.facts = parse(readFileSync("configs/real/facts.yaml", "utf8"));
}
template.data.tokenizer = { path: resolve(checkpoint, "tokenizer.json") };
const config = resolve(checkpoint, "tokenizer_config.json");
if (existsSync(config)) template.data.tokenizer.config = { path: config };
writeFileSync(join(input, "network.yaml"), stringify(template));

/** Two for each group. */
const experts = 2 * Object.keys(template.groups).length;
const subnet = join(home, "localnet");
const result = join(home, "result.json");
blockzero(
  ...["localnet", "--network", join(input, "network.yaml"), "--home", subnet, "--json", result],
  ...["--from", checkpoint, "--experts", String(experts), "--validators", "1", "--miners", "1", "--cheater", "none"],
  ...[
    "--genesis-steps",
    "40",
    "--batch-size",
    "2",
    "--learning-rate",
    "0.0002",
    "--block-time",
    "1000",
    "--cycles",
    "4",
  ],
  ...passed,
);
blockzero("audit", "--home", subnet, "--all");

const { genesis, cycles } = JSON.parse(readFileSync(result, "utf8"));
for (const { modelHash } of [genesis, cycles.at(-1)]) {
  const folder = join(home, `model-${modelHash.slice(0, 12)}`);
  blockzero("model", "export", "--home", subnet, "--model", modelHash, "--out", folder, "--dtype", "bfloat16");
  blockzero("generate", "--model", folder, "--prompt", PROMPT, "--seed", "1");
}
