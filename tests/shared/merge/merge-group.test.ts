import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { mergeGroup } from "#shared/merge/merge-group.js";
import type { MergeThreads } from "#shared/merge/merge-threads.js";
import { openPart } from "#shared/parts/open-part.js";
import { beginPart } from "#shared/parts/part-writer.js";
import { blobsOf } from "#shared/protocol/model-manifest.js";
import { byName } from "#shared/tensor-files/safetensors.js";
import { template } from "#tests/support/micro-network.js";
import { temporaryFolder } from "../artifact/temporary.js";

const SHAPES = new Map(byName(new Map(["a", "b", "c", "d", "e"].map((name) => [name, [2]] as const))));

test("a merge that is stopped begins no further tensor and leaves no file", async (t) => {
  const store = directoryStore(temporaryFolder(t));
  const writer = beginPart(store.create, SHAPES);
  for (let left = SHAPES.size; left > 0; left--) await writer.append(Float32Array.of(1, 2));
  const part = await writer.finish();
  const { hash } = blobsOf(part)[0]!;
  const open = async () => (await store.open(hash))!;
  const stop = new AbortController();
  const steps: string[] = [];
  const threads: MergeThreads = {
    count: 0,
    take: async ({ name }) => {
      if (steps.push(name) === 2) stop.abort(new Error("the duty is over"));
    },
    close: async () => {},
  };
  const [weights, update] = [await openPart(open, part, SHAPES, "weights"), await open()];
  const { training, artifact, limits } = template;
  await assert.rejects(
    mergeGroup(
      { weights, momentum: null, updates: [{ file: update, share: 1 }] },
      {
        shapes: SHAPES,
        network: { training, artifact, limits },
        outer: training.outer.steps[0]!,
        threads,
        create: store.create,
        signal: stop.signal,
      },
    ),
    /the duty is over/,
  );
  assert.ok(steps.length < SHAPES.size, `${steps.length} tensors`);
  await assert.rejects(weights.norm(stop.signal), /the duty is over/);
  await weights.close();
  await update.close();
  const left: string[] = [];
  for await (const name of store.list()) left.push(name);
  assert.deepEqual(left, [hash]);
});

test("a tensor that fails before an earlier one is done is a fault of the merge, not of the program", async (t) => {
  const store = directoryStore(temporaryFolder(t));
  const writer = beginPart(store.create, SHAPES);
  for (let left = SHAPES.size; left > 0; left--) await writer.append(Float32Array.of(1, 2));
  const part = await writer.finish();
  const { hash } = blobsOf(part)[0]!;
  const open = async () => (await store.open(hash))!;

  const steps: string[] = [];
  const threads: MergeThreads = {
    count: 2,
    take: async ({ name }) => {
      steps.push(name);
      if (name === "b") throw new Error("b cannot be merged");
      // A promise that rejected with nobody waiting would have ended the program by then.
      for (let turns = 0; turns < 5; turns++) await turn();
    },
    close: async () => {},
  };
  const [weights, update] = [await openPart(open, part, SHAPES, "weights"), await open()];
  const files = {
    weights,
    momentum: null,
    updates: [{ file: update, share: 1 }],
  };
  const { training, artifact, limits } = template;
  const network = { training, artifact, limits };
  await assert.rejects(
    mergeGroup(files, {
      shapes: SHAPES,
      network,
      outer: template.training.outer.steps[0]!,
      threads,
      create: store.create,
    }),
    /b cannot be merged/,
  );
  assert.deepEqual(steps.slice(0, 2).sort(), ["a", "b"]);
  await weights.close();
  await update.close();
  const left: string[] = [];
  for await (const name of store.list()) left.push(name);
  assert.deepEqual(left, [hash]);
});
