import assert from "node:assert/strict";
import { test } from "node:test";
import type { Metagraph } from "#shared/chain/chain.js";
import type { Call } from "#shared/chain/devchain/calls.js";
import { genesisSchema } from "#shared/chain/devchain/genesis.js";
import { readVoters } from "#shared/chain/voters.js";
import type { Network } from "#shared/protocol/network.js";
import { cycleLength, phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord } from "#shared/protocol/records.js";
import { isMajority, permittedStakes, type Stakes } from "#shared/protocol/voting/stake.js";
import type { CycleContext } from "#shared/replay/source.js";
import { genesisState } from "#shared/simulators/devchain/apply.js";
import { coinbase } from "#shared/simulators/devchain/coinbase.js";
import { dispatch } from "#shared/simulators/devchain/dispatch.js";
import { type ChainState, uidOf } from "#shared/simulators/devchain/state.js";
import { subnetOf } from "#shared/simulators/devchain/subnet.js";
import { commitmentsOf, metagraphOf } from "#shared/simulators/devchain/views.js";
import { template } from "../../support/micro-network.js";

const OWNER = "5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw";
const VALIDATOR = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const MINERS = [
  "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
  "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y",
  "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy",
  "5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL",
];

/** 56 blocks, as the localnet's. */
const phases = { distribute: 4, train: 20, commit: 3, reveal: 3, evaluate: 8, exchange: 4, choose: 8, merge: 6 };
const network: Network = { ...template, genesis: "0".repeat(64), phases };
const networkHash = "3009be769fb8f956e8413ee9f3e0836e34968bc40457d0a10c549d2edcf00cc1";
const { netuid } = network;
const short = networkHash.slice(0, 8);
const CYCLES = 600;

/** 10,000 tokens of stake are worth this much in a new subnet's own token; it pays one token a block, 18 % of them to its owner. */
const BOUGHT = "916750000000";

const chain = genesisSchema.parse({
  sudo: OWNER,
  emissionPerBlock: "1000000000",
  subnets: [
    {
      netuid,
      ownerHotkey: OWNER,
      neurons: [VALIDATOR, ...MINERS],
      stakes: { [VALIDATOR]: BOUGHT },
      hyperParameters: { tempo: cycleLength(phases) - 1, weightsRateLimit: phases.merge },
    },
  ],
});

/** A cycle on the runtime's arithmetic and by its rules. What is seen is the state at the end of the choose phase, when all that votes has voted. */
const live = (before: ChainState, cycle: number, isAway: boolean): { seen: ChainState; after: ChainState } => {
  let state = before;
  let seen = before;
  const choose = phaseWindow(cycle, "choose", phases);
  const { end } = phaseWindow(cycle, "merge", phases);
  const commits = phaseWindow(cycle, "commit", phases).start;
  while (state.block < end - 1) {
    const block = state.block + 1;
    state = { ...coinbase(state, block), block };
    const put = (signer: string, call: Call) => {
      state = dispatch(state, call, { signer, block });
    };
    const record = (signer: string, data: string) => put(signer, { name: "setCommitment", args: { netuid, data } });
    if (block === commits)
      for (const miner of MINERS)
        record(miner, encodeRecord({ type: "commit", network: short, cycle, commitment: networkHash }));
    if (block === choose.start && !isAway)
      record(VALIDATOR, encodeRecord({ type: "ballot", network: short, cycle, votes: [null, null] }));
    if (block === choose.end - 1) seen = state;
    if (block === choose.end && !isAway)
      put(VALIDATOR, {
        name: "setWeights",
        args: {
          netuid,
          dests: MINERS.map((hotkey) => uidOf(subnetOf(state, netuid), hotkey)!),
          weights: [4, 3, 2, 1],
          versionKey: 0,
        },
      });
  }
  return { seen, after: state };
};

const metagraphIn = (state: ChainState): Metagraph => {
  const { neurons, ...rest } = metagraphOf(subnetOf(state, netuid), state);
  return {
    ...rest,
    neurons: neurons.map((neuron) => ({ ...neuron, stake: BigInt(neuron.stake), emission: BigInt(neuron.emission) })),
  };
};

const votersIn = (state: ChainState, cycle: number): Promise<Stakes> => {
  const never = () => assert.fail("voting reads nothing else");
  const reads: CycleContext["chain"] = {
    metagraph: async () => metagraphIn(state),
    commitments: async () => commitmentsOf(subnetOf(state, netuid)),
    blockHash: never,
    timestamp: never,
    pulse: never,
  };
  return readVoters({ chain: reads, network, networkHash }, cycle, state.block).then(({ stakes }) => stakes);
};

const hasMajority = (stakes: Stakes): boolean => isMajority(stakes.get(VALIDATOR) ?? 0n, stakes);

test("what miners and the owner earn gives them permits, and by those alone the validator would lose its majority; it keeps it for 600 cycles", async () => {
  // For longer than `silent_after`, and long after the others' stake has grown past its own.
  const away = { from: 400, to: 415 };
  let state = genesisState(chain);
  const lostByPermits: number[] = [];
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    // Permits come with the first epoch.
    const isAway = cycle === 0 || (cycle >= away.from && cycle < away.to);
    const { seen, after } = live(state, cycle, isAway);
    state = after;
    if (cycle === 0) continue;
    if (!hasMajority(permittedStakes(metagraphIn(seen).neurons))) lostByPermits.push(cycle);
    assert.deepEqual([...(await votersIn(seen, cycle)).keys()], [VALIDATOR], `who votes in cycle ${cycle}`);
  }
  const [first] = lostByPermits;
  // Some 5,000 blocks.
  assert.ok(first !== undefined && first > 80 && first < 110, `by permits it is lost in cycle ${first}`);
  assert.equal(lostByPermits.length, CYCLES - first, "and for good");
  const permitted = permittedStakes(metagraphIn(state).neurons);
  assert.deepEqual(new Set(permitted.keys()), new Set([OWNER, VALIDATOR, ...MINERS]));
});
