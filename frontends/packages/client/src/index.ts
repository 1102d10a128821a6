/** @peek/client: what a page of Peek uses to talk to its server. Framework free; see docs/client.md. */
export { PeekClient, type ActionAnswer, type PeekClientOptions } from "./client.ts";
export { Connection, type ConnectionState, type Principal, type ServerInfo } from "./connection.ts";
export { PeekError } from "./errors.ts";
export { texts } from "./texts.ts";
export type { CallOptions } from "./calls.ts";
export type { ActionResult } from "./drain.ts";
export type { Durability, DeviceStorage, StorageParts } from "./device_storage.ts";
export type { Json, JsonObject } from "./json.ts";
export type { ExportOptions, ImportedLine, ImportReport, ListOptions, Loader, Page, RowFault, SavedRows } from "./loader.ts";
export type { PendingAction } from "./outbox.ts";
export type { Session, SessionInfo } from "./session.ts";
export type { Socket, SocketEvents, SocketFactory, WakeReason, WakeSource } from "./socket.ts";
export type { Clock } from "./clock.ts";
export type { View } from "./view.ts";
export type { ActionRecord, ActivityPage, ActivityQuery, DatabaseState, Person, PluginStatus, Schemas, Service, ServiceTraffic, Setting, TaskRun, Tuples, UiMenuItem, UiPlugin } from "./tuples.ts";
