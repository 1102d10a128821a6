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

/** One part of this plugin that said it runs: where, since when, and when it last said so. */
export interface SignOfLife {
  service: string;
  service_id: string;
  since: IsoDateTime;
  last_seen: IsoDateTime;
  note: string;
}

/** The interface of every tuple type. */
export interface Tuples {
  "peek_plugin_noop.SignOfLife": SignOfLife;
}

/** The schema hash of every tuple type. */
export interface Schemas {
  "peek_plugin_noop.SignOfLife": "3f14197c6d28f49e6724bacc";
}
