import { createInputs } from "#shared/sprint/exact/inputs.js";
import type { SprintNetwork } from "#shared/sprint/exact/sprint-network.js";
import { winTest } from "#shared/sprint/exact/win.js";
import { type ComputeAttack, luckOf, type Play } from "../compute-attack.js";
import { plainNetwork } from "../plain-network.js";

/** One win in so many: low, so that few nonces give many wins. */
const DIFFICULTY = 8;
const NONCES = 4096;

/** What half the precision saves of a nonce. */
const CHEAP = 0.5;

/** What the attacker says of the nonces that it chose; `cost` is what they took, in evaluations. */
interface Told {
  readonly of: string;
  readonly cost: number;
  readonly stoppedBy: string;
}

/** Evaluates the chosen nonces, ascending: the attack pays if more than one in `DIFFICULTY` wins for its cost. */
const evaluated = async (
  network: Pick<SprintNetwork, "losers">,
  node: string,
  nonces: readonly number[],
  { of, cost, stoppedBy }: Told,
): Promise<Play> => {
  const lost = await network.losers(node, nonces, DIFFICULTY);
  const wins = nonces.length - lost.length;
  const payoff = (wins * DIFFICULTY) / cost;
  return {
    payoff,
    luck: luckOf(payoff, wins),
    alpha: null,
    beta: { of, events: wins, trials: nonces.length, computed: 1 / DIFFICULTY },
    stoppedBy: [stoppedBy],
  };
};

/** Wins with low precision are looked for, and only they are evaluated exactly. */
export const precisionFilter: ComputeAttack = {
  name: "precision-filter",
  description: "evaluates nonces with weights of half the precision, and exactly only those that win so",
  play: async ({ tiny }) => {
    const { dials, seed, network, node } = await tiny();
    const own = node("eve");
    const cheap = plainNetwork(dials, seed, (weight) => 2 * Math.trunc(weight / 2));
    const [write, test] = [createInputs(own, dials), winTest(own, DIFFICULTY)];
    const promising: number[] = [];
    const input = new Int32Array(dials.width);
    const count = NONCES / 8;
    for (let nonce = 0; nonce < count; nonce++) {
      write(nonce, input, 0);
      if (test(nonce, cheap(input))) promising.push(nonce);
    }
    const cost = CHEAP * count + promising.length;
    const told = { of: "a win of low precision is one", cost, stoppedBy: "one bit decides" };
    return evaluated(network, own, promising, told);
  },
};

/** The inputs that look best by what won so far are evaluated. */
export const commonPartFilter: ComputeAttack = {
  name: "common-part-filter",
  description: "learns from earlier wins which inputs promise one, and evaluates the best fourth of many",
  play: async ({ tiny }) => {
    const { dials, network, node } = await tiny();
    const own = node("eve");
    const write = createInputs(own, dials);
    const inputOf = (nonce: number): Int32Array => {
      const input = new Int32Array(dials.width);
      write(nonce, input, 0);
      return input;
    };
    const known = new Set(await network.search(own, { first: 0, count: NONCES }, DIFFICULTY));
    const direction = new Float64Array(dials.width);
    for (let nonce = 0; nonce < NONCES; nonce++) {
      const sign = known.has(nonce) ? 1 / known.size : -1 / (NONCES - known.size);
      for (const [i, value] of inputOf(nonce).entries()) direction[i]! += sign * value;
    }
    const promise = (nonce: number): number => inputOf(nonce).reduce((sum, value, i) => sum + value * direction[i]!, 0);
    const fresh = Array.from({ length: NONCES }, (_, i) => NONCES + i).map((nonce) => ({ nonce, at: promise(nonce) }));
    const chosen = fresh.sort((a, b) => b.at - a.at).slice(0, NONCES / 4);
    const nonces = chosen.map(({ nonce }) => nonce).sort((a, b) => a - b);
    const told = { of: "a chosen nonce wins", cost: chosen.length, stoppedBy: "one bit decides" };
    return evaluated(network, own, nonces, told);
  },
};

/** Nonces from all over the range, as one that looks for collisions of their inputs would. */
export const sparseNonces: ComputeAttack = {
  name: "sparse-nonces",
  description: "takes nonces from the whole range, and looks among them for inputs that collide",
  play: async ({ tiny, random }) => {
    const { dials, network, node } = await tiny();
    const own = node("eve");
    const nonces = [...new Set(Array.from({ length: NONCES }, () => random.below(2 ** 32) * 2 ** 16))];
    nonces.sort((a, b) => a - b);
    const write = createInputs(own, dials);
    const inputs = new Set(
      nonces.map((nonce) => {
        const input = new Int8Array(dials.width);
        write(nonce, input, 0);
        return Buffer.from(input).toString("base64");
      }),
    );
    const told = { of: "a sparse nonce wins", cost: inputs.size, stoppedBy: "inputs of full width" };
    return evaluated(network, own, nonces, told);
  },
};
