import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { neuronOf } from "#bench/dashboard/neuron.js";
import type { Head, Neuron } from "#shared/chain/chain.js";
import { observeHead } from "#shared/participant/observe/observe-head.js";
import { showStanding, showSubnet } from "#shared/participant/observe/observe-standing.js";
import { peerClasses } from "#shared/participant/observe/peer-classes.js";
import { encodeRecord } from "#shared/protocol/records.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { parsePrometheus } from "../../../support/prometheus-text.js";

const PHASES = { distribute: 4, train: 8, commit: 4, reveal: 4, evaluate: 8, exchange: 6, choose: 8, merge: 8 };
const headAt = (number: number): Head => ({ number, hash: "", timestamp: number * 12_000 });

const neuron = (uid: number, fields: Partial<Neuron> = {}) => neuronOf({ uid, hotkey: `hotkey-${uid}`, ...fields });

describe("the newest block", () => {
  it("is shown with its place in the cycle, and the program is unhealthy while none comes", async () => {
    const instruments = prometheusInstruments("miner");
    const telemetry = createTelemetry(instruments);
    const stop = new AbortController();
    let now = 100 * 12_000 + 500;
    let elapsed = 7;
    let tell = (_: Head) => {};
    const clock = {
      head: headAt(100),
      onHead: (callback: (head: Head) => void) => {
        tell = callback;
      },
    };
    observeHead(clock, telemetry, stop.signal, { phases: PHASES, now: () => now, elapsed: () => elapsed });
    const shown = async () => parsePrometheus(await instruments.text());
    const first = await shown();
    assert.equal(first.get("blockzero_head_block"), 100);
    assert.equal(first.get("blockzero_cycle"), 2);
    assert.equal(first.get('blockzero_phase{phase="distribute"}'), 1);
    assert.equal(first.get('blockzero_phase{phase="merge"}'), 0);
    assert.equal(first.get("blockzero_phase_left_blocks"), 3);
    assert.equal(first.get("blockzero_head_lag_seconds"), 0.5);

    now = 103 * 12_000;
    tell(headAt(103));
    assert.equal((await shown()).get('blockzero_phase{phase="train"}'), 1);
    elapsed += 100_000;
    for (const set of [-86_400_000, 0, 86_400_000]) {
      now = 103 * 12_000 + set;
      assert.equal((await shown()).get("blockzero_head_age_seconds"), 100, "whatever the wall clock is set to");
      assert.equal((await shown()).get("blockzero_head_lag_seconds"), 0);
      assert.equal(telemetry.health.problem(), null);
    }
    elapsed += 21_000;
    assert.equal(telemetry.health.problem(), "no new block for 121 s, the last is 103");
    tell(headAt(104));
    assert.equal(telemetry.health.problem(), null);
    assert.equal((await shown()).get("blockzero_head_age_seconds"), 0);
    assert.equal((await shown()).get("blockzero_head_lag_seconds"), 86_388, "a clock that is off shows");
    elapsed += 1e9;
    stop.abort();
    assert.equal(telemetry.health.problem(), null);
  });
});

describe("a hotkey's standing", () => {
  const neurons = [
    neuron(0, { emission: 5n, validatorPermit: true }),
    neuron(1, { emission: 3n, registeredAt: 10 }),
    neuron(2, { emission: 1n }),
    neuron(3, { emission: 3n, registeredAt: 5 }),
    neuron(4, { emission: 0n, registeredAt: 95 }),
  ];
  const limits = { immunityPeriod: 20, maxUids: 8 };

  it("says who would be replaced before it", async () => {
    const instruments = prometheusInstruments("miner");
    showSubnet({ neurons }, limits, instruments);
    const rankOf = async (hotkey: string) => {
      showStanding({ block: 100, neurons }, limits, hotkey, instruments);
      return parsePrometheus(await instruments.text()).get("blockzero_deregistration_rank");
    };
    assert.equal(await rankOf("hotkey-1"), 2);
    assert.equal(await rankOf("hotkey-3"), 1);
    assert.equal(await rankOf("hotkey-2"), 0);
    const shown = parsePrometheus(await instruments.text());
    assert.equal(shown.get("blockzero_subnet_free_uids"), 3);
    assert.equal(shown.get("blockzero_subnet_validators"), 1);
    assert.equal(shown.get("blockzero_uid"), 2);
    assert.equal(shown.get("blockzero_immunity_left_blocks"), 0);
    await rankOf("hotkey-4");
    assert.equal(parsePrometheus(await instruments.text()).get("blockzero_immunity_left_blocks"), 15);
    await rankOf("nobody");
    assert.equal(parsePrometheus(await instruments.text()).get("blockzero_registered"), 0);
  });
});

describe("the classes of peers", () => {
  const report = (location: string) =>
    encodeRecord({ type: "report", network: "0".repeat(8), cycle: 1, report: "0".repeat(64), location });

  it("come from the records of registered hotkeys, read at most once a block", async () => {
    let reads = 0;
    const clock = { head: headAt(1) };
    const chain = {
      metagraph: async () => {
        reads++;
        return {
          netuid: 1,
          block: 1,
          ownerHotkey: "owner",
          neurons: [neuron(1, { validatorPermit: true }), neuron(2)],
        };
      },
      commitments: async () =>
        ["hotkey-1", "hotkey-2", "owner", "stranger"].map((hotkey) => ({
          hotkey,
          data: report(`http://${hotkey}.example:1`),
          block: 1,
        })),
    };
    const classOf = peerClasses({ chain, clock, netuid: 1 });
    const asked = ["hotkey-1", "hotkey-2", "owner", "stranger"].map((name) => classOf(`http://${name}.example:1`));
    assert.deepEqual(await Promise.all(asked), ["validator", "miner", "owner", "other"]);
    assert.equal(reads, 1);
    clock.head = headAt(2);
    assert.equal(await classOf("http://stranger.example:1"), "other");
    assert.equal(await classOf("http://hotkey-1.example:1"), "validator");
    assert.equal(reads, 2);
  });

  it("are unknown while the chain does not answer", async () => {
    const fails = () => Promise.reject(new Error("down"));
    const classOf = peerClasses({
      chain: { metagraph: fails, commitments: fails },
      clock: { head: headAt(1) },
      netuid: 1,
    });
    assert.equal(await classOf("http://a.example:1"), "other");
  });
});
