import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { type DeviceKind, deviceKinds } from "#shared/engine/runtime/device-choice.js";
import { openDevice } from "#shared/engine/runtime/open-device.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { stepCases } from "./cases.js";
import { figuresOf } from "./figures.js";
import { describeRefusals, findPeers, pythonsOf } from "./find-peers.js";
import { type Measurement, type MeasureOptions, measure } from "./measure.js";
import { describeCase } from "./report.js";

interface Flags {
  readonly case: readonly string[];
  readonly python?: readonly string[];
  readonly device: DeviceKind;
  readonly threads: number;
  readonly steps: number;
  readonly profile: boolean;
  readonly leakSteps: number;
  readonly compiled: boolean;
  readonly json?: string;
}

export const stepBench: CommandSpec = {
  name: "step",
  description: "Train steps of this engine and of PyTorch, alternating, on as many threads each.",
  examples: [
    "npm run bench -- step",
    "npm run bench -- step --case full --case shard --json step.json",
    "npm run bench -- step --python ~/.venvs/bench/bin/python --python /usr/bin/python3",
  ],
  define: (command) => {
    const names = stepCases.map(({ name }) => name);
    const usual = stepCases.filter(({ onDemand }) => !onDemand).map(({ name }) => name);
    command
      .addOption(new Option("--case <name...>", "cases to run").choices(names).default(usual))
      .option("--python <path...>", "Pythons with PyTorch (default: those of BLOCKZERO_BENCH_PYTHON, or python3)")
      .addOption(new Option("--device <name>", "what both sides compute on").choices(deviceKinds).default("cpu"))
      .option("--threads <n>", "processor threads of each side", wholeNumber(1), 2)
      .option("--steps <n>", "timed steps of each side", wholeNumber(20), 40)
      .option("--profile", "show where our time goes also where every target is met", false)
      .option("--leak-steps <n>", "steps over which to watch our memory", wholeNumber(0), 0)
      .option("--no-compiled", "leave torch.compile out, which takes minutes to warm up")
      .addOption(figuresOption())
      .action(run);
  },
};

const run = async ({ case: names, device: kind, threads, compiled, json, ...flags }: Flags): Promise<void> => {
  const log = createLogger({ name: "bench", level: "info", format: "pretty" });
  const device = await openDevice({ device: kind, threads, log });
  const peerDevice = kind === "cuda" || kind === "webgpu" ? "gpu" : "cpu";
  const pythons = pythonsOf(flags.python, process.env);
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-"));
  const { peers, refusals } = await findPeers({ pythons, compiled, device: peerDevice, threads });
  try {
    const here = machine();
    console.log(`${describeMachine(here)}; ${device.name}, ${threads} threads each`);
    for (const { name, device: where, python } of peers) console.log(`${name} on ${where} (${python})`);
    for (const line of describeRefusals(refusals, peers.length)) console.log(line);
    const measurements: Measurement[] = [];
    const profile: MeasureOptions["profile"] = kind !== "cpu" ? "never" : flags.profile ? "always" : "on a miss";
    for (const stepCase of stepCases.filter(({ name }) => names.includes(name))) {
      const own = await mkdtemp(join(folder, "case-"));
      const options = { ...flags, profile, device, threads, peers, folder: own };
      const measurement = await measure(stepCase, options);
      measurements.push(measurement);
      console.log(`\n${describeCase(measurement, here)}`);
      // After each case: the next one takes minutes, and may end badly.
      const soFar = { machine: here, device: device.name, threads, peers, refusals, measurements };
      await writeFigures(json, figuresOf(soFar));
    }
    // A step that is fast and wrong is worth nothing.
    if (measurements.some(({ peers: compared }) => compared.some(({ lossesAgree }) => !lossesAgree))) {
      process.exitCode = 1;
    }
  } finally {
    for (const peer of peers) peer.close();
    await rm(folder, { recursive: true, force: true });
  }
};
