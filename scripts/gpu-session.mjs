// Everything that a few minutes on a machine with a graphics card are for, in one run: `blockzero gpu doctor` with the device's self-check, then train
// steps beside PyTorch eager and compiled. It ends within its minutes and writes what it has as one JSON file, the ratios to PyTorch in front.
//
//     node scripts/gpu-session.mjs --python venv/bin/python --packages ~/.blockzero/cuda
//     node scripts/gpu-session.mjs --device cpu --case forward --steps 20 --no-compiled     what can be tried without a card
//
// --packages is a folder of Python packages (pip install --target) with onnxruntime-gpu and NVIDIA's wheels: the provider is copied beside
// onnxruntime-node's libraries where it lacks, and NVIDIA's folders go into LD_LIBRARY_PATH.
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    device: { type: "string", default: "cuda" },
    minutes: { type: "string", default: "12" },
    out: { type: "string", default: "gpu-session.json" },
    python: { type: "string", multiple: true, default: [] },
    packages: { type: "string" },
    case: { type: "string", multiple: true, default: ["shard", "full", "forward"] },
    steps: { type: "string", default: "40" },
    "no-compiled": { type: "boolean", default: false },
  },
});

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const started = Date.now();
const deadline = started + 60_000 * Number(options.minutes);
const scratch = mkdtempSync(join(tmpdir(), "blockzero-gpu-"));
const found = { device: options.device, startedAt: new Date(started).toISOString(), ratios: [], stages: [] };
const save = () => writeFileSync(resolve(options.out), `${JSON.stringify(found, null, 2)}\n`);

/** Libraries of a folder of packages: the provider beside the runtime, the others on the loader's path. */
const withLibraries = () => {
  if (options.packages === undefined) return process.env;
  const packages = resolve(options.packages);
  const bin = join(dirname(createRequire(join(root, "package.json")).resolve("onnxruntime-node/package.json")), "bin");
  const runtime = join(
    bin,
    readdirSync(bin).find((name) => name.startsWith("napi-")),
    process.platform,
    process.arch,
  );
  for (const name of ["libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"]) {
    const provider = join(packages, "onnxruntime", "capi", name);
    if (existsSync(provider) && !existsSync(join(runtime, name))) copyFileSync(provider, join(runtime, name));
  }
  const nvidia = join(packages, "nvidia");
  const folders = existsSync(nvidia) ? readdirSync(nvidia).map((name) => join(nvidia, name, "lib")) : [];
  const path = [...folders.filter((folder) => existsSync(folder)), process.env.LD_LIBRARY_PATH ?? ""].join(":");
  return { ...process.env, LD_LIBRARY_PATH: path };
};
const env = withLibraries();

/** The stage that runs: its process. */
let running;
// A stage is in a session of its own, which the terminal's Ctrl-C does not reach: nothing may stay on the card.
for (const [name, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
])
  process.once(name, () => {
    running?.stop();
    rmSync(scratch, { recursive: true, force: true });
    save();
    process.exit(status);
  });

/** Runs one stage until it ends, or its share of the time that is left is over. Gives what it printed. */
const stage = (name, share, program, ...args) =>
  new Promise((resolve) => {
    const begun = Date.now();
    const left = Math.max(1_000, share * (deadline - begun));
    console.log(`── ${name}, at most ${Math.round(left / 1000)} s`);
    const child = spawn(process.execPath, [join(root, "dist", program), ...args], {
      cwd: root,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part) => {
      text += part;
      process.stdout.write(part);
    });
    const stop = () => process.kill(-child.pid, "SIGKILL");
    const timer = setTimeout(stop, left);
    running = { stop };
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      running = undefined;
      found.stages.push({ name, status: signal ?? code, seconds: Math.round((Date.now() - begun) / 1000) });
      save();
      resolve(text);
    });
  });

const jsonIn = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** A bench of steps; its file is there after each case, whatever becomes of the next. */
const bench = async (name, share, ...flags) => {
  const file = join(scratch, `${name}.json`);
  const cases = options.case.flatMap((each) => ["--case", each]);
  const pythons = options.python.flatMap((each) => ["--python", each]);
  const all = ["--device", options.device, "--steps", options.steps, ...cases, ...pythons, ...flags, "--json", file];
  await stage(name, share, "bench/main.js", "step", ...all);
  const figures = existsSync(file) ? jsonIn(readFileSync(file, "utf8")) : null;
  found[name] = figures;
  for (const { name: of, ours, peers } of figures?.cases ?? [])
    for (const peer of peers) {
      const { version, mode, ratio, lossesAgree } = peer;
      const row = {
        case: of,
        peer: `PyTorch ${version}`,
        mode,
        ratio,
        ours: ours.median,
        theirs: peer.median,
        lossesAgree,
      };
      if (!found.ratios.some((other) => other.case === of && other.peer === row.peer && other.mode === mode))
        found.ratios.push(row);
    }
  save();
};

try {
  const packages = options.packages === undefined ? [] : ["--packages", options.packages];
  found.doctor = jsonIn(await stage("doctor", 0.3, "cli/main.js", "gpu", "doctor", "--json", ...packages));
  // The shares are of what is left; the compiled peer takes minutes to begin, so the eager one has its figures first.
  await bench("eager", options["no-compiled"] ? 0.95 : 0.5, "--no-compiled");
  if (!options["no-compiled"]) await bench("compiled", 0.95);
} finally {
  rmSync(scratch, { recursive: true, force: true });
  save();
}
for (const { case: of, peer, mode, ratio } of found.ratios) console.log(`${of}: ${ratio.toFixed(2)} × ${peer} ${mode}`);
console.log(`written to ${resolve(options.out)} after ${Math.round((Date.now() - started) / 1000)} s`);
process.exitCode = found.ratios.length > 0 ? 0 : 1;
