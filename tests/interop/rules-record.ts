// Records what the real runtime says to the cases of rule-cases.ts, as tests/vectors/subtensor/rules.json:
//   BLOCKZERO_SUBTENSOR_RUNTIME=runtime.wasm node dist/tests/interop/rules-record.js [part of a name]
import { writeFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { destroyWorker } from "@acala-network/chopsticks-core";
import { Keyring } from "@polkadot/keyring";
import type { KeyringPair } from "@polkadot/keyring/types";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import type { Call } from "#shared/chain/devchain/calls.js";
import {
  changeHyperParameters,
  defaultHyperParameters,
  type HyperParameterSpec,
} from "#shared/chain/devchain/genesis.js";
import { signPulse } from "#shared/chain/timelock/pulse.js";
import { type Applied, OfflineRuntime } from "./offline-runtime.js";
import { BEACON_SEED, makeCases, NETUID, RICH, type RuleCase, TEMPO } from "./rule-cases.js";

const SUBTENSOR = "subtensorModule";
/** The runtime's numbers of what it refuses before a block. */
const customErrors: Readonly<Record<string, string>> = {
  "Custom(1)": "StakeAmountTooLow",
  "Custom(2)": "BalanceTooLow",
  "Custom(3)": "SubnetDoesntExist",
  "Custom(4)": "HotkeyAccountDoesntExist",
  "Custom(6)": "RateLimitExceeded",
  "Custom(10)": "HotKeyNotRegisteredInNetwork",
  "Custom(11)": "InvalidIpAddress",
  "Custom(12)": "ServingRateLimitExceeded",
  "Custom(13)": "InvalidPort",
  "Custom(255)": "BadRequest",
};

const storageOf: Readonly<Partial<Record<keyof HyperParameterSpec, string>>> = {
  tempo: "tempo",
  weightsRateLimit: "weightsSetRateLimit",
  weightsVersion: "weightsVersionKey",
  minAllowedWeights: "minAllowedWeights",
  maxWeight: "maxWeightsLimit",
  commitReveal: "commitRevealWeightsEnabled",
  revealPeriod: "revealPeriodEpochs",
  maxValidators: "maxAllowedValidators",
  maxUids: "maxAllowedUids",
  immunityPeriod: "immunityPeriod",
  activityCutoff: "activityCutoff",
  registrationAllowed: "networkRegistrationAllowed",
  maxRegistrationsPerBlock: "maxRegistrationsPerBlock",
  targetRegistrationsPerInterval: "targetRegistrationsPerInterval",
  adjustmentInterval: "adjustmentInterval",
  adjustmentAlpha: "adjustmentAlpha",
  burn: "burn",
  minBurn: "minBurn",
  maxBurn: "maxBurn",
  servingRateLimit: "servingRateLimit",
  kappa: "kappa",
  bondsMovingAverage: "bondsMovingAverage",
  bondsPenalty: "bondsPenalty",
};

const keyring = new Keyring({ type: "sr25519", ss58Format: 42 });
const pairs = new Map<string, KeyringPair>();
const pairOf = (uri: string): KeyringPair => {
  const pair = pairs.get(uri) ?? keyring.addFromUri(uri);
  pairs.set(uri, pair);
  return pair;
};

const prepare = (runtime: OfflineRuntime, { hyperParameters, neurons, stakes, balances, steps }: RuleCase): void => {
  const put = (item: string, value: unknown) => runtime.write(SUBTENSOR, item, [NETUID], value);
  const spec = changeHyperParameters(defaultHyperParameters, { tempo: TEMPO, ...hyperParameters });
  for (const name of Object.keys(spec) as (keyof HyperParameterSpec)[]) {
    const item = storageOf[name];
    if (item !== undefined) put(item, spec[name]);
  }
  runtime.write(SUBTENSOR, "stakeThreshold", [], spec.stakeThreshold);
  const hotkeys = ["//Owner", ...neurons].map((uri) => pairOf(uri).address);
  const all = <T>(value: T) => hotkeys.map(() => value);
  put("networksAdded", true);
  put("subtokenEnabled", true);
  put("subnetworkN", hotkeys.length);
  put("subnetOwnerHotkey", hotkeys[0]);
  for (const item of ["rank", "trust", "emission", "consensus", "incentive", "dividends"]) put(item, all(0));
  for (const item of ["pruningScores", "validatorTrust", "lastUpdate"]) put(item, all(0));
  put("active", all(true));
  put("validatorPermit", all(false));
  hotkeys.forEach((hotkey, uid) => {
    runtime.write(SUBTENSOR, "keys", [NETUID, uid], hotkey);
    runtime.write(SUBTENSOR, "uids", [NETUID, hotkey], uid);
    runtime.write(SUBTENSOR, "isNetworkMember", [hotkey, NETUID], true);
    runtime.write(SUBTENSOR, "blockAtRegistration", [NETUID, uid], 0);
    runtime.write(SUBTENSOR, "owner", [hotkey], hotkey);
  });
  for (const [uri, stake] of Object.entries(stakes)) {
    runtime.write(SUBTENSOR, "totalHotkeyAlpha", [pairOf(uri).address, NETUID], stake);
  }
  // What accounts hold must have been issued.
  runtime.write("balances", "totalIssuance", [], 10n ** 18n);
  const signers = steps.flatMap(({ calls }) => calls.map(([uri]) => uri));
  for (const uri of new Set(signers)) {
    const data = { free: balances[uri] ?? RICH, reserved: 0, frozen: 0, flags: 0 };
    runtime.write("system", "account", [pairOf(uri).address], { nonce: 0, providers: 1, data });
  }
};

/** An address as the number that the runtime stores. */
const ipNumber = (ip: string): string => {
  if (isIPv4(ip)) return String(ip.split(".").reduce((total, part) => total * 256 + Number(part), 0));
  const [head = "", tail = ""] = ip.split("::");
  const parts = (text: string) => text.split(":").filter((part) => part !== "");
  const middle = Array.from({ length: 8 - parts(head).length - parts(tail).length }, () => "0");
  const groups = [...parts(head), ...middle, ...parts(tail)];
  return String(groups.reduce((total, group) => total * 65536n + BigInt(`0x${group}`), 0n));
};

const signCall = (runtime: OfflineRuntime, uri: string, call: Call) => () => {
  const sign = (pallet: string, name: string, ...args: unknown[]) => runtime.sign(pallet, name, args, pairOf(uri));
  const { name, args } = call;
  switch (name) {
    case "burnedRegister":
      return sign(SUBTENSOR, name, args.netuid, args.hotkey);
    case "addStake":
      return sign(SUBTENSOR, name, args.hotkey, args.netuid, args.amount);
    case "serveAxon":
      return sign(SUBTENSOR, name, args.netuid, 1, ipNumber(args.ip), args.port, isIPv4(args.ip) ? 4 : 6, 4, 0, 0);
    case "setCommitment": {
      const bytes = Buffer.from(args.data);
      return sign("commitments", name, args.netuid, {
        fields: [{ [`Raw${bytes.length}`]: `0x${bytes.toString("hex")}` }],
      });
    }
    case "setWeights":
      return sign(SUBTENSOR, name, args.netuid, args.dests, args.weights, args.versionKey);
    case "commitWeights":
      return sign(SUBTENSOR, name, args.netuid, `0x${args.commit}`);
    case "revealWeights":
      return sign(SUBTENSOR, name, args.netuid, args.uids, args.values, args.salt, args.versionKey);
    case "commitTimelockedWeights":
      return sign(SUBTENSOR, "commitCrv3Weights", args.netuid, `0x${args.commit}`, args.revealRound);
    case "sudo":
      throw new Error("the devchain's own");
  }
};

const nameOf = (applied: Applied): string =>
  applied.kind === "ok" ? "ok" : applied.kind === "error" ? applied.name : (customErrors[applied.name] ?? applied.name);

const observe = (runtime: OfflineRuntime) => {
  const read = (item: string, ...keys: unknown[]) => runtime.read(SUBTENSOR, item, [NETUID, ...keys]);
  const vector = (item: string) => read(item) as (number | boolean)[];
  const count = read("subnetworkN") as number;
  const neurons = Array.from({ length: count }, (_, uid) => {
    const hotkey = read("keys", uid) as string;
    return {
      hotkey,
      permit: vector("validatorPermit")[uid],
      active: vector("active")[uid],
      lastUpdate: vector("lastUpdate")[uid],
      registeredAt: read("blockAtRegistration", uid),
      pruningScore: vector("pruningScores")[uid],
      weights: read("weights", uid),
      axonBlock: (read("axons", hotkey) as { block: number } | null)?.block ?? null,
    };
  });
  const commitments = [...pairs.values()].flatMap(({ address }) => {
    const found = runtime.read("commitments", "commitmentOf", [NETUID, address]) as {
      block: number;
      info: { fields: Record<string, string>[] };
    } | null;
    if (!found) return [];
    const hex = Object.values(found.info.fields[0]!)[0] ?? "0x";
    return [{ hotkey: address, data: Buffer.from(hex.slice(2), "hex").toString(), block: found.block }];
  });
  return {
    neurons,
    commitments: commitments.sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1)),
    burn: String(BigInt(read("burn") as number | string)),
  };
};

