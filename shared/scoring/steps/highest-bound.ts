import { planLooks, type StepRules } from "./looks.js";
import { paired } from "./paired.js";

/**
 * The greatest lower bound that any look gives a candidate's mean reduction, nats per token. Each look is taken as the last one, because nobody
 * else knows when a validator's time was up. A validator that measures all of these batches, or the first of them, approves the candidate at
 * some look only if this bound is above zero.
 *
 * @param base  losses of all batches before the step, nats per token
 * @param after the same batches' losses after it
 * @param candidates that were compared
 */
export const highestBound = (
  base: readonly number[],
  after: readonly number[],
  { confidence, candidates }: Pick<StepRules, "confidence"> & { readonly candidates: number },
): number =>
  Math.max(
    ...planLooks({ confidence, batches: base.length }, candidates).map(({ end, quantileAsLast }) => {
      const { mean, standardError } = paired(base.slice(0, end), after.slice(0, end));
      return mean - quantileAsLast * standardError;
    }),
  );
