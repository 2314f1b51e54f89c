import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { runMiner } from "#miner/miner.js";
import { runValidator } from "#validator/validator.js";
import { collectingLog } from "../shared/chain/support.js";
import { type Flags, type Subnet, until } from "./subnet.js";

export const MINERS = ["ann", "bob"] as const;
export const VALIDATORS = ["vera", "vito"] as const;
export type Name = (typeof MINERS)[number] | (typeof VALIDATORS)[number];

/**
 * The real programs in this process: each can be killed and started again with the same home.
 *
 * @param settings more of a program's, by name
 */
export const openPrograms = async (
  t: TestContext,
  subnet: Subnet,
  settings: Partial<Readonly<Record<Name, Flags>>> = {},
) => {
  const names: readonly Name[] = [...MINERS, ...VALIDATORS];
  const running = new Map<Name, { stop: AbortController; ended: Promise<void> }>();
  const logs = new Map<Name, ReturnType<typeof collectingLog>["lines"]>(names.map((name) => [name, []]));

  const start = async (name: Name) => {
    // Any free port, and after a restart the same: one that is only looked for here may be taken by others before it is used.
    const flags = { "listen.port": 0, ...settings[name] };
    const stop = new AbortController();
    const { log, lines } = collectingLog();
    logs.set(name, lines);
    const ended = VALIDATORS.some((validator) => validator === name)
      ? runValidator(subnet.validatorConfig(name, flags), log, stop.signal)
      : runMiner(subnet.minerConfig(name, flags), log, stop.signal);
    running.set(name, { stop, ended });
    // A fault before the first cycle ends the program: it must not be waited for.
    await Promise.race([ended.then(() => assert.fail(`${name} ended`)), said(name, "joined")]);
  };
  const kill = async (name: Name) => {
    const { stop, ended } = running.get(name)!;
    running.delete(name);
    stop.abort();
    await ended;
  };
  const find = (name: Name, message: string, cycle?: number) =>
    logs.get(name)!.find((line) => line.message === message && (cycle === undefined || line.fields.cycle === cycle))
      ?.fields;
  const said = async (name: Name, message: string, cycle?: number) => {
    await until(t, () => find(name, message, cycle) !== undefined);
    return find(name, message, cycle)!;
  };
  t.after(() => Promise.all([...running.keys()].map(kill)));
  const errors = () => names.flatMap((name) => logs.get(name)!.filter(({ level }) => level === "error"));
  const measured = (name: Name): Record<string, unknown>[] =>
    readFileSync(join(subnet.home, name, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { names, start, kill, said, errors, measured };
};

export type Programs = Awaited<ReturnType<typeof openPrograms>>;
type Moment = "training" | "trained" | "committed" | "revealed" | "reported" | "exchanged" | "voted" | "published";

/** One cycle from its first block to its last, each block built when all who must act before it have. */
export const liveThrough = async (
  subnet: Subnet,
  { said }: Programs,
  cycle: number,
  at: Partial<Record<Moment, () => Promise<void>>> = {},
) => {
  const window = (phase: Parameters<Subnet["window"]>[1]) => subnet.window(cycle, phase);
  const before = cycle - subnet.network.first_cycle;
  const each = <T>(names: readonly Name[], act: (name: Name) => Promise<T>) => Promise.all(names.map(act));

  await subnet.to(window("distribute").start);
  if (at.training) {
    await each(MINERS, (name) => said(name, "training", cycle));
    await at.training();
  }
  await each(MINERS, (name) => said(name, "trained", cycle));
  await at.trained?.();
  await subnet.to(window("commit").start - 1);
  await each(MINERS, (name) => subnet.sent(name, 2 * before + 1));
  await subnet.to(window("commit").start);
  await each(MINERS, (name) => said(name, "committed", cycle));
  await at.committed?.();
  await subnet.to(window("reveal").start - 1);
  await each(MINERS, (name) => subnet.sent(name, 2 * before + 2));
  await subnet.to(window("reveal").start);
  await each(MINERS, (name) => said(name, "revealed", cycle));
  await at.revealed?.();
  await subnet.to(window("evaluate").start - 1);
  await subnet.to(window("evaluate").start);
  await each(VALIDATORS, (name) => subnet.sent(name, 5 * before + 1));
  await subnet.to(window("evaluate").start + 1);
  await each(VALIDATORS, (name) => said(name, "reported", cycle));
  await at.reported?.();
  await subnet.to(window("exchange").start - 1);
  await each(VALIDATORS, (name) => subnet.sent(name, 5 * before + 2));
  await subnet.to(window("exchange").start);
  await each(VALIDATORS, (name) => said(name, "exchanged reports", cycle));
  await at.exchanged?.();
  await subnet.to(window("choose").start);
  await each(VALIDATORS, (name) => subnet.sent(name, 5 * before + 3));
  await subnet.to(window("choose").start + 1);
  await each(VALIDATORS, (name) => said(name, "voted", cycle));
  await at.voted?.();
  await subnet.to(window("merge").start);
  await each(VALIDATORS, (name) => subnet.sent(name, 5 * before + 5));
  await subnet.to(window("merge").start + 1);
  const published = await each(VALIDATORS, (name) => said(name, "published model", cycle));
  const weights = await each(VALIDATORS, (name) => said(name, "set weights", cycle));
  const merged = await each(VALIDATORS, (name) => said(name, "merged", cycle));
  await each(MINERS, (name) => said(name, "scored", cycle));
  await at.published?.();
  await subnet.to(window("merge").end - 1);
  return { models: published.map(({ model }) => String(model)), weights, merged };
};
