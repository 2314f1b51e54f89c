import { sha256 } from "#shared/protocol/hash.js";
import { checkNonces, encodeNonces, noncesHash, signNonces } from "#shared/sprint/proof/all-nonces.js";
import { noncesTree, type Prefix } from "#shared/sprint/proof/nonces-tree.js";
import { devSigner, verify } from "#tests/shared/protocol/keys.js";
import type { ComputeAttack } from "../compute-attack.js";

const NONCES = 3 * 512;

/** Digests of nonces as one evaluation gives them. */
const digests = (first: number, count: number, of: string): Uint8Array =>
  Buffer.concat(
    Array.from({ length: count }, (_, i) =>
      Buffer.from(sha256(Buffer.from(`${of} ${first + i}`)), "hex").subarray(0, 8),
    ),
  );

/**
 * A tree over what was done by a third, two thirds and all of the time, each of its own evaluation; null: nothing, and the rest is done in the end.
 */
const sprintOf = (thirds: readonly [string | null, string | null, string]) => {
  const tree = noncesTree();
  const prefixes: Prefix[] = [];
  for (const [at, of] of thirds.entries()) {
    if (of !== null) tree.append(digests(tree.nonces, ((at + 1) * NONCES) / 3 - tree.nonces, of));
    prefixes.push(tree.prefix());
  }
  const [first, second] = prefixes as [Prefix, Prefix, Prefix];
  const whole = { nonces: tree.nonces, root: tree.root() };
  return {
    recorded: [first, second] as const,
    fields: {
      ...{ network: "7".repeat(64), cycle: 4, difficulty: 1000 / 10, ...whole, wins: wins() },
      prefixes: [
        { ...first, consistency: [...tree.consistency(first, second)] },
        { ...second, consistency: [...tree.consistency(second, whole)] },
      ] satisfies [unknown, unknown],
    },
  };
};

/** As many wins as the nonces let expect. */
const wins = (): readonly number[] => Array.from({ length: 15 }, (_, i) => 100 * i);

/** Records at ⅓ and ⅔ that say more than was done: everything is evaluated in the last third, by rented hardware. */
export const prefixTricks: ComputeAttack = {
  name: "prefix-tricks",
  description:
    "records roots of nonces that it has not evaluated, and shows others at the end; or records late, or swapped",
  play: async ({ seed }) => {
    const eve = devSigner(`//eve ${seed}`);
    const honest = sprintOf(["real", "real", "real"]);
    const [first, second] = sprintOf(["junk", "junk", "real"]).recorded;
    const [early, later] = honest.recorded;
    const verdictOf = async ({ fields }: typeof honest, recorded: readonly [Prefix | null, Prefix | null]) => {
      const proof = await signNonces(fields, eve);
      const expected = {
        ...{ network: proof.network, cycle: 4, hotkey: eve.address, difficulty: proof.difficulty },
        ...{ hash: noncesHash(proof), wins: proof.wins.length, nonces: proof.nonces },
        ...{ included: 1, phase: { start: 0, end: 2 } },
      };
      const checked = checkNonces(encodeNonces(proof), expected, recorded, verify);
      return checked.ok ? "accepted" : checked.fault;
    };
    const nothingEarly = sprintOf([null, null, "real"]);
    const tricks: readonly (readonly [typeof honest, readonly [Prefix | null, Prefix | null]])[] = [
      [honest, [first, second]],
      [honest, [first, later]],
      [honest, [early, second]],
      [honest, [later, early]],
      [honest, [null, later]],
      [honest, [early, null]],
      [honest, [{ ...early, nonces: later.nonces }, later]],
      [sprintOf(["junk", "real", "real"]), [early, later]],
      [nothingEarly, nothingEarly.recorded],
    ];
    const faults = await Promise.all(tricks.map(([sprint, recorded]) => verdictOf(sprint, recorded)));
    const accepted = faults.filter((fault) => fault === "accepted").length;
    return {
      payoff: accepted,
      alpha: {
        of: "an honest proof is rejected",
        events: Number((await verdictOf(honest, honest.recorded)) !== "accepted"),
        trials: 1,
        computed: 0,
      },
      beta: { of: "a trick is accepted", events: accepted, trials: tricks.length, computed: 0 },
      stoppedBy: faults.filter((fault) => fault !== "accepted"),
    };
  },
};
