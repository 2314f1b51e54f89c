import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { simulatedSubnet } from "#bench/dashboard/simulated-subnet.js";
import { createEventLog, eventsOf, neuronEvents } from "#inspect/dashboard/events.js";
import { createPace, withEarlier } from "#inspect/dashboard/live.js";
import { historyOf, subnetNow } from "#inspect/dashboard/subnet-now.js";
import { confirmedWeights } from "#shared/compute/confirmed.js";
import { sprintSchema } from "#shared/protocol/sprint.js";
import { PHASES, template } from "#tests/support/micro-network.js";

const network = { ...template, genesis: "0".repeat(64) };
const sprint = sprintSchema.parse({ every: 2, dials: "tiny", required: 40_000, duty: {} });
const at = (offset: number) => simulatedSubnet({ network, miners: 12, validators: 2, cycles: 40, offset });

describe("the documents of the dashboard", () => {
  it("are JSON, with a row a miner, its newest cycle and the line of its scores", () => {
    const now = subnetNow(at(PHASES.distribute + PHASES.train));
    assert.deepEqual(JSON.parse(JSON.stringify(now)), now);
    assert.deepEqual([now.cycle, now.clock.cycle, now.clock.phase, now.miners.length], [40, 41, "commit", 12]);
    assert.deepEqual(
      now.miners.map(({ doing }) => doing),
      Array.from({ length: 12 }, (_, i) => (i < 6 ? "committed" : "nothing yet")),
    );
    assert.equal(now.clock.records.commit, 6);
    for (const { scores, last } of now.miners) {
      assert.equal(scores.length, 32);
      assert.equal(scores.at(-1), last!.verdict === "scored" ? Number(last!.score.toPrecision(4)) : null);
    }
    assert.deepEqual(
      now.models.slice(0, 2).map(({ cycle }) => cycle),
      [40, 39],
    );
    assert.ok(Math.abs(now.rewards.shares.reduce((sum, part) => sum + part, 0) - 1) < 1e-9);
  });

  it("have a value or a gap for each cycle, also where a group came later", () => {
    const { digests } = at(0);
    const [first, ...rest] = digests;
    const late = [{ ...first!, groups: { math: first!.groups.math! } }, ...rest];
    const { cycles, groups } = historyOf(late);
    assert.equal(cycles.length, 40);
    const prose = groups.find(({ name }) => name === "prose")!;
    assert.deepEqual([prose.loss.length, prose.loss[0], prose.improved[0]], [40, null, null]);
    assert.equal(typeof prose.loss[1], "number");
  });

  it("say how much sealed text is still closed", () => {
    const beacon = { public_key: "0".repeat(192), genesis_time: 1_700_000_000, period: 12 };
    const sealed = { beacon, first_round: 1, spacing: 10, envelopes: 100, index: "0".repeat(64) };
    const state = at(0);
    const leftAt = (time: number) =>
      subnetNow({
        ...state,
        network: { ...network, groups: { ...network.groups, math: { ...network.groups.math!, sealed } } },
        live: { ...state.live, clock: { ...state.live.clock, time } },
      }).sealed;
    const seconds = (count: number) => 1000 * (1_700_000_000 + count);
    assert.deepEqual(leftAt(seconds(-100)), [{ group: "math", envelopes: 100, left: 100 }]);
    // The first opens with round 1, the second with round 11.
    assert.deepEqual(
      [0, 119, 120, 1e6].map((count) => leftAt(seconds(count))[0]!.left),
      [99, 99, 98, 0],
    );
  });
});

describe("proof of compute", () => {
  const withSprints = (more: object = {}) =>
    subnetNow({
      ...simulatedSubnet({ network: { ...network, sprint }, miners: 12, validators: 2, cycles: 40 }),
      ...more,
    }).compute!;

  it("has each host's part in the newest settled Sprint, why, its confirmed weight, and its part of pay", () => {
    const { hosts, seed, ...sprints } = withSprints();
    assert.deepEqual(sprints, {
      ...{
        every: 2,
        dials: "tiny",
        required: 40_000,
        cycle: 38,
        isWhole: true,
        unknown: [],
        next: 42,
        duty: { cycle: null },
      },
    });
    const { value, ...moment } = seed!;
    assert.deepEqual([moment.cycle, moment.origin, moment.round], [40, "pulse", 1041]);
    assert.match(value!.text, /^[0-9a-f]{12} of contributions of 5\w{7}, 5\w{7}.*· without 5\w{7}: it opened nothing$/);
    assert.equal(hosts.length, 12);
    const [valid, , padder, undecided, absent] = hosts;
    assert.deepEqual([valid!.outcome, valid!.why, valid!.difficulty], ["valid", null, 40]);
    assert.ok(valid!.confirmed > 0 && valid!.paid === Math.min(1, valid!.confirmed / 40_000));
    assert.deepEqual(valid!.duty, { duties: 5, missed: 0, isFraud: false });
    assert.ok(valid!.reputation! > 0 && padder!.reputation === 0 && padder!.duty!.isFraud);
    assert.equal(valid!.weights.length, 8);
    assert.equal(valid!.weights.at(-1), valid!.confirmed);
    assert.deepEqual(
      [padder!.outcome, padder!.why, padder!.confirmed, padder!.paid],
      ["invalid", "nonce 10408 does not win", 0, 0],
    );
    assert.equal(undecided!.confirmed, Math.floor(undecided!.weights.at(-2)! / 2));
    assert.match(absent!.why!, /committed to no proof/);
  });

  it("is null without Sprints, and empty before one is settled", () => {
    assert.equal(subnetNow(at(0)).compute, null);
    assert.deepEqual(
      [withSprints({ compute: null }).hosts, withSprints({ compute: null }).cycle, withSprints({ compute: null }).seed],
      [[], null, null],
    );
  });

  it("keeps a host that did not enter the newest Sprint", () => {
    const state = simulatedSubnet({ network: { ...network, sprint }, miners: 12, validators: 2, cycles: 40 });
    const { sprints } = state.compute!;
    const [last, ...former] = [...sprints!.results].reverse();
    const results = [...former.reverse(), { ...last!, outcomes: last!.outcomes.slice(1) }];
    const confirmed = confirmedWeights(results.map(({ outcomes }) => outcomes));
    const [host] = withSprints({ compute: { ...state.compute!, sprints: { ...sprints!, results, confirmed } } }).hosts;
    assert.deepEqual([host!.outcome, host!.why, host!.confirmed], [null, "it did not enter", 0]);
  });
});

