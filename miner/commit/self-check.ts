import { isFault } from "#shared/artifact/codec/codec.js";
import { checkTensors } from "#shared/artifact/gates.js";
import type { UpdateReader } from "#shared/artifact/update-reader.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { addSquares } from "#shared/kernels/sum-of-squares.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";
import { explainReason } from "#shared/protocol/verdict.js";
import { tensorGates } from "#shared/replay/gate-submission.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { withDeadline } from "#shared/util/deadline.js";
import { withSignals } from "#shared/util/join-signals.js";
import { mean } from "#shared/util/mean.js";
import type { PackedUpdate } from "../behaviours.js";
import type { Miner } from "../context.js";
import { ownSeeds } from "../score/draws.js";

/** An update that is about to be committed, and what it was trained from. */
export interface Prepared {
  readonly cycle: number;
  /** The group's weights. */
  readonly base: FloatSource;
  readonly submission: PackedUpdate;
  /** Packs the update once more, with a part of its length. Unset: it stays as it is. */
  readonly shorten?: (part: number) => Promise<PackedUpdate>;
}

/** Why validators would not take an update: code, figures and advice. */
interface Fault {
  readonly code: "UPDATE_UNACCEPTABLE" | "UPDATE_WORSE";
  readonly fields: Readonly<Record<string, unknown>>;
  /** The part of its length that the network takes, where it is only too long. */
  readonly part?: number;
}

type Checking = Pick<Miner, "participant" | "trainer" | "config" | "timer">;

/** Share of a training's batches that the loss is measured on, with the base and the update together. */
const SHARE = 0.02;

/** Batches that each is measured on. */
const LEAST_BATCHES = 2;
const MOST_BATCHES = 8;

/** Rise of the mean loss, relative to the base's, from which an update is taken for worse. */
const CLEAR_RISE = 0.01;

/** An update of more than so many times the length that the network takes is no training that went too far, but one that went nowhere. */
const MOST_LENGTH = 10;

/** Part of that length that a shortened update has: a codec rounds. */
const SPARE = 0.99;

const ADVICE =
  "lower learning_rate, raise warmup_steps or lower spike_threshold; commit_anyway submits it all the same";

/**
 * The update that may be committed: one that is longer than the network takes is shortened, as its direction may be as good as ever. What validators would
 * reject all the same, or find worse than no update, is not committed, unless the settings say so.
 *
 * @returns null for none
 */
export const committable = async (miner: Checking, prepared: Prepared): Promise<PackedUpdate | null> => {
  const { participant, config } = miner;
  const { log } = participant;
  const { cycle, submission, shorten, ...trained } = prepared;
  // A red team's update is what it is meant to be.
  if (config.behaviour !== "honest") return submission;
  const fault = await faultOf(miner, prepared);
  if (fault === null) return submission;
  const { code, fields, part } = fault;
  if (shorten && part !== undefined) {
    const { detail, prevention } = fields;
    log.warn("the update is longer than the network takes, and is shortened", {
      ...{ cycle, code: "UPDATE_SHORTENED", detail, part: part.toPrecision(3), prevention },
    });
    return committable(miner, { ...trained, cycle, submission: await shorten(part) });
  }
  const said = config.commit_anyway ? "the update is committed all the same" : "the update is not committed";
  log.warn(said, { cycle, code, ...fields });
  return config.commit_anyway ? submission : null;
};

/** What keeps an update from being taken: the validators' own gates, then its loss. */
const faultOf = async (miner: Checking, prepared: Prepared): Promise<Fault | null> => {
  const { network } = miner.participant;
  const { tensors } = prepared.submission;
  const manifest = { codec: network.artifact.codec, tensors: tensors.hash, bytes: tensors.size };
  const gates = tensorGates(network, miner.config.expert_group, await normOf(prepared.base));
  const begun = performance.now();
  const passed = await checkTensors(manifest, tensors, gates);
  // Storing the update reads it once more, as the gates did.
  const storing = performance.now() - begun;
  if (passed.ok) return worsened(miner, prepared, { update: passed.update, storing });
  const { reason, detail } = passed;
  const prevention = reason === "not_finite" || reason === "norm" ? ADVICE : explainReason(reason);
  const fault = { code: "UPDATE_UNACCEPTABLE", fields: { reason, detail, prevention } } as const;
  if (reason !== "norm") return fault;
  const most = gates.maxUpdateNorm * gates.baseNorm;
  const long = await checkTensors(manifest, tensors, { ...gates, maxUpdateNorm: Number.POSITIVE_INFINITY });
  return long.ok && long.norm <= MOST_LENGTH * most ? { ...fault, part: (SPARE * most) / long.norm } : fault;
};

