import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Device } from "#shared/engine/device.js";
import { hostMemory } from "#shared/engine/runtime/host-memory.js";
import { compileSession, nativeHost, sessionOptions } from "#shared/engine/runtime/onnx-session.js";
import { median } from "../median.js";
import type { StepCase } from "./cases.js";
import type { Material } from "./material.js";
import { ourStep } from "./ours.js";
import { type Phase, phasesOf } from "./phases.js";

/** Time of one step in one kind of operator, in all runs of the step's programs. */
export interface ProfileLine {
  /** The graph's operator, or the kernel where the runtime made one of several operators or put it in itself. */
  readonly operator: string;
  readonly phase: Phase | undefined;
  /** ONNX Runtime's kernels that execute it. */
  readonly kernels: readonly string[];
  /** Nodes of the runtime's graph. */
  readonly nodes: number;
  readonly milliseconds: number;
}

const STEPS = 8;

/** Where a step's time goes, by ONNX Runtime's own profiler: the median of several steps for every node, summed by operator. */
export const profile = async (
  stepCase: StepCase,
  material: Material,
  threads: number,
  folder: string,
): Promise<readonly ProfileLine[]> => {
  const programs: PhaseOf[] = [];
  const prefix = (program: number) => `profile-${program}-`;
  const device = profilingDevice(threads, (phaseOf) => join(folder, prefix(programs.push(phaseOf) - 1)));
  const step = await ourStep(device, stepCase, material);
  await step.run(STEPS);
  await step.dispose();
  const files = await readdir(folder);
  const nodes: ProfiledNode[] = [];
  for (const [program, phaseOf] of programs.entries()) {
    const file = files.find((name) => name.startsWith(prefix(program)));
    if (file !== undefined)
      nodes.push(...nodesOf(JSON.parse(await readFile(join(folder, file), "utf8")), phaseOf, STEPS));
  }
  return linesOf(nodes);
};

type PhaseOf = (place: number) => Phase | undefined;

/** The CPU device, whose sessions write a profile when they are freed. */
const profilingDevice = (threads: number, prefixFor: (phaseOf: PhaseOf) => string): Device => {
  const { upload, hostOf } = hostMemory();
  return {
    name: "profiled",
    hostMemory: true,
    mapsFiles: false,
    upload,
    compile: (graph, outputs) => {
      // Programs that are a part of a step have no loss to tell the passes by.
      const profileFilePrefix = prefixFor(outputs.loss ? phasesOf(graph, outputs.loss) : () => undefined);
      const options = { ...sessionOptions("cpu", threads), enableProfiling: true, profileFilePrefix };
      return compileSession(graph, outputs, { options, hostMemory: true, toNative: (x) => nativeHost(hostOf(x)) });
    },
  };
};

/** One event of ONNX Runtime's profile. */
export interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: { readonly op_name?: string; readonly node_index?: string };
}

export interface ProfiledNode {
  readonly operator: string;
  readonly phase: Phase | undefined;
  readonly kernel: string;
  readonly milliseconds: number;
}

const KERNEL = "_kernel_time";
/** As `lower` names nodes; a fused node's name contains that of one it was made of, or none. */
const ORIGIN = /([A-Za-z]+)\/(\d+)\/\d+/;

/** The nodes of a program's profile over some steps, each with the median of its runs times the runs of a step. */
export const nodesOf = (events: readonly ProfileEvent[], phaseOf: PhaseOf, steps: number): readonly ProfiledNode[] => {
  const nodes = new Map<string, { name: string; kernel: string; times: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith(KERNEL)) continue;
    const key = `${args.node_index} ${name}`;
    const node = nodes.get(key) ?? { name, kernel: args.op_name ?? "unknown", times: [] };
    node.times.push(dur / 1000);
    nodes.set(key, node);
  }
  return [...nodes.values()].map(({ name, kernel, times }) => {
    const [, operator = `(${kernel})`, place = ""] = ORIGIN.exec(name) ?? [];
    const phase = place === "" ? undefined : phaseOf(Number(place));
    return { operator, phase, kernel, milliseconds: (median(times) * times.length) / steps };
  });
};

/** Nodes summed by operator and phase, the longest first. */
export const linesOf = (nodes: readonly ProfiledNode[]): readonly ProfileLine[] => {
  const lines = new Map<string, ProfileLine>();
  for (const { operator, phase, kernel, milliseconds } of nodes) {
    const key = `${operator} ${phase}`;
    const line = lines.get(key) ?? { operator, phase, kernels: [], nodes: 0, milliseconds: 0 };
    lines.set(key, {
      ...line,
      kernels: line.kernels.includes(kernel) ? line.kernels : [...line.kernels, kernel],
      nodes: line.nodes + 1,
      milliseconds: line.milliseconds + milliseconds,
    });
  }
  return [...lines.values()].sort((a, b) => b.milliseconds - a.milliseconds);
};
