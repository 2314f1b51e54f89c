import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { coded } from "../../support/coded.js";
import { MINIMAL, open, train } from "./support.js";

describe("the text of an own trainer", () => {
  it("is refused where it takes more disk than the program has", async (t) => {
    const refused = coded("CONFIG_INVALID_VALUE", /makes 238\.4 GiB of text a cycle, trainer\.disk_gib is 64/);
    await assert.rejects(open(t, MINIMAL, { max_steps: 1e9 }), refused);
    await assert.rejects(open(t, MINIMAL, { "trainer.disk_gib": 1e-7 }), coded("CONFIG_INVALID_VALUE", /max_steps/));
  });

  it("that is not written in time is warned of", async (t) => {
    const { trainer, home, lines } = await open(t, MINIMAL);
    const { run } = await train(trainer, { stop: () => existsSync(join(home, "shard", "config.json")) });
    assert.equal(run.steps, 0);
    const warned = lines.filter(({ level }) => level === "warn");
    assert.deepEqual(
      warned.map(({ fields }) => [fields.code, fields.windows, fields.prevention]),
      [["TRAINER_NO_CHECKPOINT", 8, "lower max_steps"]],
    );
  });

  it("is not begun where training is over already, and nobody is told to lower max_steps", async (t) => {
    const { trainer, home, lines } = await open(t, MINIMAL);
    const { run } = await train(trainer, { stop: () => true });
    assert.equal(run.steps, 0);
    assert.deepEqual(
      lines.filter(({ level }) => level === "warn"),
      [],
    );
    assert.equal(existsSync(join(home, "job")), false);
  });
});
