import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { addStake, burnedRegister, type ChainCall, setCommitment, setWeights } from "#shared/chain/call.js";
import type { Chain, Head } from "#shared/chain/chain.js";
import { verifyPulse } from "#shared/chain/timelock/pulse.js";
import { encryptTimelock } from "#shared/chain/timelock/timelock.js";
import { ciphertextHash, encodeTimelockPayload, weightsCommitHash } from "#shared/chain/weights/payload.js";
import { ChainRejected } from "#shared/chain/writer/chain-rejected.js";
import type { Signer } from "#shared/protocol/signer.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";

const TOKEN = 1_000_000_000n;

/** A chain of one's own with one subnet, whose first neuron is its owner's; blocks come when they are asked for. */
export interface ChainHarness {
  readonly chain: Chain;
  readonly netuid: number;
  /** SS58 of the subnet owner's hotkey. */
  readonly ownerHotkey: string;
  /** Has money enough for everything here. */
  readonly coldkey: Signer;
  newBlocks(count: number): Promise<void>;
  /** The account's next nonce, after what waits. */
  nonce(account: string): Promise<number>;
  /** Whether weights are committed before they are revealed. */
  setCommitReveal(on: boolean): Promise<void>;
  /** Whose pulses the chain takes; hex. */
  readonly beaconKey: string;
  /** A round that is not published yet. */
  readonly futureRound: number;
  publish(round: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * What every `Chain` promises, on a subnet with a tempo of 9, a weights rate limit of 5 blocks, and room for 3,100 bytes of
 * commitments a tempo. The cases follow each other on one chain.
 */
export const chainContract = (name: string, open: () => Promise<ChainHarness>): void => {
  describe(`${name} as a chain`, { timeout: HANG_GUARD }, () => {
    let harness: ChainHarness;
    let chain: Chain;
    let netuid: number;
    let validator: Signer;
    let miner: Signer;
    let stranger: Signer;
    before(async () => {
      harness = await open();
      ({ chain, netuid } = harness);
      [validator, miner, stranger] = await Promise.all([
        signerFromUri("//Contract//Validator"),
        signerFromUri("//Contract//Miner"),
        signerFromUri("//Contract//Stranger"),
      ]);
    });
    after(() => harness?.close());

    /** Builds a block as soon as the node has all that a key writes, and more where they do not fit. */
    const included = async <T>({ address }: Signer, count: number, write: () => Promise<T>): Promise<T> => {
      const taken = (await harness.nonce(address)) + count;
      const writing = write();
      let settled = false;
      const done = () => {
        settled = true;
      };
      writing.then(done, done);
      while (!settled && (await harness.nonce(address)) < taken);
      while (!settled) await harness.newBlocks(1);
      return writing;
    };
    const submit = (call: ChainCall, signer: Signer) => included(signer, 1, () => chain.submit(call, signer));
    const uidOf = async ({ address }: Signer): Promise<number> => {
      const neuron = (await chain.metagraph(netuid)).neurons.find(({ hotkey }) => hotkey === address);
      assert.ok(neuron, `${address} is registered`);
      return neuron.uid;
    };
    const forwardTo = async (block: number) => {
      const missing = block - (await chain.head()).number;
      if (missing > 0) await harness.newBlocks(missing);
    };
    const pastRateLimit = async () => {
      const { weightsRateLimit } = await chain.hyperParameters(netuid);
      await harness.newBlocks(weightsRateLimit + 1);
    };

    it("has heads in order, hashes by number, and an identity", async () => {
      const stop = new AbortController();
      const heads: Head[] = [];
      const first = (await chain.head()).number + 1;
      const arrived = new Promise<void>((resolve) => {
        chain.onHead((head) => {
          heads.push(head);
          if (heads.length === 4) resolve();
        }, stop.signal);
      });
      await harness.newBlocks(4);
      await arrived;
      stop.abort();
      assert.deepEqual(
        heads.map(({ number }) => number),
        [first, first + 1, first + 2, first + 3],
      );
      for (const [i, head] of heads.entries()) {
        assert.equal(await chain.blockHash(head.number), head.hash);
        if (i > 0) assert.ok(head.timestamp > heads[i - 1]!.timestamp);
      }
      for (const { number, timestamp } of heads) assert.equal(await chain.timestamp(number), timestamp);
      await assert.rejects(chain.timestamp(1_000_000), coded("BLOCK_UNKNOWN"));
      assert.deepEqual(await chain.head(), heads.at(-1));
      assert.ok((await chain.finalized()).number <= heads.at(-1)!.number);
      assert.equal(await chain.blockHash(0), chain.genesisHash);
      await assert.rejects(chain.blockHash(1_000_000), coded("BLOCK_UNKNOWN"));
      await assert.rejects(chain.metagraph(netuid, 1_000_000), coded("BLOCK_UNKNOWN"));
    });

    it("registers hotkeys that their coldkey pays for", async () => {
      const { burn, registrationAllowed } = await chain.hyperParameters(netuid);
      assert.ok(registrationAllowed);
      const before = await chain.balance(harness.coldkey.address);
      const { block, blockHash } = await submit(burnedRegister(netuid, validator.address), harness.coldkey);
      assert.equal(await chain.blockHash(block), blockHash);
      await submit(burnedRegister(netuid, miner.address), harness.coldkey);
      assert.ok((await chain.balance(harness.coldkey.address)) <= before - burn);

      const { neurons, ownerHotkey } = await chain.metagraph(netuid);
      assert.equal(ownerHotkey, harness.ownerHotkey);
      assert.deepEqual(
        neurons.map(({ uid, hotkey }) => [uid, hotkey]),
        [harness.ownerHotkey, validator.address, miner.address].map((hotkey, uid) => [uid, hotkey]),
      );
      assert.deepEqual(
        [neurons[1]!.coldkey, neurons[1]!.registeredAt, neurons[1]!.stake, neurons[1]!.axon],
        [harness.coldkey.address, block, 0n, null],
      );
      assert.equal((await chain.metagraph(netuid, block - 1)).neurons.length, 1);
      assert.equal((await chain.metagraph(netuid, block)).block, block);
    });

    it("refuses registrations by the names of its rules", async () => {
      const again = submit(burnedRegister(netuid, validator.address), harness.coldkey);
      await assert.rejects(again, rejected("HotKeyAlreadyRegisteredInSubNet"));
      const nowhere = submit(burnedRegister(4000, validator.address), harness.coldkey);
      await assert.rejects(nowhere, rejected("SubNetworkDoesNotExist"));
      const poor = submit(burnedRegister(netuid, stranger.address), stranger);
      await assert.rejects(poor, rejected("NotEnoughBalanceToStake"));
      const reads = [chain.metagraph, chain.hyperParameters, chain.commitments, chain.weights] as const;
      for (const read of reads) await assert.rejects(read(4000), rejected("SubNetworkDoesNotExist"));
    });

    it("keeps one commitment a hotkey, readable as of any block", async () => {
      const hotkey = miner.address;
      const first = await submit(setCommitment(netuid, "erste Fassung ü"), miner);
      const second = await submit(setCommitment(netuid, `${"x".repeat(127)}y`), miner);
      assert.deepEqual(await chain.commitments(netuid, first.block), [
        { hotkey, data: "erste Fassung ü", block: first.block },
      ]);
      assert.deepEqual(await chain.commitments(netuid), [{ hotkey, data: `${"x".repeat(127)}y`, block: second.block }]);
      assert.deepEqual(await chain.commitments(netuid, first.block - 1), []);
      await assert.rejects(submit(setCommitment(netuid, "x"), stranger), rejected("AccountNotAllowedCommit"));
      await assert.rejects(chain.submit(setCommitment(netuid, "x".repeat(129)), miner), rejected("Malformed"));
    });

    it("counts the bytes of commitments, at least 100 each, and gives them back at the epoch", async () => {
      await forwardTo(await chain.nextEpoch(netuid));
      const hotkey = validator.address;
      const { used, limit, renewed } = await chain.commitmentSpace(netuid, hotkey);
      assert.deepEqual([used, limit], [0, 3100]);
      const outcomes = await included(validator, 32, () =>
        Promise.allSettled(
          Array.from({ length: 32 }, (_, i) => chain.submit(setCommitment(netuid, `number ${i}`), validator)),
        ),
      );
      assert.ok((await chain.head()).number < renewed, "all of them fell into one epoch");
      const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
      assert.equal(refused.length, 1);
      assert.ok(rejected("SpaceLimitExceeded")(refused[0]), String(refused[0]));
      assert.equal((await chain.commitmentSpace(netuid, hotkey)).used, 3100);
      const [latest] = (await chain.commitments(netuid)).filter((commitment) => commitment.hotkey === hotkey);
      assert.equal(latest!.data, "number 30");
      await forwardTo(renewed);
      assert.equal((await chain.commitmentSpace(netuid, hotkey)).used, 0);
      await submit(setCommitment(netuid, "again"), validator);
    });

    it("serves axons at addresses that others reach", async () => {
      const ipv6 = "2001:db8::8a2e:370:7334";
      const mine = await submit({ name: "serveAxon", args: { netuid, ip: "203.0.113.5", port: 8091 } }, miner);
      const theirs = await submit({ name: "serveAxon", args: { netuid, ip: ipv6, port: 443 } }, validator);
      const { neurons } = await chain.metagraph(netuid);
      assert.deepEqual(
        neurons.map(({ axon }) => axon),
        [null, { ip: ipv6, port: 443, block: theirs.block }, { ip: "203.0.113.5", port: 8091, block: mine.block }],
      );
      const loopback = submit({ name: "serveAxon", args: { netuid, ip: "127.0.0.1", port: 8091 } }, miner);
      await assert.rejects(loopback, rejected("InvalidIpAddress"));
    });

    it("gives the staked their permit in the block of the epoch, and takes weights from them only", async () => {
      const [to, owner] = [await uidOf(miner), 0];
      const weights = [
        [to, 65535],
        [owner, 20000],
      ] as const;
      await pastRateLimit();
      await assert.rejects(submit(setWeights(netuid, weights, 0), miner), rejected("StakeAmountTooLow"));

      const next = await chain.nextEpoch(netuid);
      if (next - (await chain.head()).number < 4) await forwardTo(next);
      await submit(addStake(netuid, validator.address, 2000n * TOKEN), harness.coldkey);
      await assert.rejects(submit(setWeights(netuid, weights, 0), validator), rejected("NeuronNoValidatorPermit"));
      const epoch = await chain.nextEpoch(netuid);
      const { tempo, epochLength } = await chain.hyperParameters(netuid);
      assert.deepEqual([tempo, epochLength], [9, 10]);
      const permitAt = async (block: number) => (await chain.metagraph(netuid, block)).neurons[1]!.validatorPermit;
      // One by one: a chain may not keep the states within a batch.
      while ((await chain.head()).number < epoch) await harness.newBlocks(1);
      assert.deepEqual([await permitAt(epoch - 1), await permitAt(epoch)], [false, true]);
      assert.equal(await chain.nextEpoch(netuid), epoch + epochLength);
      assert.ok((await chain.metagraph(netuid)).neurons[1]!.stake > 1000n * TOKEN);

      const { block } = await submit(setWeights(netuid, weights, 0), validator);
      assert.deepEqual(await chain.weights(netuid), [{ uid: 1, weights }]);
      assert.deepEqual(await chain.weights(netuid, block - 1), []);
      await assert.rejects(submit(setWeights(netuid, weights, 0), validator), rejected("SettingWeightsTooFast"));
    });

    it("pays by the weights at the epoch", async () => {
      const before = await chain.metagraph(netuid);
      await forwardTo((await chain.nextEpoch(netuid)) + 1);
      const [owner, first, second] = (await chain.metagraph(netuid)).neurons;
      assert.ok(Math.abs(second!.incentive - 65535 / 85535) < 1e-3, String(second!.incentive));
      assert.ok(Math.abs(owner!.incentive - 20000 / 85535) < 1e-3);
      assert.deepEqual([first!.dividends, first!.active, first!.incentive], [1, true, 0]);
      assert.ok(second!.emission > 0n && second!.stake > before.neurons[2]!.stake);
    });

    it("writes several extrinsics of one key at once", async () => {
      const texts = ["a", "b", "c", "d"];
      const inclusions = await included(miner, texts.length, () =>
        Promise.all(texts.map((text) => chain.submit(setCommitment(netuid, text), miner))),
      );
      const blocks = inclusions.map(({ block }) => block);
      assert.deepEqual(
        blocks,
        blocks.toSorted((a, b) => a - b),
      );
      const [latest] = (await chain.commitments(netuid)).filter(({ hotkey }) => hotkey === miner.address);
      assert.equal(latest!.data, "d");
    });

    it("shows what it would send, and sends nothing", async () => {
      const call = setCommitment(netuid, "only shown");
      const shown = await chain.prepare(call, miner);
      const again = await chain.prepare(call, miner);
      assert.deepEqual([shown.call, shown.signer, shown.nonce], [call, miner.address, again.nonce]);
      assert.match(shown.hash, /^[0-9a-f]{64}$/);
      assert.ok(shown.bytes.length > 100);
      await harness.newBlocks(2);
      assert.equal((await chain.prepare(call, miner)).nonce, shown.nonce);
    });

    it("takes hashed weights and their revelation in its window", async () => {
      await pastRateLimit();
      await harness.setCommitReveal(true);
      const { weightsMode } = await chain.hyperParameters(netuid);
      assert.notEqual(weightsMode, "plain");
      await assert.rejects(submit(setWeights(netuid, [[2, 1]], 0), validator), rejected("CommitRevealEnabled"));

      const next = await chain.nextEpoch(netuid);
      if (next - (await chain.head()).number < 4) await forwardTo(next);
      const values = { uids: [0, 2], values: [1000, 65535], salt: [1, 2, 3, 4], versionKey: 0 };
      const commit = weightsCommitHash({ ...values, hotkey: validator.publicKey, netuid });
      const { block } = await submit({ name: "commitWeights", args: { netuid, commit } }, validator);
      const [pending, ...others] = await chain.pendingWeights(netuid, validator.address);
      assert.deepEqual(others, []);
      assert.deepEqual([pending!.hash, pending!.block], [commit, block]);
      assert.ok("first" in pending!.reveal);
      const { first, last } = pending!.reveal;
      assert.ok(first > block && last === first + 9, `${block}: ${first} to ${last}`);
      const reveal: ChainCall = { name: "revealWeights", args: { netuid, ...values } };
      await assert.rejects(submit(reveal, validator), rejected("RevealTooEarly"));
      await forwardTo(first);
      const wrong: ChainCall = { name: "revealWeights", args: { netuid, ...values, salt: [9] } };
      await assert.rejects(submit(wrong, validator), rejected("InvalidRevealCommitHashNotMatch"));
      await submit(reveal, validator);
      assert.deepEqual(await chain.pendingWeights(netuid, validator.address), []);
      const [row] = await chain.weights(netuid);
      assert.deepEqual(row, {
        uid: 1,
        weights: [
          [0, 1000],
          [2, 65535],
        ],
      });
    });

    it("takes weights under a timelock, and opens them with the beacon's pulse", async () => {
      await pastRateLimit();
      const { timelockPayload } = await chain.hyperParameters(netuid);
      const next = await chain.nextEpoch(netuid);
      if (next - (await chain.head()).number < 4) await forwardTo(next);
      const round = harness.futureRound;
      const plain = encodeTimelockPayload(
        { uids: [0, 2], values: [65535, 500], versionKey: 0 },
        timelockPayload === "hotkey" ? validator.publicKey : undefined,
      );
      const ciphertext = encryptTimelock(plain, { round, publicKey: harness.beaconKey });
      const commit = Buffer.from(ciphertext).toString("hex");
      await submit({ name: "commitTimelockedWeights", args: { netuid, commit, revealRound: round } }, validator);
      const [pending] = await chain.pendingWeights(netuid, validator.address);
      assert.equal(pending!.hash, ciphertextHash(ciphertext));
      assert.deepEqual(pending!.reveal, { round });
      assert.equal(await chain.pulse(round), null);
      await harness.publish(round);
      const signature = await chain.pulse(round);
      assert.ok(signature && verifyPulse(harness.beaconKey, round, signature));
      await harness.newBlocks(1);
      const { number } = await chain.head();
      assert.deepEqual(await chain.pulse(round, number), signature);
      assert.equal(await chain.pulse(round, number - 2), null);
      await forwardTo((await chain.nextEpoch(netuid)) + 1);
      await forwardTo((await chain.nextEpoch(netuid)) + 1);
      assert.deepEqual(await chain.pendingWeights(netuid, validator.address), []);
      const [row] = await chain.weights(netuid);
      assert.deepEqual(row!.weights, [
        [0, 65535],
        [2, 500],
      ]);
      await harness.setCommitReveal(false);
    });

    it("says so once it is closed", async () => {
      const waiting = chain.submit(setCommitment(netuid, "never built"), miner);
      await Promise.all([assert.rejects(waiting, coded("CHAIN_CLOSED")), chain.close()]);
      await assert.rejects(chain.head(), coded("CHAIN_CLOSED"));
    });
  });
};

const rejected = (reason: string) => (error: unknown) => {
  if (error instanceof ChainRejected && error.code === "CHAIN_REJECTED" && error.reason === reason) return true;
  throw new assert.AssertionError({ message: `not rejected for ${reason} but: ${error}`, actual: error });
};
