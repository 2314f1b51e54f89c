import { hasCode, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import type { Device } from "../device.js";
import type { DeviceChoice, DeviceKind } from "./device-choice.js";
import { deviceOf } from "./device-kinds.js";
import { checkInChild } from "./trial.js";

export interface OpenDeviceOptions {
  readonly device: DeviceChoice;
  /** Processor threads, 0 for all. */
  readonly threads: number;
  readonly log: Log;
}

export interface Chosen {
  /** As it is called in settings; never `auto`. */
  readonly kind: DeviceKind;
  readonly device: Device;
}

/** What `auto` tries before the CPU, in this order. */
const AUTOMATIC = ["cuda", "webgpu"] as const;

/**
 * Opens the device to train or score on. Every device except the CPU first runs a small training step in a separate process, because a
 * driver may end the process. The result must agree with the CPU's. `auto` takes the first device that agrees and is faster than the CPU.
 * @throws BlockZeroError DEVICE_UNAVAILABLE when the requested device does not work here;
 *         DEVICE_DISAGREES, naming the first tensor that differs and by how much, when it computes something else
 */
export const chooseDevice = async ({ device: choice, threads, log }: OpenDeviceOptions): Promise<Chosen> => {
  const open = async (kind: DeviceKind): Promise<Chosen> => ({ kind, device: await deviceOf[kind]({ threads }) });
  if (choice !== "auto") {
    if (choice !== "cpu") await checkInChild({ kind: choice, threads, measure: false });
    return open(choice);
  }
  const missing: DeviceKind[] = [];
  for (const kind of AUTOMATIC) {
    try {
      const speed = (await checkInChild({ kind, threads, measure: true })) ?? 0;
      if (speed > 1) {
        log.info("device", { device: kind, timesAsFastAsCpu: Number(speed.toFixed(1)) });
        return await open(kind);
      }
      log.info("device not used", { device: kind, reason: `${(1 / speed).toFixed(1)} times as slow as the CPU` });
    } catch (thrown) {
      // Most machines have no card: what its driver says, of several hundred characters, is for those who look for one.
      const disagrees = hasCode(thrown, "DEVICE_DISAGREES");
      if (!disagrees) missing.push(kind);
      log[disagrees ? "warn" : "debug"]("device not used", { device: kind, reason: reasonOf(thrown) });
    }
  }
  const without = missing.length > 0 && { without: missing.join(", "), why: "blockzero gpu doctor" };
  log.info("device", { device: "cpu", ...without });
  return open("cpu");
};

/** The same without what it is called. */
export const openDevice = async (options: OpenDeviceOptions): Promise<Device> => (await chooseDevice(options)).device;
