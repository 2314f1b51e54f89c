import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { reportScore } from "#miner/feedback.js";
import { isPlanted } from "#miner/planted.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { reportHash } from "#shared/protocol/report.js";
import { explainReason } from "#shared/protocol/verdict.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openMiner } from "../support/miner.js";
import { publishReports, reportOf, scoredEntry } from "../support/reports.js";
import { silentAt } from "../support/silent-at.js";
import { openSubnet } from "../support/subnet.js";
import { forge, noiseUpdate } from "../support/updates.js";

const miners = ["ann", "bob", "cat"];

/** Gives a home the first secret with which cycle 1 is planted, or is not. */
const drawn = ({ home }: { readonly home: string }, planted: boolean): void => {
  for (let secret = 0; ; secret++) {
    writeFileAtomic(join(home, "planted-secret"), String(secret));
    if (isPlanted({ home }, 1) === planted) return;
  }
};

describe("a miner's feedback", { timeout: HANG_GUARD }, () => {
  it("is the score and the rank in its group that the validators agreed on", async (t) => {
    const subnet = await openSubnet(t, { miners });
    const ann = await openMiner(t, subnet, "ann");
    // Another than it had when the program began: it was registered again.
    Object.assign(ann.participant, { uid: 77 });
    const scored = [
      { miner: "ann", score: 0.3 },
      { miner: "bob", score: 0.5 },
      { miner: "cat", score: 0.9, group: "prose" },
    ].map(({ miner, score, group = "math" }) => ({
      score,
      forged: forge(subnet, { miner, group, tensors: noiseUpdate(subnet, miner, 0.05, group) }),
    }));
    const scores = (shift: number) => scored.map(({ forged, score }) => scoredEntry(forged, score + shift));
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries: scores(0) }),
      vito: reportOf(subnet, "vito", { entries: scores(0.01) }),
    });
    await reportScore(ann, 1);
    assert.deepEqual(ann.measured, [
      {
        cycle: 1,
        "chain/w_i_score": 0.3,
        "chain/rank_in_group": 2,
        "chain/loss_reduction": 0.31,
        "chain/verdict": "scored",
      },
    ]);
  });

  it("has no rank without a score above zero", async (t) => {
    const subnet = await openSubnet(t, { miners });
    const ann = await openMiner(t, subnet, "ann");
    const entries = ["ann", "bob"].map((miner) =>
      scoredEntry(forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.05) }), 0),
    );
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries }),
      vito: reportOf(subnet, "vito", { entries }),
    });
    await reportScore(ann, 1);
    assert.deepEqual(Object.keys(ann.measured[0]!), [
      "cycle",
      "chain/w_i_score",
      "chain/loss_reduction",
      "chain/verdict",
    ]);
    const { fields } = ann.participant.lines.find(({ message }) => message === "scored")!;
    assert.deepEqual(Object.keys(fields), ["cycle", "score", "lossReduction"]);
  });

  it("waits until the end of the merge for reports that come slowly", async (t) => {
    const subnet = await openSubnet(t, { miners });
    const ann = await openMiner(t, subnet, "ann");
    const forged = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    const reports = await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries: [scoredEntry(forged, 0.3)] }),
      vito: reportOf(subnet, "vito", { entries: [scoredEntry(forged, 0.3)] }),
    });
    for (const report of Object.values(reports)) await subnet.store.delete(reportHash(report));
    const scored = reportScore(ann, 1);
    await subnet.to(subnet.window(1, "merge").start + 3);
    for (const report of Object.values(reports)) await subnet.store.put(canonicalBytes(report));
    await subnet.to(subnet.window(1, "merge").end - 1);
    await scored;
    assert.deepEqual(
      ann.measured.map((values) => values["chain/verdict"]),
      ["scored"],
    );
  });

  it("comes at the next block where the chain does not answer", async (t) => {
    const subnet = await openSubnet(t, { miners });
    const ann = await openMiner(t, subnet, "ann");
    const forged = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries: [scoredEntry(forged, 0.3)] }),
      vito: reportOf(subnet, "vito", { entries: [scoredEntry(forged, 0.3)] }),
    });
    const { number } = subnet.node.head;
    const scored = reportScore({ ...ann, participant: silentAt(ann.participant, number) }, 1);
    scored.catch(() => {});
    await subnet.to(number + 1);
    await scored;
    assert.equal(ann.measured.length, 1);
  });

  it("is the reason, in words, where it was rejected", async (t) => {
    const subnet = await openSubnet(t, { miners });
    const ann = await openMiner(t, subnet, "ann");
    const { artifact, submission } = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    const entry = {
      ...scoredEntry({ artifact, submission }, 0),
      verdict: "rejected",
      reason: "norm",
      detail: "norm 9, at most 1",
      lossReduction: null,
      standardError: null,
      batches: null,
      growth: null,
      independence: null,
    } as const;
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries: [entry] }),
      vito: reportOf(subnet, "vito", { entries: [entry] }),
    });
    await reportScore(ann, 1);
    assert.deepEqual(ann.measured, [{ cycle: 1, "chain/w_i_score": 0, "chain/verdict": "rejected" }]);
    const line = ann.participant.lines.find(({ message }) => message === "rejected");
    assert.deepEqual(line?.fields, { cycle: 1, reason: "norm", why: explainReason("norm") });
  });

  it("names the validators that give a planted update what it usually gets", async (t) => {
    const subnet = await openSubnet(t, { miners });
    const forged = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries: [scoredEntry(forged, 0)] }),
      vito: reportOf(subnet, "vito", { entries: [scoredEntry(forged, 0.3)] }),
    });
    const validators = 2;
    const ann = await openMiner(t, subnet, "ann", { behaviour: "planted-bad" });
    const told = () =>
      ann.participant.lines.filter(({ message }) => message === "planted update").map(({ fields }) => fields);

    drawn(ann.participant, false);
    await reportScore(ann, 1);
    assert.deepEqual(told(), [], "in a usual cycle nothing is known");
    drawn(ann.participant, true);
    await reportScore(ann, 1);
    await reportScore({ ...ann, config: { ...ann.config, behaviour: "planted-good" } }, 1);
    await reportScore({ ...ann, config: { ...ann.config, behaviour: "honest" } }, 1);
    assert.deepEqual(told(), [
      { cycle: 1, answer: "bad", validators, guessed: [subnet.signer("vito").address] },
      { cycle: 1, answer: "good", validators, guessed: [subnet.signer("vera").address] },
    ]);
  });

  it("waits for the merge, and says so when nobody reported", async (t) => {
    const subnet = await openSubnet(t, { miners });
    const ann = await openMiner(t, subnet, "ann");
    const told = reportScore(ann, 1);
    await subnet.to(subnet.window(1, "merge").start - 1);
    assert.deepEqual(
      ann.participant.lines.filter(({ level }) => level === "warn"),
      [],
    );
    await subnet.to(subnet.window(1, "merge").start);
    await told;
    assert.deepEqual(ann.measured, []);
    assert.equal(
      ann.participant.lines.find(({ level }) => level === "warn")?.message,
      "no report that counts says anything of us",
    );
  });
});
