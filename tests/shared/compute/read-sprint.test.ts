import assert from "node:assert/strict";
import { it } from "node:test";
import { readSprint } from "#shared/compute/read-sprint.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type CheckEntry, checksHash, signChecks } from "#shared/protocol/checks.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { networkHash } from "#shared/protocol/network.js";
import {
  type ChecksHeldRecord,
  type ChecksRecord,
  type EnterRecord,
  encodeRecord,
  type SprintRecord,
  shortHash,
} from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { sprintOf, sprintSchema } from "#shared/protocol/sprint.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { NEWCOMER } from "#shared/reputation/reputation.js";
import { template } from "../../support/micro-network.js";
import { devSigner } from "../protocol/keys.js";

const CYCLE = 4;

interface Played {
  /** Numbers of the documents that mallory says it holds: those of the honest come first, then its own. */
  readonly held: readonly number[];
  /** Stakes of the honest who are there; vera with what mallory leaves of 85 % unless given. */
  readonly honest?: readonly bigint[];
  readonly isVeraLate?: boolean;
  /** Whether the honest find that eve's bytes are no proof, which they are not. */
  readonly isFound?: boolean;
  /** Whether the honest hold mallory's document. */
  readonly isShown?: boolean;
  /** Documents that nobody serves. */
  readonly hidden?: readonly number[];
  /** Whether nobody serves eve's proof: the honest call it unreachable, and mallory invalid. */
  readonly isEveGone?: boolean;
  /** Ann's reputation as the honest state it, and as mallory does; nobody states any unless given. */
  readonly stated?: { readonly honest: number; readonly mallory: number | null };
}

