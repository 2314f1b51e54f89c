import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import type { CommandSpec } from "#shared/cli/program.js";
import type { Device } from "#shared/engine/device.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { stepCases } from "./cases.js";
import { type Measurement, measure } from "./measure.js";
import { multiply, PEAK, rateOf } from "./peak.js";
import { type Peer, startPeer } from "./peer.js";
import { describeCase } from "./report.js";

/** Both sides have as many. */
const THREADS = 2;
const NO_PEER = "no PyTorch to compare with; bench/README.md says how to install it";

interface Flags {
  readonly case: readonly string[];
  readonly steps: number;
  readonly profile: boolean;
  readonly leakSteps: number;
  readonly compiled: boolean;
  readonly json?: string;
}

const count = (name: string, least: number) => (value: string) => {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least) return number;
  throw new BlockZeroError("BENCH_OPTION", `${name} ${value}`, `give a whole number of at least ${least}`);
};

export const stepBench: CommandSpec = {
  name: "step",
  description: "Train steps of this engine and of PyTorch, alternating, on two threads each.",
  examples: ["npm run bench -- step", "npm run bench -- step --case full --case shard --json step.json"],
  define: (command) => {
    const names = stepCases.map(({ name }) => name);
    command
      .addOption(new Option("--case <name...>", "cases to run").choices(names).default(names))
      .option("--steps <n>", "steps of each side", count("--steps", 20), 40)
      .option("--profile", "show where our time goes also where every target is met", false)
      .option("--leak-steps <n>", "steps over which our memory may not grow, 0 for none", count("--leak-steps", 0), 0)
      .option("--no-compiled", "leave torch.compile out, which takes minutes to warm up")
      .option("--json <file>", "write the figures there")
      .action(run);
  },
};

const run = async (flags: Flags): Promise<void> => {
  const device = onnxCpu({ threads: THREADS });
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-"));
  const peers = await startPeers(flags.compiled);
  try {
    console.log(`this engine beside ${peers[0] ? `PyTorch ${peers[0].version}` : "nothing"}, ${THREADS} threads each`);
    if (peers.length === 0) console.log(NO_PEER);
    const peak = await measurePeak(device, peers[0]);
    const measurements: Measurement[] = [];
    for (const stepCase of stepCases.filter(({ name }) => flags.case.includes(name))) {
      const own = await mkdtemp(join(folder, "case-"));
      const measurement = await measure(stepCase, { ...flags, device, threads: THREADS, peers, folder: own });
      measurements.push(measurement);
      console.log(`\n${describeCase(measurement, peak.ours)}`);
    }
    if (flags.json !== undefined) {
      const figures = { pytorch: peers[0]?.version ?? null, threads: THREADS, load: loadavg(), peak, measurements };
      await writeFile(flags.json, `${JSON.stringify(figures, null, 2)}\n`);
    }
  } finally {
    for (const peer of peers) peer.close();
    await rm(folder, { recursive: true, force: true });
  }
};

/** An eager one, and one that compiles if its version can; none where there is no PyTorch. */
const startPeers = async (compiled: boolean): Promise<readonly Peer[]> => {
  const python = process.env.BLOCKZERO_BENCH_PYTHON ?? "python3";
  try {
    const eager = await startPeer(python, THREADS, "eager");
    return compiled && eager.compiles ? [eager, await startPeer(python, THREADS, "compiled")] : [eager];
  } catch (thrown) {
    console.error(`${python}: ${reasonOf(thrown)}`);
    return [];
  }
};

const measurePeak = async (device: Device, peer: Peer | undefined) => {
  const ours = rateOf(await multiply(device));
  const theirs = peer ? rateOf(await peer.multiply(PEAK.size, PEAK.count)) : null;
  const say = (rate: number) => `${(rate / 1e9).toFixed(0)} GFLOP/s`;
  const product = `${PEAK.size}³ float32 matrix product`;
  console.log(`${product}: ours ${say(ours)}${theirs === null ? "" : `, PyTorch ${say(theirs)}`}`);
  console.log(`load of the machine before: ${loadavg()[0]!.toFixed(1)} (figures mean little above 0.5)`);
  return { ours, theirs };
};
