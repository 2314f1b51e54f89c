import { networkOf } from "#shared/blobs/network-of.js";

/** Server-sent events to many readers, each of which may be slow or gone. */
export interface Streams {
  /**
   * A new reader's stream, which begins with `first`. Null where there is no place.
   *
   * @param address where it comes from, for the limit of each network
   */
  open(address: string, first: string): ReadableStream<Uint8Array> | null;
  /** One message to everybody; a reader that has not taken the last ones is dropped. */
  send(event: string, data: string): void;
  readonly size: () => number;
  close(): void;
}

export interface StreamLimits {
  readonly most: number;
  /** From one IPv4 address, or one IPv6 network: a host has a whole /64. */
  readonly perAddress: number;
}

/** Messages that a reader may be behind. */
const BEHIND = 16;

export const createStreams = ({ most, perAddress }: StreamLimits): Streams => {
  const open = new Map<ReadableStreamDefaultController<Uint8Array>, string>();
  const encoder = new TextEncoder();
  const drop = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    if (open.delete(controller)) controller.close();
  };
  return {
    open: (address, first) => {
      const from = networkOf(address);
      const own = [...open.values()].filter((other) => other === from).length;
      if (open.size >= most || own >= perAddress) return null;
      let opened: ReadableStreamDefaultController<Uint8Array>;
      return new ReadableStream<Uint8Array>(
        {
          start: (controller) => {
            opened = controller;
            open.set(controller, from);
            controller.enqueue(encoder.encode(first));
          },
          cancel: () => void open.delete(opened),
        },
        { highWaterMark: BEHIND },
      );
    },
    send: (event, data) => {
      const bytes = encoder.encode(`event: ${event}\ndata: ${data}\n\n`);
      for (const controller of [...open.keys()]) {
        if ((controller.desiredSize ?? 0) <= 0) drop(controller);
        else controller.enqueue(bytes);
      }
    },
    size: () => open.size,
    close: () => {
      for (const controller of [...open.keys()]) drop(controller);
    },
  };
};
