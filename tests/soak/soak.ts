import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { cycleLength, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { openSubnet } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { description, type LocalnetDescription } from "../e2e/chaos.js";
import { type LocalnetRun, launchLocalnet, PROCESSES } from "../e2e/localnet-run.js";
import { signal as send } from "../support/faults/signal.js";
import { openSmallDisk, type SmallDisk } from "../support/faults/small-disk.js";
import { startTcpProxy, type TcpProxy } from "../support/faults/tcp-proxy.js";
import { machineShare } from "../support/machine-share.js";
import { auditHome } from "./audit-home.js";
import { causeFaults } from "./cause-faults.js";
import { createExplainer } from "./explained.js";
import { readJournals } from "./journals.js";
import { doubledWrites, lostWrites, missedWrites, readLedger, type WriteKind } from "./ledger.js";
import { SOAK_PHASES, writeNetwork, writeSettings } from "./network.js";
import type { SoakOptions } from "./options.js";
import { FAULTS, type FaultKind, type PlannedFault, planFaults } from "./plan-faults.js";
import { type SoakReport, trendsOf } from "./report.js";
import { createSampler, type Sample, type Soaked } from "./sample.js";

/** Cycles at the beginning and at the end without a fault. */
const QUIET = 2;
/** Points of each life that are left out, of many cycles more than of few: in its first fifteen a heap grows by some 1.5 MiB whatever comes after. */
const warmUpOfLife = (cycles: number): number => Math.max(4, Math.round(cycles / 20));
/** Cycles of the soak that are left out, beside those for which files are kept: they fill first. */
const WARM_UP_BEYOND_KEPT = 3;
/** Bytes of a disk that is filled now and then. */
const DISK_BYTES = 48 << 20;
/** Milliseconds between blocks where two processors are free. */
const BLOCK_MS = 100;
/** Cycles that wait to be explained, above which the chain waits too: their files are deleted some cycles later. */
const MOST_BEHIND = 4;
const POLL_MS = 200;

const PARTICIPANTS = PROCESSES.filter((name) => name !== "devchain");
/** Never killed, so that they show a long life; everything else befalls them too. */
const SURVIVORS: readonly string[] = ["validator-1", "prose-1"];
/** Whose disks can be filled. */
const SMALL_DISKS = ["validator-2", "prose-2"] as const;

const KINDS: Readonly<Record<LocalnetDescription["players"][number]["program"], readonly WriteKind[]>> = {
  miner: ["commit", "reveal"],
  validator: ["report", "held", "ballot", "model", "weights"],
};

/** Whom each kind of fault may befall. Time is the chain's own word: its node's clock is left alone. */
const TARGETS: Readonly<Record<FaultKind, readonly string[]>> = {
  kill: PROCESSES.filter((name) => !SURVIVORS.includes(name)),
  stall: [...PROCESSES],
  "full disk": [...SMALL_DISKS],
  "lost endpoint": PARTICIPANTS,
  "slow endpoint": PARTICIPANTS,
  clock: PARTICIPANTS,
};

/** Runs a localnet through the cycles with faults, measures it, and checks afterwards what is left. */
export const soak = async (
  options: SoakOptions,
): Promise<{ readonly report: SoakReport; readonly samples: readonly Sample[] }> => {
  const folder = options.keep ? join(options.out, "run") : mkdtempSync(join(tmpdir(), "blockzero-soak-"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const closing: (() => unknown)[] = [];
  if (!options.keep) closing.push(() => rmSync(folder, { recursive: true, force: true }));
  try {
    return await soakIn(folder, options, (close) => closing.push(close));
  } finally {
    for (const close of closing.reverse()) await close();
  }
};

const soakIn = async (
  folder: string,
  options: SoakOptions,
  onExit: (close: () => unknown) => void,
): Promise<{ readonly report: SoakReport; readonly samples: readonly Sample[] }> => {
  const { cycles, seed, keepCycles } = options;
  const blockTime = options.blockTime ?? Math.round(BLOCK_MS / (await machineShare()));
  const started = performance.now();
  const say = (line: string) =>
    console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${line}`);
  const disks = new Map<string, SmallDisk>();
  for (const name of SMALL_DISKS) {
    const disk = openSmallDisk(diskOf(folder, name), DISK_BYTES);
    disks.set(name, disk);
    onExit(() => disk.remove());
  }
  const home = join(folder, "home");
  let chainPort = 0;
  const proxies = new Map<string, TcpProxy>();
  for (const name of PARTICIPANTS) {
    const proxy = await startTcpProxy(() => (chainPort ||= portOf(home)));
    proxies.set(name, proxy);
    onExit(() => proxy.close());
  }
  const settings = writeSettings(
    folder,
    new Map(
      [...proxies].map(([name, { port }]) => [
        name,
        { endpoint: `ws://127.0.0.1:${port}`, home: disks.has(name) ? diskOf(folder, name) : null },
      ]),
    ),
  );
  const run = launchLocalnet(
    [
      ...["--home", home, "--json", join(folder, "result.json"), "--network", writeNetwork(folder)],
      ...["--cycles", String(cycles), "--seed", String(seed), "--block-time", String(blockTime)],
      ...["--keep-cycles", String(keepCycles), "--settings", settings, "--genesis-steps", "40"],
      ...["--dashboard", "127.0.0.1:0", "--keep"],
    ],
    {
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import=${new URL("./inside.js", import.meta.url).href}`,
      SOAK_FOLDER: folder,
    },
  );
  onExit(() => run.cleanUp());
  const subnet = await description({ ...run, home });
  say(
    `the localnet lives: ${cycles} cycles from ${subnet.first} on, a block every ${blockTime} ms, homes in ${folder}`,
  );
  const lived = await liveThrough({ run, home, folder, subnet, proxies, disks, options, blockTime, say });
  const status = await run.ended;
  say(`the localnet ended with status ${status}; checking what is left`);

  const { caused, samples, sampler, explainer, journals, warnings, current } = lived;
  journals.read();
  const nameOf = (hotkey: string) => subnet.players.find((player) => player.hotkey === hotkey)?.name ?? hotkey;
  const written = readLedger(
    join(home, "chain", "blocks.jsonl"),
    join(home, "chain-genesis.json"),
    SOAK_PHASES,
    subnet.first,
  );
  const noted = journals.noted();
  const peaceful = peacefulCycles(caused, subnet.first, cycles);
  const due = subnet.players
    .filter(({ behaviour }) => behaviour === "honest" || behaviour === "validator")
    .map(({ hotkey, program }) => ({ hotkey, kinds: KINDS[program] }));
  const missed = missedWrites(due, peaceful, written).map(({ hotkey, kind, cycle }) => {
    const name = nameOf(hotkey);
    return { text: `${name}: no ${kind} of cycle ${cycle}`, excuse: sampler.excuseOf(name, cycle) };
  });
  const dueWrites = peaceful.length * due.reduce((sum, { kinds }) => sum + kinds.length, 0);
  // An audit looks for files where a localnet has them.
  for (const name of disks.keys()) cpSync(diskOf(folder, name), join(home, "players", name), { recursive: true });
  const audit = await auditHome(home, current - keepCycles + 2);
  const unexplained = explainer.explained.filter(({ because }) => because === null);
  const findings = {
    "the localnet ran to its end":
      status === 0 ? [] : [`exit status ${status}: ${run.said().trimEnd().split("\n").slice(-3).join(" | ")}`],
    "nothing stands on chain twice": doubledWrites(written, nameOf),
    "nothing is lost that a journal notes": lostWrites(noted, written, nameOf),
    "whatever is missing of cycles in peace, its program's log says why": missed.flatMap(({ text, excuse }) =>
      excuse === undefined ? [text] : [],
    ),
    "every miner's cycle is explained": [
      ...unexplained.map(({ cycle, uid }) => `cycle ${cycle}, uid ${uid}: no reason`),
      ...explainer.open(),
    ],
    "the audit agrees on the cycles that can still be read": audit.problems,
    "no listener leaks": warnings,
  };
  const report: SoakReport = {
    cycles,
    blockTime,
    seed,
    seconds: Math.round((performance.now() - started) / 1000),
    node: process.versions.node,
    faults: Object.fromEntries(FAULTS.map((kind) => [kind, caused.filter((one) => one.kind === kind).length])),
    restarts: run.said().split("and is started again").length - 1,
    trends: trendsOf(samples, subnet.first, {
      ofLife: warmUpOfLife(cycles),
      ofAll: keepCycles + WARM_UP_BEYOND_KEPT,
    }),
    findings,
    facts: {
      "writes on chain": written.length,
      "writes noted in journals": noted.length,
      "cycles in peace": peaceful.length,
      "writes missing of those due in peace": `${missed.length} of ${dueWrites}`,
      "why, as their programs say": counted(missed.map(({ excuse }) => excuse ?? "nothing")) || "–",
      "miners' cycles explained": explainer.explained.length,
      "audited cycles that agree": audit.agreeing,
      "audited cycles whose files or states are gone": audit.gone,
      "full disks": [...disks.values()].every(({ isMounted }) => isMounted)
        ? "a tmpfs of their own, filled"
        : "folders without the right to write: this user may mount nothing",
      reasons: counted(explainer.explained.map(({ because }) => (because ?? "none").replace(/place .*/, "a place"))),
    },
    messages: sampler.messages(),
  };
  return { report, samples };
};

const diskOf = (folder: string, name: string): string => join(folder, "disks", name);

/** The port that the localnet's chain serves on, as its log says; 0 where it has not said so yet. */
const portOf = (home: string): number => {
  const log = join(home, "logs", "devchain.log");
  if (!existsSync(log)) return 0;
  return Number(/endpoint +ws:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(log, "utf8"))?.[1] ?? 0);
};

interface Living {
  readonly run: LocalnetRun;
  readonly home: string;
  readonly folder: string;
  readonly subnet: LocalnetDescription;
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  readonly disks: ReadonlyMap<string, SmallDisk>;
  readonly options: SoakOptions;
  /** Milliseconds. */
  readonly blockTime: number;
  readonly say: (line: string) => void;
}

/** Until the localnet ends: causes faults as blocks come, and once a cycle samples, reads the journals and explains. */
const liveThrough = async ({ run, home, folder, subnet, proxies, disks, options, blockTime, say }: Living) => {
  const { cycles, seed, faults } = options;
  const length = cycleLength(SOAK_PHASES);
  const over = new AbortController();
  void run.ended.then(() => over.abort());
  const pid = (name: string) => Number(readFileSync(join(home, "pids", name), "utf8"));
  const planned = planFaults({ seed, cycles, length, targets: TARGETS, quiet: QUIET, share: faults });
  const causing = causeFaults(planned, { pid, proxies, disks, folder }, blockTime, say);
  const homeOf = (name: string) => (disks.has(name) ? diskOf(folder, name) : join(home, "players", name));
  const journals = readJournals(new Map(subnet.players.map(({ name, hotkey }) => [hotkey, homeOf(name)])));
  const processes: readonly Soaked[] = [
    { name: "localnet", pid: () => run.child.pid ?? 0, home: join(home, "observer"), log: null, metrics: null },
    ...PROCESSES.map((name) => ({
      name,
      pid: () => pid(name),
      home: name === "devchain" ? join(home, "chain") : homeOf(name),
      log: join(home, "logs", `${name}.log`),
      metrics: subnet.players.find((player) => player.name === name)?.metrics ?? null,
    })),
  ];
  const sampler = createSampler(processes, folder);
  const samples: Sample[] = [];
  const log = createLogger({ name: "soak", level: "error", format: "pretty" });
  const chain = await connectDevchain({ endpoint: subnet.endpoint, signal: over.signal });
  const seen = await openSubnet({
    ...{ home: undefined, chain: subnet.endpoint, netuid: subnet.netuid, allowPrivateAddresses: true },
    ...{ log, signal: over.signal },
  });
  const explainer = createExplainer(
    seen,
    subnet.first,
    subnet.players.filter(({ program }) => program === "miner").map(({ uid }) => uid),
  );

  let newest = subnet.first - 1;
  let current = subnet.first;
  let work: Promise<void> = Promise.resolve();
  /** By itself: a server that is stopped holds up who explains, and not who measures. */
  let explaining: Promise<void> = Promise.resolve();
  /** Once a cycle, in the middle of it: what the last one left is settled. */
  const look = async (cycle: number): Promise<void> => {
    samples.push(...(await sampler.sample(cycle)));
    journals.read();
    if (cycle % 10 === 0) say(`cycle ${cycle - subnet.first + 1} of ${cycles}`);
  };
  /** A chain that does not answer now goes on by itself. */
  const setPace = (milliseconds: number) => chain.setBlockTime(milliseconds).catch(() => {});
  let behind = 0;
  let isOver = false;
  const explain = (cycle: number): void => {
    behind += 1;
    if (behind > MOST_BEHIND) void setPace(0);
    explaining = explaining
      .then(() => explainer.upTo(cycle - 2))
      .catch((thrown: unknown) => {
        if (!over.signal.aborted) say(`explaining stopped at cycle ${cycle}: ${thrown}`);
      })
      .then(async () => {
        behind -= 1;
        if (behind === MOST_BEHIND && !isOver) await setPace(blockTime);
      });
  };
  chain.onHead(({ number }) => {
    causing.at(number - subnet.first * length);
    const { cycle } = phaseAt(number, SOAK_PHASES);
    current = cycle;
    if (cycle <= newest || number < phaseWindow(cycle, "evaluate", SOAK_PHASES).start) return;
    newest = cycle;
    work = work.then(() => look(cycle));
    explain(cycle);
  }, over.signal);
  await lastCycle(folder, over.signal);
  causing.end();
  // What the last cycles left can still be read: the localnet stays up, and no block comes any more.
  isOver = true;
  await setPace(0);
  explain(subnet.first + cycles);
  await work;
  await explaining;
  sampler.readLogs();
  if (run.child.pid !== undefined) send(run.child.pid, "SIGINT");
  await run.ended;
  await seen.close();
  await chain.close();
  const warnings = [
    ...sampler.warnings,
    ...run
      .said()
      .split("\n")
      .filter((line) => /MaxListeners/.test(line)),
  ];
  return { caused: causing.caused, samples, sampler, explainer, journals, warnings, current };
};

/** Resolves when the localnet has written its result, or has ended. */
const lastCycle = async (folder: string, over: AbortSignal): Promise<void> => {
  while (!over.aborted && !existsSync(join(folder, "result.json"))) await delay(POLL_MS);
};

/** Cycles that no fault touched, nor the one before them. The last has no successor in which its model could be settled. */
const peacefulCycles = (caused: readonly PlannedFault[], first: number, cycles: number): readonly number[] => {
  const length = cycleLength(SOAK_PHASES);
  const touched = new Set(
    caused.flatMap(({ block, blocks }) => {
      const from = Math.floor(block / length);
      // A process that is started again compiles for a while.
      const until = Math.floor((block + blocks) / length) + 1;
      return Array.from({ length: until - from + 1 }, (_, i) => first + from + i);
    }),
  );
  return Array.from({ length: cycles - 1 }, (_, i) => first + i).filter((cycle) => !touched.has(cycle));
};

const counted = (texts: readonly string[]): string =>
  [...new Set(texts)]
    .map((text) => ({ text, count: texts.filter((other) => other === text).length }))
    .sort((a, b) => b.count - a.count)
    .map(({ text, count }) => `${count} ${text}`)
    .join(", ");
