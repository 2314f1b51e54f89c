import { spawn } from "node:child_process";
import { compiled } from "#tests/support/compiled.js";

const PROGRAM = compiled("cli/main.js");

export interface HomeAudit {
  readonly agreeing: number;
  /** Cycles whose files are deleted, or whose states the chain has discarded. */
  readonly gone: number;
  readonly problems: readonly string[];
}

interface Audited {
  readonly cycle: number;
  readonly result: string;
  readonly divergences: readonly string[];
  readonly missing: readonly string[];
}

/** Audits every cycle of a localnet's home as a stranger would, with the program. @param kept the first cycle whose files should still be there */
export const auditHome = async (home: string, kept: number): Promise<HomeAudit> => {
  const child = spawn(process.execPath, [PROGRAM, "audit", "--all", "--home", home, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let answer = "";
  let said = "";
  child.stdout.on("data", (data) => (answer += data));
  child.stderr.on("data", (data) => (said += data));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const cycles = cyclesOf(answer);
  if (cycles === null) return { agreeing: 0, gone: 0, problems: [`audit ended with ${status}: ${said.trim()}`] };
  const problems = cycles
    .filter(({ cycle, result }) => result === "diverges" || (result !== "agrees" && cycle >= kept))
    .map(({ cycle, result, divergences, missing }) => `cycle ${cycle} ${result}: ${[...divergences, ...missing][0]}`);
  const agreeing = cycles.filter(({ result }) => result === "agrees").length;
  return {
    agreeing,
    gone: cycles.filter(({ cycle, result }) => result === "not auditable" && cycle < kept).length,
    problems: agreeing === 0 ? ["no cycle agrees", ...problems] : problems,
  };
};

const cyclesOf = (answer: string): readonly Audited[] | null => {
  try {
    return (JSON.parse(answer) as { cycles: readonly Audited[] }).cycles;
  } catch {
    return null;
  }
};
