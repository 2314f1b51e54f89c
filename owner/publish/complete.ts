import type { BlobStore } from "#shared/blobs/blob-store.js";
import { pinnedTokenizer } from "#shared/data/pinned-tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { pinnedTexts } from "#shared/packs/pinned-text.js";
import { blobsOf, type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { parsePackManifest } from "#shared/protocol/pack-manifest.js";
import { envelopeHash, indexBytes } from "#shared/protocol/sealed-text.js";

/** Everything that a participant will ask for must be here. @throws GENESIS_INCOMPLETE */
export const checkComplete = async (
  store: BlobStore,
  { genesis, groups, data }: Network,
  home: string,
): Promise<void> => {
  const incomplete = (hash: string, what: string) =>
    new BlockZeroError(
      "GENESIS_INCOMPLETE",
      `${home} lacks ${what} (blob ${hash})`,
      "use the directory that `blockzero genesis` wrote, with its blobs and its network.yaml as they were",
    );
  const bytes = await store.get(genesis);
  const manifest = bytes && parseModelManifest(bytes);
  if (!manifest?.ok) throw incomplete(genesis, "the genesis model's manifest");
  for (const [what, part] of partsOf(manifest.value))
    for (const { hash } of blobsOf(part)) if (!(await store.has(hash))) throw incomplete(hash, what);
  for (const { kind, group, sha256 } of pinnedTexts({ groups })) {
    if (!(await store.has(sha256))) throw incomplete(sha256, `the documents of group ${group}`);
    if (kind !== "pack") continue;
    const pack = parsePackManifest((await store.get(sha256)) ?? new Uint8Array());
    if (!pack.ok) throw incomplete(sha256, `the pack of group ${group}`);
    for (const { hash } of [...pack.value.training, ...pack.value.held_out])
      if (!(await store.has(hash))) throw incomplete(hash, `a shard of the pack of group ${group}`);
  }
  for (const { name, sha256 } of pinnedTokenizer({ data }))
    if (!(await store.has(sha256))) throw incomplete(sha256, `the tokenizer's ${name}`);
  for (const [name, { sealed }] of Object.entries(groups)) {
    if (!sealed) continue;
    const what = `the sealed text of group ${name}`;
    const index = await store.get(sealed.index);
    if (index?.length !== indexBytes(sealed)) throw incomplete(sealed.index, `the index of ${what}`);
    for (let envelope = 0; envelope < sealed.envelopes; envelope++) {
      const hash = envelopeHash(index, envelope);
      if (!(await store.has(hash))) throw incomplete(hash, what);
    }
  }
};

const partsOf = ({ parts }: ModelManifest) => [
  ["the hub", parts.hub] as const,
  ...Object.entries(parts.groups).map(([name, { weights }]) => [`group ${name}`, weights] as const),
];
