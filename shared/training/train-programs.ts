import { gradients, type PullBackOptions } from "#shared/engine/autodiff.js";
import type { Subgraph } from "#shared/engine/cut.js";
import type { Program } from "#shared/engine/device.js";
import type { Value } from "#shared/engine/graph.js";
import { add, mul } from "#shared/engine/ops/index.js";
import type { AdamW } from "#shared/engine/optim/adamw.js";
import { clipFactor, globalNorm } from "#shared/engine/optim/clip.js";
import { keptValues, remake } from "#shared/engine/remake.js";
import { buildObjective } from "./objective.js";
import { storedBytes } from "./plan-peak.js";
import { decays } from "./step-backend.js";
import type { TrainStepOptions } from "./train-options.js";

/** Prefix of a parameter's name for its gradient as an output. */
export const GRADIENT = "gradient/";
/** Prefixes of a parameter's name for its moments and for the sum of its gradients, as inputs, and as outputs with their next values. */
export const M = "adamw.m/";
export const V = "adamw.v/";
export const SUM = "sum/";
/** Input of a program that accumulates: one divided by the number of the step's micro-batches. */
export const SHARE = "micro-batch share";
/** Output of the global norm of the mean gradient. */
export const NORM = "gradient norm";

export interface TrainPrograms {
  /** Adds the gradients of a micro-batch to the sums. Absent if a step is one batch. */
  readonly accumulator: Program | undefined;
  /** Adds the gradients of the last micro-batch, and updates parameters and moments. */
  readonly stepper: Program;
}

/** What a forward pass makes is kept for its backward pass up to so many bytes. Beyond, what takes one pass over memory is made again. */
const KEPT_BYTES = 256 * 2 ** 20;

/** Forward pass and backward pass: the outputs of the objective, and a gradient for every trained parameter. */
export const compileGradients = (options: TrainStepOptions): Promise<Program> => {
  const { graph, params, loss, outputs } = buildObjective(options);
  const wrt = options.trainable.map((name) => params[name]!);
  const differentiated = (differentiating?: PullBackOptions): Subgraph => {
    const grads = gradients(loss, wrt, differentiating);
    const named = options.trainable.map((name, i) => [GRADIENT + name, grads[i]!]);
    return { graph, outputs: { ...outputs, ...Object.fromEntries(named) } };
  };
  const results = Object.values(outputs);
  const usual = differentiated();
  const isSmall = storedBytes(usual, keptValues(usual, results)) <= KEPT_BYTES;
  const chosen = isSmall ? usual : remake(differentiated({ waits: true }), results);
  return options.device.compile(chosen.graph, chosen.outputs);
};

/** Forward pass, backward pass, clipping and AdamW as one graph, from which both programs are compiled. */
export const compileTraining = async (options: TrainStepOptions, optimiser: AdamW): Promise<TrainPrograms> => {
  const { device, clip = 1, accumulation = 1 } = options;
  const { graph, params, loss, outputs } = buildObjective(options);
  const trained = options.trainable.map((name) => ({ name, parameter: params[name]! }));
  const grads = gradients(
    loss,
    trained.map(({ parameter }) => parameter),
  );
  const sums =
    accumulation > 1
      ? trained.map(({ name, parameter }, i) => add(graph.input(SUM + name, parameter.shape), grads[i]!))
      : grads;

  const share = accumulation > 1 ? graph.input(SHARE, []) : graph.constant(1);
  const norm = accumulation > 1 ? mul(globalNorm(sums), share) : globalNorm(sums);
  const factor = clip === null ? share : mul(share, clipFactor(norm, clip));

  const at = optimiser.declare(graph);
  const next: Record<string, Value> = { [NORM]: norm };
  for (const [i, { name, parameter }] of trained.entries()) {
    const moments = { m: graph.input(M + name, parameter.shape), v: graph.input(V + name, parameter.shape) };
    const decay = decays(parameter.shape);
    const updated = optimiser.update(at, parameter, sums[i]!, moments, { factor, decay });
    Object.assign(next, { [name]: updated.parameter, [M + name]: updated.m, [V + name]: updated.v });
  }

  const named = Object.fromEntries(trained.map(({ name }, i) => [SUM + name, sums[i]!]));
  return {
    accumulator: accumulation > 1 ? await device.compile(graph, { ...outputs, ...named }) : undefined,
    stepper: await device.compile(graph, { ...outputs, ...next }),
  };
};
