import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { checkGroups } from "#shared/model/groups.js";
import { PRESETS } from "#shared/model/presets.js";
import { expertGroupSchema, modelConfigSchema, type Network, networkSchema } from "#shared/protocol/network.js";

/** A network before its genesis: the model may be a preset's name and each group a file of its own. */
export type NetworkTemplate = Omit<Network, "genesis">;

const presets = Object.keys(PRESETS) as [keyof typeof PRESETS, ...(keyof typeof PRESETS)[]];
const templateSchema = networkSchema.omit({ genesis: true }).extend({
  model: z.union([z.enum(presets).transform((name) => modelConfigSchema.parse(PRESETS[name])), modelConfigSchema]),
  groups: z.record(networkSchema.shape.groups.keyType, z.union([z.string(), expertGroupSchema])),
});

/** Reads a network template and the group files it names. @throws NETWORK_TEMPLATE_INVALID naming file and field. */
export const loadNetworkTemplate = (path: string): NetworkTemplate => {
  const template = read(path, templateSchema);
  const groups = Object.fromEntries(
    Object.entries(template.groups).map(([name, group]) => [
      name,
      typeof group === "string" ? read(resolve(dirname(path), group), expertGroupSchema) : group,
    ]),
  );
  const network = { ...template, groups };
  checkGroups(network);
  return network;
};

const read = <T>(path: string, schema: z.ZodType<T>): T => {
  let document: unknown;
  try {
    document = parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw invalid(path, reasonOf(cause), cause);
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw invalid(path, `${issue.path.join(".") || "the document"}: ${issue.message}`, result.error);
};

const invalid = (path: string, message: string, cause: unknown) =>
  new BlockZeroError("NETWORK_TEMPLATE_INVALID", `${path}: ${message}`, "compare with configs/localnet/network.yaml", {
    cause,
  });
