import assert from "node:assert/strict";
import { it } from "node:test";
import { auditDuty } from "#inspect/audit/audit-duty.js";
import { openFindings } from "#inspect/audit/findings.js";
import { sprintFacts } from "#inspect/explain/explain-sprint.js";
import { payPartsOf, readSprints } from "#inspect/explain/read-sprints.js";
import { sprintSentences } from "#inspect/explain/sprint-sentences.js";
import { publishAnswers } from "#miner/duty/answer-audit.js";
import type { DutyMember } from "#miner/duty/context.js";
import { publishDuty } from "#miner/duty/publish-duty.js";
import { newDutyMemory } from "#shared/compute/duty/read-duty.js";
import { parseDutyAnswers } from "#shared/duty/answers-document.js";
import type { Checkers } from "#shared/duty/check-task.js";
import { MAX_DUTY_BYTES } from "#shared/duty/duty-document.js";
import { type CheckEntry, checksHash, signChecks } from "#shared/protocol/checks.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { seedBlocks } from "#shared/protocol/seed.js";
import { sprintSchema, withDuty } from "#shared/protocol/sprint.js";
import type { StatedReputation } from "#shared/protocol/stated-reputation.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import { openSprintNetwork } from "#shared/sprint/exact/prover.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import { encodeWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { closeDuty } from "#validator/duty/close-duty.js";
import { reputationsToState } from "#validator/duty/known-standings.js";
import { checkProofs } from "#validator/sprint/check-proofs.js";
import { knownGate } from "#validator/sprint/known-gate.js";
import { settleSprint } from "#validator/sprint/settle-sprint.js";
import { forked } from "../support/forked.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { lookAt } from "../support/look-at.js";
import { openChecker, openSprinter } from "../support/sprint.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";
import { device } from "../support/updates.js";

/** One task a proof: with nothing else at stake everybody is on duty for it. */
const SPRINT = sprintSchema.parse({
  every: 1,
  dials: "tiny",
  duty: { tasks: 1, reputation: "corrected", verifiers: 0.5 },
});
const DIFFICULTY = 8;
const NONCES = 200;

/**
 * Ann and Bob do their duty, Lax says what is true and computes nothing, Tom publishes no document in time, and what the others commit to cannot be
 * used.
 */
const MEMBERS = ["ann", "bob", "lax", "tom", "gar", "big", "non"] as const;

/** Weights of 800 nonces each are confirmed for the members, by two validators' word. */
const confirmWeights = async (subnet: Subnet): Promise<void> => {
  const head = { network: shortHash(subnet.networkHash), cycle: 1, location: subnet.location };
  const forAll = (text: (name: string) => string) => Object.fromEntries(MEMBERS.map((name) => [name, text(name)]));
  await subnet.record(forAll(() => encodeRecord({ type: "enter", ...head, difficulty: DIFFICULTY })));
  await subnet.to(subnet.window(1, "evaluate").start - 1);
  const proofOf = (name: string) => sha256(Buffer.from(`the proof of ${name}`));
  const counts = { wins: 100, nonces: 800 };
  await subnet.record(forAll((name) => encodeRecord({ type: "sprint", ...head, proof: proofOf(name), ...counts })));
  await subnet.to(subnet.window(2, "distribute").start - 1);
  const enter = { type: "enter", ...head, cycle: 2, difficulty: DIFFICULTY } as const;
  await subnet.record({ ann: encodeRecord(enter), pat: encodeRecord(enter), sly: encodeRecord(enter) });
  await subnet.to(subnet.window(2, "train").start - 1);
  const entries = MEMBERS.map((name) => entryOf(subnet, name, { proof: proofOf(name), wins: counts.wins }));
  await subnet.record(await checksBy(subnet, 1, entries));
  await subnet.to(subnet.window(2, "reveal").start);
  await holdChecks(subnet, 1);
};

interface Proven {
  readonly proof: string;
  readonly wins: number;
}

const entryOf = (subnet: Subnet, name: string, { proof, wins }: Proven): CheckEntry => ({
  ...{ uid: subnet.uid(name), hotkey: subnet.signer(name).address, proof },
  ...{ verdict: "valid", reason: null, detail: null, wins, checked: wins, nonce: null },
});

/** What validators say of Ann's earlier cycles. */
const reputationsOf = (subnet: Subnet, idle = 0): StatedReputation[] => [
  { hotkey: subnet.signer("ann").address, ...NEWCOMER, value: 500_000, idle },
];

