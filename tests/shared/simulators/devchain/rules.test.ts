import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type Call, callSchema } from "#shared/chain/devchain/calls.js";
import type { Extrinsic } from "#shared/chain/devchain/extrinsic.js";
import { genesisSchema, type HyperParameterChange } from "#shared/chain/devchain/genesis.js";
import type { LocalKey } from "#shared/protocol/signer.js";
import { applyBlock, genesisState, nonceOf } from "#shared/simulators/devchain/apply.js";
import { type Block, extrinsicsRoot } from "#shared/simulators/devchain/block.js";
import { isEpoch, nextEpoch, tempoIndex, tempoStart } from "#shared/simulators/devchain/epochs.js";
import type { ChainState } from "#shared/simulators/devchain/state.js";
import { stakeOf, subnetOf } from "#shared/simulators/devchain/subnet.js";
import { coded } from "#tests/support/coded.js";
import { localExtrinsic } from "../../../support/local-signing.js";
import { type Keys, makeGenesis, makeKeys, NETUID, TOKEN } from "../../chain/support.js";

let keys: Keys;
before(async () => {
  keys = await makeKeys();
});

const start = (change: HyperParameterChange = {}): ChainState =>
  genesisState(genesisSchema.parse(makeGenesis(keys, change)));

const blockOn = (parent: ChainState, extrinsics: readonly Extrinsic[] = []): Block => ({
  header: {
    number: parent.block + 1,
    parent: parent.blockHash,
    timestamp: parent.timestamp + 1,
    extrinsicsRoot: extrinsicsRoot(extrinsics),
  },
  extrinsics: [...extrinsics],
});

const empty = (state: ChainState, count: number): ChainState =>
  Array.from({ length: count }).reduce<ChainState>((at) => applyBlock(at, blockOn(at)).state, state);

/** Puts calls into one block. */
const put = (state: ChainState, ...calls: readonly (readonly [LocalKey, Call])[]) => {
  const sent = new Map<string, number>();
  const extrinsics = calls.map(([signer, call]) => {
    const nonce = nonceOf(state, signer.address) + (sent.get(signer.address) ?? 0);
    sent.set(signer.address, (sent.get(signer.address) ?? 0) + 1);
    return localExtrinsic(state.genesisHash, nonce, call, signer);
  });
  const { state: after, outcomes } = applyBlock(state, blockOn(state, extrinsics));
  return { state: after, reasons: outcomes.map(({ error }) => error?.reason ?? "ok"), outcomes };
};

const register = (signer: LocalKey, netuid = NETUID): readonly [LocalKey, Call] => [
  signer,
  { name: "burnedRegister", args: { netuid, hotkey: signer.address } },
];
const commit = (signer: LocalKey, data: string, netuid = NETUID): readonly [LocalKey, Call] => [
  signer,
  { name: "setCommitment", args: { netuid, data } },
];
const weigh = (signer: LocalKey, dests: number[], weights: number[], versionKey = 0): readonly [LocalKey, Call] => [
  signer,
  { name: "setWeights", args: { netuid: NETUID, dests, weights, versionKey } },
];
const subnet = (state: ChainState) => subnetOf(state, NETUID);
/** At block 2 of tempo 4 and netuid 1 the first epoch has run: the validator has its permit. */
const withPermit = (change: HyperParameterChange = {}) => empty(start(change), 2);

