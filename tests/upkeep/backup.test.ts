import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { lockHome } from "#shared/files/home-lock.js";
import { makeBackup } from "#upkeep/backup/backup.js";
import { copyFileDurably } from "#upkeep/backup/copy-file.js";
import { restoreBackup } from "#upkeep/backup/restore.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { coded } from "../support/coded.js";

const ADDRESS = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const OTHER = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const now = () => new Date(0);

/** A checkpoint_dir with one home: what must be kept, and what need not. */
const home = async (t: TestContext) => {
  const root = temporaryFolder(t);
  const checkpointDir = join(root, "checkpoints");
  const own = join(checkpointDir, ADDRESS);
  const state = join(own, "0badcafe");
  mkdirSync(join(state, "receipts"), { recursive: true });
  mkdirSync(join(state, "training", "replica-0"), { recursive: true });
  mkdirSync(join(state, "witnesses"), { recursive: true });
  writeFileSync(join(state, "witnesses", "3-0badcafe-math-0.safetensors"), "known to nobody else");
  mkdirSync(join(own, "dry-run"), { recursive: true });
  mkdirSync(join(own, "evaluator", "model"), { recursive: true });
  writeFileSync(join(own, "evaluator", "model", "model.safetensors"), "large");
  writeFileSync(join(checkpointDir, "metrics.jsonl"), "{}\n");
  const run = join(checkpointDir, "wandb", "miner-7-w-ann");
  mkdirSync(join(run, "run.json.d"), { recursive: true });
  for (const file of ["run.json", "history.jsonl", "run.json.new", join("run.json.d", "run.json")])
    writeFileSync(join(run, file), "{}");
  writeFileSync(join(state, "receipts", "cycle-1.json"), "{}");
  writeFileSync(join(state, "training", "replica-0", "step-1.safetensors"), "large");
  writeFileSync(join(own, "dry-run", "port"), "1");
  writeFileSync(join(own, "port"), "4711");
  const store = directoryStore(join(own, "blobs"));
  const mine = await store.put(Buffer.from("an update"));
  await store.put(Buffer.from("a model that others have too"));
  writeFileSync(join(state, "miner.json"), JSON.stringify({ cycles: { 3: { artifact: mine } } }));
  return { root, checkpointDir, own, state, mine, out: join(root, "backup") };
};

const kept = ({ mine }: { readonly mine: string }) => [
  "metrics.jsonl",
  "wandb/miner-7-w-ann/history.jsonl",
  "wandb/miner-7-w-ann/run.json",
  `${ADDRESS}/0badcafe/miner.json`,
  `${ADDRESS}/0badcafe/receipts/cycle-1.json`,
  `${ADDRESS}/blobs/${mine.slice(0, 2)}/${mine}`,
  `${ADDRESS}/port`,
];

