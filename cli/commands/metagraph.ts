import { createBlobClient } from "#shared/blobs/blob-client.js";
import type { Chain, Metagraph, Neuron } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_AMOUNTS_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { columns } from "#shared/cli/table.js";
import { readEntrants } from "#shared/compute/entrants.js";
import { profileOf } from "#shared/compute/profile/profile-of.js";
import { addFlags } from "#shared/config/flags.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { agreedNetwork, networkFrom } from "#shared/participant/agreement/agreed-network.js";
import { networkHash } from "#shared/protocol/network.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { sprintOf } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import { revealedGroups } from "#shared/replay/revealed-groups.js";
import type { CycleContext } from "#shared/replay/source.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { inTokens } from "#shared/util/tokens.js";
import { networkSettings } from "../settings.js";

interface Options {
  readonly block?: number;
  readonly json?: boolean;
}

export const metagraph: CommandSpec = {
  name: "metagraph",
  description: "show a subnet's neurons: stake, permits, what the last epoch made of them",
  examples: ["blockzero metagraph --netuid 1", "blockzero metagraph --chain_endpoint finney --netuid 1 --json"],
  define: (command) => {
    addFlags(command, networkSettings)
      .option("--block <n>", "as it was after this block", wholeNumber(0))
      .option(...JSON_AMOUNTS_FLAG)
      .action(async ({ block, json = false, ...options }: Options) => {
        const settings = networkSettingsOf(options);
        const signal = shutdownSignal();
        const chain = await connectChain({ endpoint: settings.chain_endpoint, signal });
        try {
          const found = await chain.metagraph(settings.netuid, block);
          const { groups, sprint } = await networkAt(chain, settings, found.block, signal);
          if (json) {
            const neurons = found.neurons.map((neuron) => ({ ...neuron, group: groups?.get(neuron.hotkey) ?? null }));
            printJson({ ...found, neurons, sprint });
          } else for (const line of [...neuronLines(found, groups), ...sprintLines(sprint)]) console.log(line);
        } finally {
          await chain.close();
        }
      });
  },
};

/** What a subnet's network file adds to its metagraph. */
interface NetworkAt {
  /** Expert groups by hotkey, as revealed in the newest cycle; null where the subnet has but one. */
  readonly groups: ReadonlyMap<string, string> | null;
  /** What the hotkeys committed to in the newest Sprint whose proofs are in; null where there is none. Nobody has checked it yet. */
  readonly sprint: { readonly cycle: number; readonly proofs: readonly ClaimedProof[] } | null;
}

interface ClaimedProof {
  readonly uid: number;
  readonly hotkey: string;
  readonly difficulty: number;
  /** Null where it entered and committed to nothing. */
  readonly wins: number | null;
  /** Nonces that its wins would speak for, with the bounds of a 95 % interval. */
  readonly weight: number;
  readonly low: number;
  readonly high: number;
}

/** What cannot be read of it is null: the metagraph is worth showing all the same. */
const networkAt = async (
  chain: Chain,
  { netuid, network: file, allow_private_addresses: allowPrivateAddresses }: ReturnType<typeof networkSettingsOf>,
  block: number,
  signal: AbortSignal,
): Promise<NetworkAt> => {
  const log = createLogger({ name: "metagraph", level: "warn", format: "pretty" });
  const client = createBlobClient({ allowPrivateAddresses, log });
  /** Null, and a line about what is not shown, if it cannot be read. */
  const ifAny = async <T>(what: string, read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read();
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof BlockZeroError)) throw thrown;
      if (thrown.code !== "NETWORK_NOT_PUBLISHED")
        log.warn(`${what} are not shown`, { code: thrown.code, reason: reasonOf(thrown) });
      return null;
    }
  };
  const network = await ifAny("expert groups and Sprints", () =>
    agreedNetwork({ chain, netuid, file, fetch: networkFrom(client, signal) }),
  );
  if (!network) return { groups: null, sprint: null };
  const context = { chain, network, networkHash: networkHash(network) };
  const isOneGroup = Object.keys(network.groups).length < 2;
  return {
    groups: isOneGroup ? null : await ifAny("expert groups", () => revealedGroups(context, block)),
    // A node may have discarded the older state that it stands in.
    sprint: await ifAny("Sprints", () => claimedAt(context, block)),
  };
};

const claimedAt = async (context: CycleContext, block: number): Promise<NetworkAt["sprint"]> => {
  const { sprint, phases } = context.network;
  if (!sprint) return null;
  let { cycle } = phaseAt(block, phases);
  while (cycle >= 0 && !(sprintOf(context.network, cycle) && lastBlockFor("sprint", cycle, context) <= block)) cycle--;
  if (cycle < 0) return null;
  const proofs = await readEntrants(context, cycle);
  return {
    cycle,
    proofs: proofs.map(({ uid, hotkey, difficulty, record }) => ({
      ...{ uid, hotkey, difficulty },
      wins: record?.wins ?? null,
      ...profileOf(sprint).measure(record ?? { wins: 0, nonces: 0 }, { difficulty, sprint }),
    })),
  };
};

const sprintLines = (sprint: NetworkAt["sprint"]): readonly string[] => {
  if (!sprint) return [];
  return [
    "",
    `Sprint of cycle ${sprint.cycle}, as committed; blockzero compute status says how it was settled`,
    "",
    ...columns([
      ["UID", "1 IN", "WINS", "WEIGHT", "95 %", "HOTKEY"],
      ...sprint.proofs.map(({ uid, hotkey, difficulty, wins, weight, low, high }) => [
        ...[String(uid), String(difficulty), wins === null ? "–" : String(wins)],
        ...[String(weight), `${low}–${high}`, hotkey],
      ]),
    ]),
  ];
};

const networkSettingsOf = (options: Options) => settingsAmong(networkSettings, options);

const HEADING = ["UID", "STAKE", "RANK", "TRUST", "CONSENSUS", "INCENTIVE", "DIVIDENDS", "EMISSION", "VTRUST"];
const REST = ["VALIDATOR", "UPDATED", "ACTIVE", "AXON", "HOTKEY", "COLDKEY"];

/** As `btcli` has it; shares to five places, amounts in tokens, `updated` in blocks ago. With groups by hotkey a column of them comes second. */
export const neuronLines = (
  { netuid, block, ownerHotkey, neurons }: Metagraph,
  groups: ReadonlyMap<string, string> | null,
): readonly string[] => {
  const withGroup = (cells: readonly string[], group: string) =>
    groups ? [cells[0]!, group, ...cells.slice(1)] : cells;
  const total = neurons.reduce((sum, { stake }) => sum + stake, 0n);
  return [
    `subnet ${netuid} at block ${block}: ${neurons.length} neurons, stake ${tokensOf(total, 3)}, owner ${ownerHotkey}`,
    "",
    ...columns([
      withGroup([...HEADING, ...REST], "GROUP"),
      ...neurons.map((neuron) => withGroup(row(neuron, block), groups?.get(neuron.hotkey) ?? "-")),
    ]),
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

const tokensOf = (amount: bigint, digits: number): string => inTokens(amount).toFixed(digits);
