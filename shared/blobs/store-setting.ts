import { z } from "zod";
import { pathBeside } from "#shared/files/beside.js";

/** Where a participant stores what it publishes, in addition to its own disk. */
export type StoreChoice =
  | { readonly kind: "http" }
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string }
  | { readonly kind: "hf"; readonly repo: string };

/** The forms of the setting for a remote store. */
export const ARCHIVE_FORMS = "directory:<path>, s3://<bucket>/<prefix> or hf://<owner>/<repository>";
/** The forms that `storeSchema` accepts. */
export const STORE_FORMS = `http, ${ARCHIVE_FORMS}`;

const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9._/-]*))?$/;
const HF = /^hf:\/\/([A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9._-]{1,96})$/;

/** Parses the setting. Null if it is invalid. No form can hold credentials. */
export const parseStore = (text: string): StoreChoice | null => {
  if (text === "http") return { kind: "http" };
  const path = /^directory:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "directory", path };
  const [, bucket, prefix = ""] = S3.exec(text) ?? [];
  if (bucket !== undefined) return { kind: "s3", bucket, prefix: prefix.replace(/^\/+|\/+$/g, "") };
  const repo = HF.exec(text)?.[1];
  return repo === undefined ? null : { kind: "hf", repo };
};

/** The setting from a configuration file. A folder in it is relative to that file. */
export const storeBeside = (file: string, text: string): string => {
  const choice = parseStore(text);
  return choice?.kind === "directory" ? `directory:${pathBeside(file, choice.path)}` : text;
};

export const storeSchema = z.string().transform((text, context): StoreChoice => {
  const choice = parseStore(text);
  if (choice !== null) return choice;
  context.addIssue({ code: "custom", message: `a store is ${STORE_FORMS}` });
  return z.NEVER;
});
