import type { AnyTensors, Device, DeviceTensor } from "#shared/engine/device.js";
import { floatTensor } from "#shared/engine/tensor.js";
import type { ExactDials } from "./dials.js";
import { createInputs } from "./inputs.js";
import { buildNetwork } from "./network.js";
import { BLOCK, drawWeights, tensorCount } from "./weights.js";
import { winTest } from "./win.js";

/** A Sprint's network with its weights on a device. */
export interface SprintNetwork {
  /** Winning nonces of [first, first + count), ascending. */
  search(
    node: string,
    range: { readonly first: number; readonly count: number },
    difficulty: number,
  ): Promise<number[]>;
  /** Outputs, one Int32Array(width) a nonce, in the nonces' order. */
  outputs(node: string, nonces: readonly number[]): Promise<Int32Array[]>;
  /** Which of the claimed winning nonces are none, in their order. */
  losers(node: string, nonces: readonly number[], difficulty: number): Promise<number[]>;
  /** Nonces in one program run: search in multiples of it. */
  readonly batch: number;
  /** Frees its memory. No call may be in progress or follow. */
  dispose(): Promise<void>;
}

export interface SprintNetworkOptions {
  readonly dials: ExactDials;
  /** Of the network, 64 hex digits. */
  readonly seed: string;
  readonly device: Device;
  /** Told after each tensor, so that loading can be timed. */
  readonly onTensor?: (done: number, of: number) => void;
  /** Ends the loading with its reason. */
  readonly signal?: AbortSignal;
}

/** Nonces of a run, and rows of a tile: its intermediate results fit a processor's cache. */
const BATCH = 256;
const LARGEST_TILE = 1024;

/** Draws a network's weights tensor by tensor onto a device. @throws BlockZeroError GRAPH_COMPILE; the signal's reason */
export const openSprintNetwork = async (options: SprintNetworkOptions): Promise<SprintNetwork> => {
  const { dials, seed, device, onTensor, signal } = options;
  const { width, inner } = dials;
  const { graph, tiles, outputs } = buildNetwork(dials, Math.min(inner, LARGEST_TILE));
  const program = await device.compile(graph, outputs);
  const held: Record<string, DeviceTensor> = {};
  const dispose = async () => {
    for (const tensor of Object.values(held)) tensor.dispose();
    await program.dispose();
  };
  try {
    const weights = new Int8Array(inner * width);
    for (let tensor = 0; tensor < tensorCount(dials); tensor++) {
      for (let at = 0; at < weights.length; at += 16 * BLOCK) {
        drawWeights(seed, tensor, at, weights.subarray(at, at + 16 * BLOCK));
        await turn();
        signal?.throwIfAborted();
      }
      for (const { name, first, rows } of tiles.filter((tile) => tile.tensor === tensor)) {
        const drawn = weights.subarray(first * width, (first + rows) * width);
        held[name] = await device.upload(floatTensor(Float32Array.from(drawn), [rows, width]));
      }
      onTensor?.(tensor + 1, tensorCount(dials));
    }
  } catch (thrown) {
    await dispose();
    throw thrown;
  }

  const compute = async (x: Float32Array): Promise<Int32Array> => {
    const feeds: AnyTensors = { ...held, x: floatTensor(x, [x.length / width, width]) };
    const { y } = await program.run(feeds);
    return Int32Array.from(y!.data as Float32Array);
  };
  /** Gives each nonce with its output, in order. */
  const each = async (
    node: string,
    { count, nonceAt }: { readonly count: number; readonly nonceAt: (i: number) => number },
    take: (nonce: number, output: Int32Array) => void,
  ): Promise<void> => {
    const write = createInputs(node, dials);
    for (let begin = 0; begin < count; begin += BATCH) {
      const size = Math.min(BATCH, count - begin);
      const x = new Float32Array(size * width);
      for (let i = 0; i < size; i++) write(nonceAt(begin + i), x, i * width);
      const y = await compute(x);
      for (let i = 0; i < size; i++) take(nonceAt(begin + i), y.subarray(i * width, (i + 1) * width));
    }
  };
  const listed = (nonces: readonly number[]) => ({ count: nonces.length, nonceAt: (i: number) => nonces[i]! });

  return {
    batch: BATCH,
    search: async (node, { first, count }, difficulty) => {
      const wins: number[] = [];
      const test = winTest(node, difficulty);
      await each(node, { count, nonceAt: (i) => first + i }, (nonce, output) => {
        if (test(nonce, output)) wins.push(nonce);
      });
      return wins;
    },
    outputs: async (node, nonces) => {
      const made: Int32Array[] = [];
      await each(node, listed(nonces), (_, output) => made.push(output.slice()));
      return made;
    },
    losers: async (node, nonces, difficulty) => {
      const found: number[] = [];
      const test = winTest(node, difficulty);
      await each(node, listed(nonces), (nonce, output) => {
        if (!test(nonce, output)) found.push(nonce);
      });
      return found;
    },
    dispose,
  };
};

/** Lets timers and sockets have their turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
