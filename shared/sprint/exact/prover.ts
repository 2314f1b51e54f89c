import type { Device } from "#shared/engine/device.js";
import { openDeviceNetwork } from "./device-network.js";
import { fitsProcessor, openProcessorNetwork } from "./processor-network.js";
import type { LoadOptions, SprintNetwork } from "./sprint-network.js";

export type { SprintNetwork } from "./sprint-network.js";
export { isWin } from "./win.js";

export interface SprintNetworkOptions extends LoadOptions {
  readonly device: Device;
  /**
   * Processor threads, 0 for all: given where the device is the processor. Kernels of our own compute there, which are faster than the
   * device's, unless this machine has not what they need.
   */
  readonly threads?: number;
}

/**
 * Draws a network's weights tensor by tensor onto a device.
 * @throws BlockZeroError GRAPH_COMPILE, KERNEL_MEMORY, GRAPH_RUN; the signal's reason
 */
export const openSprintNetwork = ({ device, threads, ...options }: SprintNetworkOptions): Promise<SprintNetwork> =>
  threads !== undefined && fitsProcessor(options.dials, threads)
    ? openProcessorNetwork({ ...options, threads })
    : openDeviceNetwork({ ...options, device });
