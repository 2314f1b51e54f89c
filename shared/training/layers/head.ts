import type { Subgraph } from "#shared/engine/cut.js";
import type { AnyTensors, Device, Program } from "#shared/engine/device.js";
import { type FloatTensor, floatTensor, type IntTensor, intTensor, zeros } from "#shared/engine/tensor.js";
import type { ForwardShape } from "#shared/model/forward.js";
import type { GradientSums } from "./gradient-sums.js";
import * as head from "./head-programs.js";
import { HIDDEN, HIDDEN_GRADIENT } from "./layer-programs.js";

/** Logits of all tokens and some rows of the vocabulary have about so many bytes. */
const LOGIT_BYTES = 16 * 2 ** 20;
/** The rows of the matrix that make them have at most so many, which few tokens would make more of than a layer's weights. */
const ROW_BYTES = 128 * 2 ** 20;

/** Rows of the vocabulary whose logits are made at once. */
export const vocabularyAtOnce = ({
  config,
  batchSize,
  sequenceLength,
  chunks,
}: Pick<ForwardShape, "config" | "batchSize" | "sequenceLength" | "chunks">): number =>
  Math.min(
    config.vocab_size,
    chunks?.vocabulary ??
      Math.max(
        64,
        Math.floor(Math.min(LOGIT_BYTES / (4 * batchSize * sequenceLength), ROW_BYTES / (4 * config.hidden_size))),
      ),
  );

/** What the head is computed with. */
export interface HeadWeights {
  /** Of the last norm. */
  norm(): Promise<AnyTensors[string]>;
  /** Rows of the matrix from hidden states to logits. */
  rows(first: number, end: number): Promise<FloatTensor>;
}

/** From the last hidden state to the loss, and back. Both throw the signal's reason before the next program, once it aborts. */
export interface Head {
  /** Mean over the targets that are not −1, in nats; 0 where none is. */
  loss(hidden: FloatTensor, targets: IntTensor, signal: AbortSignal): Promise<number>;
  /** The gradient of the last loss by the hidden state [N, d]; those of trained weights go to the sums. */
  gradient(hidden: FloatTensor, targets: IntTensor, sums: GradientSums, signal: AbortSignal): Promise<FloatTensor>;
  dispose(): Promise<void>;
}

/**
 * The last norm and the cross-entropy, the vocabulary in pieces: log Σ eˡ is put together of theirs in float64, so that no more than one piece's
 * logits exist, and its rows of the matrix alone.
 *
 * @param trained names of the trained tensors among those two; `matrix` is the name of the matrix
 */
