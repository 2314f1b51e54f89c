import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTimeBox, stepTimes } from "#shared/training/time-box.js";

/** A clock on which work takes as long as it is told to. */
const virtualClock = () => {
  let time = 1_000;
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return { now: () => time, pass };
};

const box = (deadline: () => number | undefined) => {
  const clock = virtualClock();
  const timeBox = createTimeBox({ times: stepTimes(), now: clock.now, elapsed: clock.now, deadline, margin: 1.25 });
  const step = (milliseconds: number, microBatches = 1) =>
    timeBox.timed(microBatches, async () => clock.pass(milliseconds));
  return { clock, timeBox, step };
};

describe("time box", () => {
  it("tries a first step, then takes none that would not be over in time", async () => {
    const { clock, timeBox, step } = box(() => 2_000);
    let steps = 0;
    while (timeBox.room(1) > 0) {
      await step(100);
      steps++;
    }
    // 1,000 ms hold ten steps; the tenth would have to begin with 125 ms left, and 100 are.
    assert.equal(steps, 9);
    assert.equal(clock.now(), 1_900);
  });

  it("never runs past the deadline when steps vary within the margin", async () => {
    const { clock, timeBox, step } = box(() => 6_000);
    for (let i = 0; timeBox.room(1) > 0; i++) await step(100 + 11 * (i % 3));
    assert.ok(clock.now() <= 6_000 && clock.now() > 5_700, `ended at ${clock.now()}`);
  });

  it("gives the last step the micro-batches that fit", async () => {
    const { clock, timeBox, step } = box(() => 2_000);
    await step(400, 4);
    assert.equal(timeBox.room(4), 4);
    clock.pass(300);
    // 300 ms are left, and a micro-batch takes 125 with the margin.
    assert.equal(timeBox.room(4), 2);
    await step(200, 2);
    assert.equal(timeBox.room(4), 0);
  });

  it("risks no more than a micro-batch while it has measured nothing", async () => {
    const { clock, timeBox, step } = box(() => 1_050);
    let steps = 0;
    for (let room = timeBox.room(16); room > 0; room = timeBox.room(16)) {
      await step(100 * room, room);
      steps++;
    }
    assert.deepEqual([steps, clock.now()], [1, 1_100]);

    const ample = box(() => 10_000);
    assert.equal(ample.timeBox.room(16), 1);
    await ample.step(100);
    assert.equal(ample.timeBox.room(16), 16);
  });

  it("takes the slow steps for the measure, but not one that stood out", async () => {
    const times = stepTimes();
    assert.equal(times.estimate(), undefined);
    for (let i = 0; i < 31; i++) times.record(i < 4 ? 150 : 100, 1);
    assert.equal(times.estimate(), 150);
    const once = stepTimes();
    for (let i = 0; i < 31; i++) once.record(i === 7 ? 5_000 : 100, 1);
    assert.equal(once.estimate(), 100);
    for (let i = 0; i < 32; i++) once.record(40, 2);
    assert.equal(once.estimate(), 20);
  });

  it("knows no limit while nobody knows the deadline, and follows it when it moves", async () => {
    let deadline: number | undefined;
    const { clock, timeBox, step } = box(() => deadline);
    assert.equal(timeBox.room(3), 3);
    await step(100);
    deadline = clock.now() + 1_000;
    assert.equal(timeBox.room(3), 3);
    deadline = clock.now() + 124;
    assert.equal(timeBox.room(3), 0);
    deadline = clock.now() - 1;
    assert.equal(timeBox.room(3), 0);
  });

  it("has room for a micro-batch again once it forgot what steps took", async () => {
    const { timeBox, step } = box(() => 3_000);
    await step(1_000);
    assert.equal(timeBox.room(1), 0);
    timeBox.forget();
    assert.deepEqual([timeBox.pace(), timeBox.room(4)], [undefined, 1]);
  });

  it("takes no step after the deadline, measured or not", () => {
    const { timeBox } = box(() => 1_000);
    assert.equal(timeBox.room(1), 0);
  });
});
