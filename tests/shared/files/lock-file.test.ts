import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { holdHome, lockHome } from "#shared/files/home-lock.js";
import { type LockSurroundings, TOUCH_MS, tryLock, UNTOUCHED_MS } from "#shared/files/lock-file.js";
import { coded } from "#tests/support/coded.js";
import { temporaryFolder } from "../artifact/temporary.js";

const HERE = { host: "here", boot: "b", pidNamespace: "pid:[1]" };
const ELSEWHERE = [
  { ...HERE, host: "there" },
  { ...HERE, boot: "c" },
  { ...HERE, pidNamespace: "pid:[2]" },
];

const ignored = () => {};

/** Surroundings whose file system and timers go by a clock of ours. */
const surroundings = (file: string) => {
  let now = Date.now();
  const timers = new Set<() => void>();
  const at = (place: LockSurroundings["place"]): LockSurroundings => ({
    place,
    write: writeFileSync,
    fileTime: () => now,
    every: (ms, run) => {
      assert.equal(ms, TOUCH_MS);
      timers.add(run);
      return () => timers.delete(run);
    },
    startOf: () => "1",
  });
  return {
    at,
    pass: (ms: number) => {
      now += ms;
    },
    /** A written file gets the date of its file system. */
    touch: () => {
      for (const run of timers) run();
      utimesSync(file, now / 1000, now / 1000);
    },
    timers,
  };
};

describe("a lock whose holder is of another container, machine or boot", () => {
  for (const other of ELSEWHERE)
    it(`is refused while it is touched, and taken over when it is not: ${JSON.stringify(other)}`, (t) => {
      const file = join(temporaryFolder(t), "lock");
      const { at, pass, touch, timers } = surroundings(file);
      const first = tryLock(file, ignored, at(HERE));
      assert.ok(first.isHeld);
      touch();
      for (let second = 0; second < 3; second++) {
        pass(UNTOUCHED_MS - 1);
        const refused = tryLock(file, ignored, at(other));
        assert.ok(!refused.isHeld);
        assert.equal(refused.holder.pid, process.pid);
        assert.equal(refused.holder.elsewhere?.host, "here");
        touch();
      }
      timers.clear();
      pass(UNTOUCHED_MS + 1000);
      const taken = tryLock(file, ignored, at(other));
      assert.ok(taken.isHeld);
      // What was taken over is not its first holder's to let go.
      first.release();
      assert.equal(JSON.parse(readFileSync(file, "utf8")).host, other.host);
      taken.release();
      assert.deepEqual(readdirSync(join(file, "..")), []);
    });

  it("of a file that cannot be read as well", (t) => {
    const file = join(temporaryFolder(t), "lock");
    writeFileSync(file, "");
    const { at, pass } = surroundings(file);
    assert.ok(!tryLock(file, ignored, at(HERE)).isHeld);
    pass(UNTOUCHED_MS + 1000);
    const taken = tryLock(file, ignored, at(HERE));
    assert.ok(taken.isHeld);
    taken.release();
  });
});

describe("a holder that stood still", () => {
  it("is told once that its lock was taken over, and lets the other's alone", (t) => {
    const file = join(temporaryFolder(t), "lock");
    const { at, pass, touch, timers } = surroundings(file);
    let lost = 0;
    const first = tryLock(file, () => lost++, at(HERE));
    assert.ok(first.isHeld);
    touch();
    assert.deepEqual([lost, first.isKept()], [0, true]);
    pass(UNTOUCHED_MS + 1000);
    const taken = tryLock(file, ignored, at(ELSEWHERE[0]!));
    assert.ok(taken.isHeld);
    assert.deepEqual([first.isKept(), taken.isKept()], [false, true]);
    for (let again = 0; again < 2; again++) touch();
    assert.deepEqual([lost, timers.size], [1, 1]);
    first.release();
    assert.ok(taken.isKept());
    taken.release();
  });

  it("is told once that its lock is gone, since another may have held it meanwhile", (t) => {
    const file = join(temporaryFolder(t), "lock");
    const { at, timers } = surroundings(file);
    let lost = 0;
    const first = tryLock(file, () => lost++, at(HERE));
    assert.ok(first.isHeld);
    const claim = readFileSync(file);
    const pass = () => {
      for (const run of timers) run();
    };
    // For a moment it is gone while another process looks at it, and it may be just being written.
    for (const text of ["", claim]) {
      rmSync(file);
      pass();
      writeFileSync(file, text);
      pass();
    }
    rmSync(file);
    pass();
    assert.equal(lost, 0);
    for (let again = 0; again < 2; again++) pass();
    assert.deepEqual([lost, timers.size], [1, 0]);
    first.release();
  });

  it("loses its home with a coded error, which work may also ask for", (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const home = temporaryFolder(t);
    const lost: unknown[] = [];
    const held = holdHome(home, (error) => lost.push(error));
    t.after(held.release);
    held.check();
    writeFileSync(join(home, "lock"), "another's");
    assert.throws(held.check, coded("HOME_IN_USE", /was taken over/));
    t.mock.timers.tick(TOUCH_MS);
    assert.equal(lost.length, 1);
    assert.ok(coded("HOME_IN_USE", /was taken over/)(lost[0]));
  });
});

