import { WebSocket } from "ws";
import type { z } from "zod";
import { BlockZeroError, formatError, hasCode, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { type Clock, systemClock } from "../clock.js";
import { incomingSchema, rpcCodes } from "../devchain/wire.js";
import { type EndpointRotation, LAST_DELAY_MS, rotateEndpoints } from "./endpoint-rotation.js";

/** The other side answered with an error. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  constructor(
    readonly code: number,
    /** The rule's name, if there is one. */
    readonly reason: string | undefined,
    message: string,
    /** Details that a Substrate node gives beside its message. */
    readonly detail?: string,
  ) {
    super(message);
  }

  /** Whether the other side does not know what was asked, as no node of the expected kind would say. */
  get isUnknownMethod(): boolean {
    return this.code === rpcCodes.method;
  }
}

/** Sends a request over one connection. Throws CHAIN_DISCONNECTED when the connection ends. */
export type Ask = (method: string, params: readonly unknown[]) => Promise<unknown>;

export interface RpcSocketOptions {
  /** Tried in this order. */
  readonly endpoints: readonly string[];
  readonly log: Log;
  /**
   * Called on every (re)connection. Nothing else is sent before it resolves. If it throws, the next endpoint is tried, or the same one where
   * there is no other. WRONG_NETWORK and CHAIN_RESET exclude the endpoint for good, and end the socket where there is no other; before the
   * first contact so does what tells of a node of another kind.
   */
  readonly greet: (ask: Ask, rotation: EndpointRotation) => Promise<void>;
  /** The connection works, and the waiting requests have been sent over it. */
  readonly onReady: () => void;
  /** A connection that worked is lost. */
  readonly onLost?: () => void;
  readonly onNotification: (method: string, params: unknown) => void;
  /** Called when no more requests are possible. */
  readonly onEnd: (error: BlockZeroError) => void;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1), for the jitter of reconnection. */
  readonly random?: (() => number) | undefined;
}

interface Request {
  readonly text: string;
  readonly method: string;
  /** Whether it may be sent again over a new connection. */
  readonly repeat: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  sendings: number;
  /** Ends the wait for an answer to the last sending. */
  cancel: () => void;
}

const HEARTBEAT_MS = 15_000;
/** Longest wait for an answer over a live connection. */
const ANSWER_MS = 30_000;
const HANDSHAKE_MS = 5_000;
const MAX_PAYLOAD = 64 << 20;
/**
 * Values of a message, each of which takes some sixty bytes once it is parsed, and more where it is refused. The weights of 256 validators are
 * 200,000, the most keys that are read at once twice as many, and those of 64 validators in a devchain of 4,096 participants four times as many.
 */
const MAX_VALUES = 1 << 20;
/** Connections that may end before a request has its answer, which may be why they end. With one endpoint it takes some twenty seconds. */
const MAX_SENDINGS = 10;
/** What a greeting may fail by that says nothing of what the node is. */
const PASSING = ["CHAIN_TIMEOUT", "CHAIN_BEHIND", "CHAIN_UNREACHABLE"] as const;

/** JSON-RPC over one WebSocket at a time: requests are multiplexed by id. After a loss it connects to the next endpoint, with backoff. */
export class RpcSocket {
  readonly #options: RpcSocketOptions;
  readonly #clock: Clock;
  readonly #rotation: EndpointRotation;
  readonly #requests = new Map<number, Request>();
  #nextId = 1;
  #socket: WebSocket | undefined;
  /** The greeting is done, and requests are sent. */
  #isReady = false;
  #readySince = 0;
  #cancelRetry = () => {};
  #outage = false;
  /** Whether it was ever connected. Until then the caller that waits for the first contact reports its failure. */
  #hadContact = false;
  #failure: BlockZeroError | undefined;
  #lastReason = "no answer";

  constructor(options: RpcSocketOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#rotation = rotateEndpoints(options.endpoints, options.random ?? Math.random);
    this.#connect();
  }

  /** Why the newest attempt to connect failed. */
  get lastReason(): string {
    return this.#lastReason;
  }

