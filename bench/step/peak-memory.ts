import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { StepCase } from "./cases.js";
import type { Material } from "./material.js";
import { type Peer, startPeer } from "./peer.js";

/** What some steps take of memory at their peak, beyond what the program and its libraries took before. */
export interface PeakMemory {
  readonly name: string;
  /** Bytes. */
  readonly bytes: number;
}

/** Steps: the second one knows all that the first one made. */
export const MEMORY_STEPS = 3;

const exec = promisify(execFile);
const alone = fileURLToPath(new URL("alone.js", import.meta.url));

/** Our own steps of a case in a process of their own. @param name of the case */
export const ourPeakMemory = async (name: string, threads: number): Promise<PeakMemory> => {
  const { stdout } = await exec(process.execPath, ["--expose-gc", alone, name, `${threads}`]);
  return { name: "blockzero", bytes: Number(stdout) };
};

/** A peer's in a new process. @throws BENCH_PEER */
export const peersPeakMemory = async (
  { python, mode, name }: Peer,
  stepCase: StepCase,
  { material, threads, folder }: { readonly material: Material; readonly threads: number; readonly folder: string },
): Promise<PeakMemory> => {
  const fresh = await startPeer({ python, mode, device: "cpu", threads });
  try {
    const contestant = await fresh.prepare(stepCase, material, folder);
    await contestant.run(MEMORY_STEPS);
    return { name, bytes: await fresh.peakMemory() };
  } finally {
    fresh.close();
  }
};
