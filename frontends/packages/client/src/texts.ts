/** Every sentence of the client that people may read, in one place, so that a site can replace them (`Object.assign(texts, ...)`). */
export const texts = {
  connecting: "Connecting",
  checking: "Checking for changes",
  noNetwork: "This device has no network",
  unreachable: "The server cannot be reached",
  silent: "The server does not answer",
  closedBecause: (reason: string): string => `The connection was closed: ${reason}`,
  closed: "The connection was closed",
  stopped: "The connection was closed by this page",
  signedOut: "You are signed out",
  badFrame: (what: string): string => `The server sent something that is not understood: ${what}`,
  noReason: "The server gave no reason",
  notKept: "There is no connection, and this view is not kept on this device. It loads by itself when the connection is back.",
  undecodable: "The rows of this view could not be read",
  notSent: "There is no connection. Nothing was sent; try again when it is back.",
  lostInFlight: "The connection was lost before the answer came. It may or may not have been done.",
  timedOut: (seconds: number): string => `There was no answer within ${seconds} s`,
  cancelled: "Cancelled",
  tooLarge: (bytes: number, most: number): string => `${kib(bytes)} is too much to send at once; at most ${kib(most)}`,
  congested: "The network is too slow for what is being sent. Wait a moment and try again.",
  streams: (method: string): string => `${method} answers with a stream, which a page cannot receive`,
  notHere: "A page answers no calls",
  outboxFull: (most: number): string => `${most} changes are waiting to be sent already. Wait until some of them have been.`,
  missing: (count: number): string =>
    count === 1
      ? "The change before this one never reached the server. Check what is there, and enter it again if need be."
      : `The ${count} changes before this one never reached the server. Check what is there, and enter them again if need be.`,
  outboxNotKept: "The change could not be kept on this device, so it was not accepted",
  noPerson: "Sign in once before you make changes",
  memoryOnly: "This browser keeps nothing on this device: changes that wait to be sent are lost when the page is closed",
  storageFailed: (why: string): string => `This device could not keep data for offline use: ${why}`,
  httpFailed: (status: number): string => `The server answered with status ${status}`,
};

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}
