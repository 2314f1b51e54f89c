import type { BeaconValue } from "#shared/beacon/value.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { isChainFault } from "#shared/chain/chain-fault.js";
import { reasonOf } from "#shared/errors/error.js";
import { hasCycleValue } from "#shared/protocol/network-file/drand-beacon.js";
import { readBeaconValue } from "#shared/replay/beacon-value.js";
import { cycleSource } from "../cycle-source.js";
import type { Participant } from "../participant.js";
import { untilBlock } from "../until-block.js";
import { whileWaiting } from "../while-waiting.js";

export type ValueWaiting = Pick<
  Participant,
  "chain" | "clock" | "network" | "networkHash" | "blobs" | "models" | "log" | "signal"
>;

/**
 * Waits for the value that a cycle's seeds are mixed with: for the block that decides, and for the files that count, contributions or a
 * group's, which are asked for at every block, as is a chain that does not answer. Without one of them there is no value: another one would be a seed that nobody else has. Null
 * where the network file names no scheme.
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
  const last = Math.max(deadline, clock.head.number + 1);
  return untilBlock(clock, last, signal, async (until) => {
    const source = whileWaiting(cycleSource(participant, { until, isHeld: true }), until);
    for (;;) {
      const tried = clock.head.number;
      try {
        return await readBeaconValue(source, cycle);
      } catch (thrown) {
        signal.throwIfAborted();
        const isOfChain = isChainFault(thrown);
        if (!(isOfChain || isFetchFault(thrown)) || until.aborted || tried >= last - 1) throw thrown;
        const what = isOfChain
          ? "the beacon's value cannot be read yet"
          : "a file that the beacon's value needs is not here yet";
        log.warn(what, { cycle, reason: reasonOf(thrown) });
      }
      await clock.reach(tried + 1, signal);
    }
  });
};