  /** Whether requests are sent now. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get endpoint(): string {
    return this.#rotation.current;
  }

  /**
   * Sends a request and waits, through outages and changes of endpoint. With `repeat` false an outage rejects it with CHAIN_DISCONNECTED
   * instead: for requests that must not be sent twice, or that their caller makes again. An answer that cannot be used rejects it with
   * CHAIN_UNREACHABLE, and so does the end of each of ten connections over which it was sent.
   */
  request(method: string, params: readonly unknown[], repeat = true): Promise<unknown> {
    return new Promise((settle, refuse) => {
      if (this.#failure) return refuse(this.#failure);
      if (!this.#isReady && !repeat) return refuse(disconnected(this.endpoint));
      const id = this.#enter(method, params, repeat, settle, refuse);
      if (this.#isReady && this.#socket) this.#send(this.#socket, id);
    });
  }

  /** Leaves an endpoint that answers but is unusable, if there is another. */
  rotate(reason: string): void {
    if (this.#rotation.hasOthers) this.reconnect(reason);
  }

  /** Leaves an endpoint that answers but is unusable, for the next one, or for a new connection to the same one where there is no other. */
  reconnect(reason: string): void {
    if (!this.#isReady) return;
    this.#lastReason = reason;
    this.#socket?.terminate();
  }

  /** Ends it for good. Rejects all waiting and later requests with the error. */
  async fail(error: BlockZeroError): Promise<void> {
    this.#failure ??= error;
    this.#isReady = false;
    this.#cancelRetry();
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

  #enter(
    method: string,
    params: readonly unknown[],
    repeat: boolean,
    settle: (result: unknown) => void,
    refuse: (error: Error) => void,
  ): number {
    const id = this.#nextId++;
    const request: Request = {
      text: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
      method,
      repeat,
      resolve: (value) => {
        request.cancel();
        settle(value);
      },
      reject: (error) => {
        request.cancel();
        refuse(error);
      },
      sendings: 0,
      cancel: () => {},
    };
    this.#requests.set(id, request);
    return id;
  }

  /** Each sending has its own time limit: a node that is alive but does not answer must not stall a program forever. */
  #send(socket: WebSocket, id: number): void {
    const request = this.#requests.get(id)!;
    request.cancel();
    request.sendings++;
    request.cancel = this.#clock.after(ANSWER_MS, () => this.#timeOut(id, request));
    socket.send(request.text);
  }

  #timeOut(id: number, request: Request): void {
    // Without a connection this is an outage, which has its own warning. The request is sent again after it.
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#requests.delete(id);
    const what = `did not answer ${request.method} within ${ANSWER_MS / 1000} s`;
    request.reject(
      new BlockZeroError("CHAIN_TIMEOUT", `${this.endpoint} ${what}`, "check the node's load, or use another endpoint"),
    );
    this.rotate(what);
  }

  #connect(): void {
    const socket = new WebSocket(this.endpoint, {
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_PAYLOAD,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let heartbeat: NodeJS.Timeout | undefined;
    let answered = true;
    // The timeout of `ws` restarts with every byte.
    let isLate = false;
    const shaken = this.#clock.after(HANDSHAKE_MS, () => {
      isLate = true;
      socket.terminate();
    });

    socket.on("open", () => {
      shaken();
      heartbeat = setInterval(() => {
        if (!answered) socket.terminate();
        answered = false;
        socket.ping();
      }, HEARTBEAT_MS);
      void this.#greet(socket);
    });
    socket.on("pong", () => {
      answered = true;
    });
    socket.on("message", (data: Buffer) => this.#receive(socket, data));
    socket.on("error", (error) => {
      this.#lastReason = isLate ? `no handshake within ${HANDSHAKE_MS / 1000} s` : reasonOf(error);
    });
    socket.on("close", () => {
      shaken();
      clearInterval(heartbeat);
      if (!this.#failure) this.#connectAgain();
    });
  }

  #connectAgain(): void {
    if (this.#isReady) {
      this.#options.onLost?.();
      // One that is lost at once is come back to ever later, though it greets well.
      if (this.#clock.now() - this.#readySince >= LAST_DELAY_MS) this.#rotation.succeeded();
    }
    this.#isReady = false;
    if (!this.#outage && this.#hadContact)
      this.#options.log.warn("no connection to the chain, trying again", {
        endpoint: this.endpoint,
        reason: this.#lastReason,
      });
    this.#outage = this.#hadContact;
    for (const [id, { repeat, sendings, method, reject }] of [...this.#requests]) {
      if (repeat && sendings < MAX_SENDINGS) continue;
      this.#requests.delete(id);
      const what = `broke ${sendings} times before ${method} was answered: ${this.#lastReason}`;
      reject(repeat ? noAnswer(`the connection to ${this.endpoint} ${what}`) : disconnected(this.endpoint));
    }
    this.#cancelRetry = this.#clock.after(this.#rotation.next(), () => this.#connect());
  }

  async #greet(socket: WebSocket): Promise<void> {
    const { log, greet, onReady, onEnd } = this.#options;
    const ask: Ask = (method, params) =>
      new Promise((settle, refuse) => {
        if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return refuse(disconnected(this.endpoint));
        this.#send(socket, this.#enter(method, params, false, settle, refuse));
      });
    try {
      await greet(ask, this.#rotation);
    } catch (thrown) {
      if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
      const error = thrown instanceof BlockZeroError ? thrown : unusable(this.endpoint, thrown);
      const isOtherChain = hasCode(error, "WRONG_NETWORK", "CHAIN_RESET");
      // A node that served the chain before may answer anything for a moment, and serve it again.
      const isFinal = isOtherChain || (!this.#hadContact && !hasCode(error, ...PASSING));
      if (isFinal && !this.#rotation.hasOthers) return onEnd(error);
      log.warn(`an endpoint is not used: ${formatError(error)}`);
      if (isOtherChain) this.#rotation.exclude();
      this.#lastReason = error.message;
      socket.terminate();
      return;
    }
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
    if (this.#outage) log.info("connected to the chain again", { endpoint: this.endpoint });
    this.#outage = false;
    this.#hadContact = true;
    this.#isReady = true;
    this.#readySince = this.#clock.now();
    for (const id of [...this.#requests.keys()]) this.#send(socket, id);
    onReady();
  }

  /** A request that would be answered in the same way each time. Of one that must not be sent twice nobody knows what became of it. */
  #refuse(id: number | undefined, reason: string): void {
    const request = id === undefined ? undefined : this.#requests.get(id);
    if (!request?.repeat) return;
    this.#requests.delete(id!);
    request.reject(noAnswer(`${this.endpoint} does not answer ${request.method}: ${reason}`));
  }

  #receive(socket: WebSocket, data: Buffer): void {
    // What had arrived when the connection was left is handed on all the same.
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
    const message = parseMessage(data);
    if (typeof message === "string") {
      this.#lastReason = message;
      this.#refuse(idIn(data), message);
      socket.terminate();
      return;
    }
    if ("method" in message) {
      this.#options.onNotification(message.method, message.params);
      return;
    }
    const request = typeof message.id === "number" ? this.#requests.get(message.id) : undefined;
    if (!request) return;
    this.#requests.delete(Number(message.id));
    if ("error" in message) {
      const { code, message: what, data } = message.error;
      const isText = typeof data === "string";
      request.reject(new RpcError(code, isText ? undefined : data?.reason, what, isText ? data : undefined));
    } else request.resolve(message.result);
  }
}

/** A message, or why it is none that a node sends. */
const parseMessage = (data: Buffer): z.infer<typeof incomingSchema> | string => {
  if (hasMoreValues(data, MAX_VALUES)) return `it sent a message of more than ${MAX_VALUES} values`;
  try {
    return incomingSchema.parse(JSON.parse(data.toString()));
  } catch {
    return "it sent what is not JSON-RPC";
  }
};

/** The request that a message which cannot be used says it answers: its number stands near the beginning or the end. */
const idIn = (data: Buffer): number | undefined => {
  for (const part of [data.subarray(0, ID_WITHIN), data.subarray(-ID_WITHIN)]) {
    const found = /"id"\s*:\s*(\d{1,15})\s*[,}]/.exec(part.toString("latin1"));
    if (found) return Number(found[1]);
  }
  return undefined;
};
const ID_WITHIN = 128;

/** Whether a text of JSON may have more values: each but the first follows a comma, or what opens a list or an object. */
const hasMoreValues = (text: Uint8Array, most: number): boolean => {
  let values = 0;
  for (const byte of text)
    if ((byte === COMMA || byte === OPEN_LIST || byte === OPEN_OBJECT) && ++values > most) return true;
  return false;
};
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const OPEN_OBJECT = 0x7b;

const disconnected = (endpoint: string): BlockZeroError =>
  new BlockZeroError("CHAIN_DISCONNECTED", `the connection to ${endpoint} broke`, "try again once it is back");

const noAnswer = (what: string): BlockZeroError =>
  new BlockZeroError("CHAIN_UNREACHABLE", what, "check the node, or use another endpoint");

const unusable = (endpoint: string, thrown: unknown): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_UNREACHABLE",
    `no chain at ${endpoint}: ${reasonOf(thrown)}`,
    "wait until it answers, or correct the endpoint",
  );
