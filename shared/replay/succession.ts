import { z } from "zod";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { Commitment } from "#shared/chain/chain.js";
import { subnetAt } from "#shared/chain/subnet-at.js";
import { parsedJson, parseNetwork } from "#shared/config/load-network.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { hashSchema } from "#shared/protocol/hash.js";
import { MAX_NETWORK_BYTES, type Network } from "#shared/protocol/network.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { type NetworkRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { successionProblem } from "#shared/protocol/succession.js";
import { isMajority, permittedStakes, sumStake } from "#shared/protocol/voting/stake.js";
import { isOfValidator } from "#shared/protocol/voting/voting-stake.js";
import type { CycleContext, CycleSource } from "./source.js";

/** A network file, and a way to fetch others by hash. */
export type NetworkSource = Pick<CycleSource, "network" | "networkHash" | "fetch">;

/** Network files that are read back one after the other: one a month for eighty years. What lies further back counts as what nobody has any more. */
export const MOST_FORMER = 1024;
/** Bytes of these. */
const MOST_FORMER_BYTES = 64 << 20;

/** Counts the files of one way back. @throws BlockZeroError FETCH_TOO_LARGE */
type Count = (file: Uint8Array) => void;

const lookingBack = (): Count => {
  let files = 0;
  let bytes = 0;
  return (file) => {
    bytes += file.length;
    if (++files > MOST_FORMER || bytes > MOST_FORMER_BYTES)
      throw new BlockZeroError(
        "FETCH_TOO_LARGE",
        `the network file succeeds more files than are read back: ${MOST_FORMER}, or ${MOST_FORMER_BYTES} bytes`,
        "ask the subnet's owner for a file that begins anew",
      );
  };
};

/** The file that this one succeeds. Null for a first file. @throws what fetching and parsing it throw, and counting it */
export const formerOf = async <S extends NetworkSource>(source: S, count?: Count): Promise<S | null> => {
  const { succeeds } = source.network;
  if (!succeeds) return null;
  const network = await readNetwork(source, succeeds.network, count);
  return { ...source, network, networkHash: succeeds.network };
};

/** A network file by its hash. @throws NETWORK_FILE_INVALID, and what fetching and counting it throw */
export const readNetwork = async (
  { fetch }: Pick<NetworkSource, "fetch">,
  hash: string,
  count?: Count,
): Promise<Network> => {
  const bytes = await fetch({ hash, maxBytes: MAX_NETWORK_BYTES });
  count?.(bytes);
  return parseNetwork(parsedJson(bytes), `the network file ${hash.slice(0, 8)}`);
};

/**
 * The network that was in force in a past cycle, seen from a later one.
 * @throws what fetching a former file throws; FETCH_TOO_LARGE where there are too many
 */
export const contextOf = async <S extends NetworkSource>(source: S, cycle: number): Promise<S> => {
  const count = lookingBack();
  let at = source;
  while (cycle < at.network.first_cycle) {
    const former = await formerOf(at, count);
    if (!former) return at;
    at = former;
  }
  return at;
};

/** The first cycle from `wanted` on under this network or one that it succeeds, as far as their files are available. */
export const firstCycleFrom = async (source: NetworkSource, wanted: number): Promise<number> =>
  (await knownCyclesFrom(source, wanted)).first;

/** The same, and whether the file of an earlier one is not available: nobody who asked can say what was in it. */
export const knownCyclesFrom = async (
  source: NetworkSource,
  wanted: number,
): Promise<{ readonly first: number; readonly isCut: boolean }> => {
  const count = lookingBack();
  let at = source;
  let isCut = false;
  try {
    while (wanted < at.network.first_cycle) {
      const former = await formerOf(at, count);
      if (!former) break;
      at = former;
    }
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw thrown;
    isCut = true;
  }
  return { first: Math.max(wanted, at.network.first_cycle), isCut };
};

