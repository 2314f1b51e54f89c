import type { ErrorCode } from "../errors/registry.js";
import { packageInfo } from "./package-info.js";

const TOO_OLD: ErrorCode = "NODE_TOO_OLD";
/** Exit status of what the user can put right. */
const EXPECTED = 2;

/** The fault of a Node below the floor (`major.minor`), one line; null where it is new enough. */
export const nodeProblem = (version: string, floor: string): string | null => {
  const [major, minor] = numbersOf(version);
  const [leastMajor, leastMinor] = numbersOf(floor);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return null;
  return `✖ ${TOO_OLD} this is Node ${version}, and BlockZero needs ${leastMajor}.${leastMinor} or later → install Node 24, the one that is recommended`;
};

/** Starts a program, or refuses in one line the Node that runs it. */
export const startOnNode = (start: () => Promise<unknown>): void => {
  const problem = nodeProblem(process.versions.node, packageInfo.engines.node);
  if (problem === null) {
    start();
    return;
  }
  console.error(problem);
  process.exitCode = EXPECTED;
};

const numbersOf = (version: string): readonly [number, number] => {
  const [major, minor] = version.replace(/^\D*/, "").split(".").map(Number);
  return [major as number, minor as number];
};
