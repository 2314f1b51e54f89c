import type { Chain } from "#shared/chain/chain.js";
import { parseRecord } from "#shared/protocol/records.js";

/** `<hotkey> <record type> <cycle>` → every different record seen for it. */
export type Records = Map<string, Set<string>>;

/** Adds the records that stand on chain after a block. A chain that does not answer is asked again with the next. */
export const addRecords = async (
  chain: Pick<Chain, "commitments">,
  netuid: number,
  block: number,
  records: Records,
) => {
  for (const { hotkey, data } of await chain.commitments(netuid, block).catch(() => [])) {
    const record = parseRecord(data);
    if (!record.ok || record.value.type === "network") continue;
    const key = `${hotkey} ${record.value.type} ${record.value.cycle}`;
    records.set(key, (records.get(key) ?? new Set()).add(data));
  }
};

/** Records that a participant changed its mind about. */
export const changedRecords = (records: ReadonlyMap<string, ReadonlySet<string>>): string[] =>
  [...records].filter(([, texts]) => texts.size > 1).map(([key, texts]) => `${key}: ${[...texts].join(" and ")}`);
