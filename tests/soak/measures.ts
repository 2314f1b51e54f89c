/** What is measured of a process over time: its unit, and by how much it may grow in 100 cycles. */
export interface Measure {
  readonly name: string;
  readonly unit: string;
  /** Units in 100 cycles; of a share, as a share of the mean. Null: told, not judged. */
  readonly bound: number | null;
  readonly isShare?: boolean;
  /** Whether a restart begins it anew. */
  readonly isOfLife: boolean;
}

export const MEASURES = {
  rss: { name: "resident memory", unit: "MiB", bound: 20, isOfLife: true },
  heap: { name: "live heap without code", unit: "MiB", bound: 1, isOfLife: true },
  code: { name: "compiled code", unit: "MiB", bound: null, isOfLife: true },
  external: { name: "buffers beside it", unit: "MiB", bound: 2, isOfLife: true },
  handles: { name: "file handles", unit: "", bound: 1, isOfLife: true },
  disk: { name: "disk", unit: "MiB", bound: 0.5, isOfLife: false },
  records: { name: "records on disk", unit: "MiB", bound: 3, isOfLife: false },
  pace: { name: "fixed work", unit: "ms", bound: null, isOfLife: false },
  lines: { name: "log lines a minute", unit: "", bound: 0.5, isShare: true, isOfLife: false },
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof MEASURES;

/** Mean time of a duty in a cycle. */
export const dutyMeasure = (duty: string): Measure => ({
  name: `duty ${duty}`,
  unit: "ms",
  bound: 0.25,
  isShare: true,
  isOfLife: true,
});

/**
 * Bounds of single processes. A chain's node keeps every head by design, the states of its last 4,096 blocks and the receipts of its last 8,192, and
 * its log is the chain; the localnet itself keeps each cycle's result for the end, and up to 1,000 cycles for its page.
 */
export const OWN_BOUNDS: Readonly<Record<string, Partial<Record<MeasureName, number | null>>>> = {
  devchain: { rss: null, heap: null, disk: null },
  localnet: { heap: 5, rss: 40 },
};
