import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { runCycle } from "#miner/cycle.js";
import { openOwnTrainer } from "#miner/own-trainer/own-trainer.js";
import { parseUpdateManifest } from "#shared/protocol/manifest.js";
import { openHubWeights } from "#shared/shard-training/base-weights.js";
import { coded } from "../../support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openMiner, type TestMiner } from "../../support/miner.js";
import { openSubnet, type Subnet, until } from "../../support/subnet.js";
import { device } from "../../support/updates.js";
import { BAD, MINIMAL } from "./support.js";

/** A miner that leaves its training to a script of Node. */
const openMinerWith = async (t: TestContext, subnet: Subnet, script: string): Promise<TestMiner> => {
  const flags = { "trainer.command": `${process.execPath} ${script}`, max_steps: 3 };
  const miner = await openMiner(t, subnet, "ann", flags);
  const { participant, config } = miner;
  const { models, home, network, signal, log } = participant;
  const hub = await openHubWeights(participant, {
    hash: subnet.modelHash,
    manifest: await models.manifest(subnet.modelHash, signal),
  });
  const trainer = await openOwnTrainer({
    network,
    group: "math",
    config,
    hub,
    miner: config.wallet.hotkey,
    home: join(home, "training", "own"),
    openDevice: async () => device,
    log,
  });
  t.after(() => trainer.dispose());
  return { ...miner, trainer };
};

describe("a miner with a trainer of its own", { timeout: HANG_GUARD }, () => {
  it("makes an update to commit of what the program trained, once it passed the miner's own check", async (t) => {
    const subnet = await openSubnet(t);
    const miner = await openMinerWith(t, subnet, MINIMAL);
    const { participant, journal, measured } = miner;
    const cycle = assert.rejects(runCycle(miner, 1));
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => journal.value.cycles[1]?.artifact !== undefined);
    const hash = journal.value.cycles[1]!.artifact!;
    const { blobs, signal } = participant;
    const parsed = parseUpdateManifest(await blobs.get({ hash, maxBytes: 4096, locations: [], signal }));
    assert.ok(parsed.ok);
    assert.deepEqual([parsed.value.steps, parsed.value.tokens], [3, 3 * 4 * 16]);
    assert.ok(participant.lines.some(({ message }) => message === "the update was checked"));
    assert.ok(measured.some((values) => values["train/tokens"] === 3 * 4 * 16));
    participant.abort();
    await cycle;
  });

  it("misses the cycle where the program leaves nothing that can be used", async (t) => {
    const subnet = await openSubnet(t);
    const miner = await openMinerWith(t, subnet, `${BAD} not-finite`);
    const cycle = assert.rejects(runCycle(miner, 1), coded("TRAINER_NO_CHECKPOINT", /is NaN/));
    await subnet.to(subnet.window(1, "distribute").start);
    await cycle;
    assert.equal(miner.journal.value.cycles[1]?.artifact, undefined);
  });
});
