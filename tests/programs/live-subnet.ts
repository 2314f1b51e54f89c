import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { storeGenesis } from "#owner/genesis/genesis.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { createHotkey } from "#shared/wallet/index.js";
import { TOKEN } from "../shared/chain/support.js";
import { NETUID, parameters, template } from "../support/micro-network.js";
import { openPace, type Pace } from "./pace.js";
import { type Ended, type Program, type Running, run, start } from "./process.js";

const BLOCK_MS = 200;
const PLAYERS = ["owner", "validator", "ann", "bob"] as const;
type Player = (typeof PLAYERS)[number];
const PHASES = { distribute: 4, train: 8, commit: 4, reveal: 4, evaluate: 12, exchange: 6, choose: 20, merge: 8 };

/** A subnet of real programs, each a process with a server of its own, that lives until it is stopped. */
export interface LiveSubnet {
  readonly endpoint: string;
  readonly running: Readonly<Record<Exclude<Player, "owner">, Running>>;
  readonly chain: Running;
  readonly pace: Pace;
  /** Where a participant's blobs lie, and where it puts a copy. */
  blobs(player: Player): string;
  archive(player: Player): string;
  /** The journal of records of a player, which is signed elsewhere. */
  signed(player: Player): string;
  /** Starts a player's signer anew. */
  startSigner(player: Player): Promise<Running>;
  /** Folder of the wallets that the programs have. */
  readonly wallets: string;
  /** The signers of the players that are signed for elsewhere. */
  readonly signers: ReadonlyMap<Player, Running>;
  /** A program of somebody who has nothing but the chain's address. */
  blockzero(...args: readonly string[]): Promise<Ended>;
}

export interface LiveSubnetOptions {
  /** Players whose hotkeys are with a signer, a process each; the programs have only the public halves. */
  readonly elsewhere?: readonly Player[];
  /** At first; where windows are missed, they come more slowly. */
  readonly blockMs?: number;
  readonly phases?: PhaseLengths;
}

export const startSubnet = async (
  t: TestContext,
  { elsewhere = [], blockMs = BLOCK_MS, phases = PHASES }: LiveSubnetOptions = {},
): Promise<LiveSubnet> => {
  const cwd = mkdtempSync(join(tmpdir(), "blockzero-live-"));
  const started: Running[] = [];
  const launch = (...call: Parameters<typeof start>): Running => {
    const running = start(...call);
    started.push(running);
    return running;
  };
  t.after(async () => {
    await Promise.all(started.map((running) => running.stop("SIGKILL")));
    rmSync(cwd, { recursive: true, force: true });
  });
  const addresses = new Map<Player, string>();
  for (const hotkey of PLAYERS) {
    const isHere = !elsewhere.includes(hotkey);
    const wallet = { path: join(cwd, isHere ? "wallets" : "keys"), name: "demo", hotkey };
    const { address } = await createHotkey(wallet, { seed: createHash("sha256").update(hotkey).digest() });
    addresses.set(hotkey, address);
    const publicHalf = join("demo", "hotkeys", `${hotkey}pub.txt`);
    if (!isHere) cpSync(join(cwd, "keys", publicHalf), join(cwd, "wallets", publicHalf), { recursive: true });
  }
  const addressOf = (player: Player) => addresses.get(player)!;
  const genesis = {
    sudo: addressOf("owner"),
    subnets: [
      {
        netuid: NETUID,
        ownerHotkey: addressOf("owner"),
        neurons: PLAYERS.slice(1).map(addressOf),
        stakes: { [addressOf("validator")]: String(2000n * TOKEN) },
        hyperParameters: {
          tempo: cycleLength(phases) - 1,
          weightsRateLimit: 1,
          stakeThreshold: String(1000n * TOKEN),
        },
      },
    ],
  };
  writeFileSync(join(cwd, "chain.json"), JSON.stringify(genesis));
  const home = join(cwd, "genesis");
  const { network } = await storeGenesis(directoryStore(join(home, "blobs")), { ...template, phases }, parameters);
  writeFileSync(join(home, "network.yaml"), stringify(network));

  const chain = launch(
    "blockzero",
    ["devchain", "--home", "chain", "--genesis", "chain.json", "--port", "0", "--block-time", String(blockMs)],
    { cwd },
  );
  const [, endpoint] = await chain.said(/^endpoint +(ws:\S+)$/m);
  const place = {
    cwd,
    env: {
      BLOCKZERO_CHAIN_ENDPOINT: endpoint!,
      BLOCKZERO_WALLET_PATH: "wallets",
      BLOCKZERO_WALLET_NAME: "demo",
      BLOCKZERO_ALLOW_PRIVATE_ADDRESSES: "true",
      BLOCKZERO_THREADS: "1",
    },
  };
  const socketOf = (player: Player) => `unix://${join(cwd, `${player}.sock`)}`;
  const signers = new Map<Player, Running>();
  const startSigner = async (player: Player) => {
    const wallet = ["--wallet.path", "keys", "--wallet.name", "demo", "--wallet.hotkey", player];
    const more = player === "owner" ? ["--allow.records", "network"] : [];
    const signer = launch(
      "blockzero",
      ["signer", ...wallet, "--home", "signer", "--listen", socketOf(player), ...more],
      {
        cwd,
      },
    );
    await signer.said(/^listening +unix:/m);
    signers.set(player, signer);
    return signer;
  };
  for (const player of elsewhere) await startSigner(player);
  const signedBy = (player: Player) => (elsewhere.includes(player) ? ["--wallet.signer", socketOf(player)] : []);
  const owner = launch(
    "blockzero",
    ["publish", "--home", "genesis", "--wallet.hotkey", "owner", "--metrics.listen", "off", ...signedBy("owner")],
    place,
  );
  await owner.said(/^serving +http:/m);
  const participant = (program: Program, player: Player, ...more: readonly string[]) =>
    launch(
      program,
      [
        ...["--wallet.hotkey", player, "--checkpoint_dir", `home/${player}`, "--checkpoint_keep_top_k", "100"],
        ...["--store", `directory:archive/${player}`, "--metrics.listen", "127.0.0.1:0"],
        ...[...signedBy(player), ...more],
      ],
      place,
    );
  const miner = (player: Player) =>
    participant(
      "blockzero-miner",
      player,
      ...["--expert_group", "math", "--batch_size", "4", "--gradient_accumulation_steps", "1"],
      ...["--learning_rate", "0.02", "--warmup_steps", "0", "--max_steps", player === "ann" ? "12" : "8"],
    );
  return {
    endpoint: endpoint!,
    chain,
    pace: await openPace(t, { endpoint: endpoint!, phases, blockMs }),
    running: { validator: participant("blockzero-validator", "validator"), ann: miner("ann"), bob: miner("bob") },
    blobs: (player) =>
      player === "owner" ? join(home, "blobs") : join(cwd, "home", player, addressOf(player), "blobs"),
    archive: (player) => join(cwd, "archive", player),
    signed: (player) => join(cwd, "signer", addressOf(player), "signed.jsonl"),
    startSigner,
    signers,
    wallets: join(cwd, "wallets"),
    blockzero: (...args) => run("blockzero", args, { cwd: tmpdir() }),
  };
};
