import { BlockZeroError } from "#shared/errors/error.js";

/** A repository of the Hugging Face Hub at a revision. */
export interface HubAddress {
  readonly kind: "model" | "dataset";
  /** `owner/name`. */
  readonly name: string;
  /** A branch, a tag or a commit; null where the address names none. */
  readonly revision: string | null;
}

export const HUB_SCHEME = "hf://";
/** The words for what `parseHubAddress` takes. */
export const HUB_FORM = "hf://owner/name@revision, or hf://datasets/owner/name@revision for a data set";

const ADDRESS =
  /^hf:\/\/(?<datasets>datasets\/)?(?<name>[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95})(?:@(?<revision>[\w.-]+(?:\/[\w.-]+){0,7}))?$/;

/** @throws BlockZeroError HUB_ADDRESS_INVALID */
export const parseHubAddress = (text: string): HubAddress => {
  const groups = ADDRESS.exec(text)?.groups;
  if (groups === undefined || text.includes(".."))
    throw new BlockZeroError(
      "HUB_ADDRESS_INVALID",
      `${JSON.stringify(text)} is no address of the Hub`,
      `write ${HUB_FORM}`,
    );
  return {
    kind: groups.datasets === undefined ? "model" : "dataset",
    name: groups.name!,
    revision: groups.revision ?? null,
  };
};

/** The address as it is written, at a revision. */
export const formatHubAddress = ({ kind, name }: HubAddress, revision: string): string =>
  `${HUB_SCHEME}${kind === "dataset" ? "datasets/" : ""}${name}@${revision}`;