describe("a confirmation", () => {
  it("is the reason of a weight that is less than what the Sprint showed, and what is not had is named", () => {
    const state = simulatedSubnet({ network: { ...network, sprint }, miners: 12, validators: 2, cycles: 40 });
    const sprints = state.compute!.sprints!;
    const last = sprints.results.at(-1)!;
    const outcomes = last.outcomes
      .map((one, i) => (i === 0 ? { ...one, outcome: "withheld" as const } : one))
      .slice(0, 2);
    const settled = sprints.results.map((one) => one.outcomes);
    const confirmations = [{ ...last, cycle: 39, confirms: 38, outcomes }];
    const confirmed = confirmedWeights(settled, [{ outcomes }]);
    const compute = { ...state.compute!, sprints: { ...sprints, confirmations, confirmed, unknown: [36] } };
    const { hosts, unknown } = subnetNow({ ...state, compute }).compute!;
    assert.deepEqual(unknown, [36]);
    const { outcome, confirmation, confirmed: weight, paid } = hosts[0]!;
    assert.deepEqual([outcome, confirmation?.cycle, confirmation?.outcome], ["valid", 39, "withheld"]);
    assert.deepEqual([weight, paid], [0, 0]);
    assert.equal(hosts[2]!.confirmation!.outcome, "absent");
    assert.equal(subnetNow(state).compute!.hosts[0]!.confirmation, null);
  });
});

describe("events", () => {
  it("tell of phases, cycles and records, by uid where they are few", () => {
    const before = at(PHASES.distribute + PHASES.train - 1);
    const now = at(PHASES.distribute + PHASES.train);
    const texts = eventsOf(now.live, before.live, now.neurons).map(({ text }) => text);
    assert.deepEqual(texts, ["Cycle 41: commit begins.", "6 hotkeys: each committed to an update."]);
    assert.deepEqual(eventsOf(now.live, null, now.neurons), []);
    assert.deepEqual(eventsOf(now.live, now.live, now.neurons), []);
    const [uid, hotkey] = [3, now.neurons[3]!.hotkey];
    const one = { ...now.live, writers: { ...now.live.writers, commit: new Set([hotkey]) } };
    assert.equal(eventsOf(one, before.live, now.neurons)[1]!.text, `uid ${uid} committed to an update.`);
  });

  it("of a record that another of the same hotkey took the place of are not forgotten", () => {
    const now = at(PHASES.distribute + PHASES.train);
    const later = at(PHASES.distribute + PHASES.train + 1);
    const empty = { ...later.live, writers: { ...later.live.writers, commit: new Set<string>() } };
    assert.equal(withEarlier(empty, now.live).clock.records.commit, 6);
    const next = { ...empty, clock: { ...empty.clock, cycle: 42 } };
    assert.equal(withEarlier(next, now.live).writers.commit.size, 0);
  });

  it("of neurons are told one by one where they are few, and the log is bounded", () => {
    const { neurons } = at(0);
    const other = neurons.map((neuron) => (neuron.uid === 4 ? { ...neuron, hotkey: "5other" } : neuron));
    assert.deepEqual(
      neuronEvents(7, other, neurons).map(({ text }) => text),
      ["uid 4 has a new holder: the former one was deregistered."],
    );
    assert.equal(neuronEvents(7, neurons, neurons.slice(0, -1))[0]!.text, "uid 14 registered.");
    assert.equal(neuronEvents(7, neurons, neurons.slice(0, 1))[0]!.text, "14 uids have new holders.");
    assert.deepEqual(neuronEvents(7, neurons, []), []);
    const log = createEventLog();
    for (let block = 0; block < 500; block++) log.add({ block, kind: "phase", text: "" });
    assert.deepEqual([log.newest().length, log.newest()[0]!.block], [200, 499]);
  });
});

it("the pace is that of the last blocks, by the chain's clock", () => {
  const pace = createPace();
  const head = (number: number, timestamp: number) => ({ number, timestamp, hash: "" });
  assert.equal(pace(head(1, 1000)), null);
  assert.equal(pace(head(1, 1000)), null);
  assert.equal(pace(head(3, 5000)), 2000);
  for (let number = 4; number < 60; number++) pace(head(number, 1000 * number));
  assert.equal(pace(head(60, 60_000)), 1000);
});
