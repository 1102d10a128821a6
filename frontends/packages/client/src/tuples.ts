// Generated from the tuple classes in Python with `python -m peek_trio tuples typescript`. Do not edit.

/** A point in time: ISO 8601 with an offset, "2026-11-22T09:00:00Z". */
export type IsoDateTime = string;
/** A day: ISO 8601, "2026-11-22". */
export type IsoDate = string;
/** An integer that may be too large for a number, in decimal digits. */
export type BigIntText = string;
/** An exact decimal number, "12.50". */
export type DecimalText = string;
/** A UUID in its canonical form. */
export type Uuid = string;
/** Bytes, in base64. */
export type Base64 = string;

/**
 * One action and what became of it.
 *
 * `kind` and `who` asked for it on `device`; `id` is its own there, `seq` its number within `key`, and from `missing_from` on the numbers
 * before it never arrived. `content` is the beginning of what was sent, of `size` bytes. `made` is by the device's clock, `at` when it was
 * answered. `runs` is more than 1 for one that was done again when it was sent again, as `once=False` handlers do.
 */
export interface ActionRecord {
  kind: string;
  who: string;
  device: string;
  id: string;
  key: string;
  seq: number | null;
  missing_from: number | null;
  type: string;
  content: string;
  size: number;
  made: IsoDateTime | null;
  at: IsoDateTime;
  outcome: "applied" | "rejected";
  message: string;
  runs: number;
}

/** Some records, and how many match in all, as far as they were counted. */
export interface ActivityPage {
  total: number;
  records: ActionRecord[];
}

/**
 * Which records: an empty text and None leave it open. `who`, `device` and `type` are contained in the record's, whatever the case.
 *
 * `since` (included) and `until` (excluded) are about when it was answered. `id` asks for the action with this id alone.
 */
export interface ActivityQuery {
  who: string;
  device: string;
  type: string;
  outcome: "applied" | "rejected" | null;
  since: IsoDateTime | null;
  until: IsoDateTime | null;
  id: string;
  offset: number;
  limit: number;
}

/** How the server's database is, and since when: see `peek_trio.storage.Health`. There is one row. */
export interface DatabaseState {
  state: "ok" | "full" | "busy" | "unreachable";
  why: string;
  since: IsoDateTime;
  connections: number;
  running: number;
  waiting: number;
}

/** Somebody who may sign in. `roles` is sorted; `last_seen` is None until the first sign-in. */
export interface Person {
  name: string;
  title: string;
  roles: string[];
  has_password: boolean;
  last_seen: IsoDateTime | null;
}

/**
 * One plugin on one service.
 *
 * `state` is where it is in its life, `reason` a sentence that says why (empty when all is well), `since` when it came there and
 * `restarts` how often it was started again after a crash.
 */
export interface PluginStatus {
  service: string;
  service_id: string;
  plugin: string;
  title: string;
  version: string;
  state: "installed" | "loaded" | "started" | "stopped" | "unloaded" | "failed" | "restarting";
  reason: string;
  since: IsoDateTime;
  restarts: number;
}

/**
 * A service that the server knows: itself, and every other that has connected since it started.
 *
 * `kind` is server, client, agent or worker, `id` is its own for good, `name` the name of its machine. `since` is when
 * it came up or went away; `host` and `address` are where its link came from.
 */
export interface Service {
  kind: string;
  id: string;
  name: string;
  version: string;
  state: "up" | "away";
  since: IsoDateTime;
  host: string;
  address: string;
}

/**
 * What one service carries. What waits, is in flight, watched or kept is as of now; everything else counts from its start.
 *
 * `devices` and `services` are linked to it. `replaced` states never left, because newer ones took their place for a slow receiver.
 * `forwarded` requests were passed on to another service. `watched` states have `watchers`, and `stale` of them are; `kept_bytes` is
 * what they take. `evicted` ones were given up to make room.
 */
export interface ServiceTraffic {
  service_id: string;
  kind: string;
  devices: number;
  services: number;
  bytes_received: number;
  bytes_sent: number;
  messages_received: number;
  messages_sent: number;
  waiting_bytes: number;
  replaced: number;
  calls_in_flight: number;
  calls_served: number;
  calls_failed: number;
  calls_refused: number;
  forwarding: number;
  forwarded: number;
  actions_waiting: number;
  actions_applied: number;
  actions_rejected: number;
  actions_retry: number;
  messages_taken: number;
  messages_refused: number;
  watched: number;
  watchers: number;
  stale: number;
  kept_bytes: number;
  states_sent: number;
  deltas_sent: number;
  same_sent: number;
  evicted: number;
}

