import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BlockZeroError } from "#shared/errors/error.js";
import { peerFault } from "../step/dropped.js";
import { conversation } from "../step/peer.js";
import type { Slopes, SlopesPeer } from "./agree.js";

const script = fileURLToPath(new URL("../../../bench/peers/large.py", import.meta.url));

/**
 * The first of these Pythons that has transformers, in a process of its own.
 *
 * @throws BlockZeroError BENCH_PEER where none has, with what each said
 */
export const startTransformers = async (pythons: readonly string[], threads: number): Promise<SlopesPeer> => {
  const reasons: string[] = [];
  for (const python of pythons) {
    try {
      return await start(python, threads);
    } catch (thrown) {
      if (!(thrown instanceof BlockZeroError)) throw thrown;
      reasons.push(`${python}: ${thrown.message}`);
    }
  }
  throw peerFault(`no Python with transformers: ${reasons.join("; ")}`);
};

const start = async (python: string, threads: number): Promise<SlopesPeer> => {
  const env = { ...process.env, OMP_NUM_THREADS: `${threads}`, PYTHONDONTWRITEBYTECODE: "1", HF_HUB_OFFLINE: "1" };
  const child = spawn(python, [script], { env, stdio: ["pipe", "pipe", "pipe"] });
  const ask = conversation(child);
  try {
    const { version, torch } = await ask<{ readonly version: string; readonly torch: string }>({
      do: "hello",
      threads,
    });
    return {
      name: `transformers ${version}, PyTorch ${torch}`,
      slopes: (request) => ask<Slopes>({ do: "slopes", ...request }),
      close: () => child.stdin.end(),
    };
  } catch (thrown) {
    child.kill();
    throw thrown;
  }
};
