import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { WebSocketServer } from "ws";
import { stringify } from "yaml";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { type BlobServer, startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { setCommitment } from "#shared/chain/call.js";
import { connectDevchain } from "#shared/chain/devchain/client.js";
import { createRandom } from "#shared/data/random.js";
import { lockHome } from "#shared/files/home-lock.js";
import { initialParameters } from "#shared/model/init.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { type Network, networkHash } from "#shared/protocol/network.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Signer } from "#shared/protocol/signer.js";
import { type DevchainServer, startDevchain } from "#shared/simulators/devchain/start.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { createHotkey, signerFromUri } from "#shared/wallet/index.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { type Program, run } from "./process.js";
import { smallNetwork } from "./small-network.js";

/** Subnets: one as it should be, one without a network file, one whose network file does not fit its genesis model. */
const GOOD = 1;
const UNPUBLISHED = 2;
const MISFIT = 3;
const API_KEY = "0123456789abcdef0123456789abcdef01234567";
const log = createLogger({ name: "test", level: "silent", format: "json" });

let folder: string;
let devchain: DevchainServer;
let blobServer: BlobServer;
let stranger: WebSocketServer;
let network: Network;
let miner: Signer;
let secrets: string[];
const undo: (() => unknown)[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  undo.push(() => rmSync(folder, { recursive: true }));
  const hotkey = (name: string) =>
    createHotkey(
      { path: join(folder, "wallets"), name: "demo", hotkey: name },
      { seed: createHash("sha256").update(name).digest() },
    );
  const owner = await hotkey("owner");
  miner = await hotkey("miner");
  await hotkey("nobody");
  secrets = ["owner", "miner", "nobody"].map((name) => createHash("sha256").update(name).digest("hex"));

  devchain = await startDevchain({
    home: join(folder, "chain"),
    genesis: {
      sudo: (await signerFromUri("//Bob")).address,
      subnets: [GOOD, UNPUBLISHED, MISFIT].map((netuid) => ({
        netuid,
        ownerHotkey: owner.address,
        neurons: [miner.address],
      })),
    },
    port: 0,
    blockTimeMs: 10,
  });
  undo.push(() => devchain.close());
  const store = directoryStore(join(folder, "blobs"));
  blobServer = await startBlobServer({ host: "127.0.0.1", port: 0, store, visible: () => true, log });
  undo.push(() => blobServer.close());
  const chain = await connectDevchain({ endpoint: devchain.endpoint });
  const announce = async (published: Network) => {
    await store.put(canonicalBytes(published));
    const hash = networkHash(published);
    const record = encodeRecord({ type: "network", network: shortHash(hash), hash, location: blobServer.url });
    await chain.submit(setCommitment(published.netuid, record), owner);
  };
  ({ network } = await storeGenesis(
    store,
    smallNetwork,
    initialParameters(smallNetwork.model, createRandom("bad input")),
  ));
  await announce(network);
  await announce({ ...network, netuid: MISFIT, model: { ...network.model, moe_intermediate_size: 32 } });
  await chain.setBlockTime(0);
  await chain.close();

  stranger = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  undo.push(() => stranger.close());
  stranger.on("connection", (socket) =>
    socket.on("message", (data) => {
      const { id } = JSON.parse(String(data)) as { id: number };
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } }));
    }),
  );
});

after(async () => {
  for (const action of undo.reverse()) await action();
});

/** Settings that are right for the good subnet. */
const settings = () => ({
  chain_endpoint: devchain.endpoint,
  netuid: GOOD,
  "wallet.name": "demo",
  "wallet.hotkey": "miner",
  "wallet.path": join(folder, "wallets"),
  // Cases run two at a time, with one hotkey.
  "wallet.keys_in_use": "keys-in-use",
  allow_private_addresses: true,
  expert_group: "math",
});

/** A folder of its own for a case, with a configuration file in it. */
const place = (config: object | string): { cwd: string; args: string[] } => {
  const cwd = mkdtempSync(join(folder, "case-"));
  writeFileSync(join(cwd, "config.yaml"), typeof config === "string" ? config : stringify(config));
  return { cwd, args: ["--config", "config.yaml"] };
};

