import { openDevice } from "#shared/engine/runtime/open-device.js";
import { once } from "#shared/util/once.js";
import type { Miner } from "../context.js";
import type { Sprinter } from "./context.js";
import { openPowerMeter } from "./power.js";

/** The device that is the processor, on which a Sprint has kernels of its own. */
const PROCESSOR = "onnxruntime-cpu";

/** What a miner's Sprints and duty need. The device is opened when the first of them computes. */
export const openSprinter = (miner: Omit<Miner, "trainer">): Sprinter => {
  const { config, participant } = miner;
  const arithmetic = once(async () => {
    const device = await openDevice({ ...config, log: participant.log });
    return { device, ...(device.name === PROCESSOR && { threads: config.threads }) };
  });
  return { ...miner, power: openPowerMeter(), arithmetic };
};
