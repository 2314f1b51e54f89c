import type { BlockRange } from "./phases.js";
import { type ChainRecord, parseRecord, shortHash } from "./records.js";

/** The record of a type. */
export type RecordOf<T extends ChainRecord["type"]> = Extract<ChainRecord, { readonly type: T }>;

/** The types of records that belong to a cycle. */
export type CycleRecordType = Extract<ChainRecord, { readonly cycle: number }>["type"];

/** A record, its text, and the block that included it. */
export interface FoundRecord<R extends ChainRecord> {
  readonly record: R;
  readonly text: string;
  readonly block: number;
}

/**
 * Hotkey → its record, of those commitments whose record has the type, is of the cycle and of this network, and was included in the window.
 * The chain keeps one record a key.
 *
 * @param networkHash full hash of the network file
 */
export const recordsOf = <T extends CycleRecordType>(
  type: T,
  cycle: number,
  { window: { start, end }, networkHash }: { readonly window: BlockRange; readonly networkHash: string },
  commitments: Iterable<{ readonly hotkey: string; readonly data: string; readonly block: number }>,
): ReadonlyMap<string, FoundRecord<RecordOf<T>>> => {
  const isAsked = (record: ChainRecord): record is RecordOf<T> =>
    record.type === type && record.cycle === cycle && record.network === shortHash(networkHash);
  const found = new Map<string, FoundRecord<RecordOf<T>>>();
  for (const { hotkey, data, block } of commitments) {
    if (block < start || block >= end) continue;
    const parsed = parseRecord(data);
    if (parsed.ok && isAsked(parsed.value)) found.set(hotkey, { record: parsed.value, text: data, block });
  }
  return found;
};