/** Validator → its record of checks of a Sprint, all with the same entries. */
const checksBy = async (
  subnet: Subnet,
  cycle: number,
  entries: readonly CheckEntry[],
  reputations = reputationsOf(subnet),
) => {
  const head = { network: shortHash(subnet.networkHash), cycle, location: subnet.location };
  const records: Record<string, string> = {};
  const ordered = [...entries].sort((a, b) => a.uid - b.uid);
  for (const validator of subnet.validators) {
    const fields = { network: subnet.networkHash, cycle, entries: ordered, reputations };
    const checks = await signChecks(fields, subnet.signer(validator));
    await subnet.store.put(canonicalBytes(checks));
    records[validator] = encodeRecord({ type: "checks", ...head, checks: checksHash(checks) });
  }
  return records;
};

const holdChecks = (subnet: Subnet, cycle: number) => {
  const held = encodeRecord({ type: "checksheld", network: shortHash(subnet.networkHash), cycle, held: [0, 1] });
  return subnet.record(Object.fromEntries(subnet.validators.map((name) => [name, held])));
};

/**
 * In the Sprint of cycle 2 Ann commits to true wins, and Pat and Sly, whose weight nobody confirmed, to nonces none of which wins. Neither serves its
 * proof: Pat does once validators wait for it no more, and Sly once members have answered.
 */
const commitProofs = async (subnet: Subnet) => {
  await subnet.to(subnet.window(2, "evaluate").start);
  const seedOf = (purpose: "sprint-network" | "sprint-inputs") => readSprintSeed(subnet, { cycle: 2, purpose });
  const network = await openSprintNetwork({
    dials: EXACT_DIALS.tiny,
    seed: networkSeed(await seedOf("sprint-network")),
    device,
  });
  const inputs = await seedOf("sprint-inputs");
  const head = { network: shortHash(subnet.networkHash), cycle: 2, location: subnet.location };
  const records: Record<string, string> = {};
  const proven: Record<string, Proven> = {};
  const withheld: Record<string, Uint8Array> = {};
  for (const name of ["ann", "pat", "sly"]) {
    const signer = subnet.signer(name);
    const won = await network.search(nodeSeed(signer.publicKey, inputs), { first: 0, count: NONCES }, DIFFICULTY);
    const lost = Array.from({ length: NONCES }, (_, nonce) => nonce).filter((nonce) => !won.includes(nonce));
    const wins = name === "ann" ? won : lost.slice(0, 20);
    const fields = { network: subnet.networkHash, cycle: 2, difficulty: DIFFICULTY, nonces: NONCES, wins };
    const bytes = encodeWinners(await signWinners(fields, signer));
    if (name === "ann") await subnet.store.put(bytes);
    else withheld[name] = bytes;
    proven[name] = { proof: sha256(bytes), wins: wins.length };
    const counts = { wins: wins.length, nonces: NONCES };
    records[name] = encodeRecord({ type: "sprint", ...head, proof: sha256(bytes), ...counts });
  }
  await network.dispose();
  await subnet.record(records);
  return { proven, withheld };
};

const openMember = async (subnet: Subnet, name: string, checkers?: Checkers): Promise<DutyMember> => {
  const sprinter = await openSprinter(subnet, name);
  return { ...sprinter, ...(checkers && { checkers }) };
};

