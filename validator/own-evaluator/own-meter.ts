import { randomInt } from "node:crypto";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import type { Participant } from "#shared/participant/participant.js";
import type { Log } from "#shared/telemetry/log.js";
import type { ValidatorConfig } from "../config.js";
import { type EvaluatorProgram, openEvaluatorProgram } from "./evaluator-program.js";

/** Nats that a program's loss of a batch may differ by from the built-in meter's. An update that is paid gains a hundred times as much. */
export const TOLERANCE = 1e-4;

export interface OwnMeterOptions {
  readonly program: EvaluatorProgram;
  /** What measures a sample, and all where the program fails or differs. */
  readonly builtIn: LossMeter;
  readonly log: Log;
  /** A whole number below a bound, which the program cannot foresee. */
  readonly draw?: (bound: number) => number;
}

/** The built-in meter, or beside it the operator's own program where the settings name one. */
export const withOwnEvaluator = async (
  { network, home, log }: Pick<Participant, "network" | "home" | "log">,
  { evaluator }: Pick<ValidatorConfig, "evaluator">,
  builtIn: LossMeter,
): Promise<LossMeter> => {
  const { command, environment = [], timeout_seconds: timeoutSeconds } = evaluator;
  if (command === undefined) return builtIn;
  const place = join(home, "evaluator");
  const program = await openEvaluatorProgram({ network, command, environment, timeoutSeconds, home: place, log });
  return ownMeter({ program, builtIn, log });
};

/**
 * A meter that leaves updates' losses to an operator's own program. Of every request one batch, drawn at random, is measured here as well; from the first that differs
 * by more than `TOLERANCE`, and from the first fault on, all is measured here.
 */
export const ownMeter = ({ program, builtIn, log, draw = randomInt }: OwnMeterOptions): LossMeter => {
  let isTrusted = true;
  let closing: Promise<void> | undefined;
  const distrust = (code: "EVALUATOR_DIFFERS" | "EVALUATOR_FAILED", fields: object): void => {
    if (isTrusted) log.warn("the evaluator's program is no longer asked", { code, ...fields });
    isTrusted = false;
    closing ??= program.close();
  };
  return {
    ...builtIn,
    async ofGroup(model, group) {
      const here = await builtIn.ofGroup(model, group);
      if (!isTrusted) return here;
      return {
        async losses(update, batches) {
          if (!isTrusted || batches.length === 0) return here.losses(update, batches);
          try {
            const theirs = await program.losses(model, update, batches);
            const at = draw(batches.length);
            const [ours = Number.NaN] = await here.losses(update, [batches[at]!]);
            if (agree(theirs[at]!, ours)) return [...theirs];
            distrust("EVALUATOR_DIFFERS", { theirs: theirs[at], ours, tolerance: TOLERANCE });
          } catch (thrown) {
            if (!(thrown instanceof BlockZeroError)) throw thrown;
            distrust("EVALUATOR_FAILED", { reason: thrown.message, prevention: thrown.hint });
          }
          return here.losses(update, batches);
        },
      };
    },
    async dispose() {
      await (closing ?? program.close());
      await builtIn.dispose();
    },
  };
};

const agree = (theirs: number, ours: number): boolean =>
  Number.isFinite(ours) ? Math.abs(theirs - ours) <= TOLERANCE : !Number.isFinite(theirs);
