import type { Command } from "commander";
import { shown } from "#owner/network/network-change.js";
import { factLines, factsOf } from "#owner/network/network-facts.js";
import { checkWorkable } from "#owner/network/network-limits.js";
import {
  checkNetwork,
  isTemplate,
  loadNetworkTemplate,
  type NetworkTemplate,
} from "#owner/network/network-template.js";
import { drandBeacon, timeOfRound } from "#shared/chain/timelock/beacon.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { positiveNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandGroup, type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { checkPinned } from "#shared/config/check-network.js";
import { loadNetwork, networkDifferences } from "#shared/config/load-network.js";
import { wholeModelBytes } from "#shared/evaluation/evaluation-memory.js";
import type { Network } from "#shared/protocol/network.js";
import { roundOf } from "#shared/protocol/sealed-text.js";
import { SUBTENSOR_BLOCK_SECONDS } from "#shared/protocol/subtensor-pace.js";
import { changeOf } from "#shared/protocol/succession.js";
import {
  type CheckpointOptions,
  checkpointOptions,
  checkTemplateOptions,
  type Described,
  withCheckpoint,
  withTemplate,
} from "../genesis/template-of.js";

interface CheckOptions extends CheckpointOptions {
  readonly blockTime: number;
  readonly json?: boolean;
}

const check: CommandSpec = {
  name: "check",
  description: "check that a network file or template can work, and say what it decides",
  examples: [
    "blockzero network check configs/localnet/network.yaml",
    "blockzero network check genesis/network.yaml --json",
    "blockzero network check my-network.yaml --from hf://allenai/OLMoE-1B-7B-0924@main",
  ],
  define: (command) => {
    checkpointOptions(command)
      .argument("<file>", "network file or template")
      .option("--block-time <seconds>", "how long the chain takes for a block", positiveNumber, SUBTENSOR_BLOCK_SECONDS)
      .option(...JSON_FLAG)
      .action(async (file: string, options: CheckOptions, own: Command) => {
        checkTemplateOptions([file], options, own);
        const say = (network: Network | NetworkTemplate) => printFacts(network, options);
        return isTemplate(file) ? withTemplate(file, options, shutdownSignal(), say) : say(load(file));
      });
  },
};

/** @throws BlockZeroError NETWORK_UNWORKABLE */
const printFacts = (network: Network | NetworkTemplate, { blockTime, json = false }: CheckOptions): void => {
  const facts = factsOf(network, blockTime);
  checkWorkable(network, facts);
  const sealed = sealedUntil(network);
  const judgedWholeFrom = wholeModelBytes(network);
  if (json) {
    printJson({ ...facts, judgedWholeFrom, sealedUntil: sealed });
    return;
  }
  const until = Object.entries(sealed).map(([group, time]) => [`sealed ${group}`, `until ${time}`]);
  printFields({ ...factLines(facts), judged: judgedLine(judgedWholeFrom), ...Object.fromEntries(until) });
};

interface DiffOptions extends CheckpointOptions {
  readonly json?: boolean;
}

const DIFFERENT = 1;

const diff: CommandSpec = {
  name: "diff",
  description: "list the fields in which two network files or templates differ; like diff, exit status 1 says they do",
  examples: [
    "blockzero network diff mine.yaml published.yaml",
    "blockzero network diff mine.yaml published.yaml --json",
    "blockzero network diff template.yaml genesis/network.yaml --from hf://allenai/OLMoE-1B-7B-0924@main",
  ],
  define: (command) => {
    checkpointOptions(command)
      .argument("<a>", "network file or template")
      .argument("<b>", "network file or template")
      .option(...JSON_FLAG)
      .action(async (a: string, b: string, options: DiffOptions, own: Command) => {
        const { json = false } = options;
        checkTemplateOptions([a, b], options, own);
        const [left, right] = await withCheckpoint(options, shutdownSignal(), (checkpoint) => [
          load(a, checkpoint),
          load(b, checkpoint),
        ]);
        const differences = networkDifferences(left, right);
        const isChange = differences.length > 0 && "genesis" in left && "genesis" in right;
        const change = isChange ? changeOf(left, right) : null;
        if (differences.length > 0) process.exitCode = DIFFERENT;
        if (json) return printJson({ differences, change });
        for (const { field, left, right } of differences) console.log(`${field}: ${shown(left)} → ${shown(right)}`);
        if (differences.length === 0) console.log("no difference");
        if (change !== null) for (const line of effectLines(change)) console.log(line);
      });
  },
};

/** What publishing the second in the place of the first would do. */
const effectLines = (change: ReturnType<typeof changeOf>): readonly string[] =>
  change.effect === "keeps"
    ? ["published, this change keeps the model: everybody goes over in a cycle that `blockzero publish` names"]
    : ["published, this change resets the model to genesis:", ...change.reasons.map((reason) => `  ${reason}`)];

export const network: CommandGroup = {
  name: "network",
  description: "check and compare network files",
  commands: [check, diff],
};

/** How validators measure a model. @param bytes of evaluation's memory that all of it takes */
const judgedLine = (bytes: number): string => {
  const gib = Math.ceil((bytes / 2 ** 30) * 10) / 10;
  return `whole by validators with ${gib} GiB for evaluation, layer by layer by others`;
};

/** Until when each group that is evaluated on sealed text has some. */
const sealedUntil = ({ groups }: NetworkTemplate): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(groups).flatMap(([name, { sealed }]) =>
      sealed
        ? [
            [
              name,
              new Date(timeOfRound(roundOf(sealed, sealed.envelopes - 1), drandBeacon(sealed.beacon))).toISOString(),
            ],
          ]
        : [],
    ),
  );

/** @param checkpoint that a template's model may be @throws what reading the file throws */
const load = (file: string, checkpoint?: Described): Network | NetworkTemplate => {
  if (isTemplate(file)) return loadNetworkTemplate(file, checkpoint?.model, checkpoint?.tokenizer);
  const network = loadNetwork(file);
  checkNetwork(network);
  checkPinned(network);
  return network;
};
