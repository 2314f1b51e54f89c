import { statusOf } from "#shared/own-program/run-program.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { mean } from "#shared/util/mean.js";
import { plural } from "#shared/util/plural.js";
import type { OwnRun, OwnTrainer } from "./own-trainer.js";

/** What is right or wrong with a program's run, a sentence each. */
export interface Finding {
  readonly isGood: boolean;
  readonly says: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export interface CheckOptions {
  readonly base: FloatSource;
  readonly frozen: FloatSource | undefined;
  /** Hash or name of the model that the weights are of. */
  readonly model: string;
  readonly cycle: number;
  /** Time for the program, from when its job is written; then it is killed. */
  readonly seconds: number;
  readonly stop: () => boolean;
  /** Ends the measurement of what it gained: it then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/** Held-out batches that the update is measured on. */
const BATCHES = 4;
const SEED = "c".repeat(64);

/** Runs a program once, as a cycle does, and says what is wrong with what it did. */
export const checkTrainer = async (trainer: OwnTrainer, options: CheckOptions): Promise<readonly Finding[]> => {
  const { base, seconds, ...others } = options;
  let end: number | undefined;
  // Asked for first when shard and windows are written, which may take longer than the program has.
  const deadline = (): number => {
    end ??= Date.now() + 1000 * seconds;
    return end;
  };
  const run = await trainer.run(base, { ...others, deadline });
  const findings = [ending(run), ...progressOf(run), ...checkpointOf(run)];
  return run.output === null ? findings : [...findings, await gainOf(trainer, base, run.output.update, options.signal)];
};

const ending = ({ end, tail }: OwnRun): Finding => {
  const { code, signal, wasStopped } = end;
  if (wasStopped && signal === "SIGKILL")
    return {
      isGood: false,
      says: "it did not end within trainer.grace_seconds of SIGTERM, and was killed",
      remedy: "write a last checkpoint and exit when SIGTERM comes",
    };
  if (wasStopped) return { isGood: true, says: "it ended at the deadline" };
  if (code === 0) return { isGood: true, says: "it ended by itself" };
  const said = tail.slice(-3).join(" | ");
  return {
    isGood: false,
    says: `it ended with ${statusOf(end)}${said === "" ? "" : `: ${said}`}`,
    remedy: "see its lines above",
  };
};

const progressOf = ({ progress }: OwnRun): readonly Finding[] => {
  const { lines, invalid, dropped, last, firstLoss, lastLoss } = progress;
  const findings: Finding[] = [];
  if (last === undefined)
    findings.push({
      isGood: false,
      says: "it told no progress",
      remedy: 'write {"step": 1, "loss": 2.5, "tokens": 4096} a line to standard output, and flush it',
    });
  else
    findings.push({
      isGood: true,
      says: `${plural(lines, "line")} of progress: ${plural(last.step, "step")}, ${last.tokens} tokens, training loss ${firstLoss.toFixed(4)} → ${lastLoss.toFixed(4)}`,
    });
  if (invalid > 0)
    findings.push({ isGood: false, says: `${invalid} lines of progress cannot be read`, remedy: "see the warning" });
  if (dropped > 0) findings.push({ isGood: true, says: `${dropped} lines came faster than they are read` });
  return findings;
};

const checkpointOf = ({ step, output, refused }: OwnRun): readonly Finding[] => {
  const faults = refused.map(({ message, hint }): Finding => ({ isGood: false, says: message, remedy: hint }));
  if (output === null && faults.length === 0)
    return [
      {
        isGood: false,
        says: "it left no checkpoint",
        remedy: "write output/experts-STEP.safetensors under another name, then rename it",
      },
    ];
  if (output === null) return faults;
  const { tokens } = output;
  return [
    ...faults,
    {
      isGood: true,
      says: `the checkpoint of step ${step} is whole${tokens === undefined ? "" : `, after ${tokens} tokens`}`,
    },
  ];
};

const gainOf = async (
  trainer: OwnTrainer,
  base: FloatSource,
  update: FloatSource,
  signal: AbortSignal,
): Promise<Finding> => {
  const heldOut = { seed: SEED, batches: BATCHES, signal };
  const before = mean(await trainer.losses(base, heldOut));
  const after = mean(await trainer.losses(added(base, update), heldOut));
  const says = `loss on held-out text ${before.toFixed(4)} → ${after.toFixed(4)} nats a token`;
  return after < before
    ? { isGood: true, says }
    : {
        isGood: false,
        says,
        remedy: "nothing is paid for that: see the learning rate, and that only `trained` changes",
      };
};

/** The base with what it gained. */
const added = ({ shapes, read }: FloatSource, update: FloatSource): FloatSource => ({
  shapes,
  async read(name) {
    const tensor = await read(name);
    const gained = (await update.read(name)).data;
    return { ...tensor, data: tensor.data.map((weight, i) => weight + gained[i]!) };
  },
});
