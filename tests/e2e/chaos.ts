import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { type PHASES, phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { addRecords, changedRecords, type Records } from "../support/faults/sightings.js";
import { signal } from "../support/faults/signal.js";
import type { LocalnetRun, PROCESSES } from "./localnet-run.js";

type Phase = (typeof PHASES)[number];

/** One `kill -9`, in the second block of a phase of the n-th cycle, counted from 0. */
export interface Kill {
  readonly cycle: number;
  readonly phase: Phase;
  readonly process: (typeof PROCESSES)[number];
}

const TEMPLATE = fileURLToPath(new URL("../../../configs/localnet/network.yaml", import.meta.url));
const NETUID = 1;
const POLL_MS = 50;

/** What was seen on chain while processes died. */
export interface Sightings {
  readonly killed: readonly Kill[];
  /** `<hotkey> <record type> <cycle>` → every different record seen for it. */
  readonly records: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Kills processes of a running localnet as planned, and watches every record on chain until the localnet ends. */
export const causeChaos = async (run: LocalnetRun, kills: readonly Kill[]): Promise<Sightings> => {
  const { phases } = loadNetworkTemplate(TEMPLATE);
  const subnet = await description(run);
  const over = new AbortController();
  void run.ended.then(() => over.abort());
  const chain = await connectDevchain({ endpoint: subnet.endpoint, signal: over.signal });
  const records: Records = new Map();
  const killed: Kill[] = [];
  const waiting = [...kills];

  chain.onHead(async ({ number }) => {
    const { cycle } = phaseAt(number, phases);
    const due = waiting.filter(
      (kill) =>
        kill.cycle + subnet.first === cycle &&
        number >=
          Math.min(phaseWindow(cycle, kill.phase, phases).start + 1, phaseWindow(cycle, kill.phase, phases).end - 1),
    );
    for (const kill of due) {
      waiting.splice(waiting.indexOf(kill), 1);
      signal(run.pid(kill.process), "SIGKILL");
      killed.push(kill);
    }
    await addRecords(chain, NETUID, number, records);
  }, over.signal);
  await run.ended;
  return { killed, records };
};

/** What `localnet.json` says, as far as it is read here. */
export interface LocalnetDescription {
  readonly endpoint: string;
  readonly netuid: number;
  readonly first: number;
  readonly players: readonly {
    readonly uid: number;
    readonly name: string;
    readonly program: "miner" | "validator";
    readonly behaviour: string;
    readonly hotkey: string;
    readonly metrics: string;
  }[];
}

/** The localnet describes itself once it lives. */
export const description = async (run: LocalnetRun): Promise<LocalnetDescription> => {
  let ended = false;
  void run.ended.then(() => {
    ended = true;
  });
  while (!ended) {
    try {
      const text = readFileSync(join(run.home, "localnet.json"), "utf8");
      const subnet = JSON.parse(text) as Partial<LocalnetDescription>;
      if (subnet.endpoint !== undefined) return subnet as LocalnetDescription;
    } catch {
      // Not there yet.
    }
    await delay(POLL_MS);
  }
  throw new Error(`the localnet ended before it lived: ${run.said()}`);
};

/** Records that a participant changed its mind about. */
export const doubled = ({ records }: Sightings): string[] => changedRecords(records);
