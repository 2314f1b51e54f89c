import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { confirmedWeights, type SettledPart } from "#shared/compute/confirmed.js";
import type { SprintEntrant } from "#shared/compute/entrants.js";
import { payGate } from "#shared/compute/gate.js";
import { type Evidence, OUTCOMES, settleProof, votesOn, whyInvalid } from "#shared/compute/outcome.js";
import { CHECK_REASONS, CHECK_VERDICTS, type CheckEntry, type Checks } from "#shared/protocol/checks.js";
import { SPRINT_WINDOW } from "#shared/protocol/sprint.js";
import { loadVectors } from "../protocol/vectors.js";

const NO_EVIDENCE: Evidence = { fault: null, losers: [] };

const hotkey = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const hash = (digit: string) => digit.repeat(64);

const committed = (record: Partial<NonNullable<SprintEntrant["record"]>> | null = {}): SprintEntrant => ({
  uid: 3,
  hotkey,
  publicKey: new Uint8Array(32),
  difficulty: 20,
  prefixes: [null, null],
  record: record && {
    proof: hash("a"),
    wins: 500,
    nonces: 10_000,
    location: "http://127.0.0.1:1",
    block: 9,
    ...record,
  },
});

const entry: CheckEntry = {
  uid: 3,
  hotkey,
  proof: hash("a"),
  verdict: "valid",
  reason: null,
  detail: null,
  wins: 500,
  checked: 459,
  nonce: null,
};

const checksOf = (validator: string, change: Partial<CheckEntry> = {}): Checks => ({
  version: 1,
  kind: "checks",
  network: hash("0"),
  cycle: 6,
  validator,
  entries: [{ ...entry, ...change }],
  signature: "0".repeat(128),
});

const SPRINT = { profile: "exact", sample: 459 } as const;

const stakes = new Map([
  ["vera", 40n],
  ["vito", 35n],
  ["vlad", 25n],
]);
/** Nobody is there but whose documents count. */
const thereBy = (documents: readonly Checks[]) => new Set(documents.map(({ validator }) => validator));
const vectorPart = z.object({ uid: z.int(), hotkey: z.string(), outcome: z.enum(OUTCOMES), measured: z.number() });
const busy = { verdict: "abstain", reason: "no_time", wins: null, checked: 0 } as const;
const against = { verdict: "invalid", reason: "no_win", nonce: 17 } as const;

