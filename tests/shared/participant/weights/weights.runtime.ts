import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { addStake, burnedRegister } from "#shared/chain/call.js";
import type { Chain } from "#shared/chain/chain.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { watchBlockTime } from "#shared/participant/weights/block-time.js";
import { revealCommittedWeights } from "#shared/participant/weights/reveal-weights.js";
import { setWeightsOnce } from "#shared/participant/weights/set-weights.js";
import type { Weights, WeightsContext } from "#shared/participant/weights/weights-context.js";
import { weightsJournalSchema } from "#shared/participant/weights/weights-journal.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import type { Signer } from "#shared/protocol/signer.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { openRuntimeSubnet, type RuntimeSubnet, TOKEN } from "#tests/support/subtensor.js";
import { HANG_GUARD } from "../../../support/hang-guard.js";
import { temporaryFolder } from "../../artifact/temporary.js";
import { collectingLog } from "../../chain/support.js";

/** A pulse a second, as the runtime's blocks. */
const drand = { seed: "5e".repeat(32), genesisTime: 1_749_999_000, period: 1 };
const beacon = publicBeacon(drand);

describe("weights on a subtensor runtime", { timeout: HANG_GUARD }, () => {
  let subnet: RuntimeSubnet;
  let validator: Signer;
  let uid: number;
  const stop = new AbortController();
  after(async () => {
    stop.abort();
    await subnet?.close();
  });
  before(async () => {
    subnet = await openRuntimeSubnet({ drand });
    const { chain, own, netuid, coldkey, node } = subnet;
    validator = await signerFromUri("//Runtime//Validator");
    node.setBlockTime(50);
    await chain.submit(burnedRegister(netuid, validator.address), coldkey);
    await chain.submit(addStake(netuid, validator.address, 1000n * TOKEN), coldkey);
    await own.sudo([["adminUtils", "sudoSetCommitRevealWeightsEnabled", netuid, true]], coldkey);
    node.setBlockTime(0);
    await own.newBlocks(21);
    uid = (await chain.metagraph(netuid)).neurons.find(({ hotkey }) => hotkey === validator.address)!.uid;
  });

  const open = async (home: string, change: Partial<Chain> = {}): Promise<WeightsContext> => {
    const { signal } = stop;
    const { log } = collectingLog();
    const chain = { ...subnet.chain, ...change };
    const clock = await startBlockClock(chain, signal);
    return {
      chain,
      clock,
      blockTime: watchBlockTime(clock, signal),
      signer: validator,
      netuid: subnet.netuid,
      cycleAt: (block) => ({ network: "abababab", cycle: block }),
      nextWindow: (block) => ({ start: block + 1000, end: block + 1010 }),
      journal: openJournal(join(home, "weights.json"), weightsJournalSchema),
      beacon,
      random: randomBytes,
      log,
      signal,
    };
  };
  const sent = async () => (await subnet.chain.api.rpc.system.accountNextIndex(validator.address)).toNumber();
  /** Builds one block, and has everybody see it. */
  const block = async ({ clock, signal }: WeightsContext) => {
    const { number } = clock.head;
    await subnet.own.newBlocks(1);
    await clock.reach(number + 1, signal);
  };
  const rowOf = async () => (await subnet.chain.weights(subnet.netuid)).find((row) => row.uid === uid)?.weights;
  /** To the first blocks of a tempo, past the rate limit. */
  const startEpoch = async (context: WeightsContext) => {
    const epoch = await subnet.chain.nextEpoch(subnet.netuid);
    while (context.clock.head.number <= epoch) await block(context);
  };
  const set = async (context: WeightsContext, weights: Weights) => {
    const start = context.clock.head.number;
    const before = await sent();
    const setting = setWeightsOnce(context, { key: String(start), weights, window: { start, end: start + 6 } });
    while ((await sent()) === before);
    await block(context);
    return setting;
  };

  it("are opened by the runtime at the epoch that the round was chosen for", async (t) => {
    const weights: Weights = [
      [0, 65535],
      [1, 2000],
    ];
    const context = await open(temporaryFolder(t));
    await startEpoch(context);
    assert.equal((await subnet.chain.hyperParameters(subnet.netuid)).weightsMode, "timelock");
    const committed = await set(context, weights);
    const [entry] = context.journal.value.commitments;
    assert.ok(entry?.mode === "timelock");
    const epoch = await subnet.chain.nextEpoch(subnet.netuid);
    assert.ok(committed < epoch - 3);
    while (context.clock.head.number < epoch) {
      assert.notDeepEqual(await rowOf(), weights);
      await block(context);
    }
    assert.deepEqual(await rowOf(), weights);
    assert.deepEqual(await subnet.chain.pendingWeights(subnet.netuid, validator.address), []);
  });

  it("are revealed by their hash in the runtime's window, by a program that was started again", async (t) => {
    const weights: Weights = [
      [0, 1000],
      [1, 65535],
    ];
    const home = temporaryFolder(t);
    const { chain } = subnet;
    const byHash: Partial<Chain> = {
      hyperParameters: async (netuid, at) => ({ ...(await chain.hyperParameters(netuid, at)), weightsMode: "hash" }),
    };
    const first = await open(home, byHash);
    await startEpoch(first);
    const committed = await set(first, weights);
    const [pending] = await chain.pendingWeights(subnet.netuid, validator.address);
    assert.ok(pending && "first" in pending.reveal && pending.block === committed);
    const again = await open(home, byHash);
    const before = await sent();
    revealCommittedWeights(again).catch((thrown: unknown) => {
      if (!stop.signal.aborted) throw thrown;
    });
    while (again.clock.head.number < pending.reveal.first - 1) await block(again);
    while ((await sent()) === before);
    await block(again);
    assert.deepEqual(await rowOf(), weights);
    assert.deepEqual(await chain.pendingWeights(subnet.netuid, validator.address), []);
  });
});