/**
 * Whether the loss on held-out text is clearly higher with the update than without: on every batch, and on the whole. A check that makes the commit
 * late protects nobody, so it is given up in time for what is left to do, which takes `storing` milliseconds.
 */
const worsened = async (
  miner: Checking,
  { cycle, base, submission }: Prepared,
  { update, storing }: { readonly update: UpdateReader; readonly storing: number },
): Promise<Fault | null> => {
  const { participant, trainer, config } = miner;
  const { network, networkHash, log } = participant;
  const trained = submission.tokens / (config.batch_size * network.data.sequence_length * config.workers);
  const batches = Math.max(LEAST_BATCHES, Math.min(MOST_BATCHES, Math.floor((SHARE / 2) * trained)));
  const [seed] = ownSeeds({ network: networkHash, cycle, group: config.expert_group }, 1);
  const timeLeft = () => timeUntilCommit(miner, cycle) - storing;
  const measure = async (signal: AbortSignal) => {
    const heldOut = { seed: seed!, batches, signal };
    const started = performance.now();
    const before = await trainer.losses(base, heldOut);
    if (!before.every(Number.isFinite)) return null;
    // The update's losses take as long as the base's.
    if (timeLeft() < performance.now() - started) throw tooLate();
    return { before, after: await trainer.losses(withUpdate(base, update), heldOut) };
  };
  try {
    const left = timeLeft();
    if (left <= 0) throw tooLate();
    const measured = await withDeadline(left, tooLate, (late) => withSignals([participant.signal, late], measure));
    if (measured === null) return null;
    const { before, after } = measured;
    const figures = { batches, baseLoss: mean(before), loss: mean(after) };
    const isBetterSomewhere = after.some((loss, i) => loss <= before[i]!);
    const isClear = !(figures.loss <= figures.baseLoss * (1 + CLEAR_RISE));
    if (isClear && !isBetterSomewhere) return { code: "UPDATE_WORSE", fields: { ...figures, prevention: ADVICE } };
    log.info("the update was checked", { cycle, ...figures });
  } catch (thrown) {
    participant.signal.throwIfAborted();
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    log.warn("the update's loss is not checked", { cycle, reason: reasonOf(thrown), prevention: thrown.hint });
  }
  return null;
};

const tooLate = () =>
  new BlockZeroError(
    "DUTY_OVERDUE",
    "the commit phase ends too soon",
    "the commit phase is short for this machine; training ends earlier in the next cycle",
  );

/** Milliseconds until a commit must be sent; infinite while the chain's pace is unknown. */
const timeUntilCommit = ({ participant, timer }: Checking, cycle: number): number => {
  const { end } = phaseWindow(cycle, "commit", participant.network.phases);
  const due = timer?.expected(end - BLOCKS_TO_RECORD);
  return due === undefined ? Number.POSITIVE_INFINITY : due - Date.now();
};

/** Weights with an update that passed the gates added, a tensor at a time. */
const withUpdate = ({ shapes, read }: FloatSource, update: UpdateReader): FloatSource => ({
  shapes,
  async read(name) {
    const weights = await read(name);
    const delta = await update.read(name);
    if (isFault(delta)) throw new TypeError(`${name}: ${delta.problem}`);
    return { ...weights, data: weights.data.map((weight, i) => weight + delta[i]!) };
  },
});

/** L2 norm over all tensors. */
const normOf = async ({ shapes, read }: FloatSource): Promise<number> => {
  let squares = 0;
  for (const name of Object.keys(shapes).sort()) squares = addSquares(squares, (await read(name)).data);
  return Math.sqrt(squares);
};
