import { WebSocket } from "ws";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Log } from "#shared/telemetry/log.js";
import { incomingSchema } from "./devchain/wire.js";

/** The other side answered with an error. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  constructor(
    readonly code: number,
    /** The rule's name, where there is one. */
    readonly reason: string | undefined,
    message: string,
  ) {
    super(message);
  }
}

export interface RpcSocketOptions {
  readonly endpoint: string;
  readonly log: Log;
  /** Called on every (re)connection before anything that waited is sent: what it asks goes first. */
  readonly onOpen: () => void;
  readonly onNotification: (method: string, params: unknown) => void;
}

interface Request {
  readonly text: string;
  /** Whether it may be sent again over a new connection. */
  readonly repeat: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

const FIRST_DELAY_MS = 50;
const LAST_DELAY_MS = 10_000;
const HEARTBEAT_MS = 15_000;
/** The one request whose outcome is not known by its answer alone. */
const WRITE = "author_submit";
/** Longest wait for an answer over a live connection. */
const ANSWER_MS = 30_000;
const HANDSHAKE_MS = 5_000;
const MAX_PAYLOAD = 64 << 20;

/** One WebSocket that speaks JSON-RPC: requests multiplexed by id, connection renewed with exponential backoff. */
export class RpcSocket {
  readonly #options: RpcSocketOptions;
  readonly #requests = new Map<number, Request>();
  #nextId = 1;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #delay = FIRST_DELAY_MS;
  #outage = false;
  /** Whether it was ever connected: until then the one who waits for the first contact reports its failure. */
  #hadContact = false;
  #failure: BlockZeroError | undefined;
  #lastReason = "no answer";

  constructor(options: RpcSocketOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Why the newest attempt to connect failed. */
  get lastReason(): string {
    return this.#lastReason;
  }

  /**
   * Asks and waits, through outages. With `repeat` false an outage rejects it with CHAIN_DISCONNECTED instead: for requests
   * that must not be sent twice, or that `onOpen` makes anew.
   */
  request(method: string, params: readonly unknown[], repeat = true): Promise<unknown> {
    return new Promise((settle, refuse) => {
      // A node that lives but does not answer must not stall a role for ever. What became of a write only the writer may judge.
      const timer = method === WRITE ? undefined : setTimeout(() => this.#timeOut(id, method), ANSWER_MS).unref();
      const resolve = (value: unknown) => {
        clearTimeout(timer);
        settle(value);
      };
      const reject = (error: Error) => {
        clearTimeout(timer);
        refuse(error);
      };
      if (this.#failure) return reject(this.#failure);
      const id = this.#nextId++;
      const text = JSON.stringify({ jsonrpc: "2.0", id, method, params });
      const isOpen = this.#socket?.readyState === WebSocket.OPEN;
      if (!isOpen && !repeat) return reject(disconnected(this.#options.endpoint));
      this.#requests.set(id, { text, repeat, resolve, reject });
      if (isOpen) this.#socket?.send(text);
    });
  }

  #timeOut(id: number, method: string): void {
    const request = this.#requests.get(id);
    // While there is no connection the wait is the outage's, which has its own warning.
    if (!request || this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#requests.delete(id);
    request.reject(
      new BlockZeroError(
        "CHAIN_TIMEOUT",
        `${this.#options.endpoint} did not answer ${method} within ${ANSWER_MS / 1000} s`,
        "check the node's load, or use another endpoint",
      ),
    );
  }

  /** Ends it for good; whatever waits or comes later is rejected with the error. */
  async fail(error: BlockZeroError): Promise<void> {
    this.#failure ??= error;
    clearTimeout(this.#retry);
    const waiting = [...this.#requests.values()];
    this.#requests.clear();
    for (const { reject } of waiting) reject(error);
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      socket.once("close", () => resolve());
      socket.terminate();
    });
  }

  #connect(): void {
    const { endpoint, log, onOpen } = this.#options;
    const socket = new WebSocket(endpoint, {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_PAYLOAD,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let heartbeat: NodeJS.Timeout | undefined;
    let answered = true;

    socket.on("open", () => {
      if (this.#outage) log.info("connected to the chain again", { endpoint });
      this.#outage = false;
      this.#hadContact = true;
      this.#delay = FIRST_DELAY_MS;
      heartbeat = setInterval(() => {
        if (!answered) socket.terminate();
        answered = false;
        socket.ping();
      }, HEARTBEAT_MS);
      const waiting = [...this.#requests.values()];
      onOpen();
      for (const { text } of waiting) socket.send(text);
    });
    socket.on("pong", () => {
      answered = true;
    });
    socket.on("message", (data) => this.#receive(String(data)));
    socket.on("error", (error) => {
      this.#lastReason = reasonOf(error);
    });
    socket.on("close", () => {
      clearInterval(heartbeat);
      if (this.#failure) return;
      if (!this.#outage && this.#hadContact)
        log.warn("no connection to the chain, trying again", { endpoint, reason: this.#lastReason });
      this.#outage = this.#hadContact;
      for (const [id, { repeat, reject }] of [...this.#requests]) {
        if (repeat) continue;
        this.#requests.delete(id);
        reject(disconnected(endpoint));
      }
      this.#retry = setTimeout(() => this.#connect(), this.#delay);
      this.#delay = Math.min(this.#delay * 2, LAST_DELAY_MS);
    });
  }

  #receive(text: string): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    const parsed = incomingSchema.safeParse(json);
    if (!parsed.success) {
      this.#options.log.warn("the chain sent what is not JSON-RPC; ignored", { endpoint: this.#options.endpoint });
      return;
    }
    const message = parsed.data;
    if ("method" in message) {
      this.#options.onNotification(message.method, message.params);
      return;
    }
    const request = typeof message.id === "number" ? this.#requests.get(message.id) : undefined;
    if (!request) return;
    this.#requests.delete(Number(message.id));
    if ("error" in message) {
      const { code, message: what, data } = message.error;
      request.reject(new RpcError(code, data?.reason, what));
    } else request.resolve(message.result);
  }
}

const disconnected = (endpoint: string): BlockZeroError =>
  new BlockZeroError("CHAIN_DISCONNECTED", `the connection to ${endpoint} broke`, "try again once it is back");
