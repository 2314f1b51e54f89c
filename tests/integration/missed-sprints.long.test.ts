import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rememberSprint } from "#shared/compute/memory/remember-sprint.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { runClosings } from "#validator/duty/closings.js";
import { runChecks } from "#validator/sprint/sprints.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { silentAt } from "../support/silent-at.js";
import { openChecker, type TestChecker } from "../support/sprint.js";
import { type Living, openSubnet, type Subnet, until, untilOrFault } from "../support/subnet.js";

const EVERY = 4;
const SPRINT = sprintSchema.parse({ every: EVERY, dials: "tiny", duty: { tasks: 1 } });

/** The cycle of a Sprint in which ann is the one member, and nobody has a proof. */
const CLOSED = 2 * EVERY;

/**
 * A validator that closes its duty late, for which ann committed to a document.
 *
 * @param isHeard whether validators say which checks they hold
 */
const closingLate = async (t: Living, document: Uint8Array, isHeard: boolean) => {
  const cycle = CLOSED;
  const { subnet, vera } = await startLate(t, cycle + 1);
  const network = shortHash(subnet.networkHash);
  await subnet.to(subnet.window(cycle + 1, "train").start);
  const duty = sha256(document);
  await subnet.record({ ann: encodeRecord({ type: "duty", network, cycle, duty, location: subnet.location }) });
  const held = encodeRecord({ type: "checksheld", network, cycle, held: [] });
  await subnet.to(subnet.window(cycle + 1, "reveal").start);
  if (isHeard) await subnet.record(Object.fromEntries(subnet.validators.map((name) => [name, held])));
  const ann = { uid: subnet.uid("ann"), hotkey: subnet.signer("ann").address, measured: 800, low: 700, high: 900 };
  rememberSprint(vera.journal, {
    ...{ cycle: EVERY, confirms: null, reputations: new Map(), isWhole: true },
    outcomes: [{ ...ann, outcome: "valid" }],
  });
  await subnet.to(subnet.window(cycle + 3, "distribute").start);
  const closed = () =>
    vera.journal.value.duties.map(({ cycle, isWhole, parts }) => [cycle, isWhole, parts.map(({ hotkey }) => hotkey)]);
  return { subnet, vera, ann: ann.hotkey, closed };
};

it("a validator that closes a Sprint's duty late asks twice for a document before it counts as missed", {
  timeout: HANG_GUARD,
}, async (t) => {
  const document = Buffer.from("a document");
  const { subnet, vera, ann, closed } = await closingLate(t, document, true);
  const life = runClosings(vera);
  life.catch(() => {});
  const wasAsked = () => vera.participant.lines.some(({ message }) => message === "blob not fetched");
  await until(t, () => wasAsked() || vera.journal.value.duties.length > 0);
  await subnet.store.put(document);
  await subnet.to(subnet.node.head.number + 1);
  await untilOrFault(t, { player: vera, fault: FAULT }, () => vera.journal.value.duties.length > 0);
  assert.deepEqual(closed(), [[CLOSED, true, [ann]]]);
  vera.participant.abort();
  await assert.rejects(life);
});

it("whatever document cannot be had, the duty of a Sprint of which nobody can be heard is closed: it has no tasks", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { vera, closed } = await closingLate(t, Buffer.from("a document"), false);
  const life = runClosings(vera);
  life.catch(() => {});
  await untilOrFault(t, { player: vera, fault: FAULT }, () => vera.journal.value.duties.length > 0);
  assert.deepEqual(closed(), [[CLOSED, true, []]]);
  vera.participant.abort();
  await assert.rejects(life);
});

it("a validator closes duty at the next block where the chain did not answer", { timeout: HANG_GUARD }, async (t) => {
  const { subnet, vera } = await startLate(t, EVERY + 1);
  const { start } = subnet.window(EVERY + 2, "distribute");
  const life = runClosings({ ...vera, participant: silentAt(vera.participant, start) });
  life.catch(() => {});
  await subnet.to(start);
  const said = (text: string) => vera.participant.lines.some(({ message }) => message === text);
  await until(t, () => said("duty not closed") || said("not done yet: once more at the next block"));
  await subnet.to(start + 1);
  await untilOrFault(t, { player: vera, fault: FAULT }, () => vera.journal.value.duties.length > 0);
  vera.participant.abort();
  await assert.rejects(life);
});

/** What a player says that leaves out what these tests wait for. */
const FAULT = /^duty not closed|^Sprint (not settled|left out)/;

/** A validator that starts in a later cycle than it should have settled the only Sprint in. */
const startLate = async (
  t: Living,
  cycle: number,
): Promise<{ readonly subnet: Subnet; readonly vera: TestChecker }> => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
  await subnet.to(subnet.window(cycle, "distribute").start);
  return { subnet, vera: await openChecker(subnet, "vera") };
};

describe("a validator that was down when a Sprint was settled, or its duty closed", { timeout: HANG_GUARD }, () => {
  it("settles it in the next cycles, which have none of their own", async (t) => {
    const { vera } = await startLate(t, EVERY + 2);
    const life = runChecks(vera);
    life.catch(() => {});
    await untilOrFault(t, { player: vera, fault: FAULT }, () => vera.journal.value.sprints.length > 0);
    assert.deepEqual(
      vera.journal.value.sprints.map(({ cycle, isWhole }) => [cycle, isWhole]),
      [[EVERY, true]],
    );
    vera.participant.abort();
    await assert.rejects(life);
  });

  it("settles an older one where the newer one cannot be read", async (t) => {
    const { subnet, vera } = await startLate(t, 2 * EVERY + 2);
    const { chain, lines } = vera.participant;
    const gone = subnet.window(2 * EVERY, "distribute").start;
    const commitments: typeof chain.commitments = async (netuid, block) => {
      if (block !== undefined && block >= gone)
        throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask again");
      return chain.commitments(netuid, block);
    };
    const life = runChecks({ ...vera, participant: { ...vera.participant, chain: { ...chain, commitments } } });
    life.catch(() => {});
    const again = () =>
      lines.filter(({ fields: { task } }) => task === `the settle of the Sprint of cycle ${2 * EVERY}`);
    await until(t, () => again().length > 0);
    await subnet.to(subnet.node.head.number + 1);
    await until(t, () => again().length > 1 || vera.journal.value.sprints.length > 0);
    assert.deepEqual(
      vera.journal.value.sprints.map(({ cycle }) => cycle),
      [EVERY],
    );
    vera.participant.abort();
    await assert.rejects(life);
  });

  it("closes its duty as long as the documents are served", async (t) => {
    const { vera } = await startLate(t, EVERY + 3);
    const life = runClosings(vera);
    life.catch(() => {});
    await untilOrFault(t, { player: vera, fault: FAULT }, () => vera.journal.value.duties.length > 0);
    assert.deepEqual(
      vera.journal.value.duties.map(({ cycle, isWhole }) => [cycle, isWhole]),
      [[EVERY, true]],
    );
    vera.participant.abort();
    await assert.rejects(life);
  });
});
