import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import { createRandom } from "#shared/data/random.js";
import type { MergeContext, Merging, Model } from "#shared/merge/merge-model.js";
import { groupShapes } from "#shared/model/groups.js";
import { beginPart } from "#shared/parts/part-writer.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import { sha256 } from "#shared/protocol/hash.js";
import { type BlobRef, blobsOf } from "#shared/protocol/model-manifest.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";

/** What is merged, but for the files: those are in a store. */
export interface MergeMaterial {
  readonly context: MergeContext;
  readonly base: Model;
  /** With the hashes of their tensors' blobs. */
  readonly updates: readonly (Merging & { readonly blob: string })[];
}

export interface MergeSize {
  /** Square matrices of the group, three an expert. */
  readonly experts: number;
  /** Of such a matrix. */
  readonly side: number;
  readonly updates: number;
  /** Of the updates; float32 if not given. */
  readonly codec?: CodecName;
}

const GROUP = "all";

/** A model of one group with momentum, and updates of it, made in a store; no two tensors are alike. */
export const storeMaterial = async (
  store: LocalStore,
  { experts, side, updates, codec = "float32" }: MergeSize,
): Promise<MergeMaterial> => {
  const model = modelOf(experts, side);
  const group = { experts: { 0: Array.from({ length: experts }, (_, i) => i) }, data: [] };
  const merge: MergeRule = { rule: "weighted-mean", clip: "median-norm" };
  const training = {
    outer: { confidence: 0.995, steps: [{ along: "merged" as const, lr: 0.7, momentum: 0.9 }] },
    merge,
  };
  const limits = { artifact_bytes: Number.MAX_SAFE_INTEGER };
  const networkHash = sha256(Buffer.from("bench"));
  const context = {
    network: { model, groups: { [GROUP]: group }, training, artifact: { codec }, limits },
    networkHash,
  };
  const shapes = new Map(Object.entries(groupShapes(model, group)));
  const random = createRandom("merge");
  const data = Float32Array.from({ length: side * side }, () => (random.next() - 0.5) / 500);
  const next = (): Float32Array => {
    data[random.below(data.length)] = 0.001;
    return data;
  };

  const part = async (): Promise<BlobRef> => {
    const writer = beginPart(store.create, shapes);
    for (let left = shapes.size; left > 0; left--) await writer.append(next());
    return blobsOf(await writer.finish())[0]!;
  };
  const parts = {
    hub: { hash: networkHash, bytes: 0 },
    groups: { [GROUP]: { weights: await part(), momentum: await part() } },
  };
  const blobs: string[] = [];
  for (let i = 0; i < updates; i++) {
    if (codec === "float32") blobs.push((await part()).hash);
    else {
      const tensors = new Map([...shapes].map(([name, shape]) => [name, { shape, data: next().slice() }]));
      blobs.push(await store.put((await encodeUpdate(CODECS[codec], tensors)).bytes));
    }
  }
  return {
    context,
    base: {
      hash: networkHash,
      manifest: {
        version: 2,
        kind: "model",
        network: networkHash,
        cycle: 0,
        parent: null,
        parts,
        config: model,
        steps: {},
        merged: [],
      },
    },
    updates: blobs
      .map((blob, uid) => ({ uid, hotkey: `hotkey ${uid}`, group: GROUP, artifact: sha256(Buffer.from(blob)), blob }))
      .sort((a, b) => (a.artifact < b.artifact ? -1 : 1))
      .map((update, i) => ({ ...update, share: (2 * (i + 1)) / (updates * (updates + 1)) })),
  };
};

/** The same, merged by another rule. */
export const withRule = ({ context, ...rest }: MergeMaterial, merge: MergeRule): MergeMaterial => ({
  ...rest,
  context: { ...context, network: { ...context.network, training: { ...context.network.training, merge } } },
});

const modelOf = (experts: number, side: number): MergeContext["network"]["model"] => ({
  vocab_size: 264,
  hidden_size: side,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  num_key_value_heads: 1,
  head_dim: 2,
  num_experts: experts,
  num_experts_per_tok: 1,
  moe_intermediate_size: side,
  max_position_embeddings: 16,
  norm_topk_prob: true,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
});
