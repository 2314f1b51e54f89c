import type { LocalStore } from "#shared/blobs/blob-store.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { type PartFloats, parametersFloats } from "#shared/model/part-floats.js";
import { beginPart } from "#shared/parts/part-writer.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type ModelManifest, modelHash } from "#shared/protocol/model-manifest.js";
import { modelConfigOf, type Network, networkBytes, networkHash, networkSchema } from "#shared/protocol/network.js";
import type { NetworkTemplate } from "../network/network-template.js";
import { pinSources } from "../network/pin-sources.js";
import { pinTokenizer } from "../network/pin-tokenizer.js";

export interface Genesis {
  readonly network: Network;
  readonly networkHash: string;
  readonly modelHash: string;
}

/** Stores the model of cycle 0 and the network file that names it, as blobs that participants fetch by hash. */
export const storeGenesis = async (
  store: LocalStore,
  template: NetworkTemplate,
  parameters: Parameters,
): Promise<Genesis> => storeNetwork(store, template, await storeModel(store, template, parametersFloats(parameters)));

/** Stores the parts of the model of cycle 0, one at a time, and the manifest that names them; gives the model's hash. */
export const storeModel = async (
  store: LocalStore,
  template: Pick<NetworkTemplate, "model" | "groups" | "limits">,
  floats: PartFloats,
): Promise<string> => {
  const put = async (shapes: Readonly<Record<string, readonly number[]>>) => {
    const tensors = new Map(Object.entries(shapes));
    const writer = beginPart(store.create, tensors, template.limits.part_bytes, floats.dtypes);
    try {
      for await (const piece of floats.read(shapes)) await writer.append(piece);
      return await writer.finish();
    } finally {
      await writer.discard();
    }
  };
  const groups: ModelManifest["parts"]["groups"] = {};
  for (const [name, group] of Object.entries(template.groups))
    groups[name] = { weights: await put(groupShapes(template.model, group)), momentum: null };
  const manifest: ModelManifest = {
    version: 2,
    kind: "model",
    network: null,
    cycle: 0,
    parent: null,
    parts: { hub: await put(hubShapes(template.model, template.groups)), groups },
    config: modelConfigOf(template),
    steps: {},
    merged: [],
  };
  await store.put(canonicalBytes(manifest));
  return modelHash(manifest);
};

/** Pins the template's sources and tokenizer, and stores their files and the network file that names a stored model as its genesis. */
export const storeNetwork = async (store: LocalStore, template: NetworkTemplate, genesis: string): Promise<Genesis> => {
  const groups = await pinSources(store, template.groups);
  const data = await pinTokenizer(store, template.data);
  const network = networkSchema.parse({ ...template, data, groups, genesis });
  await store.put(networkBytes(network));
  return { network, networkHash: networkHash(network), modelHash: genesis };
};
