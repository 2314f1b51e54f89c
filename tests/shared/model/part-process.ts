// Loads the hub and one group of a checkpoint, or only opens it, and prints what that took: part-process.js <dir> <job as JSON>.
import { z } from "zod";
import { importCheckpoint } from "#owner/genesis/checkpoint-import.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { expertGroupSchema } from "#shared/protocol/expert-group.js";
import { loadGroup, loadHub } from "./load-parts.js";

const jobSchema = z.object({
  groups: z.record(z.string(), expertGroupSchema),
  /** The group to load, or the folder of the blob store to import into. */
  load: z.string().optional(),
  into: z.string().optional(),
});

const peak = (): number => process.resourceUsage().maxRSS * 1024;

const [dir = "", job = ""] = process.argv.slice(2);
const { groups, load, into } = jobSchema.parse(JSON.parse(job));
const limits = { artifact_bytes: 1 };
const before = peak();
const checkpoint = await openCheckpoint(dir);
const firsts: Record<string, number> = {};
let bytes = 0;
if (load !== undefined) {
  for (const part of [await loadHub(checkpoint, groups), await loadGroup(checkpoint, groups[load]!)])
    for (const [name, { data }] of Object.entries(part)) {
      bytes += data.byteLength;
      firsts[name] = data[0]!;
    }
}
if (into !== undefined)
  await importCheckpoint(directoryStore(into), { model: checkpoint.config, groups, limits }, checkpoint);
await checkpoint.close();
console.log(JSON.stringify({ before, after: peak(), bytes, firsts }));
