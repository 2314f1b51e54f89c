import assert from "node:assert/strict";
import { it } from "node:test";
import { publishAnswers } from "#miner/duty/answer-audit.js";
import { runDuties } from "#miner/duty/duties.js";
import { publishDuty } from "#miner/duty/publish-duty.js";
import { settleRest, settleSprints } from "#miner/duty/settle-sprints.js";
import type { Checkers } from "#shared/duty/check-task.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type CheckEntry, checksHash, signChecks } from "#shared/protocol/checks.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { BLOCKS_TO_RECORD } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema, withDuty } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { encodeWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { runChecks } from "#validator/sprint/sprints.js";
import { forked } from "../support/forked.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openChecker, openSprinter, type TestChecker, type TestSprinter } from "../support/sprint.js";
import { type Joined, type Living, openSubnet, type Subnet, until, untilOrFault } from "../support/subnet.js";

const sprintEvery = (every: number, tasks = 1) => sprintSchema.parse({ every, dials: "tiny", duty: { tasks } });

/** What a player says that leaves out what these tests wait for. */
const FAULT = /^missed/;

/** What a miner commits to in a Sprint. */
interface Claim {
  readonly proof: string;
  readonly wins: number;
  readonly nonces: number;
  /** A nonce that both validators say does not win. Unset: they call the proof valid. */
  readonly accused?: number;
}

const DIFFICULTY = 8;

/** A proof that nobody serves. */
const UNSERVED: Claim = { proof: sha256(Buffer.from("a proof")), wins: 100, nonces: 800 };

/**
 * Plays the Sprint of a cycle, up to the end of the reveal phase after it: both validators call claims valid that are not accused. Returns the hashes
 * of their checks, which the owner serves.
 */
const play = async (
  subnet: Subnet,
  cycle: number,
  claims: Readonly<Record<string, Claim>>,
  inTrain: () => Promise<void> = async () => {},
): Promise<readonly string[]> => {
  const network = shortHash(subnet.networkHash);
  const head = { network, cycle, location: subnet.location };
  const names = Object.keys(claims);
  const forAll = (text: (name: string) => string) => Object.fromEntries(names.map((name) => [name, text(name)]));
  await subnet.to(subnet.window(cycle, "distribute").start - 1);
  await subnet.record(forAll(() => encodeRecord({ type: "enter", ...head, difficulty: DIFFICULTY })));
  await subnet.to(subnet.window(cycle, "evaluate").start - 1);
  await subnet.record(
    forAll((name) => {
      const { proof, wins, nonces } = claims[name]!;
      return encodeRecord({ type: "sprint", ...head, proof, wins, nonces });
    }),
  );
  await subnet.to(subnet.window(cycle + 1, "train").start - 1);
  await inTrain();
  const entries = names.map((name): CheckEntry => {
    const { proof, wins, accused } = claims[name]!;
    const of = { uid: subnet.uid(name), hotkey: subnet.signer(name).address, proof, detail: null, wins, checked: wins };
    return accused === undefined
      ? { ...of, verdict: "valid", reason: null, nonce: null }
      : { ...of, verdict: "invalid", reason: "no_win", nonce: accused };
  });
  const documents: Record<string, string> = {};
  for (const validator of subnet.validators) {
    const checks = await signChecks({ network: subnet.networkHash, cycle, entries }, subnet.signer(validator));
    await subnet.store.put(canonicalBytes(checks));
    documents[validator] = checksHash(checks);
  }
  const recordOf = (checks: string) => encodeRecord({ type: "checks", ...head, checks });
  await subnet.record(
    Object.fromEntries(Object.entries(documents).map(([name, checks]) => [name, recordOf(checks)] as const)),
  );
  await subnet.to(subnet.window(cycle + 1, "reveal").start);
  const held = encodeRecord({ type: "checksheld", network, cycle, held: [0, 1] });
  await subnet.record(Object.fromEntries(subnet.validators.map((name) => [name, held])));
  return Object.values(documents);
};

