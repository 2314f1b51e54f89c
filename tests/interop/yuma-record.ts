// Records what the real runtime's epochs give on random networks, as tests/vectors/subtensor/yuma.json.gz:
//   BLOCKZERO_SUBTENSOR_RUNTIME=runtime.wasm node dist/tests/interop/yuma-record.js [networks]
// Everything goes into storage directly, and the block in which the epoch is due is begun; the same seed gives the same file.
import { writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { destroyWorker } from "@acala-network/chopsticks-core";
import { OfflineRuntime } from "./offline-runtime.js";
import {
  drawFrom,
  drawNext,
  drawParameters,
  drawSize,
  drawStart,
  type EpochStart,
  type NetworkParameters,
  type PairRow,
} from "./yuma-networks.js";

const SUBTENSOR = "subtensorModule";
const SEED = 293;
const EPOCHS = 4;

/** Accounts need no keys here: 32 bytes that end in the uid. */
const hotkeyOf = (uid: number): string => `0x${"ab".repeat(30)}${uid.toString(16).padStart(4, "0")}`;

/** polkadot-js gives what a double does not hold as hex. */
const digits = (value: number | string): string => String(BigInt(value));

const writeParameters = (runtime: OfflineRuntime, parameters: NetworkParameters, size: number): void => {
  const { netuid } = parameters;
  const put = (item: string, value: unknown) => runtime.write(SUBTENSOR, item, [netuid], value);
  put("networksAdded", true);
  put("subnetworkN", size);
  put("tempo", parameters.tempo);
  put("activityCutoff", parameters.activityCutoff);
  put("kappa", parameters.kappa);
  put("bondsMovingAverage", parameters.bondsMovingAverage);
  put("bondsPenalty", parameters.bondsPenalty);
  put("maxAllowedValidators", parameters.maxValidators);
  put("liquidAlphaOn", false);
  runtime.write(SUBTENSOR, "stakeThreshold", [], parameters.stakeThreshold);
  for (let uid = 0; uid < size; uid++) {
    runtime.write(SUBTENSOR, "keys", [netuid, uid], hotkeyOf(uid));
    runtime.write(SUBTENSOR, "uids", [netuid, hotkeyOf(uid)], uid);
    runtime.write(SUBTENSOR, "owner", [hotkeyOf(uid)], hotkeyOf(uid));
  }
  if (parameters.ownerUid !== null) put("subnetOwnerHotkey", hotkeyOf(parameters.ownerUid));
};

const writeStart = (runtime: OfflineRuntime, netuid: number, start: EpochStart): void => {
  runtime.write(SUBTENSOR, "pendingEmission", [netuid], start.emission);
  runtime.write(SUBTENSOR, "lastUpdate", [netuid], start.lastUpdate);
  start.stakes.forEach((stake, uid) => {
    runtime.write(SUBTENSOR, "totalHotkeyAlpha", [hotkeyOf(uid), netuid], stake);
    runtime.write(SUBTENSOR, "totalHotkeyShares", [hotkeyOf(uid), netuid], 0);
    runtime.write(SUBTENSOR, "blockAtRegistration", [netuid, uid], start.registeredAt[uid]);
    runtime.write(SUBTENSOR, "weights", [netuid, uid], start.weights[uid]);
  });
};

const readResult = (runtime: OfflineRuntime, netuid: number, size: number) => {
  const vector = (item: string) => runtime.read(SUBTENSOR, item, [netuid]) as number[];
  const uids = Array.from({ length: size }, (_, uid) => uid);
  return {
    permits: (runtime.read(SUBTENSOR, "validatorPermit", [netuid]) as boolean[]).map(Number),
    active: (runtime.read(SUBTENSOR, "active", [netuid]) as boolean[]).map(Number),
    rank: vector("rank"),
    trust: vector("trust"),
    consensus: vector("consensus"),
    incentive: vector("incentive"),
    dividends: vector("dividends"),
    validatorTrust: vector("validatorTrust"),
    pruningScores: vector("pruningScores"),
    emission: (runtime.read(SUBTENSOR, "emission", [netuid]) as (number | string)[]).map(digits),
    bonds: uids.map((uid) => runtime.read(SUBTENSOR, "bonds", [netuid, uid]) as PairRow),
    stakes: uids.map((uid) =>
      digits(runtime.read(SUBTENSOR, "totalHotkeyAlpha", [hotkeyOf(uid), netuid]) as number | string),
    ),
  };
};

const record = async (base: OfflineRuntime, seed: number) => {
  const draw = drawFrom(seed);
  const runtime = base.fork();
  const size = drawSize(draw);
  const parameters = drawParameters(draw, size);
  const { netuid } = parameters;
  writeParameters(runtime, parameters, size);
  const permits = Array.from({ length: size }, () => (draw(3) === 0 ? 0 : 1));
  runtime.write(SUBTENSOR, "validatorPermit", [netuid], permits.map(Boolean));
  let start = drawStart(draw, parameters, size);
  const epochs = [];
  const count = 1 + draw(EPOCHS);
  for (let epoch = 0; epoch < count; epoch++) {
    writeStart(runtime, netuid, start);
    await runtime.begin(start.block);
    const result = readResult(runtime, netuid, size);
    epochs.push({ start, result });
    start = drawNext(draw, parameters, start, result.stakes);
  }
  return { parameters, permits, epochs };
};

const file = process.env.BLOCKZERO_SUBTENSOR_RUNTIME;
if (!file) {
  console.error("✖ RUNTIME_MISSING BLOCKZERO_SUBTENSOR_RUNTIME names no runtime → set it to a runtime's WASM");
  process.exit(2);
}
const base = await OfflineRuntime.open(file, () => {});
const networks = [];
for (let i = 0; i < Number(process.argv[2] ?? 220); i++) networks.push(await record(base, SEED * 1000 + i));
const text = JSON.stringify({ runtime: `node-subtensor ${base.specVersion}`, networks });
const packed = gzipSync(text, { level: 9 });
await writeFile("tests/vectors/subtensor/yuma.json.gz", packed);
const epochs = networks.reduce((total, network) => total + network.epochs.length, 0);
console.log(`${networks.length} networks, ${epochs} epochs, ${packed.length} bytes`);
await destroyWorker();
