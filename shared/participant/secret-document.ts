import { attempt } from "./attempt.js";
import type { Participant } from "./participant.js";

/**
 * Stores a document that costs work and that nobody is to copy: it is served from a block on after which a record of a copy does not count. Its own
 * record gives its hash away before, so that no copy of it goes to a store elsewhere either, where a hash may be all that it takes: `giveAway` has it
 * go.
 *
 * @param from the block
 */
export const keepSecret = async (
  { blobs, embargo }: Pick<Participant, "blobs" | "embargo">,
  { hash, bytes, from }: { readonly hash: string; readonly bytes: Uint8Array; readonly from: number },
): Promise<void> => {
  embargo.hold(hash, from);
  await blobs.putSecret(bytes);
};

/** Has a copy of such a document go to the store elsewhere. A disk that is full costs that copy alone. */
export const giveAway = (
  participant: Pick<Participant, "blobs" | "log" | "signal">,
  cycle: number,
  hash: string,
): Promise<void> =>
  attempt(participant, { failure: "a document is not copied to the store", cycle }, async () =>
    participant.blobs.publish(hash),
  );
