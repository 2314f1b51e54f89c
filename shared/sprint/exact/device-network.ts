import type { Device, DeviceTensor } from "#shared/engine/device.js";
import { floatTensor } from "#shared/engine/tensor.js";
import { createInputs } from "./inputs.js";
import { buildNetwork } from "./network.js";
import type { LoadOptions, SprintNetwork } from "./sprint-network.js";
import { BLOCK, drawWeights, tensorCount } from "./weights.js";
import { winTest } from "./win.js";

/** Nonces of a run, and rows of a tile: intermediate results stay in a cache. */
const BATCH = 256;
const LARGEST_TILE = 1024;

/** The network as a graph of the engine, on any device. @throws BlockZeroError GRAPH_COMPILE; the signal's reason */
export const openDeviceNetwork = async (options: LoadOptions & { readonly device: Device }): Promise<SprintNetwork> => {
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

  /** Gives each of `count` nonces with its output, in order. */
  const each = async (
    node: string,
    count: number,
    nonceAt: (i: number) => number,
    take: (nonce: number, output: Int32Array) => void,
  ): Promise<void> => {
    const write = createInputs(node, dials);
    for (let begin = 0; begin < count; begin += BATCH) {
      const size = Math.min(BATCH, count - begin);
      const x = new Float32Array(size * width);
      for (let i = 0; i < size; i++) write(nonceAt(begin + i), x, i * width);
      const { y } = await program.run({ ...held, x: floatTensor(x, [size, width]) });
      const values = Int32Array.from(y!.data, Number);
      for (let i = 0; i < size; i++) take(nonceAt(begin + i), values.subarray(i * width, (i + 1) * width));
    }
  };

  return {
    batch: BATCH,
    search: async (node, { first, count }, difficulty) => {
      const wins: number[] = [];
      const isWin = winTest(node, difficulty);
      await each(
        node,
        count,
        (i) => first + i,
        (nonce, output) => {
          if (isWin(nonce, output)) wins.push(nonce);
        },
      );
      return wins;
    },
    outputs: async (node, nonces) => {
      const made: Int32Array[] = [];
      await each(
        node,
        nonces.length,
        (i) => nonces[i]!,
        (_, output) => made.push(output.slice()),
      );
      return made;
    },
    losers: async (node, nonces, difficulty) => {
      const found: number[] = [];
      const isWin = winTest(node, difficulty);
      await each(
        node,
        nonces.length,
        (i) => nonces[i]!,
        (nonce, output) => {
          if (!isWin(nonce, output)) found.push(nonce);
        },
      );
      return found;
    },
    dispose,
  };
};

/** Lets timers and sockets have their turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