describe("a proof", () => {
  const settle = (documents: readonly Checks[], evidence = NO_EVIDENCE, proof = committed()) =>
    settleProof(proof, votesOn(proof, documents, SPRINT), {
      sprint: SPRINT,
      stakes,
      there: thereBy(documents),
      unheard: [],
      evidence,
    });

  it("is valid if more than half of the stake recomputed its sample and says so", () => {
    const { outcome, validBy, measured, low, high } = settle([checksOf("vera"), checksOf("vito")]);
    assert.deepEqual([outcome, validBy, measured], ["valid", 0.75, 10_000]);
    assert.ok(low > 9000 && low < measured && high > measured && high < 11_000, `${low} ${high}`);
    assert.equal(settle([checksOf("vera"), checksOf("vito", busy), checksOf("vlad", busy)]).outcome, "undecided");
    assert.equal(settle([]).outcome, "undecided");
  });

  it("is unopposed if only who is away is missing, whatever less than half of those who are there say", () => {
    assert.equal(settle([checksOf("vera")]).outcome, "unopposed");
    const nowhere = { ...busy, reason: "unreachable" } as const;
    for (const lie of [busy, nowhere, against, { uid: 4 }]) {
      assert.equal(settle([checksOf("vera"), checksOf("vito", lie)]).outcome, "unopposed", JSON.stringify(lie));
      assert.equal(settle([checksOf("vito"), checksOf("vera", lie)]).outcome, "undecided", JSON.stringify(lie));
    }
    const own = new Map([...stakes, [hotkey, 1000n]]);
    const documents = [checksOf("vera"), checksOf(hotkey)];
    const { outcome } = settleProof(committed(), votesOn(committed(), documents, SPRINT), {
      sprint: SPRINT,
      stakes: own,
      there: thereBy(documents),
      unheard: [],
      evidence: NO_EVIDENCE,
    });
    assert.equal(outcome, "unopposed", "its own hotkey says nothing");
  });

  it("is opposed by who is there and not heard", () => {
    const documents = [checksOf("vera")];
    const outcomeWith = (...others: readonly string[]) =>
      settleProof(committed(), votesOn(committed(), documents, SPRINT), {
        ...{ sprint: SPRINT, stakes, unheard: [], evidence: NO_EVIDENCE },
        there: new Set(["vera", ...others]),
      }).outcome;
    assert.equal(outcomeWith(), "unopposed");
    assert.equal(outcomeWith("vito"), "unopposed");
    assert.equal(outcomeWith("vito", "vlad"), "undecided");
    assert.equal(outcomeWith("vlad", hotkey, "stranger"), "unopposed");
  });

  it("says apart who found it valid in checks that count, and who with those that are unheard", () => {
    const vote = (validator: string) => votesOn(committed(), [checksOf(validator)], SPRINT);
    const { outcome, validBy, validWithUnheard } = settleProof(committed(), vote("vera"), {
      ...{ sprint: SPRINT, stakes, evidence: NO_EVIDENCE },
      there: new Set(["vera", "vito"]),
      unheard: vote("vito"),
    });
    assert.deepEqual([outcome, validBy, validWithUnheard], ["unopposed", 0.4, 0.75]);
  });

  it("is settled as the vectors say", () => {
    const vote = z.object({
      validator: z.string(),
      verdict: z.enum(CHECK_VERDICTS),
      reason: z.enum(CHECK_REASONS).nullable(),
      wins: z.int().nullable(),
      checked: z.int(),
      nonce: z.int().nullable(),
    });
    const { subject, record, cases } = loadVectors(
      "sprint-settled",
      z.object({
        subject: z.object({ uid: z.int(), hotkey: z.string(), difficulty: z.int() }),
        record: z.object({ proof: z.string(), wins: z.int(), nonces: z.int() }),
        cases: z.array(
          z.object({
            about: z.string(),
            profile: z.enum(["exact", "float"]),
            isAbsent: z.boolean().default(false),
            isIdle: z.literal(true).optional(),
            sample: z.int(),
            stakes: z.record(z.string(), z.string()),
            there: z.array(z.string()),
            documents: z.array(vote),
            unheard: z.array(vote),
            fault: z.string().nullable(),
            losers: z.array(z.int()),
            outcome: z.enum(OUTCOMES),
          }),
        ),
      }),
    );
    for (const {
      about,
      profile,
      isAbsent,
      isIdle,
      sample,
      documents,
      unheard,
      fault,
      losers,
      outcome,
      ...one
    } of cases) {
      const sprint = { profile, sample, ...(isIdle && { isIdle }) };
      const proof = { ...committed(isAbsent ? null : record), ...subject };
      const votes = (all: typeof documents) =>
        votesOn(
          proof,
          all.map(({ validator, ...said }) => checksOf(validator, { ...said, ...subject, proof: record.proof })),
          sprint,
        );
      const found = settleProof(proof, votes(documents), {
        sprint,
        stakes: new Map(Object.entries(one.stakes).map(([validator, stake]) => [validator, BigInt(stake)])),
        there: new Set(one.there),
        unheard: votes(unheard),
        evidence: { fault, losers },
      });
      assert.equal(found.outcome, outcome, about);
    }
    assert.deepEqual(new Set(cases.map(({ outcome }) => outcome)), new Set(OUTCOMES));
  });

  it("is not valid by those who recomputed less than their sample, saw other wins, or speak of another proof", () => {
    for (const change of [{ checked: 458 }, { wins: 499 }, { wins: null }, { proof: hash("b") }, { uid: 4 }])
      assert.equal(
        settle([checksOf("vera", change), checksOf("vito", change)]).outcome,
        "undecided",
        JSON.stringify(change),
      );
  });

  it("is invalid by one nonce that does not win, whoever named it, and by nothing that was only said", () => {
    const documents = [checksOf("vera"), checksOf("vito"), checksOf("vlad", against)];
    assert.equal(settle(documents).outcome, "valid");
    const { outcome, nonce } = settle(documents, { fault: null, losers: [17] });
    assert.deepEqual([outcome, nonce], ["invalid", 17]);
    const all = [...stakes.keys()].map((validator) => checksOf(validator, against));
    assert.equal(settle(all).outcome, "undecided");
  });

  it("is invalid where its bytes are none, and absent without a record", () => {
    const { outcome, fault } = settle([checksOf("vera")], { fault: "signed by nobody", losers: [] });
    assert.deepEqual([outcome, fault], ["invalid", "signed by nobody"]);
    const absent = settle([], NO_EVIDENCE, committed(null));
    assert.deepEqual([absent.outcome, absent.measured, absent.proof], ["absent", 0, null]);
  });

  it("is withheld if more than half of the stake could not fetch it", () => {
    const nowhere = { verdict: "abstain", reason: "unreachable", wins: null, checked: 0 } as const;
    assert.equal(settle([checksOf("vera", nowhere)]).outcome, "undecided");
    assert.equal(settle([checksOf("vera", nowhere), checksOf("vito", nowhere)]).outcome, "withheld");
    assert.equal(settle([checksOf("vera", nowhere), checksOf("vito"), checksOf("vlad")]).outcome, "valid");
    assert.equal(settle([checksOf("vera", busy), checksOf("vito", busy)]).outcome, "undecided");
  });

  it("has no vote of its own hotkey", () => {
    const own = new Map([...stakes, [hotkey, 1000n]]);
    const proof = committed();
    const documents = [checksOf("vera"), checksOf("vito")];
    const { outcome, validBy } = settleProof(proof, votesOn(proof, documents, SPRINT), {
      sprint: SPRINT,
      stakes: own,
      there: thereBy(documents),
      unheard: [],
      evidence: NO_EVIDENCE,
    });
    assert.deepEqual([outcome, validBy], ["valid", 0.75]);
  });
});

