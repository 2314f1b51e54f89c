import { spawn } from "node:child_process";
import { type Ended, type Running, type Surroundings, watch } from "./process.js";

/** A line as one would type it, as a process of its own; its environment is what is given and nothing else. */
const shell = (line: string, { cwd, env }: Surroundings): Running =>
  watch(spawn("sh", ["-c", line], { cwd, env: { ...env }, stdio: ["ignore", "pipe", "pipe"] }), line);

/** Runs a line to its end. */
export const runShell = (line: string, surroundings: Surroundings): Promise<Ended> => shell(line, surroundings).ended;

/** Starts the one program of a line, in the shell's place, so that signals reach it. */
export const startShell = (line: string, surroundings: Surroundings): Running => shell(`exec ${line}`, surroundings);
