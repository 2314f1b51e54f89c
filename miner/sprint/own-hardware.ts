import { availableParallelism, cpus } from "node:os";
import { type Hardware, hardwareWord } from "#shared/sprint/proof/hardware.js";
import type { Sprinter } from "./context.js";

/** What a proof says of this machine, where the operator allows it. */
export const ownHardware = async ({
  config,
  arithmetic,
}: Pick<Sprinter, "arithmetic"> & {
  readonly config: { readonly compute: Pick<Sprinter["config"]["compute"], "report_hardware"> };
}): Promise<{ readonly hardware?: Hardware }> => {
  if (!config.compute.report_hardware) return {};
  const { device, threads } = await arithmetic();
  return {
    hardware: {
      processor: hardwareWord(cpus()[0]?.model ?? ""),
      threads: threads === 0 ? availableParallelism() : (threads ?? 0),
      device: hardwareWord(device.name),
    },
  };
};
