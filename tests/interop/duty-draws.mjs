// Draws of duty by schnorrkel itself (Rust, as WebAssembly), for tests/interop/duty.py: `node tests/interop/duty-draws.mjs | python3 tests/interop/duty.py`.
import { createHash } from "node:crypto";
import { Keyring } from "@polkadot/keyring";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { vrfSign, waitReady } from "@polkadot/wasm-crypto";

await cryptoWaitReady();
await waitReady();
const sha = (text) => createHash("sha256").update(text).digest();
const ring = new Keyring({ type: "sr25519", ss58Format: 42 });

const draws = ["//Alice", "//Bob", "//Charlie"].flatMap((uri) => {
  const pair = ring.createFromUri(uri);
  return [0, 1, 2].map((n) => {
    const parts = {
      task: sha(`task ${n}`),
      executorKey: sha("executor"),
      result: sha(`result ${n}`),
      beacon: sha("beacon"),
    };
    const message = Buffer.concat(Object.values(parts));
    const draw = vrfSign(pair.encodePkcs8().slice(16, 80), Buffer.from("blockzero/duty/1"), message, new Uint8Array());
    const hex = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, bytes.toString("hex")]));
    return { uri, hotkey: pair.address, ...hex, draw: Buffer.from(draw).toString("hex") };
  });
});
const relays = ["//Alice", "//Bob"].map((uri) => {
  const pair = ring.createFromUri(uri);
  const [network, beacon, cycle] = [sha("network"), sha("relay beacon"), 7];
  const message = Buffer.concat([network, Buffer.from([cycle, 0, 0, 0, 0, 0, 0, 0]), beacon]);
  const context = Buffer.from("blockzero/duty-relay/1");
  const draw = vrfSign(pair.encodePkcs8().slice(16, 80), context, message, new Uint8Array());
  const hex = {
    network: network.toString("hex"),
    beacon: beacon.toString("hex"),
    draw: Buffer.from(draw).toString("hex"),
  };
  return { uri, hotkey: pair.address, cycle, ...hex };
});
console.log(JSON.stringify({ draws, relays }));
