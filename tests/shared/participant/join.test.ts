import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { coded } from "../../support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet } from "../../support/subnet.js";

it("a participant whose home another process took over waits for nothing more, and is told why", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const ann = await subnet.join("ann");
  const lost = assert.rejects(ann.clock.reach(1_000_000, ann.signal), coded("HOME_IN_USE", /was taken over/));
  writeFileSync(join(subnet.home, "ann", ann.signer.address, "lock"), "another's");
  await lost;
  assert.ok(coded("HOME_IN_USE", /was taken over/)(ann.signal.reason));
});
