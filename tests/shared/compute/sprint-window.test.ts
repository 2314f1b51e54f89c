import assert from "node:assert/strict";
import { it } from "node:test";
import { sprintsBefore } from "#shared/compute/sprint-window.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import type { Network } from "#shared/protocol/network.js";
import { networkHash } from "#shared/protocol/network.js";
import { SPRINT_WINDOW, sprintOf, sprintSchema } from "#shared/protocol/sprint.js";
import { template } from "../../support/micro-network.js";

/** Network files one after the other, the first cycle of each and how often it has Sprints; 0: it has none. */
const lineOf = (files: readonly (readonly [first: number, every: number, dials?: "tiny" | "test"])[]) => {
  const line: Network[] = [];
  for (const [first_cycle, every, dials = "tiny"] of files) {
    const { sprint: _, ...rest } = template;
    const former = line.at(-1);
    line.push({
      ...rest,
      genesis: "0".repeat(64),
      first_cycle,
      ...(every > 0 && { sprint: sprintSchema.parse({ every, dials }) }),
      ...(former && { succeeds: { network: networkHash(former), origin: networkHash(line[0]!) } }),
    } as Network);
  }
  return line;
};

const never = async () => assert.fail("this file has no confirmations");

it("the Sprints before a cycle are found over changes of the file, in as many steps as there are Sprints and files", async () => {
  for (const files of [
    [[0, 3]],
    [
      [0, 3],
      [20, 5],
    ],
    [
      [0, 3],
      [20, 0],
      [31, 4],
    ],
    [
      [2, 7],
      [20, 1],
      [23, 6],
    ],
    [
      [0, 2],
      [9, 4, "test"],
      [30, 4, "test"],
    ],
  ] as const) {
    const line = lineOf(files);
    const newest = line.at(-1)!;
    const fetch = async ({ hash }: { hash: string }) =>
      canonicalBytes(line.find((network) => networkHash(network) === hash)!);
    for (const cycle of [newest.first_cycle, newest.first_cycle + 1, 40, 47]) {
      const now = newest.sprint!;
      const expected: number[] = [];
      for (let past = cycle - 1; past >= Math.max(0, cycle - SPRINT_WINDOW * now.every); past--) {
        const then = line.findLast(({ first_cycle }) => first_cycle <= past);
        const sprint = then && sprintOf(then, past);
        if (!sprint || expected.length === SPRINT_WINDOW) continue;
        if (sprint.dials !== now.dials) break;
        expected.unshift(past);
      }
      const source = { network: newest, networkHash: networkHash(newest), fetch };
      const { sprints } = await sprintsBefore(source, cycle, never);
      assert.deepEqual(
        sprints.map((one) => one.cycle),
        expected,
        `${JSON.stringify(files)} at ${cycle}`,
      );
    }
  }
});

it("a former network file that nobody sends leaves the window not known in full, unless what came since fills it or began anew", async () => {
  const line = lineOf([
    [0, 3],
    [20, 3],
    [26, 3],
    [60, 3, "test"],
  ]);
  const unknownAt = async (file: number, cycle: number) => {
    const fetch = async ({ hash }: { hash: string }) => {
      const found = line.findIndex((network) => networkHash(network) === hash);
      if (found > 0) return canonicalBytes(line[found]!);
      throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask later");
    };
    const source = { network: line[file]!, networkHash: networkHash(line[file]!), fetch };
    return (await sprintsBefore(source, cycle, never)).undrawn;
  };
  assert.deepEqual(await unknownAt(2, 30), [19]);
  assert.deepEqual(await unknownAt(2, 21 + 3 * SPRINT_WINDOW), []);
  assert.deepEqual(await unknownAt(3, 61), []);
});

