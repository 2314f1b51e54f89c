// Records signing payloads as `@polkadot/types` makes them from the real runtime's metadata, as tests/vectors/subtensor/signing-payloads.json:
//   BLOCKZERO_SUBTENSOR_RUNTIME=runtime.wasm node dist/tests/interop/signing-payloads-record.js
import { writeFile } from "node:fs/promises";
import { destroyWorker } from "@acala-network/chopsticks-core";
import { Keyring } from "@polkadot/keyring";
import type { ExtrinsicEra, ExtrinsicPayload } from "@polkadot/types/interfaces";
import { stringToU8a, u8aToHex } from "@polkadot/util";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { SIGNED_EXTENSIONS } from "#shared/chain/subtensor/signed-extensions.js";
import { OfflineRuntime } from "./offline-runtime.js";

const GENESIS = `0x${"8f".repeat(32)}` as const;
const BIRTH = `0x${"b1".repeat(32)}` as const;

await cryptoWaitReady();
const { address } = new Keyring({ type: "sr25519", ss58Format: 42 }).createFromUri("//Alice");
const record = `bz1:commit:abababab:7:${"A".repeat(43)}`;
const raw = (text: string) => ({ fields: [{ [`Raw${text.length}`]: u8aToHex(stringToU8a(text)) }] });
const many = Array.from({ length: 200 }, (_, uid) => uid);

const calls: readonly (readonly [pallet: string, name: string, args: readonly unknown[]])[] = [
  ["commitments", "setCommitment", [3, raw(record)]],
  ["commitments", "setCommitment", [3, raw("x".repeat(128))]],
  ["commitments", "setCommitment", [3, { fields: [{ Raw1: "0x61" }, { Raw1: "0x62" }] }]],
  ["commitments", "setCommitment", [3, { fields: [{ Keccak256: `0x${"00".repeat(32)}` }] }]],
  ["subtensorModule", "setWeights", [3, [0, 7, 300], [1, 65535, 9], 11]],
  ["subtensorModule", "setWeights", [3, many, many, 11]],
  ["subtensorModule", "commitWeights", [3, `0x${"c0".repeat(32)}`]],
  ["subtensorModule", "revealWeights", [3, [0, 7], [1, 2], [3, 4, 5], 11]],
  ["subtensorModule", "commitCrv3Weights", [3, `0x${"de".repeat(300)}`, 123_456]],
  ["subtensorModule", "commitTimelockedWeights", [3, `0x${"de".repeat(300)}`, 123_456, 4]],
  ["subtensorModule", "serveAxon", [3, 1, 167_772_161, 8091, 4, 4, 0, 0]],
  ["subtensorModule", "burnedRegister", [3, address]],
  ["subtensorModule", "addStake", [address, 3, 1_000_000_000]],
  ["balances", "transferKeepAlive", [address, 1]],
  ["system", "remark", ["0x00"]],
];

const file = process.env.BLOCKZERO_SUBTENSOR_RUNTIME;
if (file === undefined) throw new TypeError("BLOCKZERO_SUBTENSOR_RUNTIME names no runtime");
const runtime = await OfflineRuntime.open(file, () => {});
const { registry, specVersion } = runtime;
registry.setSignedExtensions([...registry.signedExtensions], SIGNED_EXTENSIONS);
const payloads = calls.flatMap(([pallet, name, args]) => {
  const call = runtime.tx[pallet]?.[name]?.(...args);
  if (call === undefined) return [];
  const payload = (change: object) =>
    u8aToHex(
      registry
        .createType<ExtrinsicPayload>(
          "ExtrinsicPayload",
          {
            method: call.toHex(),
            era: registry.createType<ExtrinsicEra>("ExtrinsicEra", { current: 1000, period: 64 }).toHex(),
            nonce: 70,
            tip: 0,
            specVersion,
            transactionVersion: 1,
            genesisHash: GENESIS,
            blockHash: BIRTH,
            mode: 0,
            metadataHash: null,
            ...change,
          },
          { version: 4 },
        )
        .toU8a({ method: true }),
      -1,
      false,
    );
  return [
    {
      method: `${pallet}.${name}`,
      payload: payload({}),
      withTip: payload({ tip: 5 }),
      immortal: payload({ era: "0x00" }),
    },
  ];
});
await writeFile(
  "tests/vectors/subtensor/signing-payloads.json",
  `${JSON.stringify({ specVersion, genesis: GENESIS.slice(2), record, payloads }, null, 2)}\n`,
);
console.log(`${payloads.length} payloads of spec ${specVersion}`);
await destroyWorker();