/** A file that only a later version of the toolkit can read, and the cycle that it begins with. */
export interface UnreadableFile {
  readonly hash: string;
  readonly firstCycle: number;
  readonly invalid: BlockZeroError;
}

/** The newest file of a line that this version can read. */
export interface ReadableFile {
  readonly network: Network;
  /** Its full hash. */
  readonly networkHash: string;
  /** Those after it, the newest first. None of them has begun. */
  readonly beyond: readonly UnreadableFile[];
}

/** Announced files that this version cannot read, before the newest that it can: nobody announces so many at once. */
const MOST_BEYOND = 16;

/** What says when a file takes over from which, whatever else a later version wrote into it. */
const succession = z.object({ first_cycle: z.int().min(0), succeeds: z.object({ network: hashSchema }) });

/**
 * A published file, or, of one that cannot be read and has not begun, the one that it succeeds, which is in force until then: there is time to
 * update.
 *
 * @param read the JSON of the file with a hash
 * @param block gives the block that it is read for
 * @throws NETWORK_FILE_INVALID where the file cannot be read and may have begun, or too many before it cannot either, and what `read` and `block`
 *   throw
 */
export const readableFile = async (
  {
    read,
    block,
  }: { readonly read: (hash: string) => Promise<unknown>; readonly block: () => Promise<number> | number },
  published: string,
  origin = `the network file ${shortHash(published)}`,
): Promise<ReadableFile> => {
  const beyond: UnreadableFile[] = [];
  for (let hash = published; ; ) {
    const value = await read(hash);
    let network: Network;
    try {
      network = parseNetwork(value, origin);
    } catch (thrown) {
      const head = succession.safeParse(value);
      if (!hasCode(thrown, "NETWORK_FILE_INVALID") || !head.success || beyond.length === MOST_BEYOND) throw thrown;
      beyond.push({ hash, firstCycle: head.data.first_cycle, invalid: thrown });
      hash = head.data.succeeds.network;
      continue;
    }
    const cycle = beyond.length === 0 ? 0 : phaseAt(await block(), network.phases).cycle;
    for (const { firstCycle, invalid } of beyond) if (firstCycle <= cycle) throw invalid;
    return { network, networkHash: hash, beyond };
  }
};

/** The network in force at a block, among those that a published file succeeds, and why a later one is not in force. */
export interface NetworkInForce<S> {
  readonly source: S;
  /** The next network, which is not in force yet, or never will be. Null if there is none. */
  readonly next: { readonly source: S; readonly problem: string | null } | null;
}

