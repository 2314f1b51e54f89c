import { decodeAddress } from "@polkadot/util-crypto";
import type { EnterRecord, SprintRecord } from "#shared/protocol/records.js";
import { confirmedCycle } from "#shared/protocol/sprint.js";
import { lastBlockFor, type PhaseRecords, readPhaseRecords, recordWindow } from "#shared/replay/phase-records.js";
import type { CycleContext } from "#shared/replay/source.js";
import type { RecordedPrefixes } from "#shared/sprint/proof/all-nonces.js";
import { idleWindow } from "./idle-window.js";
import { NO_PREFIXES, readPrefixes } from "./prefixes.js";

/** What the chain records of one neuron's part in a Sprint. */
export interface SprintEntrant {
  readonly uid: number;
  readonly hotkey: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Declared before the seeds. */
  readonly difficulty: number;
  /** What it recorded of its first nonces, where the profile's proof has all of them. */
  readonly prefixes: RecordedPrefixes;
  /** The proof that it committed to in time, and the block that included the record. Null if there is none. */
  readonly record: (Pick<SprintRecord, "proof" | "wins" | "nonces" | "location"> & { readonly block: number }) | null;
}

/**
 * Every neuron that entered a Sprint in time, ascending by uid, with its proof. A proof of a hotkey that did not enter counts for nothing. To a
 * confirmation, and to idle time, those have entered who committed to a proof in the Sprint that it confirms, with the difficulty that they declared
 * for it.
 *
 * @param isIdle whether the cycle's idle time is proven, whose records must come earlier
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state at the end of a phase
 */
export const readEntrants = async (
  context: CycleContext,
  cycle: number,
  isIdle = false,
): Promise<readonly SprintEntrant[]> => {
  const { chain, network } = context;
  const { end } = isIdle ? idleWindow(cycle, network) : recordWindow("sprint", cycle, network);
  const [metagraph, entered, proven, prefixesOf] = await Promise.all([
    chain.metagraph(network.netuid, lastBlockFor("sprint", cycle, context)),
    readEntered(context, cycle),
    readPhaseRecords(context, "sprint", cycle),
    network.sprint?.profile === "float" ? readPrefixes(context, cycle) : () => NO_PREFIXES,
  ]);
  return metagraph.neurons
    .flatMap(({ uid, hotkey }): SprintEntrant[] => {
      const enter: EnterRecord | undefined = entered.get(hotkey)?.record;
      if (!enter) return [];
      const sprint = proven.get(hotkey);
      const record = sprint && sprint.block < end ? { ...sprint.record, block: sprint.block } : null;
      const { difficulty } = enter;
      return [{ uid, hotkey, publicKey: decodeAddress(hotkey), difficulty, prefixes: prefixesOf(hotkey), record }];
    })
    .sort((a, b) => a.uid - b.uid);
};

/**
 * Hotkey → its enter record: to a confirmation, that of the Sprint that it confirms, of those alone who committed to a proof in it.
 * @throws BlockZeroError STATE_DISCARDED if the chain no longer has the state at the end of a phase
 */
export const readEntered = async (
  context: Parameters<typeof readPhaseRecords>[0],
  cycle: number,
): Promise<PhaseRecords<"enter">> => {
  const confirms = confirmedCycle(context.network, cycle);
  if (confirms === null) return readPhaseRecords(context, "enter", cycle);
  const [entered, proven] = await Promise.all([
    readPhaseRecords(context, "enter", confirms),
    readPhaseRecords(context, "sprint", confirms),
  ]);
  return new Map([...entered].filter(([hotkey]) => proven.has(hotkey)));
};
