import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { minerJournalSchema } from "#miner/journal.js";
import { askedDifficulty } from "#miner/sprint/asked.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { networkHash } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { template } from "../../support/micro-network.js";

it("a confirmation asks whom the chain says; the journal is asked where the chain no longer has that state", async (t) => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny", confirmations: 0.5 });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 0, sprint };
  const [ann, bob] = ["ann", "bob"];
  const head = { network: shortHash(networkHash(network)), cycle: 4, location: "http://127.0.0.1:1" };
  const enter = encodeRecord({ type: "enter", ...head, difficulty: 21 });
  const proved = encodeRecord({ type: "sprint", ...head, proof: "ab".repeat(32), wins: 3, nonces: 63 });
  const [entering, proving] = (["enter", "sprint"] as const).map((type) => lastBlockFor(type, 4, { network }));
  const commitments = async (_: number, at?: number) =>
    at === entering
      ? [ann, bob].map((hotkey) => ({ hotkey: hotkey!, data: enter, block: entering! }))
      : [{ hotkey: ann!, data: proved, block: proving! }];
  const gone = async () => {
    throw new BlockZeroError("STATE_DISCARDED", "gone", "ask an archive");
  };
  const journal = openJournal(join(temporaryFolder(t), "miner.json"), minerJournalSchema);
  const asks = (address: string, chain: { commitments: typeof commitments }) => {
    const participant = { network, networkHash: networkHash(network), chain, signer: { address } };
    return askedDifficulty({ participant, journal }, { cycle: 6, confirms: 4 });
  };
  assert.deepEqual(await Promise.all([ann, bob].map((one) => asks(one!, { commitments }))), [21, null]);
  assert.equal(await asks(ann!, { commitments: gone }), undefined);
  journal.update((value) => ({ ...value, proven: { cycle: 4, difficulty: 34 } }));
  assert.equal(await asks(ann!, { commitments: gone }), 34);
  assert.equal(await asks(ann!, { commitments }), 21, "the chain's word is the one that others go by");
  await assert.rejects(asks(ann!, { commitments: () => Promise.reject(new Error("no connection")) }), /no connection/);
});
