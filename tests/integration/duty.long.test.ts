import assert from "node:assert/strict";
import { it } from "node:test";
import { decodeAddress } from "@polkadot/util-crypto";
import { areDutyAnswersSigned, parseDutyAnswers } from "#shared/duty/answers-document.js";
import type { Checkers } from "#shared/duty/check-task.js";
import { isDutyDocumentSigned, parseDutyDocument } from "#shared/duty/duty-document.js";
import type { VoteVerdict } from "#shared/duty/majority.js";
import { DEFAULT_AUDIT } from "#shared/duty/rules.js";
import { sprintTasks, sprintWinChecker } from "#shared/duty/sprint-tasks.js";
import type { TaskKind, TaskOf } from "#shared/duty/task.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { assessMembers, refutedEvidence, tasksToRecompute } from "#shared/settlement/assess-members.js";
import { closeCycle } from "#shared/settlement/close-cycle.js";
import type { CloseInputs } from "#shared/settlement/cycle-inputs.js";
import { answerAudit, doDuty } from "#shared/settlement/do-duty.js";
import { explainHost } from "#shared/settlement/explain-host.js";
import { settledTotal } from "#shared/settlement/settle.js";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import { outputDigest } from "#shared/sprint/exact/output-digest.js";
import { isWin, openSprintNetwork } from "#shared/sprint/exact/prover.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import { encodeWinners, signWinners } from "#shared/sprint/proof/winners.js";
import { winsWeight } from "#shared/sprint/proof/wins-weight.js";
import { signerFromUri, verify, verifyVrf } from "#shared/wallet/index.js";
import { device } from "../support/updates.js";

const hashOf = (name: string): string => sha256(Buffer.from(name));
const NETWORK = hashOf("network");
const CYCLE = 7;
const DIFFICULTY = 8;
const NONCES = 400;
const TASKS = 12;

it("a Sprint's wins are checked by who is on duty, from bytes to pay: a padder and who lets it pass lose theirs", async (t) => {
  const [loading, inputs2, sample, audit] = ["network", "inputs", "sample", "audit"].map(hashOf) as [
    string,
    string,
    string,
    string,
  ];
  const sprint = await openSprintNetwork({ dials: EXACT_DIALS.tiny, seed: networkSeed(loading), device });
  t.after(() => sprint.dispose());
  const names = ["ann", "bob", "cal", "lax", "pat"];
  const signers = await Promise.all(names.map((name) => signerFromUri(`//Duties//${name}`)));
  const addressOf = (name: string): string => signers[names.indexOf(name)]!.address;
  const checks: ReadonlySet<TaskKind> = new Set<TaskKind>(["sprint-win"]);

  const proven = await Promise.all(
    signers.map(async (signer, i) => {
      const node = nodeSeed(signer.publicKey, inputs2);
      const found = await sprint.search(node, { first: 0, count: NONCES }, DIFFICULTY);
      // Pat claims every fourth nonce.
      const wins = names[i] === "pat" ? Array.from({ length: NONCES / 4 }, (_, n) => 4 * n) : found;
      const fields = { network: NETWORK, cycle: CYCLE, difficulty: DIFFICULTY, nonces: NONCES, wins };
      // Signatures are random, and draws hang on the proof's hash.
      const unsigned = { address: signer.address, sign: async () => new Uint8Array(64) };
      const proof = sha256(encodeWinners(await signWinners(fields, unsigned)));
      const { weight } = winsWeight(found.length, DIFFICULTY);
      const tasks = await sprintTasks(
        { ...fields, hotkey: signer.address, publicKey: signer.publicKey, node, proof },
        { seed: sample, count: TASKS },
      );
      return { signer, tasks, weight };
    }),
  );
  const recompute = async ({ node, nonce, difficulty }: TaskOf<"sprint-win">["subject"]) => {
    const [output] = await sprint.outputs(node, [nonce]);
    return { isWin: isWin(node, nonce, output!, difficulty), digest: outputDigest(output!) };
  };
  const known = {
    network: NETWORK,
    cycle: CYCLE,
    members: proven.map(({ signer, weight }) => ({
      hotkey: signer.address,
      publicKey: decodeAddress(signer.address),
      weight: BigInt(weight),
      checks,
    })),
    tasks: proven.flatMap(({ signer, tasks }) =>
      tasks.map((task) => ({ task, executorKey: signer.publicKey, source: { work: 1n } })),
    ),
    tasksBefore: 0,
    reputations: new Map(),
    beacon: sample,
    pot: 1_000_003n,
  };
  assert.equal(known.tasks.length, names.length * TASKS);

  const honest: Checkers = {
    "sprint-win": sprintWinChecker(async ({ subject }) => recompute(subject)),
  };
  const lax: Checkers = { "sprint-win": async () => ({ verdict: "valid", digest: hashOf("made up") }) };
  const duties: Uint8Array[] = [];
  const answers: Uint8Array[] = [];
  for (const [i, { signer }] of proven.entries()) {
    const checkers = names[i] === "lax" ? lax : honest;
    const { document } = await doDuty(known, { signer, checkers, milliseconds: 60_000 });
    duties.push(canonicalBytes(document));
    answers.push(canonicalBytes(await answerAudit(known, { document, auditSeed: audit, votes: [] }, signer)));
  }

  const inputs: CloseInputs = {
    ...known,
    assigned: new Map(),
    audit: { ...DEFAULT_AUDIT, evidence: true },
    auditSeed: audit,
    duties: new Map(
      duties.map((bytes) => {
        const read = parseDutyDocument(bytes);
        assert.ok(read.ok && isDutyDocumentSigned(read.value, verify));
        return [read.value.hotkey, read.value];
      }),
    ),
    answers: new Map(
      answers.map((bytes) => {
        const read = parseDutyAnswers(bytes);
        assert.ok(read.ok && areDutyAnswersSigned(read.value, verify));
        return [read.value.hotkey, read.value];
      }),
    ),
    relayBeacon: loading,
    planted: new Map(),
    plantedCommitments: new Map(),
  };
  const assessed = assessMembers(inputs, verifyVrf);
  for (const [hotkey, { missed, unfounded, unanswered }] of assessed.assessments)
    assert.deepEqual([missed, unfounded, unanswered], [0, 0, 0], hotkey);
  const truths = new Map<string, VoteVerdict>();
  const digests = new Map<string, string>();
  for (const task of tasksToRecompute(inputs, assessed)) {
    assert.ok(task.kind === "sprint-win");
    const found = await recompute(task.subject);
    truths.set(task.id, found.isWin ? "valid" : "invalid");
    digests.set(task.id, found.digest);
  }
  const refuted = refutedEvidence(inputs, assessed, digests);
  assert.deepEqual([...refuted.keys()], [addressOf("lax")]);
  const closed = closeCycle(inputs, assessed, truths, refuted);
  assert.deepEqual([...closed.frauds].sort(), [addressOf("lax"), addressOf("pat")].sort());
  assert.equal(settledTotal(closed.settlement), 1_000_003n);
  const paid = (name: string) => closed.settlement.pays.find(({ hotkey }) => hotkey === addressOf(name))!.paid;
  assert.deepEqual([paid("lax"), paid("pat")], [0n, 0n]);
  for (const name of ["ann", "bob", "cal"]) assert.ok(paid(name) > 100_000n, name);
  assert.match(explainHost(addressOf("lax"), inputs, closed).join("\n"), /is refuted by recomputation/);
  assert.match(explainHost(addressOf("pat"), inputs, closed).join("\n"), /a fraud forfeits the cycle's pay/);
});
