import { prefixWindows } from "#shared/protocol/prefix-windows.js";
import { recordsOf } from "#shared/protocol/records-within.js";
import type { CycleContext } from "#shared/replay/source.js";
import type { RecordedPrefixes } from "#shared/sprint/proof/all-nonces.js";

/** What a hotkey recorded at a third and at two thirds of a Sprint's time. */
export type PrefixesOf = (hotkey: string) => RecordedPrefixes;

export const NO_PREFIXES: RecordedPrefixes = [null, null];

/**
 * The records of first nonces of a Sprint, each in the state after the last block in which it counts.
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has that state
 */
export const readPrefixes = async (
  { chain, network, networkHash }: CycleContext,
  cycle: number,
): Promise<PrefixesOf> => {
  const found = await Promise.all(
    prefixWindows(cycle, network).map(async (window) => {
      const commitments = await chain.commitments(network.netuid, window.end - 1);
      return recordsOf("prefix", cycle, { window, networkHash }, commitments);
    }),
  );
  return (hotkey) => {
    const [first = null, second = null] = found.map((records, at) => {
      const record = records.get(hotkey)?.record;
      return record?.thirds === at + 1 ? { nonces: record.nonces, root: record.root } : null;
    });
    return [first, second];
  };
};
