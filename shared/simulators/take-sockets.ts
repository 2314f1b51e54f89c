import type { IncomingMessage, Server } from "node:http";
import type { WebSocket, WebSocketServer } from "ws";

const MAX_CONNECTIONS = 256;

/** Hands on the WebSockets that are opened to a simulator on loopback, but for those of other websites' pages and for more than it can hold. */
export const takeSockets = (http: Server, sockets: WebSocketServer, serve: (socket: WebSocket) => void): void => {
  http.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    const refusal = isForeignPage(request)
      ? "403 Forbidden"
      : sockets.clients.size >= MAX_CONNECTIONS
        ? "503 Busy"
        : null;
    if (refusal) socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\n\r\n`);
    else sockets.handleUpgrade(request, socket, head, serve);
  });
};

/** A page of another website may open sockets to loopback. Its browser sends the page's origin, which other clients do not. */
const isForeignPage = ({ headers: { origin } }: IncomingMessage): boolean => {
  if (origin === undefined) return false;
  const host = URL.canParse(origin) ? new URL(origin).hostname : "";
  return host !== "localhost" && host !== "127.0.0.1" && host !== "[::1]";
};
