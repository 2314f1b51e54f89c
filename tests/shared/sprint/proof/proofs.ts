import { createHash } from "node:crypto";
import type { UnsignedNonces } from "#shared/sprint/proof/all-nonces.js";
import type { ExpectedProof } from "#shared/sprint/proof/head.js";
import { type NoncesTree, noncesTree, type Prefix } from "#shared/sprint/proof/nonces-tree.js";
import { type UnsignedWinners, type WinnersProof, winnersHash } from "#shared/sprint/proof/winners.js";

export const NETWORK = "7".repeat(64);
export const PHASE = { start: 100, end: 120 };

export const winnersFields: UnsignedWinners = {
  network: NETWORK,
  cycle: 4,
  difficulty: 60,
  nonces: 1000,
  wins: [3, 64, 65, 400, 999],
};

/** What the chain says of a proof that was put in time. */
export const expectedOf = (
  proof: Omit<WinnersProof, "version" | "kind" | "signature">,
  hash: string,
): ExpectedProof => ({
  network: proof.network,
  cycle: proof.cycle,
  hotkey: proof.hotkey,
  difficulty: proof.difficulty,
  hash,
  wins: proof.wins.length,
  nonces: proof.nonces,
  included: 105,
  phase: PHASE,
});

export const expectedWinners = (proof: WinnersProof): ExpectedProof => expectedOf(proof, winnersHash(proof));

/** A digest per nonce. */
export const digestsOf = (first: number, count: number): Uint8Array =>
  Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      createHash("sha256")
        .update(`${first + i}`)
        .digest()
        .subarray(0, 8),
    ),
  );

/** A Sprint of 1,000 nonces with records at 300 and 700, which have 256 and 512 of them. */
export const sprintOfAll = (): { tree: NoncesTree; fields: UnsignedNonces; recorded: readonly [Prefix, Prefix] } => {
  const tree = noncesTree();
  tree.append(digestsOf(0, 300));
  const first = tree.prefix();
  tree.append(digestsOf(300, 400));
  const second = tree.prefix();
  tree.append(digestsOf(700, 300));
  const whole = { nonces: tree.nonces, root: tree.root() };
  return {
    tree,
    recorded: [first, second],
    fields: {
      network: NETWORK,
      cycle: 4,
      difficulty: 100,
      ...whole,
      prefixes: [
        { ...first, consistency: [...tree.consistency(first, second)] },
        { ...second, consistency: [...tree.consistency(second, whole)] },
      ],
      wins: [5, 90, 91, 200, 255, 256, 300, 700, 812, 999],
    },
  };
};
