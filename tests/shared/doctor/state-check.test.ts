import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { RpcError } from "#shared/chain/connection/rpc-socket.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { blockUnknown, noSubnet, readFault } from "#shared/chain/subtensor/faults.js";
import { stateCheck } from "#shared/doctor/checks/state.js";
import { cycleSpans, stateSpans } from "#shared/doctor/state-spans.js";
import type { Network } from "#shared/protocol/network.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { type Sprint, sprintSchema } from "#shared/protocol/sprint.js";
import { startDevchain } from "#shared/simulators/devchain/start.js";
import { template } from "../../support/micro-network.js";
import { makeGenesis, makeKeys, temporaryHome } from "../chain/support.js";
import { findingIn, NOW, type Situation } from "./support.js";

const LENGTH = cycleLength(template.phases);

const withSprint = (given: Partial<Sprint>): Network => ({
  ...template,
  genesis: "0".repeat(64),
  sprint: sprintSchema.parse({ every: 3, dials: "tiny", ...given }),
});

const IDLE = sprintSchema.parse({ every: 3, dials: "tiny", idle: {} }).idle!;
const DUTY = sprintSchema.parse({ every: 3, dials: "tiny", duty: {} }).duty!;

/** A node at a block that has no state more than so many blocks back. */
const nodeAt = (head: number, kept: number, gone: (block: number) => unknown) => {
  const asked: number[] = [];
  const chain: Situation["chain"] = {
    head: async () => ({ number: head, hash: "ab".repeat(32), timestamp: NOW }),
    commitments: async (_, block = head) => {
      asked.push(head - block);
      if (head - block > kept) throw gone(block);
      return [];
    },
  };
  return { chain, asked };
};

const discarded = () =>
  readFault(new RpcError(4003, undefined, "UnknownBlock: State already discarded for 0x1"), "ws://x");

const find = async (t: TestContext, kept: number, sprint: Partial<Sprint>, more: Situation["about"] = {}) => {
  const { chain, asked } = nodeAt(100_000, kept, discarded);
  const finding = await findingIn(t, stateCheck, {
    chain,
    about: { network: async () => withSprint(sprint), ...more },
  });
  return { ...finding, asked };
};

describe("a check of the state that a node keeps", () => {
  it("asks as far back as Sprints, duty and confirmations are read", async (t) => {
    assert.equal(stateSpans({ sprint: undefined }), null);
    assert.deepEqual(stateSpans(withSprint({})), { running: 2, started: 26 });
    assert.deepEqual(stateSpans(withSprint({ every: 100, confirmations: 0.2 })), { running: 100, started: 802 });
    assert.deepEqual(stateSpans(withSprint({ every: 100, idle: IDLE })), { running: 100, started: 802 });
    const { verdict, says, asked } = await find(t, Number.POSITIVE_INFINITY, {});
    assert.deepEqual(asked, [2 * LENGTH, 26 * LENGTH]);
    assert.deepEqual([verdict, says], ["ok", `the node keeps the state of ${26 * LENGTH} blocks back (26 cycles)`]);
  });

  it("warns of what a start cannot read, and fails where a validator's weights would differ", async (t) => {
    const some = await find(t, 2 * LENGTH, { duty: DUTY });
    assert.equal(some.verdict, "warning");
    assert.match(some.says, /\(26 cycles\): after each start/);
    assert.match(some.remedy!, /archive node/);
    const verdictOf = async (...given: [Partial<Sprint>, Situation["about"]?]) =>
      (await find(t, LENGTH, ...given)).verdict;
    assert.equal(await verdictOf({ duty: DUTY }), "failure");
    assert.equal(await verdictOf({ confirmations: 0.2 }), "failure");
    assert.equal(await verdictOf({ idle: IDLE }), "failure");
    assert.equal(await verdictOf({}), "warning");
    assert.equal(await verdictOf({ duty: DUTY }, { role: "miner" }), "warning");
  });

  it("takes a node without old blocks for one without their state, and a subnet that was not there yet for no fault", async (t) => {
    const network = async () => withSprint({ duty: DUTY });
    const began = nodeAt(100_000, LENGTH, blockUnknown);
    assert.equal((await findingIn(t, stateCheck, { chain: began.chain, about: { network } })).verdict, "failure");
    const young = nodeAt(100_000, LENGTH, () => noSubnet(1));
    assert.equal((await findingIn(t, stateCheck, { chain: young.chain, about: { network } })).verdict, "ok");
    const short = nodeAt(10, 10, discarded);
    const found = await findingIn(t, stateCheck, { chain: short.chain, about: { network } });
    assert.deepEqual(
      [found.verdict, found.says, short.asked],
      ["ok", "the node keeps the state of all 10 blocks", [10, 10]],
    );
    assert.equal((await findingIn(t, stateCheck)).verdict, "ok", "a network without Sprints");
  });

  it("asks for a cycle's commitments and agreed model where there are no Sprints", async (t) => {
    const network = async (): Promise<Network> => ({ ...template, genesis: "0".repeat(64) });
    // A merge ends 15 blocks after the commit phase, a cycle 20 blocks after the distribute phase.
    assert.deepEqual(cycleSpans(template), { merge: 15, base: 20 });
    const foundWith = async (kept: number, role: "miner" | "validator") => {
      const { chain, asked } = nodeAt(100_000, kept, discarded);
      const { verdict, says } = await findingIn(t, stateCheck, { chain, about: { network, role } });
      return { verdict, says, asked };
    };
    const { verdict, says, asked } = await foundWith(14, "validator");
    assert.deepEqual([verdict, asked], ["failure", [15]]);
    assert.match(says, /merge/);
    assert.equal((await foundWith(14, "miner")).verdict, "warning");
    const late = await foundWith(19, "validator");
    assert.deepEqual([late.verdict, late.asked], ["warning", [15, 20]]);
    assert.match(late.says, /which model is in force/);
    assert.equal((await foundWith(20, "validator")).verdict, "ok");
    const { chain } = nodeAt(100_000, 14, discarded);
    const found = await findingIn(t, stateCheck, { chain, about: { network: async () => withSprint({}) } });
    assert.deepEqual([found.verdict, /merge/.test(found.says)], ["failure", true], "with Sprints as well");
  });

  it("tells devchains apart by what they keep", async (t) => {
    const verdictWith = async (retention: number) => {
      const genesis = makeGenesis(await makeKeys());
      const home = await temporaryHome(t);
      const node = await startDevchain({ home, genesis, port: 0, blockTimeMs: 0, retention });
      t.after(() => node.close());
      node.newBlocks(3 * LENGTH);
      const chain = await connectDevchain({ endpoint: node.endpoint });
      t.after(() => chain.close());
      const network = async () => withSprint({ duty: DUTY });
      return (await findingIn(t, stateCheck, { about: { network, chain: async () => chain } })).verdict;
    };
    assert.equal(await verdictWith(LENGTH), "failure");
    assert.equal(await verdictWith(2 * LENGTH + 1), "warning");
    assert.equal(await verdictWith(4096), "ok");
  });
});
