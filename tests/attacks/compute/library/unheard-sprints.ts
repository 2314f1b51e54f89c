import { confirmedWeights, type SettledPart } from "#shared/compute/confirmed.js";
import type { SprintEntrant } from "#shared/compute/entrants.js";
import { settleProof, votesOn } from "#shared/compute/outcome.js";
import type { Random } from "#shared/data/random.js";
import type { CheckEntry, Checks } from "#shared/protocol/checks.js";
import { SPRINT_WINDOW } from "#shared/protocol/sprint.js";
import { holdersOf } from "#shared/protocol/voting/holders.js";
import type { ComputeAttack } from "../compute-attack.js";

const SPRINT = { profile: "exact", sample: 459 } as const;
const LIAR = "mallory";
const PROOF = "a".repeat(64);
/** A nonce that eve claims, and that does not win. */
const LOSER = 17;

/** A host's proof of 500 wins. Eve computed none of hers. */
const proofOf = (hotkey: string, uid: number): SprintEntrant => ({
  ...{ uid, hotkey, publicKey: new Uint8Array(32), difficulty: 20, prefixes: [null, null] },
  record: { proof: PROOF, wins: 500, nonces: 10_000, location: "http://127.0.0.1:1", block: 9 },
});
const [ann, eve] = [proofOf("ann", 3), proofOf("eve", 4)];

const entryOn = ({ uid, hotkey }: SprintEntrant, verdict: "valid" | "invalid"): CheckEntry => ({
  ...{ uid, hotkey, proof: PROOF, verdict, detail: null, wins: 500, checked: 459 },
  ...(verdict === "valid" ? { reason: null, nonce: null } : { reason: "no_win", nonce: LOSER }),
});

const checksOf = (validator: string, entries: readonly CheckEntry[]): Checks => ({
  ...{ version: 1, kind: "checks", network: "0".repeat(64), cycle: 6, validator },
  ...{ entries: [...entries], signature: "0".repeat(128) },
});

/**
 * Stakes of a hundred: the honest who are there, one to three of them, no more than half; the liar, less than they and with them more than half; the
 * rest away.
 */
const drawStakes = (below: (bound: number) => number): ReadonlyMap<string, bigint> => {
  const lies = 2 + below(48);
  const least = Math.max(lies + 1, 51 - lies, 3);
  const there = least + below(51 - least);
  const cuts = Array.from({ length: below(3) }, () => 1 + below(there - 1)).sort((a, b) => a - b);
  const parts = [...cuts, there].map((end, i) => end - (i === 0 ? 0 : cuts[i - 1]!)).filter((part) => part > 0);
  return new Map([
    ...parts.map((part, i): [string, bigint] => [`vera${i}`, BigInt(part)]),
    [LIAR, BigInt(lies)],
    ["away", BigInt(100 - there - lies)],
  ]);
};

/** How both proofs are settled in a Sprint in which the liar shows its checks to everybody or nobody, and says of some that it holds them. */
const settleBoth = (stakes: ReadonlyMap<string, bigint>, below: (bound: number) => number): readonly SettledPart[] => {
  const honest = [...stakes.keys()].filter((name) => name.startsWith("vera"));
  const documents = [
    ...honest.map((name) => checksOf(name, [entryOn(ann, "valid"), entryOn(eve, "invalid")])),
    checksOf(LIAR, [entryOn(eve, "valid")]),
  ];
  const own = honest.length;
  const all = [...documents.keys()];
  const shown = below(2) === 0 ? all : all.slice(0, own);
  const chosen = all.filter((number) => number === own || below(2) === 0);
  const holders = holdersOf([...honest.map((name) => [name, shown] as const), [LIAR, chosen]], stakes);
  const heard = documents.filter((_, number) => holders(number).counts);
  const unheard = documents.filter((_, number) => holders(number).isUnheard);
  const isNamed = [...heard, ...unheard].some(({ entries }) => entries.some(({ nonce }) => nonce === LOSER));
  return [ann, eve].map((proof) =>
    settleProof(proof, votesOn(proof, heard, SPRINT), {
      ...{ sprint: SPRINT, stakes, there: new Set([...honest, LIAR]), unheard: votesOn(proof, unheard, SPRINT) },
      evidence: { fault: null, losers: proof === eve && isNamed ? [LOSER] : [] },
    }),
  );
};

/** The weights that a valid Sprint and as many such ones leave as a window has room for, of the measured one. */
const weightsAfter = (random: Random) => {
  const below = (bound: number) => Math.floor(random.next() * bound);
  const stakes = drawStakes(below);
  const measured = { measured: 10_000, low: 9000, high: 11_000, outcome: "valid" } as const;
  const first = [ann, eve].map(({ uid, hotkey }): SettledPart => ({ uid, hotkey, ...measured }));
  const attacked = Array.from({ length: SPRINT_WINDOW - 1 }, () => settleBoth(stakes, below));
  const weights = confirmedWeights([first, ...attacked]);
  const weightOf = (hotkey: string) => weights.get(hotkey)!.weight / measured.measured;
  return { honest: weightOf("ann"), attacker: weightOf("eve") };
};

export const unheardSprints: ComputeAttack = {
  name: "liar-unheard-sprints",
  description:
    "while others are away, and the honest who are there are no more than half, a validator with less stake than they says of whom it likes that it holds their checks; its own host computes nothing",
  play: ({ random }) => {
    const trials = 500;
    const weights = Array.from({ length: trials }, () => weightsAfter(random));
    return {
      payoff: Math.max(...weights.map(({ attacker }) => attacker)),
      alpha: {
        of: "an honest host loses weight",
        events: weights.filter(({ honest }) => honest < 1).length,
        trials,
        computed: 0,
      },
      beta: {
        of: "a host that computed nothing keeps weight",
        events: weights.filter(({ attacker }) => attacker > 0).length,
        trials,
        computed: 0,
      },
      stoppedBy: ["unheard checks", "recomputation of the named nonce"],
    };
  },
};
