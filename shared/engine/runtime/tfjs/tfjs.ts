import type { Tensor as TfTensor } from "@tensorflow/tfjs-core";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { AnyTensor, Device, DeviceTensor, Program } from "../../device.js";
import { checkFeeds, checkInto, checkTensor, feedError, isHost } from "../../feeds.js";
import type { Graph, Value } from "../../graph.js";
import { lower, type OnnxNode } from "../../onnx/lower.js";
import { type FloatTensor, floatTensor, type Tensor } from "../../tensor.js";
import { type Memory, memory } from "../memory.js";
import { refuseStored } from "../refuse-stored.js";
import { kernels } from "./kernels.js";
import { loadTensorFlow, type Tf } from "./load.js";

/** The data of a device tensor. A run replaces its TensorFlow tensor by a new one. */
interface Slot {
  tensor: TfTensor;
}

/**
 * TensorFlow.js: the same graph, node by node, on libtensorflow if the operator installed a binding, else on WebAssembly, with one thread.
 * It is meant for checking other devices, not for speed. Throws DEVICE_UNAVAILABLE when it is not installed.
 */
export const tfjs = async (): Promise<Device> => {
  const { tf, backend } = await loadTensorFlow();
  const slots = memory<Slot>();
  return {
    name: `tfjs-${backend}`,
    hostMemory: false,
    mapsFiles: false,
    compile: async (graph, outputs, { stored } = {}) => {
      refuseStored("TensorFlow.js", stored);
      return compile(tf, slots, graph, outputs);
    },
    upload: async (tensor) => upload(tf, slots, tensor),
  };
};

const upload = (tf: Tf, { hold }: Memory<Slot>, tensor: FloatTensor): DeviceTensor => {
  const { shape } = tensor;
  const slot: Slot = { tensor: toTensorFlow(tf, tensor) };
  return hold(slot, shape, {
    read: async () => floatTensor(Float32Array.from(await slot.tensor.data()), shape),
    write: async (source) => {
      checkTensor("the device tensor", source, { dtype: "float32", shape });
      replace(slot, toTensorFlow(tf, source));
    },
    fill: async (value) => replace(slot, tf.fill([...shape], value)),
    dispose: () => slot.tensor.dispose(),
  });
};

const replace = (slot: Slot, tensor: TfTensor): void => {
  slot.tensor.dispose();
  slot.tensor = tensor;
};

const compile = (tf: Tf, { keptOf }: Memory<Slot>, graph: Graph, outputs: Readonly<Record<string, Value>>): Program => {
  const { nodes, constants, inputs, outputNames } = lower(graph, outputs);
  const foreign = nodes.find(({ type }) => !kernels[type]);
  if (foreign) {
    throw new BlockZeroError("GRAPH_COMPILE", `TensorFlow.js has no ${foreign.type} here`, "use another device");
  }
  const needed = Object.fromEntries(inputs.map((input) => [input.name, input]));
  const known = new Set(graph.inputs.map((input) => input.name));
  const fixed = new Map([...constants].map(([name, tensor]) => [name, toTensorFlow(tf, tensor)]));
  const dying = lastUses(nodes, new Set(Object.values(outputNames)));

  return {
    async run(feeds, into = {}) {
      checkFeeds(feeds, needed, known);
      checkInto(into, outputs);
      const native = (tensor: AnyTensor) =>
        isHost(tensor) ? toTensorFlow(tf, tensor) : tf.clone(keptOf(tensor).tensor);
      const live = new Map<string, TfTensor>();
      try {
        for (const name of Object.keys(needed)) live.set(name, native(feeds[name]!));
        nodes.forEach((node, i) => {
          evaluate(tf, node, live, fixed);
          for (const name of dying[i]!) {
            live.get(name)?.dispose();
            live.delete(name);
          }
        });
        const made: Record<string, Tensor> = {};
        for (const [key, name] of Object.entries(outputNames)) {
          const given = into[key];
          const result = live.get(name)!;
          if (given && !isHost(given)) {
            replace(keptOf(given), tf.clone(result));
            continue;
          }
          const host = await fromTensorFlow(result);
          if (given) copyInto(given, host);
          made[key] = given ?? host;
        }
        return made;
      } catch (thrown) {
        if (thrown instanceof BlockZeroError) throw thrown;
        throw new BlockZeroError("GRAPH_RUN", `TensorFlow.js failed: ${reasonOf(thrown)}`, "check the fed values", {
          cause: thrown,
        });
      } finally {
        for (const tensor of live.values()) tensor.dispose();
      }
    },
    async dispose() {
      for (const tensor of fixed.values()) tensor.dispose();
    },
  };
};

const evaluate = (
  tf: Tf,
  { type, inputs, outputs, attributes }: OnnxNode,
  live: Map<string, TfTensor>,
  fixed: ReadonlyMap<string, TfTensor>,
): void => {
  // An omitted input, such as Pad's fill value, has the empty name. Its kernel is given nothing.
  const given = inputs.map((name) => (live.get(name) ?? fixed.get(name))!);
  const results = tf.tidy(() => [kernels[type]!(tf, given, attributes)].flat());
  for (const [i, name] of outputs.entries()) {
    const result = results[i]!;
    live.set(name, given.includes(result) ? tf.clone(result) : result);
  }
  for (const unnamed of results.slice(outputs.length)) unnamed.dispose();
};

/** For each node, the tensors that no later node needs. */
const lastUses = (nodes: readonly OnnxNode[], kept: ReadonlySet<string>): readonly (readonly string[])[] => {
  const seen = new Set(kept);
  return nodes
    .toReversed()
    .map(({ inputs, outputs }) =>
      [...new Set([...inputs, ...outputs])].filter((name) => {
        if (seen.has(name)) return false;
        seen.add(name);
        return true;
      }),
    )
    .reverse();
};

const toTensorFlow = (tf: Tf, tensor: Tensor): TfTensor => {
  const shape = [...tensor.shape];
  switch (tensor.dtype) {
    case "float32":
      return tf.tensor(tensor.data.slice(), shape, "float32");
    case "int64":
      return tf.tensor(Int32Array.from(tensor.data, narrow), shape, "int32");
    case "bool":
      return tf.tensor(tensor.data.slice(), shape, "bool");
  }
};

const narrow = (value: bigint): number => {
  if (BigInt.asIntN(32, value) === value) return Number(value);
  throw feedError(`${value} does not fit TensorFlow.js's 32 bits`, "use another device");
};

const fromTensorFlow = async (tensor: TfTensor): Promise<Tensor> => {
  const { shape } = tensor;
  const data = await tensor.data();
  if (tensor.dtype === "int32") return { dtype: "int64", shape, data: BigInt64Array.from(data, BigInt) };
  if (tensor.dtype === "bool") return { dtype: "bool", shape, data: Uint8Array.from(data) };
  return { dtype: "float32", shape, data: Float32Array.from(data) };
};

const copyInto = (target: Tensor, source: Tensor): void => {
  if (target.dtype === "int64") target.data.set(source.dtype === "int64" ? source.data : []);
  else if (source.dtype !== "int64") target.data.set(source.data);
};
