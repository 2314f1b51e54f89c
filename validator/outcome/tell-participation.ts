import type { Participation } from "#shared/replay/participation.js";
import type { Validator } from "../context.js";

/** Writes to the log and the metrics what each validator did, so that everybody sees who did nothing, came late or contradicted the others. */
export const tellParticipation = (
  { participant, metrics }: Pick<Validator, "participant" | "metrics">,
  cycle: number,
  participation: readonly Participation[],
): void => {
  for (const {
    hotkey,
    votes,
    stakeShare,
    committed,
    heldBy,
    counts,
    exchanged,
    agreement,
    deviation,
  } of participation) {
    participant.log.info("a validator's part", {
      cycle,
      validator: hotkey,
      votes,
      stake: stakeShare,
      reported: committed,
      heldBy,
      counts,
      exchanged,
      agreement: agreement ?? "unknown",
      deviation: deviation ?? "unknown",
    });
    metrics.write({
      cycle,
      validator: hotkey,
      "validator/votes": Number(votes),
      "validator/reported": Number(committed),
      "validator/held_by": heldBy,
      "validator/counts": Number(counts),
      "validator/exchanged": Number(exchanged),
      ...(agreement !== null && { "validator/agreement": agreement }),
      ...(deviation !== null && { "validator/deviation": deviation }),
    });
  }
};
