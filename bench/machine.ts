import { existsSync, readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform } from "node:os";
import { env } from "onnxruntime-node";

const CPUINFO = "/proc/cpuinfo";

/**
 * The processor's name, with family and model where the system tells: a virtual machine's name is often that of all of a vendor's.
 *
 * @param told what the system tells of its processors, as Linux writes it
 */
export const processorName = (told = existsSync(CPUINFO) ? readFileSync(CPUINFO, "utf8") : ""): string => {
  const name = cpus()[0]?.model.trim() ?? "unknown";
  const [family, model] = ["cpu family", "model"].map((key) => new RegExp(`^${key}\\s*: (\\d+)$`, "m").exec(told)?.[1]);
  return family === undefined || model === undefined ? name : `${name} (family ${family}, model ${model})`;
};

/** What a figure was taken on. */
export const machine = () => ({
  processor: processorName(),
  cores: availableParallelism(),
  platform: `${platform()} ${arch()}`,
  node: process.versions.node,
  onnxruntime: env.versions.node ?? "unknown",
  load: loadavg()[0]!,
});

export type Machine = ReturnType<typeof machine>;

export const describeMachine = ({ processor, cores, platform: system, node, onnxruntime }: Machine): string =>
  `${processor}, ${cores} cores, ${system}; Node.js ${node}, ONNX Runtime ${onnxruntime}`;

/** Processor seconds that all programs on this machine have used since it started. */
export const busySeconds = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;

/** Processor seconds that this process has used. */
export const ownSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
