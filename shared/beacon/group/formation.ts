import type { Parsed } from "#shared/protocol/parsed.js";
import type { GroupDocument } from "./documents.js";
import { type Membership, membersWithKeys } from "./membership.js";
import { type FormingStep, firstSigned } from "./schedule.js";
import type { Slots } from "./slots.js";
import type { GroupSource } from "./source.js";

/** Hotkey → its document of a step. */
export type StepDocuments<K extends FormingStep> = ReadonlyMap<string, GroupDocument<K>>;

/** What documents of a step are, without those that count and are none. */
export const documentsIn = <K extends FormingStep>(
  read: Iterable<readonly [string, Parsed<GroupDocument<K>>]>,
): StepDocuments<K> =>
  new Map([...read].flatMap(([hotkey, document]) => (document.ok ? [[hotkey, document.value] as const] : [])));

/** Who may deal and sign in the group whose key generation began in a cycle. @param keys documents that count */
export const membershipOf = (
  { networkHash: network, rules }: Pick<GroupSource, "networkHash" | "rules">,
  start: number,
  slots: Slots,
  keys: StepDocuments<"group-key">,
): Membership => ({
  network,
  cycle: firstSigned(start),
  shape: { slots: rules.shares, threshold: rules.threshold },
  slots,
  keys: membersWithKeys(slots, keys),
});
