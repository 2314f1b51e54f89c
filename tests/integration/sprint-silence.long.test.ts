import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { rememberSprint } from "#shared/compute/memory/remember-sprint.js";
import { encodeRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { lastBlockFor } from "#shared/replay/phase-records.js";
import { knownGate } from "#validator/sprint/known-gate.js";
import { runChecks } from "#validator/sprint/sprints.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { listenRaw } from "../support/hostile-server.js";
import { NETUID } from "../support/micro-network.js";
import { silentAt } from "../support/silent-at.js";
import { openChecker, SPRINT, type TestChecker } from "../support/sprint.js";
import { type Living, openSubnet, until } from "../support/subnet.js";

const CONFIRMED = sprintSchema.parse({ every: 2, dials: "tiny", confirmations: 0.5, required: 1000 });

const NOT_READ = "Sprint not settled: checks of half of the stake or more cannot be had";

const has = ({ participant }: TestChecker, cycle: number, ...messages: readonly string[]): boolean =>
  participant.lines.some(({ message, fields }) => messages.includes(message) && fields?.cycle === cycle);

describe("a Sprint of which a document never comes", { timeout: HANG_GUARD }, () => {
  /** Vera, after two Sprints of each of which Vito committed to checks that nobody ever sends, and the holders say that they have them. */
  const live = async (
    t: Living,
    validators: Readonly<Record<string, number>>,
    holders: readonly string[],
  ): Promise<TestChecker> => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT }, validators });
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
      await subnet.to(subnet.window(cycle + 1, "reveal").start);
      await subnet.sent("vera", cycle);
      const held = encodeRecord({ type: "checksheld", network: head.network, cycle, held: [0] });
      await subnet.record(Object.fromEntries(holders.map((name) => [name, held])));
      await subnet.to(subnet.window(cycle + 1, "evaluate").start + 2);
      await until(t, () => has(vera, cycle, "settled the Sprint", "Sprint not settled", NOT_READ));
      await subnet.to(subnet.window(cycle + 1, "exchange").start - 1);
    }
    vera.participant.abort();
    await assert.rejects(life);
    return vera;
  };

  it("is settled without it, and costs the next Sprint no time", async (t) => {
    const vera = await live(t, { vera: 1500, vito: 1500, val: 1500 }, ["vito", "val"]);
    assert.deepEqual(
      vera.journal.value.sprints.map(({ cycle, isWhole }) => ({ cycle, isWhole })),
      [1, 2].map((cycle) => ({ cycle, isWhole: false })),
      JSON.stringify(vera.participant.lines),
    );
  });

  it("is not settled where half of the stake or more made it: it could have decided everything", async (t) => {
    const vera = await live(t, { vera: 1500, vito: 2500 }, ["vito"]);
    assert.deepEqual(vera.journal.value.sprints, []);
    assert.ok([1, 2].every((cycle) => has(vera, cycle, NOT_READ)));
    assert.equal(await knownGate(vera, 3), undefined);
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

describe("a validator whose chain does not answer at one block", { timeout: HANG_GUARD }, () => {
  it("settles a Sprint at the next one, and knows at the next one whether a cycle has any", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: CONFIRMED }, validators: { vera: 1500, vito: 1500 } });
    await subnet.to(subnet.window(2, "distribute").start);
    const opened = await openChecker(subnet, "vera");
    const [exchange, settles] = [subnet.window(3, "exchange").start - 1, lastBlockFor("checksheld", 2, subnet)];
    const { participant } = opened;
    const life = runChecks({ ...opened, participant: silentAt(silentAt(participant, exchange), settles) });
    life.catch(() => {});
    const again = () =>
      participant.lines.filter(({ message }) => message === "not done yet: once more at the next block").length;
    const lost = () =>
      participant.lines.flatMap(({ message }) => (/^Sprint (not settled|left out)/.test(message) ? [message] : []));
    await subnet.to(settles);
    await until(t, () => again() > 0 || lost().length > 0);
    await subnet.to(settles + 1);
    await until(t, () => opened.journal.value.sprints.length > 0 || lost().length > 0);
    const before = again();
    await subnet.to(exchange);
    await until(t, () => again() > before || lost().length > 0);
    await subnet.to(exchange + 1);
    await until(t, () => opened.journal.value.draws.length > 0 || lost().length > 0);
    assert.deepEqual(lost(), []);
    assert.deepEqual(
      opened.journal.value.sprints.map(({ cycle, isWhole }) => [cycle, isWhole]),
      [[2, true]],
    );
    opened.participant.abort();
    await assert.rejects(life);
  });

  it("says what it holds of a Sprint's checks at the next one", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT }, validators: { vera: 1500, vito: 1500 } });
    const opened = await openChecker(subnet, "vera");
    const last = lastBlockFor("checks", 1, subnet);
    const life = runChecks({ ...opened, participant: silentAt(opened.participant, last) });
    life.catch(() => {});
    await subnet.to(subnet.window(2, "train").start);
    const head = { network: shortHash(subnet.networkHash), cycle: 1, location: "http://127.0.0.1:1" };
    await subnet.record({ vito: encodeRecord({ type: "checks", ...head, checks: "ab".repeat(32) }) });
    await subnet.to(last);
    const said = (message: string) => opened.participant.lines.some((line) => line.message === message);
    const isLost = () => said("missed the exchange of checks");
    await until(t, () => isLost() || said("not done yet: once more at the next block"));
    await subnet.to(last + 1);
    await subnet.to(subnet.window(2, "reveal").start);
    const { address } = subnet.signer("vera");
    await until(t, async () => isLost() || (await subnet.chain.nonce(address)) === 1);
    await subnet.to(subnet.window(2, "reveal").start + 1);
    const mine = (await subnet.chain.commitments(NETUID)).find(({ hotkey }) => hotkey === address);
    const record = parseRecord(mine?.data ?? "");
    assert.equal(record.ok && record.value.type, "checksheld");
    opened.participant.abort();
    await assert.rejects(life);
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
  validWithUnheard: 1,
} as const;
