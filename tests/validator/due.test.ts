import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { orAbort } from "#shared/util/deadline.js";
import { dueIn } from "#validator/due.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openSubnet } from "../support/subnet.js";
import { openValidator } from "../support/validator.js";

describe("a duty of a validator's cycle", { timeout: HANG_GUARD }, () => {
  it("ends what is measured for it when it is over", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000 } });
    const vera = await openValidator(t, subnet, "vera");
    const bounds: AbortSignal[] = [];
    const endless = (signal: AbortSignal): LossMeter => ({
      ...vera.meter,
      losses: () => orAbort(new Promise(() => {}), signal),
    });
    const until = (signal: AbortSignal) => {
      bounds.push(signal);
      return endless(signal);
    };
    const meter: LossMeter = { ...vera.meter, until };
    const { end } = subnet.window(1, "evaluate");
    const measuring = dueIn({ ...vera, meter, updateMeter: meter }, 1)(
      "report",
      "the report",
      end,
      async ({ meter, updateMeter }) => {
        assert.notEqual(updateMeter, meter);
        return meter.losses({}, []);
      },
    );
    const over = assert.rejects(measuring, { code: "DUTY_OVERDUE" });
    await subnet.to(end);
    await over;
    assert.deepEqual(
      bounds.map(({ aborted }) => aborted),
      [true, true],
    );
  });
});
