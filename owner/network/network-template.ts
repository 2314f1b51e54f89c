import { dirname, resolve } from "node:path";
import { stringify } from "yaml";
import type { z } from "zod";
import { checkSources } from "#datasets/tokens.js";
import { checkFields } from "#shared/config/check-network.js";
import { dataBeside, faultOf, groupBeside } from "#shared/config/load-network.js";
import { readYaml, yamlValue } from "#shared/config/yaml-file.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { allExperts } from "#shared/model/parameters.js";
import { PRESETS } from "#shared/model/presets.js";
import { expertGroupSchema } from "#shared/protocol/expert-group.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { decisiveNetwork, type Network, networkSchema } from "#shared/protocol/network.js";
import type { TokenizerRule } from "#shared/protocol/tokenizer-files.js";
import { nearest } from "#shared/util/nearest.js";

/**
 * A network before its genesis. In the file the model may also be a preset's name, or `from-checkpoint`, alone or as `preset` beside keys that are
 * added to it, and so may `data.tokenizer` be `from-checkpoint`; each group may be a file of its own, and its `experts` a list of ids that it owns in
 * every layer.
 */
export type NetworkTemplate = Omit<Network, "genesis">;

const CODES = { missing: "NETWORK_TEMPLATE_NOT_FOUND", malformed: "NETWORK_TEMPLATE_MALFORMED" } as const;
const templateSchema = networkSchema.omit({ genesis: true });

const FROM_CHECKPOINT = "from-checkpoint";

/**
 * Reads a network template and the group files it names. Paths in either are relative to the file that they stand in.
 *
 * @param checkpoint the model that `model: from-checkpoint` stands for
 * @param tokenizer what `data.tokenizer: from-checkpoint` stands for; null where the checkpoint has none
 * @throws NETWORK_TEMPLATE_NOT_FOUND, NETWORK_TEMPLATE_MALFORMED, NETWORK_TEMPLATE_INVALID naming file and field, and what
 *         `checkNetwork` throws
 */
export const loadNetworkTemplate = (
  path: string,
  checkpoint?: ModelConfig,
  tokenizer?: TokenizerRule | null,
): NetworkTemplate => {
  const document = read(path);
  const model = isRecord(document) ? expandedModel(path, document.model, checkpoint) : undefined;
  const template = isRecord(document)
    ? {
        ...document,
        model,
        groups: expandedGroups(path, document.groups, model),
        data: expandedData(path, document.data, tokenizer),
      }
    : document;
  const parsed = parse(path, template, templateSchema);
  const groups = Object.entries(parsed.groups).map(([name, group]) => [name, groupBeside(path, group)]);
  const network = { ...parsed, data: dataBeside(path, parsed.data), groups: Object.fromEntries(groups) };
  checkNetwork(network);
  return network;
};

/** Whether a file is a template: it names no genesis model. */
export const isTemplate = (path: string): boolean => {
  const document = read(path);
  return isRecord(document) && !("genesis" in document);
};

/** Checks what no single field shows: that the groups fit the model, and that their documents can be had, or are named by their content. */
export const checkNetwork = (
  network: Pick<Network, "model" | "groups" | "beacon" | "data" | "sprint" | "phases">,
): void => {
  checkFields(network);
  checkSources(network, ({ path, sha256 }) => path !== undefined || sha256 === undefined);
};

/** A network file as it is written for its owner. */
export const networkText = (network: Network): string =>
  `# Written by \`blockzero\`; publish a change of it with \`blockzero publish\`.\n${stringify(decisiveNetwork(network))}`;

const read = (path: string): unknown => yamlValue(path, readYaml(path, CODES), CODES);

const expandedModel = (path: string, model: unknown, checkpoint: ModelConfig | undefined): unknown => {
  if (isRecord(model) && typeof model.preset === "string") {
    const { preset, ...rest } = model;
    const shape = expandedModel(path, preset, checkpoint);
    return { ...(isRecord(shape) && shape), ...rest };
  }
  if (typeof model !== "string") return model;
  if (model === FROM_CHECKPOINT) {
    if (checkpoint) return checkpoint;
    throw invalid(path, "model: from-checkpoint needs a checkpoint: --from DIR");
  }
  const presets: Readonly<Record<string, unknown>> = PRESETS;
  if (Object.hasOwn(presets, model)) return presets[model];
  const near = nearest(model, Object.keys(presets));
  const names = Object.keys(presets).join(", ");
  throw invalid(path, `model: no preset is called "${model}"${near ? `, did you mean "${near}"?` : ` (${names})`}`);
};

const expandedData = (path: string, data: unknown, tokenizer: TokenizerRule | null | undefined): unknown => {
  if (!isRecord(data) || data.tokenizer !== FROM_CHECKPOINT) return data;
  if (tokenizer) return { ...data, tokenizer };
  if (tokenizer === null) throw invalid(path, "data.tokenizer: the checkpoint has no tokenizer.json");
  throw invalid(path, "data.tokenizer: from-checkpoint needs a checkpoint: --from DIR");
};

const expandedGroups = (path: string, groups: unknown, model: unknown): unknown =>
  isRecord(groups)
    ? Object.fromEntries(
        Object.entries(groups).map(([name, group]) => [
          name,
          typeof group === "string" ? readGroup(resolve(dirname(path), group)) : inEveryLayer(group, model),
        ]),
      )
    : groups;

/** A group whose `experts` are a list owns these of every layer that has experts. */
const inEveryLayer = (group: unknown, model: unknown): unknown => {
  const config = networkSchema.shape.model.safeParse(model);
  if (!isRecord(group) || !Array.isArray(group.experts) || !config.success) return group;
  const layers = allExperts(config.data).flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  return { ...group, experts: Object.fromEntries(layers.map((layer) => [String(layer), group.experts])) };
};

const readGroup = (path: string) => groupBeside(path, parse(path, read(path), expertGroupSchema));

const parse = <T>(path: string, document: unknown, schema: z.ZodType<T>): T => {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  throw invalid(path, faultOf(result.error.issues[0]!, document), result.error);
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const invalid = (path: string, message: string, cause?: unknown) =>
  new BlockZeroError(
    "NETWORK_TEMPLATE_INVALID",
    `${path}: ${message}`,
    "docs/network-file.md has every key; configs/localnet/network.yaml is an example",
    {
      cause,
    },
  );
