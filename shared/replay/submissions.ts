import { decodeAddress } from "@polkadot/util-crypto";
import { lastBlockFor, readPhaseRecords } from "./phase-records.js";
import type { CycleContext } from "./source.js";

/** What the chain records of one neuron's work in a cycle, after the reveal phase. */
export interface Submission {
  readonly uid: number;
  readonly hotkey: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly commitment: { readonly hash: string; readonly block: number } | null;
  readonly reveal: { readonly group: string; readonly artifact: string; readonly location: string } | null;
}

/**
 * Every neuron that committed or revealed in its window, and every other neuron that is not a validator; ascending by uid.
 *
 * @param until a block of the reveal phase whose state to read: later reveals may still change the result
 */
export const readSubmissions = async (
  source: CycleContext,
  cycle: number,
  until = Number.POSITIVE_INFINITY,
): Promise<readonly Submission[]> => {
  const { chain, network } = source;
  const [metagraph, committed, revealed] = await Promise.all([
    chain.metagraph(network.netuid, Math.min(until, lastBlockFor("reveal", cycle, source))),
    readPhaseRecords(source, "commit", cycle, until),
    readPhaseRecords(source, "reveal", cycle, until),
  ]);
  return metagraph.neurons
    .filter(({ hotkey, validatorPermit }) => {
      const isOwner = hotkey === metagraph.ownerHotkey;
      return committed.has(hotkey) || revealed.has(hotkey) || !(validatorPermit || isOwner);
    })
    .map(({ uid, hotkey }) => {
      const commit = committed.get(hotkey);
      const reveal = revealed.get(hotkey)?.record;
      return {
        uid,
        hotkey,
        publicKey: decodeAddress(hotkey),
        commitment: commit ? { hash: commit.record.commitment, block: commit.block } : null,
        reveal: reveal ? { group: reveal.group, artifact: reveal.artifact, location: reveal.location } : null,
      };
    })
    .sort((a, b) => a.uid - b.uid);
};
