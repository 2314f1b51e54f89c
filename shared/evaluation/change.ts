import type { FloatTensors } from "#shared/artifact/update.js";
import { inMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import type { Parameters } from "#shared/model/parameters.js";

/** A change of some of a model's tensors, read one by one. */
export interface Change {
  /** The elements that are added to a tensor. They may be overwritten at the next call. Null for a tensor that the change leaves as it is. */
  read(name: string): Promise<Float32Array | null>;
}

/** A change that has a file open. */
export interface OpenChange extends Change {
  close(): Promise<void>;
}

/** @throws TypeError for a tensor that is not among `names` */
export const changeOf = (update: FloatTensors, names: readonly string[]): Change => {
  const known = new Set(names);
  const foreign = [...update.keys()].find((name) => !known.has(name));
  if (foreign !== undefined) throw new TypeError(`the group does not train ${foreign}`);
  return { read: async (name) => update.get(name)?.data ?? null };
};

/** Φ + Δ of one tensor, in float32. */
export const changed = async (
  model: ModelTensors,
  change: Change | null,
  name: string,
): Promise<Parameters[string]> => {
  const base = await inMemory(model[name]!);
  const delta = await change?.read(name);
  return delta ? { ...base, data: sum(base.data, delta) } : base;
};

/** Φ + Δ for the tensors of an update. */
export const withUpdate = (base: Parameters, update: FloatTensors): Parameters => {
  const result: Record<string, Parameters[string]> = { ...base };
  for (const [name, { data }] of update) result[name] = { ...base[name]!, data: sum(base[name]!.data, data) };
  return result;
};

const sum = (a: Float32Array, b: Float32Array): Float32Array => {
  const result = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i]! + b[i]!;
  return result;
};