describe("a backup", () => {
  it("holds what cannot be made again, and is restored elsewhere as it was", async (t) => {
    const made = await home(t);
    const manifest = await makeBackup({ ...made, version: "1.2.3", now });
    assert.deepEqual(
      manifest.files.map(({ path }) => path),
      kept(made),
    );
    assert.deepEqual(
      [manifest.hotkeys, manifest.made, manifest.blockzero],
      [[ADDRESS], "1970-01-01T00:00:00.000Z", "1.2.3"],
    );
    const elsewhere = join(made.root, "elsewhere");
    // Another program's run stays, and this one comes beside it.
    mkdirSync(join(elsewhere, "wandb", "other"), { recursive: true });
    await restoreBackup({ from: made.out, checkpointDir: elsewhere });
    for (const path of kept(made))
      assert.deepEqual(readFileSync(join(elsewhere, path)), readFileSync(join(made.checkpointDir, path)));
    assert.ok(!existsSync(join(elsewhere, ADDRESS, "lock")));
    lockHome(join(elsewhere, ADDRESS), () => {})();
  });

  it("holds what the store elsewhere does not have yet", async (t) => {
    const made = await home(t);
    const waiting = await directoryStore(join(made.own, "blobs")).put(Buffer.from("a model's tensors"));
    const queue = { pending: [waiting], mark: "7d0a1c52-6a3e-4c0e-9f7e-1f0a5f0c1b2d" };
    writeFileSync(join(made.own, "archive.json"), JSON.stringify(queue));
    const paths = (await makeBackup({ ...made, version: "1", now })).files.map(({ path }) => path);
    const more = [`${ADDRESS}/archive.json`, `${ADDRESS}/blobs/${waiting.slice(0, 2)}/${waiting}`];
    assert.deepEqual([...paths].sort(), [...kept(made), ...more].sort());
  });

  it("is not made of a home in use, nor over something, nor of nothing", async (t) => {
    const made = await home(t);
    const release = lockHome(made.own, () => {});
    await assert.rejects(makeBackup({ ...made, version: "1", now }), coded("HOME_IN_USE"));
    release();
    assert.ok(!existsSync(made.out));
    mkdirSync(made.out);
    await assert.rejects(makeBackup({ ...made, version: "1", now }), coded("BACKUP_EXISTS"));
    const nothing = { checkpointDir: join(made.root, "none"), out: join(made.root, "other"), version: "1", now };
    await assert.rejects(makeBackup(nothing), coded("BACKUP_EMPTY"));
  });

  it("is not made where it could not be restored", async (t) => {
    const made = await home(t);
    writeFileSync(join(made.own, "my notes"), "");
    await assert.rejects(makeBackup({ ...made, version: "1", now }), coded("BACKUP_INVALID", /my notes/));
    rmSync(join(made.own, "my notes"));
    await assert.rejects(makeBackup({ ...made, version: "1".repeat(65), now }), coded("BACKUP_INVALID"));
    assert.deepEqual(readdirSync(made.root), ["checkpoints"]);
  });

  it("holds a home that is a link to another disk, and is not made where a link within would be left out", async (t) => {
    const made = await home(t);
    const larger = join(made.root, "larger");
    mkdirSync(larger);
    writeFileSync(join(larger, "port"), "4712");
    symlinkSync(larger, join(made.checkpointDir, OTHER));
    const paths = (await makeBackup({ ...made, version: "1", now })).files.map(({ path }) => path);
    assert.deepEqual(
      paths.filter((path) => path.startsWith(OTHER)),
      [`${OTHER}/port`],
    );

    // Where these lead to is of no matter: they are left out.
    symlinkSync(larger, join(made.state, "training", "replica-1"));
    symlinkSync(larger, join(larger, "blobs"));
    const out = join(made.root, "again");
    assert.equal((await makeBackup({ ...made, out, version: "1", now })).files.length, paths.length);
    const attempt = () => makeBackup({ ...made, out: join(made.root, "third"), version: "1", now });
    for (const [target, link] of [
      [join(larger, "port"), join(made.state, "intentions.json")],
      [join(made.root, "nothing"), join(made.state, "intentions.json")],
      [made.state, join(made.own, "1badcafe")],
      [join(made.checkpointDir, "wandb", "miner-7-w-ann"), join(made.checkpointDir, "wandb", "miner-7-w-bob")],
    ] as const) {
      symlinkSync(target, link);
      await assert.rejects(attempt, coded("BACKUP_INVALID", /is a link/), link);
      rmSync(link);
    }
    await attempt();
  });

  it("passes over what a disk's file system keeps for itself", async (t) => {
    const made = await home(t);
    const disk = join(made.root, "disk");
    const kept = [join(disk, "lost+found"), join(disk, "blobs", "lost+found")];
    for (const folder of kept) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "#131"), "");
      chmodSync(folder, 0);
    }
    try {
      symlinkSync(disk, join(made.checkpointDir, OTHER));
      rmSync(join(made.own, "blobs"), { recursive: true });
      symlinkSync(join(disk, "blobs"), join(made.own, "blobs"));
      const paths = (await makeBackup({ ...made, version: "1", now })).files.map(({ path }) => path);
      assert.deepEqual(
        paths.filter((path) => path.includes("lost+found")),
        [],
      );
      assert.ok(paths.includes(`${ADDRESS}/port`));
    } finally {
      for (const folder of kept) chmodSync(folder, 0o700);
    }
  });

  it("touches nothing beside it", async (t) => {
    const made = await home(t);
    const beside = join(`${made.out}.tmp`, "mine");
    mkdirSync(`${made.out}.tmp`);
    writeFileSync(beside, "");
    await makeBackup({ ...made, version: "1.2.3", now });
    assert.ok(existsSync(beside));
    assert.deepEqual(readdirSync(made.root).sort(), ["backup", "backup.tmp", "checkpoints"]);
  });

  it("is not restored where a home is, or lives", async (t) => {
    const made = await home(t);
    await makeBackup({ ...made, version: "1", now });
    const { checkpointDir, out: from } = made;
    await assert.rejects(restoreBackup({ from, checkpointDir }), coded("RESTORE_OCCUPIED"));
    const elsewhere = join(made.root, "elsewhere");
    const run = join(elsewhere, "wandb", "miner-7-w-ann");
    mkdirSync(run, { recursive: true });
    await restoreBackup({ from, checkpointDir: elsewhere });
    assert.deepEqual(readdirSync(run), []);
    rmSync(join(elsewhere, ADDRESS), { recursive: true });
    const release = lockHome(join(elsewhere, ADDRESS), () => {});
    await assert.rejects(restoreBackup({ from, checkpointDir: elsewhere }), coded("HOME_IN_USE"));
    release();
  });

  it("is not restored over a disk's root", { skip: process.platform !== "linux" }, async (t) => {
    const made = await home(t);
    await makeBackup({ ...made, version: "1", now });
    const elsewhere = join(made.root, "elsewhere");
    mkdirSync(elsewhere);
    symlinkSync("/proc", join(elsewhere, ADDRESS));
    const attempt = restoreBackup({ from: made.out, checkpointDir: elsewhere });
    await assert.rejects(attempt, coded("RESTORE_OCCUPIED", /is a disk of its own/));
    assert.deepEqual(readdirSync(elsewhere), [ADDRESS]);
  });

  it("is given to the user whose checkpoint_dir it comes into", async (t) => {
    const made = await home(t);
    await makeBackup({ ...made, version: "1", now });
    const elsewhere = join(made.root, "elsewhere");
    mkdirSync(elsewhere);
    const given = new Map<number, string>();
    await restoreBackup({
      from: made.out,
      checkpointDir: elsewhere,
      give: (path) => given.set(statSync(path).ino, path),
    });
    const there = readdirSync(elsewhere, { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      there.filter((path) => !given.has(statSync(join(elsewhere, path)).ino)),
      [],
    );

    if (process.getuid?.() !== 0) return t.diagnostic("only root gives files away");
    const others = join(made.root, "others");
    mkdirSync(others);
    chownSync(others, 12_345, 12_346);
    await restoreBackup({ from: made.out, checkpointDir: others });
    for (const path of readdirSync(others, { recursive: true, encoding: "utf8" })) {
      const { uid, gid } = statSync(join(others, path));
      assert.deepEqual([uid, gid], [12_345, 12_346], path);
    }
  });

  it("is restored whole or not at all, and again after a fault or a kill", async (t) => {
    const made = await home(t);
    const { files } = await makeBackup({ ...made, version: "1", now });
    const elsewhere = join(made.root, "elsewhere");
    for (const { path: last } of files) {
      const copy = async (from: string, to: string) => {
        if (from.endsWith(last)) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
        await copyFileDurably(from, to);
      };
      await assert.rejects(
        restoreBackup({ from: made.out, checkpointDir: elsewhere, copy }),
        coded("FILE_UNWRITABLE", /no space left/),
        last,
      );
      assert.deepEqual(readdirSync(elsewhere), [], last);
    }
    // What a restore that was killed leaves: a part of a home, under no hotkey's name.
    mkdirSync(join(elsewhere, `.restore-${ADDRESS}`, "0badcafe"), { recursive: true });
    writeFileSync(join(elsewhere, `.restore-${ADDRESS}`, "0badcafe", "rubbish"), "");
    await restoreBackup({ from: made.out, checkpointDir: elsewhere });
    for (const path of kept(made))
      assert.deepEqual(readFileSync(join(elsewhere, path)), readFileSync(join(made.checkpointDir, path)));
    assert.deepEqual(readdirSync(elsewhere).sort(), [ADDRESS, "metrics.jsonl", "wandb"].sort());
    assert.ok(!existsSync(join(elsewhere, ADDRESS, "0badcafe", "rubbish")));
  });

  it("is neither made nor restored in a home that another process took over meanwhile", async (t) => {
    const made = await home(t);
    await makeBackup({ ...made, version: "1", now });
    const elsewhere = join(made.root, "elsewhere");
    const lock = join(elsewhere, ADDRESS, "lock");
    const copy = async (from: string, to: string) => {
      await copyFileDurably(from, to);
      writeFileSync(lock, "another's");
    };
    await assert.rejects(
      restoreBackup({ from: made.out, checkpointDir: elsewhere, copy }),
      coded("HOME_IN_USE", /was taken over/),
    );
    assert.deepEqual(readdirSync(join(elsewhere, ADDRESS)), ["lock"]);
    assert.deepEqual(readdirSync(elsewhere), [ADDRESS]);
    const makes = makeBackup({ ...made, out: join(made.root, "again"), version: "1", now });
    writeFileSync(join(made.own, "lock"), "another's");
    await assert.rejects(makes, coded("HOME_IN_USE", /was taken over/));
    assert.ok(!existsSync(join(made.root, "again")));
  });

  it("is refused as a whole where a file is missing, changed, or leads elsewhere", async (t) => {
    const made = await home(t);
    await makeBackup({ ...made, version: "1", now });
    const elsewhere = join(made.root, "elsewhere");
    const attempt = () => restoreBackup({ from: made.out, checkpointDir: elsewhere });
    const port = join(made.out, "files", ADDRESS, "port");
    appendFileSync(port, "!");
    await assert.rejects(attempt, coded("BACKUP_INVALID", /is not what was backed up$/));
    rmSync(port);
    await assert.rejects(attempt, coded("BACKUP_INVALID", /is missing$/));
    symlinkSync(join(made.own, "port"), port);
    await assert.rejects(attempt, coded("BACKUP_INVALID"));
    assert.ok(!existsSync(elsewhere));
    const list = join(made.out, "backup.json");
    const manifest = JSON.parse(readFileSync(list, "utf8"));
    for (const path of [
      "../evil",
      `${ADDRESS}/../../evil`,
      "/etc/passwd",
      "other/file",
      "wandb/run.json",
      "wandb/../run.json",
      "wandb/a/b",
      `${ADDRESS}/a\\b`,
    ]) {
      writeFileSync(list, JSON.stringify({ ...manifest, files: [{ ...manifest.files[0], path }] }));
      await assert.rejects(attempt, coded("BACKUP_INVALID", /is not a backup/), path);
    }
    assert.deepEqual(readdirSync(made.root).sort(), ["backup", "checkpoints"]);
  });
});
