import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { notAgreedAfter } from "#shared/compute/duty/not-agreed-after.js";
import { auditSample } from "#shared/duty/audit-sample.js";
import { drawValue, isDrawOf } from "#shared/duty/draw.js";
import { dutyCredit } from "#shared/duty/duty-credit.js";
import { dutyEvidence, replayedDuty } from "#shared/duty/evidence.js";
import { majorityVerdict } from "#shared/duty/majority.js";
import { drawRelay, isPlanted, mustBeWrong, plantedCommitment } from "#shared/duty/planted.js";
import { DEFAULT_DUTY } from "#shared/duty/rules.js";
import { drawSlots } from "#shared/duty/slots.js";
import { sprintTasks } from "#shared/duty/sprint-tasks.js";
import { dutyTarget } from "#shared/duty/target.js";
import { type TaskKind, taskId } from "#shared/duty/task.js";
import { dutyThreshold } from "#shared/duty/threshold.js";
import { hashBytes } from "#shared/protocol/hash.js";
import { isExchanged } from "#shared/protocol/voting/holders.js";
import { agreedReputations, newestAgreement } from "#shared/reputation/agreed-reputations.js";
import { payVerifiers } from "#shared/settlement/verifiers-pay.js";
import { outputDigest } from "#shared/sprint/exact/output-digest.js";
import { localPlanted } from "#tests/support/local-signing.js";
import { devSigner } from "../protocol/keys.js";
import { loadVectors } from "../protocol/vectors.js";
import { verifyVrf } from "./support.js";

const hash = z.string();
const amounts = z.record(z.string(), z.string());
const verdict = z.enum(["valid", "invalid", "abstain"]);
const reputation = z.object({
  ...{ value: z.number(), idle: z.number() },
  missTest: z.object({ ratio: z.number(), isNegligent: z.boolean() }),
});
const TASK_KINDS = ["score", "merge", "sprint-win", "inference"] as const satisfies readonly TaskKind[];
const vectors = loadVectors(
  "duty",
  z.object({
    taskIds: z.array(
      z.object({
        network: hash,
        cycle: z.number(),
        executorKey: hash,
        kind: z.enum(TASK_KINDS),
        subject: z.looseObject({}),
        id: hash,
      }),
    ),
    sprintTasks: z.array(
      z.object({
        proof: hash,
        executorKey: hash,
        seed: hash,
        wins: z.array(z.number()),
        count: z.number(),
        nonces: z.array(z.number()),
        results: z.array(hash),
      }),
    ),
    draws: z.array(
      z.object({
        uri: z.string(),
        hotkey: z.string(),
        task: hash,
        executorKey: hash,
        result: hash,
        beacon: hash,
        draw: z.string(),
        value: z.string(),
      }),
    ),
    relays: z.array(
      z.object({
        uri: z.string(),
        hotkey: z.string(),
        cycle: z.number(),
        network: hash,
        beacon: hash,
        draw: z.string(),
        value: z.string(),
        mustBeWrong: z.boolean(),
        task: hash,
        commitment: hash,
      }),
    ),
    targets: z.array(
      z.object({
        saving: z.number(),
        reputation: z.number(),
        volume: z.number(),
        atStake: z.number(),
        expected: z.unknown(),
      }),
    ),
    thresholds: z.array(
      z.object({
        target: z.number(),
        isEverybody: z.boolean(),
        verifier: z.string(),
        executor: z.string(),
        weights: amounts,
        threshold: z.string(),
        credit: z.number(),
      }),
    ),
    samples: z.array(
      z.object({
        seed: hash,
        verifierKey: hash,
        document: hash,
        unclaimed: z.array(hash),
        size: z.number(),
        sample: z.array(hash),
      }),
    ),
    slots: z.array(
      z.object({
        domain: z.string(),
        beacon: hash,
        subject: hash,
        slots: z.number(),
        weights: amounts,
        held: z.record(z.string(), z.number()),
      }),
    ),
    majorities: z.array(
      z.object({
        voters: z.record(z.string(), z.number()),
        votes: z.array(z.object({ hotkey: z.string(), verdict })),
        verdict: z.string(),
      }),
    ),
    agreed: z.array(
      z.object({
        stakes: amounts,
        there: z.array(z.string()),
        statements: z.array(
          z.object({ hotkey: z.string(), reputations: z.array(reputation.extend({ hotkey: hash })) }),
        ),
        agreed: z.record(z.string(), reputation),
      }),
    ),
    agreements: z.array(
      z.object({
        stakes: amounts,
        sprints: z.array(
          z.object({
            ...{ cycle: z.number(), said: z.array(z.string()) },
            reputations: z.record(z.string(), reputation),
          }),
        ),
        reputations: z.record(z.string(), reputation),
        after: z.number(),
      }),
    ),
    evidences: z.array(
      z.object({
        ...{ verifierKey: hash, task: hash, output: z.array(z.number()), digest: hash, evidence: hash },
        ...{ seed: hash, document: hash, done: z.array(hash), replayed: hash },
      }),
    ),
    verifiers: z.array(
      z.object({
        share: z.number(),
        hosts: z.array(
          z.object({
            ...{ hotkey: z.string(), earned: z.string(), tasks: z.number(), checked: z.number() },
            ...{ credit: z.number(), released: z.number() },
          }),
        ),
        pays: amounts,
        burned: z.string(),
      }),
    ),
  }),
);

const bigints = (texts: Readonly<Record<string, string>>) =>
  new Map(Object.entries(texts).map(([name, text]) => [name, BigInt(text)]));
const bytes = (hex: string) => Buffer.from(hex, "hex");

