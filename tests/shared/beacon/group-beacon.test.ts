import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formGroup, type Group } from "#shared/beacon/group/form-group.js";
import {
  type GroupFile,
  groupFile,
  groupFileBytes,
  keysOfFile,
  readGroupFile,
} from "#shared/beacon/group/group-file.js";
import { groupBeacon } from "#shared/beacon/group/read.js";
import { combinePartials, groupValue } from "#shared/beacon/group/sign.js";
import { isWeaker } from "#shared/beacon/value.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { roundAt } from "#shared/chain/timelock/beacon.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256, u64le } from "#shared/protocol/hash.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { standInCrypto } from "./crypto.js";
import { groupVectors, members, membership, network, signed } from "./group-vectors.js";
import { NETUID, PHASES, simulatedChain, VOTING } from "./simulated-chain.js";

const { cycle, signature, partials } = groupVectors;
const [first, second, third] = ["first", "second", "third"].map((name) => standInCrypto.signer(name).address) as [
  string,
  string,
  string,
];
const miner = members[0]!;
/** Of cycle 5: documents and statements in 132 to 137, its commit phase 144 to 147, signatures in 148 and 149, the deciding block. */
const STATED = 133;
const CLOSING = 143;
const DECIDING = 149;
const times = Array.from({ length: 200 }, (_, block) => 1_000_000_000 + 12_000 * block);
const drand = { public_key: standInCrypto.publicKey, genesis_time: 0, period: 3, delay: 5 };
const at = { network: shortHash(network), cycle };
const location = "http://10.0.0.7:9000";
const pulseRecord = (pulse: string, of = cycle) => encodeRecord({ type: "pulse", ...at, cycle: of, pulse });

const dealings = new Map(groupVectors.dealings.map((dealing) => [dealing.hotkey, dealing]));
const formed = await formGroup(membership, { dealings, complaints: new Map(), answers: new Map() });
const file = groupFile({ ...formed, group: formed.group as Group });
const bytes = groupFileBytes(file);
const stating = (group = sha256(bytes), of = cycle) =>
  encodeRecord({ type: "group", ...at, cycle: of, group, location });

/** A record, of whom, in which block. */
type Placed = readonly [block: number, hotkey: string, data: string];

interface Options {
  readonly hasPulse?: boolean;
  readonly files?: readonly Uint8Array[];
}

const setUp = ({ hasPulse = true, files = [bytes] }: Options = {}) => {
  const round = roundAt(times[CLOSING]!, { genesisTime: 0, period: 3 }) + drand.delay;
  const simulated = simulatedChain({
    crypto: standInCrypto,
    times,
    neurons: [
      { uid: 0, hotkey: miner, stake: 0n },
      { uid: 1, hotkey: first, stake: 5n },
      { uid: 2, hotkey: second, stake: 5n },
      { uid: 3, hotkey: third, stake: 5n },
    ],
    pulseFrom: (asked) => (hasPulse && asked === round ? CLOSING + 2 : Number.POSITIVE_INFINITY),
    hashes: new Map([[CLOSING, groupVectors.closing]]),
  });
  const beacon = groupBeacon({
    chain: simulated.chain,
    network: { netuid: NETUID, phases: PHASES, voting: VOTING, first_cycle: 1 },
    networkHash: network,
    drand,
    timelock: standInCrypto.timelock,
    // Cycle 5 is the first that the group of cycle 1 signs.
    rules: { every: 6, shares: 5, threshold: 3 },
    verify: standInCrypto.verify,
    fetch: async ({ hash }) => {
      const found = files.find((one) => sha256(one) === hash);
      if (found) return found;
      throw new BlockZeroError("FETCH_NOT_FOUND", `nobody has ${hash}`, "ask again");
    },
  });
  return { beacon, put: simulated.put, round };
};

const pulseValue = (round: number) => {
  const head = [Buffer.from("blockzero/beacon-pulse/1"), Buffer.from(network, "hex"), u64le(cycle)];
  return sha256(...head, standInCrypto.pulse(round), Buffer.from(groupVectors.closing, "hex"));
};

