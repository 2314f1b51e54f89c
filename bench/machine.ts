import { arch, availableParallelism, cpus, loadavg, platform } from "node:os";
import { env } from "onnxruntime-node";

/** What a figure was taken on. */
export const machine = () => ({
  processor: cpus()[0]?.model.trim() ?? "unknown",
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
