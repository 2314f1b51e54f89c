import { readFileSync } from "node:fs";
import { checkTensors } from "#shared/artifact/gates.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { type MergedFile, mergeModel } from "#shared/merge/merge-model.js";
import { groupShapes } from "#shared/model/groups.js";
import { blobsOf } from "#shared/protocol/model-manifest.js";
import { processMemory } from "../process-memory.js";
import type { MergeMaterial } from "./merge-material.js";

/** Bytes. */
const peakResident = (): number => processMemory("VmHWM") ?? 1024 * process.resourceUsage().maxRSS;

/**
 * A merge in a process of its own, so that its memory is: opens the files, which verifies them, puts the updates through the gates and
 * merges them, as a validator does. Prints the seconds of each, the model's hash, and how far resident memory rose at its peak.
 */
const [folder, path, workers] = process.argv.slice(2);
const store = directoryStore(folder!);
const { context, base, updates }: MergeMaterial = JSON.parse(readFileSync(path!, "utf8"));
const { model, groups, artifact } = context.network;
const [name, group] = Object.entries(groups)[0]!;
const shapes = new Map(Object.entries(groupShapes(model, group)));
const before = process.memoryUsage.rss();
const marks = [performance.now()];
const open = async (hash: string) => (await store.open(hash))!;

const { weights, momentum } = base.manifest.parts.groups[name]!;
const parts = new Map<string, ByteSource>();
for (const { hash } of [...blobsOf(weights), ...blobsOf(momentum!)]) parts.set(hash, await open(hash));
const files: (MergedFile & { readonly hash: string })[] = [];
for (const { blob } of updates) files.push({ hash: blob, file: await open(blob) });
marks.push(performance.now());

const gated = new Map<string, MergedFile>();
for (const { hash, file } of files) {
  const manifest = { codec: artifact.codec, tensors: hash, bytes: file.size };
  const limits = { shapes, baseNorm: Number.MAX_VALUE, maxUpdateNorm: 1, maxBytes: file.size };
  const passed = await checkTensors(manifest, file, limits);
  if (!passed.ok) throw new Error(`${passed.reason}: ${passed.detail}`);
  gated.set(hash, { hash, file, norm: passed.norm });
}
marks.push(performance.now());

const made = await mergeModel(
  context,
  { cycle: 1, base, steps: new Map([[name, { step: 1, updates }]]) },
  {
    part: async ({ hash }) => parts.get(hash)!,
    update: async ({ blob }) => gated.get(blob)!,
    create: store.create,
  },
  workers === undefined ? {} : { workers: Number(workers) },
);
marks.push(performance.now());
const [verify, gates, merge] = marks.slice(1).map((mark, i) => (mark - marks[i]!) / 1000);
const peak = peakResident();
process.stdout.write(JSON.stringify({ verify, gates, merge, peak, growth: peak - before, model: made.hash }));
