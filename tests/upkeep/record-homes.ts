// Records what a miner and a validator of this version leave behind after two cycles, in tests/homes/VERSION, for homes.long.test.ts:
//   node --test dist/tests/upkeep/record-homes.js
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { it } from "node:test";
import { packageInfo } from "#shared/cli/package-info.js";
import { isIrreplaceable } from "#upkeep/backup/what-stays.js";
import { liveThrough, openPrograms } from "../support/programs.js";
import { openSubnet } from "../support/subnet.js";

it("records homes", async (t) => {
  const subnet = await openSubnet(t);
  const programs = await openPrograms(t, subnet);
  for (const name of programs.names) await programs.start(name);
  for (const cycle of [1, 2]) await liveThrough(subnet, programs, cycle);
  for (const name of programs.names) await programs.kill(name);
  for (const name of ["ann", "vera"]) {
    const home = join(subnet.home, name, subnet.signer(name).address);
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const file of files) {
      const path = relative(home, join(file.parentPath, file.name));
      const to = join("tests/homes", packageInfo.version, name, path.replace(/^[0-9a-f]{8}(?=\/)/, "state"));
      if (!isIrreplaceable(path)) continue;
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(join(home, path), to);
    }
  }
});
