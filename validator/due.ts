import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { isBaseUnknown } from "#shared/participant/agreement/await-base-model.js";
import { dutyThroughFaults } from "#shared/participant/duty-through-faults.js";
import type { Participant } from "#shared/participant/participant.js";
import { endOf } from "#shared/participant/within-blocks.js";
import type { Duty } from "#shared/telemetry/instruments/labels.js";
import type { Validator } from "./context.js";

/** Does a duty of a cycle, named such as `the report`. It ends at block `end`, whatever it waits for. */
export type Due = <T>(duty: Duty, name: string, end: number, work: (bounded: Validator) => Promise<T>) => Promise<T>;

/** How a cycle's duties are done: where chain or servers do not answer they begin again, as after a restart. */
export const dueIn =
  (validator: Validator, cycle: number): Due =>
  (duty, name, end, work) => {
    const { participant } = validator;
    const limit = { duty, name: `${name} of cycle ${cycle}`, deadline: endOf(participant, end) };
    // Who restarts, or whose server is busy, costs blocks and not the duty.
    const mayPass = (thrown: unknown) => isBaseUnknown(thrown) || isFetchFault(thrown);
    return dutyThroughFaults(participant, limit, (bounded) => work(boundedBy(validator, bounded)), mayPass);
  };

/** What is still measured when a duty is over would take memory and time from the next one's. */
const boundedBy = ({ meter, updateMeter, ...validator }: Validator, participant: Participant): Validator => {
  const bounded = (given: LossMeter) => given.until?.(participant.signal) ?? given;
  return {
    ...validator,
    participant,
    meter: bounded(meter),
    ...(updateMeter && { updateMeter: bounded(updateMeter) }),
  };
};
