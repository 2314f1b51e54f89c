import { existsSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { Document, visit } from "yaml";
import { builtInKinds } from "#datasets/index.js";
import { openTokens } from "#datasets/tokens.js";
import { type Relevance, type SuggestedGroup, suggestGroups } from "#owner/groups/suggest-groups.js";
import { type HeatMap, heatMapLines } from "#shared/cli/heat-map.js";
import { heatMapPage } from "#shared/cli/heat-map-page.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { share, wholeNumber } from "#shared/cli/numbers.js";
import { type CommandGroup, type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { batchRows } from "#shared/data/batch-rows.js";
import { trainingLoader } from "#shared/data/loader.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { checkVocabulary } from "#shared/data/vocabulary.js";
import type { TokenRow } from "#shared/evaluation/routing-meter.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { mapCheckpoint } from "#shared/model/checkpoint.js";
import { isPackFolder } from "#shared/packs/pack-folder.js";
import type { DataSource } from "#shared/protocol/data-source.js";
import { groupName } from "#shared/protocol/expert-group.js";
import type { Network } from "#shared/protocol/network.js";
import { mean } from "#shared/util/mean.js";

interface Options {
  readonly from: string;
  readonly corpus: readonly Corpus[];
  readonly tokens: number;
  readonly sequenceLength: number;
  readonly by: "gate" | "selected";
  readonly threshold: number;
  readonly heldOut: number;
  readonly seed: number;
  readonly threads: number;
  readonly html?: string;
  readonly json?: boolean;
}

interface Corpus {
  readonly name: string;
  readonly source: Omit<DataSource, "weight">;
}

/** Windows that go through the model at once. */
const BATCH = 4;

const suggest: CommandSpec = {
  name: "suggest",
  description:
    "make expert groups from corpora by how much each uses a model's experts (ESFT): prints the `groups` of a network template, and a heat map",
  examples: [
    "blockzero groups suggest --from Qwen3-MoE --corpus prose=books.jsonl --corpus code=code.jsonl",
    "blockzero groups suggest --from Qwen3-MoE --corpus prose=moby-dick --corpus math=arithmetic --by gate --threshold 0.1 --html experts.html",
  ],
  define: (command) => {
    command
      .requiredOption("--from <dir>", "a checkpoint of Hugging Face transformers")
      .requiredOption(
        "--corpus <name=source>",
        `a group's name, and a jsonl file, a pack's folder or one of ${builtInKinds.join(", ")}; once for each group`,
        addCorpus,
      )
      .option("--tokens <n>", "tokens of each corpus that are read", wholeNumber(1), 16_384)
      .option("--sequence-length <n>", "tokens of a window", wholeNumber(1), 256)
      .addOption(
        new Option("--by <measure>", "what relevance is: the share of a token's choices, or of its gate's weight")
          .choices(["selected", "gate"])
          .default("selected"),
      )
      .option(
        "--threshold <share>",
        "relevance of each layer that a group's experts come to, where they can",
        share,
        0.2,
      )
      .option(
        "--held-out <share>",
        "part of the documents that is not looked at, as `data.held_out` will say",
        share,
        0.1,
      )
      .option("--seed <n>", "seed of the windows", wholeNumber(0), 1)
      .option("--threads <n>", "processor threads; 0 takes all", wholeNumber(0, 1024), 0)
      .option("--html <file>", "write the heat maps as one page")
      .option(...JSON_FLAG)
      .action((options: Options) => run(options, shutdownSignal()));
  },
};

export const groups: CommandGroup = {
  name: "groups",
  description: "expert groups of a model",
  commands: [suggest],
};

const run = async (options: Options, signal: AbortSignal): Promise<void> => {
  const { corpus: corpora, by, threshold, json, html } = options;
  const measured = await relevanceOf(options, signal);
  const relevance = new Map(corpora.map(({ name }) => [name, measured.of.get(name)!]));
  const suggested = suggestGroups(relevance, threshold);
  const maps = mapsOf(relevance, suggested, measured.layers);
  const groupsOf = Object.fromEntries(
    corpora.map(({ name, source }) => {
      const ids = suggested.get(name)!.experts.map((experts, i) => [measured.layers[i], experts] as const);
      return [name, { experts: Object.fromEntries(ids), data: [source] }];
    }),
  );
  const coverage = Object.fromEntries([...suggested].map(([name, { covered }]) => [name, covered]));
  if (json)
    printJson({
      by,
      threshold,
      groups: groupsOf,
      layers: measured.layers,
      coverage,
      relevance: Object.fromEntries(relevance),
    });
  else {
    console.log(templateLines({ groups: groupsOf }));
    for (const map of maps) for (const line of heatMapLines(map)) console.log(`# ${line}`);
    for (const [name, { covered }] of suggested)
      console.log(
        `# ${name}: its experts have ${percent(mean(covered))} of its relevance, least ${percent(Math.min(...covered))}`,
      );
  }
  // What was measured is said first, whatever becomes of the page.
  if (html !== undefined) writeFileAtomic(html, heatMapPage("Experts by corpus", maps));
};

/** YAML with a line a layer. */
const templateLines = (block: object): string => {
  const document = new Document(block);
  visit(document, {
    Seq: (_, list) => {
      list.flow = typeof list.get(0) === "number";
    },
  });
  return document.toString({ flowCollectionPadding: false }).trimEnd();
};

const relevanceOf = async (
  { from, corpus, tokens, sequenceLength, by, heldOut, seed, threads }: Options,
  signal: AbortSignal,
): Promise<{ readonly layers: readonly number[]; readonly of: ReadonlyMap<string, Relevance> }> => {
  // Loaded only now, so that a wrong option is told at once.
  const { onnxCpu } = await import("#shared/engine/runtime/onnx-cpu.js");
  const { heldIfItFits } = await import("#shared/evaluation/evaluation-memory.js");
  const { createRoutingMeter, meanRelevance, measureEach } = await import("#shared/evaluation/routing-meter.js");
  const { config, model } = await mapCheckpoint(from);
  const length = Math.min(sequenceLength, config.max_position_embeddings);
  const data = { tokenizer: tokenizerOf(from) };
  checkVocabulary({ model: config, data });
  const tokenizer = openTokenizer(data);
  const rowsIn = ({ name, source }: Corpus): readonly TokenRow[] => {
    const loader = trainingLoader({
      sources: [{ source: openTokens(source, tokenizer, { side: "training" }), weight: 1 }],
      tokenizer,
      sequenceLength: length,
      batchSize: BATCH,
      heldOut,
      seed: `${seed}/${name}`,
    });
    const rows: TokenRow[] = [];
    while (rows.length * length < tokens) {
      signal.throwIfAborted();
      rows.push(...batchRows(loader.next()));
    }
    return rows;
  };
  const meter = createRoutingMeter(onnxCpu({ threads }), config, {
    batchSize: BATCH,
    sequenceLength: length,
    model: () => heldIfItFits(model),
    signal,
  });
  try {
    const measured = await measureEach(meter, corpus.map(rowsIn));
    const of = corpus.map(({ name }, i): [string, Relevance] => [name, meanRelevance(measured[i]!, by)]);
    return { layers: meter.layers, of: new Map(of) };
  } finally {
    await meter.dispose();
  }
};

/** The checkpoint's own, where it has one. */
const tokenizerOf = (dir: string): Network["data"]["tokenizer"] => {
  const path = join(dir, "tokenizer.json");
  const config = join(dir, "tokenizer_config.json");
  if (!existsSync(path)) return "byte";
  return { path, ...(existsSync(config) && { config: { path: config } }) };
};

const mapsOf = (
  relevance: ReadonlyMap<string, Relevance>,
  suggested: ReadonlyMap<string, SuggestedGroup>,
  layers: readonly number[],
): readonly HeatMap[] => {
  const owner = (layer: number, expert: number) =>
    [...suggested].find(([, { experts }]) => experts[layer]!.includes(expert))?.[0] ?? "";
  return [...relevance].map(([title, values]) => ({
    title,
    rows: layers.map(String),
    values,
    marks: values.map((row, layer) => row.map((_, expert) => owner(layer, expert))),
  }));
};

const addCorpus = (text: string, before: readonly Corpus[] = []): readonly Corpus[] => {
  const at = text.indexOf("=");
  const name = text.slice(0, at);
  const where = text.slice(at + 1);
  if (at < 1 || where === "") throw new InvalidArgumentError("It must be name=file.jsonl.");
  if (!groupName.safeParse(name).success) throw new InvalidArgumentError("A group's name is 1–12 of a–z, 0–9, -.");
  if (before.some((other) => other.name === name)) throw new InvalidArgumentError("The name stands twice.");
  if (builtInKinds.includes(where)) return [...before, { name, source: { kind: where } }];
  return [...before, { name, source: { kind: isPackFolder(where) ? "pack" : "jsonl", path: where } }];
};

const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;