it("a miner knows that it is a member once nobody serves what its Sprint was settled by, also after a restart", {
  timeout: HANG_GUARD,
}, async (t) => {
  const every = 5;
  const sprint = sprintEvery(every);
  const subnet = await openSubnet(t, { network: { sprint } });
  const documents = await play(subnet, every, { ann: UNSERVED });
  const ann = await openSprinter(subnet, "ann");
  const life = runDuties(ann);
  life.catch(() => {});
  await subnet.to(subnet.window(every + 1, "evaluate").start - 1);
  await untilOrFault(t, { player: ann, fault: FAULT }, () => ann.journal.value.sprints.length > 0);
  await ann.participant.leave();
  await assert.rejects(life);

  for (const hash of documents) await subnet.store.delete(hash);
  const again = await openSprinter(subnet, "ann");
  for (const cycle of [every + 1, 2 * every]) await again.participant.blobs.turn(cycle);
  await subnet.to(subnet.window(2 * every, "exchange").start);
  const duty = publishDuty(again, 2 * every, withDuty(sprint)!);
  duty.catch(() => {});
  await untilOrFault(t, { player: again, fault: FAULT }, () =>
    again.participant.lines.some(({ message }) => /^did duty|^no duty/.test(message)),
  );
  assert.notEqual(again.journal.value.cycles[2 * every]?.duty?.document, undefined);
  await again.participant.leave();
  await assert.rejects(duty);
});

it("a member asks again at the next block for what its Sprints were settled by, before it says that it is none", {
  timeout: HANG_GUARD,
}, async (t) => {
  const sprint = sprintEvery(1);
  const subnet = await openSubnet(t, { network: { sprint } });
  const hashes = await play(subnet, 1, { ann: UNSERVED });
  const documents = await Promise.all(hashes.map(async (hash) => (await subnet.store.get(hash))!));
  for (const hash of hashes) await subnet.store.delete(hash);

  const ann = await openSprinter(subnet, "ann");
  await subnet.to(subnet.window(2, "exchange").start);
  const duty = publishDuty(ann, 2, withDuty(sprint)!);
  duty.catch(() => {});
  const saysNone = () => ann.participant.lines.some(({ message }) => /^no duty/.test(message));
  const asked = () => ann.participant.lines.filter(({ message }) => message === "blob not fetched").length;
  await until(t, () => saysNone() || asked() >= hashes.length);
  for (const bytes of documents) await subnet.store.put(bytes);
  await subnet.to(subnet.node.head.number + 1);
  await until(t, () => saysNone() || ann.journal.value.cycles[2]?.duty?.document !== undefined);
  assert.equal(saysNone(), false);
  await ann.participant.leave();
  await assert.rejects(duty);
});

it("a member asks for an old Sprint that cannot be read until its answers are due, and no longer", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: sprintEvery(2) } });
  await play(subnet, 2, { ann: UNSERVED });
  await subnet.to(subnet.window(4, "evaluate").start - 1);
  const ann = await openSprinter(subnet, "ann");
  const { chain, lines } = ann.participant;
  const commitments: typeof chain.commitments = async (netuid, block) => {
    if (block !== undefined && block < subnet.window(4, "distribute").start)
      throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask again");
    return chain.commitments(netuid, block);
  };
  let isOver = false;
  const settled = settleSprints({ ...ann, participant: { ...ann.participant, chain: { ...chain, commitments } } }, 4);
  const life = settled.then(() => {
    isOver = true;
  });
  const again = () =>
    lines.filter(({ fields: { task } }) => task === "the Sprint of cycle 2" || task === "the Sprints before cycle 4");
  await until(t, () => isOver || again().length === 1);
  assert.equal(isOver, false);
  await subnet.to(subnet.window(4, "exchange").start - 1);
  await until(t, () => isOver || again().length === 2);
  assert.equal(isOver, true);
  assert.ok(lines.some(({ message }) => message === "Sprint not read"));
  await life;
});

/** A Sprint that the miners took part in was settled, and the owner serves what Bob proves in the next: 20 wins of 200 nonces. */
const openProven = async (
  t: Living,
  { miners = ["ann", "bob"], tasks = 1 }: { readonly miners?: readonly string[]; readonly tasks?: number } = {},
): Promise<{ subnet: Subnet; bytes: Uint8Array; claim: Claim }> => {
  const subnet = await openSubnet(t, { network: { sprint: sprintEvery(2, tasks) }, miners });
  await play(subnet, 2, Object.fromEntries(miners.map((name) => [name, UNSERVED])));
  const nonces = 200;
  const wins = Array.from({ length: 20 }, (_, nonce) => nonce);
  const fields = { network: subnet.networkHash, cycle: 4, difficulty: DIFFICULTY, nonces, wins };
  const bytes = encodeWinners(await signWinners(fields, subnet.signer("bob")));
  return { subnet, bytes, claim: { proof: await subnet.store.put(bytes), wins: wins.length, nonces } };
};

