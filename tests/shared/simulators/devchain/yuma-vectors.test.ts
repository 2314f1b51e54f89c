import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { hyperParametersSchema } from "#shared/chain/devchain/genesis.js";
import type { U16Row } from "#shared/chain/yuma/epoch.js";
import { payEpoch } from "#shared/simulators/devchain/coinbase.js";
import { freshNeuron, type NeuronState, type SubnetState } from "#shared/simulators/devchain/state.js";
import type { NetworkParameters } from "#tests/interop/yuma-networks.js";

/** What the real runtime's epochs gave on random networks, recorded by `tests/interop/yuma-record.ts`; lists are by uid. */
interface Vectors {
  readonly runtime: string;
  readonly networks: readonly Network[];
}

interface Network {
  readonly parameters: NetworkParameters;
  /** Before the first epoch; bonds there are none. */
  readonly permits: readonly number[];
  readonly epochs: readonly { readonly start: Start; readonly result: Result }[];
}

interface Start {
  readonly block: number;
  readonly emission: string;
  readonly stakes: readonly string[];
  readonly lastUpdate: readonly number[];
  readonly registeredAt: readonly number[];
  readonly weights: readonly U16Row[];
}

interface Result extends Record<Share, readonly number[]> {
  readonly permits: readonly number[];
  readonly active: readonly number[];
  readonly pruningScores: readonly number[];
  readonly emission: readonly string[];
  readonly bonds: readonly U16Row[];
  /** After the payments. */
  readonly stakes: readonly string[];
}

const shares = ["rank", "trust", "consensus", "incentive", "dividends", "validatorTrust"] as const;
type Share = (typeof shares)[number];

const file = new URL("../../../../../tests/vectors/subtensor/yuma.json.gz", import.meta.url);
let vectors: Vectors;
before(async () => {
  vectors = JSON.parse(gunzipSync(await readFile(file)).toString());
});

const hotkeyOf = (uid: number): string => `hotkey ${uid}`;

const subnetOf = (
  { parameters: { netuid, ownerUid, ...parameters } }: Network,
  start: Start,
  carried: readonly Pick<NeuronState, "permit" | "bonds">[],
): SubnetState => ({
  netuid,
  ownerHotkey: ownerUid === null ? "nobody" : hotkeyOf(ownerUid),
  hyperParameters: hyperParametersSchema.parse(parameters),
  neurons: start.stakes.map((_, uid) => ({
    ...freshNeuron(hotkeyOf(uid), hotkeyOf(uid), start.registeredAt[uid]!),
    ...carried[uid]!,
    lastUpdate: start.lastUpdate[uid]!,
    weights: start.weights[uid]!,
  })),
  stakes: new Map(start.stakes.map((stake, uid) => [hotkeyOf(uid), BigInt(stake)])),
  commitments: new Map(),
  axons: new Map(),
  hashedWeights: new Map(),
  timelockedWeights: new Map(),
  pendingEmission: BigInt(start.emission),
  pendingOwnerCut: 0n,
  registrations: { block: 0, inBlock: 0, intervalStart: 0, inInterval: 0 },
});

/** Runs a network's epochs, permits and bonds carried from one to the next by the devchain's own results. */
const replay = (network: Network, compare: (after: SubnetState, result: Result, where: string) => void): void => {
  let carried: readonly Pick<NeuronState, "permit" | "bonds">[] = network.permits.map((permit) => ({
    permit: permit === 1,
    bonds: [],
  }));
  network.epochs.forEach(({ start, result }, epoch) => {
    const after = payEpoch(subnetOf(network, start, carried), start.block);
    compare(after, result, `network ${vectors.networks.indexOf(network)}, epoch ${epoch}`);
    carried = after.neurons.map(({ permit, bonds }) => ({ permit, bonds }));
  });
};

describe("the epoch against the real runtime's", () => {
  it("has at least 200 networks of up to 64 neurons, most of them over several epochs", () => {
    const sizes = vectors.networks.map(({ permits }) => permits.length);
    assert.ok(sizes.length >= 200 && Math.max(...sizes) > 48 && Math.max(...sizes) <= 64 && Math.min(...sizes) === 2);
    assert.ok(vectors.networks.filter(({ epochs }) => epochs.length > 1).length > 100);
    const paid = vectors.networks
      .flatMap(({ epochs }) => epochs)
      .filter(({ result }) => result.incentive.some((u16) => u16 > 0));
    assert.ok(paid.length > 200, "most of them give somebody an incentive");
  });

  it("gives the same shares, permits, bonds, emission and pruning scores, digit for digit", () => {
    for (const network of vectors.networks) {
      replay(network, ({ neurons }, result, where) => {
        for (const share of shares)
          assert.deepEqual(
            neurons.map((one) => one[share]),
            result[share],
            `${share}: ${where}`,
          );
        assert.deepEqual(
          neurons.map(({ permit }) => Number(permit)),
          result.permits,
          `permits: ${where}`,
        );
        assert.deepEqual(
          neurons.map(({ active }) => Number(active)),
          result.active,
          `active: ${where}`,
        );
        assert.deepEqual(
          neurons.map(({ emission }) => String(emission)),
          result.emission,
          `emission: ${where}`,
        );
        assert.deepEqual(
          neurons.map(({ pruningScore }) => pruningScore),
          result.pruningScores,
          `pruning: ${where}`,
        );
        assert.deepEqual(
          neurons.map(({ bonds }) => bonds),
          result.bonds,
          `bonds: ${where}`,
        );
      });
    }
  });

  it("pays the same stakes, but for the unit that the validator's take rounds away", () => {
    for (const network of vectors.networks) {
      replay(network, ({ stakes }, result, where) => {
        result.stakes.forEach((expected, uid) => {
          const difference = (stakes.get(hotkeyOf(uid)) ?? 0n) - BigInt(expected);
          assert.ok(difference === 0n || difference === 1n, `uid ${uid} is off by ${difference}: ${where}`);
        });
      });
    }
  });
});
