import type { Participant } from "#shared/participant/participant.js";
import { sha256 } from "#shared/protocol/hash.js";

/** What is otherwise in the state of a block's sibling. */
export interface Sibling {
  /** The hotkey whose record it did not include: what that had before is still there. */
  readonly without?: string;
  /** When it was made. In Unix milliseconds. */
  readonly timestamp?: number;
}

/** A participant that saw another block at a height, until a fork replaces it. */
export const forked = <P extends Pick<Participant, "chain">>(
  participant: P,
  height: number,
  isReplaced: () => boolean,
  { without, timestamp }: Sibling = {},
): P => {
  const { chain } = participant;
  const isSibling = (block: number | undefined) => block === height && !isReplaced();
  return {
    ...participant,
    chain: {
      ...chain,
      blockHash: async (block: number) =>
        isSibling(block) ? sha256(Buffer.from("a sibling")) : chain.blockHash(block),
      commitments: async (netuid: number, at?: number) => {
        const all = await chain.commitments(netuid, at);
        if (without === undefined || !isSibling(at)) return all;
        const before = await chain.commitments(netuid, height - 1);
        return [...all, ...before].filter((one) => (one.hotkey === without ? before : all).includes(one));
      },
      timestamp: async (block: number) =>
        timestamp !== undefined && isSibling(block) ? timestamp : chain.timestamp(block),
    },
  };
};
