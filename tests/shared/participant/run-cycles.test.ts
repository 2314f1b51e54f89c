import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Head } from "#shared/chain/chain.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { settledFrom } from "#shared/participant/agreement/agreed-model.js";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import { settledBases, settledBasesSchema } from "#shared/participant/agreement/settled-bases.js";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { runCycles } from "#shared/participant/run-cycles.js";
import { openJournal } from "#shared/participant/writes/journal.js";
import { sha256 } from "#shared/protocol/hash.js";
import { blobsOfModel } from "#shared/protocol/model-manifest.js";
import type { PhasePosition } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { openSubnet, until } from "../../support/subnet.js";
import { publishFile, successorOf } from "../../support/successor.js";

/** What a participant's file of settled models says now. */
const openSettled = (home: string) => () => settledBases(openJournal(join(home, "agreed.json"), settledBasesSchema));

describe("runCycles", { timeout: HANG_GUARD }, () => {
  it("outlives failing cycles and says why they failed and what would have prevented it", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const lived: number[] = [];
    const running = runCycles(ann, {
      failure: "missed commit",
      first: ({ cycle }) => cycle,
      run: async (cycle) => {
        lived.push(cycle);
        if (cycle === 1) throw new BlockZeroError("WINDOW_MISSED", "the window closed", "be quicker");
        if (cycle === 2) throw new TypeError("x is not\na function");
        if (cycle === 3) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      },
    });
    const ended = assert.rejects(running, { name: "AbortError" });
    for (const cycle of [1, 2, 3]) {
      const { start } = subnet.window(cycle, "distribute");
      await subnet.to(start - 1);
      assert.equal(lived.length, cycle - 1, "no cycle begins before its first block");
      await subnet.to(start);
      await until(t, () => lived.length === cycle);
    }
    assert.deepEqual(lived, [1, 2, 3]);
    await until(t, () => ann.lines.filter(({ level }) => level === "error").length === 3);
    const failures = ann.lines.filter(({ level }) => level === "error");
    assert.deepEqual(
      failures.map(({ message, fields }) => [message, fields]),
      [
        ["missed commit", { cycle: 1, code: "WINDOW_MISSED", reason: "the window closed", prevention: "be quicker" }],
        [
          "missed commit",
          {
            cycle: 2,
            code: "INTERNAL",
            reason: "x is not a function",
            prevention: "this is a bug in BlockZero, please report it",
          },
        ],
        [
          "missed commit",
          {
            cycle: 3,
            code: "FILE_UNWRITABLE",
            reason: "ENOSPC: no space left on device, write",
            prevention: "free space there, or let this user write it",
          },
        ],
      ],
    );
    ann.abort();
    await ended;
  });

  it("runs no cycle twice where one was overdue before it had begun", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const asked: number[] = [];
    let answer = () => {};
    const silence = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const turn = async (cycle: number) => {
      asked.push(cycle);
      if (cycle === 1) await silence;
    };
    const lived: number[] = [];
    const running = runCycles(
      { ...ann, blobs: { ...ann.blobs, turn } },
      { failure: "missed", first: ({ cycle }) => cycle, run: async (cycle) => void lived.push(cycle) },
    );
    const ended = assert.rejects(running, { name: "AbortError" });
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => asked.length === 1);
    await subnet.to(subnet.window(2, "train").start + 1);
    await until(t, () => lived.length === 1);
    answer();
    for (const cycle of [3, 4]) {
      await subnet.to(subnet.window(cycle, "distribute").start);
      await until(t, () => lived.includes(cycle));
    }
    assert.deepEqual(lived, [2, 3, 4]);
    ann.abort();
    await ended;
  });

  it("settles which model a cycle starts from while the chain has the state that says it", async (t) => {
    const subnet = await openSubnet(t, { retention: 18 });
    const ann = await subnet.join("ann");
    const ended = assert.rejects(
      runCycles(ann, { failure: "missed", first: ({ cycle }) => cycle, run: async () => {} }),
      { name: "AbortError" },
    );
    const model = "a".repeat(64);
    const { networkHash, location } = subnet;
    const everybody = (record: string) => ({ vera: record, vito: record });
    const network = shortHash(networkHash);
    await subnet.to(subnet.window(1, "merge").start);
    await subnet.record(everybody(encodeRecord({ type: "model", network, cycle: 1, model, location })));
    await subnet.to(settledFrom(2, subnet.network));
    const settled = openSettled(ann.home);
    await until(t, () => settled().get(2, networkHash) !== undefined);
    assert.deepEqual(settled().get(2, networkHash), { of: 1, model });
    await subnet.record(everybody(encodeRecord({ type: "held", network, cycle: 2, held: [] })));
    await subnet.to(subnet.window(3, "distribute").end);
    assert.equal(await ann.models.baseOf(2), model);
    ann.abort();
    await ended;
  });

  it("says which cycles it left out", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const [begun, over] = [1, 4].map((cycle) => subnet.window(cycle, "distribute").start) as [number, number];
    await subnet.to(over);
    let deliver = (_: Head) => {};
    const headAt = (number: number): Head => ({ number, hash: "", timestamp: 0 });
    const chain = {
      head: async () => headAt(begun),
      onHead: (listener: (head: Head) => void) => {
        deliver = listener;
      },
    };
    const clock = await startBlockClock(chain as never, ann.signal);
    const lived: number[] = [];
    const running = runCycles(
      { ...ann, clock },
      {
        failure: "missed",
        first: ({ cycle }) => cycle,
        run: (cycle) => {
          lived.push(cycle);
          return new Promise(() => {});
        },
      },
    );
    const ended = assert.rejects(running, { name: "AbortError" });
    await until(t, () => lived.length === 1);
    // What came while the program was stopped comes at once.
    for (let number = begun + 1; number <= over; number++) deliver(headAt(number));
    await until(t, () => lived.length === 2);
    const left = ann.lines.find(({ message }) => message.startsWith("cycles left out"));
    assert.deepEqual([lived, left?.fields.cycle, left?.fields.last], [[1, 4], 2, 3]);
    ann.abort();
    await ended;
  });

  it("begins with the cycle that the runner names for the next block", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const cases = [
      { head: subnet.window(1, "distribute").start - 1, expected: { cycle: 1, phase: "distribute" } },
      { head: subnet.window(1, "commit").end - 1, expected: { cycle: 1, phase: "reveal" } },
    ];
    for (const { head, expected } of cases) {
      await subnet.to(head);
      const stop = new AbortController();
      let position: PhasePosition | undefined;
      const running = runCycles(
        { ...ann, signal: stop.signal },
        {
          failure: "missed",
          first: (at) => {
            position = at;
            return at.cycle + 1;
          },
          run: async () => assert.fail("the cycle after has not begun"),
        },
      );
      const ended = assert.rejects(running, { name: "AbortError" });
      stop.abort();
      await ended;
      assert.deepEqual({ cycle: position?.cycle, phase: position?.phase }, expected);
    }
    assert.deepEqual(
      ann.lines.filter(({ message }) => message === "joined").map(({ fields }) => fields.firstCycle),
      [2, 2],
    );
  });

  it("never begins before the network's first cycle, and ends one that waits for what never comes", async (t) => {
    const subnet = await openSubnet(t, { network: { first_cycle: 2 } });
    const ann = await subnet.join("ann");
    const lived: number[] = [];
    const running = runCycles(ann, {
      failure: "missed",
      first: ({ cycle }) => cycle - 1,
      run: (cycle) => {
        lived.push(cycle);
        return new Promise(() => {});
      },
    });
    const ended = assert.rejects(running, { name: "AbortError" });
    await subnet.to(subnet.window(2, "distribute").start);
    await until(t, () => lived.length === 1);
    await subnet.to(subnet.window(3, "train").start);
    assert.deepEqual(lived, [2]);
    await subnet.to(subnet.window(3, "train").start + 1);
    await until(t, () => lived.length === 2);
    assert.deepEqual(lived, [2, 3]);
    assert.ok(ann.lines.some(({ message, fields }) => message === "missed" && fields.code === "DUTY_OVERDUE"));
    ann.abort();
    await ended;
  });

  it("goes on under the file in force where the owner's record names none, or cannot be read", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    let isSilent = false;
    const chain: typeof ann.chain = {
      ...ann.chain,
      metagraph: async (...asked) => {
        if (isSilent) throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask another one");
        return ann.chain.metagraph(...asked);
      },
    };
    const lived: number[] = [];
    const running = runCycles(
      { ...ann, chain },
      { failure: "missed", first: ({ cycle }) => cycle, run: async (cycle) => void lived.push(cycle) },
    );
    const ended = assert.rejects(running, { name: "AbortError" });
    const begin = async (cycle: number) => {
      const { start } = subnet.window(cycle, "distribute");
      await subnet.to(start);
      // A chain that does not answer is asked once more.
      if (isSilent) await subnet.to(start + 1);
      await until(t, () => lived.length === cycle || ann.lines.some(({ message }) => message === "missed"));
    };
    await begin(1);
    await subnet.record({ owner: "hello" });
    await begin(2);
    isSilent = true;
    await begin(3);
    isSilent = false;
    await begin(4);
    assert.deepEqual(lived, [1, 2, 3, 4]);
    assert.deepEqual(
      ann.lines.filter(({ message }) => message.startsWith("the owner's record")).map(({ level }) => level),
      ["error", "warn", "error"],
    );
    ann.abort();
    await ended;
  });

  it("waits two blocks for a file that the owner published, and asks again in the next cycle", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann");
    const hash = await publishFile(subnet, successorOf(subnet.network, 9));
    let asked = 0;
    const get: typeof ann.blobs.get = (request) => {
      if (request.hash !== hash) return ann.blobs.get(request);
      asked++;
      return new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
      });
    };
    const lived: number[] = [];
    const running = runCycles(
      { ...ann, blobs: { ...ann.blobs, get } },
      { failure: "missed", first: () => 2, run: async (cycle) => void lived.push(cycle) },
    );
    const ended = assert.rejects(running, { name: "AbortError" });
    for (const cycle of [2, 3]) {
      const { start } = subnet.window(cycle, "distribute");
      await subnet.to(start);
      await until(t, () => asked === cycle - 1);
      await subnet.to(start + 1);
      assert.equal(lived.length, cycle - 2);
      await subnet.to(start + 2);
      await until(t, () => lived.length === cycle - 1);
    }
    assert.deepEqual(lived, [2, 3]);
    ann.abort();
    await ended;
  });

  it("lets go of old blobs as cycles turn, of documents once no pay depends on them", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann", { checkpoint_keep_top_k: 1 });
    const bytes = new TextEncoder().encode("of cycle 1");
    const tensors = new TextEncoder().encode("tensors of cycle 1");
    const lived: number[] = [];
    const running = runCycles(ann, {
      failure: "missed",
      first: ({ cycle }) => cycle,
      run: async (cycle) => {
        if (cycle === 1) {
          await ann.blobs.put(bytes);
          const writer = await ann.blobs.create();
          await writer.append(tensors);
          await writer.finish();
        }
        lived.push(cycle);
      },
    });
    const ended = assert.rejects(running, { name: "AbortError" });
    const has = (one: Uint8Array) => fetch(`${ann.location}/blob/${sha256(one)}`).then(({ status }) => status);
    const both = () => Promise.all([bytes, tensors].map(has));
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => lived.length === 1);
    assert.deepEqual(await both(), [200, 200]);
    const { window } = subnet.network.scoring;
    for (let cycle = 2; cycle <= 2 + window; cycle++) {
      await subnet.to(subnet.window(cycle, "distribute").start);
      await until(t, () => lived.length === cycle);
      const expected = [cycle <= 1 + window ? 200 : 404, cycle === 2 ? 200 : 404];
      assert.deepEqual(await both(), expected, `in cycle ${cycle}: it begins with what the one before made`);
    }
    ann.abort();
    await ended;
  });

  it("keeps the model in force, though no cycle reads it, and though none is lived for long", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann", { checkpoint_keep_top_k: 1 });
    const { manifest } = await loadModel(ann, subnet.modelHash);
    const lived: number[] = [];
    const running = runCycles(ann, {
      failure: "missed",
      first: ({ cycle }) => cycle,
      run: async (cycle) => void lived.push(cycle),
    });
    const ended = assert.rejects(running, { name: "AbortError" });
    const files = [subnet.modelHash, ...blobsOfModel(manifest).map(({ hash }) => hash)];
    const served = () =>
      Promise.all(files.map((hash) => fetch(`${ann.location}/blob/${hash}`).then(({ status }) => status)));
    const { window } = subnet.network.scoring;
    for (const cycle of [1, 2, 3, 4, 5 + window, 20 + window]) {
      await subnet.to(subnet.window(cycle, "distribute").start);
      await until(t, () => lived.includes(cycle));
      assert.deepEqual(
        await served(),
        files.map(() => 200),
        `in cycle ${cycle}`,
      );
    }
    ann.abort();
    await ended;
  });

  it("lets nothing go while the chain does not say which model is in force", async (t) => {
    const subnet = await openSubnet(t);
    const ann = await subnet.join("ann", { checkpoint_keep_top_k: 1 });
    const bytes = new TextEncoder().encode("of cycle 1");
    let isKnown = false;
    const baseOf: typeof ann.models.baseOf = async (cycle) => {
      if (isKnown) return ann.models.baseOf(cycle);
      throw new BlockZeroError("BASE_UNKNOWN", "the state is gone", "name an archive node");
    };
    const lived: number[] = [];
    const running = runCycles(
      { ...ann, models: { ...ann.models, baseOf } },
      {
        failure: "missed",
        first: ({ cycle }) => cycle,
        run: async (cycle) => {
          if (cycle === 1) await ann.blobs.put(bytes);
          lived.push(cycle);
        },
      },
    );
    const ended = assert.rejects(running, { name: "AbortError" });
    const { window } = subnet.network.scoring;
    for (const [cycle, status] of [
      [1, 200],
      [4 + window, 200],
      [5 + window, 404],
    ] as const) {
      isKnown = status === 404;
      await subnet.to(subnet.window(cycle, "distribute").start);
      await until(t, () => lived.includes(cycle));
      assert.equal((await fetch(`${ann.location}/blob/${sha256(bytes)}`)).status, status, `in cycle ${cycle}`);
    }
    ann.abort();
    await ended;
  });
});
