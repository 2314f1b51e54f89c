import type { Device } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import { matmul } from "#shared/engine/ops/index.js";
import { floatTensor } from "#shared/engine/tensor.js";
import { type Dropped, isDropped, orDropped } from "./dropped.js";
import type { Peer } from "./peer.js";

/** Products of a turn, and turns. */
const COUNT = 10;
const TURNS = 4;
/** Rows and columns: a card needs more to be busy. */
const SIZE = { processor: 1024, card: 2048 } as const;

/** FLOP/s of the product of two square matrices. */
export interface Peak {
  readonly by: readonly { readonly name: string; readonly flops: number }[];
  /** Libraries that failed at it, at once or after some turns. */
  readonly dropped: readonly Dropped[];
  /** The fastest of all: the machine's. */
  readonly flops: number;
}

/** Multiplies with every library in turns; the fastest product of each counts. */
export const measurePeak = async (device: Device, peers: readonly Peer[]): Promise<Peak> => {
  const size = SIZE[device.hostMemory ? "processor" : "card"];
  const ours = await multiplier(device, size);
  try {
    let sides = [
      { name: "blockzero", multiply: ours.multiply },
      ...peers
        .filter(({ mode }) => mode === "eager")
        .map(({ version, multiply }) => ({ name: `PyTorch ${version}`, multiply: () => multiply(size, COUNT) })),
    ];
    const products: { name: string; flops: number }[] = [];
    const dropped: Dropped[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      for (const side of sides) {
        const seconds = await orDropped(side.name, side.multiply);
        if (isDropped(seconds)) {
          dropped.push(seconds);
          sides = sides.filter((other) => other !== side);
        } else {
          products.push({ name: side.name, flops: (2 * size ** 3) / Math.min(...seconds) });
        }
      }
    }
    return { ...fastestOf(products), dropped };
  } finally {
    await ours.dispose();
  }
};

/** The faster of two measurements, library by library. */
export const fasterOf = (a: Peak, b: Peak): Peak => ({
  ...fastestOf([...a.by, ...b.by]),
  dropped: [...a.dropped, ...b.dropped.filter(({ name }) => a.dropped.every((other) => other.name !== name))],
});

const fastestOf = (products: Peak["by"]): Omit<Peak, "dropped"> => {
  const by = new Map<string, number>();
  for (const { name, flops } of products) by.set(name, Math.max(flops, by.get(name) ?? 0));
  return { by: [...by].map(([name, flops]) => ({ name, flops })), flops: Math.max(...by.values()) };
};

const multiplier = async (device: Device, size: number) => {
  const shape = [size, size];
  const graph = new Graph();
  const program = await device.compile(graph, { y: matmul(graph.input("a", shape), graph.input("b", shape)) });
  const held = async () => device.upload(floatTensor(new Float32Array(size * size).fill(0.5), shape));
  const feeds = { a: await held(), b: await held() };
  const y = await held();
  return {
    async multiply(): Promise<readonly number[]> {
      const seconds: number[] = [];
      for (let i = 0; i < COUNT; i++) {
        const begin = performance.now();
        await program.run(feeds, { y });
        // A card is only told what to do: it has done it when the result can be read.
        if (!device.hostMemory) await y.read();
        seconds.push((performance.now() - begin) / 1000);
      }
      return seconds;
    },
    async dispose() {
      for (const tensor of [feeds.a, feeds.b, y]) tensor.dispose();
      await program.dispose();
    },
  };
};
