import { BlockZeroError } from "#shared/errors/error.js";
import type { HeldOut, ShardTrainer } from "#shared/shard-training/trainer.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { withDeadline } from "#shared/util/deadline.js";
import { withSignals } from "#shared/util/join-signals.js";
import { mean } from "#shared/util/mean.js";
import { type BestPart, bestPart, LOTS } from "./best-part.js";

/** Seeds of text that a check measures on at most, of 64 hex digits each. */
export const CHECK_SEEDS = 1 + LOTS;

/** Share of a training's batches that the loss is measured on, with the base and the update together. */
const SHARE = 0.02;

/** Batches that each is measured on. */
const LEAST_BATCHES = 2;
const MOST_BATCHES = 8;

/** Rise of the mean loss, relative to the base's, from which an update is taken for worse. */
const CLEAR_RISE = 0.01;

/** Of the time that is left, the part in which parts of an update may be measured: a shortened one is written and checked once more. */
const TIME_FOR_PARTS = 1 / 2;

export interface LossChecking {
  readonly trainer: Pick<ShardTrainer, "losses">;
  /** The group's weights without the update. */
  readonly base: FloatSource;
  /** Elements of one of the update's tensors. */
  readonly update: (name: string) => Promise<Float32Array>;
  /** Batches that it was trained on. */
  readonly trained: number;
  /** `CHECK_SEEDS` of them. */
  readonly seeds: readonly string[];
  /** Whether a part of it may be committed in its place. */
  readonly mayShorten: boolean;
  /** Milliseconds until the check must be over. */
  readonly left: () => number;
  readonly signal: AbortSignal;
  /** Told why parts could not be measured, or not in time. */
  readonly onUnmeasured: (fault: BlockZeroError) => void;
}

/** What the loss on held-out text says of an update. */
export interface LossCheck {
  readonly batches: number;
  /** Mean losses without the update and with it, nats a token. */
  readonly baseLoss: number;
  readonly loss: number;
  /** The part of it to commit: 1 for the whole, null for nothing. */
  readonly part: number | null;
  /** What that part gains, where parts were measured. */
  readonly best: BestPart | null;
}

/**
 * Measures an update on text that it was not trained on. Where the loss is clearly higher with it, on every batch and in the mean, parts of
 * its length are measured on other text, and the best that is surely better than no update is to be committed; nothing if none is.
 *
 * @returns null if the loss is no number without the update
 * @throws BlockZeroError DUTY_OVERDUE if too little time is left to measure the whole
 */
export const checkLoss = async (checking: LossChecking): Promise<LossCheck | null> => {
  const { trainer, base, trained, seeds, mayShorten, left, signal } = checking;
  const batches = Math.max(LEAST_BATCHES, Math.min(MOST_BATCHES, Math.floor((SHARE / 2) * trained)));
  const heldOut = { seed: seeds[0]!, batches, signal };
  const started = performance.now();
  const before = await trainer.losses(base, heldOut);
  if (!before.every(Number.isFinite)) return null;
  // The update's losses take as long as the base's.
  if (left() < performance.now() - started) throw tooLate();
  const after = await lossesWith(checking, 1, heldOut);
  const figures = { batches, baseLoss: mean(before), loss: mean(after) };
  const isBetterSomewhere = after.some((loss, i) => loss <= before[i]!);
  const isClear = !isBetterSomewhere && !(figures.loss <= figures.baseLoss * (1 + CLEAR_RISE));
  if (!isClear) return { ...figures, part: 1, best: null };
  const best = mayShorten ? await bestInTime(checking) : null;
  return { ...figures, part: best?.part ?? null, best };
};

export const tooLate = () =>
  new BlockZeroError(
    "DUTY_OVERDUE",
    "the commit phase ends too soon",
    "the commit phase is short for this machine; training ends earlier in the next cycle",
  );

/** The best part of the update by what can be measured in half of the time that is left. */
const bestInTime = async (checking: LossChecking): Promise<BestPart | null> => {
  const { seeds, left } = checking;
  const all = left();
  const now = () => performance.now();
  const end = now() + TIME_FOR_PARTS * all;
  const race = (signal: AbortSignal) =>
    bestPart({
      losses: (part, lot, batches) => lossesWith(checking, part ?? 0, { seed: seeds[1 + lot]!, batches, signal }),
      time: { now, left: () => end - now() },
    });
  try {
    if (all <= 0) throw tooLate();
    return await withDeadline(TIME_FOR_PARTS * all, tooLate, (late) => withSignals([checking.signal, late], race));
  } catch (thrown) {
    checking.signal.throwIfAborted();
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    checking.onUnmeasured(thrown);
    return null;
  }
};

/** Losses with a part of the update added to the base, a tensor at a time. */
const lossesWith = (
  { trainer, base, update }: LossChecking,
  part: number,
  heldOut: HeldOut,
): Promise<readonly number[]> => {
  if (part === 0) return trainer.losses(base, heldOut);
  const { shapes } = base;
  const read: FloatSource["read"] = async (name) => {
    const weights = await base.read(name);
    const delta = await update(name);
    return { ...weights, data: weights.data.map((weight, i) => weight + part * delta[i]!) };
  };
  return trainer.losses({ shapes, read }, heldOut);
};