describe("vectors of duty", () => {
  it("task ids", () => {
    assert.equal(vectors.taskIds.length, TASK_KINDS.length);
    for (const { executorKey, id, ...origin } of vectors.taskIds)
      assert.equal(taskId({ ...origin, executorKey: hashBytes(executorKey) }), id, origin.kind);
  });

  it("wins of a Sprint that are tasks, and their results", async () => {
    for (const { proof, executorKey, seed, wins, count, nonces, results } of vectors.sprintTasks) {
      const proven = { network: proof, cycle: 7, hotkey: "eve", publicKey: hashBytes(executorKey), node: seed };
      const tasks = await sprintTasks(
        { ...proven, difficulty: 400, proof, wins: [...wins].reverse() },
        { seed, count },
      );
      assert.deepEqual(
        tasks.map(({ subject }) => subject.nonce),
        nonces,
      );
      assert.deepEqual(
        tasks.map(({ result }) => result),
        results,
      );
    }
  });

  it("draws by schnorrkel, and their values", () => {
    for (const { hotkey, task, executorKey, result, beacon, draw, value } of vectors.draws.slice(0, 4)) {
      const subject = { task, executorKey: hashBytes(executorKey), result, beacon };
      assert.ok(isDrawOf(bytes(draw), subject, hotkey, verifyVrf));
      assert.equal(drawValue(bytes(draw)), BigInt(value));
    }
  });

  it("relays, what they must plant and commit to", () => {
    for (const { uri, network, cycle, beacon, draw, mustBeWrong: wrong, task, commitment } of vectors.relays) {
      assert.equal(mustBeWrong(bytes(draw)), wrong);
      assert.equal(plantedCommitment(task, bytes(draw)), commitment);
      const document = localPlanted({ network, cycle, task, draw }, devSigner(uri));
      const claim = { document, subject: { network, cycle, beacon }, threshold: 2n ** 64n, commitment };
      assert.ok(isPlanted(claim, verifyVrf));
      const own = Buffer.from(drawRelay({ network, cycle, beacon }, devSigner(uri))).toString("hex");
      assert.equal(own.slice(0, 64), draw.slice(0, 64), "y is one, its proof is random");
      assert.ok(isPlanted({ ...claim, document: { ...document, draw: own } }, verifyVrf), "a draw of our own");
      assert.ok(!isPlanted({ ...claim, commitment: undefined }, verifyVrf), "not committed to");
      assert.ok(!isPlanted({ ...claim, threshold: 0n }, verifyVrf), "not drawn");
      assert.ok(!isPlanted({ ...claim, subject: { network, cycle, beacon: network } }, verifyVrf), "another beacon");
    }
  });

  it("targets and thresholds", () => {
    for (const { saving, expected, ...scrutiny } of vectors.targets)
      assert.deepEqual(dutyTarget(scrutiny, { ...DEFAULT_DUTY, saving }), expected, JSON.stringify(scrutiny));
    for (const { weights, threshold, credit, verifier, executor, ...target } of vectors.thresholds) {
      assert.equal(dutyThreshold(target, verifier, executor, bigints(weights)), BigInt(threshold));
      assert.equal(dutyCredit(target, verifier, executor, bigints(weights)), credit);
    }
  });

  it("reputations that validators agree on", () => {
    assert.ok(vectors.agreed.some(({ agreed }) => Object.keys(agreed).length > 0));
    for (const { stakes, there, statements, agreed } of vectors.agreed) {
      const stating = { stakes: bigints(stakes), there: new Set(there) };
      assert.deepEqual(Object.fromEntries(agreedReputations(statements, stating)), agreed);
    }
  });

  it("reputations that go on after Sprints of which nobody can be heard", () => {
    assert.ok(vectors.agreements.some(({ sprints, after }) => after > -1 && after < sprints.at(-1)!.cycle - 2));
    for (const { stakes, sprints, reputations, after } of vectors.agreements) {
      const settled = sprints.map(({ cycle, said, reputations: stated }) => ({
        cycle,
        reputations: isExchanged(said, bigints(stakes)) ? stated : null,
      }));
      assert.deepEqual(newestAgreement(settled)?.reputations ?? {}, reputations);
      assert.equal(notAgreedAfter(settled, settled), after);
    }
  });

  it("evidence, and the task on which it is looked at", () => {
    for (const { verifierKey: key, task, output, digest, evidence, replayed, ...subject } of vectors.evidences) {
      const verifierKey = hashBytes(key);
      assert.equal(outputDigest(Int32Array.from(output)), digest);
      assert.equal(dutyEvidence({ verifierKey, task, digest }), evidence);
      assert.equal(replayedDuty({ ...subject, verifierKey }), replayed);
    }
  });

  it("verifiers' pay", () => {
    for (const { share, hosts, pays, burned } of vectors.verifiers) {
      const paid = payVerifiers(
        hosts.map((host) => ({ ...host, earned: BigInt(host.earned) })),
        share,
      );
      assert.deepEqual(
        Object.fromEntries([...paid.pays].map(([hotkey, { kept, got }]) => [hotkey, `${kept + got}`])),
        pays,
      );
      assert.equal(paid.burned, BigInt(burned));
    }
  });

  it("samples, slots and majorities", () => {
    for (const { verifierKey, sample, ...subject } of vectors.samples)
      assert.deepEqual(auditSample({ ...subject, verifierKey: hashBytes(verifierKey) }), sample);
    for (const { weights, held, ...draw } of vectors.slots)
      assert.deepEqual(Object.fromEntries(drawSlots({ ...draw, weights: bigints(weights) })), held);
    for (const { voters, votes, verdict: expected } of vectors.majorities)
      assert.equal(majorityVerdict(new Map(Object.entries(voters)), votes), expected);
  });
});
