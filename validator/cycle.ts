import { reasonOf } from "#shared/errors.js";
import type { Participant } from "#shared/participant/join.js";
import { type Journal, recent } from "#shared/participant/journal.js";
import { canonicalBytes } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { reportHash } from "#shared/protocol/report.js";
import type { AgreedOutcome } from "#shared/protocol/tally.js";
import type { MetricsSink } from "#shared/telemetry/metrics.js";
import type { LossMeter } from "#shared/training/loss-meter.js";
import type { ValidatorJournal } from "./journal.js";
import { judgeCycle } from "./judge.js";
import { mergeCycle } from "./merge-cycle.js";
import { cycleWeights, setWeightsOnce } from "./weights.js";

export interface Validator {
  readonly participant: Participant;
  readonly journal: Journal<ValidatorJournal>;
  readonly meter: LossMeter;
  readonly metrics: MetricsSink;
}

/** One cycle of a validator: judge and report, then merge, publish the model and set weights. */
export const liveCycle = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant } = validator;
  const { clock, network, log, signal } = participant;
  const merge = phaseWindow(cycle, "merge", network.phases);
  try {
    await report(validator, cycle);
  } catch (thrown) {
    signal.throwIfAborted();
    // The others' reports may still make a merge; ours abstains.
    log.error("Missed report", { cycle, reason: reasonOf(thrown) });
  }
  await clock.reach(merge.start, signal);
  const { hash, manifest, outcomes } = await mergeCycle(participant, cycle);
  mark(validator, cycle, { model: hash });
  log.info("merged", { cycle, model: hash, merged: manifest.merged.map(({ uid }) => uid) });
  remember(validator, cycle, outcomes);
  await Promise.all([setWeights(validator, cycle), publish(validator, cycle, hash)]);
};

const report = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant, journal, meter, metrics } = validator;
  const { blobs, network, networkHash, location, log } = participant;
  if (journal.value.cycles[cycle]?.reported !== undefined) return;
  let hash = journal.value.cycles[cycle]?.report;
  if (hash === undefined) {
    const judged = await judgeCycle(participant, meter, cycle);
    hash = reportHash(judged);
    await blobs.put(canonicalBytes(judged));
    mark(validator, cycle, { report: hash });
    for (const [group, { loss }] of Object.entries(judged.baseline))
      metrics.write({ cycle, [`eval/loss_${group}`]: loss });
    for (const { uid, verdict, score, lossReduction } of judged.entries)
      metrics.write({
        cycle,
        uid,
        "eval/verdict": verdict,
        "eval/score": score,
        "eval/loss_reduction": lossReduction ?? 0,
      });
  }
  const block = await participant.commitOnce({
    key: `${cycle}/report`,
    data: encodeRecord({ type: "report", network: shortHash(networkHash), cycle, report: hash, location }),
    window: phaseWindow(cycle, "evaluate", network.phases),
  });
  mark(validator, cycle, { reported: block });
  log.info("reported", { cycle, report: hash, block });
};

/** The model record may come as late as the next distribute phase, which is when it is read. */
const publish = async (validator: Validator, cycle: number, model: string): Promise<void> => {
  const { participant, journal } = validator;
  const { network, networkHash, location, log } = participant;
  if (journal.value.cycles[cycle]?.published !== undefined) return;
  const block = await participant.commitOnce({
    key: `${cycle}/model`,
    data: encodeRecord({ type: "model", network: shortHash(networkHash), cycle, model, location }),
    window: {
      start: phaseWindow(cycle, "merge", network.phases).start,
      end: phaseWindow(cycle + 1, "distribute", network.phases).end,
    },
  });
  mark(validator, cycle, { published: block });
  log.info("published model", { cycle, model, block });
};

const setWeights = async (validator: Validator, cycle: number): Promise<void> => {
  const { participant, journal } = validator;
  const { chain, network, log } = participant;
  if (journal.value.cycles[cycle]?.weighted !== undefined) return;
  const weights = cycleWeights(network, await chain.metagraph(network.netuid), journal.value.history, cycle);
  try {
    const block = await setWeightsOnce(participant, weights, phaseWindow(cycle, "merge", network.phases));
    mark(validator, cycle, { weighted: block });
    log.info("set weights", { cycle, weights: weights.map(([uid, weight]) => `${uid}:${weight}`).join(" "), block });
  } catch (thrown) {
    participant.signal.throwIfAborted();
    log.error("Missed weights", { cycle, reason: reasonOf(thrown) });
  }
};

const remember = ({ participant, journal }: Validator, cycle: number, outcomes: readonly AgreedOutcome[]): void => {
  const { window } = participant.network.scoring;
  journal.update((value) => ({
    ...value,
    history: [
      ...value.history.filter((entry) => entry.cycle !== cycle && entry.cycle > cycle - window),
      ...outcomes.map(({ uid, hotkey, group, verdict, score }) => ({ cycle, uid, hotkey, group, verdict, score })),
    ],
  }));
};

const mark = ({ journal }: Validator, cycle: number, fields: ValidatorJournal["cycles"][string]): void =>
  journal.update((value) => ({
    ...value,
    cycles: recent({ ...value.cycles, [cycle]: { ...value.cycles[cycle], ...fields } }),
  }));
