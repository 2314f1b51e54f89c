import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as turnOfEvents } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Head } from "#shared/chain/chain.js";
import { loadConfig } from "#shared/config/load.js";
import type { Batch } from "#shared/data/loader.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { createLossMeter, type LossMeter } from "#shared/evaluation/loss-meter.js";
import { groupShapes } from "#shared/model/groups.js";
import { processesWith } from "#shared/own-program/processes.js";
import { wholeModel } from "#shared/participant/agreement/base-model.js";
import type { BlockClock } from "#shared/participant/block-clock.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { validatorSettings } from "#validator/config.js";
import { openEvaluatorProgram } from "#validator/own-evaluator/evaluator-program.js";
import { ownMeter, withOwnEvaluator } from "#validator/own-evaluator/own-meter.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";
import { device } from "../../shared/model/micro.js";
import { coded } from "../../support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { parameters, template } from "../../support/micro-network.js";

const BLOCKS = 8;
const phases = { ...template.phases, evaluate: BLOCKS };
const network: Network = { ...template, phases, genesis: "0".repeat(64) };
const group = network.groups.math!;
const batchSize = 2;
const batches = groupHeldOutBatches(network, "math", { seed: "7".repeat(64), batches: 3, batchSize });

/** The model but for its hash, as it is read. */
const read = { hub: parameters, groups: new Map(), manifest: {} as ModelManifest };

/** An update that shows. */
const update: FloatTensors = new Map(
  Object.entries(groupShapes(network.model, group)).map(([name, shape]) => [
    name,
    { shape, data: parameters[name]!.data.map((weight) => 0.2 * weight) },
  ]),
);

const BAD = fileURLToPath(new URL("../../support/bad-evaluator.js", import.meta.url));
const MINIMAL = fileURLToPath(new URL("../../../../examples/minimal-evaluator/evaluate.mjs", import.meta.url));

const HEAD: Head = { number: phaseWindow(3, "evaluate", phases).start, hash: "", timestamp: 0 };

/** A clock that stands still, until a block after the head is waited for, if it is told to go on. */
const clockThat = (goesOn: boolean, waited: number[] = []): BlockClock => ({
  head: HEAD,
  reach: (block) => {
    waited.push(block);
    return goesOn ? Promise.resolve(HEAD) : new Promise(() => undefined);
  },
  onHead: () => undefined,
});

const still = clockThat(false);
const early = { together: 1, moment: () => ({ cycle: 3, isLate: false }) };
const withinPhase = <T>(_: number, work: (late: AbortSignal) => Promise<T>) => work(new AbortController().signal);

/** A program that answers once, as it should, and has ended by itself. */
const openEnded = async (t: TestContext, behaviour: string) => {
  const home = join(temporaryFolder(t), "evaluator");
  const { log } = collectingLog();
  const command = [process.execPath, BAD, behaviour];
  // A thousand times what a test may take.
  const timeoutSeconds = HANG_GUARD;
  const options = { network, command, environment: [], timeoutSeconds, withinPhase, home, log };
  const again = () => openEvaluatorProgram(options);
  const program = await again();
  assert.deepEqual(await program.losses(parameters, null, batches), [1, 2, 3]);
  while (processesWith(`BLOCKZERO_JOB=${join(home, "job.json")}`).length > 0) await turnOfEvents();
  return { home, program, again };
};

const open = async (t: TestContext, script: string, { timeout = 300, clock = still } = {}) => {
  const { log, lines } = collectingLog();
  const home = temporaryFolder(t);
  const builtIn = await createLossMeter(device, network, { batchSize, parameters });
  const measured: number[] = [];
  const counting = {
    ...builtIn,
    async ofGroup(...given: Parameters<typeof builtIn.ofGroup>) {
      const { losses } = await builtIn.ofGroup(...given);
      const counted: typeof losses = (change, those) => {
        measured.push(those.length);
        return losses(change, those);
      };
      return { losses: counted };
    },
  };
  const config = loadConfig(validatorSettings, {
    env: {},
    flags: { "evaluator.command": `${process.execPath} ${script}`, "evaluator.timeout_seconds": timeout },
  });
  const meter = await withOwnEvaluator({ network, home, log, clock }, config, counting);
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= meter.dispose();
    return ended;
  };
  t.after(end);
  return { end, meter, builtIn, measured, lines, mark: `BLOCKZERO_JOB=${join(home, "evaluator", "job.json")}` };
};

