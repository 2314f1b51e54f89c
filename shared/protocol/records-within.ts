import type { BlockRange } from "./phases.js";
import { type ChainRecord, parseRecord, shortHash } from "./records.js";

/** Which records count by what they say, of those of one network that were included in some blocks. */
interface RecordsQuestion {
  readonly window: BlockRange;
  /** Full hash of the network file. */
  readonly networkHash: string;
}

/** A record, its text, and the block that included it. */
interface FoundRecord<R extends ChainRecord> {
  readonly record: R;
  readonly text: string;
  readonly block: number;
}

/**
 * Hotkey → its record, of those commitments whose record is asked for, of this network, and was included in the window. The chain keeps one
 * record a key.
 */
export const recordsWithin = <R extends ChainRecord>(
  isAsked: (record: ChainRecord) => record is R,
  { window: { start, end }, networkHash }: RecordsQuestion,
  commitments: Iterable<{ readonly hotkey: string; readonly data: string; readonly block: number }>,
): ReadonlyMap<string, FoundRecord<R>> => {
  const found = new Map<string, FoundRecord<R>>();
  for (const { hotkey, data, block } of commitments) {
    if (block < start || block >= end) continue;
    const parsed = parseRecord(data);
    if (!parsed.ok || !isAsked(parsed.value)) continue;
    const { value: record } = parsed;
    if (record.network === shortHash(networkHash)) found.set(hotkey, { record, text: data, block });
  }
  return found;
};
