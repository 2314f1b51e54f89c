import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupBeacon } from "#shared/beacon/group/read.js";
import { groupValue } from "#shared/beacon/group/sign.js";
import { isWeaker } from "#shared/beacon/value.js";
import { roundAt } from "#shared/chain/timelock/beacon.js";
import { sha256, u64le } from "#shared/protocol/hash.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { standInCrypto } from "./crypto.js";
import { groupVectors, members, network } from "./group-vectors.js";
import { NETUID, PHASES, simulatedChain, VOTING } from "./simulated-chain.js";

const { cycle, publicKey, signature, partials } = groupVectors;
const [validator, other] = ["validator", "other"].map((name) => standInCrypto.signer(name).address) as [string, string];
const miner = members[0]!;
/** Of cycle 5: its commit phase covers 144 to 147, its reveal phase 148 to 151. */
const CLOSING = 143;
const DECIDING = 149;
const times = Array.from({ length: 200 }, (_, block) => 1_000_000_000 + 12_000 * block);
const drand = { public_key: standInCrypto.publicKey, genesis_time: 0, period: 3, delay: 5 };
const pulseRecord = (pulse: string, of = cycle) =>
  encodeRecord({ type: "pulse", network: shortHash(network), cycle: of, pulse });

const setUp = (hasPulse = true, key: string | null = publicKey) => {
  const round = roundAt(times[CLOSING]!, { genesisTime: 0, period: 3 }) + drand.delay;
  const simulated = simulatedChain({
    crypto: standInCrypto,
    times,
    neurons: [
      { uid: 0, hotkey: miner, stake: 0n },
      { uid: 1, hotkey: validator, stake: 5n },
      { uid: 2, hotkey: other, stake: 5n },
    ],
    pulseFrom: (asked) => (hasPulse && asked === round ? CLOSING + 2 : Number.POSITIVE_INFINITY),
    hashes: new Map([[CLOSING, groupVectors.closing]]),
  });
  const beacon = groupBeacon({
    chain: simulated.chain,
    network: { netuid: NETUID, phases: PHASES, voting: VOTING },
    networkHash: network,
    drand,
    timelock: standInCrypto.timelock,
    group: async () => ({ publicKey: key, qualified: [...members].reverse(), dropped: [] }),
  });
  return { beacon, put: simulated.put, round };
};

describe("a group's value", () => {
  it("is that of the signature which a validator put on chain, beside others that are none", async () => {
    const { beacon, put } = setUp();
    put(144, other, pulseRecord(partials[miner]![0]!));
    put(147, validator, pulseRecord(signature));
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
    const cases: readonly (readonly [number, string, string])[] = [
      [148, validator, pulseRecord(signature)],
      [143, validator, pulseRecord(signature)],
      [145, miner, pulseRecord(signature)],
      [145, validator, pulseRecord(signature, cycle + 1)],
      [145, validator, pulseRecord("ff".repeat(48))],
      [145, validator, "bz1:pulse:nonsense"],
    ];
    for (const [block, hotkey, data] of cases) {
      const { beacon, put, round } = setUp();
      put(block, hotkey, data);
      const { value, origin } = await beacon.value(cycle);
      const pulse = standInCrypto.pulse(round);
      const head = [Buffer.from("blockzero/beacon-pulse/1"), Buffer.from(network, "hex"), u64le(cycle)];
      assert.deepEqual([value, origin], [sha256(...head, pulse, Buffer.from(groupVectors.closing, "hex")), "pulse"]);
    }
  });

  it("falls back to blocks without a group and a pulse", async () => {
    const { beacon, put } = setUp(false, null);
    put(145, validator, pulseRecord(signature));
    const value = await beacon.value(cycle);
    const hashes = [DECIDING - 1, DECIDING].map((block) => Buffer.from(sha256(Buffer.from(`block ${block}`)), "hex"));
    const head = [Buffer.from("blockzero/beacon-blocks/1"), Buffer.from(network, "hex"), u64le(cycle)];
    assert.deepEqual([value.value, value.origin], [sha256(...head, ...hashes), "blocks"]);
    assert.equal(isWeaker(value), true);
  });
});