const record = async (base: OfflineRuntime, ruleCase: RuleCase) => {
  const runtime = base.fork();
  prepare(runtime, ruleCase);
  const last = ruleCase.steps.at(-1)!.block;
  const seed = Buffer.from(BEACON_SEED, "hex");
  const isSealed = ruleCase.steps.some(({ calls }) => calls.some(([, { name }]) => name === "commitTimelockedWeights"));
  if (isSealed) {
    // Every round up to the last block: a case locks either to a round well before its epoch or to one far after its end.
    for (let round = 1; round <= last; round++) {
      const signature = `0x${Buffer.from(signPulse(seed, round)).toString("hex")}`;
      runtime.write("drand", "pulses", [round], { round, randomness: `0x${"11".repeat(32)}`, signature });
    }
  }
  const outcomes: string[][] = [];
  let number = 0;
  for (const { block, calls } of ruleCase.steps) {
    await runtime.emptyBlocks(number + 1, block - 1);
    const applied = await runtime.block(
      block,
      calls.map(([uri, call]) => signCall(runtime, uri, call)),
    );
    outcomes.push(applied.map(nameOf));
    number = block;
  }
  return { ...ruleCase, outcomes, after: observe(runtime) };
};

const file = process.env.BLOCKZERO_SUBTENSOR_RUNTIME;
if (!file) {
  console.error("✖ RUNTIME_MISSING BLOCKZERO_SUBTENSOR_RUNTIME names no runtime → set it to a runtime's WASM");
  process.exit(2);
}
await cryptoWaitReady();
const alice = { aura: pairOf("//Alice").address, grandpa: keyring.addFromUri("//Alice", {}, "ed25519").address };
const base = await OfflineRuntime.open(file, (preset) => {
  preset.aura = { authorities: [alice.aura] };
  preset.grandpa = { authorities: [[alice.grandpa, 1]] };
});
const [, , part] = process.argv;
const recorded = [];
for (const ruleCase of await makeCases()) {
  if (part !== undefined && !ruleCase.name.includes(part)) continue;
  const result = await record(base, ruleCase);
  console.log(ruleCase.name, JSON.stringify(result.outcomes));
  if (part !== undefined) console.log(JSON.stringify(result.after, null, 1));
  recorded.push(result);
}
if (part === undefined) {
  const vectors = {
    runtime: `node-subtensor ${base.specVersion}`,
    netuid: NETUID,
    tempo: TEMPO,
    rich: RICH,
    beaconSeed: BEACON_SEED,
  };
  const cases = recorded.map((one) => JSON.stringify(one)).join(",\n");
  await writeFile(
    "tests/vectors/subtensor/rules.json",
    `${JSON.stringify(vectors).slice(0, -1)},"cases":[\n${cases}\n]}\n`,
  );
}
await destroyWorker();
