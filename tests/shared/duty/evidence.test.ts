import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assessDuty } from "#shared/duty/assess-duty.js";
import { drawMessage } from "#shared/duty/draw.js";
import { parseDutyDocument } from "#shared/duty/duty-document.js";
import { dutyEvidence, replayedDuty } from "#shared/duty/evidence.js";
import { type KnownDraws, verifyOnce } from "#shared/duty/known-draws.js";
import { DEFAULT_AUDIT } from "#shared/duty/rules.js";
import { ALL_DRAWS } from "#shared/duty/threshold.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { refutedEvidence } from "#shared/settlement/assess-members.js";
import { localDuty } from "#tests/support/local-signing.js";
import { devSigner } from "../protocol/keys.js";
import { cheapDraw, hashOf, keyOf, verifyCheapDraw } from "./support.js";

const network = hashOf("network");
const beacon = hashOf("beacon");
const alice = devSigner("//Alice");
const ids = Array.from({ length: 6 }, (_, n) => hashOf(`task ${n}`));
const tasks = ids.map((task) => ({
  ...{ task, executorKey: keyOf("eve"), result: hashOf(`${task} result`), beacon },
  threshold: ALL_DRAWS,
}));
const drawOf = (n: number) => cheapDraw(alice.address, drawMessage(tasks[n]!)).toString("hex");

/** A document whose verdicts on the tasks are valid, with the evidence given. */
const documentOf = (evidence: readonly (string | undefined)[]) =>
  localDuty(
    {
      ...{ network, cycle: 7 },
      duties: evidence.map((text, n) => ({
        ...{ task: ids[n]!, draw: drawOf(n), verdict: "valid" as const, reason: null },
        ...(text && { evidence: text }),
      })),
    },
    alice,
  );

const evidenceOf = (n: number, output: string) =>
  dutyEvidence({ verifierKey: alice.publicKey, task: ids[n]!, digest: hashOf(output) });

const assess = (document: ReturnType<typeof documentOf>, evidence: boolean) =>
  assessDuty(
    { hotkey: alice.address, publicKey: alice.publicKey, document, answers: null, tasks, auditSeed: hashOf("audit") },
    verifyCheapDraw,
    { ...DEFAULT_AUDIT, evidence },
  );

describe("evidence of a check", () => {
  it("is a verifier's own for each task and output", () => {
    const all = [
      evidenceOf(0, "output"),
      evidenceOf(1, "output"),
      evidenceOf(0, "another"),
      dutyEvidence({ verifierKey: keyOf("bob"), task: ids[0]!, digest: hashOf("output") }),
    ];
    assert.equal(new Set(all).size, 4);
  });

  it("is in a document beside a verdict, and never beside an abstention", () => {
    const document = documentOf([evidenceOf(0, "output")]);
    assert.ok(parseDutyDocument(canonicalBytes(document)).ok);
    const [duty] = document.duties;
    const abstaining = { ...duty!, verdict: "abstain" as const, reason: "no time" };
    const refused = parseDutyDocument(canonicalBytes({ ...document, duties: [abstaining] }));
    assert.ok(!refused.ok && /evidence/.test(refused.problem));
    const malformed = parseDutyDocument(canonicalBytes({ ...document, duties: [{ ...duty, evidence: "00" }] }));
    assert.ok(!malformed.ok);
  });

  it("makes a verdict count: without it, it is an abstention, and beyond a fifth of the duty a missed one", () => {
    const document = documentOf([
      evidenceOf(0, "a"),
      evidenceOf(1, "b"),
      evidenceOf(2, "c"),
      evidenceOf(3, "d"),
      undefined,
      undefined,
    ]);
    const { done, abstained, missed, duties } = assess(document, true);
    assert.deepEqual([done.length, abstained, missed, duties], [4, 2, 1, 6]);
    assert.equal(assess(document, false).done.length, 6);
  });

  it("is recomputed on one task that nobody could foresee, and refuted unless it is of the output", () => {
    const document = documentOf(ids.map((_, n) => evidenceOf(n, n < 3 ? "output" : "made up")));
    const members = [{ hotkey: alice.address, publicKey: alice.publicKey }];
    const assessments = new Map([[alice.address, assess(document, true)]]);
    const drawn = new Set<string>();
    // Signatures are random, and so are hashes of documents.
    const hash = hashOf("document");
    let refuted = 0;
    for (let n = 0; n < 200; n++) {
      const task = replayedDuty({
        seed: hashOf(`seed ${n}`),
        verifierKey: alice.publicKey,
        document: hash,
        done: ids,
      })!;
      drawn.add(task);
      const found = refutedEvidence(
        { members: members as never },
        { assessments, replayed: new Map([[alice.address, task]]) },
        new Map([[task, hashOf("output")]]),
      );
      assert.equal(found.get(alice.address), ids.indexOf(task) < 3 ? undefined : task);
      refuted += found.size;
      assert.equal(refutedEvidence({ members: members as never }, { assessments, replayed: found }, new Map()).size, 0);
    }
    assert.equal(drawn.size, 6);
    assert.equal(refuted, 100);
    assert.equal(replayedDuty({ seed: hashOf("seed"), verifierKey: alice.publicKey, document: hash, done: [] }), null);
  });
});

describe("a draw's verification", () => {
  it("is done once, for each hotkey and message of its own", () => {
    const known: KnownDraws = new Map();
    let verified = 0;
    const once = verifyOnce((...of) => {
      verified += 1;
      return verifyCheapDraw(...of);
    }, known);
    const message = drawMessage(tasks[0]!);
    const draw = cheapDraw("ann", message);
    for (let n = 0; n < 3; n++) assert.ok(once(message, draw, "ann", "blockzero/duty/1"));
    assert.equal(verified, 1);
    for (let n = 0; n < 2; n++) assert.ok(!once(message, draw, "bob", "blockzero/duty/1"));
    assert.equal(verified, 2);
    assert.equal(known.size, 2);
  });
});
