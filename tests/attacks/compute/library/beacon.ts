import { mixOpenings } from "#shared/beacon/contributions/mix.js";
import { hashBytes, sha256 } from "#shared/protocol/hash.js";
import { standInCrypto } from "#tests/shared/beacon/crypto.js";
import { simulateSchedule } from "#tests/shared/beacon/schedules.js";
import { CYCLE } from "#tests/shared/beacon/simulated-chain.js";
import { type ComputeAttack, luckOf } from "../compute-attack.js";

const TRIALS = 200;

/** The bit of a value that somebody wants to be 1. */
const wantedBit = (value: string): boolean => hashBytes(value)[31]! % 2 === 1;

/** Twice the probability of the wanted bit: 1 where nobody has a say. */
const payoffOf = (events: number): number => (2 * events) / TRIALS;

export const lateContributor: ComputeAttack = {
  name: "late-contributor",
  description:
    "puts its seal on chain after the last block for them, when it could know more, and wants a bit of the value",
  play: async ({ seed }) => {
    let [wanted, counted, lost] = [0, 0, 0];
    for (let trial = 0; trial < TRIALS; trial++) {
      const { observers } = await simulateSchedule({
        ...{ crypto: standInCrypto, seed: `${seed} ${trial}`, isCalm: true },
        behaviours: ["honest", "honest", "late"],
      });
      const { value, origin, contributors } = await observers[0]!.value(CYCLE);
      if (wantedBit(value)) wanted += 1;
      if (contributors.length !== 2) counted += 1;
      if (origin !== "contributions") lost += 1;
    }
    return {
      payoff: payoffOf(wanted),
      luck: luckOf(payoffOf(wanted), wanted),
      alpha: { of: "a value falls back, or counts it", events: counted + lost, trials: TRIALS, computed: 0 },
      beta: { of: "the wanted bit comes out", events: wanted, trials: TRIALS, computed: 1 / 2 },
      stoppedBy: ["last block for seals"],
    };
  },
};

export const blockProducer: ComputeAttack = {
  name: "block-producer",
  description:
    "chooses among sixteen hashes of the block that is mixed in, before the pulse that opens the seals is out",
  play: ({ beacon }) => {
    let events = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      const given = (pulse: string, blockHash: string): string =>
        mixOpenings({
          ...{ network: "7".repeat(64), cycle: trial, pulse: hashBytes(sha256(Buffer.from(pulse))), blockHash },
          openings: new Map(["ann", "bob"].map((name) => [name, hashBytes(beacon(`${name} ${trial}`))])),
        });
      const hashes = Array.from({ length: 16 }, (_, i) => beacon(`block ${trial} ${i}`));
      // It knows the openings even, if the contributors are its friends; the pulse it can only guess.
      const chosen = hashes.find((hash) => wantedBit(given("guessed", hash))) ?? hashes[0]!;
      if (wantedBit(given(`pulse ${trial}`, chosen))) events += 1;
    }
    return {
      payoff: payoffOf(events),
      luck: luckOf(payoffOf(events), events),
      alpha: null,
      beta: { of: "the wanted bit comes out", events, trials: TRIALS, computed: 1 / 2 },
      stoppedBy: ["a pulse after the block"],
    };
  },
};
