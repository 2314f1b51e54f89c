import type { Participant } from "#shared/participant/participant.js";
import { sha256 } from "#shared/protocol/hash.js";

/** A participant that saw another block at a height, until a fork replaces it. */
export const forked = <P extends Pick<Participant, "chain">>(
  participant: P,
  height: number,
  isReplaced: () => boolean,
): P => ({
  ...participant,
  chain: {
    ...participant.chain,
    blockHash: async (block: number) =>
      block === height && !isReplaced() ? sha256(Buffer.from("a sibling")) : participant.chain.blockHash(block),
  },
});
