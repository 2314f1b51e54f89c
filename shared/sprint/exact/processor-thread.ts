import { getPriority, setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { EXACT_BATCH, type ExactProcessor, openExactProcessor } from "#shared/kernels/exact-processor.js";
import {
  type ByteProduct,
  type ExactProducts,
  openExactProducts,
  PRODUCT_BATCH,
} from "#shared/kernels/exact-products.js";
import { compareWays } from "./compare-ways.js";
import { type ExactDials, shapeOf } from "./dials.js";
import { createInputs } from "./inputs.js";
import { drawWeights } from "./weights.js";
import { winTest } from "./win.js";

/** Whose instructions multiply, and the memory that all threads share: kernels' weights and values, or products' weights. */
export type SharedNetwork =
  | { readonly way: "kernels"; readonly memory: WebAssembly.Memory }
  | { readonly way: "products"; readonly weights: SharedArrayBuffer };

/** A thread's part of a network. */
export interface ThreadData {
  readonly dials: ExactDials;
  readonly seed: string;
  readonly shared: SharedNetwork;
  /** Number of the thread, from 0. */
  readonly thread: number;
  /** 0 to 19: how far it gives way to all else that the machine does. */
  readonly nice: number;
}

/** Nonces: those of a range, or listed ones. */
export type Nonces = { readonly first: number; readonly count: number } | readonly number[];

/** Requests between `open` and `close` are of the network that was opened; `compare` is of none. */
export type ThreadRequest =
  | { readonly do: "compare"; readonly dials: ExactDials }
  | { readonly do: "open"; readonly data: ThreadData }
  | { readonly do: "load"; readonly layer: number }
  | { readonly do: "search"; readonly node: string; readonly nonces: Nonces; readonly difficulty: number }
  | { readonly do: "compute"; readonly node: string; readonly nonces: Nonces }
  | { readonly do: "close" };

/** Winning nonces, the outputs one after the other, whether products are the faster way; or nothing. */
export interface ThreadAnswer {
  readonly wins: readonly number[];
  readonly outputs: Int32Array;
  readonly isFaster: boolean;
}

const NOTHING: ThreadAnswer = { wins: [], outputs: new Int32Array(0), isFaster: false };

type Opened = ThreadData & { readonly processor: ExactProcessor | ExactProducts; readonly batch: number };

let opened: Opened | undefined;

/** One for all networks of the thread: it has none of their weights. */
let product: Promise<ByteProduct> | undefined;
const openedProduct = (): Promise<ByteProduct> => {
  product ??= import("#shared/engine/runtime/onnx-bytes.js").then(({ openByteProduct }) => openByteProduct());
  return product;
};

const openPart = async ({ dials, shared, thread }: ThreadData): Promise<Pick<Opened, "processor" | "batch">> => {
  const shape = shapeOf(dials);
  return shared.way === "kernels"
    ? { processor: openExactProcessor(shape, shared.memory, thread), batch: EXACT_BATCH }
    : { processor: openExactProducts(shape, shared.weights, await openedProduct()), batch: PRODUCT_BATCH };
};

const network = (): Opened => {
  if (!opened) throw new Error("no network is open");
  return opened;
};

const drawn = ({ dials, seed }: Opened, tensor: number): Int8Array => {
  const weights = new Int8Array(dials.inner * dials.width);
  drawWeights(seed, tensor, 0, weights);
  return weights;
};

/** Gives each nonce with its output, in order. The output is overwritten afterwards. */
const each = async (
  node: string,
  nonces: Nonces,
  take: (nonce: number, output: Int32Array, place: number) => void,
): Promise<void> => {
  const {
    dials,
    batch,
    processor: { values, run },
  } = network();
  const { width, bound } = dials;
  const count = "count" in nonces ? nonces.count : nonces.length;
  const nonceAt = (i: number) => ("count" in nonces ? nonces.first + i : nonces[i]!);
  const write = createInputs(node, dials, 0);
  const output = new Int32Array(width);
  for (let begin = 0; begin < count; begin += batch) {
    const size = Math.min(batch, count - begin);
    for (let i = 0; i < size; i++) write(nonceAt(begin + i), values, i * width);
    await run(size);
    for (let i = 0; i < size; i++) {
      for (let at = 0; at < width; at++) output[at] = values[i * width + at]! - bound;
      take(nonceAt(begin + i), output, begin + i);
    }
  }
};

/** Lowers this thread's priority. On Linux a thread has its own; elsewhere this would be the whole program's, so nothing is done. */
const giveWay = (nice: number): void => {
  if (process.platform !== "linux") return;
  try {
    setPriority(Math.max(nice, getPriority()));
  } catch {
    // A container may forbid it: the search still stops between batches.
  }
};

const answerTo = async (request: ThreadRequest): Promise<ThreadAnswer> => {
  switch (request.do) {
    case "compare": {
      // What cannot be opened or tried here is not faster.
      const isFaster = await openedProduct()
        .then((made) => compareWays(request.dials, made))
        .catch(() => false);
      return { ...NOTHING, isFaster };
    }
    case "open": {
      const { data } = request;
      if (data.nice > 0) giveWay(data.nice);
      opened = { ...data, ...(await openPart(data)) };
      return NOTHING;
    }
    case "load": {
      const of = network();
      const first = 3 * request.layer;
      of.processor.load(request.layer, [drawn(of, first), drawn(of, first + 1), drawn(of, first + 2)]);
      return NOTHING;
    }
    case "search": {
      const wins: number[] = [];
      const isWin = winTest(request.node, request.difficulty);
      await each(request.node, request.nonces, (nonce, output) => {
        if (isWin(nonce, output)) wins.push(nonce);
      });
      return { ...NOTHING, wins };
    }
    case "compute": {
      const { nonces } = request;
      const { width } = network().dials;
      const outputs = new Int32Array(width * ("count" in nonces ? nonces.count : nonces.length));
      await each(request.node, nonces, (_, output, place) => outputs.set(output, place * width));
      return { ...NOTHING, outputs };
    }
    case "close":
      opened = undefined;
      return NOTHING;
  }
};

let answered = Promise.resolve();

/** A thread of `processor-network.ts`: answers requests one by one, in their order. What is thrown ends it. */
parentPort?.on("message", (request: ThreadRequest) => {
  answered = answered.then(async () => parentPort?.postMessage(await answerTo(request)));
});
