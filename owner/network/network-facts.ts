import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { pinnedTexts } from "#shared/packs/pinned-text.js";
import { type Network, networkHash } from "#shared/protocol/network.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";
import { cycleLength } from "#shared/protocol/phases.js";
import type { NetworkTemplate } from "./network-template.js";

const FLOAT_BYTES = 4;

/** What an owner wants to know of a network file before publishing it. */
export interface NetworkFacts {
  readonly name: string;
  /** Null for a template. */
  readonly hash: string | null;
  readonly genesis: string | null;
  readonly netuid: number;
  readonly parameters: { readonly total: number; readonly hub: number };
  /** What a miner computes with beside its own experts. */
  readonly shard: Shard["mode"];
  /** Of the whole model in float32, as an export in it has it. */
  readonly modelBytes: number;
  readonly groups: readonly GroupFacts[];
  readonly cycle: { readonly blocks: number; readonly seconds: number; readonly phases: Network["phases"] };
  readonly scoring: Network["scoring"] & {
    /** Tokens that one evaluation of an update reads at most. */
    readonly tokens: number;
  };
  readonly training: Network["training"];
  readonly data: Network["data"];
  readonly voting: Network["voting"];
  /** What makes evaluation seeds. */
  readonly seeds: "beacon" | "block hashes";
}

export interface GroupFacts {
  readonly group: string;
  readonly parameters: number;
  readonly codec: Network["artifact"]["codec"];
  /** Of an update's file. */
  readonly updateBytes: number;
  readonly sources: readonly { readonly kind: string; readonly weight: number }[];
  /** Files of documents, by content. */
  readonly texts: readonly { readonly sha256: string; readonly bytes: number; readonly path: string | null }[];
}

/** @param blockSeconds how long the chain takes for a block */
export const factsOf = (network: Network | NetworkTemplate, blockSeconds: number): NetworkFacts => {
  const { model, groups, scoring, data, artifact, phases } = network;
  const total = countParameters(parameterShapes(model));
  const texts = pinnedTexts(network);
  const blocks = cycleLength(phases);
  return {
    name: network.name,
    hash: "genesis" in network ? networkHash(network) : null,
    genesis: "genesis" in network ? network.genesis : null,
    netuid: network.netuid,
    parameters: { total, hub: countParameters(hubShapes(model, groups)) },
    shard: model.shard?.mode ?? "restricted",
    modelBytes: total * FLOAT_BYTES,
    groups: Object.entries(groups).map(([name, group]) => {
      const shapes = groupShapes(model, group);
      return {
        group: name,
        parameters: countParameters(shapes),
        codec: artifact.codec,
        updateBytes: encodedLength(CODECS[artifact.codec], new Map(Object.entries(shapes))),
        sources: group.data.map(({ kind, weight }) => ({ kind, weight })),
        texts: texts
          .filter((text) => text.group === name)
          .map(({ sha256, bytes, path }) => ({ sha256, bytes, path: path ?? null })),
      };
    }),
    cycle: { blocks, seconds: blocks * blockSeconds, phases },
    scoring: { ...scoring, tokens: scoring.eval_batches * scoring.eval_batch_size * data.sequence_length },
    training: network.training,
    data,
    voting: network.voting,
    seeds: network.beacon ? "beacon" : "block hashes",
  };
};

type Fields = Readonly<Record<string, string | number>>;

const SHARDS: Readonly<Record<Shard["mode"], string>> = {
  restricted: "restricted: a miner computes with its group's experts alone",
  anchored: "anchored: a miner computes with its group's experts and the anchors",
  full: "full: a miner computes with all experts, and trains its group's",
};

/** The facts as lines for a person. */
export const factLines = (facts: NetworkFacts): Fields => {
  const { parameters, cycle, scoring, training, data, voting } = facts;
  return {
    network: facts.name,
    hash: facts.hash ?? "none yet: a template, until `blockzero genesis` makes its model",
    ...(facts.genesis !== null && { genesis: facts.genesis }),
    netuid: facts.netuid,
    cycle: `${cycle.blocks} blocks, ${duration(cycle.seconds)}: ${Object.entries(cycle.phases)
      .map(([phase, blocks]) => `${phase} ${blocks}`)
      .join(", ")}`,
    parameters: `${count(parameters.total)}, of which the hub ${count(parameters.hub)}; ${size(facts.modelBytes)} in float32`,
    shard: SHARDS[facts.shard],
    groups: facts.groups.map(({ group }) => group).join(", "),
    ...Object.fromEntries(facts.groups.flatMap(groupLines)),
    data: `${tokenizerName(data.tokenizer)} tokens, windows of ${data.sequence_length}, ${percent(data.held_out)} of the documents held out`,
    scoring: `at most ${scoring.eval_batches} batches of ${scoring.eval_batch_size}, ${count(scoring.tokens)} tokens, in ${scoring.racing.rounds} rounds; confidence ${scoring.confidence}, exponent ${scoring.exponent}; norm at most ${scoring.max_update_norm}`,
    merge: `${scoring.top_n} updates a group by ${training.merge.rule}; ${training.outer.steps.length} candidate steps, confidence ${training.outer.confidence}`,
    independence: scoring.witness
      ? `by witnesses: each validator trains every group twice, ${scoring.witness.steps} steps of ${scoring.witness.batch_size * scoring.witness.gradient_accumulation_steps} windows, rate ${scoring.witness.learning_rate}`
      : "by the updates alone: where one's hotkeys are two thirds of a group splitting may pay, which scoring.witness ends",
    pay: `${curveText(scoring.rewards)}; mean of ${scoring.window} cycles, ${percent(scoring.burn)} burned`,
    voting: `stake counts until its validator is silent for ${voting.silent_after} cycles; what counts must be ${percent(voting.quorum)} of all that is known`,
    seeds: facts.seeds,
  };
};

const groupLines = ({ group, parameters, codec, updateBytes, sources, texts }: GroupFacts) =>
  [
    [
      `group ${group}`,
      `${count(parameters)} parameters, an update of ${size(updateBytes)} in ${codec}; ${sources.map(({ kind, weight }) => `${kind} × ${weight}`).join(", ")}`,
    ],
    ...texts.map(({ sha256, bytes, path }) => [
      `text ${group}`,
      `${sha256}, ${bytes} bytes, ${path === null ? "fetched by this hash" : `as in ${path}`}`,
    ]),
  ] as const;

const tokenizerName = (tokenizer: Network["data"]["tokenizer"]): string =>
  tokenizer === "byte" ? tokenizer : `tokenizer.json ${tokenizer.sha256 ?? "not pinned yet"}:`;

const curveText = ({ curve, ...parameters }: Network["scoring"]["rewards"]): string =>
  `${curve} ${JSON.stringify(parameters)}`;

const count = (number: number): string =>
  number >= 1e9
    ? `${(number / 1e9).toFixed(2)} G`
    : number >= 1e6
      ? `${(number / 1e6).toFixed(2)} M`
      : number.toLocaleString("en");

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${bytes} bytes`;

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

const duration = (seconds: number): string =>
  seconds < 120
    ? `${Number(seconds.toFixed(1))} s`
    : seconds < 7200
      ? `${Number((seconds / 60).toFixed(1))} min`
      : `${Number((seconds / 3600).toFixed(1))} h`;
