import assert from "node:assert/strict";
import { it } from "node:test";
import { auditSprint } from "#inspect/audit/audit-sprint.js";
import { openFindings } from "#inspect/audit/findings.js";
import { sprintFacts } from "#inspect/explain/explain-sprint.js";
import { sprintSentences } from "#inspect/explain/sprint-sentences.js";
import { runSprint } from "#miner/sprint/run-sprint.js";
import { readPayWindow } from "#shared/compute/read-pay-window.js";
import type { Sprint } from "#shared/protocol/sprint.js";
import { holdChecks } from "#validator/sprint/hold-checks.js";
import { knownWeights } from "#validator/sprint/known-gate.js";
import { publishChecks } from "#validator/sprint/publish-checks.js";
import { settleSprint } from "#validator/sprint/settle-sprint.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { lookAt } from "../support/look-at.js";
import { openChecker, openSprinter, SPRINT, type TestChecker, type TestSprinter } from "../support/sprint.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";
import { device } from "../support/updates.js";

const CONFIRMED: Sprint = { ...SPRINT, every: 2, confirmations: 1 };
const BATCHES = 12;

type Waiting = Parameters<typeof until>[0];

/** The part of validators in a Sprint, from the end of its evaluate phase until the reveal phase after it is over. */
const settled = async (t: Waiting, subnet: Subnet, cycle: number, named: Readonly<Record<string, TestChecker>>) => {
  const [names, validators] = [Object.keys(named), Object.values(named)];
  const train = subnet.window(cycle + 1, "train");
  const checks = validators.map((validator) => publishChecks(validator, cycle, CONFIRMED));
  await subnet.to(subnet.window(cycle, "exchange").start);
  await until(t, () => validators.every(({ journal }) => journal.value.cycles[cycle]?.checks !== undefined));
  await subnet.to(train.start);
  // A record of checks and one of those held for each Sprint.
  for (const name of names) await subnet.sent(name, 2 * (cycle - 1) - 1);
  await subnet.to(train.start + 1);
  await Promise.all(checks);
  const holds = validators.map((validator) => holdChecks(validator, cycle));
  const reveal = subnet.window(cycle + 1, "reveal");
  await subnet.to(reveal.start);
  for (const name of names) await subnet.sent(name, 2 * (cycle - 1));
  await subnet.to(reveal.end - 1);
  await Promise.all(holds);
  const deadline = reveal.end + 1;
  await Promise.all(validators.map((one) => settleSprint(one, { cycle, sprint: CONFIRMED, deadline })));
};

it("a Sprint that is confirmed without notice: who has gone since counts nothing", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: CONFIRMED } });
  const ann = await openSprinter(subnet, "ann");
  const bob = await openSprinter(subnet, "bob");
  const vera = await openChecker(subnet, "vera");
  const vito = await openChecker(subnet, "vito");
  const miners: readonly (readonly [string, TestSprinter])[] = [
    ["ann", ann],
    ["bob", bob],
  ];
  const { evaluate, distribute } = {
    evaluate: subnet.window(2, "evaluate"),
    distribute: subnet.window(2, "distribute"),
  };
  await subnet.to(distribute.start - 1);
  const lives = miners.map(([, miner]) => runSprint(miner, 2, CONFIRMED));
  for (const [name] of miners) await subnet.sent(name, 1);
  await subnet.to(distribute.start);
  await subnet.to(evaluate.start);
  await until(t, () => miners.every(([, miner]) => miner.batches() >= BATCHES));
  await subnet.to(evaluate.end - 2);
  for (const [name] of miners) await subnet.sent(name, 2);
  const { difficulty } = ann.journal.value.cycles[2]!.sprint!;
  assert.deepEqual(ann.journal.value.proven, { cycle: 2, difficulty }, "before its record is seen on chain");
  await subnet.to(evaluate.end - 1);
  await Promise.all(lives);
  await settled(t, subnet, 2, { vera, vito });

  // Cycle 3 confirms it. Bob's machine was rented for the Sprint alone.
  // Ann's journal was lost since: the chain says that she is asked.
  ann.journal.update(({ proven: _, ...value }) => ({ ...value, cycles: {} }));
  const again = subnet.window(3, "evaluate");
  const proving = runSprint(ann, 3, CONFIRMED);
  await subnet.to(again.start);
  await until(t, () => ann.batches() >= 2 * BATCHES);
  await subnet.to(again.end - 2);
  await subnet.sent("ann", 3);
  await subnet.to(again.end - 1);
  await proving;
  await settled(t, subnet, 3, { vera, vito });

  const { source, head } = await lookAt(t, subnet);
  const arithmetic = async () => ({ device, threads: 1 });
  const window = await readPayWindow(source, 4, { arithmetic });
  const { results, confirmations, unknown, confirmed } = window;
  assert.deepEqual(
    [results, confirmations].map((all) => all.map(({ cycle, confirms }) => [cycle, confirms])),
    [[[2, null]], [[3, 2]]],
  );
  assert.deepEqual(unknown, []);
  const [first, second] = [results[0]!, confirmations[0]!].map(({ outcomes }) => outcomes);
  assert.deepEqual(
    first!.map(({ outcome }) => outcome),
    ["valid", "valid"],
  );
  assert.deepEqual(
    second!.map(({ outcome }) => outcome),
    ["valid", "absent"],
  );
  assert.equal(second![0]!.difficulty, first![0]!.difficulty, "what was declared for the Sprint");
  const address = (name: string) => subnet.signer(name).address;
  assert.equal(confirmed?.get(address("ann"))?.weight, Math.min(first![0]!.measured, second![0]!.measured));
  assert.deepEqual([confirmed?.get(address("bob"))?.weight, confirmed?.get(address("bob"))?.bound], [0, "confirmed"]);
  for (const validator of [vera, vito]) {
    assert.deepEqual(await knownWeights(validator, 4), confirmed);
    assert.deepEqual(validator.journal.value.draws, [{ cycle: 3, isDrawn: true }]);
  }
  assert.equal((await knownWeights(vera, 3))?.get(address("bob"))?.weight, first![1]!.measured);

  const findings = openFindings(3);
  await auditSprint(source, { cycle: 3, head }, findings);
  const { divergences, notes } = findings.finish();
  assert.deepEqual(divergences, []);
  assert.match(notes.join(" "), /a confirmation of the Sprint of cycle 2 was drawn .*uid 4 is absent/);
  const said = sprintSentences(sprintFacts(source.network, window, { uid: 4, hotkey: address("bob") })).join(" ");
  assert.match(
    said,
    /drawn in cycle 3, .* It committed to no proof in time\. .*weight is 0 nonces, its least confirmation/,
  );
});
