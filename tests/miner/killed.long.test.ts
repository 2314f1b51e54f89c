import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, it, type TestContext } from "node:test";
import { createRandom } from "#shared/data/random.js";
import type { InnerRun } from "#shared/training/inner-loop.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";

const STEPS = 60;
const ACCUMULATION = 2;
const KILLS = 4;
/** Changes of the folder beyond those of one checkpoint, so that a kill may meet any part of writing it, or the next step. */
const CHANGES = 32;

interface StepLine {
  readonly step: number;
  readonly loss: number;
}

interface EndLine {
  readonly run: InnerRun;
  readonly hash: string;
}

/** What a training process said before it ended. */
interface Life {
  readonly steps: readonly StepLine[];
  readonly end: EndLine | undefined;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Trains in a process of its own, to the end or until it is killed, so many changes of its folder after a step. */
const live = (t: TestContext, dir: string, kill?: { readonly at: number; readonly changes: number }) =>
  new Promise<Life>((resolve, reject) => {
    const args = [STEPS, ACCUMULATION, dir, ...(kill ? [kill.at, kill.changes] : [])].map(String);
    const program = new URL("./train-process.js", import.meta.url);
    const child = fork(program, args, { silent: true, execArgv: [] });
    t.after(() => child.kill("SIGKILL"));
    const steps: StepLine[] = [];
    let end: EndLine | undefined;
    let stderr = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const said: StepLine | EndLine = JSON.parse(line);
      if ("hash" in said) end = said;
      else steps.push(said);
    });
    child.once("error", reject);
    child.once("close", (_, signal) => resolve({ steps, end, signal, stderr }));
  });

describe("a training process that is killed again and again", { timeout: HANG_GUARD }, () => {
  it("takes every step with the loss that it has uninterrupted, and ends at the same weights", async (t) => {
    const whole = await live(t, temporaryFolder(t));
    assert.equal(whole.steps.length, STEPS, whole.stderr);
    assert.equal(whole.end?.run.steps, STEPS, whole.stderr);

    const dir = temporaryFolder(t);
    const random = createRandom("kills");
    const losses = new Map<number, number>();
    let next = 0;
    const hear = ({ steps, stderr }: Life) => {
      // Only the step whose checkpoint the last kill may have met is taken again.
      const first = steps[0]?.step;
      assert.ok(first === next || first === next - 1, `step ${first} where ${next} was next ${stderr}`);
      for (const { step, loss } of steps) {
        assert.equal(loss, losses.get(step) ?? loss, `step ${step}, taken again`);
        losses.set(step, loss);
      }
      next = steps.at(-1)!.step + 1;
    };

    for (let kill = 0; kill < KILLS; kill++) {
      const life = await live(t, dir, { at: next + random.below(7), changes: random.below(CHANGES) });
      assert.equal(life.signal, "SIGKILL", life.stderr);
      hear(life);
    }
    const last = await live(t, dir);
    hear(last);
    assert.deepEqual(
      [...losses].map(([step, loss]) => ({ step, loss })),
      whole.steps,
    );
    assert.deepEqual(last.end, whole.end);
  });
});
