import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { signal } from "../support/faults/signal.js";
import type { SmallDisk } from "../support/faults/small-disk.js";
import type { TcpProxy } from "../support/faults/tcp-proxy.js";
import { CLOCK } from "./inside-files.js";
import type { PlannedFault } from "./plan-faults.js";

/** What the faults are done with. */
export interface FaultTools {
  /** Process id of a process of the localnet now; it may be of one that has just died. */
  readonly pid: (name: string) => number;
  readonly proxies: ReadonlyMap<string, TcpProxy>;
  readonly disks: ReadonlyMap<string, SmallDisk>;
  /** SOAK_FOLDER of the processes. */
  readonly folder: string;
}

/** Does one fault. @returns what heals it; nothing for a kill */
export const befall = ({ kind, process: name, milliseconds }: PlannedFault, tools: FaultTools): (() => void) => {
  const setClock = (ahead: number) => writeFileSync(join(tools.folder, CLOCK + name), String(ahead));
  const proxy = tools.proxies.get(name);
  const disk = tools.disks.get(name);
  switch (kind) {
    case "kill":
      signal(tools.pid(name), "SIGKILL");
      return () => {};
    case "stall": {
      const pid = tools.pid(name);
      signal(pid, "SIGSTOP");
      return () => signal(pid, "SIGCONT");
    }
    case "full disk":
      disk?.fill();
      return () => disk?.free();
    case "lost endpoint":
      if (proxy) proxy.isRefusing = true;
      proxy?.cut();
      return () => {
        if (proxy) proxy.isRefusing = false;
      };
    case "slow endpoint":
      if (proxy) proxy.delayMs = milliseconds;
      return () => {
        if (proxy) proxy.delayMs = 0;
      };
    case "clock":
      setClock(milliseconds);
      return () => setClock(0);
  }
};

export interface CausedFaults {
  /** Faults that are due at this block, counted from the first cycle's first, begin. */
  at(block: number): void;
  readonly caused: readonly PlannedFault[];
  /** Heals what is not healed yet. */
  end(): void;
}

/** Causes faults as the chain goes on, and heals each after its time by the machine's own clock: a chain that is stalled has no blocks. */
export const causeFaults = (
  planned: readonly PlannedFault[],
  tools: FaultTools,
  blockTime: number,
  say: (line: string) => void,
): CausedFaults => {
  const waiting = [...planned];
  const caused: PlannedFault[] = [];
  const healing = new Map<NodeJS.Timeout, () => void>();
  return {
    caused,
    at: (block) => {
      for (const fault of waiting.filter((one) => one.block <= block)) {
        waiting.splice(waiting.indexOf(fault), 1);
        const heal = befall(fault, tools);
        caused.push(fault);
        const { kind, process: name, blocks, milliseconds } = fault;
        say(`${kind} of ${name}${milliseconds === 0 ? "" : ` by ${milliseconds} ms`}, ${blocks} blocks, at ${block}`);
        const timer = setTimeout(() => {
          healing.delete(timer);
          heal();
        }, blocks * blockTime);
        healing.set(timer, heal);
      }
    },
    end: () => {
      for (const [timer, heal] of healing) {
        clearTimeout(timer);
        heal();
      }
      healing.clear();
    },
  };
};
