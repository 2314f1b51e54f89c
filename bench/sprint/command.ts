import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { EXACT_DIALS, parametersOf } from "#shared/sprint/exact/dials.js";
import { openProcessorNetwork } from "#shared/sprint/exact/processor-network.js";
import { percent, rate, verdict } from "../format.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { type Dropped, isDropped, orDropped } from "../step/dropped.js";
import { describeRefusals, findPeers, pythonsOf } from "../step/find-peers.js";
import { fasterOf, measurePeak, type Peak } from "../step/peak.js";
import { NODE, SEED, SPRINT_CASES } from "./cases.js";
import { measureSprint, type SprintMeasurement } from "./measure.js";
import { FORMS, type SprintPeer, startSprintPeer } from "./peer.js";

/** Times as fast as PyTorch's fastest exact form we mean to be; share of proving that verification may take. */
const TARGET = 1.5;
const VERIFICATION = 0.003;

interface Flags {
  readonly case: readonly string[];
  readonly python?: readonly string[];
  readonly threads: number;
  readonly rounds: number;
  readonly compiled: boolean;
  readonly whole: boolean;
  readonly json?: string;
}

export const sprintBench: CommandSpec = {
  name: "sprint",
  description: "nonces a second of a Sprint's exact network, beside the same network in PyTorch, alternating",
  examples: ["npm run bench -- sprint", "npm run bench -- sprint --case test --json sprint.json"],
  define: (command) => {
    const names = SPRINT_CASES.map(({ name }) => name);
    command
      .addOption(new Option("--case <name...>", "dials to run").choices(names).default(names))
      .option("--python <path...>", "Pythons with PyTorch (default: those of BLOCKZERO_BENCH_PYTHON, or python3)")
      .option("--threads <n>", "processor threads of each side", wholeNumber(1), 2)
      .option("--rounds <n>", "turns of each side; the median counts", wholeNumber(1), 5)
      .option("--no-compiled", "leave torch.compile out, which takes minutes to warm up")
      .option("--whole", "also load all layers of `real`, 2.4 GB, and search there", false)
      .addOption(figuresOption())
      .action(run);
  },
};

const run = async ({ case: names, threads, rounds, whole, json, ...flags }: Flags): Promise<void> => {
  const here = machine();
  console.log(`${describeMachine(here)}; ${threads} threads each`);
  const device = onnxCpu({ threads });
  const pythons = pythonsOf(flags.python, process.env);
  const found = await findPeers({ pythons, compiled: false, device: "cpu", threads });
  for (const line of describeRefusals(found.refusals, found.peers.length)) console.log(line);
  const folder = await mkdtemp(join(tmpdir(), "blockzero-bench-"));
  const started: (SprintPeer | Dropped)[] = [];
  for (const { python } of found.peers) {
    for (const form of FORMS.filter((one) => flags.compiled || !one.endsWith("compiled"))) {
      started.push(await orDropped(form, () => startSprintPeer(python, form, threads)));
    }
  }
  const peers = started.filter((peer): peer is SprintPeer => !isDropped(peer));
  for (const peer of started.filter(isDropped)) console.log(`${peer.name} is left out: ${peer.reason}`);
  try {
    const before = await measurePeak(device, found.peers);
    const measurements: SprintMeasurement[] = [];
    for (const sprintCase of SPRINT_CASES.filter(({ name }) => names.includes(name))) {
      measurements.push(await measureSprint(sprintCase, { device, threads, peers, folder, rounds }));
    }
    const peak = fasterOf(before, await measurePeak(device, found.peers));
    for (const measurement of measurements) console.log(`\n${describe(measurement, peak)}`);
    const real = whole ? await measureWhole(threads) : undefined;
    if (real) {
      const { loading, rate: nonces } = real;
      console.log(
        `\nreal, all 64 layers: loaded in ${loading.toFixed(1)} s, ${nonces.toFixed(2)} nonces a second (ours alone: PyTorch's floats would take 9.7 GB)`,
      );
    }
    await writeFigures(json, { machine: here, threads, peak, measurements, ...(real && { real }) });
    // What is fast and wrong is worth nothing.
    if (measurements.some(({ agrees, peers }) => !agrees || peers.some((one) => !isDropped(one) && !one.agrees)))
      process.exitCode = 1;
  } finally {
    for (const peer of [...peers, ...found.peers]) peer.close();
    await rm(folder, { recursive: true, force: true });
  }
};

const describe = (measurement: SprintMeasurement, peak: Peak): string => {
  const { name, layers, loading, way, rate: ours, search, engine, agrees, peers, flopsPerSecond, ratio } = measurement;
  const { checking, proving } = measurement;
  const { [name as keyof typeof EXACT_DIALS]: dials } = EXACT_DIALS;
  const part = layers === dials.layers ? "" : `, ${layers} of ${dials.layers} layers`;
  const share = checking / proving;
  return [
    `${name}${part}: ${(parametersOf({ ...dials, layers }) / 1e6).toFixed(1)} million weights, loaded in ${loading.toFixed(2)} s`,
    `  blockzero's ${way}: ${ours.toFixed(1)} nonces a second, ${search.toFixed(1)} with inputs and hashes`,
    `  blockzero's engine: ${engine.toFixed(1)} with inputs and hashes${agrees ? "" : "; OUTPUTS DIFFER"}`,
    ...peers.map((other) =>
      isDropped(other)
        ? `  ${other.name} is left out: ${other.reason}`
        : `  ${other.name}: ${other.rate.toFixed(1)}, ours ${other.ratio.toFixed(2)} times as fast (${other.byProcessor.toFixed(2)} by processor time)${other.agrees ? "" : "; OUTPUTS DIFFER"}`,
    ),
    ...(ratio === undefined
      ? []
      : [`  ${ratio.toFixed(2)} times the fastest of PyTorch (at least ${TARGET}: ${verdict(ratio >= TARGET)})`]),
    `  ${rate(flopsPerSecond)} of matrix products, ${percent(flopsPerSecond / peak.flops)} of the fastest float32 product here (${rate(peak.flops)})`,
    `  all 400 wins of a proof are checked in ${checking.toFixed(3)} s, found in ${proving.toFixed(1)} s: ${(100 * share).toFixed(2)} % (at most ${100 * VERIFICATION} %: ${verdict(share <= VERIFICATION)})`,
  ].join("\n");
};

const measureWhole = async (threads: number): Promise<{ readonly loading: number; readonly rate: number }> => {
  const begin = performance.now();
  const network = await openProcessorNetwork({ dials: EXACT_DIALS.real, seed: SEED, threads });
  try {
    const loading = (performance.now() - begin) / 1000;
    const started = performance.now();
    await network.search(NODE, { first: 0, count: network.batch }, 1);
    return { loading, rate: (1000 * network.batch) / (performance.now() - started) };
  } finally {
    await network.dispose();
  }
};