describe("a proof of the float profile", () => {
  const sprint = { profile: "float", sample: 459 } as const;
  const proof = committed();
  const other = { verdict: "invalid", reason: "mismatch", wins: 10_000, checked: 90, nonce: 4711 } as const;
  const same = { wins: 10_000, checked: 198 } as const;
  const settle = (documents: readonly Checks[], evidence = NO_EVIDENCE) =>
    settleProof(proof, votesOn(proof, documents, sprint), {
      ...{ sprint, stakes, evidence },
      ...{ there: thereBy(documents), unheard: [] },
    });

  it("is invalid by more than two thirds of the stake, valid by more than half, else undecided", () => {
    const [vera, vito] = [checksOf("vera", other), checksOf("vito", other)];
    const { outcome, nonce, fault, invalidBy } = settle([vera, vito]);
    assert.deepEqual([outcome, nonce, fault, invalidBy], ["invalid", null, null, 0.75]);
    assert.equal(whyInvalid(settle([vera, vito])), "75.0 % of the stake found other outputs");
    assert.equal(settle([vera, checksOf("vlad", other)]).outcome, "undecided");
    assert.equal(settle([checksOf("vera", same), checksOf("vito", same), checksOf("vlad", other)]).outcome, "valid");
    assert.equal(settle([checksOf("vera", same)]).outcome, "unopposed");
    assert.equal(settle([checksOf("vlad", same), checksOf("vera", other)]).outcome, "undecided");
  });

  it("counts all its nonces, less what a sample may miss", () => {
    const { measured, low, high } = settle([checksOf("vera", same), checksOf("vito", same)]);
    assert.deepEqual([measured, low, high], [10_000, 9500, 10_000]);
  });

  it("is not valid by those who recomputed less than the test takes, or counted other nonces", () => {
    for (const change of [{ checked: 197 }, { wins: 500 }])
      assert.equal(
        settle(["vera", "vito"].map((name) => checksOf(name, { ...same, ...change }))).outcome,
        "undecided",
        JSON.stringify(change),
      );
  });

  it("is invalid where its bytes are none, whoever said so", () => {
    const { outcome, fault } = settle([checksOf("vlad", other)], { fault: "signed by nobody", losers: [] });
    assert.deepEqual([outcome, fault], ["invalid", "signed by nobody"]);
  });
});

