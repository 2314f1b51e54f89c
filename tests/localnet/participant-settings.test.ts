import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { checkNames, readParticipantSettings, withSettings } from "#localnet/participant-settings.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";

it("participants' settings: everybody's, then one's own; a name that nobody has is refused", (t) => {
  const file = join(temporaryFolder(t), "settings.yaml");
  writeFileSync(file, "all: { max_steps: 5, listen: { strangers: false } }\nprose-1: { max_steps: 7, seed: 1 }\n");
  const settings = readParticipantSettings(file);
  const own = { max_steps: 100, listen: { port: 7 } };
  const listen = { port: 7, strangers: false };
  assert.deepEqual(withSettings(own, settings, "prose-1"), { max_steps: 7, listen, seed: 1 });
  assert.deepEqual(withSettings(own, settings, "math-1"), { max_steps: 5, listen });
  checkNames(settings, ["prose-1", "math-1"]);
  assert.throws(() => checkNames(settings, ["math-1"]), coded("USAGE", /no participant is called prose-1/));
  writeFileSync(file, "prose-1: 7\n");
  assert.throws(() => readParticipantSettings(file), coded("CONFIG_MALFORMED"));
});