it("a Sprint every 10,000 cycles is found without looking at those in between", async () => {
  const [network] = lineOf([[0, 10_000]]) as [Network];
  let looked = 0;
  const source = {
    get network() {
      looked += 1;
      return network;
    },
    networkHash: networkHash(network),
    fetch: async () => assert.fail("there is no former file"),
  };
  const { sprints } = await sprintsBefore(source, 1_000_000, never);
  assert.deepEqual(
    sprints.map(({ cycle }) => cycle),
    [92, 93, 94, 95, 96, 97, 98, 99].map((n) => 10_000 * n),
  );
  assert.ok(looked < 100, `${looked}`);
});

it("the confirmations are those of the last Sprint that were drawn; what the chain no longer says is named", async () => {
  const [network] = lineOf([[0, 10]]) as [Network];
  const confirming = { ...network, sprint: { ...network.sprint!, confirmations: 0.5 } };
  const asked: number[] = [];
  const source = {
    network: confirming,
    networkHash: networkHash(confirming),
    fetch: async () => assert.fail("there is no former file"),
  };
  const draw = async (_: unknown, cycle: number) => {
    asked.push(cycle);
    if (cycle === 23) throw new BlockZeroError("STATE_DISCARDED", "gone", "ask an archive");
    return cycle % 2 === 0;
  };
  const { sprints, confirmations, undrawn } = await sprintsBefore(source, 27, draw);
  assert.deepEqual([sprints.at(-1)?.cycle, confirmations.map(({ cycle }) => cycle), undrawn], [20, [22, 24, 26], [23]]);
  assert.deepEqual(asked.sort(), [21, 22, 23, 24, 25, 26]);
  assert.deepEqual((await sprintsBefore(source, 21, never)).confirmations, []);
});

it("idle time is that of the cycles in which no confirmation was drawn, all of them where the file has none", async () => {
  const [network] = lineOf([[0, 4]]) as [Network];
  for (const confirmations of [0.5, undefined]) {
    const sprint = sprintSchema.parse({ every: 4, dials: "tiny", confirmations, idle: { sample: 7 } });
    const source = {
      network: { ...network, sprint },
      networkHash: "7".repeat(64),
      fetch: async () => assert.fail("there is no former file"),
    };
    const draw = confirmations === undefined ? never : async (_: unknown, cycle: number) => cycle === 6;
    const found = await sprintsBefore(source, 8, draw);
    assert.deepEqual(
      [found.confirmations, found.idle].map((all) => all.map(({ cycle }) => cycle)),
      confirmations === undefined ? [[], [5, 6, 7]] : [[6], [5, 7]],
    );
    assert.deepEqual(
      [found.sprints.at(-1)?.sprint.sample, ...found.idle.map((one) => [one.sprint.sample, one.sprint.isIdle])],
      [459, ...found.idle.map(() => [7, true])],
    );
  }
});

it("a change of the file forgives no confirmation of the former one, and the new file draws none for its Sprint", async () => {
  const sprint = sprintSchema.parse({ every: 8, dials: "tiny", confirmations: 1 });
  for (const confirmations of [1, undefined]) {
    const [first, second] = lineOf([
      [0, 8],
      [12, 8],
    ]) as [Network, Network];
    const former: Network = { ...first, sprint };
    const hash = networkHash(former);
    const next: Network = {
      ...{ ...second, sprint: { ...sprint, confirmations } },
      succeeds: { network: hash, origin: hash },
    };
    const fetch = async () => canonicalBytes(former);
    const source = { network: next, networkHash: networkHash(next), fetch };
    const before = (cycle: number) => sprintsBefore(source, cycle, async () => true);
    for (const cycle of [12, 14, 16]) {
      const { sprints, confirmations: found } = await before(cycle);
      assert.equal(sprints.at(-1)?.cycle, 8);
      assert.deepEqual(
        found.map((one) => [one.cycle, one.source.networkHash]),
        [9, 10, 11].map((one) => [one, hash]),
      );
    }
    const later = (await before(19)).confirmations.map((one) => one.cycle);
    assert.deepEqual(later, confirmations === undefined ? [] : [17, 18]);
  }
});
