import { compareTexts } from "#shared/protocol/compare-texts.js";
import { beaconWindows } from "../windows.js";
import { type GroupFile, MAX_GROUP_FILE_BYTES, readGroupFile } from "./group-file.js";
import { type ChainSource, haveMajority, recordsIn, votersOf } from "./on-chain.js";
import { statingCycle } from "./schedule.js";
import { type GroupSource, scheduleOf } from "./source.js";

/** The file of a group, and where it is. */
export interface StatedGroup {
  readonly hash: string;
  readonly location: string;
}

/**
 * The group that signs a cycle: the one that validators with more than half of the voting stake stated in the cycle for it. Null if they
 * stated none.
 *
 * @throws what reading the chain throws
 */
export const readStatedGroup = async (source: ChainSource, cycle: number): Promise<StatedGroup | null> => {
  const stating = statingCycle(cycle, scheduleOf(source));
  if (stating === null) return null;
  const records = await recordsIn(source, "group", stating, beaconWindows(stating, source.network.phases).sealing);
  if (records.size === 0) return null;
  const stakes = await votersOf(source, stating);
  const said = [...records].filter(([hotkey]) => stakes.has(hotkey)).sort(([a], [b]) => compareTexts(a, b));
  for (const hash of new Set(said.map(([, { group }]) => group))) {
    const those = said.filter(([, { group }]) => group === hash);
    const hotkeys = those.map(([hotkey]) => hotkey);
    if (haveMajority(hotkeys, stakes)) return { hash, location: those[0]![1].location };
  }
  return null;
};

/**
 * The file of the group that signs a cycle. Null if no group does, or if what was stated is no group's file.
 *
 * @throws BlockZeroError FETCH_… if it is not available; what reading the chain throws
 */
export const readSigningGroup = async (source: GroupSource, cycle: number): Promise<GroupFile | null> => {
  const stated = await readStatedGroup(source, cycle);
  return stated && fetchGroupFile(source, cycle, stated);
};

/** The file that was stated for a cycle, or null for other bytes. @throws BlockZeroError FETCH_… if it is not available */
export const fetchGroupFile = async (
  { fetch, networkHash: network }: GroupSource,
  cycle: number,
  { hash, location }: StatedGroup,
): Promise<GroupFile | null> => {
  const bytes = await fetch({
    hash,
    location,
    maxBytes: MAX_GROUP_FILE_BYTES,
    what: "the file of the threshold group",
  });
  const file = readGroupFile(bytes, { network, cycle });
  return file.ok ? file.value : null;
};
