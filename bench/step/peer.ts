import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StepCase } from "./cases.js";
import type { Contestant, Steps } from "./contestant.js";
import { peerFault } from "./dropped.js";
import type { Material } from "./material.js";
import { SETTINGS } from "./ours.js";
import type { PeerMode } from "./targets.js";

/** Where a peer computes: `gpu` is CUDA, or Apple's. */
export type PeerDevice = "cpu" | "gpu";

export interface PeerOptions {
  readonly python: string;
  readonly mode: PeerMode;
  readonly device: PeerDevice;
  readonly threads: number;
}

/** PyTorch in a process of its own, one request at a time. What it is asked throws BENCH_PEER where it fails, and always once it is dead. */
export interface Peer {
  readonly name: string;
  readonly python: string;
  readonly mode: PeerMode;
  readonly version: string;
  /** The processor, or the card's name. */
  readonly device: string;
  /** Whether its version has torch.compile. */
  readonly compiles: boolean;
  /** Makes the case ready, replacing the one before; weights and batches go through files in the folder. */
  prepare(stepCase: StepCase, material: Material, folder: string): Promise<Contestant>;
  /** Times of the product of two square float32 matrices. */
  multiply(size: number, count: number): Promise<readonly number[]>;
  /** Bytes of memory at the peak so far beyond those that the library took. */
  peakMemory(): Promise<number>;
  close(): void;
}

type Hello = Pick<Peer, "version" | "device" | "compiles">;

const script = fileURLToPath(new URL("../../../bench/peers/step.py", import.meta.url));

/** Starts a Python that has PyTorch. Throws BENCH_PEER where that fails. */
export const startPeer = async ({ python, mode, device: wanted, threads }: PeerOptions): Promise<Peer> => {
  const limits = { OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` };
  const env = { ...process.env, ...limits, PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(python, [script], { env, stdio: ["pipe", "pipe", "pipe"] });
  const ask = conversation(child);
  const hello = ask<Hello>({ do: "hello", threads, device: wanted });
  const { version, device, compiles } = await hello.catch((thrown: unknown) => {
    child.kill();
    throw thrown;
  });
  const name = `PyTorch ${version} ${mode}`;
  return {
    name,
    python,
    mode,
    version,
    device,
    compiles,
    async prepare(
      { config, held, batchSize, sequenceLength, trainable, checkpointed = false },
      { weights, batches },
      folder,
    ) {
      const files = { weights: join(folder, "weights.bin"), batches: join(folder, "batches.bin") };
      if (!existsSync(files.weights)) {
        await writeFile(files.weights, Buffer.concat(Object.values(weights).map(({ data }) => bytesOf(data))));
        await writeFile(
          files.batches,
          Buffer.concat(batches.flatMap(({ ids, targets }) => [bytesOf(ids.data), bytesOf(targets.data)])),
        );
      }
      await ask({
        do: "prepare",
        ...files,
        config,
        held,
        batch: batchSize,
        sequence: sequenceLength,
        trainable,
        compiled: mode === "compiled",
        checkpointed,
        tensors: Object.entries(weights).map(([tensor, { shape }]) => [tensor, shape]),
        rate: SETTINGS.rate,
        clip: SETTINGS.clip,
        betas: [SETTINGS.beta1, SETTINGS.beta2],
        eps: SETTINGS.eps,
        weight_decay: SETTINGS.weightDecay,
      });
      return {
        name,
        run: (count) => ask<Steps>({ do: "run", count }),
        processorSeconds: async () => (await ask<{ seconds: number }>({ do: "processor" })).seconds,
        dispose: async () => undefined,
      };
    },
    multiply: async (size, count) => (await ask<Steps>({ do: "multiply", size, count })).seconds,
    peakMemory: async () => (await ask<{ bytes: number }>({ do: "memory" })).bytes,
    close: () => child.stdin.end(),
  };
};

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | BigInt64Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Asks a child in JSON, a line a request and a line its answer. Throws BENCH_PEER where it fails. */
export const conversation = (child: ChildProcess) => {
  let complaints = "";
  child.stderr?.on("data", (text) => {
    complaints = `${complaints}${text}`.slice(-10_000);
  });
  const end = new Promise<string>((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("close", (status, signal) => {
      const lastWords = complaints.trim().split("\n").at(-1);
      resolve(signal ? `it was ended by ${signal}` : lastWords || `it ended with status ${status}`);
    });
  });
  child.stdin?.on("error", () => undefined);
  const answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  let misunderstood: string | undefined;
  return async <T>(request: object): Promise<T> => {
    if (misunderstood !== undefined) throw peerFault(misunderstood);
    child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await answers.next();
    if (done) throw peerFault(await end);
    const answer = answerOf<T>(value);
    if (answer === undefined) {
      // From here on answers would belong to other requests.
      misunderstood = `it answered "${value.slice(0, MOST_SHOWN)}"`;
      child.kill();
      throw peerFault(misunderstood);
    }
    if (answer.error !== undefined) throw peerFault(answer.error);
    return answer;
  };
};

/** Characters of an answer that is none. */
const MOST_SHOWN = 100;

const answerOf = <T>(line: string): (T & { readonly error?: string }) | undefined => {
  try {
    const answer = JSON.parse(line);
    return typeof answer === "object" && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
};
