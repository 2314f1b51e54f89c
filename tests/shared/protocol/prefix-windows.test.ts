import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { Network } from "#shared/protocol/network.js";
import { phaseLengthsSchema } from "#shared/protocol/network-file/phase-lengths.js";
import { BLOCKS_TO_RECORD, phaseWindow } from "#shared/protocol/phases.js";
import { hasTimeForPrefixes, LEAST_SEARCH, PREFIX_BLOCKS, prefixWindows } from "#shared/protocol/prefix-windows.js";
import { mostNoncesAfter } from "#shared/sprint/proof/all-nonces.js";
import { LEAF_DIGESTS } from "#shared/sprint/proof/nonces-tree.js";
import { loadVectors } from "./vectors.js";

const range = z.tuple([z.number(), z.number()]);
const { phases, prefixWindows: cases } = loadVectors(
  "sprint-proof",
  z.object({
    phases: phaseLengthsSchema,
    prefixWindows: z.array(
      z.object({
        cycle: z.number(),
        evaluate: z.number(),
        isWithBeacon: z.boolean(),
        windows: z.tuple([range, range]),
      }),
    ),
  }),
);

/** Whether there is a beacon decides, not which. */
const networkWith = (evaluate: number, isWithBeacon: boolean): Pick<Network, "phases" | "beacon"> => ({
  phases: { ...phases, evaluate },
  ...(isWithBeacon && { beacon: { delay: 2 } as NonNullable<Network["beacon"]> }),
});

test("vectors: blocks of a Sprint's records of first nonces", () => {
  for (const { cycle, evaluate, isWithBeacon, windows } of cases)
    assert.deepEqual(
      prefixWindows(cycle, networkWith(evaluate, isWithBeacon)).map(({ start, end }) => [start, end]),
      windows,
      `${cycle} ${evaluate} ${isWithBeacon}`,
    );
});

/** Whether who computes so many nonces a block, and records and proves in time, may prove all of them. */
const bears = (evaluate: number, pace: number): boolean => {
  const { start, end } = phaseWindow(0, "evaluate", { ...phases, evaluate });
  const prefixes = prefixWindows(0, networkWith(evaluate, false)).map((window) => {
    const nonces = pace * (window.end - PREFIX_BLOCKS - start);
    return { nonces: nonces - (nonces % LEAF_DIGESTS) };
  });
  return pace * (end - BLOCKS_TO_RECORD - start) <= mostNoncesAfter(prefixes);
};

test("a miner of an even pace may prove all of its nonces where the time to search is not refused", () => {
  for (const pace of [10, 1000, 20_000])
    for (let evaluate = LEAST_SEARCH; evaluate <= 150; evaluate++)
      assert.ok(bears(evaluate, pace), `${evaluate} ${pace}`);
  for (const evaluate of [9, 12, LEAST_SEARCH - 1]) assert.ok(!bears(evaluate, 20_000), `${evaluate}`);
});

test("blocks before a beacon's deciding block are none of the time to search", () => {
  const isLong = (evaluate: number, isWithBeacon: boolean) => hasTimeForPrefixes(networkWith(evaluate, isWithBeacon));
  assert.deepEqual(
    [isLong(15, false), isLong(16, false), isLong(20, true), isLong(22, true)],
    [false, true, false, true],
  );
});
