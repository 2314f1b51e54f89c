import type { DeviceTensor } from "../device.js";
import { feedError } from "../feeds.js";

/** The device tensors of one device, each with its internal data, a `T`. */
export interface Memory<T> {
  hold(
    kept: T,
    shape: readonly number[],
    operations: Pick<DeviceTensor, "read" | "write" | "fill" | "dispose">,
  ): DeviceTensor;
  /** Throws GRAPH_FEED for a freed tensor and for a tensor of another device. */
  keptOf(tensor: DeviceTensor): T;
}

export const memory = <T extends object>(): Memory<T> => {
  const kept = new WeakMap<DeviceTensor, T>();
  return {
    hold(value, shape, operations) {
      const tensor: DeviceTensor = {
        dtype: "float32",
        shape,
        ...operations,
        dispose() {
          if (kept.delete(tensor)) operations.dispose();
        },
      };
      kept.set(tensor, value);
      return tensor;
    },
    keptOf(tensor) {
      const value = kept.get(tensor);
      if (value) return value;
      throw feedError("a device tensor is freed or another device's", "upload it to the device that runs the program");
    },
  };
};
