import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startBlockClock } from "#shared/participant/block-clock.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { untilBlock } from "#shared/participant/until-block.js";
import { withinBlocks } from "#shared/participant/within-blocks.js";
import { createTelemetry } from "#shared/telemetry/telemetry.js";
import { joinSignals, withSignals } from "#shared/util/join-signals.js";
import { onAbort } from "#shared/util/on-abort.js";
import { listenersOf } from "./listeners-of.js";

const TIMES = 1000;

describe("joined signals", () => {
  it("abort with the first that does, with its reason, also where it has aborted before", async () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const joined = new AbortController();
    joinSignals(joined, a.signal, undefined, b.signal);
    const reason = new Error("over");
    b.abort(reason);
    a.abort(new Error("too late"));
    assert.equal(joined.signal.reason, reason);
    assert.equal(listenersOf(a.signal), 0);
    const heard = withSignals([new AbortController().signal, b.signal], async (signal) => signal.reason);
    assert.equal(await heard, reason);
  });

  it("leave nothing on a signal that lives on, whatever the work came to", async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < TIMES; i++) {
      await withSignals([signal, new AbortController().signal], async (joined) => void onAbort(joined, () => {}));
      await withSignals([signal], () => Promise.reject(new Error("failed"))).catch(() => {});
      const other = new AbortController();
      joinSignals(new AbortController(), signal, other.signal);
      other.abort();
    }
    assert.equal(listenersOf(signal), 0);
  });

  it("are used by duties, waits for blocks and readers of cycles, which leave nothing either", async () => {
    const { signal } = new AbortController();
    const heads = new Set<(head: { number: number; hash: string; timestamp: number }) => void>();
    const head = { number: 1, hash: "", timestamp: 0 };
    const clock = await startBlockClock(
      { head: async () => head, onHead: (listener: () => void) => heads.add(listener) } as never,
      new AbortController().signal,
    );
    const seen: AbortSignal[] = [];
    const blobs = {
      get: async ({ signal: given }: { signal: AbortSignal }) => {
        seen.push(given);
        return new Uint8Array();
      },
    };
    const participant = { clock, signal, telemetry: createTelemetry(), blobs };
    for (let i = 0; i < TIMES; i++)
      await withinBlocks(participant, { duty: "report", name: "the report", deadline: 2 }, (bounded) =>
        untilBlock(clock, 2, bounded.signal, async (until) => {
          const source = cycleSource(bounded as never, { until });
          await source.fetch({ hash: "", maxBytes: 1 });
        }),
      );
    assert.equal(seen.length, TIMES);
    assert.equal(listenersOf(signal), 0);
    assert.ok(seen.every((given) => given.aborted && listenersOf(given) === 0));
  });
});
