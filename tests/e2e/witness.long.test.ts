import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeLived } from "./lived.js";
import { type LocalnetRun, startLocalnet } from "./localnet-run.js";

const LOCALNET = "configs/localnet";
const CYCLES = 2;
const GROUPS = ["math", "prose"];

/** The localnet's network file with trainings of the validators' own: short, since all run on one machine. */
const templateIn = (folder: string): string => {
  cpSync(LOCALNET, folder, { recursive: true });
  const path = join(folder, "network.yaml");
  const witness = "witness: { steps: 4, batch_size: 2, learning_rate: 1.0e-3 }";
  writeFileSync(path, readFileSync(path, "utf8").replace(/^scoring:$/m, `scoring:\n  ${witness}`));
  return path;
};

const live = async (pace: readonly string[]): Promise<LocalnetRun> => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-witness-"));
  try {
    const network = ["--network", templateIn(folder)];
    const run = startLocalnet("--cycles", `${CYCLES}`, "--seed", "7", ...network, ...pace);
    assert.equal(await run.ended, 0, run.said());
    return run;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

describeLived<{ readonly run: LocalnetRun }>(
  "a localnet whose validators train too",
  async (pace) => ({ run: await live(pace) }),
  {
    "has two trainings a group of each validator in every cycle, and nobody is left out for them": ({ run }) => {
      for (const name of ["validator-1", "validator-2"]) {
        const lines = run
          .logs()
          [name]!.split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as { msg: string; cycle: number; group: string; witness: number });
        const trained = lines.filter(({ msg }) => msg === "trained a witness");
        for (let cycle = 1; cycle <= CYCLES; cycle++)
          for (const group of GROUPS)
            assert.deepEqual(
              trained.filter((line) => line.cycle === cycle && line.group === group).map(({ witness }) => witness),
              [0, 1],
              `${name}, cycle ${cycle}, ${group}`,
            );
      }
      const { behaviours, cycles } = run.result();
      for (const { miners, validatorsAgree } of cycles) {
        assert.ok(validatorsAgree);
        for (const { uid, verdict, weight } of miners.filter(({ uid }) => behaviours[uid] === "honest"))
          assert.deepEqual([verdict, weight > 0], ["scored", true], `uid ${uid}`);
      }
    },
  },
);
