import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { rememberSprint } from "#validator/sprint/remember-sprint.js";
import { runChecks } from "#validator/sprint/sprints.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { listenRaw } from "../support/hostile-server.js";
import { openChecker, SPRINT, type TestChecker } from "../support/sprint.js";
import { openSubnet, until } from "../support/subnet.js";

const has = ({ participant }: TestChecker, cycle: number, ...messages: readonly string[]): boolean =>
  participant.lines.some(({ message, fields }) => messages.includes(message) && fields?.cycle === cycle);

describe("a Sprint of which a document never comes", { timeout: HANG_GUARD }, () => {
  it("is settled without it, and costs the next Sprint no time", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT }, validators: { vera: 1500, vito: 2500 } });
    const vera = await openChecker(subnet, "vera");
    let asked = 0;
    const silent = await listenRaw(t, createServer(), () => {
      asked += 1;
    });
    const life = runChecks(vera);
    life.catch(() => {});
    for (const cycle of [1, 2]) {
      const checks = "ab".repeat(32);
      const head = { network: shortHash(subnet.networkHash), cycle, location: `http://${silent}` };
      await subnet.to(subnet.window(cycle + 1, "train").start);
      await subnet.record({ vito: encodeRecord({ type: "checks", ...head, checks }) });
      const before = asked;
      await subnet.to(subnet.window(cycle + 1, "train").end);
      await until(t, () => asked > before);
      // Vito, who has most of the stake, says that it holds the document.
      await subnet.to(subnet.window(cycle + 1, "reveal").start);
      await subnet.sent("vera", cycle);
      await subnet.record({ vito: encodeRecord({ type: "checksheld", network: head.network, cycle, held: [0] }) });
      await subnet.to(subnet.window(cycle + 1, "evaluate").start + 2);
      await until(t, () => has(vera, cycle, "settled the Sprint", "Sprint not settled"));
      await subnet.to(subnet.window(cycle + 1, "exchange").start - 1);
    }
    assert.deepEqual(
      vera.journal.value.sprints.map(({ cycle, isWhole }) => ({ cycle, isWhole })),
      [1, 2].map((cycle) => ({ cycle, isWhole: false })),
      JSON.stringify(vera.participant.lines),
    );
    vera.participant.abort();
    await assert.rejects(life);
  });

  it("keeps what was settled with more of the documents", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
    const { journal } = await openChecker(subnet, "vera");
    const part = { uid: 3, hotkey: subnet.signer("ann").address, measured: 80, low: 60, high: 100 };
    const outcome = (of: "valid" | "undecided") => [{ ...WHOLE, ...part, outcome: of }];
    const at = { cycle: 1, confirms: null, reputations: new Map() };
    rememberSprint(journal, { ...at, outcomes: outcome("valid"), isWhole: false });
    rememberSprint(journal, { ...at, outcomes: outcome("undecided"), isWhole: false });
    assert.equal(journal.value.sprints[0]?.outcomes[0]?.outcome, "valid");
    rememberSprint(journal, { ...at, outcomes: outcome("undecided"), isWhole: true });
    assert.equal(journal.value.sprints[0]?.outcomes[0]?.outcome, "undecided");
  });
});

const WHOLE = {
  difficulty: 8,
  proof: null,
  wins: 10,
  nonces: 80,
  fault: null,
  nonce: null,
  validBy: 1,
  invalidBy: 0,
} as const;
