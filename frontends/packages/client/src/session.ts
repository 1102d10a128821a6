/** Who is signed in at this site, and how that changes. The session itself is a cookie that scripts cannot read. */
import type { Principal } from "./connection.ts";
import { errorFromWire, PeekError } from "./errors.ts";
import { asObject, type Json } from "./json.ts";
import { texts } from "./texts.ts";

export interface SessionInfo {
  principal: Principal;
  site: string;
  platform: string;
  version: string;
}

/** `expired`: the server does not know the session of this page any more, or there never was one. */
export type SessionChange = "signed-in" | "signed-out" | "expired";

export type Fetch = (path: string, request: RequestInit) => Promise<Response>;

const DEADLINE_MS = 15_000;

export class Session {
  /** @param changed is called before the method that learned of it returns. */
  constructor(
    private readonly fetch: Fetch,
    private readonly changed: (what: SessionChange) => void,
  ) {}

  /** Who is signed in; null when nobody is. Rejects with `Unavailable` when the server cannot be asked. */
  async current(): Promise<SessionInfo | null> {
    const answer = await this.ask("GET", "/api/session");
    if (answer.status === 401) {
      this.changed("expired");
      return null;
    }
    return (await readAnswer(answer)) as unknown as SessionInfo;
  }

  /** Signs in. Rejects with the server's sentence when it refuses. */
  async signIn(name: string, password: string): Promise<void> {
    await this.open({ name, password });
  }

  /** Signs in with a one-time code from a sign-in link. */
  async redeem(code: string): Promise<void> {
    await this.open({ code });
  }

  async signOut(): Promise<void> {
    const answer = await this.ask("DELETE", "/api/session");
    // Whoever is not signed in any more has what was wanted.
    if (answer.status !== 401) await readAnswer(answer);
    this.changed("signed-out");
  }

  /** @param current the present password; null for somebody who has none yet. */
  async changePassword(current: string | null, replacement: string): Promise<void> {
    const answer = await this.ask("POST", "/api/password", { current, new: replacement });
    if (answer.status === 401) this.changed("expired");
    await readAnswer(answer);
  }

  private async open(credentials: Json): Promise<void> {
    await readAnswer(await this.ask("POST", "/api/session", credentials));
    this.changed("signed-in");
  }

  private async ask(method: string, path: string, body?: Json): Promise<Response> {
    const request: RequestInit = { method, headers: { "X-Peek": "1" }, cache: "no-store", signal: AbortSignal.timeout(DEADLINE_MS) };
    if (body !== undefined) {
      request.body = JSON.stringify(body);
      request.headers = { "X-Peek": "1", "Content-Type": "application/json" };
    }
    try {
      return await this.fetch(path, request);
    } catch {
      throw new PeekError("Unavailable", texts.unreachable);
    }
  }
}

async function readAnswer(answer: Response): Promise<Json> {
  const text = await answer.text().catch(() => {
    throw new PeekError("Unavailable", texts.unreachable);
  });
  let data: Json = null;
  try {
    data = text === "" ? null : (JSON.parse(text) as Json);
  } catch {
    if (answer.ok) throw new PeekError("RemoteError", texts.badFrame("an answer that is not JSON"));
  }
  if (answer.ok) return data;
  const error = asObject(data)?.["error"];
  throw error === undefined ? new PeekError("RemoteError", texts.httpFailed(answer.status)) : errorFromWire(error);
}
