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

/** Add `offset` to the number of one row; a negative offset takes away. */
export interface AddIntValue {
  string_int_id: number;
  offset: number;
}

/** One row: a string and a whole number. */
export interface StringInt {
  id: number;
  string1: string;
  int1: number;
}

/** Write the string of one row in capitals, or back in small letters. */
export interface ToggleCapitals {
  string_int_id: number;
}

/** What the worker's task found in the whole table. */
export interface Total {
  rows: number;
  letters: number;
  sum: number;
}

/** The interface of every tuple type. */
export interface Tuples {
  "peek_plugin_tutorial.AddIntValue": AddIntValue;
  "peek_plugin_tutorial.StringInt": StringInt;
  "peek_plugin_tutorial.ToggleCapitals": ToggleCapitals;
  "peek_plugin_tutorial.Total": Total;
}

/** The schema hash of every tuple type. */
export interface Schemas {
  "peek_plugin_tutorial.AddIntValue": "07e009d72481dde5ade03c54";
  "peek_plugin_tutorial.StringInt": "5cb566ad55b305a122a03e4b";
  "peek_plugin_tutorial.ToggleCapitals": "507e7029510df465bb82973a";
  "peek_plugin_tutorial.Total": "1ff5739f038a580e543a9cd3";
}