/** How ann's and eve's proofs are settled where who is not there is away, and mallory calls eve's valid and says nothing of ann's. */
const played = async (
  mallorysStake: bigint,
  {
    held,
    honest = [85n - mallorysStake],
    isVeraLate = false,
    isFound = false,
    isShown = true,
    hidden = [],
    isEveGone = false,
    stated,
  }: Played,
) => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny" });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: CYCLE, sprint };
  const hash = networkHash(network);
  const there = ["//Vera", "//Vela", "//Viv"].slice(0, honest.length).map(devSigner);
  const [mallory, vito] = [devSigner("//Mallory"), devSigner("//Vito")];
  const [ann, eve] = [devSigner("//Ann"), devSigner("//Eve")];
  const away = 100n - sumStake([...honest, mallorysStake]);
  const stakes = new Map<Signer, bigint>([
    ...there.map((signer, i) => [signer, honest[i]!] as const),
    [mallory, mallorysStake],
    [vito, away],
  ]);
  const neurons = [...there, mallory, vito, ann, eve].map((signer, uid) => {
    const stake = stakes.get(signer);
    return { uid, hotkey: signer.address, stake: stake ?? 0n, validatorPermit: stake !== undefined };
  });
  const entryOn = (signer: Signer, proof: string): CheckEntry => ({
    ...{ uid: neurons.find(({ hotkey }) => hotkey === signer.address)!.uid, hotkey: signer.address },
    ...{ proof: proof.repeat(64), wins: 10, checked: 10 },
    ...{ verdict: "valid", reason: null, detail: null, nonce: null },
  });
  const unread = { wins: null, checked: 0 } as const;
  const malformed = { verdict: "invalid", reason: "malformed", ...unread } as const;
  const gone = { verdict: "abstain", reason: "unreachable", ...unread } as const;
  const found: Partial<CheckEntry> = isEveGone ? gone : isFound ? malformed : {};
  const accused: Partial<CheckEntry> = isEveGone ? { verdict: "invalid", reason: "no_win", nonce: 3 } : {};
  const states = (value: number | null | undefined) =>
    value == null ? {} : { reputations: [{ hotkey: ann.address, ...NEWCOMER, value }] };
  const documents = await Promise.all(
    [
      ...there.map((signer) => [signer, [entryOn(ann, "a"), { ...entryOn(eve, "e"), ...found }]] as const),
      [mallory, [{ ...entryOn(eve, "e"), ...accused }]] as const,
    ].map(([signer, entries]) =>
      signChecks(
        {
          ...{ network: hash, cycle: CYCLE, entries: [...entries] },
          ...states(signer === mallory ? stated?.mallory : stated?.honest),
        },
        signer,
      ),
    ),
  );
  const head = { network: shortHash(hash), cycle: CYCLE, location: "http://127.0.0.1:1" };
  const work = (signer: Signer, proof: string) =>
    [
      [signer.address, { type: "enter", ...head, difficulty: 8 }],
      [signer.address, { type: "sprint", ...head, proof: proof.repeat(64), wins: 10, nonces: 80 }],
    ] as const;
  const holds = (signer: Signer, numbers: readonly number[], cycle = CYCLE) =>
    [signer.address, { type: "checksheld", network: head.network, cycle, held: [...numbers] }] as const;
  const committed = documents.slice(isVeraLate ? 1 : 0);
  const shown = [...committed.keys()].slice(0, isShown ? undefined : -1);
  const records: readonly (readonly [string, EnterRecord | SprintRecord | ChecksRecord | ChecksHeldRecord])[] = [
    holds(vito, [], CYCLE - 1),
    ...work(ann, "a"),
    ...work(eve, "e"),
    ...committed.map((checks) => [checks.validator, { type: "checks", ...head, checks: checksHash(checks) }] as const),
    ...there.map((signer) => holds(signer, shown)),
    holds(mallory, held),
  ];
  // The chain keeps one record a key.
  const commitments = async (_: number, at: number) => {
    const newest = new Map<string, unknown>();
    for (const [hotkey, record] of records) {
      const block = recordWindow(record.type, record.cycle, network).start;
      if (block <= at) newest.set(hotkey, { hotkey, block, data: encodeRecord(record) });
    }
    return [...newest.values()];
  };
  const served = new Map(
    documents.flatMap((checks, number) =>
      hidden.includes(number) ? [] : [[checksHash(checks), canonicalBytes(checks)] as const],
    ),
  );
  if (!isEveGone) served.set("e".repeat(64), new TextEncoder().encode("no proof"));
  const source = {
    network,
    networkHash: hash,
    chain: { blockHash: async () => "0".repeat(64), metagraph: async () => ({ neurons }), commitments },
    fetch: async ({ hash: wanted }: { hash: string }) => {
      const bytes = served.get(wanted);
      if (bytes) return bytes;
      throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask later");
    },
    open: async () => ({ close: async () => {} }),
  } as unknown as CycleSource;
  const recomputer = { losersOf: async (all: readonly unknown[]) => all.map(() => []) };
  const result = await readSprint(source, { cycle: CYCLE, sprint: sprintOf(network, CYCLE)!, recomputer });
  assert.equal(result.stakes.size, honest.length + 2, "who is away votes");
  return {
    ...result,
    outcomes: result.outcomes.map(({ outcome }) => outcome),
    annsReputation: result.reputations?.get(ann.address)?.value ?? null,
  };
};

const outcomesBy = async (mallorysStake: bigint, how: Played) => {
  const { outcomes, isWhole, isReadable } = await played(mallorysStake, how);
  assert.ok(isWhole && isReadable);
  return outcomes;
};

it("who says of nobody that it holds its checks neither halves a weight nor keeps its own host's by it", async () => {
  for (const stake of [1n, 40n, 42n])
    assert.deepEqual(
      await outcomesBy(stake, { held: [1], honest: [stake === 1n ? 50n : 85n - stake] }),
      ["unopposed", "unopposed"],
      String(stake),
    );
  const three = [15n, 20n, 10n];
  for (const held of [[3], [0, 3], [1, 3], [2, 3], [0, 1, 3], [0, 1, 2, 3]]) {
    const [ann] = await outcomesBy(40n, { held, honest: three });
    assert.equal(ann, "unopposed", String(held));
    for (const isShown of [true, false]) {
      const outcomes = await outcomesBy(40n, { held, honest: three, isFound: true, isShown });
      assert.deepEqual(outcomes, ["unopposed", "invalid"], `${held} ${isShown}`);
    }
  }
  assert.deepEqual(
    await outcomesBy(43n, { held: [1] }),
    ["undecided", "unopposed"],
    "with more stake than they it decides",
  );
});

