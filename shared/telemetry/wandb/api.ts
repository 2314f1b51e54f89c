import { createHash } from "node:crypto";
import { withDeadline } from "#shared/util/deadline.js";
import { withSignals } from "#shared/util/join-signals.js";
import { WandbFault } from "./fault.js";
import type { WandbJob } from "./messages.js";
import { requestText, type WandbRequest } from "./request.js";
import type { RunState } from "./run-journal.js";

/** Where a run is kept. */
export interface RunPlace {
  readonly entity: string;
  readonly project: string;
}

export interface WandbApi {
  /** Whose the key is; null where the service does not know it. */
  owner(signal: AbortSignal): Promise<string | null>;
  /** Creates the run or goes on with it. */
  upsert(run: RunState, config: object): Promise<RunPlace>;
  /** Rows of the run that the service has; null where it does not say. */
  rows(run: RunState, place: RunPlace): Promise<number | null>;
  /** Sends rows from a number on, and the last values of all. */
  send(run: RunState, place: RunPlace, from: number, rows: readonly object[], summary: object): Promise<void>;
  /** Uploads a file of the run. */
  upload(run: RunState, place: RunPlace, name: string, bytes: Uint8Array): Promise<void>;
  finish(run: RunState, place: RunPlace): Promise<void>;
}

const ANSWER_MS = 30_000;
/** Headers of an upload that the service may ask for: those of the file's type and of the store. */
const UPLOAD_HEADER = /^(content-(?:type|md5|disposition)|x-[\w-]{1,100}):([\t\x20-\x7e]{0,1024})$/i;
const MAX_UPLOAD_HEADERS = 32;

/** As @wandb/sdk 0.5.1 and the Python client send it. */
const UPSERT = `mutation UpsertBucket($name: String, $project: String, $entity: String, $groupName: String, $displayName: String, $notes: String, $config: JSONString, $jobType: String, $tags: [String!]) {
  upsertBucket(input: { name: $name, modelName: $project, entityName: $entity, groupName: $groupName, displayName: $displayName, notes: $notes, config: $config, jobType: $jobType, tags: $tags }) {
    bucket { id name displayName project { name entity { name } } }
  }
}`;
const VIEWER = "query Viewer { viewer { id entity username } }";
const RESUME = `query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) { bucket(name: $name, missingOk: true) { historyLineCount } }
}`;
const UPLOAD = `query RunUploadUrls($name: String!, $files: [String]!, $entity: String, $run: String!) {
  model(name: $name, entityName: $entity) { bucket(name: $run) { files(names: $files) { uploadHeaders edges { node { name url(upload: true) } } } } }
}`;

/**
 * The parts of Weights & Biases' interface that a run needs. Every request has a limit of time, every answer one of length.
 *
 * @param answerMs longest wait for an answer, milliseconds
 */
