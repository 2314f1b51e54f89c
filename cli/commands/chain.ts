import { z } from "zod";
import type { Chain, Head, HyperParameters } from "#shared/chain/chain.js";
import { connectChain } from "#shared/chain/connect.js";
import type { SubtensorChain } from "#shared/chain/subtensor/connect.js";
import { isSubtensor, readSubnetLife } from "#shared/chain/subtensor/ownership.js";
import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { settingsAmong } from "#shared/cli/config-flags.js";
import { JSON_AMOUNTS_FLAG, printJson } from "#shared/cli/json.js";
import { printFields } from "#shared/cli/print.js";
import { type CommandGroup, type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { amountText } from "#shared/cli/tokens.js";
import { addFlags } from "#shared/config/flags.js";
import { formatDuration } from "#shared/telemetry/progress.js";
import { redactUrls } from "#shared/telemetry/redact.js";
import { plural } from "#shared/util/plural.js";
import { subnetSettings } from "../settings.js";

/** Ten blocks of twelve seconds. */
const STALE_MS = 120_000;

interface NodeStatus {
  readonly kind: "devchain" | "subtensor";
  readonly endpoint: string;
  /** What the node calls its chain, and its runtime's version. */
  readonly chain?: string;
  readonly spec?: string;
  readonly peers?: number;
  readonly syncing?: boolean;
}

interface ChainStatus extends NodeStatus {
  readonly genesis: string;
  readonly head: Head;
  /** Milliseconds. */
  readonly age: number;
  readonly finalized: number;
  readonly netuid: number;
  /** Null where there is no such subnet. */
  readonly subnet:
    | (HyperParameters & { readonly neurons: number; readonly nextEpoch: number; readonly started: boolean })
    | null;
}

const status: CommandSpec = {
  name: "status",
  description: "show what an endpoint serves, how fresh it is, and how a subnet on it runs",
  examples: ["blockzero chain status", "blockzero chain status --chain_endpoint finney --netuid 1 --json"],
  define: (command) => {
    addFlags(command, subnetSettings)
      .option(...JSON_AMOUNTS_FLAG)
      .action(async ({ json = false, ...options }: { json?: boolean }) => {
        const { chain_endpoint: endpoint, netuid } = settingsAmong(subnetSettings, options);
        const chain = await connectChain({ endpoint, signal: shutdownSignal() });
        try {
          const found = await read(chain, redactUrls([endpoint].flat().join(", ")), netuid);
          if (json) printJson(found);
          else printFields(fields(found));
        } finally {
          await chain.close();
        }
      });
  },
};

export const chain: CommandGroup = { name: "chain", description: "look at a chain", commands: [status] };

const read = async (chain: Chain, endpoint: string, netuid: number): Promise<ChainStatus> => {
  const [node, head, finalized, subnet] = await Promise.all([
    isSubtensor(chain) ? ofSubtensor(chain) : ({ kind: "devchain", endpoint } as const),
    chain.head(),
    chain.finalized(),
    ofSubnet(chain, netuid),
  ]);
  const age = Math.max(0, Date.now() - head.timestamp);
  return { ...node, genesis: chain.genesisHash, head, age, finalized: finalized.number, netuid, subnet };
};

const ofSubtensor = async ({ api, link }: SubtensorChain): Promise<NodeStatus> => {
  const health = z
    .object({ peers: z.int(), isSyncing: z.boolean() })
    .safeParse(await link.request("system_health", []));
  const { specName, specVersion } = api.runtimeVersion;
  return {
    kind: "subtensor",
    endpoint: redactUrls(link.endpoint),
    chain: z.string().parse(await link.request("system_chain", [])),
    spec: `${specName} ${specVersion}`,
    ...(health.success && { peers: health.data.peers, syncing: health.data.isSyncing }),
  };
};

const ofSubnet = async (chain: Chain, netuid: number): Promise<ChainStatus["subnet"]> => {
  try {
    const [parameters, { neurons }, nextEpoch] = await Promise.all([
      chain.hyperParameters(netuid),
      chain.metagraph(netuid),
      chain.nextEpoch(netuid),
    ]);
    const started = !isSubtensor(chain) || (await readSubnetLife(chain, netuid)).isStarted;
    return { ...parameters, neurons: neurons.length, nextEpoch, started };
  } catch (thrown) {
    if (isRejected(thrown, "SubNetworkDoesNotExist")) return null;
    throw thrown;
  }
};

const fields = (found: ChainStatus): Record<string, string | number> => {
  const { head, age, finalized, subnet, netuid } = found;
  const freshness = age > STALE_MS ? `STALE: ${formatDuration(age)} old` : `${formatDuration(age)} ago`;
  return {
    endpoint: found.endpoint,
    chain: found.kind === "devchain" ? "devchain" : `${found.chain} (${found.spec})`,
    genesis: found.genesis,
    head: `block ${head.number}, ${freshness}`,
    finalized: `block ${finalized}, ${head.number - finalized} behind`,
    ...(found.peers !== undefined && { peers: `${found.peers}${found.syncing ? ", still syncing" : ""}` }),
    subnet: subnet
      ? `${netuid}, ${subnet.neurons} of ${subnet.maxUids} neurons${subnet.started ? "" : "; not started: takes no stake, pays nothing"}`
      : `${netuid} does not exist`,
    ...(subnet && {
      epoch: epoch(subnet, head.number),
      weights: weights(subnet),
      axons: `every ${subnet.servingRateLimit} blocks`,
      registration: subnet.registrationAllowed ? `open, ${amountText(subnet.burn)} now` : "closed",
    }),
  };
};

const epoch = ({ tempo, epochLength, nextEpoch }: NonNullable<ChainStatus["subnet"]>, head: number): string =>
  Number.isFinite(nextEpoch)
    ? `in ${plural(nextEpoch - head, "block")}, at ${nextEpoch}; every ${epochLength} (tempo ${tempo})`
    : "never";

const weights = ({ weightsMode, revealPeriod, weightsRateLimit, weightsVersion }: HyperParameters): string => {
  const mode = { plain: "in the clear", hash: "committed by hash", timelock: "under a timelock" }[weightsMode];
  const reveal = weightsMode === "plain" ? "" : `, revealed after ${revealPeriod} epochs`;
  return `${mode}${reveal}; every ${weightsRateLimit} blocks, version ${weightsVersion}`;
};
