import type { Chain, Commitment, Metagraph } from "#shared/chain/chain.js";
import { parseRecord } from "#shared/protocol/records.js";
import { permittedStakes } from "#shared/protocol/stake.js";

export interface ServerState {
  readonly metagraph: Metagraph;
  readonly commitments: readonly Commitment[];
}

/** Others than validators and the owner who are asked for one file. */
const OTHERS = 16;

/**
 * Origins of blob servers in the order in which they are asked for a file: of those whose latest record names it, of the validators and the
 * owner, who should have whatever was judged, and of some others, who may have kept it. Among equals the order is drawn anew each time, so
 * that nobody is always the first, or the one whom everybody asks.
 *
 * @param random uniform in [0, 1)
 */
export const rankServers = (
  { metagraph, commitments }: ServerState,
  hash?: string,
  random: () => number = Math.random,
): readonly string[] => {
  const permitted = permittedStakes(metagraph.neurons);
  const members = new Set(metagraph.neurons.map(({ hotkey }) => hotkey));
  const servers = commitments.flatMap(({ hotkey, data }) => {
    const record = parseRecord(data);
    if (!record.ok || !("location" in record.value)) return [];
    const { location } = record.value;
    const isTrusted = permitted.has(hotkey) || hotkey === metagraph.ownerHotkey;
    if (!isTrusted && !members.has(hotkey)) return [];
    const isNaming = hash !== undefined && Object.values(record.value).includes(hash);
    return [{ location, rank: isNaming ? 0 : isTrusted ? 1 : 2, order: random() }];
  });
  const ordered = servers.sort((a, b) => a.rank - b.rank || a.order - b.order);
  const trusted = ordered.filter(({ rank }) => rank < 2);
  const others = ordered.filter(({ rank }) => rank === 2).slice(0, OTHERS);
  return [...new Set([...trusted, ...others].map(({ location }) => location))];
};

/** Chain state as it stands now. */
export const readServers = async (
  chain: Pick<Chain, "metagraph" | "commitments">,
  netuid: number,
): Promise<ServerState> => {
  const [metagraph, commitments] = await Promise.all([chain.metagraph(netuid), chain.commitments(netuid)]);
  return { metagraph, commitments };
};