describe("confirmed weights", () => {
  const part = (outcome: SettledPart["outcome"], measured = 1000, of = "ann"): SettledPart => ({
    uid: 3,
    hotkey: of,
    outcome,
    measured,
    low: measured - 10,
    high: measured + 10,
  });
  const weightOf = (...sprints: SettledPart[][]) => confirmedWeights(sprints).get("ann")?.weight;

  it("are what was measured, but grow by a quarter of the median of the last three at most", () => {
    assert.equal(weightOf([part("valid")]), 1000);
    assert.equal(weightOf([part("valid")], [part("valid", 5000)]), 1250);
    assert.equal(weightOf([part("valid")], [part("valid", 400)]), 400);
  });

  it("are those of the vectors, with the part of pay that each earns", () => {
    const { cases } = loadVectors(
      "sprint-confirmed",
      z.object({
        cases: z.array(
          z.object({
            about: z.string(),
            required: z.number(),
            sprints: z.array(z.array(vectorPart)),
            confirmations: z.array(z.array(vectorPart)).default([]),
            confirmed: z.record(z.string(), z.number()),
            parts: z.record(z.string(), z.number()),
          }),
        ),
      }),
    );
    for (const { about, required, sprints, confirmations, confirmed, parts } of cases) {
      const [settled, bounds] = [sprints, confirmations].map((all) =>
        all.map((outcomes) => outcomes.map((one) => ({ ...one, low: 0, high: 0 }))),
      );
      const found = confirmedWeights(
        settled!,
        bounds!.map((outcomes) => ({ outcomes })),
      );
      const gate = payGate({ required }, { confirmed: found, standings: undefined })!;
      const hotkeys = [...found.keys()];
      assert.deepEqual(Object.fromEntries(hotkeys.map((one) => [one, found.get(one)!.weight])), confirmed, about);
      assert.deepEqual(Object.fromEntries(hotkeys.map((one) => [one, gate(one)])), parts, about);
    }
  });

  it("are halved while nobody can settle, and nothing after a false proof or a Sprint that was missed", () => {
    assert.equal(weightOf([part("valid")], [part("undecided")]), 500);
    assert.equal(weightOf([part("valid")], [part("undecided")], [part("undecided")]), 250);
    assert.equal(weightOf([part("undecided")]), 0);
    assert.equal(weightOf([part("valid")], [part("unopposed")], [part("unopposed", 2000)]), 1000);
    assert.equal(weightOf([part("valid")], [part("unopposed", 400)]), 400);
    assert.equal(weightOf([part("unopposed")]), 0);
    assert.equal(weightOf([part("valid")], [part("invalid")]), 0);
    assert.equal(weightOf([part("valid")], [part("absent")]), 0);
    assert.equal(weightOf([part("valid")], [part("valid", 7, "bob")]), 0);
    assert.equal(weightOf([part("valid")], [part("invalid")], [part("valid", 5000)]), 1250);
  });

  it("are bounded by each confirmation of the last Sprint, and nothing where one was not passed", () => {
    const after = (...confirmations: SettledPart[][]) =>
      confirmedWeights(
        [[part("valid")]],
        confirmations.map((outcomes) => ({ outcomes })),
      ).get("ann");
    assert.deepEqual(after([part("valid", 1200)]), after());
    assert.deepEqual(after([part("valid", 900)], [part("valid", 950)]), {
      ...after(),
      weight: 900,
      bound: "confirmed",
    });
    assert.equal(after([part("undecided")])?.weight, 500);
    assert.equal(after([part("undecided")], [part("undecided")])?.weight, 500);
    for (const outcome of ["invalid", "withheld", "absent"] as const) assert.equal(after([part(outcome)])?.weight, 0);
    assert.equal(after([part("valid", 1000, "bob")])?.weight, 0);
    // It bounds the weight that pays until the next Sprint, and not that one's growth.
    assert.equal(weightOf([part("valid")], [part("valid", 1200)]), 1200);
  });

  it("know the Sprints of the window alone, so that everybody begins with the same one", () => {
    const before = [part("valid", 10)];
    const window = Array.from({ length: SPRINT_WINDOW }, () => [part("valid", 100_000)]);
    assert.deepEqual(confirmedWeights([before, ...window]), confirmedWeights(window));
  });

  it("gate pay by what the network file requires, and by nothing before the first Sprint is settled", () => {
    const confirmed = new Map([
      ["ann", { weight: 500 }],
      ["bob", { weight: 4000 }],
    ]);
    const gate = payGate({ required: 2000 }, { confirmed, standings: undefined })!;
    assert.deepEqual(["ann", "bob", "eve"].map(gate), [0.25, 1, 0]);
    assert.equal(payGate({ required: 2000 }, { confirmed: undefined, standings: undefined }), undefined);
    assert.equal(payGate({}, { confirmed, standings: undefined }), undefined);
    assert.equal(payGate(undefined, { confirmed, standings: undefined }), undefined);
  });
});
