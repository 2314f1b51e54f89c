import type { Device } from "#shared/engine/device.js";
import { Graph } from "#shared/engine/graph.js";
import { matmul } from "#shared/engine/ops/index.js";
import { floatTensor } from "#shared/engine/tensor.js";
import type { Peer } from "./peer.js";

/** Products of a turn, and turns. */
const COUNT = 10;
const TURNS = 4;
/** Rows and columns: a card needs more to be busy. */
const SIZE = { processor: 1024, card: 2048 } as const;

/** FLOP/s of the product of two square matrices. */
export interface Peak {
  readonly by: readonly { readonly name: string; readonly flops: number }[];
  /** The fastest of all: the machine's. */
  readonly flops: number;
}

/** Multiplies with every library in turns; the fastest product of each counts. */
export const measurePeak = async (device: Device, peers: readonly Peer[]): Promise<Peak> => {
  const size = SIZE[device.hostMemory ? "processor" : "card"];
  const ours = await multiplier(device, size);
  const sides = [
    { name: "blockzero", multiply: ours.multiply, fastest: Number.POSITIVE_INFINITY },
    ...peers
      .filter(({ mode }) => mode === "eager")
      .map(({ version, multiply }) => ({
        name: `PyTorch ${version}`,
        multiply: () => multiply(size, COUNT),
        fastest: Number.POSITIVE_INFINITY,
      })),
  ];
  for (let turn = 0; turn < TURNS; turn++) {
    for (const side of sides) side.fastest = Math.min(side.fastest, ...(await side.multiply()));
  }
  await ours.dispose();
  const by = sides.map(({ name, fastest }) => ({ name, flops: (2 * size ** 3) / fastest }));
  return { by, flops: Math.max(...by.map(({ flops }) => flops)) };
};

/** The faster of two measurements, library by library. */
export const fasterOf = (a: Peak, b: Peak): Peak => ({
  by: a.by.map(({ name, flops }, i) => ({ name, flops: Math.max(flops, b.by[i]!.flops) })),
  flops: Math.max(a.flops, b.flops),
});

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
