import type { Metagraph, Neuron } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/index.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { columns } from "#shared/cli/table.js";
import { addFlags } from "#shared/config/flags.js";
import { subnetSettings } from "../settings.js";

const UNIT = 1e9;

interface Options {
  readonly block?: number;
  readonly json?: boolean;
}

export const metagraph: CommandSpec = {
  name: "metagraph",
  description: "show a subnet's neurons: stake, permits, what the last epoch made of them",
  examples: ["blockzero metagraph --netuid 1", "blockzero metagraph --chain_endpoint finney --netuid 1 --json"],
  define: (command) => {
    addFlags(command, subnetSettings)
      .option("--block <n>", "as it was after this block", wholeNumber(0))
      .option("--json", "print one JSON object; amounts are decimal digits of the smallest unit")
      .action(async ({ block, json = false, ...options }: Options) => {
        const { chain_endpoint: endpoint, netuid } = settingsAmong(subnetSettings, options);
        const chain = await connectChain({ endpoint, signal: shutdownSignal() });
        try {
          const found = await chain.metagraph(netuid, block);
          if (json)
            console.log(
              JSON.stringify(found, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
            );
          else for (const line of lines(found)) console.log(line);
        } finally {
          await chain.close();
        }
      });
  },
};

const HEADING = ["UID", "STAKE", "RANK", "TRUST", "CONSENSUS", "INCENTIVE", "DIVIDENDS", "EMISSION", "VTRUST"];
const REST = ["VALIDATOR", "UPDATED", "ACTIVE", "AXON", "HOTKEY", "COLDKEY"];

/** As `btcli` has it; shares to five places, amounts in tokens, `updated` in blocks ago. */
const lines = ({ netuid, block, ownerHotkey, neurons }: Metagraph): readonly string[] => {
  const total = neurons.reduce((sum, { stake }) => sum + stake, 0n);
  return [
    `subnet ${netuid} at block ${block}: ${neurons.length} neurons, stake ${tokensOf(total, 3)}, owner ${ownerHotkey}`,
    "",
    ...columns([[...HEADING, ...REST], ...neurons.map((neuron) => row(neuron, block))]),
  ];
};

const row = (neuron: Neuron, block: number): readonly string[] => [
  String(neuron.uid),
  tokensOf(neuron.stake, 3),
  ...[neuron.rank, neuron.trust, neuron.consensus, neuron.incentive, neuron.dividends].map((share) => share.toFixed(5)),
  tokensOf(neuron.emission, 5),
  neuron.validatorTrust.toFixed(5),
  neuron.validatorPermit ? "*" : "",
  String(block - neuron.lastUpdate),
  neuron.active ? "yes" : "no",
  addressOf(neuron.axon),
  neuron.hotkey,
  neuron.coldkey,
];

const addressOf = (axon: Neuron["axon"]): string =>
  axon === null ? "none" : axon.ip.includes(":") ? `[${axon.ip}]:${axon.port}` : `${axon.ip}:${axon.port}`;

const tokensOf = (amount: bigint, digits: number): string => (Number(amount) / UNIT).toFixed(digits);
