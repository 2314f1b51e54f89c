import { exactProfile } from "#shared/compute/profile/exact-profile.js";
import { encodeWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { claimed } from "./claims.js";
import type { Sprinter } from "./context.js";
import { ownHardware } from "./own-hardware.js";
import type { Proving, ProvingOf } from "./proving.js";
import { NOTHING_FOUND } from "./search.js";

/** A proof of the wins alone, which is made when the search is over. */
export const proveWins = (sprinter: Sprinter, { cycle, difficulty }: ProvingOf): Proving => ({
  begun: NOTHING_FOUND,
  computing: (compute) => compute,
  most: () => exactProfile.mostNonces,
  take: () => {},
  record: async () => {},
  finish: async (found) => {
    const { config, participant } = sprinter;
    const claim = claimed(config.behaviour, found);
    const fields = { network: participant.networkHash, cycle, difficulty, ...claim, ...(await ownHardware(sprinter)) };
    const proof = await signWinners(fields, participant.signer);
    return { bytes: encodeWinners(proof), claimed: claim };
  },
  close: () => {},
});
