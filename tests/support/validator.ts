import { join } from "node:path";
import { createLossMeter } from "#shared/evaluation/loss-meter.js";
import { shardBatchLosses } from "#shared/evaluation/shard-losses.js";
import { openWeights } from "#shared/participant/weights/weights-context.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import type { MetricValues } from "#shared/telemetry/metrics.js";
import { beaconOf } from "#validator/config.js";
import type { Validator } from "#validator/context.js";
import { validatorJournalSchema } from "#validator/journal.js";
import type { Scope } from "../shared/artifact/temporary.js";
import { microParameters } from "../shared/model/micro.js";
import type { Flags, Joined, Living, Subnet } from "./subnet.js";
import { device, map } from "./updates.js";

export interface TestValidator extends Validator {
  readonly participant: Joined;
  /** What it measured. */
  readonly measured: readonly MetricValues[];
}

/** A meter that was compiled with another model than those it is asked about, so that nothing of it may show. */
export const openMeter = async (t: Scope, { network }: Pick<Subnet, "network">) => {
  const meter = await createLossMeter(device, network, {
    batchSize: network.scoring.eval_batch_size,
    parameters: map(microParameters(network.model), () => 0.01),
  });
  t.after(() => meter.dispose());
  return meter;
};

/** A validator as its program makes it, for one cycle at a time. */
export const openValidator = async (t: Living, subnet: Subnet, name: string, flags?: Flags): Promise<TestValidator> => {
  const participant = await subnet.join(name, flags);
  const measured: MetricValues[] = [];
  return {
    participant,
    measured,
    meter: await openMeter(t, subnet),
    shardLosses: (model, text) =>
      shardBatchLosses(device, subnet.network, model, { memory: 1 << 20, folder: participant.home, ...text }),
    metrics: { write: (values) => void measured.push(values), close: async () => {} },
    journal: openJournal(join(participant.home, "validator.json"), validatorJournalSchema),
    weights: openWeights(participant, beaconOf(subnet.validatorConfig(name))),
  };
};
