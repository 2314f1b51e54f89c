import * as ort from "onnxruntime-node";
import type { AnyTensor, Device, DeviceTensor } from "../device.js";
import { checkTensor, isHost } from "../feeds.js";
import { Graph } from "../graph.js";
import { serialise } from "../onnx/serialise.js";
import { expandAs } from "../ops/expand.js";
import { type FloatTensor, floatTensor } from "../tensor.js";
import { memory } from "./memory.js";
import type { OnnxOptions } from "./onnx-host.js";
import { compileSession, createSession, nativeHost, type SessionOptions, sessionOptions } from "./onnx-session.js";
import { refuseStored } from "./refuse-stored.js";
import { rewritings } from "./webgpu-rewritings.js";

/**
 * ONNX Runtime's WebGPU provider: any graphics card, through Vulkan, Metal or Direct3D 12. Device tensors are buffers of the card. Programs
 * read and write them in place. ONNX Runtime runs nodes without a WebGPU kernel on the CPU.
 */
export const onnxWebGpu = ({ threads }: OnnxOptions): Device => {
  const options = sessionOptions("webgpu", threads);
  const { hold, keptOf } = memory<ort.Tensor>();
  const copiers = new Map<number, Promise<Copier>>();
  const copierOf = (shape: readonly number[]): Promise<Copier> => {
    const known = copiers.get(shape.length);
    if (known) return known;
    const made = createCopier(shape.length, options);
    copiers.set(shape.length, made);
    return made;
  };

  const upload = async (tensor: FloatTensor): Promise<DeviceTensor> => {
    const { shape } = tensor;
    const copier = await copierOf(shape);
    const buffer = await copier.upload(nativeHost(tensor));
    return hold(buffer, shape, {
      read: async () => floatTensor(await copier.download(buffer), shape),
      write: async (source) => {
        checkTensor("the device tensor", source, { dtype: "float32", shape });
        await copier.copy(nativeHost(source), buffer);
      },
      fill: (value) => copier.fill(value, buffer),
      dispose: () => buffer.dispose(),
    });
  };

  const toNative = (tensor: AnyTensor) => (isHost(tensor) ? nativeHost(tensor) : keptOf(tensor));
  return {
    name: "onnxruntime-webgpu",
    hostMemory: false,
    mapsFiles: false,
    compile: async (graph, outputs, { stored } = {}) => {
      refuseStored("WebGPU", stored);
      return compileSession(graph, outputs, { options, rewritings, hostMemory: false, toNative });
    },
    upload,
  };
};

/** Copies tensors of one rank. It uses sessions, because `Tensor.getData` on a buffer aborts the process (ONNX Runtime 1.30). */
interface Copier {
  upload(source: ort.Tensor): Promise<ort.Tensor>;
  download(buffer: ort.Tensor): Promise<Float32Array>;
  copy(source: ort.Tensor, buffer: ort.Tensor): Promise<void>;
  fill(value: number, buffer: ort.Tensor): Promise<void>;
}

const createCopier = async (rank: number, options: SessionOptions): Promise<Copier> => {
  const graph = new Graph();
  const x = graph.input(
    "x",
    Array.from({ length: rank }, (_, axis) => `d${axis}`),
  );
  const copying = serialise(graph, { y: x });
  const filling = serialise(graph, { y: expandAs(graph.input("value", []), x) });
  const copied = copying.outputNames.y!;
  const filled = filling.outputNames.y!;
  const ontoCard = await createSession(copying.bytes, { ...options, preferredOutputLocation: "gpu-buffer" });
  const copy = await createSession(copying.bytes, options);
  const fill = await createSession(filling.bytes, options);
  return {
    upload: async (source) => (await ontoCard.run({ x: source }))[copied]!,
    download: async (buffer) => {
      const { data } = (await copy.run({ x: buffer }))[copied]!;
      return data instanceof Float32Array ? data : Float32Array.of();
    },
    copy: async (source, buffer) => {
      await copy.run({ x: source }, { [copied]: buffer });
    },
    fill: async (value, buffer) => {
      const scalar = new ort.Tensor("float32", Float32Array.of(value), []);
      await fill.run(rank === 0 ? { value: scalar } : { value: scalar, x: buffer }, { [filled]: buffer });
    },
  };
};
