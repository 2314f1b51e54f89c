import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cycleAuditor } from "#inspect/audit/audit-cycle.js";
import { explainScore } from "#inspect/explain/explain-score.js";
import { networkHash } from "#shared/protocol/network.js";
import { readOutcomes } from "#shared/replay/cycle-outcomes.js";
import { contextOf } from "#shared/replay/succession.js";
import { openSubnet as lookAt } from "#shared/subnet/open-subnet.js";
import { collectingLog } from "../shared/chain/support.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID, template } from "../support/micro-network.js";
import { liveThrough, MINERS, openPrograms } from "../support/programs.js";
import { openSubnet } from "../support/subnet.js";
import { publishFile, successorOf } from "../support/successor.js";

describe("a change of the network file", { timeout: HANG_GUARD }, () => {
  it("keeps the model: everybody goes over in its cycle, without being started again", async (t) => {
    const subnet = await openSubnet(t, { miners: [...MINERS, "observer"] });
    const programs = await openPrograms(t, subnet);
    for (const name of programs.names) await programs.start(name);
    const scoring = { ...template.scoring, eval_batches: 10 };
    const next = successorOf(subnet.network, 2, { scoring });
    const first = await liveThrough(subnet, programs, 1, { published: () => publishFile(subnet, next).then(() => {}) });
    const hash = networkHash(next);
    const second = await liveThrough(subnet, programs, 2);
    assert.equal(second.models[0], second.models[1]);
    assert.equal((await programs.said("ann", "training", 2)).base, first.models[0], "trained from the model before");
    assert.deepEqual(programs.errors(), []);

    await subnet.to(subnet.window(3, "distribute").end);
    const observer = await subnet.join("observer");
    assert.equal(observer.networkHash, hash);
    assert.equal(await observer.models.baseOf(3), second.models[0]);
    assert.equal(await observer.models.baseOf(2), first.models[0]);
    const manifest = await observer.models.manifest(second.models[0]!, t.signal);
    assert.deepEqual([manifest.network, manifest.parent], [hash, first.models[0]]);

    // Scores of the cycle before count in the window, and whoever looks at the past finds it under its own file.
    const { log } = collectingLog();
    const chain = subnet.node.endpoint;
    const opened = await lookAt({
      home: undefined,
      chain,
      netuid: NETUID,
      allowPrivateAddresses: true,
      log,
      signal: t.signal,
    });
    t.after(() => opened.close());
    assert.deepEqual([opened.first, opened.last], [1, 2]);
    const audit = cycleAuditor(opened);
    for (const cycle of [1, 2]) {
      const { result, divergences, missing } = await audit(cycle);
      assert.deepEqual({ result, divergences, missing }, { result: "agrees", divergences: [], missing: [] });
    }
    const uid = subnet.uid("ann");
    const { window } = await explainScore(opened, 2, uid);
    const outcomes = await Promise.all(
      [1, 2].map(async (cycle) => readOutcomes(await contextOf(opened.source, cycle), cycle, opened.head)),
    );
    const scores = outcomes.map((one) => one.outcomes.find((outcome) => outcome.uid === uid)!.score);
    assert.ok(scores.every((score) => score > 0));
    const inWindow = window.cycles.filter(({ cycle }) => cycle > 0).map(({ cycle, score }) => [cycle, score]);
    assert.deepEqual(inWindow, [
      [1, scores[0]],
      [2, scores[1]],
    ]);
    assert.deepEqual(window.unknown, []);
  });
});
