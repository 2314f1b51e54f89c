import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { batchesOfRun, type LossMeter } from "#shared/evaluation/loss-meter.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Participant } from "#shared/participant/participant.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { middleOf, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import type { Log } from "#shared/telemetry/log.js";
import { NEVER } from "#shared/util/never.js";
import type { ValidatorConfig } from "../config.js";
import { type EvaluatorProgram, openEvaluatorProgram, refuseIfAborted, removeEvaluator } from "./evaluator-program.js";
import { type Moment, openPaceBook } from "./pace-book.js";

/**
 * Nats that a program's loss of a batch may differ by from the built-in meter's. An update that is paid gains a hundred
 * times as much.
 */
const TOLERANCE = 1e-4;

interface OwnMeterOptions {
  readonly program: EvaluatorProgram;
  /** What measures a sample, and all where the program fails, differs or takes the phase's time. */
  readonly builtIn: LossMeter;
  /** Batches that the built-in meter measures in the time of one. */
  readonly together: number;
  readonly moment: () => Moment;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
  readonly log: Log;
}

/**
 * The built-in meter, or beside it the operator's own program where the settings name one. Without one, what an earlier
 * program left is removed.
 *
 * @throws BlockZeroError FILE_UNWRITABLE, CONFIG_INVALID_VALUE
 */
export const withOwnEvaluator = async (
  { network, home, log, clock }: Pick<Participant, "network" | "home" | "log" | "clock">,
  { evaluator }: Pick<ValidatorConfig, "evaluator">,
  builtIn: LossMeter,
): Promise<LossMeter> => {
  const { command, environment = [], timeout_seconds: timeoutSeconds } = evaluator;
  const place = join(home, "evaluator");
  if (command === undefined) {
    await removeEvaluator(place);
    return builtIn;
  }
  const blocks = network.phases.evaluate;
  const program = await openEvaluatorProgram({
    network,
    command,
    environment,
    timeoutSeconds,
    // Who stops the validator closes the program, which ends its request. A duty's end is a matter of the meter's signals.
    withinPhase: (share, work) =>
      untilBlock(clock, clock.head.number + Math.max(1, Math.floor(share * blocks)), NEVER, work),
    home: place,
    log,
  });
  const moment = (): Moment => {
    const { number } = clock.head;
    const { cycle } = phaseAt(number, network.phases);
    return { cycle, isLate: number >= middleOf(phaseWindow(cycle, "evaluate", network.phases)) };
  };
  // Layer by layer a sample takes a pass over the model, and all batches together at most as many as they are.
  const together = builtIn.isLayerMajor ? 1 : batchesOfRun(network.scoring.eval_batch_size, network.data);
  return ownMeter({ program, builtIn, together, moment, log });
};

/**
 * A meter that leaves updates' losses to an operator's own program. Of every request one batch, drawn at random, is
 * measured here as well; from the first that differs by more than `TOLERANCE`, and from the first fault on, all is
 * measured here. So is what is asked in the rest of a cycle in which the program takes the phase's time (`PaceBook`).
 */
export const ownMeter = ({
  program,
  builtIn,
  together,
  moment,
  now = () => performance.now(),
  log,
}: OwnMeterOptions): LossMeter => {
  const book = openPaceBook(log);
  let isTrusted = true;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    isTrusted = false;
    closing ??= program
      .close()
      .catch((thrown) => log.warn("the evaluator's program left something behind", { reason: reasonOf(thrown) }));
    return closing;
  };
  const distrust = (code: "EVALUATOR_DIFFERS" | "EVALUATOR_FAILED", fields: object): void => {
    if (isTrusted) log.warn("the evaluator's program is no longer asked", { code, ...fields });
    void close();
  };
  const ask = async (
    signals: readonly AbortSignal[],
    ...request: readonly [ModelTensors, FloatTensors | null, readonly Batch[]]
  ): Promise<readonly number[] | null> => {
    try {
      return await program.losses(...request, signals);
    } catch (thrown) {
      // Whoever gives up is no fault of the program's.
      if (!(thrown instanceof BlockZeroError) || signals.some(({ reason }) => reason === thrown)) throw thrown;
      distrust("EVALUATOR_FAILED", { reason: thrown.message, prevention: thrown.hint });
      return null;
    }
  };
  const beside = (checking: LossMeter, signals: readonly AbortSignal[]): LossMeter => ({
    ...checking,
    async ofGroup(model, group) {
      const here = await checking.ofGroup(model, group);
      if (!isTrusted) return here;
      return {
        async losses(update, batches) {
          refuseIfAborted(signals);
          const asked = moment();
          if (!isTrusted || batches.length === 0 || !book.hasTime(asked)) return here.losses(update, batches);
          const begun = now();
          const theirs = await ask(signals, model, update, batches);
          refuseIfAborted(signals);
          if (theirs === null) return here.losses(update, batches);
          const answered = now();
          // Drawn when the answer is there, so that the program cannot foresee it.
          const at = randomInt(batches.length);
          const [ours = Number.NaN] = await here.losses(update, [batches[at]!]);
          const ended = now();
          const runs = Math.ceil(batches.length / together);
          book.note(asked.cycle, { theirs: ended - begun, ours: runs * (ended - answered) });
          if (agree(theirs[at]!, ours)) return [...theirs];
          distrust("EVALUATOR_DIFFERS", { theirs: theirs[at], ours, tolerance: TOLERANCE });
          return here.losses(update, batches);
        },
      };
    },
    until: (signal) => beside(checking.until?.(signal) ?? checking, [...signals, signal]),
    async dispose() {
      await close();
      await checking.dispose();
    },
  });
  return beside(builtIn, []);
};

const agree = (theirs: number, ours: number): boolean =>
  Number.isFinite(ours) ? Math.abs(theirs - ours) <= TOLERANCE : !Number.isFinite(theirs);
