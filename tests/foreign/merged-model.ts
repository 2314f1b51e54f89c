import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { createRandom } from "#shared/data/random.js";
import { type GroupStep, mergeModel } from "#shared/merge/merge-model.js";
import { groupShapes } from "#shared/model/groups.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import { parseModelManifest } from "#shared/protocol/model-manifest.js";
import type { MergeRule } from "#shared/protocol/network-file/training.js";
import { parameters, template } from "../support/micro-network.js";

const HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const SHARES = [0.4, 0.3, 0.2, 0.1];

/**
 * Merges updates into a model twice, from file to file as a validator does. Gives a hash of the second model's blobs: its manifest names the
 * network file as well, whose defaults are no arithmetic.
 */
export const mergedModel = async (codec: CodecName, merge: MergeRule): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-bits-"));
  const store = directoryStore(folder);
  const open = async (hash: string) => (await store.open(hash))!;
  try {
    const random = createRandom(`merged by ${codec}`);
    const uniform = (length: number) => Float32Array.from({ length }, () => random.next() - 0.5);
    const weights = Object.fromEntries(
      Object.entries(parameters).map(([name, tensor]) => [name, { ...tensor, data: uniform(tensor.data.length) }]),
    );
    const training = { ...template.training, merge };
    const made = await storeGenesis(store, { ...template, artifact: { codec }, training }, weights);
    const read = async (hash: string) => {
      const parsed = parseModelManifest((await store.get(hash))!);
      if (!parsed.ok) throw new Error(parsed.problem);
      return { hash, manifest: parsed.value };
    };
    let base = await read(made.modelHash);
    for (const cycle of [1, 2]) {
      const steps = new Map<
        string,
        GroupStep<{ uid: number; hotkey: string; group: string; artifact: string; share: number }>
      >();
      for (const [group, spec] of Object.entries(template.groups)) {
        const updates = SHARES.map(async (share, uid) => {
          const shapes = Object.entries(groupShapes(template.model, spec));
          const tensors = new Map(
            shapes.map(([name, shape]) => [name, { shape, data: uniform(shape.reduce((a, b) => a * b, 1)) }]),
          );
          const { bytes, hash } = await encodeUpdate(CODECS[codec], tensors);
          await store.put(bytes);
          return { uid, hotkey: HOTKEY, group, artifact: hash, share };
        });
        steps.set(group, {
          step: 1,
          updates: (await Promise.all(updates)).sort((a, b) => (a.artifact < b.artifact ? -1 : 1)),
        });
      }
      const { hash } = await mergeModel(
        made,
        { cycle, base, steps },
        {
          part: ({ hash }) => open(hash),
          update: async ({ artifact }) => ({ hash: artifact, file: await open(artifact) }),
          create: store.create,
        },
      );
      base = await read(hash);
    }
    return hashJson(base.manifest.parts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
