import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { beaconWindows } from "#shared/beacon/windows.js";
import { areSeedsInForce, awaitSeeds } from "#shared/participant/await-seeds.js";
import type { Participant } from "#shared/participant/participant.js";
import { seedBlocks } from "#shared/protocol/seed.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { forked } from "../../support/forked.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { silentAt } from "../../support/silent-at.js";
import { BEACON, openSubnet, type Subnet, until } from "../../support/subnet.js";

const { publicKey, genesisTime, period } = publicBeacon(BEACON);
const beacon = { public_key: publicKey, genesis_time: genesisTime, period, delay: 1 };
const question = { cycle: 1, purpose: "evaluate" } as const;

const pulsesFrom = (participant: Participant, isThere: () => boolean): Participant => ({
  ...participant,
  chain: {
    ...participant.chain,
    pulse: async (...query) => (isThere() ? participant.chain.pulse(...query) : null),
  },
});

const decidingOf = ({ network }: Subnet) => seedBlocks(1, "evaluate", network).deciding;

describe("awaitSeeds", { timeout: HANG_GUARD }, () => {
  it("takes the pulse at once where the chain has it, and everybody finds the same later", async (t) => {
    const subnet = await openSubnet(t, { network: { beacon } });
    const vera = await subnet.join("vera");
    const { start } = subnet.window(1, "evaluate");
    assert.ok(decidingOf(subnet) > start);
    const waiting = awaitSeeds(vera, question);
    await subnet.to(start);
    const seeds = await waiting;
    await subnet.to(subnet.window(1, "merge").start);
    assert.deepEqual(await evaluationSeeds(subnet, question), { origin: "pulse", value: null, ofGroups: seeds });
  });

  it("asks again where the chain did not answer at the deciding block", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const deciding = decidingOf(subnet);
    let isLost = false;
    const waiting = awaitSeeds(silentAt(vera, deciding), question);
    waiting.catch(() => {
      isLost = true;
    });
    await subnet.to(deciding);
    const again = "not done yet: once more at the next block";
    await until(t, () => isLost || vera.lines.some(({ message }) => message === again));
    await subnet.to(deciding + 1);
    assert.deepEqual(await waiting, (await evaluationSeeds(subnet, question)).ofGroups);
  });

  it("waits for a pulse no longer than until the deciding block, and says that it has none", async (t) => {
    const subnet = await openSubnet(t, { network: { beacon } });
    const vera = await subnet.join("vera");
    const never = pulsesFrom(vera, () => false);
    const waiting = awaitSeeds(never, question);
    await subnet.to(decidingOf(subnet));
    const seeds = await waiting;
    const found = await evaluationSeeds({ ...subnet, chain: never.chain }, question);
    assert.deepEqual(found, { origin: "blocks", value: null, ofGroups: seeds });
    assert.ok(
      vera.lines.some(({ level, message }) => level === "warn" && message.startsWith("no pulse of the beacon")),
    );
  });

  it("are no longer in force where a fork replaced the block that decided on the cycle's value", async (t) => {
    const contributions = { rounds: 10, margin: 2, most: 64 };
    const subnet = await openSubnet(t, { network: { beacon: { ...beacon, contributions } } });
    const vera = pulsesFrom(await subnet.join("vera"), () => false);
    let isReplaced = false;
    const { deciding } = beaconWindows(1, subnet.network.phases);
    const participant = forked(vera, deciding, () => isReplaced);
    const waiting = awaitSeeds(participant, question);
    await subnet.to(decidingOf(subnet));
    const seeds = await waiting;
    assert.equal(await areSeedsInForce(participant, question, seeds), true);
    isReplaced = true;
    assert.equal(await areSeedsInForce(participant, question, seeds), false);
    const { ofGroups } = await evaluationSeeds({ ...subnet, chain: vera.chain }, question);
    assert.deepEqual(await awaitSeeds(participant, question), ofGroups);
  });
});