describe("a group's value", () => {
  it("is that of the signature which a validator put on chain, beside others that are none", async () => {
    const { beacon, put } = setUp();
    for (const hotkey of [first, second]) put(STATED, hotkey, stating());
    put(148, second, pulseRecord(partials[miner]![0]!));
    put(149, first, pulseRecord(signature));
    const value = await beacon.value(cycle);
    assert.deepEqual(value, {
      value: groupValue({ network, cycle }, signature),
      origin: "group",
      contributors: members,
      dropped: [],
    });
    assert.equal(value.value, groupVectors.value);
    assert.equal(isWeaker(value), false);
  });

  it("falls back to the pulse where the signature is late, early, a stranger's, of another cycle or none", async () => {
    const cases: readonly Placed[] = [
      [150, first, pulseRecord(signature)],
      [147, first, pulseRecord(signature)],
      [148, miner, pulseRecord(signature)],
      [148, first, pulseRecord(signature, cycle + 1)],
      [148, first, pulseRecord("ff".repeat(48))],
      [148, first, "bz1:pulse:nonsense"],
    ];
    for (const [block, hotkey, data] of cases) {
      const { beacon, put, round } = setUp();
      for (const one of [first, second, third]) put(STATED, one, stating());
      put(block, hotkey, data);
      const { value, origin } = await beacon.value(cycle);
      assert.deepEqual([value, origin], [pulseValue(round), "pulse"]);
    }
  });

  it("falls back where no majority stated a group in time, or stated what is none", async () => {
    const garbage = Buffer.from("no group");
    const foreign = groupFileBytes({ ...file, network: "0".repeat(64) });
    const later = groupFileBytes({ ...file, cycle: cycle + 1 });
    const two = (group?: string, of?: number) =>
      [first, second].map((hotkey): Placed => [STATED, hotkey, stating(group, of)]);
    const cases: readonly (readonly Placed[])[] = [
      [[STATED, first, stating()]],
      [
        [STATED, first, stating()],
        [STATED, second, stating("1".repeat(64))],
        [STATED, third, stating("2".repeat(64))],
      ],
      [
        [STATED, first, stating()],
        [138, second, stating()],
        [131, third, stating()],
      ],
      two(sha256(bytes), cycle - 1),
      ...[garbage, foreign, later].map((one) => two(sha256(one))),
    ];
    for (const records of cases) {
      const { beacon, put, round } = setUp({ files: [bytes, garbage, foreign, later] });
      for (const [block, hotkey, data] of records) put(block, hotkey, data);
      put(148, first, pulseRecord(signature));
      const { value, origin } = await beacon.value(cycle);
      assert.deepEqual([value, origin], [pulseValue(round), "pulse"]);
    }
  });

  it("is not there for whoever lacks the group's file, and never another one", async () => {
    const { beacon, put } = setUp({ files: [] });
    for (const hotkey of [first, second]) put(STATED, hotkey, stating());
    put(148, first, pulseRecord(signature));
    await assert.rejects(beacon.value(cycle), isFetchFault);
  });

  it("falls back to blocks without a group and a pulse", async () => {
    const { beacon, put } = setUp({ hasPulse: false });
    put(148, first, pulseRecord(signature));
    const value = await beacon.value(cycle);
    const hashes = [DECIDING - 1, DECIDING].map((block) => Buffer.from(sha256(Buffer.from(`block ${block}`)), "hex"));
    const head = [Buffer.from("blockzero/beacon-blocks/1"), Buffer.from(network, "hex"), u64le(cycle)];
    assert.deepEqual([value.value, value.origin], [sha256(...head, ...hashes), "blocks"]);
    assert.equal(isWeaker(value), true);
  });
});

describe("a group's file", () => {
  it("has all that partial signatures are combined with", async () => {
    const read = readGroupFile(bytes, { network, cycle });
    assert.ok(read.ok);
    const keys = keysOfFile(read.value);
    assert.ok(keys.ok);
    assert.equal(keys.value.publicKey, groupVectors.publicKey);
    assert.deepEqual(keys.value.membership.slots, membership.slots);
    const combined = await combinePartials(keys.value, new Map(Object.entries(partials)), signed);
    assert.deepEqual(combined, { signature, dropped: [] });
  });

  it("is refused where its members are not in order, have too many slots, or a commitment is no point", () => {
    const problemOf = (change: Partial<GroupFile>) => {
      const read = readGroupFile(groupFileBytes({ ...file, ...change }), { network, cycle });
      return read.ok ? null : read.problem;
    };
    assert.match(`${problemOf({ members: [...file.members].reverse() })}`, /not in order/);
    const heavy = file.members.map((one) => ({ ...one, slots: 43 }));
    assert.match(`${problemOf({ members: heavy })}`, /too many slots/);
    assert.equal(keysOfFile({ ...file, commitments: ["ff".repeat(96)] }).ok, false);
  });
});
