import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { isChainFault } from "#shared/chain/chain-fault.js";
import { parsedJson } from "#shared/config/load-network.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { MAX_NETWORK_BYTES } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { shortHash } from "#shared/protocol/records.js";
import { originOf } from "#shared/protocol/succession.js";
import type { CycleSource } from "#shared/replay/source.js";
import {
  type NetworkInForce,
  networkInForce,
  networkOfValidators,
  readableFile,
  type UnreadableFile,
} from "#shared/replay/succession.js";
import { againAtBlocks, isTimeLeft } from "../at-every-block.js";
import type { Participant } from "../participant.js";
import { throughFaults } from "../through-faults.js";
import { waitForFiles } from "../waiting.js";
import { publishedNetwork, tellUnreadable } from "./agreed-network.js";
import { isTextMissing, obtainTexts } from "./agreed-texts.js";
import { networkMissing } from "./network-meanwhile.js";

/** Whether the fault ends the participation under this network file: another file follows, or none. */
export const isNetworkChange = (thrown: unknown): thrown is BlockZeroError =>
  hasCode(thrown, "NETWORK_CHANGED", "NETWORK_SUCCEEDED");

/** Whether another file succeeds this one: a participant that joins again continues under it. */
export const isSuccession = (thrown: unknown): thrown is BlockZeroError => hasCode(thrown, "NETWORK_SUCCEEDED");

/**
 * Checks at the start of a cycle whether the network that the participant joined is still in force. Announces a change for a later cycle
 * once, and fetches its text, or says that this version cannot read it. A file is in force until another one is: what cannot be had, or only
 * slowly, changes nothing, and is looked at again in the next cycle.
 *
 * @throws BlockZeroError NETWORK_MISSING if it is in force and cannot be had: it costs the cycle; NETWORK_SUCCEEDED if a file that succeeds this one
 * is in force from this cycle on; NETWORK_CHANGED if the file in force starts a new network
 */
export const followNetwork = (participant: Participant): ((cycle: number) => Promise<void>) => {
  /** The announcement that was told last, unless it was taken back. */
  let told: { readonly hash: string } | null = null;
  return async (cycle) => {
    const { network, networkHash, log } = participant;
    const hash = await publishedHash(participant);
    if (hash === null) return;
    if (hash === networkHash) {
      told = null;
      return;
    }
    const { start } = phaseWindow(cycle, "distribute", network.phases);
    const found = await lookAt(participant, hash, start);
    if (found === null) return;
    const { source, next, beyond } = found;
    if (source.networkHash === networkHash) {
      if (told?.hash === hash) return;
      const announcement = { hash };
      told = announcement;
      for (const one of beyond) tellUnreadable(log, one);
      if (next !== null) announce(participant, next, () => told === announcement);
      return;
    }
    const change = `from network file ${networkHash.slice(0, 8)} to ${source.networkHash.slice(0, 8)}`;
    if (originOf(source.network, source.networkHash) === originOf(network, networkHash)) {
      log.info("goes over to the next network file", { cycle, network: source.networkHash });
      throw new BlockZeroError("NETWORK_SUCCEEDED", `subnet ${network.netuid} goes over ${change}`, "join again");
    }
    throw new BlockZeroError(
      "NETWORK_CHANGED",
      `subnet ${network.netuid} went ${change}, which begins anew`,
      "start again: the new file is fetched, and a configured `network` must be replaced",
    );
  };
};

/** Blocks of a cycle in which the file that its owner published may come, and the chain may say which that is. */
const BLOCKS_TO_LOOK = 2;

/** Hash of the network file that the owner's record names. Null where it names none, or cannot be read now. */
const publishedHash = async (participant: Participant): Promise<string | null> => {
  const { chain, clock, network, log, signal } = participant;
  const last = clock.head.number + BLOCKS_TO_LOOK - 1;
  const mayPass = (thrown: unknown, tried: number) => isChainFault(thrown) && tried < last;
  try {
    return (await againAtBlocks(participant, mayPass, () => publishedNetwork(chain, network.netuid))).hash;
  } catch (thrown) {
    signal.throwIfAborted();
    const isGone = hasCode(thrown, "NETWORK_NOT_PUBLISHED");
    log[isGone ? "error" : "warn"]("the owner's record names no network file: the one in force stays", {
      reason: reasonOf(thrown),
    });
    return null;
  }
};

