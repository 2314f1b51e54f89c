import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planChange } from "#owner/network/network-change.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { isNetworkChange } from "#shared/participant/agreement/follow-network.js";
import { runCycles } from "#shared/participant/run-cycles.js";
import { type Network, networkBytes, networkHash } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { changeOf, successionProblem } from "#shared/protocol/succession.js";
import { contextOf, knownCyclesFrom, networkInForce, readableFile } from "#shared/replay/succession.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { PHASES, template } from "../../support/micro-network.js";
import { askedInVain, type Joined, openSubnet, type Subnet, until } from "../../support/subnet.js";
import { publishFile, successorOf } from "../../support/successor.js";

const network: Network = { ...template, genesis: "0".repeat(64) };
const hash = networkHash(network);
const scoring = { ...template.scoring, eval_batches: 10 };

/** The cycles that a participant lives through, and how it ends. */
const living = (joined: Joined) => {
  const lived: number[] = [];
  const running = runCycles(joined, {
    failure: "missed",
    first: ({ cycle }) => cycle,
    run: async (cycle) => void lived.push(cycle),
  });
  const ended = running.then(
    () => assert.fail("it ended by itself"),
    (thrown: unknown) => thrown,
  );
  return { lived, ended };
};

const begin = (subnet: Subnet, cycle: number) => subnet.to(subnet.window(cycle, "distribute").start);