/** A session just begun, on its way to the client service that asked for it. `token` is secret. */
export interface SessionGrant {
  token: string;
  person: SignedIn;
  expires: IsoDateTime;
}

/** One declared setting and its value. `minimum` and `maximum` bound numbers; None means no bound. */
export interface Setting {
  plugin: string;
  key: string;
  title: string;
  help: string;
  kind: "int" | "float" | "bool" | "text";
  value: number | boolean | string;
  default: number | boolean | string;
  minimum: number | null;
  maximum: number | null;
}

/** Either a grant, or a refusal: a sentence for the person, and the seconds to wait before the next try if known. */
export interface SignInAnswer {
  grant: SessionGrant | null;
  refusal: string;
  after: number | null;
}

/** The person that a session proves. */
export interface SignedIn {
  name: string;
  title: string;
  roles: string[];
}

/** What a worker tells of a task: `worker`, its id, at the start; then `progress`; at the end the `result` as JSON text. */
export interface TaskNews {
  worker: string;
  progress: TaskProgress | null;
  result: string | null;
}

/** `fraction` of the work that is done, from 0 to 1, and a `note` for people. */
export interface TaskProgress {
  fraction: number;
  note: string;
}

/** One run of a task. `progress` is from 0 to 1, `worker` the id of the service that runs it, `error` a sentence when it failed. */
export interface TaskRun {
  id: string;
  plugin: string;
  name: string;
  state: "running" | "done" | "failed" | "cancelled";
  progress: number;
  note: string;
  asked_by: string;
  worker: string;
  started: IsoDateTime;
  ended: IsoDateTime | null;
  error: string;
}

/** One entry of a site's menu. `path` is relative to the plugin's pages, `icon` names an icon of the platform. */
export interface UiMenuItem {
  title: string;
  path: string;
  icon: string;
}

/** A plugin's pages on one site. `module` and `icon` are addresses on that site; `icon` is empty when there is none. */
export interface UiPlugin {
  site: string;
  plugin: string;
  title: string;
  version: string;
  module: string;
  icon: string;
  show_home_link: boolean;
  menu: UiMenuItem[];
  order: number;
}

/** The interface of every tuple type. */
export interface Tuples {
  "peek.ActionRecord": ActionRecord;
  "peek.ActivityPage": ActivityPage;
  "peek.ActivityQuery": ActivityQuery;
  "peek.DatabaseState": DatabaseState;
  "peek.Person": Person;
  "peek.PluginState": PluginStatus;
  "peek.Service": Service;
  "peek.ServiceTraffic": ServiceTraffic;
  "peek.SessionGrant": SessionGrant;
  "peek.Setting": Setting;
  "peek.SignInAnswer": SignInAnswer;
  "peek.SignedIn": SignedIn;
  "peek.TaskNews": TaskNews;
  "peek.TaskProgress": TaskProgress;
  "peek.TaskRun": TaskRun;
  "peek.UiMenuItem": UiMenuItem;
  "peek.UiPlugin": UiPlugin;
}

/** The schema hash of every tuple type. */
export interface Schemas {
  "peek.ActionRecord": "98bc519fc7e494d81411df9e";
  "peek.ActivityPage": "7c92a87bf57fc98186223ab9";
  "peek.ActivityQuery": "b29e043ee96168665d8bdbb2";
  "peek.DatabaseState": "1531efd8cc3c4b9b5f6c5f24";
  "peek.Person": "77fa24920a30b4bc98ac2b2c";
  "peek.PluginState": "10fcbfe477ba667ffd82d496";
  "peek.Service": "b6d1038087ab5301356f69ea";
  "peek.ServiceTraffic": "57d3c3af178d0033d0012945";
  "peek.SessionGrant": "be8cdf771d2be36f9ea8c826";
  "peek.Setting": "50edd744bebc7d9bd0a081ff";
  "peek.SignInAnswer": "621c5a120eb3bb2c38cd539b";
  "peek.SignedIn": "9bde481bd8e2428691e68314";
  "peek.TaskNews": "e62457207a36601935f40b0b";
  "peek.TaskProgress": "c97adcbb51e505720e1aea24";
  "peek.TaskRun": "e7be60664e9580f7737c6ce0";
  "peek.UiMenuItem": "87e94c2ed5e856dcddfaec08";
  "peek.UiPlugin": "9923075e1e23ca47632750a2";
}
