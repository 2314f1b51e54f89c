import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { markDuty } from "#miner/duty/mark.js";
import { runMiner } from "#miner/miner.js";
import { openTrainer } from "#miner/training/open-trainer.js";
import { createIdleGate } from "#shared/continuous/idle-gate.js";
import { sha256 } from "#shared/protocol/hash.js";
import { encodeRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import type { Log } from "#shared/telemetry/log.js";
import { collectingLog } from "../shared/chain/support.js";
import { coded } from "../support/coded.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID } from "../support/micro-network.js";
import { openSprinter } from "../support/sprint.js";
import { type Flags, type Living, openSubnet, type Subnet, until } from "../support/subnet.js";

/** A miner's program in this process, and what it logged; a line of the log may stop it at once. */
const startMiner = (
  t: Living & { after(fn: () => unknown): void },
  subnet: Subnet,
  { stopAt, flags }: { readonly stopAt?: string; readonly flags?: Flags } = {},
) => {
  const stop = new AbortController();
  const { log, lines } = collectingLog();
  const info: typeof log.info = (message, fields) => {
    log.info(message, fields);
    if (message === stopAt) stop.abort();
  };
  const ended = runMiner(subnet.minerConfig("ann", flags), { ...log, info }, stop.signal);
  const kill = () => {
    stop.abort();
    return ended;
  };
  t.after(kill);
  const find = (message: string) => lines.find((line) => line.message === message);
  const said = (message: string) => until(t, () => find(message) !== undefined);
  return { find, said, kill, ended };
};

describe("a miner that starts again in the cycle that it left", { timeout: HANG_GUARD }, () => {
  it("reveals what it committed before it compiles the training step", async (t) => {
    const subnet = await openSubnet(t);
    const [commit, reveal] = [subnet.window(1, "commit"), subnet.window(1, "reveal")];
    const first = startMiner(t, subnet);
    await first.said("joined");
    await subnet.to(subnet.window(1, "distribute").start);
    await first.said("trained");
    await subnet.to(commit.start - 1);
    await subnet.sent("ann", 1);
    await subnet.to(commit.start);
    await first.said("committed");
    await first.kill();

    await subnet.to(reveal.start - 1);
    const again = startMiner(t, subnet);
    await subnet.sent("ann", 2);
    assert.equal(again.find("compiling the training step"), undefined);
    await subnet.to(reveal.start);
    await again.said("revealed");
    await again.said("joined");
    await subnet.to(subnet.window(1, "evaluate").start);
    assert.equal(await subnet.chain.nonce(subnet.signer("ann").address), 2, "one commitment, one reveal");
  });

  it("reveals its update for the group that it was made for, though it is to train another one from now on", async (t) => {
    const subnet = await openSubnet(t);
    const [commit, reveal] = [subnet.window(1, "commit"), subnet.window(1, "reveal")];
    const first = startMiner(t, subnet, { flags: { expert_group: "math" } });
    await first.said("joined");
    await subnet.to(subnet.window(1, "distribute").start);
    await first.said("trained");
    await subnet.to(commit.start - 1);
    await subnet.sent("ann", 1);
    // What it reveals is written down once the commitment is on chain.
    await first.kill();

    const again = startMiner(t, subnet, { flags: { expert_group: "prose" } });
    await subnet.to(commit.start);
    await again.said("committed");
    await subnet.to(reveal.start - 1);
    await subnet.sent("ann", 2);
    await subnet.to(reveal.start);
    await again.said("revealed");
    const { address } = subnet.signer("ann");
    const own = (await subnet.chain.commitments(NETUID)).find(({ hotkey }) => hotkey === address);
    const record = parseRecord(own?.data ?? "");
    assert.ok(record.ok && record.value.type === "reveal");
    assert.equal(record.value.group, "math");
  });

  it("shows its draws of duty though no model is there to open its trainer with", async (t) => {
    const sprint = sprintSchema.parse({ every: 1, dials: "tiny", duty: { tasks: 1 } });
    const subnet = await openSubnet(t, { network: { sprint }, retention: 18 });
    const network = shortHash(subnet.networkHash);
    await subnet.to(subnet.window(2, "exchange").start);
    const held = encodeRecord({ type: "held", network, cycle: 2, held: [] });
    await subnet.record({ vera: held, vito: held });
    const { start } = subnet.window(3, "exchange");
    await subnet.to(start - 1);
    const ann = await openSprinter(subnet, "ann");
    const [document, answers] = ["a document", "answers"].map((name) => sha256(Buffer.from(name)));
    markDuty(ann, 2, { document, committed: subnet.window(3, "train").start, answers });
    await ann.participant.leave();

    const again = startMiner(t, subnet);
    await again.said("waiting for a model: it is asked for at every block");
    await subnet.sent("ann", 1);
    await subnet.to(start);
    await again.said("answered the audit of duty");
    assert.equal(again.find("compiling the training step"), undefined);
  });

  it("opens its trainer as work of its own, which idle time gives way to", async (t) => {
    const subnet = await openSubnet(t);
    const participant = await subnet.join("ann");
    const gate = createIdleGate();
    let working = 0;
    const info: Log["info"] = (message, fields) => {
      participant.log.info(message, fields);
      if (message === "compiling the training step") working = gate.working;
    };
    const log = { ...participant.log, info };
    const trainer = await openTrainer({ ...participant, log }, subnet.minerConfig("ann"), gate);
    await trainer.dispose();
    assert.deepEqual([working, gate.working], [1, 0]);
  });

  it("keeps what it had trained where the settings of a program in its trainer's place are refused", async (t) => {
    const subnet = await openSubnet(t);
    const config = subnet.minerConfig("ann", { "trainer.command": "true", "trainer.disk_gib": 1e-6 });
    const home = join(config.checkpoint_dir, subnet.signer("ann").address, shortHash(subnet.networkHash));
    const checkpoints = join(home, "training", "replica-0");
    mkdirSync(checkpoints, { recursive: true });
    const { log } = collectingLog();
    await assert.rejects(runMiner(config, log, t.signal), coded("CONFIG_INVALID_VALUE", /GiB of text a cycle/));
    assert.ok(existsSync(checkpoints));
  });

  it("commits what it had trained when it was stopped before the update was written, though the commit phase has begun", async (t) => {
    const subnet = await openSubnet(t);
    const [commit, reveal] = [subnet.window(1, "commit"), subnet.window(1, "reveal")];
    const first = startMiner(t, subnet, { stopAt: "trained" });
    await first.said("joined");
    await subnet.to(subnet.window(1, "distribute").start);
    await first.said("trained");
    await first.ended;
    assert.equal(first.find("committed"), undefined);

    await subnet.to(commit.start - 1);
    const again = startMiner(t, subnet);
    await subnet.sent("ann", 1);
    await subnet.to(commit.start);
    await again.said("committed");
    const { steps, tokens } = first.find("trained")!.fields;
    assert.deepEqual(
      [
        again.find("training resumed")?.fields,
        again.find("trained")?.fields.steps,
        again.find("trained")?.fields.tokens,
      ],
      [{ cycle: 1, step: steps, tokens }, steps, tokens],
    );
    assert.equal(again.find("too late for this cycle"), undefined);
    await subnet.to(reveal.start - 1);
    await subnet.sent("ann", 2);
    await subnet.to(reveal.start);
    await again.said("revealed");
  });
});
