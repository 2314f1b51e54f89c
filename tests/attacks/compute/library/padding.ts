import { FIXED_TESTS, isRejected } from "#shared/sprint/proof/fixed-tests.js";
import { sampleWins } from "#shared/sprint/proof/sample.js";
import type { ComputeAttack, Ring } from "../compute-attack.js";

/** Wins of a large host: those of 12 million nonces at 1/900. */
const WINS = 13_333;
const HOSTS = 1000;

const { exact } = FIXED_TESTS;

/** A false win with a probability of so much each, as an honest host's memory and transport leave them. */
const faults = ({ random }: Ring, items: number, probability: number): number => {
  // By the gaps between them: most proofs have none.
  let count = 0;
  for (let at = -1; ; count++) {
    at += 1 + Math.floor(Math.log(1 - random.next()) / Math.log1p(-probability));
    if (at >= items) return count;
  }
};

/** P(no false one in a sample without replacement). */
const escapes = (falseWins: number, wins: number, size: number): number => {
  let probability = 1;
  for (let i = 0; i < size; i++) probability *= Math.max(0, wins - falseWins - i) / (wins - i);
  return probability;
};

/** Proofs that one verifier's sample passes. The false wins are the last ones: a sample knows no places. */
const passed = (
  ring: Ring,
  { wins, falseWins }: { wins: number; falseWins: number },
  seeds: (host: number) => string,
) =>
  Array.from({ length: HOSTS }, (_, host) => {
    const sample = sampleWins({ seed: seeds(host), verifier: "vera", proofHash: ring.beacon(`proof ${host}`), wins });
    return !isRejected(exact, sample.filter((index) => index >= wins - falseWins).length);
  }).filter((pass) => pass).length;

const padding = (percent: number): ComputeAttack => ({
  name: `padding-${percent}`,
  description: `adds ${percent} % of false wins to those of its nonces`,
  play: (ring) => {
    const falseWins = Math.round((WINS * percent) / 100);
    const wins = WINS + falseWins;
    const events = passed(ring, { wins, falseWins }, (host) => ring.beacon(`after the commits ${host}`));
    const rejected = Array.from({ length: 20 * HOSTS }, () => faults(ring, exact.size, exact.honest)).filter((count) =>
      isRejected(exact, count),
    ).length;
    return {
      payoff: (wins / WINS) * (events / HOSTS),
      alpha: { of: "an honest proof is rejected", events: rejected, trials: 20 * HOSTS, computed: exact.alpha },
      beta: {
        of: "a padded proof passes one verifier",
        events,
        trials: HOSTS,
        computed: escapes(falseWins, wins, exact.size),
      },
      stoppedBy: ["sampled recomputation"],
    };
  },
});

/** Puts 5 % of false wins where a verifier's sample of the cycle before did not look. */
const publicSample: ComputeAttack = {
  name: "public-sample",
  description: "puts 5 % of false wins where the verifier's sample of the cycle before did not look",
  play: (ring) => {
    const falseWins = Math.round(WINS / 20);
    const wins = WINS + falseWins;
    const proofHash = ring.beacon("proof");
    let events = 0;
    for (let host = 0; host < HOSTS; host++) {
      const before = new Set(sampleWins({ seed: ring.beacon(`known ${host}`), verifier: "vera", proofHash, wins }));
      const unseen = Array.from({ length: wins }, (_, index) => index).filter((index) => !before.has(index));
      const placed = new Set(unseen.slice(0, falseWins));
      const sample = sampleWins({ seed: ring.beacon(`after the commits ${host}`), verifier: "vera", proofHash, wins });
      if (!isRejected(exact, sample.filter((index) => placed.has(index)).length)) events += 1;
    }
    return {
      payoff: (wins / WINS) * (events / HOSTS),
      alpha: null,
      beta: {
        of: "a proof padded by an old sample passes",
        events,
        trials: HOSTS,
        computed: escapes(falseWins, wins, exact.size),
      },
      stoppedBy: ["a seed after the commits"],
    };
  },
};

/** Real nonces that do not win among real wins, recomputed on the network. */
const recomputed: ComputeAttack = {
  name: "padding-recomputed",
  description: "claims nonces that do not win beside 5 % as many real wins, on the network itself",
  play: async ({ tiny, random }) => {
    const { network, node } = await tiny();
    const [own, difficulty] = [node("eve"), 8];
    const wins = await network.search(own, { first: 0, count: 4096 }, difficulty);
    const claimed = new Set(wins);
    const added: number[] = [];
    while (added.length < Math.ceil(wins.length / 20)) {
      const nonce = 4096 + random.below(1_000_000);
      if (claimed.has(nonce)) continue;
      claimed.add(nonce);
      added.push(nonce);
    }
    const losers = new Set(
      await network.losers(
        own,
        [...claimed].sort((a, b) => a - b),
        difficulty,
      ),
    );
    const lucky = added.filter((nonce) => !losers.has(nonce)).length;
    return {
      payoff: losers.size > 0 ? 0 : claimed.size / wins.length,
      alpha: {
        of: "an honest win is recomputed as none",
        events: wins.filter((nonce) => losers.has(nonce)).length,
        trials: wins.length,
        computed: exact.honest,
      },
      beta: { of: "a claimed nonce wins by luck", events: lucky, trials: added.length, computed: 1 / difficulty },
      stoppedBy: ["recomputation"],
    };
  },
};

export const paddings: readonly ComputeAttack[] = [padding(1), padding(5), padding(12), publicSample, recomputed];
