import { type HeldSeals, holdSeals } from "#shared/beacon/contributions/hold.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { MAX_HELD } from "#shared/protocol/bitmap.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { contributionSource } from "#shared/replay/beacon-value.js";
import { cycleSource } from "../cycle-source.js";
import { asLasting } from "../deciding-block.js";
import type { Participant } from "../participant.js";
import { untilBlock } from "../until-block.js";
import { whileWaiting } from "../while-waiting.js";

/**
 * Fetches what others sealed for a cycle, so that this validator can serve it, and puts on chain, once, which of it is here. What is missing
 * is asked for at every block until the last one before the window for the record, which counts only before the pulse.
 */
export const holdContributions = async (participant: Participant, cycle: number): Promise<void> => {
  const { clock, network, networkHash, log, signal } = participant;
  if (!network.beacon?.contributions) return;
  const { sealing, holding } = beaconWindows(cycle, network.phases);
  await clock.reach(sealing.end - 1, signal);
  const options = {
    what: `the sealheld record of cycle ${cycle}`,
    block: sealing.end - 1,
    again: holding.start - 1,
  };
  const found = await asLasting(participant, options, () =>
    untilBlock(clock, Math.max(holding.start - 1, clock.head.number + 1), signal, (until) =>
      heldWhile(participant, cycle, until),
    ),
  );
  const held = found.held.filter((number) => number < MAX_HELD);
  const block = await participant.commitOnce({
    key: `${cycle}/sealheld`,
    data: encodeRecord({ type: "sealheld", network: shortHash(networkHash), cycle, held }),
    window: holding,
  });
  log.info("holds contributions to the beacon", { cycle, held: held.length, missing: found.missing.length, block });
};

const heldWhile = async (participant: Participant, cycle: number, until: AbortSignal): Promise<HeldSeals> => {
  const { clock, signal } = participant;
  const source = contributionSource(whileWaiting(cycleSource(participant, { until }), until))!;
  for (;;) {
    const tried = clock.head.number;
    const found = await holdSeals(source, cycle);
    if (found.missing.length === 0 || until.aborted) return found;
    try {
      await clock.reach(tried + 1, until);
    } catch {
      signal.throwIfAborted();
      return found;
    }
  }
};
