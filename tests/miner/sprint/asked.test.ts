import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { minerJournalSchema } from "#miner/journal.js";
import { askedDifficulty } from "#miner/sprint/asked.js";
import { askedIn } from "#miner/sprint/between-sprints.js";
import type { Sprinter } from "#miner/sprint/context.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { networkHash } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";
import { template } from "../../support/micro-network.js";

it("a miner asks at the next block whether a confirmation asks it where the chain did not answer", async (t) => {
  const sprint = sprintSchema.parse({ every: 4, dials: "tiny", confirmations: 0.5 });
  const network = { ...template, genesis: "0".repeat(64), first_cycle: 0, sprint };
  let asked = 0;
  const commitments = async () => {
    asked++;
    if (asked === 1) throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask again");
    return [];
  };
  const clock = {
    head: { number: phaseWindow(6, "distribute", network.phases).start },
    reach: async (block: number) => {
      clock.head = { number: block };
      return clock.head;
    },
  };
  const { log } = collectingLog();
  const participant = {
    ...{ network, networkHash: networkHash(network), clock, log, chain: { commitments } },
    ...{ signer: { address: "ann" }, signal: new AbortController().signal },
  };
  const journal = openJournal(join(temporaryFolder(t), "miner.json"), minerJournalSchema);
  const sprinter = { participant, journal, config: { compute: { max_share: 1 } } } as unknown as Sprinter;
  assert.equal(await askedIn(sprinter, 6, { sprint, confirms: 4 }), null);
  assert.ok(asked > 1);
});

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
