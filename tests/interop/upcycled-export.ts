/**
 * What transformers and lm-eval make of the export of an upcycled model: genesis makes experts of dense checkpoints, `blockzero model export` writes
 * the model of cycle 0, and transformers must load it without a tensor missing or unknown, and find the loss that `blockzero eval` finds.
 *
 *     node dist/tests/interop/upcycled-export.js venv/bin/python [CHECKPOINT]
 *
 * with torch, transformers and `lm_eval[hf]` in the virtual environment. Small Llama and Qwen3 models of random weights are tried, or instead the
 * dense checkpoint that is named, with its own tokenizer. Exits with 1 where the losses differ by more than 1e-4 of themselves.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { z } from "zod";
import { openMobyDick } from "#datasets/moby-dick.js";
import { createRandom } from "#shared/data/random.js";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { initialParameters } from "#shared/model/init.js";
import { modelConfigSchema } from "#shared/protocol/model-config.js";
import { run } from "#tests/programs/process.js";
import { smallNetwork } from "#tests/programs/small-network.js";

const script = (name: string): string => fileURLToPath(new URL(`../../../tests/interop/${name}`, import.meta.url));

const [python = "python3", checkpoint] = process.argv.slice(2);
const WINDOW = 32;
const TEXT_CHARS = 1500;

/** What `families.py --check` prints. */
const loadedSchema = z.object({
  class: z.string(),
  missing_keys: z.array(z.string()),
  unexpected_keys: z.array(z.string()),
  parameters: z.number(),
});

/** A group of two experts each. */
const GROUPS = {
  math: { ...smallNetwork.groups.math, experts: [0, 1] },
  prose: { ...smallNetwork.groups.prose, experts: [2, 3] },
};

/** Writes a small dense model whose weights are far from uniform. */
const writeDense = async (dir: string, type: "llama" | "qwen3"): Promise<void> => {
  const { num_experts: _, num_experts_per_tok: __, moe_intermediate_size: width, ...shape } = smallNetwork.model;
  const config = modelConfigSchema.parse({
    ...shape,
    model_type: type,
    intermediate_size: width,
    num_hidden_layers: 2,
    max_position_embeddings: 2 * WINDOW,
    num_experts: 0,
    num_experts_per_tok: 0,
    moe_intermediate_size: 0,
    norm_topk_prob: false,
    ...(type === "qwen3" && { attention_bias: true, tie_word_embeddings: false }),
  });
  const parameters = initialParameters(config, createRandom(type));
  const loud = Object.entries(parameters).map(([name, { data, shape, dtype }]) => [
    name,
    { dtype, shape, data: shape.length === 1 ? data : data.map((weight) => 12 * weight) },
  ]);
  await writeCheckpoint(dir, config, Object.fromEntries(loud));
};

const fail = (what: string): never => {
  console.error(`✖ ${what}`);
  process.exit(1);
};

const blockzero = async (cwd: string, ...args: readonly string[]): Promise<string> => {
  const { status, stdout, stderr } = await run("blockzero", args, { cwd });
  return status === 0 ? stdout : fail(`blockzero ${args.join(" ")}: ${stderr}`);
};

const pythonSays = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(python, args, {
    encoding: "utf8",
    env: { ...process.env, HF_HUB_OFFLINE: "1", HF_DATASETS_OFFLINE: "1", TRANSFORMERS_VERBOSITY: "error" },
    maxBuffer: 2 ** 28,
  });
  return status === 0 ? stdout.trim().split("\n").at(-1)! : fail(stderr);
};

const folder = mkdtempSync(join(tmpdir(), "blockzero-upcycled-"));
try {
  const text = join(folder, "text.txt");
  writeFileSync(text, openMobyDick().document(1).slice(0, TEXT_CHARS));
  const cases: { readonly name: string; readonly from: string; readonly tokenizer: unknown }[] = [];
  if (checkpoint === undefined)
    for (const type of ["llama", "qwen3"] as const) {
      const from = join(folder, `${type}-dense`);
      await writeDense(from, type);
      cases.push({ name: type, from, tokenizer: "byte" });
    }
  else {
    const [path, config] = ["tokenizer.json", "tokenizer_config.json"].map((name) => resolve(checkpoint, name));
    const tokenizer = { path, ...(existsSync(config!) && { config: { path: config } }) };
    cases.push({ name: checkpoint, from: resolve(checkpoint), tokenizer });
  }
  for (const { name, from, tokenizer } of cases) {
    const at = (what: string): string => join(folder, `${what}-${cases.length === 1 ? "checkpoint" : name}`);
    const template = at("template.yaml");
    const data = { ...smallNetwork.data, tokenizer };
    writeFileSync(template, stringify({ ...smallNetwork, model: "from-checkpoint", groups: GROUPS, data }));
    const [genesis, exported, ours] = [at("genesis"), at("exported"), at("ours.json")];
    // Two steps teach routers nothing, which genesis would refuse.
    const how = ["--experts", "4", "--experts-per-token", "2", "--steps", "2", "--batch-size", "2", "--force"];
    await blockzero(folder, "genesis", "--network", template, "--from", from, ...how, "--out", genesis);
    await blockzero(folder, "model", "export", "--home", genesis, "--out", exported);
    writeFileSync(
      ours,
      await blockzero(folder, "eval", "--model", exported, "--text", text, "--window", String(WINDOW), "--json"),
    );
    const loaded = loadedSchema.parse(JSON.parse(pythonSays(script("families.py"), "--check", exported)));
    if (loaded.missing_keys.length + loaded.unexpected_keys.length > 0) fail(`${name}: ${JSON.stringify(loaded)}`);
    const said = pythonSays(script("export.py"), exported, text, ours);
    console.log(`✔ ${name}: ${loaded.class}, ${loaded.parameters.toLocaleString("en-US")} parameters, ${said}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
