import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOMS } from "../rooms.js";
import { type Scope, temporaryFolder } from "../shared/artifact/temporary.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** What of Node's modules for networks, and of packages that know them, opens no connection; of what is in no entry everything may. */
const QUIET: Readonly<Record<string, readonly string[]>> = {
  "node:http": ["createServer"],
  "node:https": ["createServer"],
  "node:net": ["BlockList", "createServer", "isIP", "isIPv4", "isIPv6"],
  ws: ["WebSocketServer"],
};

/** Node's modules that can open a connection. */
const NETWORKS = /^node:(?:dgram|http|https|http2|net|tls)$/;

/** Packages that open none, as they are used here. */
const OFFLINE = new Set(
  `@hono/node-server @huggingface/jinja @huggingface/tokenizers @noble/curves @polkadot/keyring @polkadot/types
  @polkadot/types-codec @polkadot/util @polkadot/util-crypto @scure/sr25519 @tensorflow/tfjs-backend-wasm @tensorflow/tfjs-core
  canonicalize chart.js commander fastest-levenshtein franc-min hash-wasm hono hyparquet hyparquet-compressors onnxruntime-node
  pino prom-client protobufjs yaml zod`.split(/\s+/),
);

/** Names that are there without an import and open connections, and those by which all such names can be had. */
const GLOBALS = ["fetch", "WebSocket", "EventSource", "globalThis", "global"];

/** Who serves, or asks whether another process of this machine does, has no stranger for a counterpart; a page has its own server. */
const OTHERS = /^shared\/simulators\/|^signer\/listen\.ts$|\/page\//;

const tops = [...new Set(ROOMS.map(({ room }) => room.split("/")[0]!))];

/** Source files of programs that open a connection to somebody, or name a package that does. */
export const filesThatConnect = (scope: Scope): readonly string[] => {
  const files = tops.flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: "utf8" })
      .map((path) => join(top, path).replaceAll("\\", "/"))
      .filter((path) => path.endsWith(".ts")),
  );
  const importing = files.filter((file) => importsConnections(readFileSync(join(root, file), "utf8")));
  const found = new Set([...importing, ...filesThatUseGlobals(scope)]);
  return [...found].filter((file) => !OTHERS.test(file)).sort();
};

const IMPORT =
  /^(?:import|export) (?!type )((?:[\w$]+,? ?)?(?:\{[^}]*\}|\*(?: as [\w$]+)?)?) ?from "([^"]+)"|\b(?:import|require)\("([^"]+)"\)/gm;

const importsConnections = (source: string): boolean =>
  [...source.matchAll(IMPORT)].some(({ 1: bindings = "", 2: named, 3: called }) => {
    const module = (named ?? called)!;
    const [, name] = /^((?:@[^/]+\/)?[^/]+)/.exec(module) ?? [];
    const isOffline = module.startsWith("node:") ? !NETWORKS.test(module) : /^[#.]/.test(module) || OFFLINE.has(name!);
    return !isOffline && (called !== undefined || valuesOf(bindings).some((value) => !QUIET[module]?.includes(value)));
  });

/** Names of an import that are no types; one of a whole module is as it stands. */
const valuesOf = (bindings: string): readonly string[] =>
  bindings
    .replace(/[{}]/g, "")
    .split(",")
    .map((binding) => binding.trim())
    .filter((binding) => binding !== "" && !binding.startsWith("type "))
    .map((binding) => binding.replace(/ as .*/, ""));

/** The linter tells a global name from one that a file has given to something else. */
const filesThatUseGlobals = (scope: Scope): readonly string[] => {
  const config = join(temporaryFolder(scope), "biome.json");
  const denied = Object.fromEntries(GLOBALS.map((name) => [name, "opens a connection"]));
  const rule = { level: "error", options: { deniedGlobals: denied } };
  writeFileSync(config, JSON.stringify({ linter: { rules: { style: { noRestrictedGlobals: rule } } } }));
  const biome = join(root, "node_modules", "@biomejs", "biome", "bin", "biome");
  const output = ["--reporter=github", "--max-diagnostics=none"];
  const flags = [`--config-path=${config}`, "--only=style/noRestrictedGlobals", ...output];
  const { stdout } = spawnSync(process.execPath, [biome, "lint", ...flags, ...tops], { cwd: root, encoding: "utf8" });
  return [...stdout.matchAll(FINDING)].flatMap(({ 1: path, 2: line, 3: column }) => {
    const file = resolve(root, path!);
    const text = readFileSync(file, "utf8").split("\n")[Number(line) - 1]!;
    const [before, at] = [text.slice(0, Number(column) - 1), text.slice(Number(column) - 1)];
    // Of its type alone nothing is asked.
    const isOne = GLOBAL.test(at) && !before.endsWith("typeof ");
    return isOne ? [relative(root, file).replaceAll("\\", "/")] : [];
  });
};

const GLOBAL = new RegExp(`^(?:${GLOBALS.join("|")})\\b`);
const FINDING = /^::\w+ .*?noRestrictedGlobals,file=([^,]+),line=(\d+),.*?col=(\d+)/gm;
