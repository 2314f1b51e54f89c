import assert from "node:assert/strict";
import { it } from "node:test";
import { explainValidators, validatorLines } from "#inspect/explain/explain-validators.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { lookAt } from "#tests/support/look-at.js";
import { holdReports, reportOf, reportRecord, scoredEntry, withSeeds } from "#tests/support/reports.js";
import { openSubnet } from "#tests/support/subnet.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";

it("tells of each validator whether it reported, who holds that, and how far it agrees; and who is silent", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { validators: { vera: 2800, vito: 2000, vick: 1200, sid: 4000 } });
  const [ann, bob] = ["ann", "bob"].map((miner) =>
    forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }),
  ) as [ReturnType<typeof forge>, ReturnType<typeof forge>];
  await submit(subnet, { ann, bob });
  const reports = await withSeeds(subnet, {
    vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.02), scoredEntry(bob, 0)] }),
    vito: reportOf(subnet, "vito", { entries: [scoredEntry(ann, 0.01), scoredEntry(bob, 0.01)] }),
    vick: reportOf(subnet, "vick", { entries: [scoredEntry(ann, 0.03), scoredEntry(bob, 0.01)] }),
  });
  for (const report of Object.values(reports)) await subnet.store.put(canonicalBytes(report));
  const block = subnet.node.head.number + 1;
  await subnet.record(
    Object.fromEntries(Object.entries(reports).map(([name, report]) => [name, reportRecord(subnet, report)])),
  );
  // Nobody holds vick's, which says nothing of the others' either.
  await holdReports(subnet, 1, 2, ["vera", "vito"]);
  await subnet.to(subnet.window(1, "merge").start);

  const explanation = await explainValidators(await lookAt(t, subnet), 1);
  const hotkey = (name: string) => subnet.signer(name).address;
  const facts = explanation.validators.map((one) => [
    one.uid,
    one.hotkey,
    one.votes,
    one.reportedAt,
    Number(one.heldBy.toFixed(3)),
    one.counts,
    one.exchanged,
    one.agreement,
    one.problem,
  ]);
  const unheld = "validators with 0.0 % of the stake hold its report, and more than half must";
  assert.deepEqual(facts, [
    // More than half of the stake scores both; what most of that gives at least is vera's 0.02, and for bob nothing.
    [1, hotkey("vera"), true, block, 0.8, true, true, 1, null],
    [2, hotkey("vito"), true, block, 0.8, true, true, 0.5, null],
    [3, hotkey("vick"), true, block, 0, false, false, null, unheld],
    [4, hotkey("sid"), false, null, 0, false, false, null, null],
  ]);
  assert.equal(explanation.isWhole, true);
  assert.deepEqual(JSON.parse(JSON.stringify(explanation)), explanation);

  const lines = validatorLines(explanation);
  assert.equal(lines[0], "validators of cycle 1: 3 of 4 vote");
  const { start } = subnet.window(1, "evaluate");
  assert.equal(
    lines[1],
    `The network names no beacon: the evaluation batches were drawn by the hash of block ${start}, among which a producer could choose. That seed is weaker.`,
  );
  const text = lines.join("\n");
  for (const line of [
    /^UID +STAKE +REPORTED +HELD BY +COUNTED +EXCHANGED +AGREEMENT +DEVIATION +HOTKEY$/m,
    /^1 +46\.7 % +block \d+ +80\.0 % +yes +yes +100\.0 % +0\.0 % +5/m,
    /^2 +33\.3 % +block \d+ +80\.0 % +yes +yes +50\.0 % +50\.0 % +5/m,
    /^3 +20\.0 % +block \d+ +0\.0 % +no +no +5/m,
    /^4 +silent +no +no +no +5/m,
    /^uid 3: validators with 0\.0 % of the stake hold its report, and more than half must\.$/m,
    /^uid 4 has written no record for long: its stake counts in no majority\.$/m,
  ])
    assert.match(text, line);
});
