import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { runtimeFile } from "../support/subtensor.js";
import type { Running } from "./process.js";
import { runShell, startShell } from "./shell.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** A cycle is 60 blocks, and on a busy machine a block takes seconds. */
const HANG_GUARD = 3_600_000;

/** The commands of docs/subtensor.md by the number of their step, as they stand there. */
const guide = (): ReadonlyMap<number, readonly string[]> => {
  const steps = new Map<number, string[]>();
  let step = 0;
  let isShell = false;
  for (const line of readFileSync(join(ROOT, "docs/subtensor.md"), "utf8").split("\n")) {
    const [, heading] = /^## (?:(\d)\.)?/.exec(line) ?? [];
    if (/^## /.test(line)) step = Number(heading ?? 0);
    if (line.startsWith("```")) isShell = line === "```sh";
    else if (isShell && line !== "") steps.set(step, [...(steps.get(step) ?? []), line]);
  }
  return steps;
};

/** Programs of this tree where a terminal would find them, and its configurations where the commands name them. */
const surroundings = (cwd: string) => {
  const bin = join(cwd, "bin");
  mkdirSync(bin);
  const npx = join(bin, "npx");
  const programs = [
    `blockzero) file=cli ;;`,
    `blockzero-miner) file=miner ;;`,
    `blockzero-validator) file=validator ;;`,
  ];
  writeFileSync(
    npx,
    [
      "#!/bin/sh",
      `name=$1; shift`,
      `case $name in ${programs.join(" ")} esac`,
      `exec "${process.execPath}" "${join(ROOT, "dist")}/$file/main.js" "$@"`,
      "",
    ].join("\n"),
  );
  chmodSync(npx, 0o755);
  symlinkSync(join(ROOT, "configs"), join(cwd, "configs"));
  return { cwd, env: { PATH: `${bin}:${process.env.PATH}`, HOME: cwd, NO_COLOR: "1", BLOCKZERO_THREADS: "1" } };
};

const neuronsSchema = z.object({
  neurons: z.array(z.object({ uid: z.int(), incentive: z.number(), emission: z.string(), stake: z.string() })),
});

test("the commands of docs/subtensor.md, from an empty chain to a paid miner", { timeout: HANG_GUARD }, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), "blockzero-guide-"));
  const started: Running[] = [];
  t.after(async () => {
    await Promise.all(started.map((running) => running.stop("SIGKILL")));
    rmSync(cwd, { recursive: true, force: true });
  });
  const place = surroundings(cwd);
  const env: Record<string, string> = { ...place.env };
  const run = async (command: string): Promise<string> => {
    t.diagnostic(command);
    const { status, stdout, stderr } = await runShell(command, { cwd, env });
    assert.equal(status, 0, `${command}: ${stderr}`);
    return stdout;
  };
  const launch = (command: string): Running => {
    t.diagnostic(command);
    const running = startShell(command, { cwd, env });
    started.push(running);
    return running;
  };
  const steps = guide();
  const commandsOf = (step: number): readonly string[] => steps.get(step) ?? assert.fail(`no step ${step}`);

  const [setup, nodeCommand, ...wallets] = commandsOf(1);
  assert.equal(setup, "npm run setup");
  const node = launch(nodeCommand!.replace(/--runtime \S+/, `--runtime "${runtimeFile()}" --port 0`));
  const [, endpoint] = await node.said(/^endpoint +(ws:\S+)$/m);
  const [, key] = await node.said(/^drand\.public_key +([0-9a-f]{192})$/m);
  env.BLOCKZERO_CHAIN_ENDPOINT = endpoint!;
  const [exported, ...making] = wallets;
  for (const [, name, value] of exported!.matchAll(/(\w+)=(\S+)/g)) env[name!] = value!;
  for (const command of making) await run(command);

  const said = new Map<number, string>();
  for (const step of [2, 3, 4, 5])
    for (const command of commandsOf(step)) said.set(step, (said.get(step) ?? "") + (await run(command)));
  assert.match(said.get(2)!, /^subnet +2$/m);
  assert.match(said.get(3)!, /^started +at block \d+$/m);
  assert.match(said.get(4)!, /^weights +under a timelock/m);
  assert.match(said.get(5)!, /^paid +10000 tokens\nstake +9\d\d\.\d+ in the subnet's own token$/m);

  const [template, genesis, publish, validate, mine, show] = commandsOf(6);
  await run(template!);
  assert.match(await run(genesis!), /^first cycle +\d+$/m);
  await launch(publish!).said(/^serving +http:/m);
  const validator = launch(validate!.replace("KEY", key!));
  const miner = launch(mine!);
  await Promise.all([validator.said(/ joined .*uid=1 /), miner.said(/ joined .*uid=2 /)]);
  await miner.said(/ revealed {2}cycle=\d+ /);
  await validator.said(/ set weights {2}cycle=\d+ weights="[^"]*\b2:[1-9]/);
  await validator.said(/ weights were opened /);
  await run(show!);

  // The epoch after the one that opened them pays at the latest.
  for (;;) {
    const { neurons } = neuronsSchema.parse(JSON.parse(await run(`${show} --json`)));
    const paid = neurons.find(({ uid }) => uid === 2);
    if (!paid || paid.incentive === 0) continue;
    assert.ok(BigInt(paid.emission) > 0n, "emission");
    break;
  }
  for (const program of [miner, validator]) assert.equal((await program.stop()).status, 0);
});