export const openHead = async (
  device: Device,
  shape: ForwardShape,
  { matrix, trained, weights }: { matrix: string; trained: ReadonlySet<string>; weights: HeadWeights },
): Promise<Head> => {
  const { vocab_size: vocabulary, hidden_size: width } = shape.config;
  const tokens = shape.batchSize * shape.sequenceLength;
  const size = vocabularyAtOnce(shape);
  const pieces = Array.from({ length: Math.ceil(vocabulary / size) }, (_, i) => ({
    first: i * size,
    end: Math.min(vocabulary, (i + 1) * size),
  }));
  const compile = ({ graph, outputs }: Subgraph) => device.compile(graph, outputs);
  const norms = head.normGraphs(shape, trained.has(head.NORM_WEIGHT));
  const norm = { forward: await compile(norms.forward), backward: await compile(norms.backward) };
  const programs = new Map<number, { scores: Program; gradients: Program }>();
  for (const { first, end } of pieces) {
    if (programs.has(end - first)) continue;
    const graphs = head.rowsGraphs(shape, end - first, trained.has(matrix));
    programs.set(end - first, { scores: await compile(graphs.scores), gradients: await compile(graphs.gradients) });
  }

  const normed = zeros([tokens, width]);
  const logSums = new Float32Array(tokens);
  const state = () => zeros([tokens, width]);
  const [piecewise, picks] = [zeros([tokens]), zeros([tokens])];
  let [before, after] = [state(), state()];
  const result = state();

  return {
    async loss(hidden, targets, signal) {
      signal.throwIfAborted();
      await norm.forward.run({ [HIDDEN]: hidden, [head.NORM_WEIGHT]: await weights.norm() }, { [head.NORMED]: normed });
      const sums = new Float64Array(tokens).fill(Number.NEGATIVE_INFINITY);
      const picked = new Float64Array(tokens);
      for (const { first, end } of pieces) {
        signal.throwIfAborted();
        const feeds = {
          [head.NORMED]: normed,
          [head.ROWS]: await weights.rows(first, end),
          ...placed(targets, first, end),
        };
        const into = { [head.LOG_SUM]: piecewise, [head.PICKED]: picks };
        await programs.get(end - first)!.scores.run(feeds, into);
        for (let i = 0; i < tokens; i++) {
          sums[i] = logAdd(sums[i]!, piecewise.data[i]!);
          picked[i]! += picks.data[i]!;
        }
      }
      logSums.set(sums);
      let total = 0;
      for (let i = 0; i < tokens; i++) if (targets.data[i] !== -1n) total += sums[i]! - picked[i]!;
      return total / Math.max(1, counted(targets));
    },
    async gradient(hidden, targets, sums, signal) {
      const share = 1 / Math.max(1, counted(targets));
      const shares = floatTensor(Float32Array.from(targets.data, (target) => (target === -1n ? 0 : share)));
      const logSum = floatTensor(logSums, [tokens, 1]);
      before.data.fill(0);
      for (const { first, end } of pieces) {
        signal.throwIfAborted();
        const rows = await weights.rows(first, end);
        const feeds = {
          [head.NORMED]: normed,
          [head.ROWS]: rows,
          [head.LOG_SUM]: logSum,
          [head.SHARE]: shares,
          [head.SUM]: before,
          ...placed(targets, first, end),
        };
        const into = { [head.SUM]: after };
        const wanted = trained.has(matrix)
          ? { [head.ROWS_GRADIENT]: { name: matrix, rows: [first, end] as const } }
          : {};
        await sums.collect(wanted, (places) => programs.get(end - first)!.gradients.run(feeds, { ...into, ...places }));
        [before, after] = [after, before];
      }
      signal.throwIfAborted();
      const feeds = {
        [HIDDEN]: hidden,
        [head.NORM_WEIGHT]: await weights.norm(),
        [head.NORMED_GRADIENT]: before,
      };
      const wanted = trained.has(head.NORM_WEIGHT) ? { [head.NORM_WEIGHT]: { name: head.NORM_WEIGHT } } : {};
      await sums.collect(wanted, (places) => norm.backward.run(feeds, { [HIDDEN_GRADIENT]: result, ...places }));
      return result;
    },
    async dispose() {
      for (const { scores, gradients } of programs.values()) {
        await scores.dispose();
        await gradients.dispose();
      }
      await norm.forward.dispose();
      await norm.backward.dispose();
    },
  };
};

const counted = ({ data }: IntTensor): number =>
  data.reduce((count, target) => (target === -1n ? count : count + 1), 0);

/** For each token where its target is among the rows `first` to `end`, and whether it is. */
const placed = ({ data }: IntTensor, first: number, end: number) => {
  const isAmong = (target: bigint) => target >= first && target < end;
  return {
    [head.PLACE]: intTensor(BigInt64Array.from(data, (target) => (isAmong(target) ? target - BigInt(first) : 0n))),
    [head.AMONG]: floatTensor(Float32Array.from(data, (target) => (isAmong(target) ? 1 : 0))),
  };
};

/** log(eᵃ + eᵇ). */
const logAdd = (a: number, b: number): number => {
  const top = Math.max(a, b);
  return top === Number.NEGATIVE_INFINITY ? top : top + Math.log(Math.exp(a - top) + Math.exp(b - top));
};
