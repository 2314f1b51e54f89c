import { type Command, Option } from "commander";
import { checkData, type DataCheck } from "#owner/pack/check.js";
import { type GroupTexts, groupTexts } from "#owner/pack/group-texts.js";
import { readPackSettings } from "#owner/pack/read-settings.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import type { Network } from "#shared/protocol/network.js";
import { blobFolders } from "#shared/subnet/blob-folders.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { subnetWithTexts } from "#shared/subnet/texts.js";
import { createLogger } from "#shared/telemetry/logger.js";
import {
  type CheckpointOptions,
  checkpointOptions,
  checkTemplateOptions,
  withNetwork,
} from "../../genesis/template-of.js";
import { locationFrom, type SubnetOptions, subnetOptions } from "../../subnet-options.js";

interface Options extends SubnetOptions, CheckpointOptions {
  readonly network?: string;
  readonly group: string;
  readonly config?: string;
  readonly field?: string;
  readonly json?: boolean;
}

export const check: CommandSpec = {
  name: "check",
  description:
    "look at a miner's own text: duplicates, what filters would leave out, tokens, and what the group has of it already",
  examples: [
    "blockzero data check mine.jsonl.gz --group prose --home checkpoints --chain wss://entrypoint-finney.opentensor.ai:443 --netuid 1",
    "blockzero data check mine.jsonl.gz --group prose --network template.yaml",
  ],
  define: (command) => {
    subnetOptions(
      checkpointOptions(command)
        .argument("<file>", "a file of documents, or a folder of them")
        .requiredOption("--group <name>", "the expert group that is to learn from it")
        .addOption(
          new Option(
            "--network <file>",
            "network template or file, whose sources have paths here or come with the toolkit; unset: the subnet's own, whose files are in the home or served",
          ).conflicts(["home", "chain", "netuid"]),
        )
        .option("--config <file>", "YAML with the settings of docs/data.md")
        .option("--field <name>", "field of a row that has the text; unset: text"),
    )
      .option(...JSON_FLAG)
      .action(async (file: string, options: Options, own: Command) => {
        const { network } = options;
        checkTemplateOptions(network === undefined ? [] : [network], options, own);
        const found = await run(file, options, shutdownSignal());
        if (options.json) printJson(found);
        else print(found);
      });
  },
};

/** What a text is like, and of which part of the group's packs its overlap is told. */
interface Checked extends DataCheck {
  readonly trainingShards: GroupTexts["shards"];
}

const run = async (path: string, options: Options, signal: AbortSignal): Promise<Checked> => {
  const { network: file } = options;
  if (file !== undefined)
    return withNetwork(file, options, signal, (network) => checkAgainst(network, { path, options, signal }));
  const location = locationFrom(options);
  const log = createLogger({ name: "check", level: "warn", format: "pretty" });
  const subnet = await openSubnet({ ...location, log, signal });
  try {
    const { source } = await subnetWithTexts(subnet);
    const folders = location.home === undefined ? [] : blobFolders(location.home);
    return await checkAgainst(source.network, { path, options, folders, signal });
  } finally {
    await subnet.close();
  }
};

interface Checking {
  readonly path: string;
  readonly options: Options;
  readonly folders?: readonly string[];
  readonly signal: AbortSignal;
}

const checkAgainst = async (
  network: Pick<Network, "groups" | "data">,
  { path, options: { group, config, field }, folders, signal }: Checking,
): Promise<Checked> => {
  const tokenizer = openTokenizer(network.data);
  const { sources, shards } = groupTexts(network, group, { tokenizer, folders });
  const settings = readPackSettings(config, { field });
  const { held_out: heldOut } = network.data;
  const checked = await checkData({ path, settings, tokenizer, group: sources, heldOut, signal });
  return { ...checked, trainingShards: shards };
};

const print = (checked: Checked): void => {
  const { tally, exactDuplicates, nearDuplicates, documents, tokens, bytes, overlap, trainingShards } = checked;
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
    ...(trainingShards && {
      "training shards compared with": `${count(trainingShards.seen)} of ${count(trainingShards.all)}`,
    }),
  });
  console.log("\nwhich group fits it: blockzero-miner affinity --data FILE");
};
