import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { Parsed } from "#shared/protocol/parsed.js";
import { holdersOf } from "#shared/protocol/voting/holders.js";
import type { CycleName } from "../fallback.js";
import { type Held, heldOf } from "../held.js";
import { beaconWindows } from "../windows.js";
import { type GroupDocument, MAX_GROUP_DOCUMENT_BYTES, readGroupDocument } from "./documents.js";
import { type ChainSource, recordsIn, votersOf } from "./on-chain.js";
import { type FormingStep, firstSigned, groupCycle } from "./schedule.js";
import type { Slots } from "./slots.js";
import { type GroupSource, scheduleOf } from "./source.js";

/** A member's document of a cycle's step, as its record names it. */
export interface MemberDocument {
  readonly hotkey: string;
  readonly hash: string;
  readonly location: string;
}

/**
 * The documents that members put on chain in a cycle, by their numbers, once the window is over.
 *
 * @throws what reading the chain throws
 */
export const committedDocuments = async (
  source: ChainSource,
  cycle: number,
  slots: Slots,
): Promise<ReadonlyMap<number, MemberDocument>> => {
  const records = await recordsIn(source, "deal", cycle, beaconWindows(cycle, source.network.phases).sealing);
  const members = [...slots.keys()].sort(compareTexts);
  return new Map(
    members.flatMap((hotkey, number): readonly [number, MemberDocument][] => {
      const record = records.get(hotkey);
      return record ? [[number, { hotkey, hash: record.document, location: record.location }]] : [];
    }),
  );
};

/**
 * The documents of a cycle that count, once its commit phase is over: those that validators with more than half of the voting stake say
 * they hold. While less than half of the stake lies, somebody honest holds each of them, and everybody can have it. By ascending hotkey.
 *
 * @throws what reading the chain throws
 */
export const countedDocuments = async (
  source: ChainSource,
  cycle: number,
  slots: Slots,
): Promise<readonly MemberDocument[]> => {
  const committed = await committedDocuments(source, cycle, slots);
  if (committed.size === 0) return [];
  const stakes = await votersOf(source, cycle);
  const said = await recordsIn(source, "partial", cycle, beaconWindows(cycle, source.network.phases).holding);
  const heldBy = holdersOf(
    [...said].map(([hotkey, { held }]) => [hotkey, held]),
    stakes,
  );
  return [...committed].flatMap(([number, document]) => (heldBy(number).counts ? [document] : []));
};

/**
 * The document that a member's record names, or why it is none of that step. @throws BlockZeroError FETCH_… if its bytes are not available
 */
export const fetchDocument = async <K extends FormingStep>(
  { fetch, verify, networkHash: network }: GroupSource,
  kind: K,
  start: number,
  { hotkey, hash, location }: MemberDocument,
): Promise<Parsed<GroupDocument<K>>> => {
  const bytes = await fetch({ hash, location, maxBytes: MAX_GROUP_DOCUMENT_BYTES, what: `the ${kind} of ${hotkey}` });
  return readGroupDocument(kind, bytes, { network, cycle: firstSigned(start), hotkey }, verify);
};

/** Fetches the documents of a cycle in which a group is formed, once the window is over. @throws what reading the chain throws */
export const holdDocuments = async (source: GroupSource, cycle: number, slots: Slots): Promise<Held> => {
  const { start, step } = groupCycle(cycle, scheduleOf(source));
  if (step === null) return { held: [], missing: [] };
  const committed = await committedDocuments(source, cycle, slots);
  return heldOf(committed, (document) => fetchDocument(source, step, start, document));
};

/**
 * The partial signatures that a member's record names, or why they are none of this cycle. @throws BlockZeroError FETCH_… if their bytes are not
 * available
 */
export const fetchPartials = async (
  { fetch, verify }: GroupSource,
  name: CycleName,
  { hotkey, hash, location }: MemberDocument,
): Promise<Parsed<GroupDocument<"partial">>> => {
  const what = `the partial signatures of ${hotkey}`;
  const bytes = await fetch({ hash, location, maxBytes: MAX_GROUP_DOCUMENT_BYTES, what });
  return readGroupDocument("partial", bytes, { network: name.network, cycle: name.cycle, hotkey }, verify);
};