describe("a lock whose holder has ended, and is not reaped by its parent", {
  skip: process.platform !== "linux",
}, () => {
  it("is free", async (t) => {
    // The shell becomes a program that does not look after the child which it has begun. Until then the child lives: a shell may look after it.
    const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    t.after(() => parent.kill());
    const [line] = await once(parent.stdout, "data");
    const pid = Number(line);
    while (readFileSync(`/proc/${parent.pid}/comm`, "utf8").trim() !== "sleep") await nextTurn();
    process.kill(pid, "SIGKILL");
    const stateOf = () => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
    while (stateOf() !== "Z") await nextTurn();
    const file = join(temporaryFolder(t), "lock");
    const { at } = surroundings(file);
    writeFileSync(file, JSON.stringify({ pid, started: "1", ...HERE }));
    const held = tryLock(file, ignored, at(HERE));
    assert.ok(held.isHeld);
    held.release();
  });
});

describe("a lock whose holder lives, and hides its start from this user", () => {
  it("is refused while it is touched, and taken over when it is not", (t) => {
    const file = join(temporaryFolder(t), "lock");
    const { at, pass } = surroundings(file);
    writeFileSync(file, JSON.stringify({ pid: process.ppid, started: "8123", ...HERE }));
    const hidden = { ...at(HERE), startOf: (pid: number) => (pid === process.pid ? "1" : null) };
    const refused = tryLock(file, ignored, hidden);
    assert.ok(!refused.isHeld);
    assert.equal(refused.holder.pid, process.ppid);
    assert.equal(refused.holder.elsewhere?.host, "here");
    pass(UNTOUCHED_MS + 1000);
    const taken = tryLock(file, ignored, hidden);
    assert.ok(taken.isHeld);
    taken.release();
  });

  it("is taken over at once where the start is told, and another's", (t) => {
    const file = join(temporaryFolder(t), "lock");
    writeFileSync(file, JSON.stringify({ pid: process.ppid, started: "8123", ...HERE }));
    const taken = tryLock(file, ignored, surroundings(file).at(HERE));
    assert.ok(taken.isHeld);
    taken.release();
  });
});

it("a holder touches its lock by writing, so that the file system dates it", (t) => {
  const file = join(temporaryFolder(t), "lock");
  let touch = () => {};
  const attempt = tryLock(file, ignored, {
    place: HERE,
    write: writeFileSync,
    fileTime: () => 0,
    every: (_, run) => {
      touch = run;
      return () => {};
    },
    startOf: () => null,
  });
  assert.ok(attempt.isHeld);
  const claim = readFileSync(file, "utf8");
  utimesSync(file, 0, 0);
  touch();
  assert.equal(readFileSync(file, "utf8"), claim);
  writeFileSync(file, "another's");
  touch();
  attempt.release();
  assert.equal(readFileSync(file, "utf8"), "another's");
});

it("a claim that a full disk cut off does not stay, as nobody's", (t) => {
  const file = join(temporaryFolder(t), "lock");
  const { at } = surroundings(file);
  const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  const write = () => {
    throw full;
  };
  assert.throws(() => tryLock(file, ignored, { ...at(HERE), write }), full);
  assert.deepEqual(readdirSync(join(file, "..")), []);
  const claimed = tryLock(file, ignored, at(HERE));
  assert.ok(claimed.isHeld);
  claimed.release();
});

const unshare = ["--pid", "--fork", "--mount-proc"];
const canUnshare = process.platform === "linux" && spawnSync("unshare", [...unshare, "true"]).status === 0;

it("a process in a namespace of its own, where every process id is another's, finds the home in use", {
  skip: canUnshare ? false : "this user cannot make a namespace of process ids",
}, (t) => {
  const home = temporaryFolder(t);
  const unlock = lockHome(home, ignored);
  t.after(unlock);
  const module = new URL("../../../shared/files/home-lock.js", import.meta.url).href;
  const script = `import(${JSON.stringify(module)}).then(({ lockHome }) => lockHome(${JSON.stringify(home)}, () => {})).catch((e) => { console.log(e.code, e.message); });`;
  const { stdout } = spawnSync("unshare", [...unshare, process.execPath, "-e", script], { encoding: "utf8" });
  assert.match(
    stdout,
    new RegExp(`^HOME_IN_USE .* process ${process.pid} of another container, machine, boot or user`),
  );
  assert.throws(() => lockHome(home, ignored), coded("HOME_IN_USE", new RegExp(`by process ${process.pid}$`)));
});
