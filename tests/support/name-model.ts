import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type ModelManifest, modelHash, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Subnet } from "./subnet.js";

/**
 * All validators name a model of a cycle, in one block of its merge phase: the parts of the model `parent`, under a manifest of its own. Gives its
 * hash.
 */
export const nameModel = async (subnet: Subnet, cycle: number, parent: string): Promise<string> => {
  const { networkHash, location, store, validators } = subnet;
  const parsed = parseModelManifest((await store.get(parent))!);
  if (!parsed.ok) throw new Error(parsed.problem);
  const manifest: ModelManifest = { ...parsed.value, network: networkHash, cycle, parent, merged: [] };
  const hash = modelHash(manifest);
  await store.put(canonicalBytes(manifest));
  const record = encodeRecord({ type: "model", network: shortHash(networkHash), cycle, model: hash, location });
  await subnet.record(Object.fromEntries(validators.map((name) => [name, record])));
  return hash;
};
