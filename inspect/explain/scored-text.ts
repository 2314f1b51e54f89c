import { type Derivation, type Figures, isConsistent } from "./derivation.js";

/** What a validator measured and how its score follows: every figure involved, with one digit more than the score has. */
export const describeScored = (figures: Figures, derivation: Derivation): string => {
  const { lossReduction, standardError, batches, score } = figures;
  const { batches: all, confidence, quantile, exponent, growth, lowerBound } = derivation;
  const measured = `it ${lossReduction < 0 ? "raises" : "lowers"} the loss by ${fine(Math.abs(lossReduction))} nats a token, standard error ${fine(standardError)}, over ${batches} of ${all} batches`;
  const ofAll = batches < all ? ` that all ${all} would give` : "";
  const bound = `The lower bound${ofAll} at ${confidenceText(confidence)} is ${fine(lossReduction)} − ${fine(quantile)} × ${fine(derivation.standardError)} = ${fine(lowerBound)}`;
  const power = exponent === 1 ? "" : `, to the power ${exponent}`;
  const earns =
    lowerBound <= 0
      ? ", cut at zero"
      : growth === null
        ? ", but at no look at it was an improvement beyond doubt"
        : `${growth === 1 ? "" : `, times ${fine(growth)}: who left early keeps its proportion to those who went on`}${power}`;
  const contradiction = isConsistent(derivation, figures)
    ? ""
    : ` That gives ${figure(derivation.score)}: the report contradicts itself.`;
  return `scored ${figure(score)}: ${measured}. ${bound}${earns}.${contradiction}`;
};

/** Removes the extra digits that binary fractions add. */
export const confidenceText = (confidence: number): string => String(Number(confidence.toPrecision(9)));

const figure = (value: number): string => value.toFixed(4);

const fine = (value: number): string => value.toFixed(5);
