/** The two things the client asks of the browser around a link: a binary socket, and a word when the network may be back. */

export interface Socket {
  send(message: Uint8Array): void;
  close(code: number, reason: string): void;
  /** Bytes given to `send` that have not left yet. */
  readonly waiting: number;
}

export interface SocketEvents {
  opened(): void;
  message(data: ArrayBuffer | string): void;
  /** The last event of a socket. */
  closed(code: number, reason: string): void;
}

/** Starts to connect; what happens then comes through `events`, never before this returns. */
export type SocketFactory = (url: string, events: SocketEvents) => Socket;

/** The browser's own websocket. */
export const webSocket: SocketFactory = (url, events) => {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => events.message(data);
  socket.onclose = ({ code, reason }) => events.closed(code, reason);
  return {
    send: (message) => socket.send(message as Uint8Array<ArrayBuffer>),
    // Scripts may close with 1000 or 3000 to 4999 only, so a protocol code 1002 goes out as 4002.
    close: (code, reason) => socket.close(code === 1000 ? code : code + 3000, reason.slice(0, 40)),
    get waiting() {
      return socket.bufferedAmount;
    },
  };
};

export type WakeReason = "online" | "offline" | "visible" | "hidden";

/** Calls back when the network or the page comes or goes, until the returned function is called. */
export type WakeSource = (woken: (why: WakeReason) => void) => () => void;

/** The browser's events. A phone that is unlocked shows the page before its network returns, so both matter. */
export const browserWakes: WakeSource = (woken) => {
  const ended = new AbortController();
  const { signal } = ended;
  addEventListener("online", () => woken("online"), { signal });
  addEventListener("offline", () => woken("offline"), { signal });
  addEventListener("pageshow", () => woken("visible"), { signal });
  addEventListener("pagehide", () => woken("hidden"), { signal });
  document.addEventListener("visibilitychange", () => woken(document.visibilityState), { signal });
  return () => ended.abort();
};
