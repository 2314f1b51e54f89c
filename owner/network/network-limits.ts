import { beaconWindows } from "#shared/beacon/windows.js";
import { vocabularyProblem } from "#shared/data/vocabulary.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { partLayout } from "#shared/model/part-layout.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { MAX_MODEL_BLOBS } from "#shared/protocol/model-manifest.js";
import { decisiveNetwork, MAX_NETWORK_BYTES, type Network } from "#shared/protocol/network.js";
import { PHASES, phaseWindow } from "#shared/protocol/phases.js";
import type { NetworkFacts } from "./network-facts.js";
import type { NetworkTemplate } from "./network-template.js";

type Limited = Network | NetworkTemplate;

/** What each participant does in a phase but the first two ends in a record: a block to send it in, and one more to try again in. */
const RECORD_BLOCKS = 2;

/**
 * Refuses what no single field shows and no program could run.
 *
 * @throws BlockZeroError NETWORK_UNWORKABLE, with all that is wrong
 */
export const checkWorkable = (network: Limited, facts: NetworkFacts): void => {
  const problems = [
    ...phaseProblems(network),
    ...signingProblems(network),
    ...modelProblems(network),
    ...sizeProblems(network, facts),
  ];
  if (problems.length === 0) return;
  throw new BlockZeroError(
    "NETWORK_UNWORKABLE",
    problems.join("; "),
    "change these values; docs/network-file.md has every key",
  );
};

const phaseProblems = ({ phases }: Limited): readonly string[] =>
  PHASES.filter((phase) => phase !== "distribute" && phases[phase] < RECORD_BLOCKS).map(
    (phase) =>
      `phases.${phase} is ${phases[phase]} block, at least ${RECORD_BLOCKS} are needed ${phase === "train" ? "to train, which ends a block early" : "to get a record on chain"}`,
  );

/** What a threshold group needs of the phases: see `recordWindow`. */
const signingProblems = ({ phases, beacon, sprint }: Limited): readonly string[] => {
  if (!beacon?.group) return [];
  const { sealing, signing } = beaconWindows(1, phases);
  const { end } = phaseWindow(1, "reveal", phases);
  const isShort = [
    [sealing.end - sealing.start, "phases.train", "for the group's documents in its first half"],
    [signing.end - signing.start, "phases.reveal", "for the group's signature in its first quarter"],
    ...(sprint ? [[end - signing.end, "phases.reveal", "for the Sprint's records after the group's"] as const] : []),
  ] as const;
  return isShort
    .filter(([blocks]) => blocks < RECORD_BLOCKS)
    .map(([blocks, key, what]) => `${key} leaves ${blocks} blocks ${what}, at least ${RECORD_BLOCKS} are needed`);
};

const modelProblems = ({ model, data, groups }: Limited): readonly string[] => [
  ...[vocabularyProblem({ model, data })].filter((problem) => problem !== null),
  ...(data.sequence_length > model.max_position_embeddings
    ? [
        `data.sequence_length is ${data.sequence_length}, model.max_position_embeddings only ${model.max_position_embeddings}`,
      ]
    : []),
  ...(Object.keys(groups).length === 0 ? ["groups is empty, so that nobody could train"] : []),
];

const sizeProblems = (network: Limited, { groups }: NetworkFacts): readonly string[] => {
  const file = canonicalBytes("genesis" in network ? decisiveNetwork(network) : network).length;
  const most = network.limits.artifact_bytes;
  const blobs = modelBlobs(network);
  return [
    ...groups
      .filter(({ updateBytes }) => updateBytes > most)
      .map(
        ({ group, updateBytes }) =>
          `limits.artifact_bytes is ${most}, an update of "${group}" has ${updateBytes} in ${network.artifact.codec}`,
      ),
    ...(blobs > MAX_MODEL_BLOBS
      ? [`the model takes ${blobs} files, at most ${MAX_MODEL_BLOBS} are named: limits.part_bytes is too small`]
      : []),
    ...(file > MAX_NETWORK_BYTES ? [`the file has ${file} bytes, at most ${MAX_NETWORK_BYTES} are read`] : []),
  ];
};

/** Blobs of a model that has momentum in every group. */
const modelBlobs = ({ model, groups, limits }: Limited): number => {
  const count = (shapes: Readonly<Record<string, readonly number[]>>) =>
    partLayout(new Map(Object.entries(shapes)), limits.part_bytes).length;
  return Object.values(groups).reduce(
    (sum, group) => sum + 2 * count(groupShapes(model, group)),
    count(hubShapes(model, groups)),
  );
};
