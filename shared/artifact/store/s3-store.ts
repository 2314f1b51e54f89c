import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { hashBytes, isHash, sha256 } from "#shared/protocol/hash.js";
import type { BlobStore } from "../blob-store.js";
import type { ByteRange } from "../byte-range.js";
import { credential, remoteAttempts } from "./remote-fault.js";

export interface S3Location {
  readonly bucket: string;
  /** Without slashes around it; may be empty. */
  readonly prefix: string;
}

/**
 * A store in a bucket of any service that speaks S3. A blob's key is `<prefix>/blob/<hash>`: a bucket that is readable at an
 * origin of its own answers as a blob server does.
 *
 * The environment gives AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, perhaps AWS_SESSION_TOKEN; AWS_REGION; and, for other services
 * than Amazon's, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
 *
 * @throws BlockZeroError STORE_CREDENTIALS_MISSING; its methods STORE_FAILED
 */
export const s3Store = (
  { bucket, prefix }: S3Location,
  env: Readonly<Record<string, string | undefined>>,
): BlobStore => {
  const accessKeyId = credential(env, "AWS_ACCESS_KEY_ID");
  const secretAccessKey = credential(env, "AWS_SECRET_ACCESS_KEY");
  const sessionToken = env.AWS_SESSION_TOKEN;
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const client = new S3Client({
    region: env.AWS_REGION ?? "us-east-1",
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    // Few services beside Amazon's give each bucket a host name.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    // Ours is the SHA-256 of the whole; other services refuse the newer checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 30_000 },
  });
  const attempt = remoteAttempts(`s3://${bucket}`, [secretAccessKey, sessionToken, accessKeyId]);
  const folder = prefix === "" ? "blob/" : `${prefix}/blob/`;
  const object = (hash: string) => ({ Bucket: bucket, Key: folder + checkedHash(hash) });

  const size = (hash: string): Promise<number | null> =>
    attempt(async () => {
      const head = await orNull(client.send(new HeadObjectCommand(object(hash))));
      return head?.ContentLength ?? null;
    });

  const body = async (hash: string, range?: ByteRange): Promise<Readable> => {
    const part = range && { Range: `bytes=${range.start}-${range.end - 1}` };
    const { Body } = await client.send(new GetObjectCommand({ ...object(hash), ...part }));
    if (Body instanceof Readable) return Body;
    throw new TypeError("the service sent no body");
  };

  return {
    size,
    has: async (hash) => (await size(hash)) !== null,
    get: (hash) =>
      attempt(async () => {
        const stream = await orNull(body(hash));
        if (stream === null) return null;
        const bytes = Buffer.concat(await stream.toArray());
        return sha256(bytes) === hash ? bytes : null;
      }),
    stream: (hash, range) => Readable.from(pieces(attempt, () => body(hash, range))),
    put: (bytes) =>
      attempt(async () => {
        const hash = sha256(bytes);
        const content = { Body: bytes, ContentLength: bytes.length, ContentType: "application/octet-stream" };
        await client.send(new PutObjectCommand({ ...object(hash), ...content }));
        return hash;
      }),
    delete: (hash) =>
      attempt(async () => {
        await client.send(new DeleteObjectCommand(object(hash)));
      }),
    list: async function* () {
      let token: string | undefined;
      do {
        const page = await attempt(() =>
          client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken: token })),
        );
        for (const { Key = "" } of page.Contents ?? []) {
          const name = Key.slice(folder.length);
          if (isHash(name)) yield name;
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
  };
};

/** @throws BlockZeroError HASH_INVALID */
const checkedHash = (hash: string): string => {
  hashBytes(hash);
  return hash;
};

/** What a service streams, its faults coded. */
async function* pieces(
  attempt: ReturnType<typeof remoteAttempts>,
  open: () => Promise<Readable>,
): AsyncGenerator<Uint8Array> {
  const stream = await attempt(open);
  const chunks = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await attempt(() => chunks.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Whoever reads no further leaves no connection behind.
    stream.destroy();
  }
}

const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
  try {
    return await work;
  } catch (thrown) {
    const status = thrown instanceof S3ServiceException ? thrown.$metadata.httpStatusCode : undefined;
    if (status === 404 && thrown instanceof Error && thrown.name !== "NoSuchBucket") return null;
    throw thrown;
  }
};
