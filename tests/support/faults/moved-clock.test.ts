import assert from "node:assert/strict";
import { it } from "node:test";
import { moveClock } from "./moved-clock.js";

const HOUR = 3_600_000;

it("the wall clock jumps, in all of Date's uses, and comes back; what was given stays", (t) => {
  const Own = Date;
  const { now } = Date;
  t.after(() => {
    globalThis.Date = Own;
    Date.now = now;
  });
  const begun = Date.now();
  const setClock = moveClock();
  for (const ahead of [5 * HOUR, -5 * HOUR, 0]) {
    setClock(ahead);
    for (const time of [Date.now(), new Date(...[]).getTime(), Date.parse(Date())])
      assert.ok(Math.abs(time - begun - ahead) < HOUR, `${time - begun} for ${ahead}`);
    assert.equal(new Date(7).getTime(), 7);
    assert.ok(new Date() instanceof Date);
    assert.equal(new Date(2020, 1, 3).getFullYear(), 2020);
  }
});