it("nobody is unheard where no more than half of the stake says what it holds", async () => {
  assert.deepEqual(await outcomesBy(15n, { held: [1], honest: [30n] }), ["undecided", "undecided"]);
});

it("a document that is unheard and that nobody serves leaves the Sprint read in part, and readable", async () => {
  const { outcomes, isWhole, isReadable, validators } = await played(40n, { held: [1], hidden: [0] });
  assert.deepEqual([outcomes, isWhole, isReadable], [["undecided", "undecided"], false, true]);
  assert.equal(validators.filter(({ isUnheard, checks }) => isUnheard && checks === null).length, 1);
});

it("who accuses a proof that most of those who are there could not fetch leaves no Sprint in part", async () => {
  const three = [15n, 20n, 10n];
  for (const held of [[3], [1, 3], [0, 1, 2, 3]])
    assert.deepEqual(
      await outcomesBy(40n, { held, honest: three, isEveGone: true }),
      ["unopposed", "undecided"],
      String(held),
    );
  assert.deepEqual(await outcomesBy(1n, { held: [0, 1], honest: [50n], isEveGone: true }), ["unopposed", "undecided"]);
  const { isWhole } = await played(46n, { held: [0, 1], honest: [39n], isEveGone: true });
  assert.ok(!isWhole, "39 of 85 are not most");
});

it("who only says what it holds counts among those who are there", async () => {
  assert.deepEqual(await outcomesBy(40n, { held: [0], isVeraLate: true }), ["undecided", "undecided"]);
});

it("who is there and says nothing of a proof does not halve a weight with less than half of the stake that is there", async () => {
  assert.deepEqual(await outcomesBy(40n, { held: [0, 1] }), ["unopposed", "valid"]);
  assert.deepEqual(await outcomesBy(40n, { held: [0] }), ["unopposed", "unopposed"]);
});

it("who states no reputations, or others, makes no newcomers of hosts with less stake than is there and honest", async () => {
  const statedBy = async (mallorysStake: bigint, how: Played) => {
    const { annsReputation, isWhole } = await played(mallorysStake, how);
    assert.ok(isWhole);
    return annsReputation;
  };
  for (const mallory of [null, 0, 500_000]) {
    const stated = { honest: 1_000_000, mallory };
    assert.equal(await statedBy(40n, { held: [0, 1], stated }), 1_000_000, "all are heard");
    assert.equal(await statedBy(40n, { held: [1], stated }), 1_000_000, "who is unheard states too");
    assert.equal(await statedBy(1n, { held: [1], honest: [50n], stated }), 1_000_000);
    const three = [15n, 20n, 10n];
    assert.equal(await statedBy(40n, { held: [1, 3], honest: three, stated }), 1_000_000);
    assert.equal(await statedBy(40n, { held: [0], isVeraLate: true, stated }), null, "who states alone is not all");
  }
});

it("a Sprint of which nobody can be heard agrees on no reputations, not even on those of newcomers", async () => {
  const stated = { honest: 1_000_000, mallory: 1_000_000 };
  const alone = await played(1n, { held: [0, 1], honest: [49n], stated });
  assert.deepEqual([alone.reputations, alone.isWhole, alone.isReadable], [null, true, true]);
  const { reputations } = await played(1n, { held: [0, 1], honest: [50n] });
  assert.equal(reputations?.size, 0, "who can be heard and states nothing says that all are newcomers");
});
