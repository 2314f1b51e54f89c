import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { conversation } from "../step/peer.js";
import type { SprintCase } from "./cases.js";

/** How PyTorch computes the network. */
export const FORMS = ["float32", "float32 compiled", "int8", "int8 compiled"] as const;

export type Form = (typeof FORMS)[number];

/** Nonces over some seconds. */
export interface Turn {
  /** A second. */
  readonly rate: number;
  /** A second of the process's processor time: a busy machine changes it less. */
  readonly processor: number;
}

/** PyTorch in a process of its own. What it is asked throws BENCH_PEER where it fails. */
export interface SprintPeer {
  readonly name: string;
  /** Readies a case in the batch that is fastest there. Gives SHA-256 of the outputs of the case's inputs, as i32le. */
  prepare(sprintCase: SprintCase, folder: string): Promise<{ readonly batch: number; readonly sha256: string }>;
  run(seconds: number): Promise<Turn>;
  close(): void;
}

const script = fileURLToPath(new URL("../../../bench/peers/sprint.py", import.meta.url));

/** Starts a Python that has PyTorch. Throws BENCH_PEER where that fails. */
export const startSprintPeer = async (python: string, form: Form, threads: number): Promise<SprintPeer> => {
  const limits = { OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` };
  const env = { ...process.env, ...limits, PYTHONDONTWRITEBYTECODE: "1" };
  const child = spawn(python, [script], { env, stdio: ["pipe", "pipe", "pipe"] });
  const ask = conversation(child);
  const { version } = await ask<{ version: string }>({ do: "hello", threads }).catch((thrown: unknown) => {
    child.kill();
    throw thrown;
  });
  return {
    name: `PyTorch ${version} ${form}`,
    prepare: ({ dials }, folder) =>
      ask({
        do: "prepare",
        dials,
        form,
        weights: join(folder, "weights.bin"),
        inputs: join(folder, "inputs.bin"),
      }),
    run: (seconds) => ask({ do: "run", seconds }),
    close: () => child.stdin.end(),
  };
};
