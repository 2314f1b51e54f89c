import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { codeDocuments } from "./code-documents.js";

/** How the demonstration with a real model makes its first model, and how its miners train. */
export const DEMONSTRATION = {
  /** Experts of every layer that a group owns. */
  groupExperts: 2,
  /** Steps of the routers' training. */
  routerSteps: 40,
  /** What its miners' settings differ in from the localnet's. */
  training: { batch_size: 2, learning_rate: 2e-4 },
} as const;

const NETWORK = "configs/real/network.yaml";
const FACTS = "configs/real/facts.yaml";

/** The network template of a demonstration, and the names of its groups. */
export interface Demonstration {
  readonly template: string;
  readonly groups: readonly string[];
}

/**
 * Writes the demonstration's network template for a checkpoint, with the text of `code` beside it. To be called in the root of the project.
 *
 * @param checkpoint the folder of a dense checkpoint, whose tokenizer it takes
 * @param facts      JSON Lines that a third group learns
 */
export const writeDemonstration = (folder: string, checkpoint: string, facts?: string): Demonstration => {
  ensureFolderSync(folder);
  const code = codeDocuments().map((text) => JSON.stringify({ text }));
  writeFileSync(join(folder, "code.jsonl"), `${code.join("\n")}\n`);
  const template = parse(readFileSync(NETWORK, "utf8"));
  if (facts !== undefined) {
    copyFileSync(facts, join(folder, "facts.jsonl"));
    template.groups.facts = parse(readFileSync(FACTS, "utf8"));
  }
  template.data.tokenizer = { path: resolve(checkpoint, "tokenizer.json") };
  const config = resolve(checkpoint, "tokenizer_config.json");
  if (existsSync(config)) template.data.tokenizer.config = { path: config };
  const file = join(folder, "network.yaml");
  writeFileSync(file, stringify(template));
  return { template: file, groups: Object.keys(template.groups) };
};
