import { drawSlots, VOTE_SLOTS } from "#shared/duty/slots.js";
import { capWeights, MAX_SHARE } from "#shared/sprint/proof/cap-weights.js";
import { MILLION } from "#shared/util/fraction.js";
import type { ComputeAttack, Ring } from "../compute-attack.js";

/** Nine hosts and the attacker's machine, which is a tenth of all. */
const HOSTS: readonly (readonly [string, number])[] = Array.from({ length: 9 }, (_, i) => [`host${i}`, 8000]);
const MACHINE = 8000;
const PARTIES = 8;

const shareOf = (weights: ReadonlyMap<string, number>, isOwn: (hotkey: string) => boolean): number => {
  let [own, all] = [0, 0];
  for (const [hotkey, weight] of weights) {
    all += weight;
    if (isOwn(hotkey)) own += weight;
  }
  return own / all;
};

const isEve = (hotkey: string): boolean => hotkey.startsWith("eve");

/** Slots that eve's hotkeys hold in so many draws. */
const slotsOf = (ring: Ring, weights: ReadonlyMap<string, number>, draws: number): number => {
  let own = 0;
  for (let draw = 0; draw < draws; draw++) {
    const held = drawSlots({
      ...{ domain: "blockzero/duty-vote/1", beacon: ring.beacon(`slots ${draw}`), subject: ring.beacon("subject") },
      ...{ slots: VOTE_SLOTS, weights: new Map([...weights].map(([hotkey, weight]) => [hotkey, BigInt(weight)])) },
    });
    for (const [hotkey, count] of held) if (isEve(hotkey)) own += count;
  }
  return own;
};

const split = (name: string, description: string, machine: number): ComputeAttack => ({
  name,
  description,
  play: (ring) => {
    const parts = Array.from({ length: PARTIES }, (_, i): readonly [string, number] => [`eve${i}`, machine / PARTIES]);
    const capped = capWeights(new Map([...HOSTS, ...parts]));
    const hardware = machine / (machine + HOSTS.length * 8000);
    const draws = 50;
    return {
      payoff: shareOf(capped, isEve) / hardware,
      alpha: null,
      beta: {
        of: "a slot is held by one of its hotkeys",
        events: slotsOf(ring, capped, draws),
        trials: draws * VOTE_SLOTS,
        computed: hardware,
      },
      stoppedBy: ["weight adds up"],
    };
  },
});

export const splitIdentities = split(
  "split-identities",
  "divides a machine of a tenth of all among eight hotkeys: weight, slots and duty add up to the same",
  MACHINE,
);

export const splitAboveCap = split(
  "split-above-cap",
  "divides hardware of 40 % among eight hotkeys, none above the cap: the cap is a hotkey's, so it gets what its hardware is worth, and no more",
  6 * 8000,
);

/** The heaviest hosts and hotkeys without weight, to move the base that a cap is a share of. */
export const cappedBase: ComputeAttack = {
  name: "capped-base",
  description:
    "registers a hundred hotkeys without weight, and proves half of all compute, to be paid above its cap or lower others' caps",
  play: ({ random }) => {
    const trials = 500;
    let above = 0;
    let gained = 0;
    for (let trial = 0; trial < trials; trial++) {
      const hosts = Array.from({ length: 8 + random.below(30) }, (_, i): readonly [string, number] => [
        `host${i}`,
        1000 + random.below(9000),
      ]);
      const others = hosts.reduce((sum, [, weight]) => sum + weight, 0);
      const own: readonly (readonly [string, number])[] = [["eve", others]];
      const empty = Array.from({ length: 100 }, (_, i): readonly [string, number] => [`eve empty ${i}`, 0]);
      const alone = shareOf(capWeights(new Map([...hosts, ...own])), isEve);
      const crowd = shareOf(capWeights(new Map([...hosts, ...own, ...empty])), isEve);
      if (crowd > MAX_SHARE / MILLION + 1e-6) above += 1;
      gained += crowd / alone / trials;
    }
    return {
      payoff: gained,
      alpha: null,
      beta: { of: "its share is above the cap", events: above, trials, computed: 0 },
      stoppedBy: ["one base", "no hotkey without weight counts"],
    };
  },
};
