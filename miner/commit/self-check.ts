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
import type { PackedUpdate } from "../behaviours.js";
import type { Miner } from "../context.js";
import { ownSeeds } from "../score/draws.js";
import { CHECK_SEEDS, checkLoss, tooLate } from "./loss-check.js";
import { partThatFits } from "./part-that-fits.js";

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
  /** The part of its length that has no such fault. Unset: none is known. */
  readonly part?: number;
}

type Checking = Pick<Miner, "participant" | "trainer" | "config" | "timer">;

const ADVICE =
  "lower learning_rate, raise warmup_steps or lower spike_threshold; commit_anyway submits it all the same";

/** What is said of an update that is shortened for a fault. */
const SHORTENED = {
  UPDATE_UNACCEPTABLE: "the update is longer than the network takes, and is shortened",
  UPDATE_WORSE: "the update raises the loss at its full length, and is shortened",
} as const;

/**
 * The update that may be committed. One that is longer than the network takes, or clearly raises the loss where a part of it lowers it, is
 * shortened: its direction may be as good as ever. What validators would reject all the same, or find worse than no update, is not committed,
 * unless the settings say so.
 *
 * @returns null for none
 */
export const committable = (miner: Checking, prepared: Prepared): Promise<PackedUpdate | null> =>
  // A red team's update is what it is meant to be.
  miner.config.behaviour === "honest"
    ? checked(miner, prepared, { part: 1, faults: [] })
    : Promise.resolve(prepared.submission);

/** What an update was shortened to, and for which faults: for each once. */
interface Shortened {
  readonly part: number;
  readonly faults: readonly Fault["code"][];
}

const checked = async (miner: Checking, prepared: Prepared, done: Shortened): Promise<PackedUpdate | null> => {
  const { participant, config } = miner;
  const { log } = participant;
  const { cycle, submission, shorten } = prepared;
  const mayShorten = (code: Fault["code"]) => shorten !== undefined && !done.faults.includes(code);
  const fault = await faultOf(miner, prepared, mayShorten);
  if (fault === null) return submission;
  const { code, fields, part } = fault;
  if (shorten && part !== undefined && mayShorten(code)) {
    const { reason: _, ...figures } = fields;
    log.warn(SHORTENED[code], { cycle, code: "UPDATE_SHORTENED", ...figures, part: part.toPrecision(3) });
    const all = done.part * part;
    const shortened = { ...prepared, submission: await shorten(all) };
    return checked(miner, shortened, { part: all, faults: [...done.faults, code] });
  }
  const said = config.commit_anyway ? "the update is committed all the same" : "the update is not committed";
  log.warn(said, { cycle, code, ...fields });
  return config.commit_anyway ? submission : null;
};

/** What keeps an update from being taken: the validators' own gates, then its loss. */
const faultOf = async (
  miner: Checking,
  prepared: Prepared,
  mayShorten: (code: Fault["code"]) => boolean,
): Promise<Fault | null> => {
  const { network } = miner.participant;
  const { tensors } = prepared.submission;
  const manifest = { codec: network.artifact.codec, tensors: tensors.hash, bytes: tensors.size };
  const gates = tensorGates(network, miner.config.expert_group, await normOf(prepared.base));
  const begun = performance.now();
  const passed = await checkTensors(manifest, tensors, gates);
  // Storing the update reads it once more, as the gates did.
  const storing = performance.now() - begun;
  if (passed.ok)
    return worsened(miner, prepared, { update: passed.update, storing, mayShorten: mayShorten("UPDATE_WORSE") });
  const { reason, detail } = passed;
  const prevention = reason === "not_finite" || reason === "norm" ? ADVICE : explainReason(reason);
  const fault = { code: "UPDATE_UNACCEPTABLE", fields: { reason, detail, prevention } } as const;
  if (reason !== "norm") return fault;
  const long = await checkTensors(manifest, tensors, { ...gates, maxUpdateNorm: Number.POSITIVE_INFINITY });
  const part = long.ok ? partThatFits(long.norm, gates.maxUpdateNorm * gates.baseNorm) : null;
  return part === null ? fault : { ...fault, part };
};

/**
 * Whether the loss on held-out text is higher with the update than without. A check that makes the commit late protects nobody, so it is given up
 * in time for what is left to do, which takes `storing` milliseconds.
 */
const worsened = async (
  miner: Checking,
  { cycle, base, submission }: Prepared,
  {
    update,
    storing,
    mayShorten,
  }: { readonly update: UpdateReader; readonly storing: number; readonly mayShorten: boolean },
): Promise<Fault | null> => {
  const { participant, trainer, config } = miner;
  const { network, networkHash, log } = participant;
  const left = () => timeUntilCommit(miner, cycle) - storing;
  const unmeasured = (what: string) => (fault: BlockZeroError) =>
    log.warn(what, { cycle, reason: reasonOf(fault), prevention: fault.hint });
  const check = (signal: AbortSignal) =>
    checkLoss({
      ...{ trainer, base, mayShorten, left, signal },
      async update(name) {
        const delta = await update.read(name);
        if (isFault(delta)) throw new TypeError(`${name}: ${delta.problem}`);
        return delta;
      },
      trained: submission.tokens / (config.batch_size * network.data.sequence_length * config.workers),
      seeds: ownSeeds({ network: networkHash, cycle, group: config.expert_group }, CHECK_SEEDS),
      onUnmeasured: unmeasured("parts of the update are not measured"),
    });
  try {
    const time = left();
    if (time <= 0) throw tooLate();
    const found = await withDeadline(time, tooLate, (late) => withSignals([participant.signal, late], check));
    if (found === null) return null;
    const { part, best, ...figures } = found;
    if (part === null) return { code: "UPDATE_WORSE", fields: { ...figures, prevention: ADVICE } };
    if (part < 1) {
      const { lossReduction, standardError } = best!;
      return { code: "UPDATE_WORSE", part, fields: { ...figures, lossReduction, standardError, prevention: ADVICE } };
    }
    log.info("the update was checked", { cycle, ...figures });
  } catch (thrown) {
    participant.signal.throwIfAborted();
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    unmeasured("the update's loss is not checked")(thrown);
  }
  return null;
};

/** Milliseconds until a commit must be sent; infinite while the chain's pace is unknown. */
const timeUntilCommit = ({ participant, timer }: Checking, cycle: number): number => {
  const { end } = phaseWindow(cycle, "commit", participant.network.phases);
  const due = timer?.expected(end - BLOCKS_TO_RECORD);
  return due === undefined ? Number.POSITIVE_INFINITY : due - Date.now();
};

/** L2 norm over all tensors. */
const normOf = async ({ shapes, read }: FloatSource): Promise<number> => {
  let squares = 0;
  for (const name of Object.keys(shapes).sort()) squares = addSquares(squares, (await read(name)).data);
  return Math.sqrt(squares);
};