it("a member answers by the duty document that others serve where its own copy is gone", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, claim } = await openProven(t);
  await play(subnet, 4, { bob: claim }, async () => {
    const duty = await subnet.store.put(Buffer.from("no document"));
    const record = { type: "duty", network: shortHash(subnet.networkHash), cycle: 4, duty, location: subnet.location };
    await subnet.record({ ann: encodeRecord({ ...record, type: "duty" }) });
  });
  const ann = await openSprinter(subnet, "ann");
  const life = runDuties(ann);
  life.catch(() => {});
  const { start } = subnet.window(5, "exchange");
  await subnet.to(start - 1);
  await untilOrFault(
    t,
    { player: ann, fault: FAULT },
    async () => (await subnet.chain.nonce(ann.participant.signer.address)) >= 4,
  );
  await subnet.to(start);
  await untilOrFault(t, { player: ann, fault: FAULT }, () => ann.journal.value.cycles[4]?.duty?.answered === start);
  await ann.participant.leave();
  await assert.rejects(life);
});

it("a member draws for its answers nothing that it drew for its duty", { timeout: HANG_GUARD }, async (t) => {
  const tasks = 20;
  // With three members each win of Bob's is Ann's duty or Cal's: about half of them she does not claim.
  const { subnet, claim } = await openProven(t, { miners: ["ann", "bob", "cal"], tasks });
  const checkers: Checkers = {
    "sprint-win": async () => ({ verdict: "valid", digest: sha256(Buffer.from("made up")) }),
  };
  let draws = 0;
  const live = async () => {
    const player = await openSprinter(subnet, "ann");
    const { signer } = player.participant;
    const vrf: typeof signer.vrf = (message, context) => {
      draws += 1;
      return signer.vrf(message, context);
    };
    const life = runDuties({ ...player, participant: { ...player.participant, signer: { ...signer, vrf } }, checkers });
    life.catch(() => {});
    return { ann: player, life };
  };
  let living: Awaited<ReturnType<typeof live>>;
  await play(subnet, 4, { bob: claim }, async () => {
    living = await live();
    // After her enter and sprint records.
    await subnet.sent("ann", 3);
    await subnet.to(subnet.node.head.number + 1);
    await until(t, () => living.ann.journal.value.cycles[4]?.duty?.committed !== undefined);
  });
  const { ann, life } = living!;
  assert.equal(draws, tasks);
  const { start } = subnet.window(5, "exchange");
  await subnet.to(start - 1);
  await subnet.sent("ann", 4);
  await subnet.to(start);
  await untilOrFault(t, { player: ann, fault: FAULT }, () => ann.journal.value.cycles[4]?.duty?.answered === start);
  assert.equal(draws, tasks);
  await ann.participant.leave();
  await assert.rejects(life);
});

it("a member that starts anew before the evaluate phase has it to read what it is asked about, and answers with that", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, bytes, claim } = await openProven(t);
  await play(subnet, 4, { bob: claim });

  const ann = await openSprinter(subnet, "ann");
  const { blobs, signal } = ann.participant;
  const life = runDuties(ann);
  life.catch(() => {});
  const asked = { hash: claim.proof, maxBytes: bytes.length, locations: [], signal };
  const hasProof = () =>
    blobs.get(asked).then(
      () => true,
      () => false,
    );
  await untilOrFault(t, { player: ann, fault: FAULT }, hasProof);
  await subnet.store.delete(claim.proof);
  const { start } = subnet.window(5, "exchange");
  await subnet.to(start - 1);
  // After her enter and sprint records.
  await subnet.sent("ann", 3);
  await subnet.to(start);
  await untilOrFault(t, { player: ann, fault: FAULT }, () => ann.journal.value.cycles[4]?.duty?.answered === start);
  await ann.participant.leave();
  await assert.rejects(life);
});

