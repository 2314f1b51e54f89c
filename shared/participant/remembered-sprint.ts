import { lastBlockFor } from "#shared/replay/phase-records.js";
import { isReplaced } from "./deciding-block.js";
import type { Participant } from "./participant.js";

interface RememberedSprint {
  readonly cycle: number;
  /** Hash of the block in whose state it was read which checks count. Unset where a former version remembered it. */
  readonly decided?: string | undefined;
}

/**
 * Whether a Sprint that is remembered was settled in the state of a block that a fork replaced since.
 *
 * @param participant under the network file of the Sprint
 */
export const isOfAFork = async (
  participant: Pick<Participant, "chain" | "log" | "network" | "signal">,
  { cycle, decided }: RememberedSprint,
): Promise<boolean> =>
  decided !== undefined &&
  (await isReplaced(participant, { block: lastBlockFor("checksheld", cycle, participant), hash: decided }));