describe("a validator with an evaluator of its own", { timeout: HANG_GUARD }, () => {
  it("takes its losses, which are the built-in meter's, and measures a sample itself", async (t) => {
    const { end, meter, builtIn, measured, lines, mark } = await open(t, MINIMAL);
    const [own, here] = [await meter.ofGroup(parameters, group), await builtIn.ofGroup(parameters, group)];
    for (const change of [null, update, null]) {
      const expected = await here.losses(change, batches);
      for (const [i, loss] of (await own.losses(change, batches)).entries())
        assert.ok(Math.abs(loss - expected[i]!) < 1e-5, `${loss} ${expected[i]}`);
    }
    assert.deepEqual(measured, [1, 1, 1]);
    assert.deepEqual(
      lines.filter(({ level }) => level === "warn"),
      [],
    );
    await end();
    assert.deepEqual(processesWith(mark), []);
  });

  const faults: readonly (readonly [fault: string, code: string, says: RegExp])[] = [
    ["wrong", "EVALUATOR_DIFFERS", /^$/],
    ["few", "EVALUATOR_FAILED", /1 losses for 3 batches/],
    ["shape", "EVALUATOR_FAILED", /no \{"id", "losses"\}/],
    ["text", "EVALUATOR_FAILED", /no JSON/],
    ["other", "EVALUATOR_FAILED", /answered request 2 instead of 1/],
    ["endless", "EVALUATOR_FAILED", /too long/],
    ["dies", "EVALUATOR_FAILED", /exit status 3; it last said: CUDA out of memory/],
  ];
  for (const [fault, code, says] of faults)
    it(`measures by itself, with one warning, where the program is ${fault}`, async (t) => {
      const { meter, builtIn, lines } = await open(t, `${BAD} ${fault}`);
      const expected = await (await builtIn.ofGroup(parameters, group)).losses(update, batches);
      const own = await meter.ofGroup(parameters, group);
      for (let again = 0; again < 2; again++) assert.deepEqual(await own.losses(update, batches), expected);
      assert.deepEqual(await (await meter.ofGroup(parameters, group)).losses(update, batches), expected);
      const warnings = lines.filter(({ level }) => level === "warn");
      assert.deepEqual(
        warnings.map(({ fields }) => fields.code),
        [code],
      );
      assert.match(String(warnings[0]!.fields.reason ?? ""), says);
    });

  it("does so where the program does not answer in its time, or is none", async (t) => {
    for (const [script, says] of [
      [`${BAD} silent`, /no answer in 0.05 s/],
      ["/nowhere/evaluate.mjs", /exit status 1/],
    ] as const) {
      const { meter, builtIn, lines } = await open(t, script, { timeout: script.includes("silent") ? 0.05 : 300 });
      const expected = await (await builtIn.ofGroup(parameters, group)).losses(null, batches);
      assert.deepEqual(await (await meter.ofGroup(parameters, group)).losses(null, batches), expected);
      assert.match(String(lines.find(({ level }) => level === "warn")?.fields.reason), says);
    }
  });

  it("does so where a part of the phase has passed, however long the program may take", async (t) => {
    const waited: number[] = [];
    const clock = clockThat(true, waited);
    const { meter, builtIn, lines } = await open(t, `${BAD} silent`, { timeout: 86_400, clock });
    const expected = await (await builtIn.ofGroup(parameters, group)).losses(null, batches);
    assert.deepEqual(await (await meter.ofGroup(parameters, group)).losses(null, batches), expected);
    assert.match(String(lines.find(({ level }) => level === "warn")?.fields.reason), /its part of the evaluate phase/);
    assert.deepEqual(waited, [HEAD.number + BLOCKS / 2]);
  });

  it("gives a request of the same model half as much of it, also where the model was read anew", async (t) => {
    const waited: number[] = [];
    const { meter } = await open(t, MINIMAL, { clock: clockThat(false, waited) });
    const readAs = (hash: string) => wholeModel({ ...read, hash: hash.repeat(64) });
    for (const model of [readAs("a"), readAs("a"), readAs("b")])
      await (await meter.ofGroup(model, group)).losses(null, batches);
    assert.deepEqual(waited, [HEAD.number + BLOCKS / 2, HEAD.number + BLOCKS / 4, HEAD.number + BLOCKS / 2]);
  });

  it("ends a program that answers what nobody asked", async (t) => {
    const { program } = await openEnded(t, "chatters");
    await assert.rejects(program.losses(parameters, null, batches), coded("EVALUATOR_FAILED", /nobody asked/));
    await program.close();
  });

  it("hears at once that the program has died between two requests, or that it was closed", async (t) => {
    const { home, program, again } = await openEnded(t, "brief");
    for (const model of [{ ...parameters }, parameters])
      await assert.rejects(program.losses(model, null, batches), coded("EVALUATOR_FAILED", /exit status 4/));
    await program.close();
    const closed = await again();
    const asked = closed.losses(parameters, null, batches);
    await Promise.all([closed.close(), assert.rejects(asked, coded("EVALUATOR_FAILED", /it was closed/))]);
    assert.ok(!existsSync(home));
  });

  for (const end of ["its part of the evaluate phase", "it was closed"])
    it(`writes no more of the model once it is too late: ${end}`, async (t) => {
      const home = join(temporaryFolder(t), "evaluator");
      const { log } = collectingLog();
      const late = new AbortController();
      let closing: Promise<void> | undefined;
      const written = new Set<string>();
      const model = Object.fromEntries(
        Object.entries(parameters).map(([name, { data, ...tensor }]) => {
          const seen = () => {
            written.add(name);
            if (end === "it was closed") closing ??= program.close();
            else late.abort();
            return data;
          };
          return [name, Object.defineProperty({ ...tensor, data }, "data", { get: seen, enumerable: true })] as const;
        }),
      );
      const program = await openEvaluatorProgram({
        network,
        command: [process.execPath, MINIMAL],
        environment: [],
        timeoutSeconds: HANG_GUARD,
        withinPhase: (_, work) => work(late.signal),
        home,
        log,
      });
      await assert.rejects(program.losses(model, null, batches), coded("EVALUATOR_FAILED", new RegExp(end)));
      await (closing ?? program.close());
      assert.equal(written.size, 1);
    });

  it("gives up with the duty what the program was not asked yet, and asks it in the next one", async (t) => {
    const { log, lines } = collectingLog();
    const program = await openEvaluatorProgram({
      network,
      command: [process.execPath, MINIMAL],
      environment: [],
      timeoutSeconds: HANG_GUARD,
      withinPhase,
      home: join(temporaryFolder(t), "evaluator"),
      log,
    });
    const real = await createLossMeter(device, network, { batchSize, parameters });
    const here = await real.ofGroup(parameters, group);
    const measured: number[] = [];
    const losses: typeof here.losses = (change, those) => {
      measured.push(those.length);
      return here.losses(change, those);
    };
    const meter = ownMeter({ ...early, program, builtIn: { ...real, ofGroup: async () => ({ losses }) }, log });
    t.after(() => meter.dispose());
    const duty = new AbortController();
    const over = new BlockZeroError("CHAIN_TIMEOUT", "the report is too late", "nothing to do: it goes on");
    const written = new Set<string>();
    const model = Object.fromEntries(
      Object.entries(parameters).map(([name, { data, ...tensor }]) => {
        const seen = () => {
          written.add(name);
          if (written.size === 2) duty.abort(over);
          return data;
        };
        return [name, Object.defineProperty({ ...tensor, data }, "data", { get: seen, enumerable: true })] as const;
      }),
    );
    const own = await meter.until!(duty.signal).ofGroup(model, group);
    const asked = await Promise.allSettled([own.losses(null, batches), own.losses(update, batches)]);
    assert.deepEqual(asked, [
      { status: "rejected", reason: over },
      { status: "rejected", reason: over },
    ]);
    assert.equal(written.size, 2);
    const next = meter.until!(duty.signal).until!(new AbortController().signal);
    await assert.rejects((await next.ofGroup(parameters, group)).losses(null, batches), over);
    assert.deepEqual(measured, []);
    const later = meter.until!(new AbortController().signal);
    await (await later.ofGroup(parameters, group)).losses(null, batches);
    assert.deepEqual(measured, [1], "the program's sample");
    assert.deepEqual(
      lines.filter(({ level }) => level === "warn"),
      [],
    );
  });

  it("hears no answer that comes after the duty's end, but a program that failed meanwhile", async () => {
    const over = new Error("the duty is over");
    for (const fault of [null, new BlockZeroError("EVALUATOR_FAILED", "it ended", "look at it")]) {
      const { log, lines } = collectingLog();
      const duty = new AbortController();
      let isClosed = false;
      const program = {
        losses: async () => {
          duty.abort(over);
          if (fault) throw fault;
          return [1, 2, 3];
        },
        close: async () => {
          isClosed = true;
        },
      };
      const losses = () => assert.fail("measured for nobody");
      const builtIn = { losses, ofGroup: async () => ({ losses }), dispose: async () => undefined };
      const meter = ownMeter({ ...early, program, builtIn, log }).until!(duty.signal);
      await assert.rejects((await meter.ofGroup(parameters, group)).losses(null, batches), over);
      assert.equal(isClosed, fault !== null);
      assert.deepEqual(
        lines.map(({ fields }) => fields.code),
        fault ? ["EVALUATOR_FAILED"] : [],
      );
    }
  });

  it("does not take a fault of the built-in meter for the program's", async () => {
    const { log, lines } = collectingLog();
    const fault = new BlockZeroError("FILE_UNREADABLE", "a part of the model is gone", "fetch it");
    const losses = () => Promise.reject(fault);
    const builtIn = { losses, ofGroup: async () => ({ losses }), dispose: async () => undefined };
    const program = { losses: async () => [1, 2, 3], close: async () => undefined };
    const own = await ownMeter({ ...early, program, builtIn, log }).ofGroup(parameters, group);
    await assert.rejects(own.losses(null, batches), fault);
    assert.deepEqual(lines, []);
  });

  it("warns of a program that cannot be closed, and closes the built-in meter all the same", async () => {
    const { log, lines } = collectingLog();
    const failing = () => Promise.reject(new BlockZeroError("FILE_UNWRITABLE", "the folder stays", "look at it"));
    const losses = async () => [1, 2, 3];
    let isClosed = false;
    const dispose = async () => {
      isClosed = true;
    };
    const builtIn = { losses, ofGroup: async () => ({ losses }), dispose };
    const meter = ownMeter({ ...early, program: { losses: failing, close: failing }, builtIn, log });
    assert.deepEqual(await (await meter.ofGroup(parameters, group)).losses(null, batches), [1, 2, 3]);
    await meter.dispose();
    assert.ok(isClosed);
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields.reason]),
      [
        ["warn", "the folder stays"],
        ["warn", "the folder stays"],
      ],
    );
  });

  it("says that a program costs it time, and asks it no more from the middle of the phase on", async () => {
    const { log, lines } = collectingLog();
    let clock = 0;
    let phase = { cycle: 3, isLate: false };
    /**
     * Milliseconds that an answer of the program takes. The built-in meter takes ten for a batch, and as much for two.
     */
    let answer = 0;
    const answered: string[] = [];
    const losses: LossMeter["losses"] = async (_, those) => {
      clock += 10 * Math.ceil(those.length / 2);
      if (those.length > 1) answered.push("here");
      return those.map(() => 1);
    };
    const dispose = async () => undefined;
    const builtIn = {
      losses,
      ofGroup: async () => ({ losses: (_: unknown, those: readonly Batch[]) => losses({}, those) }),
      dispose,
    };
    const program = {
      losses: async () => {
        clock += answer;
        answered.push("program");
        return [1, 1, 1];
      },
      close: dispose,
    };
    const meter = ownMeter({ program, builtIn, together: 2, moment: () => phase, now: () => clock, log });
    const ask = async (milliseconds: number): Promise<string> => {
      answer = milliseconds;
      answered.length = 0;
      await (await meter.ofGroup(parameters, group)).losses(null, batches);
      return answered.join();
    };
    // Three batches in two runs: twenty milliseconds here, ten of them for the sample in any case.
    for (const milliseconds of [500, 9, 9]) assert.equal(await ask(milliseconds), "program");
    phase = { cycle: 3, isLate: true };
    assert.equal(await ask(9), "program", "it read the model in its first request, and is faster since");
    assert.equal(await ask(15), "program", "which is not known before");
    assert.equal(await ask(9), "here");
    assert.equal(await ask(9), "here");
    phase = { cycle: 4, isLate: true };
    for (const milliseconds of [30, 0, 0])
      assert.equal(await ask(milliseconds), "program", "a cycle later it may be another");
    phase = { cycle: 5, isLate: false };
    for (const milliseconds of [0, 11, 9]) assert.equal(await ask(milliseconds), "program");
    phase = { cycle: 6, isLate: false };
    for (const milliseconds of [0, 31, 0]) assert.equal(await ask(milliseconds), "program", "there is time for it");
    phase = { cycle: 7, isLate: false };
    assert.equal(await ask(0), "program");
    assert.deepEqual(
      lines.map(({ level, message, fields: { prevention: _, ...fields } }) => [level, message, fields]),
      [
        [
          "warn",
          "the evaluator's program is not asked any more in this cycle",
          { cycle: 3, code: "EVALUATOR_SLOW", programMs: 82, builtInMs: 80 },
        ],
        [
          "warn",
          "the evaluator's program took longer than the built-in evaluator would have",
          { cycle: 6, code: "EVALUATOR_SLOW", programMs: 61, builtInMs: 60 },
        ],
      ],
    );
  });

  it("removes what an earlier program left where the settings name none any more", async (t) => {
    const home = temporaryFolder(t);
    const place = join(home, "evaluator");
    mkdirSync(join(place, "model"), { recursive: true });
    const env = { BLOCKZERO_JOB: join(place, "job.json") };
    const left = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { env, stdio: "ignore" });
    const ended = once(left, "exit");
    await once(left, "spawn");
    const builtIn = await createLossMeter(device, network, { batchSize, parameters });
    t.after(() => builtIn.dispose());
    const { log } = collectingLog();
    const config = loadConfig(validatorSettings, { env: {}, flags: {} });
    assert.equal(await withOwnEvaluator({ network, home, log, clock: still }, config, builtIn), builtIn);
    assert.deepEqual(await ended, [null, "SIGKILL"]);
    assert.ok(!existsSync(place));
  });

  it("asks the program also where a signal bounds what is measured", async (t) => {
    const builtIn = await createLossMeter(device, network, { batchSize, parameters });
    t.after(() => builtIn.dispose());
    const bounds: AbortSignal[] = [];
    const boundable: LossMeter = {
      ...builtIn,
      until: (signal) => {
        bounds.push(signal);
        return builtIn;
      },
    };
    let asked = 0;
    const program = {
      losses: async () => {
        asked += 1;
        return (await builtIn.ofGroup(parameters, group)).losses(null, batches);
      },
      close: async () => {},
    };
    const { signal } = new AbortController();
    const meter = ownMeter({ ...early, program, builtIn: boundable, log: collectingLog().log }).until!(signal);
    await (await meter.ofGroup(parameters, group)).losses(null, batches);
    assert.deepEqual([asked, bounds], [1, [signal]]);
  });
});
