import type { Device } from "#shared/engine/device.js";
import { openDevice } from "#shared/engine/runtime/open-device.js";
import { gigaflops } from "#shared/engine/self-check.js";
import { hasCode } from "#shared/errors/error.js";
import { silentLog } from "#shared/telemetry/log.js";
import { type Check, failure, ok } from "../check.js";

/** The device agrees with the CPU, and how fast it is. */
export const deviceCheck: Check = {
  name: "device",
  deadlineMs: 300_000,
  run: async ({ config: { device: choice, threads } }) => {
    let device: Device;
    try {
      device = await openDevice({ device: choice, threads, log: silentLog });
    } catch (thrown) {
      if (choice !== "cuda" || !hasCode(thrown, "DEVICE_UNAVAILABLE")) throw thrown;
      return failure(
        `${thrown.code} ${thrown.message}`,
        "blockzero gpu doctor says which part is missing; or set device: cpu",
      );
    }
    const chosen = choice === "auto" ? `auto takes ${device.name}` : device.name;
    return ok(`${chosen}, ${(await gigaflops(device)).toFixed(0)} GFLOP/s in large products`);
  },
};