/** What is in force, and the announced files that this version cannot read. */
interface Found extends NetworkInForce<CycleSource> {
  readonly beyond: readonly UnreadableFile[];
}

/**
 * Null if nobody has the file in time, or the chain does not say which one is in force: then there is nothing to switch to.
 *
 * @throws BlockZeroError NETWORK_MISSING if validators already work under the file that nobody has; NETWORK_CHANGED if it cannot be read, and has
 *   begun
 */
const lookAt = async (participant: Participant, hash: string, block: number): Promise<Found | null> => {
  const { clock, log, signal } = participant;
  try {
    return await waitForFiles(participant, { deadline: clock.head.number + BLOCKS_TO_LOOK }, (wait) => {
      const { source } = wait;
      const mayPass = (thrown: unknown, tried: number) =>
        (isFetchFault(thrown) || isChainFault(thrown)) && isTimeLeft(wait, tried);
      return againAtBlocks(participant, mayPass, async () => {
        const read = async (one: string) => parsedJson(await source.fetch({ hash: one, maxBytes: MAX_NETWORK_BYTES }));
        const { beyond, ...file } = await readableFile({ read, block: () => block }, hash);
        const later = beyond.map((one) => one.hash);
        return { ...(await networkInForce({ ...source, ...file }, block, later)), beyond };
      });
    });
  } catch (thrown) {
    signal.throwIfAborted();
    if (hasCode(thrown, "NETWORK_FILE_INVALID")) throw changed(participant, hash, thrown);
    const reason = reasonOf(thrown);
    if (isFetchFault(thrown)) {
      // What is done under the former file counts for nobody any more.
      if (await isInForce(participant, hash)) throw networkMissing(thrown);
      log.warn("the network file that the owner published cannot be had", { network: hash, reason });
    } else log.warn("which network file is in force cannot be read", { network: hash, reason });
    return null;
  }
};

/** Whether validators work under a file that is not here. False where the chain does not say. */
const isInForce = async ({ chain, network, signal }: Participant, hash: string): Promise<boolean> => {
  try {
    return (await networkOfValidators(chain, network.netuid)) === shortHash(hash);
  } catch (thrown) {
    signal.throwIfAborted();
    if (isChainFault(thrown)) return false;
    throw thrown;
  }
};

/** A file that cannot be parsed may come from a later version of the toolkit. */
const changed = ({ network, networkHash }: Participant, hash: string, invalid: BlockZeroError): BlockZeroError =>
  new BlockZeroError(
    "NETWORK_CHANGED",
    `subnet ${network.netuid} now runs network file ${hash.slice(0, 8)}, we joined ${networkHash.slice(0, 8)}: ${invalid.message}`,
    "install the version of BlockZero that the subnet's owner names, and start again",
    { cause: invalid },
  );

/**
 * Its text is asked for at every block until its first cycle, or until it is taken back or another file is announced. That it cannot be had is told
 * at once: the owner can still be asked.
 */
const announce = (
  participant: Participant,
  { source, problem }: NonNullable<NetworkInForce<CycleSource>["next"]>,
  isLast: () => boolean,
) => {
  const { blobs, log, models, signal } = participant;
  const { network, networkHash } = source;
  const fields = { network: networkHash, cycle: network.first_cycle };
  if (problem !== null) {
    log.error("the published network file takes no effect", { ...fields, reason: problem });
    return;
  }
  log.info("another network file is announced", fields);
  const { start: deadline } = phaseWindow(network.first_cycle, "distribute", network.phases);
  const limit = { name: `the text of the announced network file ${networkHash.slice(0, 8)}`, deadline };
  const mayPass = (thrown: unknown) => isFetchFault(thrown) || isTextMissing(thrown);
  const obtain = async () => {
    if (isLast()) await obtainTexts(network, { blobs, servers: models.servers, signal });
  };
  throughFaults(participant, limit, obtain, mayPass).catch((thrown: unknown) => {
    if (!signal.aborted) log.warn("text of the announced network file", { ...fields, reason: reasonOf(thrown) });
  });
};
