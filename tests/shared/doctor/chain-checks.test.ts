import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import { beaconCheck } from "#shared/doctor/checks/beacon.js";
import { clockCheck } from "#shared/doctor/checks/clock.js";
import { endpointCheck } from "#shared/doctor/checks/endpoint.js";
import { networkCheck } from "#shared/doctor/checks/network.js";
import { registrationCheck, stakeCheck } from "#shared/doctor/checks/registration.js";
import { walletCheck } from "#shared/doctor/checks/wallet.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { encodeRecord } from "#shared/protocol/records.js";
import { hotkeyFile } from "#shared/wallet/location.js";
import { findingIn, NOW, outcomeOf, type Situation, situation } from "./support.js";

const unreachable = async () => {
  throw new BlockZeroError("CHAIN_UNREACHABLE", "ws://user:word@127.0.0.1:1 does not answer", "start it");
};

const headAt = (timestamp: number) => async () => ({ number: 100, hash: "ab".repeat(32), timestamp });

/** A server whose clock is off by so much; its record is on chain. */
const serverWithDate = async (t: TestContext, offMs: number): Promise<Situation["chain"]> => {
  const server = createServer((_, response) => {
    response.setHeader("date", new Date(NOW + offMs).toUTCString());
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const location = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hash = "ab".repeat(32);
  const data = encodeRecord({ type: "network", network: "abababab", hash, location });
  return { commitments: async () => [{ hotkey: "owner", data, block: 1 }] };
};

describe("checks of chain and keys", () => {
  it("an endpoint that does not answer is one failure, without its password; what needs it is not looked at", async (t) => {
    const given = { about: { chain: unreachable } };
    const endpoint = await findingIn(t, endpointCheck, given);
    assert.equal(endpoint.verdict, "failure");
    assert.match(endpoint.says, /^CHAIN_UNREACHABLE /);
    assert.doesNotMatch(endpoint.says, /word/);
    for (const check of [registrationCheck, stakeCheck, networkCheck, clockCheck, beaconCheck])
      assert.deepEqual(await findingIn(t, check, given).then(({ verdict, says }) => [verdict, says]), [
        "warning",
        "not looked at: the chain cannot be reached",
      ]);
  });

  it("an endpoint that lags, and a subnet that does not exist", async (t) => {
    assert.equal((await findingIn(t, endpointCheck)).verdict, "ok");
    const lagging = await findingIn(t, endpointCheck, { chain: { head: headAt(NOW - 600_000) } });
    assert.match(lagging.says, /its newest block is 10 min 00 s old$/);
    assert.equal(lagging.verdict, "warning");
    const hyperParameters = async () => {
      throw new ChainRejected("SubNetworkDoesNotExist", "no such subnet");
    };
    assert.equal((await findingIn(t, endpointCheck, { chain: { hyperParameters } })).verdict, "failure");
  });

  it("a clock behind the chain, or ahead of it; servers' dates tell it from a slow node", async (t) => {
    assert.equal((await findingIn(t, clockCheck)).verdict, "ok");
    const behind = await findingIn(t, clockCheck, { chain: { head: headAt(NOW + 90_000) } });
    assert.deepEqual([behind.verdict, behind.says], ["failure", "1 min 30 s behind the chain's newest block"]);
    const old = { head: headAt(NOW - 300_000) };
    assert.equal((await findingIn(t, clockCheck, { chain: old })).verdict, "warning");
    const slowNode = await findingIn(t, clockCheck, { chain: { ...old, ...(await serverWithDate(t, 0)) } });
    assert.equal(slowNode.verdict, "ok");
    const fastClock = await findingIn(t, clockCheck, { chain: { ...old, ...(await serverWithDate(t, -300_000)) } });
    assert.equal(fastClock.verdict, "failure");
    assert.match(
      fastClock.says,
      /ahead of the dates of 1 of the subnet's servers; signatures of requests count for 60 s$/,
    );
    const liar = await findingIn(t, clockCheck, { chain: (await serverWithDate(t, -300_000))! });
    assert.equal(liar.verdict, "ok", "a fresh block goes before what strangers say");
  });

  it("a hotkey that is missing, readable by others, or without a folder for turns", async (t) => {
    assert.equal((await findingIn(t, walletCheck)).verdict, "ok");
    const missing = await findingIn(t, walletCheck, { flags: { "wallet.hotkey": "nobody" } });
    assert.match(missing.says, /^WALLET_NOT_FOUND /);
    const { about } = await situation(t);
    const { wallet } = about.config;
    writeFileSync(join(dirname(wallet.path), "keys-in-use"), "");
    assert.match((await outcomeOf(walletCheck, about)).says, /^KEY_FOLDER_UNUSABLE /);
    const file = hotkeyFile({ path: wallet.path, name: wallet.name, hotkey: wallet.hotkey });
    rmSync(file);
    mkdirSync(file);
    const broken = await outcomeOf(walletCheck, about);
    assert.equal(broken.verdict, "failure");
  });

  it("a hotkey that is not registered, or the owner's", async (t) => {
    assert.match((await findingIn(t, registrationCheck)).says, /^uid 3 of subnet 1, for 90 blocks$/);
    const unregistered = await findingIn(t, registrationCheck, { neurons: [] });
    assert.equal(unregistered.verdict, "failure");
    assert.match(unregistered.remedy!, /^blockzero register --netuid 1 --wallet\.name test --wallet\.hotkey vera$/);
    const { about, signer } = await situation(t);
    const chain = { ...(await about.chain()) };
    const metagraph = async () => ({ netuid: 1, block: 1, ownerHotkey: signer.address, neurons: [] });
    const owner = await outcomeOf(registrationCheck, { ...about, chain: async () => ({ ...chain, metagraph }) });
    assert.match(owner.says, /owns subnet 1/);
    assert.equal(owner.verdict, "failure");
  });

  it("a validator without a permit", async (t) => {
    assert.equal((await findingIn(t, stakeCheck)).verdict, "ok");
    const without = await findingIn(t, stakeCheck, { neuron: { validatorPermit: false, stake: 1_500_000_000n } });
    assert.match(without.says, /^no validator permit, with 1\.500 staked/);
    assert.equal(without.verdict, "failure");
    assert.equal((await findingIn(t, stakeCheck, { about: { role: "miner" } })).verdict, "ok");
  });

  it("a network file that cannot be had, and a group that is not in it", async (t) => {
    assert.match((await findingIn(t, networkCheck)).says, /^micro \([0-9a-f]{12}\), cycle 4, evaluate$/);
    const network = async () => {
      throw new BlockZeroError("NETWORK_NOT_PUBLISHED", "subnet 1 has no network file", "ask its owner");
    };
    const unpublished = await findingIn(t, networkCheck, { about: { network } });
    assert.deepEqual([unpublished.verdict, unpublished.remedy], ["failure", "ask its owner"]);
    const { about } = await situation(t);
    const config = { ...about.config, expert_group: "poetry" };
    assert.match((await outcomeOf(networkCheck, { ...about, config })).says, /^EXPERT_GROUP_UNKNOWN /);
  });

  it("a beacon whose pulses do not reach the chain", async (t) => {
    assert.equal((await findingIn(t, beaconCheck)).verdict, "ok");
    const beacon = { publicKey: "ab".repeat(96), genesisTime: 0, period: 3 };
    const given: Situation = { hyperParameters: { weightsMode: "timelock" }, about: { beacon } };
    assert.match((await findingIn(t, beaconCheck, given)).says, /^the chain has no pulse of round \d+: /);
    const early = { ...given, about: { beacon: { ...beacon, genesisTime: NOW } } };
    assert.equal((await findingIn(t, beaconCheck, early)).verdict, "failure");
    const delivered = { ...given, chain: { pulse: async () => new Uint8Array(48) } };
    assert.equal((await findingIn(t, beaconCheck, delivered)).verdict, "ok");
  });
});
