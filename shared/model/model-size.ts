import type { ModelConfig } from "#shared/protocol/model-config.js";
import { allExperts, countParameters, parameterShapes } from "./parameters.js";

/** Weights of a model, all of whose bits can be counted exactly in any precision: a hundred times the largest models that there are, and more. */
const MAX_WEIGHTS = 2 ** 47;

/** A gated feed-forward network has three matrices. */
const MATRICES = 3;

/** Why a model is too large to be counted with, or null. No list of its experts is made. */
export const sizeFault = (config: ModelConfig): string | null => {
  const { hidden_size: d, moe_intermediate_size: width } = config;
  const layers = allExperts(config);
  const experts = layers.reduce((sum, { length }) => sum + length, 0);
  const others = countParameters(
    parameterShapes(
      config,
      layers.map(() => []),
    ),
  );
  const weights = others + experts * (MATRICES * width + 1) * d;
  if (weights <= MAX_WEIGHTS) return null;
  return `its sizes make ${weights.toExponential(1)} weights, more than can be counted exactly: at most ${MAX_WEIGHTS}`;
};