type Journaled = Pick<TestSprinter | TestChecker, "journal" | "participant">;

/**
 * Lives on after a Sprint that was played, on a fork: the block that decides which checks count has a sibling without Vito's record, and by that it
 * is first settled. Then the fork replaces the block, and it is settled as the chain says before the exchange phase.
 */
const liveOnAFork = async (
  t: Living,
  open: (subnet: Subnet) => Promise<Journaled>,
  live: (of: Joined) => Promise<never>,
): Promise<void> => {
  const every = 5;
  const subnet = await openSubnet(t, { network: { sprint: sprintEvery(every) } });
  await play(subnet, every, { ann: UNSERVED });
  const evaluate = subnet.window(every + 1, "evaluate");
  const { journal, participant } = await open(subnet);
  const isReplaced = () => participant.clock.head.number >= evaluate.start;
  const without = subnet.signer("vito").address;
  const life = live(forked(participant, evaluate.start - 1, isReplaced, { without }));
  life.catch(() => {});
  const outcome = () => journal.value.sprints[0]?.outcomes[0]?.outcome;
  await until(t, () => outcome() !== undefined);
  assert.equal(outcome(), "undecided");
  for (let block = evaluate.start; block < evaluate.end; block++) await subnet.to(block);
  await until(t, () => outcome() === "valid");
  participant.abort();
  await assert.rejects(life);
};

it("a validator settles a Sprint once more where a fork replaced the block that decides which checks count", {
  timeout: HANG_GUARD,
}, async (t) => {
  let vera: TestChecker;
  await liveOnAFork(
    t,
    async (subnet) => {
      vera = await openChecker(subnet, "vera");
      return vera;
    },
    (participant) => runChecks({ ...vera, participant }),
  );
});

it("so does a miner, before it draws its duty", { timeout: HANG_GUARD }, async (t) => {
  let ann: TestSprinter;
  await liveOnAFork(
    t,
    async (subnet) => {
      ann = await openSprinter(subnet, "ann");
      return ann;
    },
    (participant) => runDuties({ ...ann, participant }),
  );
});

it("what a Sprint is settled by is asked for at every block, also where a proof is accused, which is recomputed later", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, claim } = await openProven(t);
  const documents = await play(subnet, 4, { bob: { ...claim, accused: 0 } });
  const missing = documents.at(-1)!;
  const bytes = (await subnet.store.get(missing))!;
  await subnet.store.delete(missing);
  const evaluate = subnet.window(5, "evaluate");
  await subnet.to(evaluate.start - 1);
  const ann = await openSprinter(subnet, "ann");
  const { blobs, lines, signal } = ann.participant;
  const settled = settleSprints(ann, 5);
  await until(t, () => lines.some(({ message }) => message === "blob not fetched"));
  await subnet.store.put(bytes);
  await subnet.to(evaluate.start);
  const asked = { hash: missing, maxBytes: bytes.length, locations: [], signal };
  await until(t, () =>
    blobs.get(asked).then(
      () => true,
      () => false,
    ),
  );
  const known = () => ann.journal.value.sprints.find(({ cycle }) => cycle === 4);
  assert.equal(known(), undefined);
  await subnet.to(recordWindow("sprint", 5, subnet.network).end - BLOCKS_TO_RECORD);
  await settled;
  assert.equal(known()?.isWhole, true);
});

it("a member answers though an older Sprint that it knows in part cannot be read to the end", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, claim } = await openProven(t);
  await play(subnet, 4, { bob: claim });
  const { start } = subnet.window(5, "exchange");
  await subnet.to(subnet.window(5, "evaluate").start - 1);
  const ann = await openSprinter(subnet, "ann");
  await settleSprints(ann, 5);
  ann.journal.update((value) => ({
    ...value,
    sprints: value.sprints.map((one) => (one.cycle === 2 ? { ...one, isWhole: false } : one)),
  }));
  const { chain } = ann.participant;
  let isAsked = false;
  const commitments: typeof chain.commitments = (netuid, block) => {
    if (block === undefined || block >= subnet.window(4, "distribute").start) return chain.commitments(netuid, block);
    isAsked = true;
    return new Promise(() => {});
  };
  const life = runDuties({ ...ann, participant: { ...ann.participant, chain: { ...chain, commitments } } });
  life.catch(() => {});
  await subnet.to(start - 1);
  // After her enter and sprint records.
  await subnet.sent("ann", 3);
  await subnet.to(start);
  await untilOrFault(t, { player: ann, fault: FAULT }, () => ann.journal.value.cycles[4]?.duty?.answered === start);
  // It is asked for then, and costs nothing but itself.
  await until(t, () => isAsked);
  await ann.participant.leave();
  await assert.rejects(life);
});

