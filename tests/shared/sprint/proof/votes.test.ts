import assert from "node:assert/strict";
import { test } from "node:test";
import {
  accusedNonces,
  type CastVote,
  type Electorate,
  settleByRecomputation,
  settleByVote,
  settledWeight,
} from "#shared/sprint/proof/votes.js";

const electorate = (weights: Readonly<Record<string, bigint>>, subject = "host"): Electorate => ({
  subject,
  members: new Map(Object.entries(weights)),
});
const vote = (verifier: string, verdict: CastVote["verdict"], nonce: number | null = null): CastVote => ({
  verifier,
  verdict,
  nonce,
});
const equal = electorate({ a: 1n, b: 1n, c: 1n });

test("more than two thirds of the members' weight invalidate, more than half validate", () => {
  const outcome = (of: Electorate, ...votes: CastVote[]) => settleByVote(votes, of).outcome;
  assert.equal(outcome(equal, vote("a", "valid"), vote("b", "valid")), "valid");
  assert.equal(outcome(equal, vote("a", "invalid"), vote("b", "invalid")), "undecided");
  assert.equal(outcome(equal, vote("a", "invalid"), vote("b", "invalid"), vote("c", "invalid")), "invalid");
  const uneven = electorate({ a: 200n, b: 1n, c: 99n });
  assert.equal(outcome(uneven, vote("a", "invalid")), "undecided");
  assert.equal(outcome(uneven, vote("a", "invalid"), vote("b", "invalid")), "invalid");
  const even = electorate({ a: 1n, b: 1n });
  assert.equal(outcome(even, vote("a", "valid")), "undecided");
  assert.equal(outcome(electorate({})), "undecided");
});

test("who abstains or is silent stays in the denominator; strangers and the host itself do not count", () => {
  const five = electorate({ a: 1n, b: 1n, c: 1n, d: 1n, e: 1n });
  const abstaining = settleByVote([vote("a", "valid"), vote("b", "valid"), vote("c", "abstain")], five);
  assert.deepEqual([abstaining.outcome, abstaining.valid, abstaining.members], ["undecided", 2n, 5n]);
  const self = electorate({ a: 1n, b: 1n, host: 100n });
  const settled = settleByVote([vote("host", "valid"), vote("stranger", "valid"), vote("a", "valid")], self);
  assert.deepEqual(settled, { outcome: "undecided", valid: 1n, invalid: 0n, members: 2n, nonce: null });
});

test("a member that gave two different votes is silent, whatever their order", () => {
  const twice = [vote("a", "valid"), vote("a", "invalid"), vote("a", "valid"), vote("b", "valid")];
  assert.equal(settleByVote(twice, equal).valid, 1n);
  assert.equal(settleByVote([...twice].reverse(), equal).valid, 1n);
  assert.equal(settleByVote([vote("a", "valid"), vote("a", "valid"), vote("b", "valid")], equal).outcome, "valid");
});

test("exact class: one proven mismatch invalidates, whoever names it; an unproven one is a vote not given", () => {
  const losers = new Set([40, 41]);
  const settle = (...votes: CastVote[]) => {
    const accused = accusedNonces(votes, equal, [3, 7, 8, 40, 41]);
    return settleByRecomputation(
      votes,
      equal,
      accused.filter((nonce) => losers.has(nonce)),
    );
  };
  const [a, b] = [vote("a", "valid"), vote("b", "valid")];
  assert.deepEqual(settle(a, b), { outcome: "valid", valid: 2n, invalid: 0n, members: 3n, nonce: null });
  const proven = settle(a, b, vote("c", "invalid", 41));
  assert.deepEqual([proven.outcome, proven.nonce], ["invalid", 41]);
  assert.equal(settle(a, b, vote("c", "invalid", 7)).outcome, "valid");
  assert.equal(settle(a, vote("b", "invalid", 7), vote("c", "invalid", 8)).outcome, "undecided");
  assert.equal(settle(vote("b", "invalid", 41), vote("c", "invalid", 40)).nonce, 40);
  assert.equal(settle(a, b, vote("b", "invalid", 41)).outcome, "invalid");
  assert.equal(settle(vote("stranger", "invalid", 41)).outcome, "undecided");
});

test("exact class: a nonce that the proof does not claim says nothing against it", () => {
  assert.deepEqual(accusedNonces([vote("a", "invalid", 5), vote("b", "invalid", 7)], equal, [3, 7]), [7]);
});

test("the weight after settlement", () => {
  assert.equal(settledWeight("valid", 500, 400), 500);
  assert.equal(settledWeight("invalid", 500, 400), 0);
  assert.equal(settledWeight("undecided", 500, 401), 200);
  assert.equal(settledWeight("undecided", 100, 401), 100);
  assert.equal(settledWeight("undecided", 500, 0), 0);
  assert.equal(settledWeight("unopposed", 500, 401), 401);
  assert.equal(settledWeight("unopposed", 100, 401), 100);
});
