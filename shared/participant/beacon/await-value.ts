import type { BeaconValue } from "#shared/beacon/value.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { isChainFault } from "#shared/chain/chain-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { hasCycleValue } from "#shared/protocol/network-file/drand-beacon.js";
import { readBeaconValue } from "#shared/replay/beacon-value.js";
import { againAtBlocks, isTimeLeft } from "../at-every-block.js";
import type { Participant } from "../participant.js";
import { waitForFiles } from "../waiting.js";

export type ValueWaiting = Pick<
  Participant,
  "chain" | "clock" | "network" | "networkHash" | "blobs" | "models" | "log" | "signal"
>;

/**
 * Waits for the value that a cycle's seeds are mixed with: for the block that decides, and for the files that count, contributions or a group's,
 * which are asked for at every block, as is a chain that does not answer. Without one of them there is no value: another one would be a seed that
 * nobody else has. Null where the network file names no scheme.
 *
 * @param deadline block at which the wait ends, at least one more
 * @throws BlockZeroError FETCH_… if a file that counts is still missing then; what reading the chain throws
 */
export const awaitBeaconValue = async (
  participant: ValueWaiting,
  { cycle, deadline }: { readonly cycle: number; readonly deadline: number },
): Promise<BeaconValue | null> => {
  const { clock, network, log, signal } = participant;
  if (!hasCycleValue(network.beacon)) return null;
  await clock.reach(beaconWindows(cycle, network.phases).deciding, signal);
  return waitForFiles(participant, { deadline, isHeld: true }, (wait) => {
    const mayPass = (thrown: unknown, tried: number) => {
      const isOfChain = isChainFault(thrown);
      if (!(isOfChain || isFetchFault(thrown)) || !isTimeLeft(wait, tried)) return false;
      const what = isOfChain
        ? "the beacon's value cannot be read yet"
        : "a file that the beacon's value needs is not here yet";
      log.warn(what, { cycle, reason: reasonOf(thrown) });
      return true;
    };
    return againAtBlocks(participant, mayPass, () => readBeaconValue(wait.source, cycle));
  });
};
