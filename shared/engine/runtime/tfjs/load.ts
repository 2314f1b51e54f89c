import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

export type Tf = typeof import("@tensorflow/tfjs-core");

/** Native bindings, best first. Their installation downloads libtensorflow, so only the operator may install them. */
const NATIVE = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

export interface Loaded {
  readonly tf: Tf;
  /** Package or backend that computes. */
  readonly backend: string;
}

/** The fastest TensorFlow.js that is installed. Throws DEVICE_UNAVAILABLE when none works. */
export const loadTensorFlow = async (): Promise<Loaded> => {
  for (const backend of NATIVE) {
    const tf: Tf | undefined = await import(backend).catch(ifMissing);
    if (!tf) continue;
    await tf.ready();
    return { tf, backend };
  }
  try {
    const tf = await import("@tensorflow/tfjs-core");
    await import("@tensorflow/tfjs-backend-wasm");
    if (await tf.setBackend("wasm")) return { tf, backend: "wasm" };
    throw unavailable("its wasm backend does not start");
  } catch (thrown) {
    throw thrown instanceof BlockZeroError ? thrown : unavailable(reasonOf(thrown));
  }
};

const ifMissing = (thrown: unknown): undefined => {
  if (thrown instanceof Error && "code" in thrown && thrown.code === "ERR_MODULE_NOT_FOUND") return undefined;
  throw unavailable(reasonOf(thrown));
};

const unavailable = (reason: string) =>
  new BlockZeroError(
    "DEVICE_UNAVAILABLE",
    `TensorFlow.js does not load: ${reason}`,
    "install @tensorflow/tfjs-core, @tensorflow/tfjs-backend-cpu and @tensorflow/tfjs-backend-wasm, or set device to cpu",
  );
