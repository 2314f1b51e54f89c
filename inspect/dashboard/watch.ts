import type { Head, Metagraph } from "#shared/chain/chain.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { lastModelBlock } from "#shared/replay/agreed-outcome.js";
import { contextOf } from "#shared/replay/succession.js";
import type { OpenedSubnet, SubnetView } from "#shared/subnet/open-subnet.js";
import type { Log } from "#shared/telemetry/log.js";
import { redactUrls } from "#shared/telemetry/redact.js";
import { withDeadline } from "#shared/util/deadline.js";
import type { CycleDigest } from "./digest.js";
import { createEventLog, eventsOf, neuronEvents } from "./events.js";
import { beginsPhase, createPace, type LiveBlock, liveBlock, withEarlier } from "./live.js";
import { type ExplainedCycle, minerPage } from "./miner-page.js";
import { newestOnly } from "./newest-only.js";
import { type ReadCycle, readCycle } from "./read-cycle.js";
import { readingProgress } from "./reading-progress.js";
import { rememberedChain } from "./remembered-chain.js";
import { listenForSilence } from "./silence.js";
import type { History, MinerPage, SubnetNow } from "./snapshot.js";
import { historyOf, subnetNow } from "./subnet-now.js";

export interface WatchOptions {
  readonly subnet: OpenedSubnet;
  /** Cycles that are read at the start, and kept at most. */
  readonly cycles: number;
  /** Keeps that many, however many were read at the start. */
  readonly kept: number;
  /** Fetches the files of text that bits per byte need. */
  readonly texts: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A subnet that is followed block by block. */
export interface Watch {
  now(): SubnetNow;
  history(): History;
  /** @returns null if that cycle is not kept, or nobody held the uid in it. @param cycle default: the newest */
  miner(uid: number, cycle?: number): MinerPage | null;
  /** Calls back after each block that was read, and after each cycle. @returns stops it */
  onChange(listener: (what: "block" | "cycle") => void): () => void;
  /** Resolves once all cycles that are over were read, or one of them could not be; rejects with a bug. */
  readonly caughtUp: Promise<void>;
  /** Resolves when the signal aborts; rejects with a bug. */
  readonly done: Promise<void>;
}

/** Newest cycles whose miners can be explained in full. */
const EXPLAINED = 8;

/** Milliseconds that a cycle's files are waited for, and how often a cycle is tried. */
const CYCLE_MS = 120_000;
const TRIES = 3;

/** Answers of the chain that are kept: those of one cycle, and the ballots of the cycles in the mean. */
const KEPT_ANSWERS = 48;

/** What was thrown, for everybody to read: what the chain's client throws holds the whole address of its endpoint. */
const publicReason = (thrown: unknown): string => asciiLine(redactUrls(reasonOf(thrown)));

/** @throws what reading the chain throws: the first block must be readable */
export const watchSubnet = async (options: WatchOptions): Promise<Watch> => {
  const { subnet, cycles, kept, texts, log, signal } = options;
  const { chain, reads } = rememberedChain(
    subnet.source.chain,
    () => KEPT_ANSWERS + 2 * view.source.network.scoring.window,
  );
  const remembered = (fresh: SubnetView): SubnetView => ({ ...fresh, source: { ...fresh.source, chain } });
  let view = remembered(subnet);
  const { netuid } = view.source.network;
  const events = createEventLog();
  const digests = new Map<number, CycleDigest>();
  /** By cycle, the block that settles its model: the file in force in it says it. */
  const settledAt = new Map<number, number>();
  const explained = new Map<number, ExplainedCycle>();
  const head = await chain.head();
  const begun = phaseAt(head.number, view.source.network.phases).cycle;
  const first = Math.max(view.first, view.last - cycles + 1);
  const progress = readingProgress({ first, kept, tries: TRIES });
  const listeners = new Set<(what: "block" | "cycle") => void>();
  const pace = createPace();
  let live: LiveBlock | null = null;
  let metagraph: Metagraph | null = null;
  const problems = new Map<"head" | "block" | "cycle", string>();
  let current: SubnetNow | null = null;
  const changed = (what: "block" | "cycle") => {
    current = null;
    for (const listener of [...listeners]) listener(what);
  };

  /** A new cycle may have another network file. */
  const lookAgain = async (): Promise<void> => {
    const fresh = remembered(await subnet.look());
    if (fresh.source.networkHash !== view.source.networkHash)
      events.add({
        block: fresh.head,
        kind: "network",
        text: `Another network file is in force: ${fresh.source.networkHash}.`,
      });
    view = fresh;
  };

  const readBlock = async (head: Head): Promise<void> => {
    const { cycle } = phaseAt(head.number, view.source.network.phases);
    if (live !== null && cycle !== live.clock.cycle) await lookAgain();
    const { source } = view;
    if (beginsPhase(head.number, metagraph?.block ?? null, source)) {
      const fresh = await chain.metagraph(netuid);
      for (const event of neuronEvents(head.number, fresh.neurons, metagraph?.neurons ?? [])) events.add(event);
      metagraph = fresh;
    }
    const commitments = await chain.commitments(netuid);
    const next = withEarlier(liveBlock({ context: source, head, commitments, blockTime: pace(head) }), live);
    for (const event of eventsOf(next, live, metagraph?.neurons ?? [])) events.add(event);
    live = next;
  };

  /** The next cycle to read: the newest first, then from the oldest on; those that are settled not again. */
  const dueAt = (finalized: number): number | null => {
    const { network } = view.source;
    const newest = phaseAt(finalized, network.phases).cycle;
    const oldest = progress.oldest(newest);
    const isDue = (cycle: number) => {
      if (cycle < oldest || progress.isOver(cycle)) return false;
      const due = digests.has(cycle) ? settledAt.get(cycle) : undefined;
      return finalized >= (due ?? phaseWindow(cycle, "merge", network.phases).start);
    };
    for (let cycle = newest; cycle > newest - 2; cycle--) if (!digests.has(cycle) && isDue(cycle)) return cycle;
    for (let cycle = oldest; cycle <= newest; cycle++) if (isDue(cycle)) return cycle;
    return null;
  };

  const keep = (cycle: number, { digest, ...rest }: ReadCycle): void => {
    const { model, isSettled } = digest;
    // Those that were there at the start are no news.
    const isNews = cycle >= begun || digests.has(cycle);
    if (isNews && model !== null && digests.get(cycle)?.model !== model)
      events.add({ block: view.head, kind: "model", text: `Cycle ${cycle}: the model is ${model.slice(0, 12)}.` });
    digests.set(cycle, digest);
    explained.set(cycle, rest);
    if (isSettled) progress.over(cycle);
    for (const old of [...digests.keys()].sort((a, b) => a - b).slice(0, -kept)) {
      digests.delete(old);
      settledAt.delete(old);
    }
    const { window } = view.source.network.scoring;
    for (const old of [...explained.keys()].sort((a, b) => a - b).slice(0, -Math.max(EXPLAINED, window)))
      explained.delete(old);
  };

  /** @returns whether it may be tried again */
  const failed = (cycle: number, thrown: unknown): boolean => {
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    if (thrown.code === "STATE_DISCARDED") {
      progress.over(cycle);
      return false;
    }
    progress.failed(cycle);
    const text = `Cycle ${cycle} cannot be read: ${publicReason(thrown)}`;
    events.add({ block: view.head, kind: "fault", text });
    log.warn("a cycle cannot be read", { cycle, code: thrown.code, reason: reasonOf(thrown) });
    return true;
  };

  const late = () => new BlockZeroError("FETCH_TIMEOUT", "its files take too long", "wait for the next try");

  const readCycles = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const finalized = (await chain.finalized()).number;
      const cycle = dueAt(finalized);
      if (cycle === null) return;
      let waitsForNextHead = false;
      try {
        const known = [...explained.values()].map(({ facts }) => facts.said).filter((said) => said.isWhole);
        const windows = [...explained.values()].flatMap(({ facts }) => facts.sprints ?? []);
        const { network } = await contextOf(view.source, cycle);
        const settles = lastModelBlock(cycle, network);
        settledAt.set(cycle, settles);
        const isFinal = finalized >= settles;
        const read = await withDeadline(CYCLE_MS, late, () =>
          readCycle({ ...view, head: finalized }, cycle, {
            known,
            settled: {
              sprints: windows
                .flatMap(({ results, confirmations, idle }) => [...results, ...confirmations, ...idle])
                .filter(({ isWhole }) => isWhole),
              duties: windows.flatMap(({ duty }) => duty.results).filter(({ isWhole }) => isWhole),
            },
            files: subnet.files,
            texts,
          }),
        );
        keep(cycle, isFinal ? { ...read, digest: { ...read.digest, isSettled: true } } : read);
      } catch (thrown) {
        waitsForNextHead = failed(cycle, thrown);
      }
      for (const { path } of subnet.files.takeFaulty()) log.debug("a file is not what its hash says", { path });
      await subnet.files.retain(new Set());
      changed("cycle");
      if (waitsForNextHead) return;
    }
  };

  const tolerant = (what: "block" | "cycle", work: (head: Head) => Promise<void>) => async (head: Head) => {
    const before = problems.get(what);
    try {
      await work(head);
      problems.delete(what);
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof BlockZeroError)) throw thrown;
      problems.set(what, publicReason(thrown));
      log.warn("the chain cannot be read", { code: thrown.code, reason: reasonOf(thrown) });
    }
    if (problems.get(what) !== before) changed("block");
  };

  await readBlock(head);
  let fail: (bug: unknown) => void = () => {};
  const done = new Promise<void>((resolve, reject) => {
    fail = reject;
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const followBlocks = newestOnly(
    tolerant("block", async (newest) => {
      await readBlock(newest);
      changed("block");
    }),
  );
  const followCycles = newestOnly(tolerant("cycle", readCycles));
  const heard = listenForSilence((seconds) => {
    problems.set("head", `no new block for ${seconds} s`);
    changed("block");
  }, signal);
  chain.onHead((newest) => {
    heard();
    problems.delete("head");
    followBlocks(newest).catch(fail);
    followCycles(newest).catch(fail);
  }, signal);
  const caughtUp = followCycles(head);
  caughtUp.catch(fail);

  const ascending = () => [...digests.values()].sort((a, b) => a.cycle - b.cycle);
  /** Made once after each change, however many pages of miners are asked for. */
  const now = (): SubnetNow => {
    current ??= subnetNow({
      ...view.source,
      live: live!,
      neurons: metagraph?.neurons ?? [],
      ownerHotkey: metagraph?.ownerHotkey ?? "",
      digests: ascending(),
      compute: explained.get(Math.max(...explained.keys()))?.facts ?? null,
      events: events.newest(),
      chain: {
        reads: reads(),
        problem: problems.get("head") ?? problems.get("block") ?? problems.get("cycle") ?? null,
      },
    });
    return current;
  };
  return {
    now,
    history: () => historyOf(ascending()),
    miner: (uid, cycle) => {
      const known = [...explained.keys()].sort((a, b) => a - b);
      const wanted = explained.get(cycle ?? known.at(-1) ?? -1);
      return wanted ? minerPage(uid, wanted, { digests: ascending(), cycles: known, now: now() }) : null;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    caughtUp,
    done,
  };
};
