import { holdSeals } from "#shared/beacon/contributions/hold.js";
import { beaconWindows } from "#shared/beacon/windows.js";
import { MAX_HELD } from "#shared/protocol/bitmap.js";
import { contributionSource } from "#shared/replay/beacon-value.js";
import { readUntilWhole } from "../at-every-block.js";
import { lastingAtBlock } from "../deciding-block.js";
import type { Participant } from "../participant.js";
import { waitForFiles } from "../waiting.js";
import { commitRecord } from "../writes/commit-record.js";

/**
 * Fetches what others sealed for a cycle, so that this validator can serve it, and puts on chain, once, which of it is here. What is missing
 * is asked for at every block until the last one before the window for the record, which counts only before the pulse.
 */
export const holdContributions = async (participant: Participant, cycle: number): Promise<void> => {
  const { clock, network, log, signal } = participant;
  if (!network.beacon?.contributions) return;
  const { sealing, holding } = beaconWindows(cycle, network.phases);
  await clock.reach(sealing.end - 1, signal);
  const options = {
    what: `the sealheld record of cycle ${cycle}`,
    block: sealing.end - 1,
    checkAt: holding.start - 1,
  };
  const found = await lastingAtBlock(participant, options, () =>
    waitForFiles(participant, { deadline: holding.start - 1 }, (wait) => {
      const source = contributionSource(wait.source)!;
      return readUntilWhole(participant, wait, async () => {
        const read = await holdSeals(source, cycle);
        return { ...read, isWhole: read.missing.length === 0 };
      });
    }),
  );
  const held = found.held.filter((number) => number < MAX_HELD);
  const block = await commitRecord(participant, { type: "sealheld", cycle, held }, holding);
  log.info("holds contributions to the beacon", { cycle, held: held.length, missing: found.missing.length, block });
};
