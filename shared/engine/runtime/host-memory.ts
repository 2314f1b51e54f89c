import type { AnyTensor, Device } from "../device.js";
import { checkTensor, isHost } from "../feeds.js";
import type { FloatTensor, Tensor } from "../tensor.js";
import { memory } from "./memory.js";

export interface HostMemory {
  readonly upload: Device["upload"];
  /** The host tensor behind either kind of tensor. */
  readonly hostOf: (tensor: AnyTensor) => Tensor;
}

/** Device tensors of a device that computes in host memory: each is a host tensor. */
export const hostMemory = (): HostMemory => {
  const { hold, keptOf } = memory<FloatTensor>();
  return {
    upload: async (tensor) =>
      hold(tensor, tensor.shape, {
        read: async () => ({ ...tensor, data: tensor.data.slice() }),
        write: async (source) => {
          checkTensor("the device tensor", source, tensor);
          tensor.data.set(source.data);
        },
        fill: async (value) => {
          tensor.data.fill(value);
        },
        dispose: () => undefined,
      }),
    hostOf: (tensor) => (isHost(tensor) ? tensor : keptOf(tensor)),
  };
};
