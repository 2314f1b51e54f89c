import { decodeAddress } from "@polkadot/util-crypto";
import type { Commitment } from "#shared/chain/chain.js";
import { isInPhase, phaseWindow } from "#shared/protocol/phases.js";
import {
  type ChainRecord,
  type CommitRecord,
  parseRecord,
  type RevealRecord,
  shortHash,
} from "#shared/protocol/records.js";
import type { CycleContext } from "./source.js";

/** What the chain says of one neuron's work in a cycle, after the reveal phase. */
export interface Submission {
  readonly uid: number;
  readonly hotkey: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly commitment: { readonly hash: string; readonly block: number } | null;
  readonly reveal: { readonly group: string; readonly artifact: string; readonly location: string } | null;
}

/**
 * Every neuron that committed or revealed in its window, and every other neuron that does not validate; ascending by uid.
 *
 * @param until a block of the reveal phase as of which to say so: what is revealed later may still change it
 */
export const readSubmissions = async (
  source: CycleContext,
  cycle: number,
  until = Number.POSITIVE_INFINITY,
): Promise<readonly Submission[]> => {
  const { chain, network, networkHash } = source;
  const at = (phase: "commit" | "reveal") => Math.min(until, phaseWindow(cycle, phase, network.phases).end - 1);
  const [metagraph, commits, reveals] = await Promise.all([
    chain.metagraph(network.netuid, at("reveal")),
    chain.commitments(network.netuid, at("commit")),
    chain.commitments(network.netuid, at("reveal")),
  ]);
  const inWindow = <T extends CommitRecord | RevealRecord>(phase: T["type"], commitments: readonly Commitment[]) => {
    const found = new Map<string, { record: T; block: number }>();
    for (const { hotkey, data, block } of commitments) {
      const record = parseRecord(data);
      if (!record.ok || !isOf<T>(record.value, phase) || !isInPhase(block, cycle, phase, network.phases)) continue;
      const { value } = record;
      if (value.cycle === cycle && value.network === shortHash(networkHash))
        found.set(hotkey, { record: value, block });
    }
    return found;
  };
  const committed = inWindow<CommitRecord>("commit", commits);
  const revealed = inWindow<RevealRecord>("reveal", reveals);
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

const isOf = <T extends ChainRecord>(record: ChainRecord, type: T["type"]): record is T => record.type === type;