it("a member settles a Sprint once: what its answers found is known, and what is in part still is left to the next cycle", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, claim } = await openProven(t);
  await play(subnet, 4, { bob: claim });
  const { start } = subnet.window(5, "exchange");
  await subnet.to(subnet.window(5, "evaluate").start - 1);
  const ann = await openSprinter(subnet, "ann");
  await settleSprints(ann, 5);
  const inPart = () =>
    ann.journal.update((value) => ({ ...value, sprints: value.sprints.map((one) => ({ ...one, isWhole: false })) }));
  const isWhole = (of: number) => ann.journal.value.sprints.find(({ cycle }) => cycle === of)?.isWhole;
  inPart();
  await subnet.to(start - 1);
  const answers = publishAnswers(ann, 4, withDuty(sprintEvery(2))!);
  answers.catch(() => {});
  // After her enter and sprint records.
  await subnet.sent("ann", 3);
  await subnet.to(start);
  await answers;
  assert.equal(isWhole(4), true);
  inPart();
  await settleRest(ann, 5);
  assert.deepEqual([isWhole(2), isWhole(4)], [true, false]);
  await ann.participant.leave();
});

it("a member whose answers were not begun before their window was over is told so", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, claim } = await openProven(t);
  await play(subnet, 4, { bob: claim });
  const ann = await openSprinter(subnet, "ann");
  const { chain, lines } = ann.participant;
  let isSilent = true;
  let isAsked = false;
  const commitments: typeof chain.commitments = (netuid, block) => {
    isAsked = true;
    return isSilent ? new Promise(() => {}) : chain.commitments(netuid, block);
  };
  const life = runDuties({ ...ann, participant: { ...ann.participant, chain: { ...chain, commitments } } });
  life.catch(() => {});
  const { start, end } = subnet.window(5, "exchange");
  await subnet.to(start);
  await until(t, () => isAsked);
  isSilent = false;
  await subnet.to(end);
  const told = () => lines.find(({ message }) => message === "missed answers");
  await until(t, () => told() !== undefined);
  assert.equal(told()?.fields.code, "WINDOW_MISSED");
  await ann.participant.leave();
  await assert.rejects(life);
});

it("a member answers by what the chain has where a fork replaced the block by which it had read what counts", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { subnet, claim } = await openProven(t);
  await play(subnet, 4, { bob: claim });
  const [evaluate, exchange] = [subnet.window(5, "evaluate"), subnet.window(5, "exchange")];
  const ann = await openSprinter(subnet, "ann");
  const { clock } = ann.participant;
  const isReplaced = () => clock.head.number >= evaluate.start;
  // Without Vito's record nobody's checks count: Bob's win is no task, and nothing is asked.
  const without = subnet.signer("vito").address;
  const participant = forked(ann.participant, evaluate.start - 1, isReplaced, { without });
  const life = runDuties({ ...ann, participant });
  life.catch(() => {});
  await subnet.to(evaluate.start - 1);
  const settled = () => ann.journal.value.sprints.find((one) => one.cycle === 4)?.outcomes[0]?.outcome;
  await untilOrFault(t, { player: ann, fault: FAULT }, () => settled() !== undefined);
  assert.equal(settled(), "undecided");
  for (let block = evaluate.start; block < exchange.start; block++) await subnet.to(block);
  // After her enter and sprint records.
  await subnet.sent("ann", 3);
  await subnet.to(exchange.start);
  await untilOrFault(
    t,
    { player: ann, fault: FAULT },
    () => ann.journal.value.cycles[4]?.duty?.answered === exchange.start,
  );
  await ann.participant.leave();
  await assert.rejects(life);
});
