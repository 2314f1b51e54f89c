import type { ModelRecord } from "../records.js";
import { isMajority, type Stakes } from "./stake.js";

/** A validator's latest model record for the cycle, with the hotkey that committed it by chain state. */
export interface SignedModelRecord {
  readonly hotkey: string;
  readonly record: ModelRecord;
}

/**
 * The model that validators with more than half of all permitted stake committed, or null. All records must belong to the same network and
 * cycle. Null means that the previous model stays in force.
 */
export const agreedModel = (records: readonly SignedModelRecord[], stakes: Stakes): string | null => {
  const models = new Map(records.map(({ hotkey, record }) => [hotkey, record.model]));
  const support = new Map<string, bigint>();
  for (const [hotkey, model] of models) {
    support.set(model, (support.get(model) ?? 0n) + (stakes.get(hotkey) ?? 0n));
  }
  for (const [model, stake] of support) {
    if (isMajority(stake, stakes)) return model;
  }
  return null;
};
