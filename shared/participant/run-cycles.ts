import { type PhasePosition, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { filesInForce } from "./agreement/files-in-force.js";
import { followNetwork, isNetworkChange } from "./agreement/follow-network.js";
import { settleBase } from "./agreement/settle-base.js";
import { faultFields } from "./fault-fields.js";
import type { Participant } from "./participant.js";
import { withinBlocks } from "./within-blocks.js";

export interface CycleRunner {
  /** The first cycle to run, given the position of the next block: the cycle in progress, one before it, or the next. */
  readonly first: (position: PhasePosition) => number;
  /** Performs one cycle's duties. If it throws, only that cycle fails. */
  readonly run: (cycle: number) => Promise<void>;
  /** The log message for a failed cycle. */
  readonly failure: string;
}

/** Runs cycle after cycle until the participant's signal aborts. A cycle that does not end by itself ends with the next one's distribute phase. */
export const runCycles = async (participant: Participant, runner: CycleRunner): Promise<never> => {
  const { clock, network, uid, signer, log, signal } = participant;
  const checkNetwork = followNetwork(participant);
  const position = () => phaseAt(clock.head.number + 1, network.phases);
  let cycle = Math.max(network.first_cycle, runner.first(position()));
  // What was asked may be answered when the cycle is over, and the next one runs.
  const runOne = async (over: AbortSignal, one: number): Promise<void> => {
    await checkNetwork(one);
    over.throwIfAborted();
    const inForce = await filesInForce({ ...participant, signal: over }, one);
    over.throwIfAborted();
    await participant.blobs.turn(one, network.scoring.window, inForce);
    over.throwIfAborted();
    void settleBase(participant, one);
    await runner.run(one);
  };
  log.info("joined", { network: network.name, netuid: network.netuid, uid, hotkey: signer.address, firstCycle: cycle });
  participant.telemetry.duties.joined();
  for (;;) {
    try {
      await clock.reach(phaseWindow(cycle, "distribute", network.phases).start, signal);
      // A model of this cycle may still be published in the next cycle's distribute phase.
      const deadline = phaseWindow(cycle + 1, "train", network.phases).start + 1;
      const limit = { duty: "cycle", name: `cycle ${cycle}`, deadline } as const;
      await withinBlocks(participant, limit, (bounded) => runOne(bounded.signal, cycle));
    } catch (thrown) {
      signal.throwIfAborted();
      if (isNetworkChange(thrown)) throw thrown;
      log.error(runner.failure, { cycle, ...faultFields(thrown) });
    }
    participant.telemetry.duties.cycleEnded(cycle);
    const next = Math.max(cycle + 1, position().cycle);
    if (next > cycle + 1)
      log.warn("cycles left out: no block was seen in time", {
        cycle: cycle + 1,
        last: next - 1,
        block: clock.head.number,
      });
    cycle = next;
  }
};
