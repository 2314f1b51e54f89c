import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

/** A run as the double keeps it. */
export interface KeptRun {
  readonly described: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, { value: unknown }>>;
  readonly rows: Readonly<Record<string, unknown>>[];
  readonly summary: Readonly<Record<string, unknown>>;
  readonly files: ReadonlyMap<string, string>;
  readonly isOver: boolean;
  /** Of the last upload. */
  readonly uploadHeaders?: IncomingHttpHeaders;
}

export interface WandbDouble {
  readonly url: string;
  readonly runs: ReadonlyMap<string, KeptRun>;
  /** Answers so many requests to the file stream with this status; the rows of `lost` ones are kept all the same. */
  fail(times: number, status: number, rows?: "kept" | "refused"): void;
}

/** One that a store wants, and some that nobody should send. */
const UPLOAD_HEADERS = [
  "x-ms-blob-type:BlockBlob",
  "authorization:x",
  "transfer-encoding:chunked",
  "x-a:b\r\nc:d",
  "x",
  7,
];

/** What Weights & Biases does with runs, as far as a client sees it, on loopback. */
export const wandbDouble = async (
  t: Pick<TestContext, "after">,
  /** Where it keeps files. Default: itself. */
  files?: string,
): Promise<WandbDouble> => {
  const runs = new Map<string, KeptRun>();
  let failing = { times: 0, status: 500, rows: "refused" };

  const change = (id: string, fields: Partial<KeptRun>) => {
    const known = runs.get(id) ?? { described: {}, config: {}, rows: [], summary: {}, files: new Map(), isOver: false };
    runs.set(id, { ...known, ...fields });
  };
  const query = (text: string, variables: Record<string, string>): object => {
    if (text.includes("query Viewer")) return { viewer: { entity: "team" } };
    if (text.includes("UpsertBucket")) {
      const { config, ...described } = variables;
      change(described.name!, { described, config: JSON.parse(config!), isOver: false });
      return { upsertBucket: { bucket: { id: "x", project: { name: described.project, entity: { name: "team" } } } } };
    }
    if (text.includes("RunResumeStatus"))
      return { model: { bucket: { historyLineCount: runs.get(variables.name!)?.rows.length ?? 0 } } };
    const [name] = variables.files as unknown as string[];
    return {
      model: {
        bucket: {
          files: {
            uploadHeaders: UPLOAD_HEADERS,
            edges: [{ node: { name, url: `${files ?? url}/put/${variables.run}/${name}` } }],
          },
        },
      },
    };
  };
  const stream = (
    id: string,
    { files, complete }: { files?: Record<string, { offset: number; content: string[] }>; complete?: boolean },
  ) => {
    const history = files?.["wandb-history.jsonl"];
    if (history) {
      const rows = [...(runs.get(id)?.rows ?? [])];
      rows.splice(history.offset, history.content.length, ...history.content.map((line) => JSON.parse(line)));
      change(id, { rows, summary: JSON.parse(files!["wandb-summary.json"]!.content[0]!) });
    }
    if (complete) change(id, { isOver: true });
  };

  const server = createServer(async (request, response) => {
    const { url: path = "" } = request;
    const body = await text(request);
    const [, kind, , , run] = path.split("/");
    if (kind === "files" && failing.times > 0) {
      failing = { ...failing, times: failing.times - 1 };
      if (failing.rows === "kept") stream(run!, JSON.parse(body));
      response.writeHead(failing.status).end();
      return;
    }
    let answer: object = {};
    if (kind === "graphql") {
      const { query: text, variables } = JSON.parse(body);
      answer = { data: query(text, variables) };
    } else if (kind === "files") stream(run!, JSON.parse(body));
    else {
      const [, , id, ...name] = path.split("/");
      change(id!, {
        uploadHeaders: request.headers,
        files: new Map([...(runs.get(id!)?.files ?? []), [name.join("/"), body]]),
      });
    }
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new TypeError("not listening");
  const url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    runs,
    fail: (times, status, rows = "refused") => {
      failing = { times, status, rows };
    },
  };
};
