import { Graph } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import { type DeviceKind, deviceKinds } from "#shared/engine/runtime/device-choice.js";
import { deviceOf } from "#shared/engine/runtime/device-kinds.js";
import { floatTensor } from "#shared/engine/tensor.js";
import { reasonOf } from "#shared/errors/error.js";
import { checksOf } from "./device-checks.js";

/** What the child says: once whether the device works at all, then of each check whether it failed. */
export type ChildMessage =
  | { readonly kind: "opened"; readonly unavailable: string | undefined }
  | { readonly kind: "checked"; readonly check: string; readonly failure: string | undefined };

const say = (message: ChildMessage) => new Promise((sent) => process.send?.(message, sent));

const failureOf = async (work: () => Promise<void>): Promise<string | undefined> => {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    return reasonOf(thrown);
  }
};

const isKind = (text: string | undefined): text is DeviceKind => deviceKinds.some((kind) => kind === text);

process.once("disconnect", () => process.exit());
const kind = process.argv[2];
if (!isKind(kind)) throw new TypeError(`${kind} is no device`);
let device: Awaited<ReturnType<(typeof deviceOf)[DeviceKind]>> | undefined;
const unavailable = await failureOf(async () => {
  device = await deviceOf[kind]({ threads: 1 });
  const graph = new Graph();
  const program = await device.compile(graph, { y: op.exp(graph.input("x", [1])) });
  await program.run({ x: floatTensor([1]) });
  await program.dispose();
});
await say({ kind: "opened", unavailable });
if (device && unavailable === undefined) {
  for (const [check, perform] of Object.entries(checksOf(kind))) {
    const opened = device;
    await say({ kind: "checked", check, failure: await failureOf(() => perform(opened)) });
  }
}
process.exit();
