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
import { sprintOf, sprintSchema } from "#shared/protocol/sprint.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import type { CycleSource } from "#shared/replay/source.js";
import { template } from "../../support/micro-network.js";
import { devSigner } from "../protocol/keys.js";

const CYCLE = 4;

/** Ann's and eve's outcomes where vito's 15 % are away, and mallory, with some stake, says that it holds some documents: vera's is number 0, its own 1. */
const outcomesBy = async (
  mallorysStake: bigint,
  { held, isVeraLate = false }: { held: readonly number[]; isVeraLate?: boolean },
) => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny" });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: CYCLE, sprint };
  const hash = networkHash(network);
  const [vera, mallory, vito] = [devSigner("//Vera"), devSigner("//Mallory"), devSigner("//Vito")];
  const [ann, eve] = [devSigner("//Ann"), devSigner("//Eve")];
  const stakes = new Map([
    [vera, 85n - mallorysStake],
    [mallory, mallorysStake],
    [vito, 15n],
  ]);
  const neurons = [vera, mallory, vito, ann, eve].map((signer, uid) => {
    const stake = stakes.get(signer);
    return { uid, hotkey: signer.address, stake: stake ?? 0n, validatorPermit: stake !== undefined };
  });
  const entryOn = (signer: typeof vera, uid: number, proof: string): CheckEntry => ({
    ...{ uid, hotkey: signer.address, proof: proof.repeat(64), wins: 10, checked: 10 },
    ...{ verdict: "valid", reason: null, detail: null, nonce: null },
  });
  const documents = await Promise.all(
    (
      [
        [vera, [entryOn(ann, 3, "a"), entryOn(eve, 4, "e")]],
        [mallory, [entryOn(eve, 4, "e")]],
      ] as const
    ).map(([signer, entries]) => signChecks({ network: hash, cycle: CYCLE, entries: [...entries] }, signer)),
  );
  const head = { network: shortHash(hash), cycle: CYCLE, location: "http://127.0.0.1:1" };
  const work = (signer: typeof vera, proof: string) =>
    [
      [signer.address, { type: "enter", ...head, difficulty: 8 }],
      [signer.address, { type: "sprint", ...head, proof: proof.repeat(64), wins: 10, nonces: 80 }],
    ] as const;
  const holds = (signer: typeof vera, numbers: readonly number[], cycle = CYCLE) =>
    [signer.address, { type: "checksheld", network: head.network, cycle, held: [...numbers] }] as const;
  const late = isVeraLate ? 1 : 0;
  const records: readonly (readonly [string, EnterRecord | SprintRecord | ChecksRecord | ChecksHeldRecord])[] = [
    holds(vito, [], CYCLE - 1),
    ...work(ann, "a"),
    ...work(eve, "e"),
    ...documents
      .slice(late)
      .map((checks) => [checks.validator, { type: "checks", ...head, checks: checksHash(checks) }] as const),
    holds(vera, isVeraLate ? [0] : [0, 1]),
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
  const served = new Map(documents.map((checks) => [checksHash(checks), canonicalBytes(checks)]));
  const source = {
    network,
    networkHash: hash,
    chain: { blockHash: async () => "0".repeat(64), metagraph: async () => ({ neurons }), commitments },
    fetch: async ({ hash: wanted }: { hash: string }) => {
      const bytes = served.get(wanted);
      if (bytes) return bytes;
      throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask later");
    },
  } as unknown as CycleSource;
  const recomputer = { losersOf: async (all: readonly unknown[]) => all.map(() => []) };
  const result = await readSprint(source, { cycle: CYCLE, sprint: sprintOf(network, CYCLE)!, recomputer });
  assert.ok(result.isWhole && result.isReadable);
  assert.equal(result.stakes.size, 3, "who is away votes");
  return result.outcomes.map(({ outcome }) => outcome);
};

it("who says of nobody that it holds its checks is not the only one that is heard", async () => {
  for (const stake of [40n, 42n]) assert.deepEqual(await outcomesBy(stake, { held: [1] }), ["undecided", "undecided"]);
  assert.deepEqual(
    await outcomesBy(40n, { held: [0], isVeraLate: true }),
    ["undecided", "undecided"],
    "nor where the others only say what they hold",
  );
});

it("who is there and says nothing of a proof does not halve a weight with less than half of the stake that is there", async () => {
  assert.deepEqual(await outcomesBy(40n, { held: [0, 1] }), ["unopposed", "valid"]);
  assert.deepEqual(await outcomesBy(40n, { held: [0] }), ["unopposed", "unopposed"]);
});