interface Call {
  readonly program?: Program;
  readonly config?: object | string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program that must refuse, in one line that says what is wrong and what to do; returns the line. */
const refusal = async ({ program = "blockzero-miner", config = settings(), args = [], env = {} }: Call) => {
  const { cwd, args: configArgs } = place(config);
  return refusalIn(cwd, program, program === "blockzero" ? args : [...configArgs, ...args], env);
};

const refusalIn = async (cwd: string, program: Program, args: readonly string[], env = {}): Promise<string> => {
  // What the log says until then is another matter: that metrics are served, or which model is opened.
  const { status, stdout, stderr } = await run(program, args, { cwd, env: { BLOCKZERO_LOG_LEVEL: "error", ...env } });
  assert.equal(stdout, "");
  assert.match(stderr, /^✖ [A-Z][A-Z_]+ [^\n]+ → [^\n]+\n$/);
  assert.doesNotMatch(stderr, /\bat .+:\d+:\d+/);
  for (const secret of [...secrets, API_KEY]) assert.ok(!stderr.includes(secret));
  assert.equal(status, 2);
  return stderr.trimEnd();
};

const without = <T extends object>(value: T, key: keyof T) => {
  const { [key]: _, ...rest } = value;
  return rest;
};

describe("bad input is refused in one line", { concurrency: 2, timeout: HANG_GUARD }, () => {
  it("a missing key", async () => {
    const line = await refusal({ config: without(settings(), "expert_group") });
    assert.match(line, /^✖ CONFIG_MISSING_KEY expert_group is not set: .+ → add expert_group to the file/);
  });

  it("an unknown key, with the nearest name", async () => {
    const line = await refusal({ config: { ...settings(), learning_rte: 1 } });
    assert.match(
      line,
      /^✖ CONFIG_UNKNOWN_KEY config\.yaml:9: unknown key "learning_rte", did you mean "learning_rate"\?/,
    );
  });

  it("malformed YAML, with its place", async () => {
    assert.match(await refusal({ config: "wallet: [\n" }), /^✖ CONFIG_MALFORMED config\.yaml:2:1: /);
  });

  it("a configuration file that does not exist", async () => {
    const line = await refusal({ program: "blockzero-validator", args: ["--config", "nowhere.yaml"] });
    assert.match(line, /^✖ CONFIG_NOT_FOUND cannot read nowhere\.yaml: /);
  });

  it("a closed port, within seconds", async () => {
    const line = await refusal({ args: ["--chain_endpoint", "ws://127.0.0.1:9"] });
    assert.match(line, /^✖ CHAIN_UNREACHABLE no chain at ws:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/);
  });

  it("an endpoint that is no chain of ours", async () => {
    const { port } = stranger.address() as { port: number };
    const line = await refusal({ args: ["--chain_endpoint", `ws://127.0.0.1:${port}`] });
    assert.match(line, /^✖ NOT_A_DEVCHAIN ws:\/\/127\.0\.0\.1:\d+ does not speak as a devchain: Method not found/);
  });

  it("a hotkey that is not registered", async () => {
    const line = await refusal({ args: ["--wallet.hotkey", "nobody"] });
    assert.match(line, /^✖ HOTKEY_NOT_REGISTERED .+ → register it: blockzero register --netuid 1 /);
  });

  it("a subnet that does not exist", async () => {
    assert.match(await refusal({ args: ["--netuid", "77"] }), /SubNetworkDoesNotExist: subnet 77 does not exist/);
  });

  it("a wrong wallet path", async () => {
    const line = await refusal({ args: ["--wallet.path", "nowhere"] });
    assert.match(
      line,
      /^✖ WALLET_NOT_FOUND no hotkey at nowhere\/demo\/hotkeys\/miner → create it: blockzero wallet create --wallet\.name demo/,
    );
  });

  it("a damaged hotkey file, whose secret it does not quote", async () => {
    const { cwd, args } = place({ ...settings(), "wallet.path": "wallets" });
    mkdirSync(join(cwd, "wallets", "demo", "hotkeys"), { recursive: true });
    const whole = readFileSync(join(folder, "wallets", "demo", "hotkeys", "miner"), "utf8");
    writeFileSync(join(cwd, "wallets", "demo", "hotkeys", "miner"), whole.slice(0, -1), { mode: 0o600 });
    assert.match(await refusalIn(cwd, "blockzero-miner", args), /^✖ WALLET_MALFORMED /);
  });

  it("a folder for keys in use that cannot be written, before any work", async () => {
    const { cwd, args } = place({ ...settings(), "wallet.keys_in_use": "taken" });
    writeFileSync(join(cwd, "taken"), "");
    assert.match(
      await refusalIn(cwd, "blockzero-miner", args),
      /^✖ KEY_FOLDER_UNUSABLE .*taken: .+ → make it writable, or set wallet\.keys_in_use to a folder /,
    );
  });

  it("an expert group that does not exist", async () => {
    const line = await refusal({ args: ["--expert_group", "poetry"] });
    assert.match(line, /^✖ EXPERT_GROUP_UNKNOWN expert group "poetry" .+ → set expert_group to one of: /);
  });

  it("a network file that differs from the published one, naming the field", async () => {
    const { cwd, args } = place({ ...settings(), network: "own.yaml" });
    writeFileSync(join(cwd, "own.yaml"), stringify({ ...network, phases: { ...network.phases, train: 17 } }));
    assert.match(await refusalIn(cwd, "blockzero-miner", args), /^✖ NETWORK_MISMATCH own\.yaml .+ in "phases\.train"/);
  });

  it("a network file that is none, naming the field", async () => {
    const { cwd, args } = place({ ...settings(), network: "own.yaml" });
    writeFileSync(join(cwd, "own.yaml"), stringify({ ...network, netuid: -1 }));
    assert.match(
      await refusalIn(cwd, "blockzero-miner", args),
      /^✖ NETWORK_FILE_INVALID own\.yaml:\d+: netuid is -1: /,
    );
  });

  for (const program of ["blockzero-miner", "blockzero-validator"] as const)
    it(`a model that does not fit the network file, as ${program}`, async () => {
      const config = { ...settings(), netuid: MISFIT };
      const line = await refusal({
        program,
        config: program === "blockzero-miner" ? config : without(config, "expert_group"),
      });
      assert.match(
        line,
        /^✖ CHECKPOINT_MISMATCH group (math|prose).* does not fit the network file: tensor .+ is \[16,16\], the network file says \[/,
      );
    });

  it("no network published", async () => {
    assert.match(await refusal({ args: ["--netuid", String(UNPUBLISHED)] }), /^✖ NETWORK_NOT_PUBLISHED /);
  });

  it("wandb without its key, before anything else", async () => {
    const config = { ...settings(), wandb: true, chain_endpoint: "ws://127.0.0.1:9", "wallet.path": "nowhere" };
    assert.match(await refusal({ config }), /^✖ WANDB_API_KEY_MISSING /);
  });

  it("a key that stands in the environment is not shown", async () => {
    assert.match(
      await refusal({ args: ["--seed", "-1"], env: { WANDB_API_KEY: API_KEY } }),
      /^✖ CONFIG_INVALID_VALUE /,
    );
  });

  it("a value of the folder's .env", async () => {
    const { cwd, args } = place(settings());
    writeFileSync(join(cwd, ".env"), "BLOCKZERO_SEED=-1\n");
    assert.match(await refusalIn(cwd, "blockzero-miner", args), /^✖ CONFIG_INVALID_VALUE BLOCKZERO_SEED: seed is -1/);
  });

  it("a home that another process uses", async () => {
    const { cwd, args } = place(settings());
    const unlock = lockHome(join(cwd, "checkpoints", miner.address), () => {});
    assert.match(
      await refusalIn(cwd, "blockzero-miner", args),
      new RegExp(`^✖ HOME_IN_USE .+ process ${process.pid} `),
    );
    unlock();
  });

  it("a journal that is not ours", async () => {
    const { cwd, args } = place(settings());
    const state = join(cwd, "checkpoints", miner.address, shortHash(networkHash(network)));
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, "intentions.json"), "[]");
    assert.match(await refusalIn(cwd, "blockzero-miner", args), /^✖ JOURNAL_MALFORMED /);
  });

  it("a port that is taken", async () => {
    const line = await refusal({ args: ["--listen.port", String(blobServer.port)] });
    assert.match(line, /^✖ SERVER_FAILED cannot serve on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  });

  const numbers: readonly (readonly [string, string, string])[] = [
    ["--learning_rate", "-1", "a number > 0"],
    ["--learning_rate", "NaN", "a number > 0"],
    ["--batch_size", "2.5", "an integer ≥ 1"],
  ];
  for (const [flag, value, allowed] of numbers)
    it(`${flag} ${value}`, async () => {
      assert.match(
        await refusal({ args: [flag, value] }),
        new RegExp(`^✖ CONFIG_INVALID_VALUE ${flag}: .+ → give ${allowed}$`),
      );
    });

  const usage: readonly (readonly [Program, string, RegExp])[] = [
    ["blockzero", "localnat", /unknown command 'localnat' \(Did you mean localnet\?\)/],
    ["blockzero", "wallet creat", /unknown command 'creat' \(Did you mean create\?\)/],
    ["blockzero", "devchain --blok-time 5", /unknown option '--blok-time' \(Did you mean --block-time\?\)/],
    ["blockzero-miner", "--expert_grup math", /unknown option '--expert_grup' \(Did you mean --expert_group\?\)/],
    ["blockzero-validator", "now", /too many arguments/],
    ["blockzero", "genesis --network a --out b --steps -1", /It must be a whole number of at least 1/],
    ["blockzero", "genesis --network a --out b --learning-rate NaN", /It must be a number above zero/],
    ["blockzero", "genesis --out b", /required option '--network <file>' not specified/],
  ];
  for (const [program, args, expected] of usage)
    it(`${program} ${args}`, async () => {
      const cwd = mkdtempSync(join(folder, "case-"));
      const line = await refusalIn(cwd, program, args.split(" "));
      assert.match(line, /^✖ USAGE .+ → run it with --help to see what it takes$/);
      assert.match(line, expected);
    });
});

describe("the owner's commands refuse in one line", { concurrency: 2, timeout: HANG_GUARD }, () => {
  const owner = (hotkey: string) => [
    ...["--chain_endpoint", devchain.endpoint, "--wallet.path", join(folder, "wallets")],
    ...["--wallet.name", "demo", "--wallet.hotkey", hotkey],
  ];
  const template = (change: object): string => {
    const file = join(mkdtempSync(join(folder, "case-")), "network.yaml");
    writeFileSync(file, stringify({ ...smallNetwork, ...change }));
    return file;
  };

  it("a template that names an unknown preset", async () => {
    const args = ["network", "check", template({ model: "tny" })];
    const line = await refusal({ program: "blockzero", args });
    assert.match(line, /^✖ NETWORK_TEMPLATE_INVALID .+: model: .+ did you mean "tiny"\?/);
  });

  it("a subnet of another owner, of another template, or on a chain with another sudo key", async () => {
    const taken = await refusal({
      program: "blockzero",
      args: ["subnet", "create", "--network", template({}), ...owner("miner")],
    });
    assert.match(taken, /^✖ SUBNET_EXISTS subnet 1 exists already and belongs to /);
    const create = ["subnet", "create", "--network", template({ netuid: 9 }), ...owner("miner")];
    assert.match(await refusal({ program: "blockzero", args: create }), /^✖ NETUID_MISMATCH .+ subnet 9, not 1/);
    devchain.setBlockTime(10);
    const refused = await refusal({ program: "blockzero", args: [...create, "--netuid", "9"] });
    devchain.setBlockTime(0);
    assert.match(refused, /^✖ SUDO_REFUSED the chain's sudo key is not \/\/Alice /);
  });

  it("a network that is published by another than the owner, or without its model", async () => {
    const home = mkdtempSync(join(folder, "case-"));
    const here = ["publish", "--home", home];
    assert.match(await refusal({ program: "blockzero", args: here }), /^✖ LOCATION_PRIVATE .+ 127\.0\.0\.1/);
    const args = [...here, "--allow-private-addresses"];
    assert.match(
      await refusal({ program: "blockzero", args: [...args, ...owner("owner")] }),
      /^✖ NETWORK_FILE_NOT_FOUND /,
    );
    writeFileSync(join(home, "network.yaml"), stringify(network));
    assert.match(await refusal({ program: "blockzero", args: [...args, ...owner("owner")] }), /^✖ GENESIS_INCOMPLETE /);
    await storeGenesis(
      directoryStore(join(home, "blobs")),
      smallNetwork,
      initialParameters(smallNetwork.model, createRandom("bad input")),
    );
    assert.match(await refusal({ program: "blockzero", args: [...args, ...owner("miner")] }), /^✖ NOT_SUBNET_OWNER /);
  });

  it("a genesis that would overwrite another", async () => {
    const out = mkdtempSync(join(folder, "case-"));
    writeFileSync(join(out, "network.yaml"), stringify(network));
    const args = ["genesis", "--network", template({}), "--out", out];
    assert.match(await refusal({ program: "blockzero", args }), /^✖ GENESIS_EXISTS /);
  });

  it("a block without its network file, a damaged genesis, a wallet that exists", async () => {
    assert.match(await refusal({ program: "blockzero", args: ["phase", "--block", "5"] }), /^✖ NETWORK_FILE_NEEDED /);
    const file = join(mkdtempSync(join(folder, "case-")), "chain.json");
    writeFileSync(file, '{"sudo":"nobody"}');
    assert.match(
      await refusal({ program: "blockzero", args: ["devchain", "--genesis", file] }),
      /^✖ GENESIS_INVALID .+: .*sudo/,
    );
    const existing = ["wallet", "create", ...owner("miner").slice(2)];
    assert.match(await refusal({ program: "blockzero", args: existing }), /^✖ WALLET_EXISTS /);
  });
});
