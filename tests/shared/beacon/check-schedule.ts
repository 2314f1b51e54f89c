import assert from "node:assert/strict";
import type { BeaconValue } from "#shared/beacon/value.js";
import { type Behaviour, type ScheduleOptions, simulateSchedule } from "./schedules.js";
import { CYCLE } from "./simulated-chain.js";

const MAY_COUNT: ReadonlySet<Behaviour> = new Set(["honest", "withheld", "equivocal", "overwritten"]);

/** Most reads of chain and files that an observer makes of five contributions. */
const MOST_READS = 30;

/** Runs a schedule: every observer has the same value after a bounded number of reads, and only what is valid is in it. */
export const checkSchedule = async (options: ScheduleOptions): Promise<BeaconValue> => {
  const { behaviours, isCalm, observers, reads } = await simulateSchedule(options);
  const before = reads();
  const values = await Promise.all(observers.map((beacon) => beacon.value(CYCLE)));
  const [value, ...others] = values as [BeaconValue, ...BeaconValue[]];
  for (const other of others) assert.deepEqual(other, value);
  assert.ok(reads() - before <= observers.length * MOST_READS, `${reads() - before} reads`);
  assert.match(value.value, /^[0-9a-f]{64}$/);
  for (const hotkey of value.contributors) assert.ok(MAY_COUNT.has(behaviours.get(hotkey)!), behaviours.get(hotkey));
  assert.equal(value.contributors.length > 0, value.origin === "contributions");
  const named = [...value.contributors, ...value.dropped.map(({ hotkey }) => hotkey)].sort();
  const chosen = new Set(named);
  assert.equal(chosen.size, named.length, "nobody both counts and is dropped");
  if (isCalm)
    for (const hotkey of chosen)
      assert.equal(
        behaviours.get(hotkey) !== "honest" || value.contributors.includes(hotkey),
        true,
        "an honest one counts",
      );
  return value;
};
