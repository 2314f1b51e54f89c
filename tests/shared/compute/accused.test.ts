import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inTurns } from "#shared/blobs/in-turns.js";
import { NOT_ACCUSED, readAccused } from "#shared/compute/accused.js";
import type { SprintVote } from "#shared/compute/outcome.js";
import type { EntrantWithProof } from "#shared/compute/read-proof.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { template } from "#tests/support/micro-network.js";
import { SPRINT } from "#tests/support/sprint.js";

const proof: EntrantWithProof = {
  uid: 9,
  hotkey: "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
  publicKey: new Uint8Array(32),
  difficulty: 8,
  prefixes: [null, null],
  record: { proof: "a".repeat(64), wins: 400, nonces: 3200, location: "http://127.0.0.1:1", block: 1 },
};
const stakes = new Map([
  ["mal", 1n],
  ["vera", 1000n],
  ["vito", 1000n],
]);
const withOneAway = new Map([
  ["mal", 1n],
  ["vera", 25n],
  ["vela", 25n],
  ["away", 49n],
]);
const vote = (verifier: string, more: Partial<SprintVote>): SprintVote => ({
  ...{ verifier, verdict: "abstain", nonce: null, isUnreachable: false },
  ...more,
});
const against = vote("mal", { verdict: "invalid", nonce: 5 });

describe("an accused proof that cannot be fetched", () => {
  const readBy = async (
    stakesThere: ReadonlyMap<string, bigint>,
    there: Iterable<string>,
    { votes, unheard = [] }: { readonly votes: readonly SprintVote[]; readonly unheard?: readonly SprintVote[] },
  ) => {
    let asked = 0;
    const fetch = () => {
      asked++;
      return Promise.reject(new BlockZeroError("FETCH_FAILED", "nobody serves it", "try again"));
    };
    const source = {
      network: { ...template, genesis: "0".repeat(64) },
      networkHash: "0".repeat(64),
      fetch,
      open: fetch,
    };
    const read = await readAccused(
      source,
      { proof, votes, stakes: stakesThere, there: new Set(there), unheard, cycle: 1, sprint: SPRINT },
      inTurns(1),
    );
    assert.equal(asked > 0, read === null);
    return read;
  };
  const readWith = (votes: readonly SprintVote[], unheard: readonly SprintVote[]) =>
    readBy(stakes, stakes.keys(), { votes, unheard });

  const read = (...votes: SprintVote[]) => readWith(votes, []);

  it("is asked for where the votes leave it a weight", async () => {
    assert.equal(await read(against), null);
    assert.equal(await readWith([], [against]), null, "also where who is unheard accuses it");
    assert.equal(await read(against, vote("vera", { isUnreachable: true })), null);
  });

  it("changes nothing where the votes make it withheld", async () => {
    const all = ["vera", "vito"].map((name) => vote(name, { isUnreachable: true }));
    assert.deepEqual(await read(against, ...all), { fault: null, named: [] });
  });

  it("is not asked for where more than half of the stake that is there could not fetch it, whoever else is away", async () => {
    const there = ["mal", "vera", "vela"];
    const [vera, vela] = ["vera", "vela"].map((name) => vote(name, { isUnreachable: true })) as [
      SprintVote,
      SprintVote,
    ];
    assert.deepEqual(await readBy(withOneAway, there, { votes: [against, vera, vela] }), NOT_ACCUSED);
    assert.deepEqual(await readBy(withOneAway, there, { votes: [against], unheard: [vera, vela] }), NOT_ACCUSED);
    assert.deepEqual(await readBy(withOneAway, there, { votes: [vera], unheard: [against, vela] }), NOT_ACCUSED);
    const all = [...there, "away"];
    assert.equal(await readBy(withOneAway, all, { votes: [against, vera, vela] }), null, "50 of 100");
    assert.equal(await readBy(withOneAway, there, { votes: [against, vera, vote("vela", {})] }), null, "25 of 51");
    const own = new Map([...withOneAway, [proof.hotkey, 100n]]);
    const votes = [against, vera, vela];
    assert.deepEqual(await readBy(own, [...there, proof.hotkey], { votes }), NOT_ACCUSED, "its own stake is nowhere");
    const itself = vote(proof.hotkey, { isUnreachable: true });
    assert.equal(await readBy(own, [...there, proof.hotkey], { votes: [against, itself] }), null);
  });
});
