import { timeOfRound } from "#shared/chain/timelock/beacon.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { checkPinned } from "#shared/config/check-network.js";
import { loadNetwork, networkDifferences } from "#shared/config/load-network.js";
import { pinnedTexts } from "#shared/data/pinned-text.js";
import { type Network, networkHash } from "#shared/protocol/network.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { roundOf } from "#shared/protocol/sealed-text.js";
import { changeOf } from "#shared/protocol/succession.js";
import { beaconOf } from "#shared/replay/evaluation-text.js";
import { shown } from "../network-change.js";
import { checkNetwork, isTemplate, loadNetworkTemplate, type NetworkTemplate } from "../network-template.js";
import { printFields } from "../print.js";

const check: CommandSpec = {
  name: "check",
  description: "check a network file or template, and say what it decides",
  examples: ["blockzero network check configs/localnet/network.yaml", "blockzero network check genesis/network.yaml"],
  define: (command) => {
    command.argument("<file>", "network file or template").action((file: string) => {
      const network = load(file);
      printFields({
        network: network.name,
        ...("genesis" in network
          ? { hash: networkHash(network), genesis: network.genesis }
          : { hash: "none yet: a template, until `blockzero genesis` makes its model" }),
        netuid: network.netuid,
        cycle: `${cycleLength(network.phases)} blocks`,
        groups: Object.keys(network.groups).join(", "),
        ...textsOf(network),
        ...sealedUntil(network),
      });
    });
  },
};

/** Every file of documents by its content, and whether it was looked at. */
const textsOf = (network: NetworkTemplate): Readonly<Record<string, string>> =>
  Object.fromEntries(
    pinnedTexts(network).map(({ group, sha256, bytes, path }) => [
      `text ${group}`,
      `${sha256}, ${bytes} bytes, ${path === undefined ? "fetched by this hash" : `as in ${path}`}`,
    ]),
  );

const DIFFERENT = 1;

const diff: CommandSpec = {
  name: "diff",
  description: "list the fields in which two network files or templates differ; like diff, exit status 1 says they do",
  examples: [
    "blockzero network diff mine.yaml published.yaml",
    "blockzero network diff mine.yaml published.yaml --json",
  ],
  define: (command) => {
    command
      .argument("<a>", "network file or template")
      .argument("<b>", "network file or template")
      .option(...JSON_FLAG)
      .action((a: string, b: string, { json = false }: { readonly json?: boolean }) => {
        const [left, right] = [load(a), load(b)];
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

/** Until when each group that is evaluated on sealed text has some. */
const sealedUntil = ({ groups }: NetworkTemplate): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(groups).flatMap(([name, { sealed }]) =>
      sealed
        ? [
            [
              `sealed ${name}`,
              `until ${new Date(timeOfRound(roundOf(sealed, sealed.envelopes - 1), beaconOf(sealed))).toISOString()}`,
            ],
          ]
        : [],
    ),
  );

const load = (file: string): Network | NetworkTemplate => {
  if (isTemplate(file)) return loadNetworkTemplate(file);
  const network = loadNetwork(file);
  checkNetwork(network);
  checkPinned(network);
  return network;
};
