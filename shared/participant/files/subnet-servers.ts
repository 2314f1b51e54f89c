import type { Chain, Commitment, Metagraph } from "#shared/chain/chain.js";
import { isRejected } from "#shared/chain/writer/chain-rejected.js";
import { hasCode } from "#shared/errors/error.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { type Phase, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { parseRecord } from "#shared/protocol/records.js";
import { permittedStakes } from "#shared/protocol/voting/stake.js";

/**
 * Phases that end with records of validators that name their location: model, seal or checks, and report. The records after a seal or a
 * report do not.
 */
const SAYING_WHERE: readonly Phase[] = ["distribute", "train", "evaluate"];

export interface ServerState {
  readonly metagraph: Metagraph;
  /** One hotkey may have several. */
  readonly commitments: readonly Commitment[];
}

/** Number of other participants, beside validators and the owner, that are asked for one file. */
const OTHERS = 16;

/**
 * Origins of blob servers in the order in which they are asked for a file. First come the validators and the owner, which should have
 * everything that was judged, and among these the ones of whose records one names the file. Then come some others, which may have kept it;
 * their records may say anything. Each hotkey is asked where its newest record with a location says. Among equals the order is drawn again
 * each time, so that no server is always the first, or the one that everybody asks.
 *
 * @param random uniform in [0, 1)
 */
export const rankServers = (
  { metagraph, commitments }: ServerState,
  hash?: string,
  random: () => number = Math.random,
): readonly string[] => {
  const isTrusted = trustIn(metagraph);
  const members = new Set(metagraph.neurons.map(({ hotkey }) => hotkey));
  /** By hotkey: else whoever has moved, or says so, is asked more than once. */
  const newest = new Map<string, { readonly block: number; readonly location: string; readonly isNaming: boolean }>();
  for (const { hotkey, data, block } of commitments) {
    const record = parseRecord(data);
    if (!record.ok || !("location" in record.value)) continue;
    const former = newest.get(hotkey);
    const names = hash !== undefined && Object.values(record.value).includes(hash);
    const isNaming = names || former?.isNaming === true;
    if (former === undefined || block >= former.block)
      newest.set(hotkey, { block, location: record.value.location, isNaming });
    else newest.set(hotkey, { ...former, isNaming });
  }
  const servers = [...newest].flatMap(([hotkey, { location, isNaming }]) => {
    if (isTrusted(hotkey)) return [{ location, rank: isNaming ? 0 : 1, order: random() }];
    return members.has(hotkey) ? [{ location, rank: 2, order: random() }] : [];
  });
  const ordered = servers.sort((a, b) => a.rank - b.rank || a.order - b.order);
  const trusted = ordered.filter(({ rank }) => rank < 2);
  const others = ordered.filter(({ rank }) => rank === 2).slice(0, OTHERS);
  return [...new Set([...trusted, ...others].map(({ location }) => location))];
};

/** Those of validators and the owner alone, in an order that is drawn again each time. */
export const trustedServers = (state: ServerState, random: () => number = Math.random): readonly string[] => {
  const isTrusted = trustIn(state.metagraph);
  const commitments = state.commitments.filter(({ hotkey }) => isTrusted(hotkey));
  return rankServers({ ...state, commitments }, undefined, random);
};

/** Whether a hotkey is a validator's or the owner's. */
const trustIn = ({ neurons, ownerHotkey }: Metagraph): ((hotkey: string) => boolean) => {
  const permitted = permittedStakes(neurons);
  return (hotkey) => permitted.has(hotkey) || hotkey === ownerHotkey;
};

/**
 * The chain state now, and the records at the ends of the last phases whose records name a location.
 *
 * @param phases of the network file; without them only the records of now are read
 */
export const readServers = async (
  chain: Pick<Chain, "head" | "metagraph" | "commitments">,
  netuid: number,
  phases?: PhaseLengths,
): Promise<ServerState> => {
  const blocks = phases ? blocksSayingWhere((await chain.head()).number, phases) : [];
  const [metagraph, ...commitments] = await Promise.all([
    chain.metagraph(netuid),
    chain.commitments(netuid),
    ...blocks.map((block) => commitmentsAt(chain, netuid, block)),
  ]);
  return { metagraph, commitments: commitments.flat() };
};

const blocksSayingWhere = (head: number, phases: PhaseLengths): readonly number[] => {
  const { cycle } = phaseAt(head, phases);
  return SAYING_WHERE.map((phase) => {
    const { end } = phaseWindow(cycle, phase, phases);
    return (end <= head ? end : phaseWindow(cycle - 1, phase, phases).end) - 1;
  }).filter((block) => block >= 0);
};

/** Empty if the chain no longer holds that state, or if the subnet is younger. */
const commitmentsAt = async (
  chain: Pick<Chain, "commitments">,
  netuid: number,
  block: number,
): Promise<readonly Commitment[]> => {
  try {
    return await chain.commitments(netuid, block);
  } catch (thrown) {
    if (hasCode(thrown, "STATE_DISCARDED", "BLOCK_UNKNOWN") || isRejected(thrown, "SubNetworkDoesNotExist")) return [];
    throw thrown;
  }
};
