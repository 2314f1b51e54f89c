import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "#shared/engine/device.js";
import { hostMemory } from "#shared/engine/runtime/host-memory.js";
import { compileSession, nativeHost, sessionOptions } from "#shared/engine/runtime/onnx-session.js";
import { median } from "../median.js";
import type { StepCase } from "./cases.js";
import type { Material } from "./material.js";
import { ourStep } from "./ours.js";

/** Time of one step in one kind of kernel. */
export interface ProfileLine {
  /** ONNX operator. */
  readonly kernel: string;
  readonly calls: number;
  readonly milliseconds: number;
}

const STEPS = 6;

/** Where a step's time goes, by ONNX Runtime's own profiler: the median of several steps for every node, summed by kind. */
export const profile = async (
  stepCase: StepCase,
  material: Material,
  threads: number,
  folder: string,
): Promise<readonly ProfileLine[]> => {
  const step = await ourStep(profilingDevice(threads, join(folder, "profile")), stepCase, material);
  await step.run(STEPS);
  await step.dispose();
  const file = (await readdir(folder)).find((name) => name.startsWith("profile"));
  return file === undefined ? [] : linesOf(JSON.parse(await readFile(join(folder, file), "utf8")));
};

/** The CPU device whose sessions write a profile when they are freed. */
const profilingDevice = (threads: number, profileFilePrefix: string): Device => {
  const { upload, hostOf } = hostMemory();
  const options = { ...sessionOptions("cpu", threads), enableProfiling: true, profileFilePrefix };
  return {
    name: "profiled",
    upload,
    compile: (graph, outputs) => compileSession(graph, outputs, { options, toNative: (x) => nativeHost(hostOf(x)) }),
  };
};

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: { readonly op_name?: string; readonly node_index?: string };
}

const KERNEL = "_kernel_time";

const linesOf = (events: readonly ProfileEvent[]): readonly ProfileLine[] => {
  const nodes = new Map<string, { kernel: string; times: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith(KERNEL)) continue;
    const kernel = args.op_name ?? "";
    const key = `${args.node_index}`;
    const node = nodes.get(key) ?? { kernel, times: [] };
    node.times.push(dur);
    nodes.set(key, node);
  }
  const kinds = new Map<string, { calls: number; milliseconds: number }>();
  for (const { kernel, times } of nodes.values()) {
    const { calls, milliseconds } = kinds.get(kernel) ?? { calls: 0, milliseconds: 0 };
    kinds.set(kernel, { calls: calls + 1, milliseconds: milliseconds + median(times) / 1000 });
  }
  return [...kinds].map(([kernel, kind]) => ({ kernel, ...kind })).sort((a, b) => b.milliseconds - a.milliseconds);
};
