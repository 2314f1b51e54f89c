import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { type BlockClock, startBlockClock } from "#shared/participant/block-clock.js";
import { withinBlocks } from "#shared/participant/within-blocks.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { parsePrometheus } from "../../support/prometheus-text.js";
import { openSubnet } from "../../support/subnet.js";

const never = new Promise<never>(() => {});

describe("withinBlocks", { timeout: HANG_GUARD }, () => {
  const open = async (t: Parameters<typeof openSubnet>[0]) => {
    const subnet = await openSubnet(t);
    const stop = new AbortController();
    t.after(() => stop.abort());
    const clock: BlockClock = await startBlockClock(subnet.chain, stop.signal);
    const deadline = clock.head.number + 2;
    const to = async (block: number) => {
      await subnet.to(block);
      await clock.reach(block, stop.signal);
    };
    const instruments = prometheusInstruments("validator");
    const count = async (outcome: string) =>
      parsePrometheus(await instruments.text()).get(`blockzero_duties_total{duty="report",outcome="${outcome}"}`);
    const telemetry = createTelemetry(instruments);
    return { participant: { clock, signal: stop.signal, telemetry }, deadline, to, stop, count };
  };

  it("waits for a duty that never settles no longer than to its block, and tells it to stop", async (t) => {
    const { participant, deadline, to, count } = await open(t);
    let told: AbortSignal | undefined;
    let isOver = false;
    const duty = withinBlocks(participant, { duty: "report", name: "waiting", deadline }, ({ signal }) => {
      told = signal;
      return never;
    });
    const ended = assert.rejects(duty, { code: "DUTY_OVERDUE", message: `waiting was not done at block ${deadline}` });
    void ended.then(() => {
      isOver = true;
    });
    await to(deadline - 1);
    assert.deepEqual([isOver, told?.aborted], [false, false]);
    await to(deadline);
    await ended;
    assert.equal(told?.aborted, true);
    assert.deepEqual([await count("overdue"), await count("done")], [1, 0]);
  });

  it("hands on what a duty gives or throws, and tells what it left behind to end", async (t) => {
    const { participant, deadline, count } = await open(t);
    const told: AbortSignal[] = [];
    const given = await withinBlocks(participant, { duty: "report", name: "working", deadline }, async ({ signal }) => {
      told.push(signal);
      return 7;
    });
    assert.equal(given, 7);
    const fault = new Error("its own");
    const failing = withinBlocks(participant, { duty: "report", name: "failing", deadline }, ({ signal }) => {
      told.push(signal);
      return Promise.reject(fault);
    });
    await assert.rejects(failing, fault);
    assert.deepEqual(
      told.map(({ aborted }) => aborted),
      [true, true],
    );
    assert.equal(participant.signal.aborted, false);
    assert.deepEqual([await count("done"), await count("failed")], [1, 1]);
  });

  it("fails where a duty within it was overdue", async (t) => {
    const { participant, deadline, count } = await open(t);
    const inner = new BlockZeroError("DUTY_OVERDUE", "another was not done", "the log says why");
    await assert.rejects(
      withinBlocks(participant, { duty: "report", name: "around it", deadline }, () => Promise.reject(inner)),
      inner,
    );
    assert.deepEqual([await count("failed"), await count("overdue")], [1, 0]);
  });

  it("ends with the program, for its reason", async (t) => {
    const { participant, deadline, stop, count } = await open(t);
    const duty = withinBlocks(participant, { duty: "report", name: "waiting", deadline }, () => never);
    const reason = new Error("over");
    stop.abort(reason);
    await assert.rejects(duty, reason);
    assert.equal(await count("stopped"), 1);
  });
});