describe("registration", () => {
  it("gives the next uid and makes the signer the coldkey", () => {
    const { state, reasons } = put(start(), register(keys.other));
    assert.deepEqual(reasons, ["ok"]);
    const neuron = subnet(state).neurons[3]!;
    assert.deepEqual([neuron.hotkey, neuron.coldkey, neuron.registeredAt], [keys.other.address, keys.other.address, 1]);
  });

  it("refuses twice, unknown subnets, another's hotkey, too many in a block, and who cannot pay", () => {
    assert.deepEqual(put(start(), register(keys.miner)).reasons, ["HotKeyAlreadyRegisteredInSubNet"]);
    assert.deepEqual(put(start(), register(keys.other, 9)).reasons, ["SubNetworkDoesNotExist"]);
    const { state } = put(start({ maxRegistrationsPerBlock: 5 }), [
      keys.other,
      { name: "burnedRegister", args: { netuid: NETUID, hotkey: keys.miner.address } },
    ]);
    assert.equal(subnet(state).neurons.length, 3);
    const both = put(start(), register(keys.other), register(keys.sudo));
    assert.deepEqual(both.reasons, ["ok", "TooManyRegistrationsThisBlock"]);
    assert.deepEqual(put(both.state, register(keys.sudo)).reasons, ["ok"]);
    assert.deepEqual(put(start({ burn: "1" }), register(keys.sudo)).reasons, ["NotEnoughBalanceToStake"]);
  });

  it("refuses a hotkey that belongs to another coldkey", () => {
    const created: Call = callSchema.parse({
      name: "sudo",
      args: { calls: [{ name: "createSubnet", args: { netuid: 2, ownerHotkey: keys.owner.address } }] },
    });
    const { state } = put(start(), [keys.sudo, created]);
    const theft: Call = { name: "burnedRegister", args: { netuid: 2, hotkey: keys.miner.address } };
    assert.deepEqual(put(state, [keys.other, theft]).reasons, ["NonAssociatedColdKey"]);
  });

  it("burns the price", () => {
    const { state } = put(start({ burn: String(2n * TOKEN) }), register(keys.other));
    assert.equal(state.balances.get(keys.other.address), 3n * TOKEN);
  });

  it("replaces the neuron with the least pruning score when full, never the owner", () => {
    const paid = empty(put(withPermit({ maxUids: 3 }), weigh(keys.validator, [2], [1])).state, 5);
    const scores = subnet(paid).neurons.map(({ pruningScore }) => pruningScore);
    assert.ok(scores[2]! > 0 && scores[1]! > 0 && scores[0] === 0);
    const { state } = put(paid, register(keys.other));
    assert.deepEqual(
      subnet(state).neurons.map(({ hotkey }) => hotkey),
      [keys.owner.address, keys.other.address, keys.miner.address],
    );
  });

  it("hands the predecessor's permit, weights and last update on, as the runtime does, and nothing that was earned", () => {
    const full = put(withPermit({ maxUids: 3 }), weigh(keys.miner, [2], [1])).state;
    const { state, reasons } = put(full, register(keys.other));
    assert.deepEqual(reasons, ["ok"]);
    const [was, is] = [subnet(full).neurons[2]!, subnet(state).neurons[2]!];
    assert.deepEqual([is.permit, is.weights, is.lastUpdate], [was.permit, was.weights, was.lastUpdate]);
    assert.deepEqual([is.hotkey, is.registeredAt, is.emission, is.bonds.length], [keys.other.address, 4, 0n, 0]);
    assert.equal(is.pruningScore, 65535, "the next newcomer takes another uid");
  });

  it("replaces immune neurons only where there are no others", () => {
    const { state } = put(start({ maxUids: 3, immunityPeriod: 100 }), register(keys.other));
    assert.equal(subnet(state).neurons[1]!.hotkey, keys.other.address);
  });

  it("leaves the predecessor's commitment readable", () => {
    const full = put(start({ maxUids: 3 }), commit(keys.validator, "old")).state;
    const { state } = put(full, register(keys.other));
    assert.equal(subnet(state).commitments.get(keys.validator.address)?.data, "old");
  });
});

describe("commitments", () => {
  it("keeps the text and its block, for registered hotkeys only", () => {
    const { state, reasons } = put(
      start(),
      commit(keys.miner, "héllo"),
      commit(keys.other, "x"),
      commit(keys.miner, "y", 7),
    );
    assert.deepEqual(reasons, ["ok", "AccountNotAllowedCommit", "AccountNotAllowedCommit"]);
    const { data, block } = subnet(state).commitments.get(keys.miner.address)!;
    assert.deepEqual([data, block], ["héllo", 1]);
  });

  it("holds 128 bytes of UTF-8, not more", () => {
    const valid = (data: string) => callSchema.safeParse(commit(keys.miner, data)[1]).success;
    assert.ok(valid("é".repeat(64)));
    assert.ok(!valid(`${"é".repeat(64)}x`));
    assert.ok(!valid("\ud800"), "a lone surrogate is no UTF-8");
  });

  it("limits the space of a tempo", () => {
    const many = put(start(), ...Array.from({ length: 32 }, (_, i) => commit(keys.miner, `record ${i}`)));
    assert.equal(many.reasons.filter((reason) => reason === "ok").length, 31);
    assert.equal(many.reasons.at(-1), "SpaceLimitExceeded");
    assert.match(many.outcomes.at(-1)!.error!.message, /retry at block 3$/);
    assert.deepEqual(put(empty(many.state, 1), commit(keys.miner, "again")).reasons, ["ok"]);
  });
});

