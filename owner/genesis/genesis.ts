import type { LocalStore } from "#shared/blobs/blob-store.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { type PartFloats, parametersFloats } from "#shared/model/part-floats.js";
import { partLayout } from "#shared/model/part-layout.js";
import { beginPart } from "#shared/parts/part-writer.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import {
  type BlobRef,
  blobsOf,
  type ModelManifest,
  modelHash,
  type PartRef,
  partOf,
} from "#shared/protocol/model-manifest.js";
import { modelConfigOf, type Network, networkBytes, networkHash, networkSchema } from "#shared/protocol/network.js";
import type { NetworkTemplate } from "../network/network-template.js";
import { pinSources } from "../network/pin-sources.js";
import { pinTokenizer } from "../network/pin-tokenizer.js";

type Shapes = Readonly<Record<string, readonly number[]>>;

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

export interface StoreModelOptions {
  /** Gives a blob by the header of its file, which `write` stores. */
  readonly once?: (header: Uint8Array, write: () => Promise<BlobRef>) => Promise<BlobRef>;
  /** Told of the share of the model's elements that is stored, 0–1, after each piece. */
  readonly onStored?: (share: number) => void;
}

/** Stores the parts of the model of cycle 0, one blob at a time, and the manifest that names them; gives the model's hash. */
export const storeModel = async (
  store: LocalStore,
  template: Pick<NetworkTemplate, "model" | "groups" | "limits">,
  floats: PartFloats,
  { once = (_, write) => write(), onStored }: StoreModelOptions = {},
): Promise<string> => {
  const { part_bytes: partBytes } = template.limits;
  const all = countParameters(parameterShapes(template.model));
  /** Elements of the blobs that are stored. */
  let stored = 0;
  const write = async (shapes: Shapes): Promise<BlobRef> => {
    const writer = beginPart(store.create, new Map(Object.entries(shapes)), partBytes, floats.dtypes);
    let written = 0;
    try {
      for await (const piece of floats.read(shapes)) {
        await writer.append(piece);
        written += piece.length;
        onStored?.((stored + written) / all);
      }
      const [blob] = blobsOf(await writer.finish());
      return blob!;
    } finally {
      await writer.discard();
    }
  };
  const put = async (shapes: Shapes): Promise<PartRef> => {
    const blobs: BlobRef[] = [];
    for (const { bytes, tensors } of partLayout(new Map(Object.entries(shapes)), partBytes, floats.dtypes)) {
      const own = Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
      blobs.push(await once(bytes, () => write(own)));
      stored += countParameters(own);
      onStored?.(stored / all);
    }
    const [first, ...others] = blobs;
    return partOf([first!, ...others]);
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
