import assert from "node:assert/strict";
import { it } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { type ChainRecord, encodeRecord, shortHash } from "#shared/protocol/records.js";
import { readOutcomes } from "#shared/replay/cycle-outcomes.js";
import { contextOf } from "#shared/replay/succession.js";
import { openSubnet as lookAt } from "#shared/subnet/open-subnet.js";
import { collectingLog, TOKEN } from "../shared/chain/support.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID, PHASES } from "../support/micro-network.js";
import { liveThrough, MINERS, openPrograms } from "../support/programs.js";
import { openSubnet } from "../support/subnet.js";

const LIARS = ["mallory", "mel"] as const;
/** The larger part of the liars' tokens, and the rest: together 49 % of all. */
const [MUCH, LITTLE] = [4700n, 1000n];
const CYCLES = [1, 2, 3];

it("stake of liars that goes from one of their hotkeys to the other in each phase decides no more than it would where it is", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, {
    validators: { vera: 3000, vito: 3000, mallory: Number(MUCH), mel: Number(LITTLE) },
    miners: [...MINERS, "observer"],
    // Liars speak when the honest have spoken, so that both phases have a block more than the programs take.
    network: { phases: { ...PHASES, choose: PHASES.choose + 1 } },
  });
  const programs = await openPrograms(t, subnet);
  for (const name of programs.names) await programs.start(name);
  const network = shortHash(subnet.networkHash);
  const location = "http://127.0.0.1:9";
  const owner = subnet.signer("owner");

  let isFirstRich = true;
  const move = async (record: (name: (typeof LIARS)[number]) => ChainRecord): Promise<void> => {
    isFirstRich = !isFirstRich;
    const amounts = isFirstRich ? [MUCH, LITTLE] : [LITTLE, MUCH];
    const nonce = await subnet.chain.nonce(owner.address);
    const moved = subnet.chain.sudo(
      LIARS.map((name, i) => ({
        name: "setStake",
        args: { netuid: NETUID, hotkey: subnet.signer(name).address, amount: String(amounts[i]! * TOKEN) },
      })),
      owner,
    );
    await subnet.sent("owner", nonce + 1);
    await subnet.record(Object.fromEntries(LIARS.map((name) => [name, encodeRecord(record(name))])));
    await moved;
  };
  const models: string[] = [];
  for (const cycle of CYCLES) {
    const made = (what: string) => sha256(Buffer.from(`${what} of cycle ${cycle}`));
    const every = { better: [1, 2, 3, 4], best: 4 };
    const lived = await liveThrough(subnet, programs, cycle, {
      reported: () => move((name) => ({ type: "report", network, cycle, report: made(name), location })),
      exchanged: () => move((name) => ({ type: "held", network, cycle, held: name === "mel" ? [2, 3] : [3] })),
      voted: () => move(() => ({ type: "ballot", network, cycle, votes: [every, every] })),
      published: () => move((name) => ({ type: "model", network, cycle, model: made(`model ${name}`), location })),
    });
    assert.equal(lived.models[0], lived.models[1]);
    models.push(lived.models[0]!);
  }
  assert.deepEqual(programs.errors(), []);
  await subnet.to(subnet.window(CYCLES.at(-1)! + 1, "distribute").end);
  const observer = await subnet.join("observer");
  const opened = await lookAt({
    home: undefined,
    chain: subnet.node.endpoint,
    netuid: NETUID,
    allowPrivateAddresses: true,
    log: collectingLog().log,
    signal: t.signal,
  });
  t.after(() => opened.close());
  for (const [i, cycle] of CYCLES.entries()) {
    const { outcomes } = await readOutcomes(await contextOf(opened.source, cycle), cycle, opened.head);
    const worth = MINERS.map((name) => outcomes.find(({ uid }) => uid === subnet.uid(name))!.score);
    assert.ok(Math.min(...worth) > 0, `cycle ${cycle}: ${worth}`);
    assert.equal(await observer.models.baseOf(cycle + 1), models[i]);
  }
});
