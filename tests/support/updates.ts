import { l2Norm, type TensorBlob } from "#shared/artifact/update.js";
import { createRandom } from "#shared/data/random.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { encodeParameters } from "#shared/model/part-parameters.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { artifactHash, type UnsignedUpdateManifest } from "#shared/protocol/manifest.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Submission } from "#shared/replay/submissions.js";
import { createShardTrainer } from "#shared/shard-training/shard-trainer.js";
import { inMemory, readAll } from "#shared/training/float-source.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { localUpdate, type TestKey } from "./local-signing.js";
import { parameters } from "./micro-network.js";
import type { Subnet } from "./subnet.js";

export const device = onnxCpu({ threads: 1 });

const pick = (names: object): Parameters =>
  Object.fromEntries(Object.keys(names).map((name) => [name, parameters[name]!]));

/** The genesis model as a participant loads it. */
export const genesisBase = ({ network, modelHash }: Pick<Subnet, "network" | "modelHash">) => ({
  hash: modelHash,
  hub: pick(hubShapes(network.model, network.groups)),
  group: (name: string) => pick(groupShapes(network.model, network.groups[name]!)),
});

/** What training leaves of a group's tensors: a real update in the base model's own terms, trained − base. */
export const trainedUpdate = async (
  subnet: Subnet,
  { miner, group = "math", steps = 12 }: { miner: string; group?: string; steps?: number },
): Promise<Parameters> => {
  const base = genesisBase(subnet);
  const config = subnet.minerConfig(miner, { expert_group: group, max_steps: steps });
  const trainer = await createShardTrainer({
    device,
    network: subnet.network,
    group,
    config,
    miner: config.wallet.hotkey,
    hub: frozenInMemory(base.hub),
  });
  const { update } = await trainer.train(inMemory(base.group(group)), { cycle: 1, stop: () => false });
  const tensors = await readAll(update);
  await trainer.dispose();
  return tensors;
};

/** Uniform noise with `size` times the norm of the group's weights. */
export const noiseUpdate = (subnet: Subnet, seed: string, size: number, group = "math"): Parameters => {
  const base = genesisBase(subnet).group(group);
  const random = createRandom(seed);
  const noise = map(base, () => random.next() - 0.5);
  const scale = (size * l2Norm(Object.values(base))) / l2Norm(Object.values(noise));
  return map(noise, (value) => value * scale);
};

export const map = (tensors: Parameters, change: (value: number, name: string, index: number) => number): Parameters =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      { ...tensor, data: tensor.data.map((value, i) => change(value, name, i)) },
    ]),
  );

export interface Forgery {
  readonly miner: string;
  /** The tensors, or whatever bytes pass for them. */
  readonly tensors: Parameters | Uint8Array;
  readonly cycle?: number;
  /** Revealed; the manifest says the same unless `change` has it say otherwise. */
  readonly group?: string;
  readonly change?: Partial<UnsignedUpdateManifest>;
  /** Who signs the manifest; the miner itself unless given. */
  readonly signer?: TestKey;
  readonly location?: string;
}

/** Everything that a miner which writes its own program puts on chain and on its server. */
export interface Forged {
  readonly artifact: string;
  readonly manifest: Uint8Array;
  readonly tensors: TensorBlob;
  readonly commit: string;
  readonly reveal: string;
  readonly submission: Submission;
}

export const forge = (subnet: Subnet, forgery: Forgery): Forged => {
  const { network, networkHash, modelHash } = subnet;
  const { miner, cycle = 1, group = "math", location = subnet.location } = forgery;
  const own = subnet.signer(miner);
  const tensors = blobOf(forgery.tensors);
  const manifest = localUpdate(
    {
      network: networkHash,
      cycle,
      group,
      base: modelHash,
      codec: network.artifact.codec,
      tensors: tensors.hash,
      bytes: tensors.bytes.length,
      steps: 1,
      tokens: 1,
      ...forgery.change,
    },
    forgery.signer ?? own,
  );
  const artifact = artifactHash(manifest);
  const commitment = commitmentOf(artifact, own.publicKey, cycle);
  const head = { network: shortHash(networkHash), cycle };
  return {
    artifact,
    manifest: canonicalBytes(manifest),
    tensors,
    commit: encodeRecord({ type: "commit", ...head, commitment }),
    reveal: encodeRecord({ type: "reveal", ...head, group, artifact, location }),
    submission: {
      uid: subnet.uid(miner),
      hotkey: own.address,
      publicKey: own.publicKey,
      commitment: { hash: commitment, block: subnet.window(cycle, "commit").start },
      reveal: { group, artifact, location },
    },
  };
};

const blobOf = (tensors: Forgery["tensors"]): TensorBlob =>
  tensors instanceof Uint8Array ? { bytes: tensors, hash: sha256(tensors) } : encodeParameters(tensors);

/** Puts a forgery where the owner's server serves it. */
export const serve = async ({ store }: Pick<Subnet, "store">, { manifest, tensors }: Forged): Promise<void> => {
  await store.put(manifest);
  await store.put(tensors.bytes);
};

/** Commits and reveals forgeries in the windows of a cycle, and serves them; ends in the last block of the reveal phase. */
export const submit = async (subnet: Subnet, forged: Readonly<Record<string, Forged>>, cycle = 1): Promise<void> => {
  for (const one of Object.values(forged)) await serve(subnet, one);
  for (const phase of ["commit", "reveal"] as const) {
    await subnet.to(subnet.window(cycle, phase).start - 1);
    await subnet.record(Object.fromEntries(Object.entries(forged).map(([name, one]) => [name, one[phase]])));
  }
  await subnet.to(subnet.window(cycle, "reveal").end - 1);
};
