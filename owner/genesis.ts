import type { BlobStore } from "#shared/artifact/blob-store.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { encodeParameters } from "#shared/model/parts.js";
import { type BlobRef, type ModelManifest, modelHash } from "#shared/protocol/model-manifest.js";
import { canonicalBytes, type Network, networkHash, networkSchema } from "#shared/protocol/network.js";
import type { NetworkTemplate } from "./network-template.js";

export interface Genesis {
  readonly network: Network;
  readonly networkHash: string;
  readonly modelHash: string;
}

/** Stores the model of cycle 0 and the network file that names it, as blobs that participants fetch by hash. */
export const storeGenesis = async (
  store: BlobStore,
  template: NetworkTemplate,
  parameters: Parameters,
): Promise<Genesis> => {
  const put = async (names: readonly string[]): Promise<BlobRef> => {
    const { bytes, hash } = encodeParameters(Object.fromEntries(names.map((name) => [name, parameters[name]!])));
    await store.put(bytes);
    return { hash, bytes: bytes.length };
  };
  const groups: ModelManifest["parts"]["groups"] = {};
  for (const [name, group] of Object.entries(template.groups))
    groups[name] = { weights: await put(Object.keys(groupShapes(template.model, group))), momentum: null };
  const manifest: ModelManifest = {
    version: 1,
    kind: "model",
    network: null,
    cycle: 0,
    parent: null,
    parts: { hub: await put(Object.keys(hubShapes(template.model, template.groups))), groups },
    config: template.model,
    merged: [],
  };
  await store.put(canonicalBytes(manifest));
  const network = networkSchema.parse({ ...template, genesis: modelHash(manifest) });
  await store.put(canonicalBytes(network));
  return { network, networkHash: networkHash(network), modelHash: network.genesis };
};
