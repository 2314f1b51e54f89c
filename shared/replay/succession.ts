import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { Commitment } from "#shared/chain/chain.js";
import { parsedJson, parseNetwork } from "#shared/config/load-network.js";
import { hasCode } from "#shared/errors/error.js";
import { MAX_NETWORK_BYTES, type Network } from "#shared/protocol/network.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { type NetworkRecord, parseRecord } from "#shared/protocol/records.js";
import { successionProblem } from "#shared/protocol/succession.js";
import type { CycleContext, CycleSource } from "./source.js";

/** A network file, and a way to fetch others by hash. */
export type NetworkSource = Pick<CycleSource, "network" | "networkHash" | "fetch">;

/** The file that this one succeeds. Null for a first file. @throws what fetching and parsing it throw */
export const formerOf = async <S extends NetworkSource>(source: S): Promise<S | null> => {
  const { succeeds } = source.network;
  if (!succeeds) return null;
  const network = await readNetwork(source, succeeds.network);
  return { ...source, network, networkHash: succeeds.network };
};

/** A network file by its hash. @throws NETWORK_FILE_INVALID, and what fetching throws */
export const readNetwork = async ({ fetch }: Pick<NetworkSource, "fetch">, hash: string): Promise<Network> => {
  const bytes = await fetch({ hash, maxBytes: MAX_NETWORK_BYTES });
  return parseNetwork(parsedJson(bytes), `the network file ${hash.slice(0, 8)}`);
};

/**
 * The network that was in force in a past cycle, seen from a later one.
 * @throws what fetching a former file throws
 */
export const contextOf = async <S extends NetworkSource>(source: S, cycle: number): Promise<S> => {
  let at = source;
  while (cycle < at.network.first_cycle) {
    const former = await formerOf(at);
    if (!former) return at;
    at = former;
  }
  return at;
};

/** The first cycle from `wanted` on under this network or one that it succeeds, as far as their files are available. */
export const firstCycleFrom = async (source: NetworkSource, wanted: number): Promise<number> => {
  let at = source;
  try {
    while (wanted < at.network.first_cycle) {
      const former = await formerOf(at);
      if (!former) break;
      at = former;
    }
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw thrown;
  }
  return Math.max(wanted, at.network.first_cycle);
};

/** The network in force at a block, among those that a published file succeeds, and why a later one is not in force. */
export interface NetworkInForce<S> {
  readonly source: S;
  /** The next network, which is not in force yet, or never will be. Null if there is none. */
  readonly next: { readonly source: S; readonly problem: string | null } | null;
}

/** The networks in order, the published one last. */
const lineageOf = async <S extends NetworkSource>(published: S): Promise<readonly S[]> => {
  const line = [published];
  for (;;) {
    try {
      const former = await formerOf(line[0]!);
      if (!former) return line;
      line.unshift(former);
    } catch (thrown) {
      // Very old files may be gone. The remaining files succeeded them.
      if (isFetchFault(thrown) && line.length > 1) return line;
      throw thrown;
    }
  }
};

/**
 * The network in force at a block, by chain state alone. A file takes over at its first cycle on two conditions: it may succeed the former
 * file, and the owner's record named it, or a file that succeeds it, in the state of the last block before that cycle. Otherwise the former
 * file stays in force, and all later files are ignored as well.
 *
 * @param published the network that the owner's record names now
 */
export const networkInForce = async <S extends NetworkSource & Pick<CycleContext, "chain">>(
  published: S,
  block: number,
): Promise<NetworkInForce<S>> => {
  const line = await lineageOf(published);
  let source = line[0]!;
  for (const [i, next] of line.entries()) {
    if (i === 0) continue;
    const { first_cycle, phases } = next.network;
    const incompatible = successionProblem(source.network, source.networkHash, next.network);
    if (incompatible !== null) return { source, next: { source: next, problem: incompatible } };
    if (phaseAt(block, phases).cycle < first_cycle) return { source, next: { source: next, problem: null } };
    const later = new Set(line.slice(i).map(({ networkHash }) => networkHash));
    if (!(await wasPublished(next, later))) {
      const problem = `it was not published when its first cycle, ${first_cycle}, began`;
      return { source, next: { source: next, problem } };
    }
    source = next;
  }
  return { source, next: null };
};

/** The owner's network record among a subnet's commitments. Null if there is none. */
export const networkRecordOf = (commitments: readonly Commitment[], ownerHotkey: string): NetworkRecord | null => {
  const data = commitments.find(({ hotkey }) => hotkey === ownerHotkey)?.data;
  const record = data === undefined ? null : parseRecord(data);
  return record?.ok && record.value.type === "network" ? record.value : null;
};

/** Whether the owner's record named one of these files when the first cycle of the earliest began. True if the chain no longer has that state. */
const wasPublished = async (
  { chain, network }: NetworkSource & Pick<CycleContext, "chain">,
  hashes: ReadonlySet<string>,
): Promise<boolean> => {
  const { netuid, first_cycle, phases } = network;
  const at = phaseWindow(first_cycle, "distribute", phases).start - 1;
  try {
    const [{ ownerHotkey }, commitments] = await Promise.all([
      chain.metagraph(netuid, at),
      chain.commitments(netuid, at),
    ]);
    const record = networkRecordOf(commitments, ownerHotkey);
    return record !== null && hashes.has(record.hash);
  } catch (thrown) {
    if (hasCode(thrown, "STATE_DISCARDED")) return true;
    throw thrown;
  }
};
