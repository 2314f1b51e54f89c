import type { ForwardShape } from "#shared/model/forward.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { MOST_CHUNKS, queriesAtOnce } from "#shared/model/masks.js";
import { programShapes } from "#shared/model/whole-routers.js";
import { totalMemory } from "#shared/util/total-memory.js";
import { planLayers } from "./layers/plan-layers.js";
import { planStep, type StepMemory } from "./plan.js";

/** How a step is computed: one graph, or one program a kind of layer (`layersStep`). */
export type StepProgram = "whole" | "layers";

export interface ProgramOptions {
  readonly shape: ForwardShape;
  readonly trainable: readonly string[];
  readonly accumulation: number;
  /** As in `Device`. Only such devices train layer by layer. */
  readonly hostMemory: boolean;
  /** Processes that train at once. */
  readonly workers: number;
  /** Bytes that they may take together; by default a share of this machine's. */
  readonly memory?: number;
}

export interface ProgramChoice {
  readonly program: StepProgram;
  /** What each way holds; null where it is not possible, or was not looked at because it is far too large. */
  readonly whole: StepMemory | null;
  readonly layers: StepMemory | null;
}

/** Of the machine's memory: the rest is the system's, the program's and the update's. */
const MEMORY_SHARE = 0.6;

/** The whole graph where memory is there for it, since it computes no layer twice. */
export const chooseProgram = async (options: ProgramOptions): Promise<ProgramChoice> => {
  const { shape, trainable, accumulation, hostMemory, workers, memory = MEMORY_SHARE * totalMemory() } = options;
  const chunks = shape.held.length * Math.ceil(shape.sequenceLength / queriesAtOnce(shape));
  // Of more, a whole graph would have a hundred thousand nodes.
  const isPlanned = !hostMemory || chunks <= MOST_CHUNKS;
  const whole = isPlanned ? await planWhole({ shape, trainable, accumulation, hostMemory }) : null;
  const layers = hostMemory ? planLayers({ shape, trainable, accumulation }) : null;
  const fits = whole !== null && workers * totalOf(whole) <= memory;
  return { program: fits || layers === null ? "whole" : "layers", whole, layers };
};

const planWhole = ({
  shape,
  trainable,
  accumulation,
  hostMemory,
}: Pick<ProgramOptions, "shape" | "trainable" | "accumulation" | "hostMemory">): Promise<StepMemory> =>
  planStep({
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: programShapes(shape),
    trainable,
    accumulation,
    hostMemory,
    mostRows: shape.batchSize * shape.sequenceLength,
  });

const totalOf = (memory: StepMemory): number => Object.values(memory).reduce((sum, bytes) => sum + bytes, 0);
