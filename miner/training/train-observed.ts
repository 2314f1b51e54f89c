import { phaseWindow } from "#shared/protocol/phases.js";
import type { ReplicaStep, Training } from "#shared/shard-training/trainer.js";
import type { FloatSource } from "#shared/training/float-source.js";
import type { InnerRun } from "#shared/training/inner-loop.js";
import { mean } from "#shared/util/mean.js";
import { trainingDeadline } from "../commit/training-deadline.js";
import type { Miner } from "../context.js";
import { observeTraining } from "./observe-training.js";

/** What a cycle's training begins from: a model, the group's weights in it, and those of other groups that its shard computes with. */
export interface TrainingBase {
  readonly hash: string;
  readonly weights: FloatSource;
  readonly frozen: FloatSource | undefined;
}

/** Inner steps whose mean loss is one line of metrics. */
const LOG_EVERY = 10;

const NO_STEP = "the next cycle tries one; where this comes again, lower batch_size or train on a faster device";

/** Trains until the train phase ends, and shows it in the log, the metrics and the instruments. @param maxSteps lowers what the config allows */
export const trainObserved = async (
  miner: Miner,
  cycle: number,
  base: TrainingBase,
  maxSteps?: number,
): Promise<Training> => {
  const { participant, config, journal, trainer, timer } = miner;
  const { clock, network, signal, log } = participant;
  // The update must be written, checked and sent in time for the commit window: training ends a block before it opens at the latest.
  const last = phaseWindow(cycle, "train", network.phases).end - 1;
  const from = clock.head.number;
  const deadline = () => trainingDeadline({ timer, cycle, phases: network.phases, packing: journal.value.packing });
  const isTimely = from < last && (deadline() ?? Number.POSITIVE_INFINITY) > Date.now();
  const steps = observeSteps(miner, cycle);
  const training = await trainer.train(base.weights, {
    cycle,
    model: base.hash,
    frozen: base.frozen,
    stop: () => signal.aborted || clock.head.number >= last,
    signal,
    deadline,
    progress: () => (clock.head.number - from) / (last - from),
    ...(maxSteps !== undefined && { maxSteps }),
    onStep: steps.taken,
  });
  steps.ended(training.run);
  // A program of one's own has said why itself.
  if (isTimely && config.trainer.command === undefined && training.run.steps === 0 && !signal.aborted)
    log.warn("no step would have been over in time", { cycle, prevention: NO_STEP });
  return training;
};

/**
 * Shows each step and the whole training. Of steps that were skipped the first has a line: where training diverges, the others would say the same.
 */
const observeSteps = ({ participant, config, metrics }: Miner, cycle: number) => {
  const { network, log, telemetry } = participant;
  const isBuiltIn = config.trainer.command === undefined;
  const replicas = isBuiltIn ? config.workers : 1;
  const observed = observeTraining(telemetry.instruments, {
    tokensPerStep: config.batch_size * config.gradient_accumulation_steps * replicas * network.data.sequence_length,
    replicas,
    // The built-in trainer may go on where it was stopped. A program's lines are as it likes, the first often after many steps.
    ...(!isBuiltIn && { from: 0 }),
  });
  // `train/total_step` grows from one cycle to the next, whatever each came to.
  const write = (step: number, figures: Readonly<Record<string, number>>) =>
    metrics.write({ cycle, step, "train/total_step": cycle * config.max_steps + step, ...figures });
  const losses: number[] = [];
  let skips = 0;
  let firstSkipped: number | undefined;
  /** Of the replica that is furthest. */
  let reached = 0;
  return {
    taken: (taken: ReplicaStep): void => {
      const { step, loss, learningRate, gradNorm, skipped, spike, replica } = taken;
      observed.stepped(taken);
      reached = Math.max(reached, step + 1);
      if (skipped) {
        firstSkipped ??= step;
        const why = spike ? "the loss is a spike" : "the loss or its gradient is not finite";
        log[skips++ === 0 ? "warn" : "debug"](`step skipped: ${why}`, { cycle, step, loss, gradNorm, replica });
      } else if (replica === 0) losses.push(loss);
      if (losses.length < LOG_EVERY) return;
      const lately = mean(losses.splice(0));
      observed.loss(lately);
      write(step + 1, { "train/loss": lately, "train/learning_rate": learningRate, "train/grad_norm": gradNorm });
    },
    ended: (run: InnerRun): void => {
      const { steps, tokens, skipped, spikes, firstLoss, lastLoss } = run;
      const lossReduction = firstLoss - lastLoss;
      observed.ended(run);
      if (skips > 1)
        log.warn("steps were skipped", {
          cycle,
          skipped: skips,
          spikes,
          steps,
          firstSkipped,
          prevention: "where there are many, lower learning_rate or raise warmup_steps; check the text of data_path",
        });
      if (steps > skipped)
        write(replicas === 1 ? steps : reached, {
          "train/loss": lastLoss,
          "train/loss_reduction": lossReduction,
          "train/tokens": tokens,
          "train/steps": steps,
          "train/skipped_steps": skipped,
          "train/spikes": spikes,
        });
      log.info("trained", { cycle, steps, tokens, skipped, spikes, loss: lastLoss, lossReduction });
    },
  };
};
