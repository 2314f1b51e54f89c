import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { addAbortSignal, Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { ByteRange } from "#shared/files/byte-range.js";
import { hashBytes, isHash, sha256 } from "#shared/protocol/hash.js";
import type { BlobStore } from "./blob-store.js";
import { type Attempt, attemptsUntil, credential, remoteAttempts, streamedPieces, wholeBlob } from "./remote-fault.js";

export interface S3Location {
  readonly bucket: string;
  /** Without slashes around it; may be empty. */
  readonly prefix: string;
}

/** A file of more bytes goes in parts of so many: a bucket takes none of more than 5 GiB at once. */
const PART_BYTES = 2 ** 30;
/** Parts that an upload has at most, and how often each is sent. */
const MOST_PARTS = 10_000;
const PART_ATTEMPTS = 3;
/** Milliseconds without a byte after which a connection is given up, but for that on which an upload in parts ends. */
const SILENCE_MS = 30_000;

export interface S3Options {
  /** Longest wait for the service, in milliseconds; default: a minute. */
  readonly answerMs?: number | undefined;
  /** Bytes of a part of a file that does not go at once. */
  readonly partBytes?: number;
  /** Milliseconds for which the service may send and take nothing. */
  readonly silenceMs?: number;
  /** Ends every request, and every wait for one, with its reason; but for that by which what was sent in parts goes. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A store in a bucket of any service with the S3 protocol. A blob's key is `<prefix>/blob/<hash>`. So a publicly readable bucket with its
 * own origin answers as a blob server does.
 *
 * The environment gives AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, perhaps AWS_SESSION_TOKEN; AWS_REGION; and, for other services than
 * Amazon's, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
 *
 * @throws BlockZeroError STORE_CREDENTIALS_MISSING; its methods STORE_FAILED
 */
export const s3Store = (
  { bucket, prefix }: S3Location,
  env: Readonly<Record<string, string | undefined>>,
  { answerMs, partBytes = PART_BYTES, silenceMs = SILENCE_MS, signal }: S3Options = {},
): BlobStore => {
  const accessKeyId = credential(env, "AWS_ACCESS_KEY_ID");
  const secretAccessKey = credential(env, "AWS_SECRET_ACCESS_KEY");
  const sessionToken = env.AWS_SESSION_TOKEN;
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  /** @param socketTimeout as `silenceMs`; 0 for as long as an attempt may take */
  const clientOf = (socketTimeout: number) =>
    new S3Client({
      region: env.AWS_REGION ?? "us-east-1",
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
      // Few services except Amazon's give each bucket its own host name.
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      // BlockZero checks the SHA-256 of the whole blob. Other services refuse the newer checksums.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 10_000, socketTimeout },
      // Failures are thrown; without a logger it prints that it sends no stream twice.
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    });
  const client = clientOf(silenceMs);
  /** A service may say nothing until it has put the parts of a file together. */
  const patient = clientOf(0);
  const answered = remoteAttempts(`s3://${bucket}`, [secretAccessKey, sessionToken, accessKeyId], answerMs);
  const attempt = attemptsUntil(answered, signal);
  const folder = prefix === "" ? "blob/" : `${prefix}/blob/`;
  const object = (hash: string) => ({ Bucket: bucket, Key: folder + checkedHash(hash) });

  const size = (hash: string): Promise<number | null> =>
    attempt(async (abortSignal) => {
      const head = await orNull(client.send(new HeadObjectCommand(object(hash)), { abortSignal }));
      return head?.ContentLength ?? null;
    });

  const body = async (hash: string, abortSignal: AbortSignal, range?: ByteRange): Promise<SentBody> => {
    const part = range && { Range: `bytes=${range.start}-${range.end - 1}` };
    const { Body, ContentLength } = await client.send(new GetObjectCommand({ ...object(hash), ...part }), {
      abortSignal,
    });
    if (Body instanceof Readable) return { stream: Body, length: ContentLength ?? 0 };
    throw new TypeError("the service sent no body");
  };

  /** Sends some bytes of a file, which are read while they are sent. */
  const sendFile = <T>(
    path: string,
    { start, end }: ByteRange,
    send: (content: { Body: Readable; ContentLength: number }, signal: AbortSignal) => Promise<T>,
    over: AbortSignal | undefined,
  ): Promise<T> =>
    attemptsUntil(attempt, over)(async (ended) => {
      ended.throwIfAborted();
      const Body = createReadStream(path, end > start ? { start, end: end - 1 } : {});
      try {
        return await send({ Body, ContentLength: end - start }, ended);
      } finally {
        Body.destroy();
      }
    }, end - start);

  /** Each part is sent again where that failed, since the client sends no stream twice. What fails in the end, or is over, is aborted. */
  const putParts = async (path: string, hash: string, bytes: number, over: AbortSignal | undefined): Promise<void> => {
    over?.throwIfAborted();
    const { UploadId } = await attempt((abortSignal) =>
      client.send(new CreateMultipartUploadCommand({ ...object(hash), ContentType: CONTENT_TYPE }), { abortSignal }),
    );
    const upload = { ...object(hash), UploadId };
    const step = Math.max(partBytes, Math.ceil(bytes / MOST_PARTS));
    const sendPart = (start: number, PartNumber: number) =>
      sendFile(
        path,
        { start, end: Math.min(bytes, start + step) },
        async (content, abortSignal) => {
          const { ETag } = await client.send(new UploadPartCommand({ ...upload, ...content, PartNumber }), {
            abortSignal,
          });
          return { ETag, PartNumber };
        },
        over,
      );
    try {
      const Parts: CompletedPart[] = [];
      for (let start = 0; start < bytes; start += step)
        Parts.push(await severalTimes(PART_ATTEMPTS, () => sendPart(start, Parts.length + 1)));
      const end = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
      try {
        // Longer by as much as the bytes take: the service may put the parts together before it answers.
        await attemptsUntil(attempt, over)((abortSignal) => patient.send(end, { abortSignal }), bytes);
      } catch (thrown) {
        // Where the answer to an end was lost, the upload that is asked for again is not there any more, but the file is.
        if ((await size(hash).catch(() => null)) !== bytes) throw thrown;
      }
    } catch (thrown) {
      const abort = new AbortMultipartUploadCommand(upload);
      await answered((abortSignal) => orNull(client.send(abort, { abortSignal }))).catch((fault: unknown) => {
        throw notAborted(thrown, fault);
      });
      throw thrown;
    }
  };

  return {
    size,
    has: async (hash) => (await size(hash)) !== null,
    get: async (hash) => {
      const sent = await attempt((signal) => orNull(body(hash, signal)));
      if (sent === null) return null;
      const bytes = await attempt((signal) => wholeBlob(addAbortSignal(signal, sent.stream)), sent.length);
      return sha256(bytes) === hash ? bytes : null;
    },
    stream: (hash, range) => Readable.from(pieces(attempt, (signal) => body(hash, signal, range))),
    put: (bytes) =>
      attempt(async (abortSignal) => {
        const hash = sha256(bytes);
        const content = { Body: bytes, ContentLength: bytes.length, ContentType: CONTENT_TYPE };
        await client.send(new PutObjectCommand({ ...object(hash), ...content }), { abortSignal });
        return hash;
      }, bytes.length),
    putFile: async (path, hash, over) => {
      const { size: bytes } = await stat(path);
      if (bytes > partBytes) return putParts(path, hash, bytes, over);
      const whole = { ...object(hash), ContentType: CONTENT_TYPE };
      await sendFile(
        path,
        { start: 0, end: bytes },
        (content, abortSignal) => client.send(new PutObjectCommand({ ...whole, ...content }), { abortSignal }),
        over,
      );
    },
    delete: (hash) =>
      attempt(async (abortSignal) => {
        await client.send(new DeleteObjectCommand(object(hash)), { abortSignal });
      }),
    list: async function* () {
      let token: string | undefined;
      do {
        const page = await attempt((abortSignal) =>
          client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken: token }), {
            abortSignal,
          }),
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

const silent = (): void => undefined;

const CONTENT_TYPE = "application/octet-stream";

/** The parts of an upload stay, and are paid for, until somebody aborts it. */
const notAborted = (thrown: unknown, fault: unknown): BlockZeroError =>
  new BlockZeroError(
    "STORE_FAILED",
    `${reasonOf(thrown)}; what was sent stays there, as the upload could not be aborted: ${reasonOf(fault)}`,
    "let the credentials abort uploads (s3:AbortMultipartUpload), and a rule of the bucket remove unfinished ones",
  );

const severalTimes = async <T>(times: number, work: () => Promise<T>): Promise<T> => {
  for (let left = times - 1; left > 0; left--) {
    const done = await work().then(
      (value) => ({ value }),
      () => null,
    );
    if (done) return done.value;
  }
  return work();
};

interface SentBody {
  readonly stream: Readable;
  /** As announced, in bytes. */
  readonly length: number;
}

/** @throws BlockZeroError HASH_INVALID */
const checkedHash = (hash: string): string => {
  hashBytes(hash);
  return hash;
};

async function* pieces(attempt: Attempt, open: (signal: AbortSignal) => Promise<SentBody>): AsyncGenerator<Uint8Array> {
  const { stream } = await attempt(open);
  const chunks = stream[Symbol.asyncIterator]();
  try {
    yield* streamedPieces(attempt, async () => (await chunks.next()).value ?? null);
  } finally {
    // Closes the connection if the reader stops early.
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