it("duty of a Sprint is drawn, done, audited and closed on chain: who lies, misses or hides it loses pay", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT }, miners: [...MEMBERS, "pat", "sly"] });
  const sprint = withDuty(SPRINT)!;
  const address = (name: string) => subnet.signer(name).address;
  await confirmWeights(subnet);
  const { proven, withheld } = await commitProofs(subnet);
  await subnet.to(subnet.window(2, "exchange").start);

  const [seesSibling, bob, tom] = [
    await openMember(subnet, "ann"),
    await openMember(subnet, "bob"),
    await openMember(subnet, "tom"),
  ];
  // Ann draws by a block that a fork replaces before the document goes out.
  let isReplaced = false;
  const { deciding } = seedBlocks(2, "sprint-duty", subnet.network);
  const ann = { ...seesSibling, participant: forked(seesSibling.participant, deciding, () => isReplaced) };
  const madeUp = { digest: sha256(Buffer.from("made up")) };
  const lax = await openMember(subnet, "lax", {
    "sprint-win": async ({ executor }) =>
      executor === address("ann")
        ? { verdict: "valid", ...madeUp }
        : { verdict: "invalid", reason: "it does not win", ...madeUp },
  });
  const documentOf = ({ journal }: DutyMember) => journal.value.cycles[2]?.duty?.document;
  const vera = await openChecker(subnet, "vera");
  let isChecked = false;
  const losers = async () => {
    isChecked = true;
    return [];
  };
  const checking = checkProofs({
    participant: vera.participant,
    cycle: 2,
    sprint,
    recomputer: { portion: 64, losers },
  });
  const lives = [ann, bob, lax].map((member) => publishDuty(member, 2, sprint));
  await until(t, () => isChecked);
  await subnet.to(subnet.window(3, "distribute").start);
  // Validators stop asking for proofs before members do: what is served so late to all of them was nobody's to check, and else each member would miss
  // it.
  const found = (await checking).entries.map(({ hotkey, verdict }) => [hotkey, verdict]);
  const expected = ["ann", "pat", "sly"].map((name) => [address(name), name === "ann" ? "valid" : "abstain"]);
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
  await subnet.store.put(withheld.pat!);
  const train = subnet.window(3, "train");
  isReplaced = true;
  await subnet.to(train.start - 1);
  await until(t, () => [ann, bob, lax].every((member) => documentOf(member) !== undefined));

  // Bob is killed after his record was sent, and comes back.
  await subnet.sent("bob", 3);
  const killed = assert.rejects(lives[1]!);
  await bob.participant.leave();
  await killed;
  const again = await openMember(subnet, "bob");
  assert.equal(documentOf(again), documentOf(bob));
  lives[1] = publishDuty(again, 2, sprint);

  for (const name of ["ann", "lax"]) await subnet.sent(name, name === "ann" ? 5 : 3);
  const [garbage, oversized] = [Buffer.from("no document"), Buffer.alloc(MAX_DUTY_BYTES + 1, 32)];
  for (const bytes of [garbage, oversized]) await subnet.store.put(bytes);
  const head = { network: shortHash(subnet.networkHash), cycle: 2, location: subnet.location };
  const duty = (hash: string) => encodeRecord({ type: "duty", ...head, duty: hash });
  // Nobody recomputes Pat's wins but members.
  const valid = ["ann", "pat"].map((name) => entryOf(subnet, name, proven[name]!));
  const unreachable = { verdict: "abstain", reason: "unreachable", checked: 0 } as const;
  const checks = await checksBy(subnet, 2, [...valid, { ...entryOf(subnet, "sly", proven.sly!), ...unreachable }]);
  await subnet.record({
    ...checks,
    gar: duty(sha256(garbage)),
    big: duty(sha256(oversized)),
    non: duty("ab".repeat(32)),
  });
  await Promise.all(lives);
  const inBlock = again.journal.value.cycles[2]!.duty!.committed;
  await publishDuty(again, 2, sprint);
  assert.equal(again.journal.value.cycles[2]!.duty!.committed, inBlock);

  await subnet.to(subnet.window(3, "reveal").start);
  await holdChecks(subnet, 2);

  // Sly's proof is served now, and validators could not have it: nobody is asked for draws of it.
  await subnet.store.put(withheld.sly!);
  // Who was on duty for everything is asked for nothing; Tom shows that he was on duty.
  await subnet.to(subnet.window(3, "exchange").start - 1);
  await publishAnswers(ann, 2, sprint);
  assert.equal(ann.journal.value.cycles[2]!.duty!.answers, undefined);
  const answered = publishAnswers(tom, 2, sprint);
  await subnet.sent("tom", 3);
  await subnet.to(subnet.window(3, "exchange").end);
  await answered;
  assert.equal(tom.journal.value.cycles[2]!.duty!.answered, subnet.window(3, "exchange").start);

  const shown = await tom.participant.blobs.get({
    ...{ hash: tom.journal.value.cycles[2]!.duty!.answers!, maxBytes: MAX_DUTY_BYTES, locations: [] },
    signal: tom.participant.signal,
  });
  const parsed = parseDutyAnswers(shown!);
  assert.equal(parsed.ok && parsed.value.answers.length, 2);

  const deadline = vera.participant.clock.head.number + 1;
  // Who does not know the window closes nothing.
  const known = newDutyMemory();
  await closeDuty(vera, { cycle: 2, sprint, deadline, known });
  assert.equal(vera.journal.value.duties.length, 0);
  await settleSprint(vera, { cycle: 1, sprint: SPRINT, deadline });
  await closeDuty(vera, { cycle: 2, sprint, deadline, known });
  // Each draw was verified once: three members' five claims, and what Tom showed.
  assert.equal(known.draws.size, 7);
  await closeDuty(vera, { cycle: 2, sprint, deadline, known });
  assert.equal(known.draws.size, 7);
  const [closed] = vera.journal.value.duties;
  assert.ok(closed && !closed.isWhole);
  const parts = new Map(closed.parts.map((part) => [part.hotkey, part]));
  const standing = (name: string) => {
    const { duties, missed, isFraud, released } = parts.get(address(name))!;
    return [duties, missed, isFraud, released];
  };
  // Ann is not on duty for her own win.
  assert.deepEqual(standing("ann"), [1, 0, false, 1_000_000]);
  assert.deepEqual(standing("bob"), [2, 0, false, 1_000_000]);
  assert.deepEqual(standing("lax"), [2, 0, true, 0]);
  assert.deepEqual(standing("pat"), [0, 0, true, 0]);
  // Sly's win is no task: else each member would have missed it.
  assert.equal(parts.has(address("sly")), false);
  for (const name of ["tom", "gar", "big", "non"]) assert.deepEqual(standing(name), [2, 2, false, 10_000], name);
  assert.equal(await knownGate(vera, 3), undefined);
  const gate = (await knownGate(vera, 4))!;
  assert.deepEqual(
    ["ann", "bob", "lax", "pat", "tom", "vito"].map((name) => gate(address(name))),
    [1, 1, 0, 0, 0.01, 1],
  );

  // A validator states reputations only once it closed what they follow from: of the Sprint of cycle 1, which had no members.
  assert.equal(await reputationsToState(vera, 3), undefined);
  await settleSprint(vera, { cycle: 2, sprint: SPRINT, deadline });
  assert.equal(await reputationsToState(vera, 3), undefined);
  await closeDuty(vera, { cycle: 1, sprint, deadline, known: newDutyMemory() });
  assert.deepEqual(await reputationsToState(vera, 3), reputationsOf(subnet, 1));

  // The Sprint of cycle 3, in which nobody took part, is then settled too.
  await subnet.to(subnet.window(4, "train").start - 1);
  await subnet.record(await checksBy(subnet, 3, [], reputationsOf(subnet, 1)));
  await subnet.to(subnet.window(4, "reveal").start);
  await holdChecks(subnet, 3);
  await subnet.to(subnet.window(4, "reveal").end);
  // A stranger closes it as the validator did, and says why.
  const { source, head: block } = await lookAt(t, subnet);
  const window = await readSprints(source, 4);
  const seen = window!.duty.results.at(-1);
  assert.deepEqual(seen!.parts, closed.parts);
  assert.deepEqual([...seen!.problems.keys()].sort(), ["big", "gar", "non"].map(address).sort());
  const said = (name: string) =>
    sprintSentences(sprintFacts(subnet.network, window, { uid: subnet.uid(name), hotkey: address(name) })).join("\n");
  assert.match(said("lax"), /leaves it 0\.0 % of its pay/);
  assert.match(said("lax"), /its verdict on task [0-9a-f]{64}, or the evidence for it, is refuted by recomputation/);
  assert.match(said("ann"), /reputation 0\.533334: 0\.500000 before, 0\.033334 gained/);
  assert.match(said("ann"), /50\.0 % of its pay goes to verifiers/);
  // Half of Ann's pay goes to who checked her win, by what duties count: everybody was on duty, so by weight. Lax's part is forfeited.
  assert.equal(seen!.inputs.volume, 1);
  const { divide } = payPartsOf(subnet.network, window);
  const pays = divide!(new Map([[address("ann"), 0.5]]));
  // Seven members of the same weight, of whom Ann is not on duty for her own win.
  const [ofPat, ofAnn] = [142_857, 166_666];
  const credits = ["ann", "bob"].map((name) => parts.get(address(name))!.credit);
  assert.deepEqual(credits, [ofPat, ofPat + ofAnn]);
  const all = closed.parts.reduce((sum, { credit }) => sum + credit, 0);
  const gotBy = (name: string) => (0.25 * parts.get(address(name))!.credit) / all;
  for (const [name, pay] of Object.entries({ ann: 0.25 + gotBy("ann"), bob: gotBy("bob"), lax: 0, tom: 0 }))
    assert.ok(Math.abs(pays.get(address(name))! - pay) < 1e-11, name);
  assert.match(said("tom"), /2 missed of 2/);
  assert.match(said("gar"), /its documents do not count: .*JSON/);
  const findings = openFindings(2);
  await auditDuty(source, { cycle: 2, head: block, memory: { known: new Map(), knownDuty: new Map() } }, findings);
  const { notes, divergences } = findings.finish();
  assert.deepEqual(divergences, []);
  assert.ok(
    notes.some((note) => note.includes(`${address("pat")} did 0 of 0, had 1 tasks`) && /fraud/.test(note)),
    notes.join("\n"),
  );
});
