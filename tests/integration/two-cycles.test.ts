import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { runMiner } from "#miner/miner.js";
import { freePorts } from "#owner/localnet/ports.js";
import { loadModel, wholeModel } from "#shared/participant/base-model.js";
import { heldOutLosses } from "#shared/training/loss-meter.js";
import { runValidator } from "#validator/validator.js";
import { collectingLog } from "../shared/chain/support.js";
import { NETUID, parameters } from "../support/micro-network.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";
import { openMeter } from "../support/validator.js";

const MINERS = ["ann", "bob"] as const;
const VALIDATORS = ["vera", "vito"] as const;
type Name = (typeof MINERS)[number] | (typeof VALIDATORS)[number];

/** The real programs in this process: each can be killed and started again with the same home. */
const openPrograms = async (t: TestContext, subnet: Subnet) => {
  const names: readonly Name[] = [...MINERS, ...VALIDATORS];
  const ports = await freePorts(names.length);
  const running = new Map<Name, { stop: AbortController; ended: Promise<void> }>();
  const logs = new Map<Name, ReturnType<typeof collectingLog>["lines"]>(names.map((name) => [name, []]));

  const start = async (name: Name) => {
    const flags = { "listen.port": ports[names.indexOf(name)]! };
    const stop = new AbortController();
    const { log, lines } = collectingLog();
    logs.set(name, lines);
    const ended = VALIDATORS.some((validator) => validator === name)
      ? runValidator(subnet.validatorConfig(name, flags), log, stop.signal)
      : runMiner(subnet.minerConfig(name, flags), log, stop.signal);
    running.set(name, { stop, ended });
    // A fault before the first cycle ends the program: it must not be waited for.
    await Promise.race([ended.then(() => assert.fail(`${name} ended`)), said(name, "joined")]);
  };
  const kill = async (name: Name) => {
    const { stop, ended } = running.get(name)!;
    running.delete(name);
    stop.abort();
    await ended;
  };
  const find = (name: Name, message: string, cycle?: number) =>
    logs.get(name)!.find((line) => line.message === message && (cycle === undefined || line.fields.cycle === cycle))
      ?.fields;
  const said = async (name: Name, message: string, cycle?: number) => {
    await until(t, () => find(name, message, cycle) !== undefined);
    return find(name, message, cycle)!;
  };
  t.after(() => Promise.all([...running.keys()].map(kill)));
  const errors = () => names.flatMap((name) => logs.get(name)!.filter(({ level }) => level === "error"));
  const measured = (name: Name): Record<string, unknown>[] =>
    readFileSync(join(subnet.home, name, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { names, start, kill, said, errors, measured };
};

type Programs = Awaited<ReturnType<typeof openPrograms>>;
type Moment = "committed" | "reported" | "published";

/** One cycle from its first block to its last, each block built when all who must act before it have. */
const liveThrough = async (
  subnet: Subnet,
  { said }: Programs,
  cycle: number,
  at: Partial<Record<Moment, () => Promise<void>>> = {},
) => {
  const window = (phase: Parameters<Subnet["window"]>[1]) => subnet.window(cycle, phase);
  const before = cycle - subnet.network.first_cycle;
  const each = <T>(names: readonly Name[], act: (name: Name) => Promise<T>) => Promise.all(names.map(act));

  await subnet.to(window("distribute").start);
  await each(MINERS, (name) => said(name, "trained", cycle));
  await subnet.to(window("commit").start - 1);
  await each(MINERS, (name) => subnet.sent(name, 2 * before + 1));
  await subnet.to(window("commit").start);
  await each(MINERS, (name) => said(name, "committed", cycle));
  await at.committed?.();
  await subnet.to(window("reveal").start - 1);
  await each(MINERS, (name) => subnet.sent(name, 2 * before + 2));
  await subnet.to(window("reveal").start);
  await each(MINERS, (name) => said(name, "revealed", cycle));
  await subnet.to(window("evaluate").start - 1);
  await subnet.to(window("evaluate").start);
  await each(VALIDATORS, (name) => subnet.sent(name, 3 * before + 1));
  await subnet.to(window("evaluate").start + 1);
  await each(VALIDATORS, (name) => said(name, "reported", cycle));
  await at.reported?.();
  await subnet.to(window("merge").start);
  await each(VALIDATORS, (name) => subnet.sent(name, 3 * before + 3));
  await subnet.to(window("merge").start + 1);
  const published = await each(VALIDATORS, (name) => said(name, "published model", cycle));
  const weights = await each(VALIDATORS, (name) => said(name, "set weights", cycle));
  const merged = await each(VALIDATORS, (name) => said(name, "merged", cycle));
  await each(MINERS, (name) => said(name, "scored", cycle));
  await at.published?.();
  await subnet.to(window("merge").end - 1);
  return { models: published.map(({ model }) => String(model)), weights, merged };
};

describe("two validators and two miners", { timeout: 120_000 }, () => {
  it("make a better model together, are paid for it, and survive being killed", async (t) => {
    const subnet = await openSubnet(t, { miners: [...MINERS, "observer"] });
    const programs = await openPrograms(t, subnet);
    const { names, start, kill, said, errors, measured } = programs;
    for (const name of names) await start(name);

    const restart = (name: Name) => async () => {
      await kill(name);
      await start(name);
    };
    const stakes = async () =>
      new Map((await subnet.chain.metagraph(NETUID)).neurons.map(({ hotkey, stake }) => [hotkey, stake]));
    const stakesBefore = await stakes();
    const first = await liveThrough(subnet, programs, 1, { committed: restart("bob"), reported: restart("vito") });

    const uids = MINERS.map(subnet.uid);
    const [model, same] = first.models;
    assert.equal(model, same, "both validators made the same bits");
    for (const { merged } of first.merged) assert.deepEqual([...(merged as number[])].sort(), uids);

    // math was improved by two, prose by nobody: its half goes to the owner. Both validators set the same weights.
    assert.equal(first.weights[0]!.weights, first.weights[1]!.weights);
    const rows = await subnet.chain.weights(NETUID);
    assert.deepEqual(
      rows.map(({ uid }) => uid),
      VALIDATORS.map(subnet.uid),
    );
    for (const { weights } of rows) {
      assert.deepEqual(
        weights.map(([uid]) => uid),
        [0, ...uids],
      );
      assert.deepEqual(
        weights.map(([, weight]) => weight).sort((a, b) => a - b),
        [26214, 39321, 65535],
      );
    }

    // The epoch within the merge paid both miners, the better one more.
    const { neurons } = await subnet.chain.metagraph(NETUID);
    const stakesAfter = await stakes();
    for (const name of names) {
      const { address } = subnet.signer(name);
      assert.ok(neurons[subnet.uid(name)]!.emission > 0n, `${name} was paid`);
      assert.ok(stakesAfter.get(address)! > stakesBefore.get(address)!);
    }
    const scores = measured("ann").find((values) => "chain/w_i_score" in values)!;
    const better = scores["chain/rank_in_group"] === 1 ? "ann" : "bob";
    const worse = better === "ann" ? "bob" : "ann";
    assert.ok(neurons[subnet.uid(better)]!.emission > neurons[subnet.uid(worse)]!.emission);

    const second = await liveThrough(subnet, programs, 2, { published: restart("vera") });
    assert.equal(second.models[0], second.models[1]);
    assert.notEqual(second.models[0], model);
    assert.deepEqual(errors(), []);
    assert.equal((await said("ann", "training", 2)).base, model, "trained from what the first cycle merged");

    // Whoever joins now gets the model from the validators, and it is better at what was trained.
    const observer = await subnet.join("observer");
    await subnet.to(subnet.window(3, "distribute").end - 1);
    const base = await observer.models.baseOf(3);
    assert.equal(base, second.models[0]);
    const last = await loadModel(observer, base);
    assert.deepEqual([last.manifest.cycle, last.manifest.parent], [2, model]);
    const { network } = subnet;
    const meter = await openMeter(t, subnet);
    const untrained = await heldOutLosses(meter, network, parameters);
    const middle = await heldOutLosses(meter, network, wholeModel(await loadModel(observer, model!)));
    const trained = await heldOutLosses(meter, network, wholeModel(last));
    assert.ok(middle.math! < untrained.math! - 0.1, `${untrained.math} → ${middle.math}`);
    assert.ok(trained.math! < middle.math!, `${middle.math} → ${trained.math}`);

    for (const name of MINERS) {
      const told = measured(name).filter((values) => values["chain/verdict"] === "scored");
      assert.deepEqual(
        told.map(({ cycle }) => cycle),
        [1, 2],
      );
      for (const values of told) assert.ok(Number(values["chain/w_i_score"]) > 0);
    }
  });
});
