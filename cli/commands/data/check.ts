import { openTokens } from "#datasets/tokens.js";
import { isTemplate, loadNetworkTemplate } from "#owner/network/network-template.js";
import { checkData, type DataCheck } from "#owner/pack/check.js";
import { readPackSettings } from "#owner/pack/read-settings.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { loadNetwork } from "#shared/config/load-network.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";

interface Options {
  readonly network: string;
  readonly group: string;
  readonly config?: string;
  readonly field?: string;
  readonly json?: boolean;
}

export const check: CommandSpec = {
  name: "check",
  description:
    "look at a miner's own text: duplicates, what filters would leave out, tokens, and what the group has of it already",
  examples: ["blockzero data check mine.jsonl.gz --network network.yaml --group prose"],
  define: (command) => {
    command
      .argument("<file>", "a file of documents, or a folder of them")
      .requiredOption(
        "--network <file>",
        "network template or file, whose sources have paths here or come with the toolkit",
      )
      .requiredOption("--group <name>", "the expert group that is to learn from it")
      .option("--config <file>", "YAML with the settings of docs/data.md")
      .option("--field <name>", "field of a row that has the text; unset: text")
      .option(...JSON_FLAG)
      .action(async (file: string, options: Options) => {
        const found = await run(file, options, shutdownSignal());
        if (options.json) printJson(found);
        else print(found);
      });
  },
};

const run = async (path: string, { network: file, group, config, field }: Options, signal: AbortSignal) => {
  const { groups, data } = isTemplate(file) ? loadNetworkTemplate(file) : loadNetwork(file);
  const sources = groups[group]?.data;
  if (!sources)
    throw new BlockZeroError(
      "GROUP_UNKNOWN",
      `${file} has no group "${group}"`,
      `name one of ${Object.keys(groups).join(", ")}`,
    );
  const tokenizer = openTokenizer(data);
  const uses = [{ side: "training" }, { side: "held-out" }] as const;
  return checkData({
    path,
    settings: readPackSettings(config, { field }),
    tokenizer,
    group: sources.flatMap((source) =>
      // A pack is opened a side at a time; any other source has both.
      source.kind === "pack"
        ? uses.map((use) => openTokens(source, tokenizer, use))
        : [openTokens(source, tokenizer, uses[0])],
    ),
    heldOut: data.held_out,
    signal,
  });
};

const print = ({ tally, exactDuplicates, nearDuplicates, documents, tokens, bytes, overlap }: DataCheck): void => {
  const count = (value: number): string => value.toLocaleString("en-US");
  const dropped = Object.entries(tally.left).flatMap(([stage, reasons]) =>
    Object.entries(reasons).map(([reason, { rows }]) => [`${stage}: ${reason}`, count(rows)] as const),
  );
  printFields({
    rows: count(tally.rows),
    ...Object.fromEntries(dropped),
    "the same text again": count(exactDuplicates),
    "much the same text again": count(nearDuplicates),
    documents: count(documents),
    tokens: `${count(tokens)}, ${(bytes / 1e6).toFixed(1)} MB of text`,
    "shares text with the group's training part": count(overlap.training),
    "shares text with its held-out part": count(overlap["held-out"]),
  });
  console.log("\nwhich group fits it: blockzero-miner affinity --data FILE");
};
