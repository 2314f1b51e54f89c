import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { Network } from "#shared/protocol/network.js";
import { phaseLengthsSchema } from "#shared/protocol/phase-lengths.js";
import { hasTimeForPrefixes, prefixWindows } from "#shared/protocol/prefix-windows.js";
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

test("a third of the search has three blocks at least, those before a beacon's deciding block not counted", () => {
  const isLong = (evaluate: number, isWithBeacon: boolean) => hasTimeForPrefixes(networkWith(evaluate, isWithBeacon));
  assert.deepEqual(
    [isLong(8, false), isLong(9, false), isLong(11, true), isLong(12, true)],
    [false, true, false, true],
  );
});
