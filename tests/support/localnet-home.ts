import { copyFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { liveThrough, MINERS, openPrograms } from "./programs.js";
import { openSubnet, type Subnet, type SubnetOptions } from "./subnet.js";

/** Lays a subnet's chain and files out as a localnet's home has them. */
export const localnetHome = (subnet: Subnet, home: string): void => {
  mkdirSync(join(home, "chain"), { recursive: true });
  copyFileSync(join(subnet.home, "chain", "blocks.jsonl"), join(home, "chain", "blocks.jsonl"));
  writeFileSync(join(home, "chain-genesis.json"), JSON.stringify(subnet.chainGenesis));
  cpSync(join(subnet.home, "owner"), join(home, "owner", "blobs"), { recursive: true });
  for (const name of readdirSync(subnet.home))
    if (!["chain", "owner", "wallets"].includes(name))
      cpSync(join(subnet.home, name), join(home, "players", name), { recursive: true });
};

/** A localnet's home in which two cycles were lived through by the real programs. */
export const livedHome = async (
  t: TestContext,
  options: Pick<SubnetOptions, "sealed" | "network"> = {},
): Promise<{ readonly home: string; readonly subnet: Subnet }> => {
  const home = temporaryFolder(t);
  const subnet = await openSubnet(t, { ...options, miners: MINERS });
  const programs = await openPrograms(t, subnet);
  for (const name of programs.names) await programs.start(name);
  for (const cycle of [1, 2]) await liveThrough(subnet, programs, cycle);
  await subnet.to(subnet.window(3, "distribute").end);
  for (const name of programs.names) await programs.kill(name);
  localnetHome(subnet, home);
  return { home, subnet };
};
