import type { Device } from "#shared/engine/device.js";
import type { DeviceChoice } from "#shared/engine/runtime/device-choice.js";

/** Whether what a setting names computes in host memory, for a plan without a device; `auto` is planned as the CPU. */
export const isInHostMemory = (choice: DeviceChoice): boolean => choice !== "webgpu" && choice !== "tfjs";

/**
 * Whether what a run is given travels to a card, as on CUDA, which a product alone says nothing about.
 *
 * @param name a device's, or what a setting names
 */
export const travels = ({ name }: Pick<Device, "name">): boolean => name.includes("cuda");
