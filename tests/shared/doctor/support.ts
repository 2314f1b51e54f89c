import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { neuronOf } from "#bench/dashboard/neuron.js";
import type { HyperParameters, Neuron } from "#shared/chain/chain.js";
import { loadConfig } from "#shared/config/load.js";
import type { Check, Finding } from "#shared/doctor/check.js";
import { examine, type Outcome } from "#shared/doctor/examine.js";
import type { Examined, ReadableChain } from "#shared/doctor/examined.js";
import type { Machine } from "#shared/doctor/machine.js";
import type { Network } from "#shared/protocol/network.js";
import type { Signer } from "#shared/protocol/signer.js";
import { createHotkey } from "#shared/wallet/index.js";
import { validatorSettings } from "#validator/config.js";
import { NETUID, template } from "../../support/micro-network.js";
import type { Flags } from "../../support/subnet.js";
import { temporaryFolder } from "../artifact/temporary.js";

export const NOW = 1_800_000_000_000;
const HEAD = { number: 100, hash: "ab".repeat(32), timestamp: NOW - 6_000 };

/** A machine on which all is well. */
export const healthyMachine: Machine = {
  nodeVersion: "24.1.0",
  now: () => NOW,
  memory: () => ({ total: 16e9, available: 8e9 }),
  limits: async () => "Max open files            1048576              1048576              files",
  nodeOptions: () => "",
  freeSpace: async () => 100e9,
  usedBelow: async () => 0,
  writeSpeed: async () => 500e6,
};

const hyperParameters: HyperParameters = {
  tempo: 20,
  epochLength: 21,
  weightsRateLimit: 0,
  weightsVersion: 0,
  weightsMode: "plain",
  timelockPayload: "hotkey",
  timelockReveal: "within-epoch",
  revealPeriod: 1,
  minAllowedWeights: 1,
  maxValidators: 8,
  maxUids: 256,
  immunityPeriod: 0,
  activityCutoff: 5000,
  servingRateLimit: 0,
  burn: 0n,
  registrationAllowed: true,
};

export interface Situation {
  readonly flags?: Flags;
  readonly machine?: Partial<Machine>;
  readonly chain?: Partial<ReadableChain>;
  readonly about?: Partial<Examined>;
  /** Of the hotkey's neuron. */
  readonly neuron?: Partial<Neuron>;
  readonly hyperParameters?: Partial<HyperParameters>;
  readonly neurons?: readonly Neuron[];
}

const network: Network = { ...template, genesis: "0".repeat(64) };

let made: Promise<{ readonly folder: string; readonly signer: Signer }> | undefined;

/** Makes a wallet with one hotkey. Its keys are derived once, which takes a moment. */
const hotkeyIn = async (wallets: string): Promise<Signer> => {
  made ??= makeHotkey();
  const { folder, signer } = await made;
  cpSync(folder, wallets, { recursive: true });
  return signer;
};

const makeHotkey = async () => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const seed = new Uint8Array(32).fill(7);
  return { folder, signer: await createHotkey({ path: folder, name: "test", hotkey: "vera" }, { seed }) };
};

/** A validator whose configuration, machine, wallet and chain are in order, but for what is given. */
export const situation = async (
  t: TestContext,
  given: Situation = {},
): Promise<{ about: Examined; signer: Signer }> => {
  const home = temporaryFolder(t);
  const wallets = join(home, "wallets");
  const signer = await hotkeyIn(wallets);
  const neuron = neuronOf({
    uid: 3,
    hotkey: signer.address,
    stake: 2000_000_000_000n,
    validatorPermit: true,
    registeredAt: 10,
    ...given.neuron,
  });
  const chain: ReadableChain = {
    genesisHash: "cd".repeat(32),
    head: async () => HEAD,
    metagraph: async () => ({ netuid: NETUID, block: 100, ownerHotkey: "owner", neurons: given.neurons ?? [neuron] }),
    commitments: async () => [],
    hyperParameters: async () => ({ ...hyperParameters, ...given.hyperParameters }),
    pulse: async () => null,
    ...given.chain,
  };
  const about: Examined = {
    role: "validator",
    config: loadConfig(validatorSettings, {
      env: {},
      flags: {
        netuid: NETUID,
        "wallet.path": wallets,
        "wallet.name": "test",
        "wallet.hotkey": "vera",
        checkpoint_dir: join(home, "checkpoints"),
        allow_private_addresses: true,
        device: "cpu",
        threads: 1,
        ...given.flags,
      },
    }),
    env: {},
    machine: { ...healthyMachine, ...given.machine },
    chain: async () => chain,
    network: async () => network,
    ...given.about,
  };
  return { about, signer };
};

/** What one check finds. */
export const outcomeOf = async (check: Check, about: Examined): Promise<Outcome> => {
  for await (const outcome of examine([check], about)) return outcome;
  throw new Error("no outcome");
};

export const findingIn = async (t: TestContext, check: Check, given: Situation = {}): Promise<Finding> =>
  outcomeOf(check, (await situation(t, given)).about);
