import assert from "node:assert/strict";
import { it } from "node:test";
import { auditSprint } from "#inspect/audit/audit-sprint.js";
import { openFindings } from "#inspect/audit/findings.js";
import { sprintFacts } from "#inspect/explain/explain-sprint.js";
import { sprintSentences } from "#inspect/explain/sprint-sentences.js";
import { runSprint } from "#miner/sprint/run-sprint.js";
import { readPayWindow } from "#shared/compute/read-pay-window.js";
import { sha256 } from "#shared/protocol/hash.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { idleSprint, type PlayedSprint, type Sprint, sprintSchema } from "#shared/protocol/sprint.js";
import { encodeWinners, parseWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { holdChecks } from "#validator/sprint/hold-checks.js";
import { knownWeights } from "#validator/sprint/known-gate.js";
import { publishChecks } from "#validator/sprint/publish-checks.js";
import { settleSprint } from "#validator/sprint/settle-sprint.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { lookAt } from "../support/look-at.js";
import { openChecker, openSprinter, SPRINT, type TestChecker, type TestSprinter } from "../support/sprint.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";
import { device } from "../support/updates.js";

/** Of two blocks of a search one is idle time's; its record has one block more than its search. */
const RULES: Sprint = sprintSchema.parse({ ...SPRINT, every: 2, idle: { window: 0.5, sample: 200 } });
const BATCHES = 6;
const NAMES = ["ann", "bob", "eve", "gil", "pat", "tom"] as const;

type Waiting = Parameters<typeof until>[0];
type Miners = Readonly<Record<(typeof NAMES)[number], TestSprinter>>;

/** The part of validators in a Sprint, from the end of its evaluate phase until the reveal phase after it is over. */
const settled = async (
  t: Waiting,
  subnet: Subnet,
  { cycle, sprint }: { readonly cycle: number; readonly sprint: PlayedSprint },
  named: Readonly<Record<string, TestChecker>>,
) => {
  const [names, validators] = [Object.keys(named), Object.values(named)];
  const train = subnet.window(cycle + 1, "train");
  const checks = validators.map((validator) => publishChecks(validator, cycle, sprint));
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
  await Promise.all(validators.map((one) => settleSprint(one, { cycle, sprint, deadline })));
};

/** The Sprint of cycle 2; each miner has computed so many batches in it. */
const sprinted = async (t: Waiting, subnet: Subnet, miners: Miners): Promise<Readonly<Record<string, number>>> => {
  const { distribute, evaluate } = {
    distribute: subnet.window(2, "distribute"),
    evaluate: subnet.window(2, "evaluate"),
  };
  await subnet.to(distribute.start - 1);
  const lives = Object.values(miners).map((miner) => runSprint(miner, 2, RULES));
  for (const name of NAMES) await subnet.sent(name, 1);
  await subnet.to(distribute.start);
  await subnet.to(evaluate.start);
  await until(t, () => Object.values(miners).every(({ batches }) => batches() >= BATCHES));
  await subnet.to(evaluate.end - 2);
  for (const name of NAMES) await subnet.sent(name, 2);
  await subnet.to(evaluate.end - 1);
  await Promise.all(lives);
  return Object.fromEntries(NAMES.map((name) => [name, miners[name].batches()]));
};

const proofOf = async ({ journal, participant: { blobs, signal } }: TestSprinter) => {
  const { proof: hash } = journal.value.cycles[2]!.sprint!;
  const parsed = parseWinners(await blobs.get({ hash: hash!, maxBytes: 1 << 20, locations: [], signal }));
  assert.ok(parsed.ok);
  return parsed.value;
};

/** A record of idle time of cycle 3 for these bytes, which the miner serves. */
const claim = async (
  { participant: { blobs, location, networkHash } }: TestSprinter,
  bytes: Uint8Array,
  { wins, nonces }: { readonly wins: readonly number[]; readonly nonces: number },
): Promise<string> => {
  await blobs.put(bytes);
  const head = { network: shortHash(networkHash), cycle: 3, location };
  return encodeRecord({ type: "sprint", ...head, proof: sha256(bytes), wins: wins.length, nonces });
};

it("idle time is proven beside work, upholds who is there, and takes from who is gone, late, or shows old wins", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: RULES }, miners: [...NAMES, "sam"] });
  const opened = await Promise.all(NAMES.map(async (name) => [name, await openSprinter(subnet, name)] as const));
  const miners = Object.fromEntries(opened) as unknown as Miners;
  const { ann, bob, eve, gil, pat, tom } = miners;
  const vera = await openChecker(subnet, "vera");
  const vito = await openChecker(subnet, "vito");
  const done = await sprinted(t, subnet, miners);
  await settled(t, subnet, { cycle: 2, sprint: RULES }, { vera, vito });

  // Ann and Pat search; Pat pads. Bob shows the Sprint's proof again, Eve its wins under a new signature. Sam was in no Sprint. Tom is late.
  const idle = subnet.window(3, "evaluate");
  const padder = { ...pat, config: { ...pat.config, behaviour: "padder" as const } };
  const proving = [ann, padder].map((miner) => runSprint(miner, 3, RULES));
  await subnet.to(idle.start);
  await until(t, () => ann.batches() > done.ann! + 1);
  let finish: () => void = () => {};
  const work = ann.gate.work(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const [at, others] = [ann.batches(), pat.batches()];
  await until(t, () => pat.batches() > others + 8);
  assert.ok(ann.batches() <= at + 1.5, `${ann.batches() - at} batches while the device was at work`);
  finish();
  await work;
  await until(t, () => ann.batches() >= 2 * done.ann!);
  const [old, reused] = [await proofOf(bob), await proofOf(eve)];
  const { network, difficulty, wins, nonces } = reused;
  const resigned = await signWinners({ network, difficulty, wins, nonces, cycle: 3 }, eve.participant.signer);
  const head = { network: shortHash(subnet.networkHash), cycle: 3, location: bob.participant.location };
  await subnet.record({
    bob: await claim(bob, encodeWinners(old), old),
    eve: await claim(eve, encodeWinners(resigned), resigned),
    sam: encodeRecord({ type: "sprint", ...head, proof: "ab".repeat(32), wins: 1 << 20, nonces: 1 << 24 }),
  });
  for (const name of ["ann", "pat"]) await subnet.sent(name, 3);
  await subnet.to(idle.start + 2);
  await Promise.all(proving);
  assert.equal(subnet.node.head.number, idle.end - 2);
  // Gil comes back when there is no time for a record any more.
  await runSprint(gil, 3, RULES);
  assert.equal(gil.journal.value.cycles[3], undefined);
  await subnet.record({ tom: await claim(tom, encodeWinners(old), old) });
  await settled(t, subnet, { cycle: 3, sprint: idleSprint(RULES)! }, { vera, vito });

  const { source, head: seen } = await lookAt(t, subnet);
  const window = await readPayWindow(source, 4, { arithmetic: async () => ({ device, threads: 1 }) });
  assert.deepEqual([window.unknown, window.confirmations, window.idle.length], [[], [], 1]);
  const address = (name: string) => subnet.signer(name).address;
  const outcomeOf = (name: string) => window.idle[0]!.outcomes.find(({ hotkey }) => hotkey === address(name));
  assert.deepEqual(
    [...NAMES, "sam"].map((name) => outcomeOf(name)?.outcome),
    ["valid", "invalid", "invalid", "absent", "invalid", "absent", undefined],
  );
  assert.match(outcomeOf("bob")!.fault!, /cycle/);
  assert.notEqual(outcomeOf("eve")!.nonce, null);
  assert.notEqual(outcomeOf("pat")!.nonce, null);
  const sprint = (name: string) => window.results[0]!.outcomes.find(({ hotkey }) => hotkey === address(name))!;
  const confirmed = (name: string) => {
    const { weight, bound } = window.confirmed!.get(address(name))!;
    return [weight, bound];
  };
  assert.deepEqual(confirmed("ann"), [sprint("ann").measured, "measured"]);
  for (const name of ["gil", "tom"])
    assert.deepEqual(confirmed(name), [Math.floor(0.8 * sprint(name).measured), "idle"]);
  for (const name of ["bob", "eve", "pat"]) assert.deepEqual(confirmed(name), [0, "idle"]);
  for (const validator of [vera, vito]) {
    assert.deepEqual(await knownWeights(validator, 4), window.confirmed);
    assert.deepEqual(validator.journal.value.draws, []);
  }
  assert.equal((await knownWeights(vera, 3))?.get(address("gil"))?.weight, sprint("gil").measured);
  const last = ann.journal.value.sprinted!.nonces;
  assert.equal(last, sprint("ann").nonces, "the next difficulty goes by the Sprint");

  const findings = openFindings(3);
  await auditSprint(source, { cycle: 3, head: seen }, findings);
  const { divergences, notes } = findings.finish();
  assert.deepEqual(divergences, []);
  assert.match(notes.join(" "), /idle time is to uphold weights of the Sprint of cycle 2 /);
  const said = (name: string) =>
    sprintSentences(sprintFacts(source.network, window, { uid: subnet.uid(name), hotkey: address(name) })).join(" ");
  assert.match(said("ann"), /In idle time of cycle 3, .* It upheld the weight; .* of its capacity did something else/);
  assert.match(
    said("gil"),
    /In idle time of cycle 3, .* no proof in time\. .* what idle time leaves that it did not prove/,
  );
  assert.match(said("pat"), /does not win\. Nothing of the weight is left until the next Sprint\./);
});