describe("weights", () => {
  it("needs a permit, except for oneself alone", () => {
    assert.deepEqual(put(start(), weigh(keys.validator, [2], [1])).reasons, ["NeuronNoValidatorPermit"]);
    assert.deepEqual(put(start(), weigh(keys.validator, [1], [1])).reasons, ["ok"]);
    const { state, reasons } = put(withPermit(), weigh(keys.validator, [2, 0], [1, 2]));
    assert.deepEqual(reasons, ["ok"]);
    assert.deepEqual(subnet(state).neurons[1]!.weights, [
      [2, 32768],
      [0, 65535],
    ]);
    assert.equal(subnet(state).neurons[1]!.lastUpdate, 3);
  });

  it("names what is wrong with them", () => {
    const reason = (call: readonly [LocalKey, Call], change?: HyperParameterChange) =>
      put(withPermit(change), call).reasons[0];
    assert.equal(reason(weigh(keys.validator, [2], [1, 2])), "WeightVecNotEqualSize");
    assert.equal(reason(weigh(keys.validator, [0, 1, 2, 3], [1, 1, 1, 1])), "UidsLengthExceedUidsInSubNet");
    assert.equal(reason(weigh(keys.other, [2], [1])), "HotKeyNotRegisteredInSubNet");
    assert.equal(reason(weigh(keys.validator, [2], [1]), { stakeThreshold: "9000000000000000" }), "StakeAmountTooLow");
    assert.equal(reason(weigh(keys.validator, [2], [1], 6), { weightsVersion: 7 }), "IncorrectWeightVersionKey");
    assert.equal(reason(weigh(keys.validator, [2], [1], 7), { weightsVersion: 7 }), "ok");
    assert.equal(reason(weigh(keys.validator, [2, 2], [1, 1])), "DuplicateUids");
    assert.equal(reason(weigh(keys.validator, [5], [1])), "UidVecContainInvalidOne");
    assert.equal(reason(weigh(keys.validator, [2], [1]), { minAllowedWeights: 2 }), "WeightVecLengthIsLow");
    assert.equal(callSchema.safeParse(weigh(keys.validator, [2], [65536])[1]).success, false);
  });

  it("may be set again only after the rate limit, and the refusal says when", () => {
    const { state } = put(withPermit({ weightsRateLimit: 4 }), weigh(keys.validator, [2], [1]));
    const early = put(empty(state, 2), weigh(keys.validator, [2], [1]));
    assert.deepEqual(early.reasons, ["SettingWeightsTooFast"]);
    assert.match(early.outcomes[0]!.error!.message, /retry at block 7$/);
    assert.deepEqual(put(empty(state, 3), weigh(keys.validator, [2], [1])).reasons, ["ok"]);
  });
});

describe("stake and sudo", () => {
  it("moves balance to stake and refuses what is not there", () => {
    const stake = (amount: string, hotkey = keys.miner.address): readonly [LocalKey, Call] => [
      keys.other,
      { name: "addStake", args: { netuid: NETUID, hotkey, amount } },
    ];
    const { state, reasons } = put(start(), stake(String(2n * TOKEN)), stake(String(4n * TOKEN)), stake("1999999"));
    assert.deepEqual(reasons, ["ok", "BalanceTooLow", "StakeAmountTooLow"]);
    assert.equal(stakeOf(subnet(state), keys.miner.address), 2n * TOKEN);
    assert.equal(state.balances.get(keys.other.address), 3n * TOKEN);
    assert.deepEqual(put(start(), stake(String(TOKEN), keys.other.address)).reasons, ["HotkeyAccountDoesntExist"]);
  });

  it("obeys the sudo key alone, and does all of a batch or none of it", () => {
    const batch = (...calls: object[]): Call => callSchema.parse({ name: "sudo", args: { calls } });
    const faucet = { name: "faucet", args: { account: keys.miner.address, amount: "5" } };
    assert.deepEqual(put(start(), [keys.other, batch(faucet)]).reasons, ["RequireSudo"]);
    const broken = put(start(), [
      keys.sudo,
      batch(faucet, { name: "setStake", args: { netuid: 9, hotkey: keys.miner.address, amount: "1" } }),
    ]);
    assert.deepEqual(broken.reasons, ["SubNetworkDoesNotExist"]);
    assert.equal(broken.state.balances.has(keys.miner.address), false);
    const { state, reasons } = put(start(), [
      keys.sudo,
      batch(
        faucet,
        { name: "createSubnet", args: { netuid: 2, ownerHotkey: keys.owner.address } },
        { name: "setHyperParameters", args: { netuid: 2, change: { tempo: 7 } } },
        { name: "setStake", args: { netuid: 2, hotkey: keys.owner.address, amount: "9" } },
      ),
    ]);
    assert.deepEqual(reasons, ["ok"]);
    const made = subnetOf(state, 2);
    assert.deepEqual([made.hyperParameters.tempo, made.hyperParameters.maxUids], [7, 256]);
    assert.equal(made.neurons[0]!.hotkey, keys.owner.address);
    assert.equal(stakeOf(made, keys.owner.address), 9n);
    const again = batch({ name: "createSubnet", args: { netuid: 2, ownerHotkey: keys.owner.address } });
    assert.deepEqual(put(state, [keys.sudo, again]).reasons, ["SubnetAlreadyExists"]);
    const shrink = batch({ name: "setHyperParameters", args: { netuid: NETUID, change: { maxUids: 2 } } });
    assert.deepEqual(put(state, [keys.sudo, shrink]).reasons, ["InvalidHyperParameter"]);
  });
});