describe("a change of the network file", () => {
  it("keeps the model unless shapes, experts, genesis or the length of a cycle change", () => {
    const kept: readonly Partial<Network>[] = [
      { scoring },
      { artifact: { codec: "int8" } },
      { phases: { ...PHASES, train: PHASES.train + 1, merge: PHASES.merge - 1 } },
      { groups: { ...network.groups, math: { ...network.groups.math!, data: [{ kind: "sotu", weight: 1 }] } } },
    ];
    for (const change of kept) assert.deepEqual(changeOf(network, { ...network, ...change }), { effect: "keeps" });
    const { math, prose } = network.groups;
    const reset: readonly (readonly [Partial<Network>, RegExp])[] = [
      [{ model: { ...network.model, rope_theta: 5000 } }, /^model: /],
      [{ groups: { math: prose!, prose: math! } }, /^groups: /],
      [{ groups: { math: math! } }, /^groups: /],
      [{ genesis: "1".repeat(64) }, /^genesis: /],
      [{ phases: { ...PHASES, train: PHASES.train + 1 } }, /^phases: /],
      [{ netuid: 2 }, /^netuid: /],
    ];
    for (const [change, reason] of reset) {
      const found = changeOf(network, { ...network, ...change });
      assert.ok(found.effect === "resets" && reason.test(found.reasons[0]!), JSON.stringify(found));
      assert.match(successionProblem(network, hash, successorOf(network, 9, change)) ?? "", reason);
    }
  });

  it("succeeds the file that it names, in a later cycle, in the same line", () => {
    const next = successorOf(network, 5);
    assert.equal(successionProblem(network, hash, next), null);
    const third = successorOf(next, 6);
    assert.equal(third.succeeds?.origin, hash);
    assert.equal(successionProblem(next, networkHash(next), third), null);
    assert.match(successionProblem(network, hash, third) ?? "", /does not name the file in force/);
    assert.match(successionProblem(network, hash, successorOf(network, 1)) ?? "", /is not after the former's/);
    const foreign = { ...next, succeeds: { network: hash, origin: "2".repeat(64) } };
    assert.match(successionProblem(network, hash, foreign) ?? "", /another first file/);
  });

  it("is planned for a cycle that has not begun, or says that it resets", () => {
    const length = Object.values(PHASES).reduce((sum, blocks) => sum + blocks, 0);
    const head = 7 * length + 3;
    const plan = (fromCycle?: number, change: Partial<Network> = { scoring }) =>
      planChange({ former: network, next: { ...network, ...change }, head, fromCycle });
    const { network: next, says } = plan();
    assert.deepEqual([next.first_cycle, next.succeeds], [9, { network: hash, origin: hash }]);
    assert.deepEqual(says.slice(0, 2), ["changes:", "  scoring.eval_batches: 12 → 10"]);
    assert.match(says[2]!, /keeps the model.* from cycle 9 on, now is cycle 7/);
    assert.equal(plan(8).network.first_cycle, 8);
    assert.throws(() => plan(7), { code: "NETWORK_CHANGE_LATE" });
    const reset = plan(undefined, { genesis: "1".repeat(64) });
    assert.equal(reset.network.succeeds, undefined);
    assert.ok(reset.says.some((line) => /resets the model to genesis/.test(line)));
    assert.throws(() => plan(9, { genesis: "1".repeat(64) }), { code: "NETWORK_CHANGE_UNDATED" });
    const foreign = plan(undefined, { name: "a\u202eb\u009b2J" });
    assert.equal(foreign.says[1], `  name: ${JSON.stringify(network.name)} → "a?b?2J"`);
    // A change of a change that is not in force yet.
    const again = planChange({
      former: next,
      next: { ...next, scoring: template.scoring },
      head,
      fromCycle: undefined,
    });
    assert.deepEqual([again.network.first_cycle, again.network.succeeds?.network], [10, networkHash(next)]);
  });

  it("says which records of validators come later in its first cycle, not at all, or take another's place", () => {
    const contributions = { rounds: 10, margin: 2, most: 64 };
    const beacon = { public_key: "0".repeat(192), genesis_time: 0, period: 3, delay: 1, contributions };
    const long = { ...PHASES, distribute: 12, train: 8 };
    const sprint = sprintSchema.parse({ every: 1, dials: "tiny" });
    const says = (former: Partial<Network>, next: Partial<Network>) =>
      planChange({
        former: { ...network, phases: long, ...former },
        next: { ...network, phases: long, ...next },
        head: 100,
        fromCycle: 9,
      }).says.filter((line) => line.startsWith("in cycle 9 "));
    assert.deepEqual(says({ beacon, sprint }, { beacon, sprint, scoring }), []);
    assert.deepEqual(says({}, { phases: { ...long, distribute: 2, train: 18 } }), []);
    const none = says({ beacon }, { beacon, phases: { ...long, distribute: 4, train: 16 } });
    assert.deepEqual(none, [
      "in cycle 9 validators write no seal record: its blocks are over before the former file decides on its last model",
    ]);
    assert.match(
      says({ beacon }, { beacon, phases: { ...long, distribute: 8, train: 12 } })[0]!,
      /their seal record 4 blocks later: /,
    );
    assert.match(
      says({}, { phases: { ...long, distribute: 2, train: 2, commit: 1, reveal: 1, evaluate: 3, exchange: 21 } }).join(
        "\n",
      ),
      /no report record: .*\n.*their held record 5 blocks later: /,
    );
    const shared = says({ sprint }, { sprint, beacon });
    assert.equal(shared.length, 1);
    assert.match(shared[0]!, /a validator's seal record and its checks record of cycle 8 share blocks/);
  });

  it("says until when no threshold group signs where the first key generation has no keys", () => {
    const group = { every: 20, shares: 128, threshold: 65 };
    const beacon = { public_key: "0".repeat(192), genesis_time: 0, period: 3, delay: 1, group };
    const says = (distribute: number) =>
      planChange({
        former: { ...network, beacon, phases: { ...PHASES, distribute: 40, train: 24 } },
        next: { ...network, beacon, phases: { ...PHASES, distribute, train: 64 - distribute } },
        head: 100,
        fromCycle: 100,
      }).says.filter((line) => /record|group/.test(line));
    const [none, until, ...rest] = says(4);
    assert.match(none!, /^in cycle 100 validators write no deal record: /);
    assert.match(until!, /^no threshold group signs before cycle 124, and the beacon's value falls back until then: /);
    assert.deepEqual(rest, []);
    assert.deepEqual(says(40), []);
    assert.match(says(36).join("\n"), /^in cycle 100 validators write their deal record 6 blocks later: [^\n]*$/);
  });
});

describe("a change whose first cycle began in a state that the chain no longer has", () => {
  const next = successorOf(network, 5);
  const nextHash = networkHash(next);
  const { start } = phaseWindow(5, "distribute", PHASES);
  const location = "http://127.0.0.1:1";

  /**
   * @param owner the owner's newest record
   * @param under the files that the newest records of two validators, and a third with as much stake as both, are of
   */
  const inForce = (owner: { hash: string; block: number }, under: readonly string[] = [], cycle = 5) => {
    const neurons = [1n, 1n, 2n].map((stake, i) => ({ hotkey: `validator ${i}`, stake, validatorPermit: true }));
    const { hash } = owner;
    const commitments = [
      {
        hotkey: "owner",
        data: encodeRecord({ type: "network", network: shortHash(hash), hash, location }),
        block: owner.block,
      },
      ...under.map((file, i) => ({
        hotkey: `validator ${i}`,
        data: encodeRecord({ type: "report", network: shortHash(file), cycle, report: "a".repeat(64), location }),
        block: start + 300,
      })),
    ];
    const newest =
      <T>(state: T) =>
      async (_: number, block?: number) => {
        if (block === undefined) return state;
        throw new BlockZeroError("STATE_DISCARDED", "the state is gone", "ask an archive node");
      };
    const chain = { metagraph: newest({ ownerHotkey: "owner", neurons }), commitments: newest(commitments) };
    const fetch = async () => networkBytes(network);
    return networkInForce({ chain: chain as never, fetch, network: next, networkHash: nextHash }, start + 400);
  };
  const takes = async (found: ReturnType<typeof inForce>) => {
    const { source, next } = await found;
    if (source.networkHash === nextHash) return true;
    assert.deepEqual([source.networkHash, next?.source.networkHash], [hash, nextHash]);
    assert.match(next?.problem ?? "", /^it was not published when its first cycle, 5, began$/);
    return false;
  };

  it("holds where the owner's record is from before it, and not where it came later", async () => {
    assert.equal(await takes(inForce({ hash: nextHash, block: start - 1 })), true);
    assert.equal(await takes(inForce({ hash: nextHash, block: start })), false);
    assert.equal(await takes(inForce({ hash: nextHash, block: start + 50 }, [hash, hash])), false);
  });

  it("holds where the record came again, for another server or a later file, and validators are under it", async () => {
    const again = { hash: nextHash, block: start + 200 };
    assert.equal(await takes(inForce(again, [nextHash, nextHash, hash])), false, "as much stake stayed");
    assert.equal(await takes(inForce(again, [hash, nextHash, nextHash])), true);
    assert.equal(await takes(inForce(again, [hash, hash], 4)), false, "records of cycles before say nothing");
    const later = { hash: "3".repeat(64), block: start + 200 };
    assert.equal(await takes(inForce(later, [nextHash])), true);
    assert.equal(await takes(inForce(later, [hash])), false);
    assert.equal(await takes(inForce(later)), true, "of a file that another has succeeded nobody can say");
  });
});

describe("a network file that succeeds others without end", () => {
  const FIRST = 1_000_000;
  /** The file with a hash, which is a number, and the number of files that were fetched. */
  const endless = () => {
    let fetched = 0;
    const fileOf = (hash: string): Network => {
      const number = Number.parseInt(hash, 16);
      const former = (number + 1).toString(16).padStart(64, "0");
      return { ...network, first_cycle: FIRST - number, succeeds: { network: former, origin: "2".repeat(64) } };
    };
    const fetch = async ({ hash }: { readonly hash: string }) => {
      if (++fetched > 5000) throw new Error("it has no end");
      return networkBytes(fileOf(hash));
    };
    const hash = "0".repeat(64);
    return { source: { chain: {} as never, fetch, network: fileOf(hash), networkHash: hash }, fetched: () => fetched };
  };

  it("is read back 1,024 files far, and those further back count as gone", async () => {
    const known = endless();
    assert.deepEqual(await knownCyclesFrom(known.source, 0), { first: FIRST - 1024, isCut: true });
    const past = endless();
    await assert.rejects(contextOf(past.source, 0), { code: "FETCH_TOO_LARGE" });
    const near = endless();
    assert.equal((await contextOf(near.source, FIRST - 1024)).network.first_cycle, FIRST - 1024);
    const inForce = endless();
    const { source } = await networkInForce(inForce.source, 0);
    assert.equal(source.network.first_cycle, FIRST - 1024, "the oldest that is read");
    assert.deepEqual(
      [known, past, near, inForce].map(({ fetched }) => fetched()),
      [1025, 1025, 1024, 1025],
    );
  });

  it("cannot be read by this version, and is looked through sixteen files far", async () => {
    let read = 0;
    const later = { first_cycle: 9, succeeds: { network: "1".repeat(64) }, x: 1 };
    const files = {
      read: async () => {
        if (++read > 5000) throw new Error("it has no end");
        return later;
      },
      block: () => 0,
    };
    await assert.rejects(readableFile(files, "0".repeat(64)), { code: "NETWORK_FILE_INVALID" });
    assert.equal(read, 17);
  });
});

describe("who follows the network file", { timeout: HANG_GUARD }, () => {
  it("goes over when its cycle begins, whether it lived until then, was away, or joins later", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const { lived, ended } = living(ann);
    await begin(subnet, 1);
    await until(t, () => lived.length === 1);
    const next = successorOf(subnet.network, 3, { scoring });
    const changed = await publishFile(subnet, next);
    const early = await subnet.join("bob");
    assert.equal(early.networkHash, subnet.networkHash, "not in force yet");
    await early.leave();
    await begin(subnet, 2);
    await until(t, () => lived.length === 2);
    await until(t, () => ann.lines.some(({ message, fields }) => message.startsWith("another") && fields.cycle === 3));
    await begin(subnet, 3);
    const thrown = await ended;
    assert.ok(isNetworkChange(thrown));
    assert.deepEqual([thrown.code, lived], ["NETWORK_SUCCEEDED", [1, 2]]);
    await ann.leave();
    for (const name of ["ann", "bob"]) {
      const again = await subnet.join(name);
      assert.equal(again.networkHash, changed);
      assert.equal(await again.models.baseOf(3), subnet.modelHash, "nobody merged anything");
      if (name === "ann") assert.equal(again.home, ann.home, "its journals go on");
      if (name === "bob") assert.equal(again.home, early.home);
    }
  });

  it("goes through two changes one after the other, also when the second was published before the first held", async (t) => {
    const subnet = await openSubnet(t);
    const second = successorOf(subnet.network, 2, { scoring });
    const third = successorOf(second, 3, { scoring: { ...scoring, eval_batches: 8 } });
    await publishFile(subnet, second);
    await publishFile(subnet, third);
    await begin(subnet, 2);
    const ann = await subnet.join("ann");
    assert.equal(ann.networkHash, networkHash(second));
    const { lived, ended } = living(ann);
    await begin(subnet, 3);
    assert.ok(isNetworkChange(await ended));
    assert.deepEqual(lived, [2]);
    assert.equal((await subnet.join("bob")).networkHash, networkHash(third));
  });

  it("stays where a change came too late, does not fit, or cannot be had, and says so", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const { lived } = living(ann);
    await begin(subnet, 1);
    await until(t, () => lived.length === 1);
    const unfit = successorOf(subnet.network, 2, { model: { ...subnet.network.model, rope_theta: 5000 } });
    await publishFile(subnet, unfit);
    await begin(subnet, 2);
    await until(t, () => lived.length === 2);
    const told = (reason: RegExp) =>
      ann.lines.some(
        ({ level, message, fields }) =>
          level === "error" &&
          message === "the published network file takes no effect" &&
          reason.test(String(fields.reason)),
      );
    assert.ok(told(/^model: its tensors are others$/));
    const late = successorOf(subnet.network, 2, { scoring });
    await publishFile(subnet, late);
    await begin(subnet, 3);
    await until(t, () => lived.length === 3);
    assert.ok(told(/was not published when its first cycle, 2, began/));
    assert.equal((await subnet.join("bob")).networkHash, subnet.networkHash, "who joins stays with the others");

    const lost = successorOf(subnet.network, 4, { scoring: { ...scoring, eval_batches: 6 } });
    const hash = await publishFile(subnet, lost);
    await subnet.store.delete(hash);
    const since = ann.lines.length;
    await begin(subnet, 4);
    await askedInVain(t, subnet, ann, since);
    await until(t, () => lived.length === 4);
    assert.ok(ann.lines.some(({ level, message }) => level === "warn" && /cannot be had/.test(message)));
  });

  it("ends where a file begins anew", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const { lived, ended } = living(ann);
    await begin(subnet, 1);
    await until(t, () => lived.length === 1);
    await publishFile(subnet, { ...subnet.network, name: "another" });
    await begin(subnet, 2);
    const thrown = await ended;
    assert.ok(isNetworkChange(thrown) && thrown.code === "NETWORK_CHANGED");
    assert.match(thrown.message, /which begins anew$/);
  });
});
