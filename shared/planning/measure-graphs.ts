import { createRandom } from "#shared/data/random.js";
import type { Device, Program, Tensors } from "#shared/engine/device.js";
import type { Value } from "#shared/engine/graph.js";
import { emptyTensor, floatTensor, intTensor, sizeOf, type Tensor } from "#shared/engine/tensor.js";
import type { CountedGraph } from "./graph-work.js";
import { type Clock, medianSeconds, realClock } from "./laps.js";
import { seededPiece } from "./seeded-pool.js";

/** Of the integers that an input takes, by its name, the one above the greatest; where nothing is said it is given zeros. */
export type Below = Readonly<Record<string, number>>;

/**
 * Seconds that programs take, as often as they are run, on made-up weights of which all elements are written. Programs with the same inputs share
 * them.
 *
 * @param device computes in host memory
 * @throws the signal's reason when it aborts, between two programs
 */
export const measureGraphs = async (
  device: Device,
  graphs: readonly CountedGraph[],
  below: Below = {},
  now: Clock = realClock,
  signal?: AbortSignal,
): Promise<number> => {
  const tensors = new Map<string, Tensor>();
  const shared = (
    what: string,
    values: Readonly<Record<string, Value>>,
    make: (name: string, value: Value) => Tensor,
  ) => {
    const found: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(values)) {
      const key = JSON.stringify([what, name, value.dtype, value.shape]);
      if (!tensors.has(key)) tensors.set(key, make(name, value));
      found[name] = tensors.get(key)!;
    }
    return found;
  };
  const programs: Program[] = [];
  try {
    const runs: (() => Promise<number>)[] = [];
    for (const { graph, outputs } of graphs) {
      signal?.throwIfAborted();
      const program = await device.compile(graph, outputs);
      programs.push(program);
      const inputs = Object.fromEntries(graph.inputs.map((value) => [value.name, value]));
      const feeds: Tensors = shared("input", inputs, (name, value) => madeUp(name, value, below[name] ?? 1));
      const into: Tensors = shared("output", outputs, (_, { dtype, shape }) => emptyTensor(dtype, shape.map(Number)));
      runs.push(async () => {
        const begun = now();
        await program.run(feeds, into);
        return (now() - begun) / 1000;
      });
    }
    const seconds = await medianSeconds(runs, signal);
    return graphs.reduce((sum, { runs: times }, i) => sum + times * seconds[i]!, 0);
  } finally {
    for (const program of programs) await program.dispose();
  }
};

/** Norms' weights are ones, and all else is as wide as a fresh model's, so that routing is spread. */
const madeUp = (name: string, { dtype, shape }: Value, below: number): Tensor => {
  const size = shape.map(Number);
  if (dtype === "float32")
    return size.length === 1
      ? floatTensor(new Float32Array(size[0]!).fill(1), size)
      : floatTensor(seededPiece(name, sizeOf(size), 0.04), size);
  if (dtype === "bool") return emptyTensor(dtype, size);
  const random = createRandom(`plan/${name}`);
  return intTensor(
    BigInt64Array.from({ length: sizeOf(size) }, () => BigInt(random.below(below))),
    size,
  );
};