describe("epochs", () => {
  it("run where (block + netuid + 1) mod (tempo + 1) is the tempo", () => {
    const blocks = (netuid: number, tempo: number) =>
      Array.from({ length: 12 }, (_, block) => block).filter((block) => isEpoch(netuid, tempo, block));
    assert.deepEqual(blocks(1, 4), [2, 7]);
    assert.deepEqual(blocks(0, 4), [3, 8]);
    assert.deepEqual(blocks(1, 0), []);
  });

  it("are counted and foreseen", () => {
    const schedule = (netuid: number, tempo: number) => ({ netuid, hyperParameters: { tempo } });
    assert.deepEqual(
      [0, 1, 2, 3, 7].map((block) => nextEpoch(schedule(1, 4), block)),
      [2, 2, 7, 7, 12],
    );
    assert.equal(nextEpoch(schedule(1, 0), 5), undefined);
    assert.deepEqual(
      [2, 3, 7, 8].map((block) => tempoIndex(schedule(1, 4), block)),
      [0, 1, 1, 2],
    );
    assert.equal(tempoStart(schedule(1, 4), 2), 8);
  });

  it("pay what has gathered since the last: 18 % owner, 41 % miners, 41 % validators", () => {
    const first = put(withPermit(), weigh(keys.validator, [2], [1])).state;
    const stakes = (state: ChainState) =>
      [keys.owner, keys.miner, keys.validator].map(({ address }) => stakeOf(subnet(state), address));
    const before = stakes(first);
    const after = stakes(empty(first, 4));
    const [owner, miner, validator] = after.map((amount, i) => Number(amount - before[i]!) / Number(TOKEN));
    assert.ok(Math.abs(owner! - 0.9) < 1e-3 && Math.abs(miner! - 2.05) < 1e-3 && Math.abs(validator! - 2.05) < 1e-3);
    assert.ok(owner! + miner! + validator! <= 5);
    assert.equal(subnet(empty(first, 4)).pendingEmission, 0n);
    assert.deepEqual(stakes(empty(first, 8)), after, "nothing more until the next epoch");
  });

  it("burn the incentive of the owner", () => {
    const state = put(withPermit(), weigh(keys.validator, [0], [1])).state;
    const owner = (at: ChainState) => stakeOf(subnet(at), keys.owner.address);
    const earned = Number(owner(empty(state, 4)) - owner(state)) / Number(TOKEN);
    assert.ok(Math.abs(earned - 0.9) < 1e-3);
  });
});

describe("blocks", () => {
  const invalid = (run: () => unknown, what: RegExp) => assert.throws(run, coded("BLOCK_INVALID", what));

  it("leave their parent's state as it was and share what they do not touch", () => {
    const parent = withPermit();
    const snapshot = structuredClone({ ...parent });
    const { state } = put(parent, commit(keys.miner, "x"));
    assert.deepEqual(structuredClone({ ...parent }), snapshot);
    assert.equal(subnet(state).stakes, subnet(parent).stakes);
    assert.equal(state.owners, parent.owners);
  });

  it("are refused with a forged, replayed or foreign extrinsic, or out of order", () => {
    const state = start();
    const [signer, call] = commit(keys.miner, "x");
    const good = localExtrinsic(state.genesisHash, 0, call, signer);
    const apply = (at: ChainState, extrinsic: Extrinsic) => () => applyBlock(at, blockOn(at, [extrinsic]));
    invalid(apply(state, { ...good, call: commit(keys.miner, "y")[1] }), /not signed/);
    invalid(apply(state, { ...good, signer: keys.other.address }), /not signed/);
    invalid(apply(state, localExtrinsic("0".repeat(64), 0, call, signer)), /another chain/);
    const after = applyBlock(state, blockOn(state, [good])).state;
    invalid(apply(after, good), /nonce 0/);
    invalid(() => applyBlock(after, blockOn(state)), /does not follow/);
    const block = blockOn(state, [good]);
    invalid(() => applyBlock(state, { ...block, extrinsics: [] }), /extrinsics/);
    invalid(() => applyBlock(state, { ...block, header: { ...block.header, parent: "1".repeat(64) } }), /parent/);
    invalid(() => applyBlock(state, { ...block, header: { ...block.header, timestamp: 0 } }), /time/);
  });

  it("spend the nonce of an extrinsic that a rule forbids", () => {
    const { state } = put(start(), commit(keys.other, "x"));
    assert.equal(nonceOf(state, keys.other.address), 1);
  });
});
