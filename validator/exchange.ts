import { holdReports } from "#shared/participant/reports.js";
import { MAX_HELD } from "#shared/protocol/bitmap.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Validator } from "./context.js";

/** Blocks kept free at the end of the exchange phase to put the record on chain. */
const BLOCKS_TO_COMMIT = 2;

/**
 * Fetches the cycle's reports from whoever has them, so that we can serve them, and says on chain which ones are here. Whoever cannot be had
 * from is waited for until there is just time to say so.
 *
 * @returns the block that included the record
 */
export const exchangeReports = async (
  { participant }: Pick<Validator, "participant">,
  cycle: number,
): Promise<number> => {
  const { clock, network, networkHash, signal, log } = participant;
  const window = phaseWindow(cycle, "exchange", network.phases);
  await clock.reach(window.start - 1, signal);
  const held = await holdReports(participant, cycle, window.end - BLOCKS_TO_COMMIT);
  const block = await participant.commitOnce({
    key: `${cycle}/held`,
    data: encodeRecord({
      type: "held",
      network: shortHash(networkHash),
      cycle,
      held: held.filter((number) => number < MAX_HELD),
    }),
    window,
  });
  log.info("exchanged reports", { cycle, held: held.length, block });
  return block;
};
