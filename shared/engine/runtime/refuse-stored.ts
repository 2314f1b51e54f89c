import { BlockZeroError } from "#shared/errors/error.js";
import type { StoredTensors } from "../stored-tensor.js";

/** For a device whose programs take no inputs from files. @throws BlockZeroError GRAPH_COMPILE if there are any */
export const refuseStored = (device: string, stored: StoredTensors = {}): void => {
  const [name] = Object.keys(stored);
  if (name === undefined) return;
  throw new BlockZeroError(
    "GRAPH_COMPILE",
    `${device} takes no weights from files, as "${name}"`,
    "read them as float32 and upload them, or use the device cpu",
  );
};
