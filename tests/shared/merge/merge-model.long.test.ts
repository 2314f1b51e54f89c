import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { l2Norm } from "#shared/artifact/update.js";
import { loadTensors } from "#shared/artifact/update-reader.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { createRandom } from "#shared/data/random.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { bytesSource } from "#shared/files/byte-source.js";
import { growingBuffer } from "#shared/files/growing-buffer.js";
import { type MergeFiles, type MergeOptions, type Merging, type Model, mergeModel } from "#shared/merge/merge-model.js";
import { openUpdate } from "#shared/merge/open-update.js";
import { groupShapeMap, groupShapes } from "#shared/model/groups.js";
import { CODEC_NAMES, type CodecName } from "#shared/protocol/codec-name.js";
import { sha256 } from "#shared/protocol/hash.js";
import { blobsOf, parseModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { openSafetensors } from "#shared/tensor-files/safetensors-file.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parameters, template } from "#tests/support/micro-network.js";
import { temporaryFolder } from "../artifact/temporary.js";

const HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

/** A base model, and updates of both groups in some codec, as files by hash. */
const material = async (t: TestContext, codec: CodecName, change: Partial<Network["training"]> = {}) => {
  const store = directoryStore(temporaryFolder(t));
  const { network, networkHash, modelHash } = await storeGenesis(
    store,
    { ...template, artifact: { ...template.artifact, codec }, training: { ...template.training, ...change } },
    parameters,
  );
  const files = new Map<string, Uint8Array>();
  for await (const hash of store.list()) files.set(hash, (await store.get(hash))!);
  const genesis = parseModelManifest(files.get(modelHash)!);
  assert.ok(genesis.ok);
  const selected = new Map<string, (Merging & { blob: string })[]>();
  for (const [group, spec] of Object.entries(network.groups)) {
    const random = createRandom(`updates of ${group}`);
    const updates: (Merging & { blob: string })[] = [];
    for (const [uid, share] of [0.5, 0.3, 0.2].entries()) {
      const tensors = new Map(
        Object.entries(groupShapes(network.model, spec)).map(([name, shape]) => {
          const length = shape.reduce((product, side) => product * side, 1);
          return [name, { shape, data: Float32Array.from({ length }, () => (random.next() - 0.5) / 100) }];
        }),
      );
      const { bytes, hash } = await encodeUpdate(CODECS[codec], tensors);
      files.set(hash, bytes);
      updates.push({ uid, hotkey: HOTKEY, group, artifact: sha256(Buffer.from(hash)), share, blob: hash });
    }
    selected.set(
      group,
      updates.sort((a, b) => (a.artifact < b.artifact ? -1 : 1)),
    );
  }
  const base: Model = { hash: modelHash, manifest: genesis.value };
  return { network, networkHash, base, selected, files };
};

type Material = Awaited<ReturnType<typeof material>>;

/** Reads and writes after so many turns of the event loop; fails once `stores` files were kept. */
const filesOf = (
  files: Map<string, Uint8Array>,
  { turns = () => 0, stores = Number.POSITIVE_INFINITY }: { turns?: () => number; stores?: number } = {},
): MergeFiles<Merging & { blob: string }> & { readonly asked: string[] } => {
  const asked: string[] = [];
  const get = async (hash: string) => {
    asked.push(hash);
    for (let left = turns(); left > 0; left--) await null;
    return files.get(hash)!;
  };
  let kept = 0;
  return {
    asked,
    part: async ({ hash }) => bytesSource(await get(hash)),
    update: async ({ blob }) => ({ hash: blob, file: bytesSource(await get(blob)) }),
    create: async () => {
      const { append, bytes } = growingBuffer();
      return {
        // What was given may be overwritten as soon as this resolves.
        append: async (piece) => append(piece),
        finish: async () => {
          if (kept++ >= stores) throw new Error("killed");
          const hash = sha256(bytes());
          files.set(hash, bytes());
          return { hash, bytes: bytes().length };
        },
        discard: async () => {},
      };
    },
  };
};

const merge = (
  { base, selected, step = 1, ...context }: Material & { readonly step?: number },
  files: MergeFiles<Merging & { blob: string }>,
  cycle = 1,
  options: MergeOptions = {},
) =>
  mergeModel(
    context,
    { cycle, base, steps: new Map([...selected].map(([group, updates]) => [group, { step, updates }])) },
    files,
    options,
  );

describe("the merge as a pure function", { timeout: HANG_GUARD }, () => {
  for (const codec of CODEC_NAMES)
    it(`has the same bits in whatever order files come and wherever it was interrupted, codec ${codec}`, async (t) => {
      const given = await material(t, codec);
      const expected = await merge(given, filesOf(new Map(given.files)));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(9), { minLength: 16, maxLength: 16 }), fc.nat(5), async (delays, stores) => {
          const files = new Map(given.files);
          let at = 0;
          const turns = () => delays[at++ % delays.length]!;
          // Killed after so many files were stored, then begun anew with what is there: five files make this model.
          const killed = merge(given, filesOf(files, { turns, stores }));
          if (stores < 5) await assert.rejects(killed, /killed/);
          const shuffled = { ...given, selected: new Map([...given.selected]) };
          assert.deepEqual(await merge(shuffled, filesOf(files, { turns })), expected);
        }),
        { seed: 7, numRuns: 12 },
      );
    });

  for (const codec of CODEC_NAMES)
    it(`has the same bits with any number of threads, codec ${codec}`, async (t) => {
      const given = await material(t, codec, { merge: { rule: "trimmed-mean", trim: 0.2 } });
      const expected = await merge(given, filesOf(new Map(given.files)), 1, { workers: 0 });
      for (const workers of [1, 2, 3])
        assert.deepEqual(await merge(given, filesOf(new Map(given.files)), 1, { workers }), expected);
    });

  it("has the same bits whether the gates have taken the norms or it does, by every rule", async (t) => {
    for (const rule of [
      { rule: "weighted-mean", clip: "median-norm" },
      { rule: "geometric-median", iterations: 20 },
      { rule: "centred-clipping", iterations: 3 },
    ] as const) {
      const given = await material(t, "int8", { merge: rule });
      const plain = filesOf(new Map(given.files));
      const normed: typeof plain = {
        ...plain,
        update: async (update, norm) => {
          const loaded = await plain.update(update, norm);
          const shapes = groupShapeMap(given.network, update.group);
          const tensors = await loadTensors(await openUpdate(loaded.file, "int8", shapes));
          return { ...loaded, norm: l2Norm(tensors.values()) };
        },
      };
      assert.deepEqual(await merge(given, normed), await merge(given, plain));
    }
  });

  it("says which tensor could not be merged, on another thread too, and leaves no part behind", async (t) => {
    // A rule that looks at no whole update first: a thread is the first to decode it.
    const given = await material(t, "int8", { merge: { rule: "trimmed-mean", trim: 0.2 } });
    const [update] = given.selected.get("math")!;
    const bad = Uint8Array.from(given.files.get(update!.blob)!);
    // Not a code: the gates would have refused it.
    const { header } = await openSafetensors(bytesSource(bad));
    const [name, { begin }] = [...header.tensors].find(([name]) => !name.endsWith(".scales"))!;
    bad[header.dataStart + begin] = 0x80;
    const faults: unknown[] = [];
    for (const workers of [0, 1]) {
      const files = new Map([...given.files, [update!.blob, bad]]);
      const before = files.size;
      await assert.rejects(merge(given, filesOf(files), 1, { workers }), (thrown) => {
        assert.ok(thrown instanceof BlockZeroError && thrown.message.includes(name));
        faults.push([thrown.code, thrown.message, thrown.hint]);
        return thrown.code === "UPDATE_MALFORMED";
      });
      assert.equal(files.size, before);
    }
    assert.deepEqual(faults[1], faults[0], "the same fault wherever it is found");
  });

  it("has the outer momentum in its state and its hash", async (t) => {
    const given = await material(t, "float32");
    const files = new Map(given.files);
    const first = await merge(given, filesOf(files));
    const again = { ...given, base: first };
    const reading = filesOf(files);
    const second = await merge(again, reading, 2);
    const { momentum, weights } = first.manifest.parts.groups.math!;
    assert.ok(momentum && reading.asked.includes(blobsOf(momentum)[0]!.hash));

    // The same weights with no momentum behind them make another model.
    const { groups, hub } = first.manifest.parts;
    const forgetful = {
      ...first,
      manifest: { ...first.manifest, parts: { hub, groups: { ...groups, math: { weights, momentum: null } } } },
    };
    const other = await merge({ ...given, base: forgetful }, filesOf(files), 2);
    assert.notEqual(other.hash, second.hash);
    assert.notDeepEqual(other.manifest.parts.groups.math!.weights, second.manifest.parts.groups.math!.weights);
    assert.deepEqual(other.manifest.parts.groups.prose!.weights, second.manifest.parts.groups.prose!.weights);

    const kept = await merge({ ...given, step: 2 }, filesOf(new Map(given.files)));
    assert.notDeepEqual(kept.manifest.parts.groups.math!.weights, first.manifest.parts.groups.math!.weights);
  });

  it("keeps a group that nobody improved, and refuses a base that is no model of the network", async (t) => {
    const given = await material(t, "float32");
    const { base, selected } = given;
    const only = { ...given, selected: new Map([["math", selected.get("math")!]]) };
    const { manifest } = await merge(only, filesOf(new Map(given.files)));
    assert.deepEqual(manifest.parts.groups.prose, base.manifest.parts.groups.prose);
    assert.deepEqual(manifest.parts.hub, base.manifest.parts.hub);
    const { prose, math } = base.manifest.parts.groups;
    const swapped = {
      ...base,
      manifest: { ...base.manifest, parts: { ...base.manifest.parts, groups: { math: prose!, prose: math! } } },
    };
    await assert.rejects(merge({ ...given, base: swapped }, filesOf(new Map(given.files))), {
      code: "CHECKPOINT_MISMATCH",
    });
  });
});