/** The networks in order, the published one last. */
const lineageOf = async <S extends NetworkSource>(published: S): Promise<readonly S[]> => {
  const count = lookingBack();
  const line = [published];
  for (;;) {
    try {
      const former = await formerOf(line[0]!, count);
      if (!former) return line;
      line.unshift(former);
    } catch (thrown) {
      // Very old files may be gone, or too many. The remaining files succeeded them.
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
 * @param published the network that the owner's record names now, or the newest before it that can be read
 * @param beyond hashes of those after it
 */
export const networkInForce = async <S extends NetworkSource & Pick<CycleContext, "chain">>(
  published: S,
  block: number,
  beyond: readonly string[] = [],
): Promise<NetworkInForce<S>> => {
  const line = await lineageOf(published);
  let source = line[0]!;
  for (const [i, next] of line.entries()) {
    if (i === 0) continue;
    const { first_cycle, phases } = next.network;
    const incompatible = successionProblem(source.network, source.networkHash, next.network);
    if (incompatible !== null) return { source, next: { source: next, problem: incompatible } };
    if (phaseAt(block, phases).cycle < first_cycle) return { source, next: { source: next, problem: null } };
    const later = new Set([...line.slice(i).map(({ networkHash }) => networkHash), ...beyond]);
    if (!(await wasPublished(next, later, source.networkHash))) {
      const problem = `it was not published when its first cycle, ${first_cycle}, began`;
      return { source, next: { source: next, problem } };
    }
    source = next;
  }
  return { source, next: null };
};

/** The network record of a subnet's owner, and the block that included it. Null if the owner's newest record is another one, or there is none. */
export const networkRecordOf = (
  commitments: readonly Commitment[],
  ownerHotkey: string,
): { readonly record: NetworkRecord; readonly block: number } | null => {
  const own = commitments.find(({ hotkey }) => hotkey === ownerHotkey);
  const parsed = own && parseRecord(own.data);
  return own && parsed?.ok && parsed.value.type === "network" ? { record: parsed.value, block: own.block } : null;
};

/**
 * First eight digits of the hash of the network file that validators with more than half of the stake of all validators wrote their newest records
 * under. Null where there is none: less than half must not be able to say that a file which nobody has is in force. A validator is who has a permit
 * and whose newest record is a validator's, of whatever file and cycle.
 */
export const networkOfValidators = async (
  chain: Pick<CycleContext["chain"], "metagraph" | "commitments">,
  netuid: number,
): Promise<string | null> => {
  const { metagraph, commitments } = await subnetAt(chain, netuid);
  const permitted = permittedStakes(metagraph.neurons);
  const known = new Map<string, bigint>();
  const under = new Map<string, bigint>();
  for (const { hotkey, data } of commitments) {
    const record = parseRecord(data);
    const stake = permitted.get(hotkey);
    if (stake === undefined || !record.ok || !isOfValidator(record.value)) continue;
    const { network } = record.value;
    known.set(hotkey, stake);
    under.set(network, (under.get(network) ?? 0n) + stake);
  }
  return [...under].find(([, stake]) => isMajority(stake, known))?.[0] ?? null;
};

/**
 * Whether the owner's record named one of these files when the first cycle of the earliest, `next`, began.
 *
 * @param former hash of the file that is in force otherwise
 */
const wasPublished = async (
  next: NetworkSource & Pick<CycleContext, "chain">,
  hashes: ReadonlySet<string>,
  former: string,
): Promise<boolean> => {
  const { netuid, first_cycle, phases } = next.network;
  const at = phaseWindow(first_cycle, "distribute", phases).start - 1;
  try {
    const { metagraph, commitments } = await subnetAt(next.chain, netuid, at);
    const named = networkRecordOf(commitments, metagraph.ownerHotkey);
    return named !== null && hashes.has(named.record.hash);
  } catch (thrown) {
    if (hasCode(thrown, "STATE_DISCARDED")) return seemsPublished(next, hashes, former, at);
    throw thrown;
  }
};

/**
 * The same where the chain no longer has that state, by the newest one. A record from before the first cycle was there then. A later one proves
 * nothing: the owner may have put it there for another server, or for a later file. Then the records since tell under which file validators with more
 * stake are. Without any, a later record of this very file came too late.
 */
const seemsPublished = async (
  { chain, network, networkHash }: NetworkSource & Pick<CycleContext, "chain">,
  hashes: ReadonlySet<string>,
  former: string,
  at: number,
): Promise<boolean> => {
  const { netuid, first_cycle } = network;
  const { metagraph, commitments } = await subnetAt(chain, netuid);
  const { ownerHotkey, neurons } = metagraph;
  const named = networkRecordOf(commitments, ownerHotkey);
  if (named !== null && hashes.has(named.record.hash) && named.block <= at) return true;
  const stakes = permittedStakes(neurons);
  const stakeUnder = (files: readonly string[]): bigint =>
    sumStake(
      commitments.flatMap(({ hotkey, data }) => {
        const record = stakes.has(hotkey) ? parseRecord(data) : null;
        if (!record?.ok || !("cycle" in record.value) || record.value.cycle < first_cycle) return [];
        return files.includes(record.value.network) ? [stakes.get(hotkey)!] : [];
      }),
    );
  const under = stakeUnder([...hashes].map(shortHash));
  const beside = stakeUnder([shortHash(former)]);
  return under === beside ? named?.record.hash !== networkHash : under > beside;
};
