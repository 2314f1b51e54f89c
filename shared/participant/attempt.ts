import type { Duty } from "#shared/telemetry/instruments/labels.js";
import { faultFields } from "./fault-fields.js";
import type { Participant } from "./participant.js";

/**
 * Does work whose fault costs nothing but itself: it is logged as `failure`.
 *
 * @param isWorse faults that cost more: they are thrown
 * @throws the participant's own abort, and such faults
 */
export const attempt = async (
  { signal, log }: Pick<Participant, "signal" | "log">,
  { failure, ...fields }: { readonly failure: string; readonly cycle: number; readonly duty?: Duty },
  work: () => Promise<void>,
  isWorse: (thrown: unknown) => boolean = () => false,
): Promise<void> => {
  try {
    await work();
  } catch (thrown) {
    signal.throwIfAborted();
    if (isWorse(thrown)) throw thrown;
    log.error(failure, { ...fields, ...faultFields(thrown) });
  }
};
