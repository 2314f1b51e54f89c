import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { type Call, callSchema } from "#shared/chain/devchain/calls.js";
import { genesisSchema, type HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import type { U16Row } from "#shared/chain/yuma/epoch.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import { applyBlock, genesisState, nonceOf } from "#shared/simulators/devchain/apply.js";
import { extrinsicsRoot } from "#shared/simulators/devchain/block.js";
import type { ChainState } from "#shared/simulators/devchain/state.js";
import { subnetOf } from "#shared/simulators/devchain/subnet.js";
import { signerFromUri } from "#shared/wallet/signer.js";
import { localExtrinsic } from "../../../support/local-signing.js";

/** What the real runtime said to the same calls, recorded by `tests/interop/rules-record.ts`. Keys are secret URIs. */
interface Vectors {
  readonly netuid: number;
  readonly tempo: number;
  /** Balance of a signer for whom the case names none. */
  readonly rich: string;
  readonly beaconSeed: string;
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly hyperParameters: HyperParameterChange;
  readonly neurons: readonly string[];
  readonly stakes: Readonly<Record<string, string>>;
  readonly balances: Readonly<Record<string, string>>;
  readonly steps: readonly {
    readonly block: number;
    readonly calls: readonly (readonly [uri: string, call: Call])[];
  }[];
  /** Of every call of every step: the error's name, or "ok". */
  readonly outcomes: readonly (readonly string[])[];
  readonly after: {
    readonly neurons: readonly {
      readonly hotkey: string;
      readonly permit: boolean;
      readonly active: boolean;
      readonly lastUpdate: number;
      readonly registeredAt: number;
      readonly pruningScore: number;
      readonly weights: U16Row;
      readonly axonBlock: number | null;
    }[];
    readonly commitments: readonly { readonly hotkey: string; readonly data: string; readonly block: number }[];
    readonly burn: string;
  };
}

const file = new URL("../../../../../tests/vectors/subtensor/rules.json", import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, "utf8"));
const { netuid, tempo } = vectors;
const BLOCK_MS = 1000;

const signers = new Map<string, LocalKey>();
before(async () => {
  const named = vectors.cases.flatMap(({ neurons, steps }) => [
    ...neurons,
    ...steps.flatMap(({ calls }) => calls.map(([uri]) => uri)),
  ]);
  for (const uri of new Set(["//Owner", ...named])) signers.set(uri, await signerFromUri(uri));
});
const addressOf = (uri: string): string => signers.get(uri)!.address;
const byAddress = (record: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([uri, amount]) => [addressOf(uri), amount]));

/** The devchain in the case's first state. One round of the beacon a block, as the recorder published them. */
const start = ({ hyperParameters, neurons, stakes, balances, steps }: Case): ChainState => {
  const callers = steps.flatMap(({ calls }) => calls.map(([uri]) => uri));
  const rich = Object.fromEntries(callers.map((uri) => [uri, vectors.rich]));
  return genesisState(
    genesisSchema.parse({
      sudo: addressOf("//Owner"),
      balances: byAddress({ ...rich, ...balances }),
      emissionPerBlock: "0",
      drand: { seed: vectors.beaconSeed, genesisTime: 0, period: BLOCK_MS / 1000 },
      subnets: [
        {
          netuid,
          ownerHotkey: addressOf("//Owner"),
          neurons: neurons.map(addressOf),
          stakes: byAddress(stakes),
          hyperParameters: { tempo, ...hyperParameters },
        },
      ],
    }),
  );
};

const put = (state: ChainState, calls: readonly (readonly [string, Call])[]) => {
  const sent = new Map<string, number>();
  const extrinsics = calls.map(([uri, call]) => {
    const signer = signers.get(uri)!;
    const nonce = nonceOf(state, signer.address) + (sent.get(uri) ?? 0);
    sent.set(uri, (sent.get(uri) ?? 0) + 1);
    return localExtrinsic(state.genesisHash, nonce, callSchema.parse(call), signer);
  });
  const header = {
    number: state.block + 1,
    parent: state.blockHash,
    timestamp: state.timestamp + BLOCK_MS,
    extrinsicsRoot: extrinsicsRoot(extrinsics),
  };
  const { state: after, outcomes } = applyBlock(state, { header, extrinsics });
  return { after, outcomes: outcomes.map(({ error }) => error?.reason ?? "ok") };
};

const replay = (ruleCase: Case) => {
  let state = start(ruleCase);
  const outcomes = ruleCase.steps.map(({ block, calls }) => {
    while (state.block < block - 1) state = put(state, []).after;
    const result = put(state, calls);
    state = result.after;
    return result.outcomes;
  });
  return { state, outcomes };
};

const observe = (state: ChainState): Case["after"] => {
  const { neurons, axons, commitments, hyperParameters } = subnetOf(state, netuid);
  return {
    neurons: neurons.map(({ hotkey, permit, active, lastUpdate, registeredAt, pruningScore, weights }) => ({
      hotkey,
      permit,
      active,
      lastUpdate,
      registeredAt,
      pruningScore,
      weights,
      axonBlock: axons.get(hotkey)?.block ?? null,
    })),
    commitments: [...commitments]
      .map(([hotkey, { data, block }]) => ({ hotkey, data, block }))
      .sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1)),
    burn: hyperParameters.burn,
  };
};

describe("the rules against the real runtime's", () => {
  for (const ruleCase of vectors.cases) {
    it(ruleCase.name, () => {
      const { state, outcomes } = replay(ruleCase);
      assert.deepEqual(outcomes, ruleCase.outcomes);
      assert.deepEqual(observe(state), ruleCase.after);
    });
  }

  it("covers the errors that the toolkit can meet", () => {
    const met = new Set(vectors.cases.flatMap(({ outcomes }) => outcomes.flat()));
    const missing = expectedErrors.filter((name) => !met.has(name));
    assert.deepEqual(missing, []);
    assert.ok(vectors.cases.length >= 40);
  });
});

const expectedErrors = [
  "AccountNotAllowedCommit",
  "BalanceTooLow",
  "CanNotSetRootNetworkWeights",
  "CommitRevealDisabled",
  "CommitRevealEnabled",
  "CommittingWeightsTooFast",
  "DuplicateUids",
  "ExpiredWeightCommit",
  "HotKeyAlreadyRegisteredInSubNet",
  "HotKeyNotRegisteredInNetwork",
  "HotKeyNotRegisteredInSubNet",
  "HotkeyAccountDoesntExist",
  "IncorrectWeightVersionKey",
  "InvalidIpAddress",
  "InvalidPort",
  "InvalidRevealCommitHashNotMatch",
  "MaxWeightExceeded",
  "NeuronNoValidatorPermit",
  "NoWeightsCommitFound",
  "NonAssociatedColdKey",
  "NotEnoughBalanceToStake",
  "RateLimitExceeded",
  "RegistrationNotPermittedOnRootSubnet",
  "RevealTooEarly",
  "ServingRateLimitExceeded",
  "SettingWeightsTooFast",
  "SpaceLimitExceeded",
  "StakeAmountTooLow",
  "SubNetRegistrationDisabled",
  "SubNetworkDoesNotExist",
  "SubnetDoesntExist",
  "TooManyRegistrationsThisBlock",
  "TooManyUnrevealedCommits",
  "UidVecContainInvalidOne",
  "UidsLengthExceedUidsInSubNet",
  "WeightVecLengthIsLow",
  "WeightVecNotEqualSize",
];