export const wandbApi = (
  { apiKey, baseUrl, allowPrivateAddresses = false }: Omit<WandbJob, "folder">,
  answerMs = ANSWER_MS,
): WandbApi => {
  const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString("base64")}`;

  const ask = async (url: string, init: Omit<WandbRequest, "signal">, given?: AbortSignal): Promise<unknown> => {
    const late = () => new WandbFault(`no answer within ${answerMs / 1000} s`, false);
    const text = await withDeadline(answerMs, late, (over) =>
      withSignals([over, given], (signal) => requestText(url, { ...init, signal })),
    );
    try {
      return text === "" ? null : JSON.parse(text);
    } catch {
      return null;
    }
  };

  const post = (url: string, body: object, signal?: AbortSignal): Promise<unknown> => {
    const headers = { authorization, "content-type": "application/json" };
    return ask(url, { method: "POST", body: JSON.stringify(body), headers }, signal);
  };

  const query = async (text: string, variables: object, signal?: AbortSignal): Promise<Answer> =>
    new Answer(await post(`${baseUrl}/graphql`, { query: text, variables }, signal)).at("data");

  const stream = ({ id }: RunState, { entity, project }: RunPlace, body: object) =>
    post(`${baseUrl}/files/${[entity, project, id].map(encodeURIComponent).join("/")}/file_stream`, body);

  return {
    async owner(signal) {
      try {
        const answer = await query(VIEWER, {}, signal);
        if (!answer.isThere) throw new WandbFault("the service does not answer as it should", false);
        const viewer = answer.at("viewer");
        return viewer.text("username") ?? viewer.text("entity") ?? null;
      } catch (thrown) {
        if (thrown instanceof WandbFault && (thrown.status === 401 || thrown.status === 403)) return null;
        throw thrown;
      }
    },
    async upsert(run, config) {
      const entity = run.entity ?? (await query(VIEWER, {})).at("viewer").text("entity");
      if (entity === undefined) throw new WandbFault("the service does not say whom the key belongs to", true);
      const { id, project, name, group, jobType, tags, notes } = run;
      const answer = await query(UPSERT, {
        name: id,
        project,
        entity,
        groupName: group,
        displayName: name,
        jobType,
        notes,
        tags,
        config: JSON.stringify(config),
      });
      const bucket = answer.at("upsertBucket").at("bucket");
      if (!bucket.isThere) throw new WandbFault("the service does not take the run", true);
      const made = bucket.at("project");
      return { entity: made.at("entity").text("name") ?? entity, project: made.text("name") ?? project };
    },
    async rows({ id }, { entity, project }) {
      const answer = await query(RESUME, { project, entity, name: id });
      return answer.at("model").at("bucket").count("historyLineCount") ?? null;
    },
    async send(run, place, from, rows, summary) {
      await stream(run, place, {
        files: {
          "wandb-history.jsonl": { offset: from, content: rows.map((row) => JSON.stringify(row)) },
          "wandb-summary.json": { offset: 0, content: [JSON.stringify(summary)] },
        },
      });
    },
    async upload({ id }, { entity, project }, name, bytes) {
      const answer = await query(UPLOAD, { name: project, entity, run: id, files: [name] });
      const files = answer.at("model").at("bucket").at("files");
      const url = files.at("edges").at("0").at("node").text("url");
      const place = url !== undefined && URL.canParse(url, baseUrl) ? new URL(url, baseUrl) : undefined;
      if (place === undefined || !["http:", "https:"].includes(place.protocol))
        throw new WandbFault("the service names no place for a file", true);
      const isOwn = place.origin === new URL(baseUrl).origin;
      // The address is signed; the key is not for it.
      await ask(place.href, {
        method: "PUT",
        body: bytes,
        headers: Object.fromEntries(uploadHeaders(files.texts("uploadHeaders"))),
        isPublicOnly: !isOwn && !allowPrivateAddresses,
      });
    },
    async finish(run, place) {
      await stream(run, place, { complete: true, exitcode: 0 });
    },
  };
};

/** JSON that a stranger sent. What is not there, or is something else, is not there. */
class Answer {
  constructor(private readonly value: unknown) {}

  get isThere(): boolean {
    return typeof this.value === "object" && this.value !== null;
  }

  at(key: string): Answer {
    const { value } = this;
    const own = typeof value === "object" && value !== null && Object.hasOwn(value, key);
    return new Answer(own ? Reflect.get(value, key) : undefined);
  }

  text(key: string): string | undefined {
    const { value } = this.at(key);
    return typeof value === "string" && value !== "" ? value.slice(0, 4096) : undefined;
  }

  texts(key: string): readonly string[] {
    const { value } = this.at(key);
    return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
  }

  count(key: string): number | undefined {
    const { value } = this.at(key);
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  }
}

/** Texts `Name:value` as headers; others are left out. */
const uploadHeaders = (texts: readonly string[]): [string, string][] =>
  texts.slice(0, MAX_UPLOAD_HEADERS).flatMap((text): [string, string][] => {
    const [, name, value] = UPLOAD_HEADER.exec(text) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.trim()]];
  });

/** A table as the service reads it from a file of a run. */
export const tableFile = (
  key: string,
  step: number,
  { columns, rows }: { readonly columns: readonly string[]; readonly rows: readonly (readonly unknown[])[] },
) => {
  const bytes = Buffer.from(JSON.stringify({ columns, data: rows }));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = `media/table/${key}_${step}_${sha256.slice(0, 20)}.table.json`;
  return {
    path,
    bytes,
    value: { _type: "table-file", path, sha256, size: bytes.length, ncols: columns.length, nrows: rows.length },
  };
};
